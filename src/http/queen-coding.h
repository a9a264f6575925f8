/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * queen_coding_takes_gzip:
 * @accept: (nullable): an Accept-Encoding, see queen_headers_get()
 *
 * RFC 9110 § 12.5.3. What is no quality is read as 0, and of two for the same coding the last
 * counts.
 *
 * Returns: whether its sender takes gzip, and likes it no less than nothing of the kind
 */
gboolean queen_coding_takes_gzip (const char *accept);

G_END_DECLS
