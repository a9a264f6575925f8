/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-gate.h"

#include <errno.h>

#include "model/queen-clock.h"
#include "queen-answer.h"
#include "queen-epoll.h"
#include "queen-error.h"
#include "queen-peers.h"
#include "queen-request-buffer.h"
#include "queen-wait.h"

#define MAX_READY_AT_ONCE 32     /* connections, until the main loop may turn */
#define MAX_DRAINED (256 * 1024) /* bytes that are thrown away so that an answer arrives */

typedef enum
{
  WAIT_HEAD,
  WAIT_REQUEST, /* from the very beginning: who dawdles with the head has less for the body */
  WAIT_ANSWER,
  WAIT_LINGER,
  N_WAITS
} Wait;

static const gint64 wait_lengths[N_WAITS] = {
  [WAIT_HEAD] = 5 * G_USEC_PER_SEC,
  [WAIT_REQUEST] = 10 * G_USEC_PER_SEC,
  [WAIT_ANSWER] = 10 * G_USEC_PER_SEC,
  [WAIT_LINGER] = 2 * G_USEC_PER_SEC,
};

struct _QueenConnection
{
  QueenGate *gate;
  QueenSocket socket;
  gboolean is_watched;
  gboolean is_probe;
  gboolean is_hello_awaited;
  QueenWait waits[N_WAITS];
  struct sockaddr_storage peer;
  QueenPeer *share; /* NULL when it takes from nobody's */

  QueenRequestBuffer request;

  GBytes *answer;
  gsize n_answered;         /* bytes */
  gboolean has_unread_data; /* closing now would reset the connection under the answer */
  gsize n_drained;          /* bytes */
};

enum
{
  PROP_CONNECTIONS = 1,
  N_PROPS
};

static GParamSpec *props[N_PROPS];

struct _QueenGate
{
  GObject parent_instance;

  QueenAccess *access;
  QueenTally *tally;
  QueenTls *tls; /* NULL when nothing is encrypted */
  QueenRequestFunc on_request;
  gpointer data;

  QueenEpoll *sockets;
  QueenAlarm *deadline_alarm;
  QueenWaitingRoom rooms[N_WAITS]; /* of QueenConnection */
  guint n_connections;
  guint max_connections;
  QueenPeers *peers;
  char *buffer; /* for one read; requests that come in one piece never leave it */
};

G_DEFINE_FINAL_TYPE (QueenGate, queen_gate, G_TYPE_OBJECT)

static void
begin_wait (QueenConnection *connection, Wait wait)
{
  queen_wait_begin (&connection->waits[wait], &connection->gate->rooms[wait], connection);
}

static void
end_wait (QueenConnection *connection, Wait wait)
{
  queen_wait_end (&connection->waits[wait]);
}

static gboolean
is_waiting (const QueenConnection *connection, Wait wait)
{
  return queen_wait_is_on (&connection->waits[wait]);
}

static void
remove_connection (QueenGate *self, QueenConnection *connection)
{
  for (Wait wait = 0; wait < N_WAITS; wait++)
    end_wait (connection, wait);
  queen_socket_close (&connection->socket);
  queen_request_buffer_clear (&connection->request);
  g_clear_pointer (&connection->answer, g_bytes_unref);
  queen_peers_leave (self->peers, connection->share);
  g_free (connection);

  self->n_connections--;
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_CONNECTIONS]);
}

/* Has the kernel tell of @connection. Returns FALSE when it has no room; the connection is then no
 * more. */
static gboolean
watch (QueenConnection *connection)
{
  if (connection->is_watched)
    return TRUE;
  connection->is_watched = TRUE;
  if (queen_epoll_watch (connection->gate->sockets, connection->socket.fd, EPOLLIN | EPOLLOUT,
                         connection))
    return TRUE;
  connection->gate->tally->refusals[QUEEN_REFUSAL_DESCRIPTORS]++;
  remove_connection (connection->gate, connection);
  return FALSE;
}

static void
unwatch (QueenConnection *connection)
{
  if (connection->is_watched)
    queen_epoll_forget (connection->gate->sockets, connection->socket.fd);
  connection->is_watched = FALSE;
}

