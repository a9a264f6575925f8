/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-dbus-bodies.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/queen-closer.h"
#include "net/queen-socket.h"
#include "queen-error.h"
#include "text/queen-text.h"

#define AT_ONCE (64 * 1024) /* bytes; then others have their turn */

struct _QueenDBusBodies
{
  gsize max_each;
  gsize max_all;
  gsize n_bytes;
  int pipe[2]; /* through which others' pipes are read; -1 before that */
};

struct _QueenDBusBody
{
  QueenDBusBodies *bodies;
  int fd;
  gssize (*read) (QueenDBusBody *self, void *bytes, gsize most);
  GByteArray *bytes;
  GSource *source;
  QueenDBusBodyFunc on_read;
  gpointer data;
};

static void
close_pipe (QueenDBusBodies *self)
{
  for (int i = 0; i < 2; i++)
    if (self->pipe[i] >= 0)
      close (self->pipe[i]);
  self->pipe[0] = self->pipe[1] = -1;
}

static gboolean
ensure_pipe (QueenDBusBodies *self)
{
  return self->pipe[0] >= 0 || g_unix_open_pipe (self->pipe, FD_CLOEXEC, NULL);
}

/* What a pipe is given in packets comes out of any other one by one. The pipe is all bodies': what
 * cannot be read of this one must not stay in it. */
static gboolean
read_moved (QueenDBusBodies *self, guint8 *bytes, gsize n)
{
  gssize n_read;

  for (; n > 0; n -= (gsize) n_read, bytes += n_read)
    if ((n_read = read (self->pipe[0], bytes, n)) <= 0)
      {
        close_pipe (self);
        errno = EIO;
        return FALSE;
      }
  return TRUE;
}

/* Others may read the same pipe, so that nothing is left when there was something to be read a
 * moment ago; and whether that waits is for all who have it to say. So it is moved to a pipe of
 * hers, without waiting. */
static gssize
read_pipe (QueenDBusBody *self, void *bytes, gsize most)
{
  gssize n;

  if (!ensure_pipe (self->bodies))
    return -1;
  n = splice (self->fd, NULL, self->bodies->pipe[1], NULL, most, SPLICE_F_NONBLOCK);
  return n <= 0 || read_moved (self->bodies, bytes, (gsize) n) ? n : -1;
}

/* With bytes there may be descriptors. Who does not ask for them has the kernel close them here,
 * which may wait for whoever made them. */
static gssize
read_socket (QueenDBusBody *self, void *bytes, gsize most)
{
  QueenSocket socket = { .fd = self->fd, .is_unix = TRUE };

  return queen_socket_drain (&socket, bytes, most);
}

static gssize
read_memory (QueenDBusBody *self, void *bytes, gsize most)
{
  return pread (self->fd, bytes, most, self->bytes->len);
}

