/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "queenctl-queen.h"

G_BEGIN_DECLS

/**
 * QueenctlVigilFuncs:
 * @concerns: whether @event may be what is waited for
 * @look: asks how things stand, and says whether that is what is waited for. @ids: (nullable)
 *   (element-type utf8): those of whom something was heard; %NULL to ask for all, as the first
 * time, or when something was missed. @deadline: µs, monotonic: until when it may take. The main
 * loop does not turn meanwhile
 *
 * What to wait for.
 */
typedef struct
{
  gboolean (*concerns) (const QueenctlEvent *event, gpointer data);
  gboolean (*look) (GHashTable *ids, gint64 deadline, gpointer data, GError **error);
} QueenctlVigilFuncs;

typedef enum
{
  QUEENCTL_VIGIL_FAILED,
  QUEENCTL_VIGIL_LATE,
  QUEENCTL_VIGIL_SEEN,
} QueenctlVigilEnd;

/**
 * queenctl_vigil_keep:
 * @patience: µs
 * @funcs: static
 * @error: as @look says at first; after that the queen may go, and is waited for
 *
 * Waits until something is so: listens first and asks then, so that nothing happens between; and
 * asks anew only after something has happened.
 */
QueenctlVigilEnd queenctl_vigil_keep (QueenctlQueen *queen,
                                      gint64 patience,
                                      const QueenctlVigilFuncs *funcs,
                                      gpointer data,
                                      GError **error);

G_END_DECLS
