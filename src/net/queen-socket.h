/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <sys/uio.h>

#include "queen-tls-session.h"

G_BEGIN_DECLS

/* Bytes that the kernel is told to take of what the other end of a connection through a network has
 * not acknowledged; it takes twice as many, and that is how much memory it needs. */
#define QUEEN_SOCKET_USUAL_WINDOW 32768

/**
 * QueenSocket:
 * @fd: connected, non-blocking; -1 when it has gone elsewhere
 * @is_unix: it is a Unix socket: nothing can be lost on its way, and the other end cannot vanish
 *   without a word
 * @is_far: it comes through a network: see queen_socket_meet()
 * @tls: (nullable): what encrypts it
 *
 * A client's connection, plain or through TLS. It never blocks, and tells as system calls do: by -1
 * and `errno`, with `EAGAIN` for "not now".
 */
typedef struct
{
  int fd;
  gboolean is_unix;
  gboolean is_far;
  QueenTlsSession *tls;
} QueenSocket;

/**
 * queen_socket_meet:
 * @self: a connection that was just accepted
 *
 * What was sent through a network the kernel keeps until it is acknowledged: megabytes of each
 * connection, for a client that has acknowledged much and then does so no more. So that it cannot
 * have her killed for her memory, as the service manager counts what the kernel has for her, there
 * is a limit. Through a machine's own interface all is acknowledged, and in pieces that are larger
 * than this limit: there it would only cost time.
 */
void queen_socket_meet (QueenSocket *self);

/**
 * queen_socket_read:
 * @buffer: room for %QUEEN_TLS_MAX_RECORD bytes at the least
 *
 * Returns: bytes; 0 at the end; -1, with `EPROTO` when descriptors have come with them through a
 *   Unix socket. Nobody wants them, and nothing more can be read there
 */
gssize queen_socket_read (QueenSocket *self, void *buffer, gsize size);

/**
 * queen_socket_has_input:
 *
 * Returns: whether the client has sent something that has not been read
 */
gboolean queen_socket_has_input (const QueenSocket *self);

/**
 * queen_socket_renew:
 *
 * The client may begin another request: see queen_tls_session_renew().
 */
void queen_socket_renew (QueenSocket *self);

/**
 * queen_socket_write:
 *
 * Writes in one system call when it is plain TCP. Through TLS, of much only a part is taken at
 * once.
 *
 * Returns: how many bytes need not be given again; -1
 */
gssize queen_socket_write (QueenSocket *self, const struct iovec *vectors, guint n_vectors);

/**
 * queen_socket_is_full:
 *
 * Returns: why only a part of what was just written has been taken: whether the kernel took no
 *   more, which will tell when it does; otherwise it is only the turn of others
 */
gboolean queen_socket_is_full (const QueenSocket *self);

/**
 * queen_socket_flush:
 *
 * Sends on what TLS has taken already and the kernel has not: who has nothing more to write is
 * through only then.
 *
 * Returns: 0 when there is nothing left of it; -1
 */
int queen_socket_flush (QueenSocket *self);

/**
 * queen_socket_finish:
 *
 * Flushes, and tells through TLS that nothing comes any more. A plain socket only has to be closed.
 *
 * Returns: 0 when nothing is left to be sent; -1
 */
int queen_socket_finish (QueenSocket *self);

/**
 * queen_socket_drain:
 * @buffer: what is overwritten
 *
 * Reads what nobody wants to know, and so does not decrypt it.
 *
 * Returns: bytes; 0 at the end; -1
 */
gssize queen_socket_drain (QueenSocket *self, void *buffer, gsize size);

/**
 * queen_socket_get_n_queued:
 *
 * Returns: how many bytes the kernel holds that the other end has not taken yet, as far as it
 * tells. Of a Unix socket it is more: what they take in memory; and they go 16 KiB at once at the
 * most
 */
gsize queen_socket_get_n_queued (const QueenSocket *self);

/**
 * queen_socket_set_time_to_take:
 * @msec: how long the kernel waits for a client that takes nothing; 0 for as long as it does
 * usually
 *
 * Does nothing to a Unix socket: what is in there costs the client's descriptor.
 */
void queen_socket_set_time_to_take (const QueenSocket *self, int msec);

/**
 * queen_socket_set_window:
 * @n_bytes: %QUEEN_SOCKET_USUAL_WINDOW, or more for what is large
 *
 * How much the kernel takes of what the other end has not acknowledged, where that is limited.
 */
void queen_socket_set_window (const QueenSocket *self, int n_bytes);

/**
 * queen_socket_end_reading:
 *
 * From then on what comes can only be drained. Of a TLS connection that leaves a hundred bytes, if
 * the kernel has taken all that was written.
 */
void queen_socket_end_reading (QueenSocket *self);

/** Returns: whether it has a TLS session that takes as much memory as reading needs */
gboolean queen_socket_is_large (const QueenSocket *self);

/**
 * queen_socket_steal:
 *
 * Returns: (transfer full): the socket, which has then gone elsewhere
 */
QueenSocket queen_socket_steal (QueenSocket *self);

/**
 * queen_socket_refuse_descriptors:
 * @fd: a Unix socket; or one that listens, for those who come from then on
 *
 * Lets nobody send descriptors there, which nobody wants. The kernel closes those that come with
 * bytes that are read or left unread, and that waits for what its sender has made of them: a
 * connection that lingers, for as long as it is told to. Before Linux 6.16 they come all the same:
 * then queen_socket_read() does not read, and queen_socket_close() does not wait. So that this sees
 * all there is, an urgent byte (`MSG_OOB`) is in line, but not of a listener's connections.
 */
void queen_socket_refuse_descriptors (int fd);

/**
 * queen_socket_refuse:
 * @refusal: a whole answer
 *
 * Says so and closes, without a wait: to one that was just accepted, and has no TLS yet.
 */
void queen_socket_refuse (QueenSocket *self, GBytes *refusal);

/** Closes it, unless it has gone elsewhere. */
void queen_socket_close (QueenSocket *self);

G_END_DECLS
