/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-intake.h"

#include <gio/gfiledescriptorbased.h>

#define MAX_READY_AT_ONCE 64

struct _QueenIntake
{
  QueenEpoll *sockets;
  GInputStream *stream;
  GMainContext *context; /* libsoup's */
  GMainContext *around;  /* where it is told */
  void (*on_readable) (gpointer data);
  gpointer data;
  int fd;              /* -1 when it cannot wait by it */
  gboolean is_watched; /* the socket is in the epoll */
  gboolean is_drained; /* there was no more at the last look, and nothing has been told since */
  gboolean is_waiting;
  GSource *source; /* NULL unless it waits by one */
};

static void
drop_source (QueenIntake *self)
{
  if (!self->source)
    return;
  g_source_destroy (self->source);
  g_clear_pointer (&self->source, g_source_unref);
}

static void
tell_readable (QueenIntake *self)
{
  self->is_drained = FALSE;
  if (!self->is_waiting)
    return;
  queen_intake_stop (self);
  self->on_readable (self->data);
}

static void
on_socket_ready (gpointer item, guint events, gpointer data)
{
  tell_readable (item);
}

static gboolean
on_stream_readable (GObject *stream, gpointer data)
{
  QueenIntake *self = data;
  g_autoptr (GMainContext) around = g_main_context_ref (self->around); /* it may be over then */

  g_main_context_push_thread_default (around);
  tell_readable (self);
  g_main_context_pop_thread_default (around);
  return G_SOURCE_REMOVE;
}

QueenEpoll *
queen_intakes_new (void)
{
  return queen_epoll_new ("answers of workers", MAX_READY_AT_ONCE, on_socket_ready, NULL, NULL);
}

/* What is below all that decodes. Returns: -1 when it is no socket */
static int
find_socket (GInputStream *stream)
{
  while (G_IS_FILTER_INPUT_STREAM (stream))
    stream = g_filter_input_stream_get_base_stream (G_FILTER_INPUT_STREAM (stream));
  return G_IS_FILE_DESCRIPTOR_BASED (stream)
             ? g_file_descriptor_based_get_fd (G_FILE_DESCRIPTOR_BASED (stream))
             : -1;
}

QueenIntake *
queen_intake_new (QueenEpoll *sockets,
                  GInputStream *stream,
                  GMainContext *context,
                  void (*on_readable) (gpointer data),
                  gpointer data)
{
  QueenIntake *self = g_new0 (QueenIntake, 1);

  self->sockets = sockets;
  self->stream = stream;
  self->context = g_main_context_ref (context);
  self->around = g_main_context_ref_thread_default ();
  self->on_readable = on_readable;
  self->data = data;
  self->fd = sockets ? find_socket (stream) : -1;
  return self;
}

gssize
queen_intake_read (QueenIntake *self, char *buffer, gsize size, GError **error)
{
  GError *problem = NULL;
  gssize n;

  g_main_context_push_thread_default (self->context);
  n = g_pollable_input_stream_read_nonblocking (G_POLLABLE_INPUT_STREAM (self->stream), buffer,
                                                size, NULL, &problem);
  g_main_context_pop_thread_default (self->context);
  self->is_drained = g_error_matches (problem, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
  if (problem)
    g_propagate_error (error, problem);
  return n;
}

/* The kernel tells of what comes after the last byte that was read, and at first of what is there
 * already. */
static gboolean
may_wait_by_socket (QueenIntake *self)
{
  if (!self->is_drained || self->fd < 0)
    return FALSE;
  if (!self->is_watched)
    self->is_watched = queen_epoll_watch (self->sockets, self->fd, EPOLLIN, self);
  if (!self->is_watched)
    self->fd = -1;
  return self->is_watched;
}

void
queen_intake_wait (QueenIntake *self)
{
  self->is_waiting = TRUE;
  if (may_wait_by_socket (self))
    {
      drop_source (self);
      return;
    }
  if (self->source)
    return;
  self->source =
      g_pollable_input_stream_create_source (G_POLLABLE_INPUT_STREAM (self->stream), NULL);
  g_source_set_callback (self->source, G_SOURCE_FUNC (on_stream_readable), self, NULL);
  g_source_attach (self->source, self->context);
}

/* What libsoup has read ahead does not make a source ready that was there before: so each wait has
 * its own. */
void
queen_intake_stop (QueenIntake *self)
{
  self->is_waiting = FALSE;
  drop_source (self);
}

/* The socket may be another request's as soon as libsoup has it back. */
void
queen_intake_close (QueenIntake *self, GCancellable *cancellable)
{
  queen_intake_stop (self);
  if (self->is_watched)
    queen_epoll_forget (self->sockets, self->fd, self);
  g_main_context_push_thread_default (self->context);
  g_input_stream_close (self->stream, cancellable, NULL);
  g_object_unref (self->stream);
  g_main_context_pop_thread_default (self->context);
  g_main_context_unref (self->context);
  g_main_context_unref (self->around);
  g_free (self);
}
