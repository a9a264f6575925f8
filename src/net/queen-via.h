/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/** Queens that may hand a request on, one to the other. */
#define QUEEN_VIA_MAX_QUEENS 8

/* What a queen puts into what she hands on, as everybody should who does so (RFC 9110 § 7.6.3):
 * whoever gets it knows that the one who asks is not where it comes from. The name in it is made
 * anew for each process. A queen may have another one as a worker, and that one a third; each puts
 * her own name behind those that were there, and refuses what has hers in it, so that nothing goes
 * round for ever. These functions are to be used in any thread. */

/**
 * queen_via_check:
 * @via: (nullable): the header `Via` of a request, all its lines joined
 * @error: %QUEEN_ERROR_BAD_GATEWAY
 *
 * Returns: %FALSE when the queen herself has handed that request on, so that whom somebody takes
 *   for a worker or hive is she, or when %QUEEN_VIA_MAX_QUEENS have
 */
gboolean queen_via_check (const char *via, GError **error);

/**
 * queen_via_dup_queens:
 * @via: (nullable): the header `Via` of a request, all its lines joined
 *
 * What of it goes on: the queens. By whom else it came is nothing to a worker.
 *
 * Returns: (transfer full) (nullable): for queen_via_dup_with_own(); %NULL without any
 */
char *queen_via_dup_queens (const char *via);

/**
 * queen_via_dup_with_own:
 * @queens: (nullable): from queen_via_dup_queens()
 *
 * Returns: (transfer full): a value for the header `Via`: those queens, and this one
 */
char *queen_via_dup_with_own (const char *queens);

G_END_DECLS
