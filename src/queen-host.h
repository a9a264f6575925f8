/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * queen_host_is_loopback:
 * @host: a name or a numeric address, as it stands in a URL, without brackets
 *
 * Nothing is asked for: a name that resolves to this machine is found out when it is called.
 *
 * Returns: whether @host is this machine itself: a loopback address, or `localhost`
 */
gboolean queen_host_is_loopback (const char *host);

/**
 * queen_host_needs_lookup:
 * @host: likewise
 *
 * Returns: whether somebody else has to be asked which addresses it has, which may take long: it is
 *   a name, and none that ends in `localhost` (RFC 6761 § 6.3)
 */
gboolean queen_host_needs_lookup (const char *host);

G_END_DECLS