/* Answering */

/* RFC 9112 § 9.6: whoever closes with unread data in the buffer resets the connection, and the
 * client loses the answer. So the rest is read and thrown away, within bounds. */
static void
linger (QueenGate *self, QueenConnection *connection)
{
  gssize n_bytes;

  while ((n_bytes = queen_socket_drain (&connection->socket, self->buffer, QUEEN_REQUEST_MAX)) > 0)
    {
      connection->n_drained += (gsize) n_bytes;
      if (connection->n_drained > MAX_DRAINED)
        break;
    }
  if (n_bytes >= 0 || (errno != EAGAIN && errno != EINTR))
    remove_connection (self, connection);
}

/* FALSE when it cannot be sent, now (EAGAIN) or at all. */
static gboolean
send_answer (QueenConnection *connection)
{
  gsize size;
  const char *bytes = g_bytes_get_data (connection->answer, &size);

  while (connection->n_answered < size)
    {
      const struct iovec rest = { (char *) bytes + connection->n_answered,
                                  size - connection->n_answered };
      gssize written = queen_socket_write (&connection->socket, &rest, 1);

      if (written < 0)
        return FALSE;
      connection->n_answered += (gsize) written;
    }
  return queen_socket_finish (&connection->socket) == 0;
}

static void
write_answer (QueenGate *self, QueenConnection *connection)
{
  gboolean is_sent = send_answer (connection);

  if (is_sent ? !connection->has_unread_data : errno != EAGAIN)
    {
      remove_connection (self, connection);
      return;
    }
  if (!watch (connection) || !is_sent)
    return;
  shutdown (connection->socket.fd, SHUT_WR);
  end_wait (connection, WAIT_ANSWER);
  begin_wait (connection, WAIT_LINGER);
  linger (self, connection);
}

static void
answer (QueenGate *self, QueenConnection *connection, GBytes *bytes)
{
  end_wait (connection, WAIT_HEAD);
  end_wait (connection, WAIT_REQUEST);
  begin_wait (connection, WAIT_ANSWER);
  connection->answer = bytes;
  write_answer (self, connection);
}

static void
refuse (QueenGate *self, QueenConnection *connection, QueenRefusal reason, const GError *error)
{
  self->tally->refusals[reason]++;
  if (connection->is_hello_awaited) /* nothing in plain text would be understood */
    {
      remove_connection (self, connection);
      return;
    }
  connection->has_unread_data = TRUE;
  answer (self, connection, queen_answer_to_bytes (error));
}

/* Reading */

/* @whole has the request, and perhaps more. */
static void
finish_request (QueenGate *self, QueenConnection *connection, QueenText whole)
{
  QueenRequestBuffer buffer = connection->request; /* what @whole may be in */
  g_autoptr (GBytes) head = g_string_free_to_bytes (g_steal_pointer (&buffer.accepted));
  const QueenRequest request = {
    .is_local = queen_peers_is_loopback (&connection->peer),
    .is_probe = connection->is_probe,
    .is_encrypted = connection->socket.tls != NULL,
    .head = head,
    .has_body = buffer.has_body,
    .body = whole.at + buffer.head_length,
    .body_length = buffer.body_length,
  };
  GBytes *bytes;

  connection->request = (QueenRequestBuffer){ NULL };
  connection->has_unread_data = whole.length > buffer.head_length + buffer.body_length;
  bytes = self->on_request (connection, &request, self->data);
  if (bytes)
    answer (self, connection, bytes);
  else
    remove_connection (self, connection);
  queen_request_buffer_clear (&buffer);
}

static void
invite_body (QueenConnection *connection)
{
  static char invitation[] = "HTTP/1.1 100 Continue\r\n\r\n";
  static const struct iovec vector = { invitation, sizeof invitation - 1 };

  /* A client that does not get this sends its body all the same, a little later. */
  if (connection->request.expects_continue)
    queen_socket_write (&connection->socket, &vector, 1);
}

