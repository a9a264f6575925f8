/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <glib.h>
#include <gnutls/gnutls.h>

G_BEGIN_DECLS

/**
 * QueenCertificate:
 *
 * A certificate with its key, as it is served. It never changes, and lives as long as anybody has a
 * reference.
 */
typedef struct _QueenCertificate QueenCertificate;

/**
 * queen_certificate_load:
 * @certificate_file: PEM: the certificate, and after it those that vouch for it
 * @key_file: PEM: its private key, which no password protects
 * @error: names both files and says what is wrong: with one of them, or that they do not belong
 *   together
 *
 * Loads a certificate, and sees in a handshake with itself that it can be served. That happens in
 * memory and takes some milliseconds; nothing is waited for.
 *
 * Returns: (transfer full): a certificate with its key, or %NULL
 */
QueenCertificate *
queen_certificate_load (const char *certificate_file, const char *key_file, GError **error);

/**
 * queen_certificate_serve:
 *
 * Returns: (transfer full): the server's end of a connection, before its handshake and without a
 *   socket, which must not outlive the certificate; %NULL when there is no memory for it
 */
gnutls_session_t queen_certificate_serve (const QueenCertificate *self);

/**
 * queen_certificate_dup_warning:
 * @now: s since 1970
 *
 * Returns: (transfer full) (nullable): what is to be said of the days on which the certificate is
 *   good, as it follows "the certificate": that it has ended, has not begun, or ends within a week
 */
char *queen_certificate_dup_warning (const QueenCertificate *self, gint64 now);

/** Returns: whether both are the same to clients, those that vouch for it included */
gboolean queen_certificate_equal (const QueenCertificate *a, const QueenCertificate *b);

QueenCertificate *queen_certificate_ref (QueenCertificate *self);
void queen_certificate_unref (QueenCertificate *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (QueenCertificate, queen_certificate_unref)

G_END_DECLS
