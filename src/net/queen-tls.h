/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <gio/gio.h>

#include "loop/queen-clock.h"
#include "queen-certificate.h"
#include "queen-tls-session.h"

G_BEGIN_DECLS

#define QUEEN_TYPE_TLS (queen_tls_get_type ())
G_DECLARE_FINAL_TYPE (QueenTls, queen_tls, QUEEN, TLS, GObject)

/**
 * queen_tls_new:
 * @certificate_file: PEM: the certificate, and after it those that vouch for it
 * @key_file: PEM: its private key
 * @clock: whose day it is, when the certificate's dates are looked at
 * @error: what is wrong with the files
 *
 * What encrypts connections. It warns in the log when the certificate has ended, has not begun, or
 * ends within a week: now, at each reload, and once a day as long as that is so.
 */
QueenTls *queen_tls_new (const char *certificate_file,
                         const char *key_file,
                         const QueenClock *clock,
                         GError **error);

/**
 * queen_tls_read:
 * @error: what is wrong with the files
 *
 * Reads the files again, in any thread, and changes nothing.
 *
 * Returns: (transfer full): what is to be given to queen_tls_take()
 */
QueenCertificate *queen_tls_read (QueenTls *self, GError **error);

/**
 * queen_tls_take:
 * @certificate: (transfer full)
 *
 * It holds for connections that come from now on, and tickets from before are good for nothing.
 *
 * Returns: whether it is another one than before
 */
gboolean queen_tls_take (QueenTls *self, QueenCertificate *certificate);

/**
 * queen_tls_check_dates:
 *
 * Warns of the certificate's dates if there is reason to, and nobody was warned for a day. It is
 * done every hour.
 */
void queen_tls_check_dates (QueenTls *self);

/**
 * QueenTlsHello:
 * @QUEEN_TLS_HELLO_PART: it may become one
 * @QUEEN_TLS_HELLO_WHOLE: a handshake can begin
 * @QUEEN_TLS_HELLO_PLAIN: what is said may be HTTP, but is not encrypted
 * @QUEEN_TLS_HELLO_NONE: it is neither, or the end
 *
 * How a client has begun.
 */
typedef enum
{
  QUEEN_TLS_HELLO_PART,
  QUEEN_TLS_HELLO_WHOLE,
  QUEEN_TLS_HELLO_PLAIN,
  QUEEN_TLS_HELLO_NONE,
} QueenTlsHello;

/**
 * queen_tls_peek_hello:
 *
 * Looks at what has come on @fd, and leaves it there: a session takes memory, and a client that has
 * not said all of its hello shall have none.
 */
QueenTlsHello queen_tls_peek_hello (int fd);

/**
 * queen_tls_accept:
 * @fd: (transfer full): a connected, non-blocking socket
 *
 * Returns: (transfer full) (nullable): a session before its handshake; %NULL when the system has no
 *   memory for it, and @fd is then closed
 */
QueenTlsSession *queen_tls_accept (QueenTls *self, int fd);

G_END_DECLS