/* Returns whether more is wanted. */
static gboolean
consider (QueenGate *self, QueenConnection *connection, QueenText bytes)
{
  g_autoptr (GError) error = NULL;
  QueenText whole;

  switch (queen_request_buffer_take (&connection->request, bytes, self->access, &whole, &error))
    {
    case QUEEN_REQUEST_REFUSED:
      refuse (self, connection, queen_refusal_from_head_error (error), error);
      return FALSE;
    case QUEEN_REQUEST_WHOLE:
      finish_request (self, connection, whole);
      return FALSE;
    case QUEEN_REQUEST_HEAD:
      end_wait (connection, WAIT_HEAD);
      invite_body (connection);
      return TRUE;
    default:
      return TRUE;
    }
}

typedef enum
{
  READ_SOME, /* and there may be more */
  READ_NOTHING,
  READ_END, /* of the connection, or of waiting for its request */
} ReadResult;

static ReadResult
read_once (QueenGate *self, QueenConnection *connection)
{
  gssize n_bytes = queen_socket_read (&connection->socket, self->buffer, QUEEN_REQUEST_MAX);

  if (n_bytes < 0 && errno == EINTR)
    return READ_SOME;
  if (n_bytes < 0 && errno == EAGAIN)
    return READ_NOTHING;
  if (n_bytes <= 0)
    {
      remove_connection (self, connection);
      return READ_END;
    }

  return consider (self, connection, (QueenText){ self->buffer, (gsize) n_bytes }) ? READ_SOME
                                                                                   : READ_END;
}

/* Returns whether @connection still waits for its request. */
static gboolean
read_request (QueenGate *self, QueenConnection *connection)
{
  ReadResult result;

  do
    result = read_once (self, connection);
  while (result == READ_SOME);
  return result == READ_NOTHING;
}

/* Encrypting */

static void
refuse_handshake (QueenGate *self, QueenConnection *connection)
{
  self->tally->refusals[QUEEN_REFUSAL_HANDSHAKE]++;
  remove_connection (self, connection);
}

static void
on_handshake (gboolean is_done, gpointer data)
{
  QueenConnection *connection = data;

  if (!is_done)
    refuse_handshake (connection->gate, connection);
  else if (read_request (connection->gate, connection))
    watch (connection);
}

static void
refuse_plain (QueenGate *self, QueenConnection *connection)
{
  g_autoptr (GError) error =
      g_error_new_literal (QUEEN_ERROR, QUEEN_ERROR_BAD_REQUEST,
                           "this port speaks TLS: the address begins with https://");

  connection->is_hello_awaited = FALSE;
  refuse (self, connection, QUEEN_REFUSAL_HANDSHAKE, error);
}

/* Until the handshake is over, the socket is not the gate's. */
static void
begin_tls (QueenGate *self, QueenConnection *connection)
{
  QueenSocket *socket = &connection->socket;

  unwatch (connection);
  connection->is_hello_awaited = FALSE;
  socket->tls = queen_tls_accept (self->tls, socket->fd, on_handshake, connection);
  if (socket->tls)
    return;
  socket->fd = -1;
  refuse_handshake (self, connection);
}

/* Returns whether @connection still waits for its client's hello. */
static gboolean
read_hello (QueenGate *self, QueenConnection *connection)
{
  switch (queen_tls_peek_hello (connection->socket.fd))
    {
    case QUEEN_TLS_HELLO_PART:
      return TRUE;
    case QUEEN_TLS_HELLO_WHOLE:
      begin_tls (self, connection);
      return FALSE;
    case QUEEN_TLS_HELLO_PLAIN:
      refuse_plain (self, connection);
      return FALSE;
    default:
      refuse_handshake (self, connection);
      return FALSE;
    }
}

/* Returns whether @connection still waits for what its client has to say. */
static gboolean
read_all (QueenGate *self, QueenConnection *connection)
{
  return connection->is_hello_awaited ? read_hello (self, connection)
                                      : read_request (self, connection);
}

