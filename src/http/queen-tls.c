/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-tls.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "model/queen-clock.h"
#include "queen-certificate.h"

/* GIO has ten threads for handshakes, and D-Bus uses them, too. */
#define MAX_HANDSHAKES 8
#define PATIENCE (G_USEC_PER_SEC / 2) /* with one that goes on while another waits for a thread */
#define HEADER_SIZE 5                 /* bytes, of a record */

struct _QueenTls
{
  GObject parent_instance;

  char *certificate_file;
  char *key_file;
  GTlsCertificate *certificate;

  guint n_handshakes; /* that have a thread */
  GQueue going_on;    /* of QueenTlsSession, oldest first: those of them with patience left */
  GQueue waiting;     /* of QueenTlsSession */
  QueenAlarm *alarm;
};

G_DEFINE_FINAL_TYPE (QueenTls, queen_tls, G_TYPE_OBJECT)

struct _QueenTlsSession
{
  QueenTls *tls;
  GSocket *socket;
  GIOStream *stream; /* what goes through it, encrypted */
  int fd;            /* the socket's */

  GQueue *queue; /* of QueenTls, where it is; NULL for neither */
  GList link;
  gint64 begun; /* µs, monotonic */
  gboolean has_thread;
  gboolean is_open;
  gboolean is_finished;
  QueenHandshakeFunc on_handshake; /* NULL when nobody wants to know any more */
  gpointer data;

  char *unsent; /* of a record that was begun; NULL when there is none */
  gsize unsent_length;
};

/* Records: RFC 8446 § 5.1, RFC 5246 § 6.2 */

typedef enum
{
  RECORD_ALERT = 21,
  RECORD_HANDSHAKE = 22,
  RECORD_DATA = 23,
} RecordType;

/* Fills @header and the byte behind it with the beginning of what is waiting on @fd. Returns how
 * many bytes that are; 0 at the end; -1, with `errno`. */
static gssize
peek_record (int fd, guint8 header[HEADER_SIZE + 1])
{
  return recv (fd, header, HEADER_SIZE + 1, MSG_PEEK | MSG_DONTWAIT);
}

static gsize
get_record_length (const guint8 header[HEADER_SIZE])
{
  return (gsize) header[3] << 8 | header[4];
}

static gboolean
is_record_whole (int fd, const guint8 header[HEADER_SIZE])
{
  int n_waiting;

  return ioctl (fd, FIONREAD, &n_waiting) == 0 &&
         (gsize) n_waiting >= HEADER_SIZE + get_record_length (header);
}

QueenTlsHello
queen_tls_peek_hello (int fd)
{
  guint8 header[HEADER_SIZE + 1];
  gssize n_bytes = peek_record (fd, header);

  if (n_bytes < 0 && (errno == EAGAIN || errno == EINTR))
    return QUEEN_TLS_HELLO_PART;
  if (n_bytes <= 0)
    return QUEEN_TLS_HELLO_NONE;
  if (g_ascii_isupper (header[0]))
    return QUEEN_TLS_HELLO_PLAIN;
  if (header[0] != RECORD_HANDSHAKE || (n_bytes > 1 && header[1] != 3) ||
      (n_bytes > HEADER_SIZE && header[HEADER_SIZE] != 1)) /* RFC 8446 § 4: a ClientHello */
    return QUEEN_TLS_HELLO_NONE;
  if (n_bytes >= HEADER_SIZE && get_record_length (header) > QUEEN_TLS_MAX_RECORD)
    return QUEEN_TLS_HELLO_NONE;
  return n_bytes > HEADER_SIZE && is_record_whole (fd, header) ? QUEEN_TLS_HELLO_WHOLE
                                                               : QUEEN_TLS_HELLO_PART;
}

/* Sessions */

static void
enqueue (QueenTlsSession *self, GQueue *queue)
{
  self->queue = queue;
  g_queue_push_tail_link (queue, &self->link);
}

static void
dequeue (QueenTlsSession *self)
{
  if (self->queue)
    g_queue_unlink (self->queue, &self->link);
  self->queue = NULL;
}

/* So that the thread that waits on the socket waits no more. */
static void
cut_off (QueenTlsSession *self)
{
  shutdown (self->fd, SHUT_RDWR);
}

/* Lets through to GIO what it can read at once. Another handshake, which TLS 1.2 lets a client
 * begin whenever it likes, is none of that: it would take another thread, and hold it. */
static gssize
check_record (QueenTlsSession *self)
{
  guint8 header[HEADER_SIZE + 1];
  gssize n_bytes = peek_record (self->fd, header);

  if (n_bytes <= 0)
    return n_bytes;
  if (header[0] != RECORD_DATA && header[0] != RECORD_ALERT)
    {
      errno = EPROTO;
      return -1;
    }
  if (n_bytes > HEADER_SIZE && is_record_whole (self->fd, header))
    return n_bytes;
  errno = EAGAIN;
  return -1;
}

