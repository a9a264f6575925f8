/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <gio/gio.h>
#include <sys/socket.h>

#include "queen-access.h"
#include "queen-caps.h"
#include "queen-socket.h"
#include "queen-tally.h"

G_BEGIN_DECLS

/**
 * QueenConnection:
 *
 * A connection that has sent one whole, sane request and waits for the answer.
 */
typedef struct _QueenConnection QueenConnection;

/**
 * QueenRequest:
 * @is_local: whether it comes from this machine, by its loopback address
 * @is_probe: whether the queen herself asks, to see that she still answers
 * @is_encrypted: whether it came through TLS
 * @head: as libsoup may see it
 * @has_body: whether it said how long its body is; an empty one is a body, too
 * @body: what followed the head
 * @body_length: bytes
 */
typedef struct
{
  gboolean is_local;
  gboolean is_probe;
  gboolean is_encrypted;
  GBytes *head;
  gboolean has_body;
  const char *body;
  gsize body_length;
} QueenRequest;

/**
 * QueenRequestFunc:
 * @connection: who asks; either its socket is stolen or an answer is returned
 * @request: what it asks; valid until the function returns
 *
 * Returns: (transfer full) (nullable): the answer's bytes; %NULL when the socket was stolen
 */
typedef GBytes *(*QueenRequestFunc) (QueenConnection *connection,
                                     const QueenRequest *request,
                                     gpointer data);

#define QUEEN_TYPE_GATE (queen_gate_get_type ())
G_DECLARE_FINAL_TYPE (QueenGate, queen_gate, QUEEN, GATE, GObject)

/**
 * queen_gate_new:
 * @access: who may speak
 * @tls: (nullable): what encrypts every connection; %NULL for none
 * @caps: how many connections there may be; copied
 * @tally: what counts; it outlives the gate
 * @on_request: who answers
 *
 * What stands between the network and the HTTP server. Until a request is whole and sane, its
 * connection is a descriptor, a few words, and what it has sent; then it is answered, once, and
 * closed. Every wait has a deadline.
 */
QueenGate *queen_gate_new (QueenAccess *access,
                           QueenTls *tls,
                           const QueenCaps *caps,
                           QueenTally *tally,
                           QueenRequestFunc on_request,
                           gpointer data,
                           GError **error);

/**
 * queen_gate_get_n_connections: (attributes org.gtk.Method.get_property=connections)
 *
 * Returns: how many connections have not been answered to the end
 */
guint queen_gate_get_n_connections (QueenGate *self);

/**
 * queen_gate_admit:
 * @fd: (transfer full): a connection that was just accepted, non-blocking
 * @peer: whose it is
 * @n_before: how many were admitted before it in this turn of the main loop; when they are many, it
 *   waits until all the others have come in
 *
 * When there are as many connections as there may be, room is made for it: one that has its answer
 * goes, or the one whose request has not been whole for longest. So those who are slow on purpose
 * only push each other out, while whoever says what it wants gets in; refusing newcomers instead
 * would let the slow ones lock everybody out.
 */
void
queen_gate_admit (QueenGate *self, int fd, const struct sockaddr_storage *peer, guint n_before);

/**
 * queen_gate_admit_probe:
 *
 * The same for a #QueenProbe. It goes the way of everybody, but is never encrypted and needs no
 * token.
 */
void queen_gate_admit_probe (QueenGate *self, int fd, const struct sockaddr_storage *peer);

/**
 * queen_connection_steal_socket:
 *
 * Returns: (transfer full): the socket, which the gate then no longer watches or closes
 */
QueenSocket queen_connection_steal_socket (QueenConnection *connection);

G_END_DECLS
