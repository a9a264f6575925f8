/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "loop/queen-clock.h"
#include "text/queen-gzip.h"

G_BEGIN_DECLS

/**
 * QueenList:
 * @json: the list; see queen_listing_free_to_bytes()
 * @packed: (nullable): the same as gzip, once queen_list_pack() has made it
 * @version: (nullable): of the list of everybody, what tells it from every other of its registry,
 * in letters, digits and dashes; %NULL of any other list
 *
 * A list that is whole. What is there does not change.
 */
typedef struct
{
  GBytes *json;
  GBytes *packed;
  char *version;
  GString *packing;   /* (private): what is compressed so far */
  gsize n_done;       /* (private): bytes of the JSON that are */
  QueenDigest digest; /* (private): of these */
} QueenList;

/**
 * queen_list_new:
 * @json: (transfer full): the list
 */
QueenList *queen_list_new (GBytes *json);

QueenList *queen_list_ref (QueenList *self);
void queen_list_unref (QueenList *self);

/** Returns: whether there is nothing to be done before it can be given to one who @wants_gzip, or
 * does not; a short one is given as it is */
gboolean queen_list_is_ready (const QueenList *self, gboolean wants_gzip);

/**
 * queen_list_pack:
 * @until: µs, monotonic: when to stop; something is done in any case
 *
 * Goes on with compressing it. The last call makes it ready.
 */
void queen_list_pack (QueenList *self, const QueenClock *clock, gint64 until);

/** Returns: how many bytes it takes, in all forms */
gsize queen_list_get_n_bytes (const QueenList *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (QueenList, queen_list_unref)

G_END_DECLS
