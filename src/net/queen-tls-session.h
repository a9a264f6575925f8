/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <gio/gio.h>
#include <sys/uio.h>

#include "queen-certificate.h"
#include "queen-tls-seal.h"

G_BEGIN_DECLS

/** How long a client may come back by a ticket, which saves the certificate's signature: s. */
#define QUEEN_TLS_TICKET_LIFETIME (2 * 60 * 60)

/** Bytes that a session takes at the most while it is read: 11 KB, and what GnuTLS needs for
 * records that are not whole. */
#define QUEEN_TLS_SESSION_SIZE (48 * 1024)

/**
 * QueenTlsSession:
 *
 * One encrypted connection. It never blocks, has no thread, and does nothing but when it is called;
 * so whoever has it is the only one who does anything with its socket. It tells as system calls do:
 * by -1 and `errno`, where `EAGAIN` is "not before the kernel says that the socket is ready", and
 * `EINTR` is "call again".
 */
typedef struct _QueenTlsSession QueenTlsSession;

/**
 * queen_tls_session_new:
 * @fd: (transfer full): a connected, non-blocking socket
 * @certificate: what it is served with
 * @ticket_key: what encrypts tickets for coming back; copied
 *
 * Returns: (transfer full) (nullable): a session before its handshake; %NULL when the system has no
 *   memory for it, and @fd is then closed
 */
QueenTlsSession *
queen_tls_session_new (int fd, QueenCertificate *certificate, const gnutls_datum_t *ticket_key);

/**
 * queen_tls_session_shake_hands:
 *
 * Goes on with the handshake as far as what has come allows. A step of it may take a millisecond,
 * when the certificate's key is RSA. A client that cuts it into scores of records is refused.
 *
 * Returns: 0 when it is over and the session can be read and written; -1, with `errno`
 */
int queen_tls_session_shake_hands (QueenTlsSession *self);

/** Returns: whether the handshake goes on when the kernel takes something, not when it has
 * something */
gboolean queen_tls_session_wants_to_send (const QueenTlsSession *self);

/**
 * queen_tls_session_read:
 * @buffer: room for %QUEEN_TLS_MAX_RECORD bytes at the least
 *
 * Reads what one record has. A client that wants another handshake is refused, as only TLS 1.2
 * knows that, and nobody needs it; so is one that writes a request in thousands of records with
 * next to nothing in each, or in more than a few with nothing at all.
 *
 * Returns: bytes; 0 at the end; -1, with `errno`
 */
gssize queen_tls_session_read (QueenTlsSession *self, void *buffer, gsize size);

/**
 * queen_tls_session_renew:
 *
 * The client may begin anew with the records that it may write a request in.
 */
void queen_tls_session_renew (QueenTlsSession *self);

/**
 * queen_tls_session_write:
 *
 * What is in records counts as written, also when the kernel takes only a part of them; the session
 * sends the rest before anything else. Of much, it takes only what needs a millisecond or so.
 *
 * A client may want records of 512 bytes (RFC 8449; RFC 6066 § 4), and has them: a small device may
 * have no room for more, and would be cut off by the first list. They cost half as much again as
 * whole ones, or twice as much as long as the session is read, since many go to the kernel in one
 * system call; by itself each would cost four times as much.
 *
 * Returns: bytes; -1, with `errno`
 */
gssize
queen_tls_session_write (QueenTlsSession *self, const struct iovec *vectors, guint n_vectors);

/** Returns: whether a record was begun that the kernel has not taken: until it does, nothing else
 * is */
gboolean queen_tls_session_has_unsent (const QueenTlsSession *self);

/**
 * queen_tls_session_flush:
 *
 * Returns: 0 when no record is left that was begun; -1, with `errno`
 */
int queen_tls_session_flush (QueenTlsSession *self);

/**
 * queen_tls_session_finish:
 *
 * Flushes, and tells the client that nothing comes any more (RFC 8446 § 6.1).
 *
 * Returns: 0 when it is told; -1, with `errno`
 */
int queen_tls_session_finish (QueenTlsSession *self);

/**
 * queen_tls_session_end_reading:
 *
 * Lets go of all that only reading needs, which is nearly all that a session has: 10 KB. From then
 * on it must not be read; what comes can only be thrown away, undecrypted, and with it a client's
 * wish for new keys (RFC 8446 § 4.6.3), which no client has that only listens. When its own key has
 * been used as often as it may be, writing fails, and the client is told of the end.
 */
void queen_tls_session_end_reading (QueenTlsSession *self);

/**
 * queen_tls_session_is_read:
 *
 * Returns: whether it still has all of that; also when reading could not be ended, as the kernel
 *   had not taken all that was written
 */
gboolean queen_tls_session_is_read (const QueenTlsSession *self);

/** Closes the connection, too; if that needs no waiting, not without a word to the client. */
void queen_tls_session_free (QueenTlsSession *self);

G_END_DECLS