static gboolean
is_unix_stream (int fd)
{
  int domain, type;
  socklen_t size = sizeof domain;

  return getsockopt (fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) == 0 && domain == AF_UNIX &&
         getsockopt (fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_STREAM;
}

/* Asks the kernel alone: to ask a file what it is may wait for its file system. */
static gboolean
find_out (QueenDBusBody *self, GError **error)
{
  if ((fcntl (self->fd, F_GETFL) & O_ACCMODE) == O_WRONLY)
    {
      g_set_error_literal (error, QUEEN_ERROR, QUEEN_ERROR_BAD_REQUEST, "the body cannot be read");
      return FALSE;
    }
  if (fcntl (self->fd, F_GETPIPE_SZ) > 0)
    self->read = read_pipe;
  else if (is_unix_stream (self->fd))
    {
      queen_socket_refuse_descriptors (self->fd);
      self->read = read_socket;
    }
  else if (fcntl (self->fd, F_GET_SEALS) >= 0)
    self->read = read_memory;
  else
    {
      g_set_error_literal (error, QUEEN_ERROR, QUEEN_ERROR_BAD_REQUEST,
                           "the body must be a pipe, a Unix socket or a file in memory");
      return FALSE;
    }
  if (self->read != read_pipe || ensure_pipe (self->bodies))
    return TRUE;
  g_set_error_literal (error, QUEEN_ERROR, QUEEN_ERROR_UNAVAILABLE,
                       "no descriptor is free; try again later");
  return FALSE;
}

void
queen_dbus_body_cancel (QueenDBusBody *self)
{
  if (self->source)
    g_source_destroy (self->source);
  g_clear_pointer (&self->source, g_source_unref);
  self->bodies->n_bytes -= self->bytes->len;
  g_byte_array_unref (self->bytes);
  queen_closer_close (self->fd);
  g_free (self);
}

static void
finish_body (QueenDBusBody *self, GBytes *bytes, const GError *error)
{
  QueenDBusBodyFunc on_read = self->on_read;
  gpointer data = self->data;

  queen_dbus_body_cancel (self);
  on_read (bytes, error, data);
}

static void
fail_body (QueenDBusBody *self, QueenError code, const char *message)
{
  g_autoptr (GError) error = g_error_new_literal (QUEEN_ERROR, code, message);

  finish_body (self, NULL, error);
}

static void
take_bytes (QueenDBusBody *self, const guint8 *bytes, gsize n)
{
  QueenDBusBodies *bodies = self->bodies;

  if (self->bytes->len + n > bodies->max_each)
    fail_body (self, QUEEN_ERROR_CONTENT_TOO_LARGE, "the body is too large");
  else if (bodies->n_bytes + n > bodies->max_all)
    fail_body (self, QUEEN_ERROR_UNAVAILABLE, "too many bodies at once; try again later");
  else
    {
      g_byte_array_append (self->bytes, bytes, (guint) n);
      bodies->n_bytes += n;
    }
}

static gboolean
on_body_readable (gint fd, GIOCondition condition, gpointer data)
{
  static guint8 bytes[AT_ONCE]; /* all bodies are one thread's */
  QueenDBusBody *self = data;
  gssize n = self->read (self, bytes, sizeof bytes);

  if (n > 0)
    take_bytes (self, bytes, (gsize) n);
  else if (n < 0 && errno != EAGAIN && errno != EINTR)
    fail_body (self, QUEEN_ERROR_BAD_REQUEST, "the body cannot be read");
  else if (n == 0)
    {
      g_autoptr (GBytes) all =
          queen_text_dup_bytes ((QueenText){ (const char *) self->bytes->data, self->bytes->len });

      finish_body (self, all, NULL);
    }
  return G_SOURCE_CONTINUE; /* it may have been destroyed */
}

static void
begin_reading (QueenDBusBody *self)
{
  self->source = g_unix_fd_source_new (self->fd, G_IO_IN | G_IO_HUP | G_IO_ERR);
  g_source_set_callback (self->source, G_SOURCE_FUNC (on_body_readable), self, NULL);
  g_source_set_static_name (self->source, "body");
  g_source_attach (self->source, g_main_context_get_thread_default ());
}

QueenDBusBody *
queen_dbus_bodies_read (
    QueenDBusBodies *self, int fd, QueenDBusBodyFunc on_read, gpointer data, GError **error)
{
  QueenDBusBody *body = g_new0 (QueenDBusBody, 1);

  body->bodies = self;
  body->fd = fd;
  body->bytes = g_byte_array_new ();
  body->on_read = on_read;
  body->data = data;
  if (find_out (body, error))
    begin_reading (body);
  else
    g_clear_pointer (&body, queen_dbus_body_cancel);
  return body;
}

QueenDBusBodies *
queen_dbus_bodies_new (gsize max_each, gsize max_all)
{
  QueenDBusBodies *self = g_new0 (QueenDBusBodies, 1);

  self->max_each = max_each;
  self->max_all = max_all;
  self->pipe[0] = self->pipe[1] = -1;
  return self;
}

void
queen_dbus_bodies_free (QueenDBusBodies *self)
{
  close_pipe (self);
  g_free (self);
}