static void
on_ready (gpointer item, guint events, gpointer data)
{
  QueenGate *self = data;
  QueenConnection *connection = item;

  /* A hello is left where it is, and so the end behind it is not read. */
  if (events & (EPOLLERR | EPOLLHUP) || (events & EPOLLRDHUP && connection->is_hello_awaited))
    remove_connection (self, connection);
  else if (is_waiting (connection, WAIT_ANSWER))
    write_answer (self, connection);
  else if (is_waiting (connection, WAIT_LINGER))
    linger (self, connection);
  else
    read_all (self, connection);
}

/* Deadlines */

static void
time_out (QueenGate *self, QueenConnection *connection, Wait wait)
{
  QueenRefusal reason =
      wait == WAIT_HEAD ? QUEEN_REFUSAL_HEAD_TIMEOUT : QUEEN_REFUSAL_REQUEST_TIMEOUT;
  g_autoptr (GError) error = NULL;

  /* Who has not said a word (browsers connect in advance), or does not take what it asked for,
   * would not read an answer either. */
  if (connection->answer || !connection->request.kept)
    {
      self->tally->refusals[reason] += !connection->answer;
      remove_connection (self, connection);
      return;
    }
  g_set_error (&error, QUEEN_ERROR, QUEEN_ERROR_REQUEST_TIMEOUT, "the %s was not whole after %d s",
               wait == WAIT_HEAD ? "head" : "request", (int) (wait_lengths[wait] / G_USEC_PER_SEC));
  refuse (self, connection, reason, error);
}

static void
on_deadline (gpointer data)
{
  QueenGate *self = data;
  gint64 now = g_get_monotonic_time ();

  for (Wait wait = 0; wait < N_WAITS; wait++)
    {
      QueenConnection *connection;

      while ((connection = queen_waiting_room_peek_due (&self->rooms[wait], now)))
        {
          /* After a standstill of our own, what is waited for may have come in time. */
          on_ready (connection, 0, self);
          if (queen_waiting_room_peek (&self->rooms[wait]) == connection)
            time_out (self, connection, wait);
        }
    }
}

/* The object */

