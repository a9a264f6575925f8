/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <gio/gio.h>
#include <sys/uio.h>

G_BEGIN_DECLS

#define QUEEN_TYPE_TLS (queen_tls_get_type ())
G_DECLARE_FINAL_TYPE (QueenTls, queen_tls, QUEEN, TLS, GObject)

/**
 * queen_tls_new:
 * @certificate_file: PEM: the certificate, and after it those that vouch for it
 * @key_file: PEM: its private key
 * @error: what is wrong with them
 *
 * What encrypts connections: a certificate, and the handshakes that go on.
 */
QueenTls *queen_tls_new (const char *certificate_file, const char *key_file, GError **error);

/**
 * queen_tls_reload:
 * @error: what is wrong with the files; the certificate is then what it was
 *
 * Reads the files again. What they say holds for connections that come from now on.
 */
gboolean queen_tls_reload (QueenTls *self, GError **error);

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
 * Looks at what has come on @fd, and leaves it there. GIO gives every handshake a thread, which
 * then waits for the client; a client that has not said all of its hello shall have none.
 */
QueenTlsHello queen_tls_peek_hello (int fd);

#define QUEEN_TLS_MAX_RECORD 16384 /* bytes: RFC 8446 § 5.1 */

/**
 * QueenTlsSession:
 *
 * One encrypted connection. It never blocks.
 */
typedef struct _QueenTlsSession QueenTlsSession;

/**
 * QueenHandshakeFunc:
 * @is_done: whether the session can be read and written now; otherwise it is only good to be freed
 */
typedef void (*QueenHandshakeFunc) (gboolean is_done, gpointer data);

/**
 * queen_tls_accept:
 * @fd: (transfer full): a connected, non-blocking socket on which a hello is waiting
 * @on_handshake: called once, later; not at all when the session is freed before that
 *
 * Begins a handshake, or lets it wait while there are enough of them. Nobody but the session may
 * touch @fd before @on_handshake was called.
 *
 * Returns: (transfer full) (nullable): the session, or %NULL when the system has no room for it
 */
QueenTlsSession *
queen_tls_accept (QueenTls *self, int fd, QueenHandshakeFunc on_handshake, gpointer data);

/**
 * queen_tls_session_read:
 *
 * @buffer: room for %QUEEN_TLS_MAX_RECORD bytes at the least
 *
 * Reads one record, as soon as it is whole.
 *
 * Returns: bytes; 0 at the end; -1, with `errno`
 */
gssize queen_tls_session_read (QueenTlsSession *self, void *buffer, gsize size);

/**
 * queen_tls_session_write:
 *
 * A record that the kernel takes only in part counts as written; the session sends the rest of it
 * before anything else.
 *
 * Returns: bytes; -1, with `errno`
 */
gssize
queen_tls_session_write (QueenTlsSession *self, const struct iovec *vectors, guint n_vectors);

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

/** Closes the connection, too; if that needs no waiting, not without a word to the client. */
void queen_tls_session_free (QueenTlsSession *self);

G_END_DECLS
