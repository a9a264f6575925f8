/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/** Bytes that such a file may have: nobody trusts more than that. */
#define QUEEN_TRUST_MAX (16 * 1024 * 1024)

/* Whose certificates are trusted, read once. Of a database of its own glib-networking makes GnuTLS
 * read all certificates anew for each connection: milliseconds in the thread that connects. It does
 * not for one that it does not know, and asks that one when there is a certificate to be looked at,
 * in the thread of the handshake. What a server has attached of its certificate's revocation (OCSP)
 * is not looked at then; one that was revoked would not attach it. */

/**
 * queen_trust_new:
 * @file: certificates in PEM
 * @error: what reading it says; the message does not begin with @file
 *
 * Returns: (transfer full): whoever has one of them, or one that was signed by one of them; %NULL.
 *   May be used in several threads
 */
GTlsDatabase *queen_trust_new (const char *file, GError **error);

/**
 * queen_trust_new_from_pem:
 * @pem: what stands in such a file, if it has been read already
 *
 * As queen_trust_new(), and does not wait for a disk: GIO takes the name of a file alone, so it is
 * given one that is in memory.
 */
GTlsDatabase *queen_trust_new_from_pem (const char *pem, gsize length, GError **error);

/**
 * queen_trust_share_system:
 *
 * Makes one of whom the system trusts, for all connections of this process that are given none; the
 * first call reads it, and others do nothing. To be called before each connection through TLS, also
 * before one that is given another: it has the system's at first. In any thread.
 */
void queen_trust_share_system (void);

G_END_DECLS
