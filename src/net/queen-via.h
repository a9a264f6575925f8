/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * queen_via_get_own:
 *
 * What the queen puts into what she hands on, as everybody should who does so (RFC 9110 § 7.6.3):
 * whoever gets it knows that the one who asks is not where it comes from. The name in it is made
 * anew for each process. To be used in any thread.
 *
 * Returns: a value for the header `Via`
 */
const char *queen_via_get_own (void);

/**
 * queen_via_is_own:
 * @via: (nullable): the header `Via` of a request, all its lines joined
 *
 * Returns: whether the queen herself has handed that request on: whom she takes for a worker or
 *   hive is she herself
 */
gboolean queen_via_is_own (const char *via);

G_END_DECLS
