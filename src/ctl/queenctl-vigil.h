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
 * time, or when something was missed. The main loop does not turn meanwhile
 *
 * What to wait for.
 */
typedef struct
{
  gboolean (*concerns) (const QueenctlEvent *event, gpointer data);
  gboolean (*look) (GHashTable *ids, gpointer data, GError **error);
} QueenctlVigilFuncs;

typedef enum
{
  QUEENCTL_VIGIL_FAILED,
  QUEENCTL_VIGIL_LATE,
  QUEENCTL_VIGIL_SEEN,
} QueenctlVigilEnd;

/**
 * queenctl_vigil_keep:
 * @funcs: static
 * @error: as @look says at first; after that the queen may go, and is waited for
 *
 * Waits until something is so, or the time of queenctl_deadline_begin() is over: listens first and
 * asks then, so that nothing happens between; and asks anew only after something has happened.
 */
QueenctlVigilEnd queenctl_vigil_keep (QueenctlQueen *queen,
                                      const QueenctlVigilFuncs *funcs,
                                      gpointer data,
                                      GError **error);

G_END_DECLS
