/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "loop/queen-clock.h"
#include "queen-registry.h"

G_BEGIN_DECLS

/**
 * QueenListStamp:
 * @time: µs, monotonic: when it was taken
 *
 * Which state of a registry a list of everybody shows.
 */
typedef struct
{
  guint64 revision;
  guint64 n_heartbeats;
  gint64 time;
} QueenListStamp;

/** Returns: that of a list that is begun now */
QueenListStamp queen_list_stamp_take (QueenRegistry *registry, const QueenClock *clock);

/** Returns: whether a list of that stamp can be given to somebody who asks now */
gboolean queen_list_stamp_is_good (const QueenListStamp *self,
                                   QueenRegistry *registry,
                                   const QueenClock *clock);

/**
 * queen_list_stamp_dup_version:
 * @epoch: of the queen's; the numbers in a stamp begin anew with each
 *
 * Returns: (transfer full): what tells the list from every other of its registry
 */
char *queen_list_stamp_dup_version (const QueenListStamp *self, guint64 epoch);

G_END_DECLS
