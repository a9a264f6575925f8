/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/**
 * queen_certificate_load:
 * @certificate_file: PEM: the certificate, and after it those that vouch for it
 * @key_file: PEM: its private key, which no password protects
 * @error: which file is wrong and why, or that the two do not belong together
 *
 * Loads a certificate, and sees in a handshake with itself that it can be served. That takes some
 * milliseconds and two of GLib's threads.
 *
 * Returns: (transfer full): a certificate with its key, or %NULL
 */
GTlsCertificate *
queen_certificate_load (const char *certificate_file, const char *key_file, GError **error);

/**
 * queen_certificate_serve:
 * @stream: a connection
 *
 * Returns: (transfer full): the server's end of TLS on @stream, before its handshake; %NULL when
 *   there is no memory for it
 */
GIOStream *
queen_certificate_serve (GTlsCertificate *certificate, GIOStream *stream, GError **error);

G_END_DECLS
