/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "loop/queen-clock.h"
#include "model/queen-component.h"

G_BEGIN_DECLS

/**
 * QueenCallCheck:
 *
 * Says of workers and hives, when they are heard, whether they would be called: by the same rules
 * as when they are, but for names, which are not looked up for that.
 */
typedef struct _QueenCallCheck QueenCallCheck;

/**
 * queen_call_check_new:
 * @networks: (nullable) (array zero-terminated=1): as queen_reach_new() takes them, valid
 * @clock: the queen's own addresses are looked up anew after a while
 */
QueenCallCheck *queen_call_check_new (const char *const *networks, const QueenClock *clock);

void queen_call_check_free (QueenCallCheck *self);

/**
 * queen_call_check_explain:
 * @check: a #QueenCallCheck
 *
 * Returns: (transfer full) (nullable): why it is not called; %NULL when it is, or nobody knows yet
 */
char *queen_call_check_explain (const QueenComponent *component, gpointer check);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (QueenCallCheck, queen_call_check_free)

G_END_DECLS
