/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-dbus-bodies.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "loop/queen-portions.h"
#include "net/queen-caps.h"
#include "net/queen-closer.h"
#include "net/queen-socket.h"
#include "queen-error.h"
#include "text/queen-text.h"

#define AT_ONCE (64 * 1024) /* bytes */

/* Threads that read; of what one user has given the kernel may hold as many as that user may have
 * for as long as it likes. So nobody has more of them than are left, nor of the bytes. */
#define MAX_READING 64

/* Shared by all threads that read. */
struct _QueenDBusBodies
{
  gsize max_each;
  GMutex lock;          /* of what follows */
  QueenPortions *bytes; /* of all that are being read */

  /* What follows belongs to the thread that has made it. */
  QueenPortions *threads; /* that read what a user has given */
};

/* A reference each have who waits for it, and the thread that reads. */
struct _QueenDBusBody
{
  QueenDBusBodies *bodies;
  char *user;
  QueenDBusBodyFunc on_read; /* NULL when nobody waits for it any more */
  gpointer data;
  gint is_cancelled; /* atomic */
  int wake;          /* an eventfd, for that */

  /* What follows belongs to the thread that reads, until it has ended. */
  GMainContext *context; /* of who waits */
  int fd;
  int pipe[2]; /* through which a pipe is read; -1 before that */
  gssize (*read) (QueenDBusBody *self, void *bytes, gsize most);
  GByteArray *bytes; /* NULL when they have been handed over */
  gsize n_bytes;     /* for which there is room until it is let go */
  GError *error;
};

static void
clear_bodies (gpointer data)
{
  QueenDBusBodies *self = data;

  queen_portions_free (self->bytes);
  queen_portions_free (self->threads);
  g_mutex_clear (&self->lock);
}

static gboolean
take_room (QueenDBusBodies *self, const char *user, gsize n)
{
  gboolean has_room;

  g_mutex_lock (&self->lock);
  has_room = queen_portions_may_take (self->bytes, user, n);
  if (has_room)
    queen_portions_take (self->bytes, user, n);
  g_mutex_unlock (&self->lock);
  return has_room;
}

static void
give_room_back (QueenDBusBodies *self, const char *user, gsize n)
{
  g_mutex_lock (&self->lock);
  queen_portions_give_back (self->bytes, user, n);
  g_mutex_unlock (&self->lock);
}

static void
close_pipe (QueenDBusBody *self)
{
  for (int i = 0; i < 2; i++)
    if (self->pipe[i] >= 0)
      close (self->pipe[i]);
  self->pipe[0] = self->pipe[1] = -1;
}

static void
clear_body (gpointer data)
{
  QueenDBusBody *self = data;

  give_room_back (self->bodies, self->user, self->n_bytes);
  g_clear_pointer (&self->bytes, g_byte_array_unref);
  g_clear_error (&self->error);
  close_pipe (self);
  if (self->fd >= 0)
    queen_closer_close (self->fd);
  close (self->wake);
  g_free (self->user);
  g_atomic_rc_box_release_full (self->bodies, clear_bodies);
}

static void
unref_body (gpointer self)
{
  g_atomic_rc_box_release_full (self, clear_body);
}

/* In the thread that reads. Whoever has the same pipe or socket may have the kernel wait there
 * with its lock: it writes what lies in a file of its own file system, or reads to there. Then
 * whatever is asked of the pipe waits for that as well, and nothing can be done about it. */