static void
queen_gate_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  QueenGate *self = QUEEN_GATE (object);

  switch (id)
    {
    case PROP_CONNECTIONS:
      g_value_set_uint (value, self->n_connections);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
queen_gate_dispose (GObject *object)
{
  QueenGate *self = QUEEN_GATE (object);
  QueenConnection *connection;

  for (Wait wait = 0; wait < N_WAITS; wait++)
    while ((connection = queen_waiting_room_peek (&self->rooms[wait])))
      remove_connection (self, connection);
  g_clear_pointer (&self->deadline_alarm, queen_alarm_free);
  g_clear_pointer (&self->sockets, queen_epoll_free);

  G_OBJECT_CLASS (queen_gate_parent_class)->dispose (object);
}

static void
queen_gate_finalize (GObject *object)
{
  QueenGate *self = QUEEN_GATE (object);

  g_free (self->buffer);
  g_clear_pointer (&self->peers, queen_peers_free);
  g_clear_object (&self->access);
  g_clear_object (&self->tls);

  G_OBJECT_CLASS (queen_gate_parent_class)->finalize (object);
}

static void
queen_gate_class_init (QueenGateClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->get_property = queen_gate_get_property;
  object_class->dispose = queen_gate_dispose;
  object_class->finalize = queen_gate_finalize;

  props[PROP_CONNECTIONS] = g_param_spec_uint ("connections", NULL, NULL, 0, G_MAXUINT, 0,
                                               G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPS, props);
}

static void
queen_gate_init (QueenGate *self)
{
  self->buffer = g_malloc (QUEEN_REQUEST_MAX);
  self->deadline_alarm =
      queen_alarm_new ("request deadline", G_PRIORITY_DEFAULT, on_deadline, self);
  for (Wait wait = 0; wait < N_WAITS; wait++)
    queen_waiting_room_init (&self->rooms[wait], wait_lengths[wait], self->deadline_alarm,
                             &queen_clock_system);
}

QueenGate *
queen_gate_new (QueenAccess *access,
                QueenTls *tls,
                const QueenCaps *caps,
                QueenTally *tally,
                QueenRequestFunc on_request,
                gpointer data,
                GError **error)
{
  g_autoptr (QueenGate) self = g_object_new (QUEEN_TYPE_GATE, NULL);

  self->access = g_object_ref (access);
  self->max_connections = caps->connections;
  self->peers = queen_peers_new (caps->connections_per_peer, caps->spares_loopback);
  self->tally = tally;
  g_set_object (&self->tls, tls);
  self->on_request = on_request;
  self->data = data;
  self->sockets = queen_epoll_new ("requests", MAX_READY_AT_ONCE, on_ready, self, error);
  return self->sockets ? g_steal_pointer (&self) : NULL;
}

guint
queen_gate_get_n_connections (QueenGate *self)
{
  return self->n_connections;
}

/* Caps */

static GError *
make_cap_error (QueenRefusal reason)
{
  return g_error_new_literal (QUEEN_ERROR, QUEEN_ERROR_UNAVAILABLE,
                              reason == QUEEN_REFUSAL_PEER_SHARE
                                  ? "too many connections from one address"
                                  : "too many connections");
}

/* Who has said something is told why; but nobody waits until it has read that. */
static void
evict (QueenGate *self, QueenConnection *connection)
{
  g_autoptr (GError) error = make_cap_error (QUEEN_REFUSAL_CONNECTION_CAP);

  self->tally->refusals[QUEEN_REFUSAL_CONNECTION_CAP]++;
  if (connection->request.kept)
    {
      connection->answer = queen_answer_to_bytes (error);
      send_answer (connection);
    }
  remove_connection (self, connection);
}

/* Makes room for one more. @may_evict is FALSE for one that gets nothing but a refusal: only those
 * that have their answer make room for that. */
static gboolean
make_room (QueenGate *self, gboolean may_evict)
{
  while (self->n_connections >= self->max_connections)
    {
      QueenConnection *lingering = queen_waiting_room_peek (&self->rooms[WAIT_LINGER]);
      QueenConnection *oldest = queen_waiting_room_peek (&self->rooms[WAIT_REQUEST]);

      if (lingering)
        remove_connection (self, lingering);
      else if (!may_evict || !oldest)
        return FALSE;
      else if (read_all (self, oldest)) /* unless the rest has come meanwhile */
        evict (self, oldest);
    }
  return TRUE;
}

static void
admit (
    QueenGate *self, int fd, const struct sockaddr_storage *peer, guint n_before, gboolean is_probe)
{
  QueenPeer *share = NULL;
  gboolean has_share = is_probe || queen_peers_enter (self->peers, peer, &share);
  gboolean has_room = make_room (self, has_share);
  QueenConnection *connection = g_new0 (QueenConnection, 1);

  self->n_connections++;
  self->tally->connections += !is_probe;
  connection->gate = self;
  connection->socket.fd = fd;
  connection->is_hello_awaited = self->tls && !is_probe;
  connection->peer = *peer;
  connection->share = share;
  connection->is_probe = is_probe;
  if (!has_share || !has_room)
    {
      QueenRefusal reason = has_share ? QUEEN_REFUSAL_CONNECTION_CAP : QUEEN_REFUSAL_PEER_SHARE;
      g_autoptr (GError) error = make_cap_error (reason);

      refuse (self, connection, reason, error);
      return;
    }
  begin_wait (connection, WAIT_HEAD);
  begin_wait (connection, WAIT_REQUEST);
  /* Most requests are there already; and then the kernel never hears that they were waited for. */
  if (n_before >= MAX_READY_AT_ONCE || read_all (self, connection))
    watch (connection);
}

void
queen_gate_admit (QueenGate *self, int fd, const struct sockaddr_storage *peer, guint n_before)
{
  admit (self, fd, peer, n_before, FALSE);
}

void
queen_gate_admit_probe (QueenGate *self, int fd, const struct sockaddr_storage *peer)
{
  admit (self, fd, peer, 0, TRUE);
}

QueenSocket
queen_connection_steal_socket (QueenConnection *connection)
{
  unwatch (connection);
  return queen_socket_steal (&connection->socket);
}