gssize
queen_tls_session_read (QueenTlsSession *self, void *buffer, gsize size)
{
  GPollableInputStream *input =
      G_POLLABLE_INPUT_STREAM (g_io_stream_get_input_stream (self->stream));
  gssize n_bytes = check_record (self);

  if (n_bytes <= 0)
    return n_bytes;
  n_bytes = g_pollable_input_stream_read_nonblocking (input, buffer, size, NULL, NULL);
  if (n_bytes < 0)
    errno = ECONNRESET; /* a whole record without a byte in it is of no use, either */
  return n_bytes;
}

static gssize
write_record (QueenTlsSession *self, const char *record, gsize length)
{
  g_autoptr (GError) error = NULL;
  GPollableOutputStream *output =
      G_POLLABLE_OUTPUT_STREAM (g_io_stream_get_output_stream (self->stream));
  gssize n_bytes =
      g_pollable_output_stream_write_nonblocking (output, record, length, NULL, &error);

  if (n_bytes < 0)
    errno = g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK) ? EAGAIN : EPIPE;
  return n_bytes;
}

int
queen_tls_session_flush (QueenTlsSession *self)
{
  while (self->unsent_length > 0)
    {
      gssize n_bytes = write_record (self, self->unsent, self->unsent_length);

      if (n_bytes < 0)
        return -1;
      self->unsent_length -= (gsize) n_bytes;
      memmove (self->unsent, self->unsent + n_bytes, self->unsent_length);
    }
  g_clear_pointer (&self->unsent, g_free);
  return 0;
}

/* What follows the first @n_skipped bytes, as far as it fits into a record. */
static gsize
gather (const struct iovec *vectors, guint n_vectors, gsize n_skipped, char *record)
{
  gsize length = 0;

  for (; n_vectors > 0 && length < QUEEN_TLS_MAX_RECORD; vectors++, n_vectors--)
    {
      gsize n_bytes;

      if (n_skipped >= vectors->iov_len)
        {
          n_skipped -= vectors->iov_len;
          continue;
        }
      n_bytes = MIN (vectors->iov_len - n_skipped, QUEEN_TLS_MAX_RECORD - length);
      memcpy (record + length, (const char *) vectors->iov_base + n_skipped, n_bytes);
      length += n_bytes;
      n_skipped = 0;
    }
  return length;
}

gssize
queen_tls_session_write (QueenTlsSession *self, const struct iovec *vectors, guint n_vectors)
{
  static char record[QUEEN_TLS_MAX_RECORD]; /* sessions belong to the main loop's thread */
  gsize n_written = 0;
  gsize length;

  if (queen_tls_session_flush (self) < 0)
    return -1;
  while ((length = gather (vectors, n_vectors, n_written, record)) > 0)
    {
      gssize n_bytes = write_record (self, record, length);

      if (n_bytes < 0 && errno != EAGAIN)
        return -1;
      if (n_bytes < 0)
        {
          /* GnuTLS has encrypted it, and wants the same bytes again until they are through. */
          self->unsent = g_memdup2 (record, length);
          self->unsent_length = length;
          return (gssize) (n_written + length);
        }
      n_written += (gsize) n_bytes;
    }
  return (gssize) n_written;
}

int
queen_tls_session_finish (QueenTlsSession *self)
{
  struct pollfd polled = { self->fd, POLLOUT, 0 };

  if (self->is_finished)
    return 0;
  if (queen_tls_session_flush (self) < 0)
    return -1;
  /* GIO would wait until it is sent. */
  if (poll (&polled, 1, 0) != 1)
    {
      errno = EAGAIN;
      return -1;
    }
  self->is_finished = TRUE;
  g_output_stream_close (g_io_stream_get_output_stream (self->stream), NULL, NULL);
  return 0;
}

static void
destroy (QueenTlsSession *self)
{
  if (self->is_open)
    queen_tls_session_finish (self);
  /* By hand: the handshake's thread may hold the stream for a moment longer, and epoll would tell
   * of a descriptor that is still open. */
  g_socket_close (self->socket, NULL);
  g_object_unref (self->socket);
  g_object_unref (self->stream);
  g_object_unref (self->tls);
  g_free (self->unsent);
  g_free (self);
}

void
queen_tls_session_free (QueenTlsSession *self)
{
  dequeue (self);
  self->on_handshake = NULL;
  if (self->has_thread)
    cut_off (self); /* and then the thread lets go of it */
  else
    destroy (self);
}

/* Handshakes */