/* What a pipe is given in packets comes out of any other one by one. */
static gboolean
read_moved (QueenDBusBody *self, guint8 *bytes, gsize n)
{
  gssize n_read;

  for (; n > 0; n -= (gsize) n_read, bytes += n_read)
    if ((n_read = read (self->pipe[0], bytes, n)) <= 0)
      {
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

  n = splice (self->fd, NULL, self->pipe[1], NULL, most, SPLICE_F_NONBLOCK);
  return n <= 0 || read_moved (self, bytes, (gsize) n) ? n : -1;
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
open_pipe (QueenDBusBody *self)
{
  if (!g_unix_open_pipe (self->pipe, FD_CLOEXEC, NULL))
    return FALSE;
  if (!queen_caps_is_own (MAX (self->pipe[0], self->pipe[1])))
    return TRUE;
  close_pipe (self);
  return FALSE;
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
  if (self->read != read_pipe || open_pipe (self))
    return TRUE;
  g_set_error_literal (error, QUEEN_ERROR, QUEEN_ERROR_UNAVAILABLE,
                       "no descriptor is free; try again later");
  return FALSE;
}

static gboolean
take_bytes (QueenDBusBody *self, const guint8 *bytes, gsize n)
{
  QueenDBusBodies *bodies = self->bodies;

  if (self->bytes->len + n > bodies->max_each)
    {
      g_set_error_literal (&self->error, QUEEN_ERROR, QUEEN_ERROR_CONTENT_TOO_LARGE,
                           "the body is too large");
      return FALSE;
    }
  if (take_room (bodies, self->user, n))
    {
      g_byte_array_append (self->bytes, bytes, (guint) n);
      self->n_bytes += n;
      return TRUE;
    }
  g_set_error_literal (&self->error, QUEEN_ERROR, QUEEN_ERROR_UNAVAILABLE,
                       "too many bodies at once; try again later");
  return FALSE;
}

/* Returns: whether there is more to come */
static gboolean
read_some (QueenDBusBody *self)
{
  guint8 bytes[AT_ONCE];
  gssize n = self->read (self, bytes, sizeof bytes);

  if (n > 0)
    return take_bytes (self, bytes, (gsize) n);
  if (n < 0 && (errno == EAGAIN || errno == EINTR))
    return TRUE;
  if (n < 0)
    g_set_error_literal (&self->error, QUEEN_ERROR, QUEEN_ERROR_BAD_REQUEST,
                         "the body cannot be read");
  return FALSE;
}

static gboolean
wait_for_more (QueenDBusBody *self)
{
  struct pollfd fds[] = { { self->fd, POLLIN, 0 }, { self->wake, POLLIN, 0 } };

  while (poll (fds, G_N_ELEMENTS (fds), -1) < 0 && errno == EINTR)
    ;
  return !g_atomic_int_get (&self->is_cancelled);
}

/* Back in the thread of who waits. */
static gboolean
on_body_ended (gpointer data)
{
  QueenDBusBody *self = data;
  QueenDBusBodyFunc on_read = g_steal_pointer (&self->on_read);
  g_autoptr (GBytes) all = NULL;

  queen_portions_give_back (self->bodies->threads, self->user, 1);
  if (!on_read)
    return G_SOURCE_REMOVE;
  if (!self->error)
    all = queen_text_end_bytes (g_steal_pointer (&self->bytes), self->n_bytes);
  on_read (all, self->error, self->data);
  return G_SOURCE_REMOVE;
}

static gpointer
read_in_thread (gpointer data)
{
  QueenDBusBody *self = data;
  g_autoptr (GMainContext) context = g_steal_pointer (&self->context);
  g_autoptr (GSource) source = g_idle_source_new ();

  if (find_out (self, &self->error))
    {
      while (wait_for_more (self) && read_some (self))
        ;
      close (self->fd);
    }
  else
    queen_closer_close (self->fd);
  self->fd = -1;
  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_callback (source, on_body_ended, self, unref_body);
  g_source_set_static_name (source, "body");
  g_source_attach (source, context);
  return NULL;
}

/* In the thread of who waits */

void
queen_dbus_body_let_go (QueenDBusBody *self)
{
  self->on_read = NULL;
  g_atomic_int_set (&self->is_cancelled, TRUE);
  eventfd_write (self->wake, 1);
  unref_body (self);
}

/* Returns: -1 when there is none for it */
static int
open_wake (void)
{
  int wake = eventfd (0, EFD_CLOEXEC | EFD_NONBLOCK);

  if (!queen_caps_is_own (wake))
    return wake;
  close (wake);
  return -1;
}

static QueenDBusBody *
new_body (QueenDBusBodies *self, const char *user, int fd, int wake)
{
  QueenDBusBody *body = g_atomic_rc_box_new0 (QueenDBusBody);

  body->bodies = g_atomic_rc_box_acquire (self);
  body->user = g_strdup (user);
  body->context = g_main_context_ref_thread_default ();
  body->fd = fd;
  body->wake = wake;
  body->pipe[0] = body->pipe[1] = -1;
  body->bytes = g_byte_array_new ();
  return body;
}

QueenDBusBody *
queen_dbus_bodies_read (QueenDBusBodies *self,
                        const char *user,
                        int fd,
                        QueenDBusBodyFunc on_read,
                        gpointer data,
                        GError **error)
{
  gboolean has_room = queen_portions_may_take (self->threads, user, 1);
  int wake = has_room ? open_wake () : -1;
  QueenDBusBody *body;
  GThread *thread;

  if (wake < 0)
    {
      queen_closer_close (fd);
      g_set_error_literal (error, QUEEN_ERROR, QUEEN_ERROR_UNAVAILABLE,
                           "too many bodies at once; try again later");
      return NULL;
    }
  body = new_body (self, user, fd, wake);
  body->on_read = on_read;
  body->data = data;
  queen_portions_take (self->threads, user, 1);
  thread = g_thread_try_new ("body", read_in_thread, g_atomic_rc_box_acquire (body), error);
  if (thread)
    {
      g_thread_unref (thread);
      return body;
    }
  queen_portions_give_back (self->threads, user, 1);
  g_main_context_unref (body->context);
  unref_body (body);
  unref_body (body);
  return NULL;
}

QueenDBusBodies *
queen_dbus_bodies_new (gsize max_each, gsize max_all)
{
  QueenDBusBodies *self = g_atomic_rc_box_new0 (QueenDBusBodies);

  self->max_each = max_each;
  g_mutex_init (&self->lock);
  self->bytes = queen_portions_new (max_all);
  self->threads = queen_portions_new (MAX_READING);
  return self;
}

gsize
queen_dbus_bodies_get_n_bytes (QueenDBusBodies *self)
{
  gsize n;

  g_mutex_lock (&self->lock);
  n = queen_portions_get_taken (self->bytes);
  g_mutex_unlock (&self->lock);
  return n;
}

void
queen_dbus_bodies_free (QueenDBusBodies *self)
{
  g_atomic_rc_box_release_full (self, clear_bodies);
}
