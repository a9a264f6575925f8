/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "queenctl-component.h"

G_BEGIN_DECLS

/* How much there is to do at a worker, as far as it says so. */

/**
 * queenctl_load_describe:
 *
 * Returns: (transfer full): such as `3/4 +2` for three requests that run in four slots and two that
 *   wait; empty when none of it is said
 */
char *queenctl_load_describe (const QueenctlComponent *worker);

/**
 * queenctl_load_compare:
 *
 * A #GCompareFunc for arrays of components: workers before hives; among workers the one with most
 * to do for each of its slots first, and who is offline or has not said it last; else by id.
 */
int queenctl_load_compare (gconstpointer a, gconstpointer b);

G_END_DECLS