static void
on_handshake (GObject *stream, GAsyncResult *result, gpointer data)
{
  QueenTlsSession *session = data;
  g_autoptr (GError) error = NULL;

  session->is_open = g_tls_connection_handshake_finish (G_TLS_CONNECTION (stream), result, &error);
  if (error)
    g_debug ("no TLS handshake: %s", error->message);
  session->has_thread = FALSE;
  session->tls->n_handshakes--;
  dequeue (session);
  queen_alarm_set (session->tls->alarm, 0);

  if (session->on_handshake)
    session->on_handshake (session->is_open, session->data);
  else
    destroy (session);
}

static void
begin_handshake (QueenTls *self, QueenTlsSession *session, gint64 now)
{
  dequeue (session);
  enqueue (session, &self->going_on);
  session->begun = now;
  session->has_thread = TRUE;
  self->n_handshakes++;
  g_tls_connection_handshake_async (G_TLS_CONNECTION (session->stream), G_PRIORITY_DEFAULT, NULL,
                                    on_handshake, session);
}

/* A client that says hello and no more holds a thread. As long as others wait for one, it does not
 * hold it for long. */
static void
attend (gpointer data)
{
  QueenTls *self = data;
  gint64 now = g_get_monotonic_time ();
  QueenTlsSession *session;

  while (self->n_handshakes < MAX_HANDSHAKES && (session = g_queue_peek_head (&self->waiting)))
    begin_handshake (self, session, now);
  if (self->waiting.length == 0)
    return;
  while ((session = g_queue_peek_head (&self->going_on)) && session->begun + PATIENCE <= now)
    {
      dequeue (session);
      cut_off (session);
    }
  if (session)
    queen_alarm_set (self->alarm, session->begun + PATIENCE);
}

/* Returns whether @fd, which it takes, has become a stream. */
static gboolean
make_stream (QueenTls *self, QueenTlsSession *session, int fd, GError **error)
{
  static const char *const protocols[] = { "http/1.1", NULL };
  g_autoptr (GSocket) socket = g_socket_new_from_fd (fd, error);
  g_autoptr (GSocketConnection) connection = NULL;

  if (!socket)
    {
      close (fd);
      return FALSE;
    }
  connection = g_socket_connection_factory_create_connection (socket);
  session->stream = queen_certificate_serve (self->certificate, G_IO_STREAM (connection), error);
  if (!session->stream)
    return FALSE;
  g_tls_connection_set_advertised_protocols (G_TLS_CONNECTION (session->stream),
                                             (const char **) protocols);
  /* HTTP says itself where a request ends. */
  g_tls_connection_set_require_close_notify (G_TLS_CONNECTION (session->stream), FALSE);
  session->socket = g_steal_pointer (&socket);
  return TRUE;
}

QueenTlsSession *
queen_tls_accept (QueenTls *self, int fd, QueenHandshakeFunc func, gpointer data)
{
  QueenTlsSession *session = g_new0 (QueenTlsSession, 1);
  g_autoptr (GError) error = NULL;

  if (!make_stream (self, session, fd, &error))
    {
      g_debug ("no TLS: %s", error->message);
      g_free (session);
      return NULL;
    }
  session->tls = g_object_ref (self);
  session->fd = fd;
  session->link.data = session;
  session->on_handshake = func;
  session->data = data;
  enqueue (session, &self->waiting);
  attend (self);
  return session;
}

/* The object */

gboolean
queen_tls_reload (QueenTls *self, GError **error)
{
  GTlsCertificate *certificate =
      queen_certificate_load (self->certificate_file, self->key_file, error);

  if (!certificate)
    return FALSE;
  g_clear_object (&self->certificate);
  self->certificate = certificate;
  return TRUE;
}

static void
queen_tls_finalize (GObject *object)
{
  QueenTls *self = QUEEN_TLS (object);

  queen_alarm_free (self->alarm);
  g_clear_object (&self->certificate);
  g_free (self->certificate_file);
  g_free (self->key_file);

  G_OBJECT_CLASS (queen_tls_parent_class)->finalize (object);
}

static void
queen_tls_class_init (QueenTlsClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = queen_tls_finalize;
}

static void
queen_tls_init (QueenTls *self)
{
  self->alarm = queen_alarm_new ("handshakes", G_PRIORITY_DEFAULT, attend, self);
}

QueenTls *
queen_tls_new (const char *certificate_file, const char *key_file, GError **error)
{
  g_autoptr (QueenTls) self = g_object_new (QUEEN_TYPE_TLS, NULL);

  /* GIO would take TLS 1.0 and 1.1, too. It looks only once, when the first connection is made. */
  g_setenv ("G_TLS_GNUTLS_PRIORITY", "NORMAL:%COMPAT:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2", FALSE);
  self->certificate_file = g_strdup (certificate_file);
  self->key_file = g_strdup (key_file);
  return queen_tls_reload (self, error) ? g_steal_pointer (&self) : NULL;
}
