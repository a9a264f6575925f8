/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "queen-attempt.h"
#include "queen-caller.h"

G_BEGIN_DECLS

/**
 * QueenTry:
 *
 * What an attempt is in the thread that calls: one or two calls, and the dialect that makes events
 * of what they bring.
 */
typedef struct _QueenTry QueenTry;

/**
 * queen_try_start:
 * @funcs: as an attempt's, but called in this thread. on_end may be called before this returns
 *
 * Returns: (transfer none) (nullable): for the functions below, until on_end is called; %NULL when
 *   it has been
 */
QueenTry *queen_try_start (QueenCaller *caller,
                           const QueenComponent *target,
                           const QueenAttemptRequest *request,
                           const QueenAttemptFuncs *funcs,
                           gpointer data);

/** @is_paused: whether nothing more is to be read; any of the functions but on_end may call this */
void queen_try_set_paused (QueenTry *self, gboolean is_paused);

void queen_try_cancel (QueenTry *self);

G_END_DECLS
