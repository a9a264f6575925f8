/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-epoll.h"

#include <errno.h>
#include <gio/gio.h>
#include <unistd.h>

struct _QueenEpoll
{
  GSource source;
  int fd;
  guint n_at_once;
  struct epoll_event *events;
  QueenEpollFunc func;
  gpointer data;
};

static gboolean
dispatch_epoll (GSource *source, GSourceFunc callback, gpointer data)
{
  QueenEpoll *self = (QueenEpoll *) source;
  int n_events = epoll_wait (self->fd, self->events, (int) self->n_at_once, 0);

  for (int i = 0; i < n_events; i++)
    self->func (self->events[i].data.ptr, self->events[i].events, self->data);
  return G_SOURCE_CONTINUE;
}

static void
finalize_epoll (GSource *source)
{
  QueenEpoll *self = (QueenEpoll *) source;

  close (self->fd);
  g_free (self->events);
}

QueenEpoll *
queen_epoll_new (
    const char *name, guint n_at_once, QueenEpollFunc func, gpointer data, GError **error)
{
  static GSourceFuncs funcs = { .dispatch = dispatch_epoll, .finalize = finalize_epoll };
  int fd = epoll_create1 (EPOLL_CLOEXEC);
  GSource *source;
  QueenEpoll *self;

  if (fd < 0)
    {
      g_set_error_literal (error, G_IO_ERROR, g_io_error_from_errno (errno), g_strerror (errno));
      return NULL;
    }

  source = g_source_new (&funcs, sizeof (QueenEpoll));
  self = (QueenEpoll *) source;
  self->fd = fd;
  self->n_at_once = n_at_once;
  self->events = g_new (struct epoll_event, n_at_once);
  self->func = func;
  self->data = data;
  g_source_add_unix_fd (source, fd, G_IO_IN);
  g_source_set_static_name (source, name);
  /* It never recurses; but GLib wakes the loop twice for each dispatch of a source that may not. */
  g_source_set_can_recurse (source, TRUE);
  g_source_attach (source, g_main_context_get_thread_default ());
  return self;
}

gboolean
queen_epoll_watch (QueenEpoll *self, int fd, guint events, gpointer item)
{
  struct epoll_event event = { .events = events | EPOLLRDHUP | EPOLLET, .data.ptr = item };

  return epoll_ctl (self->fd, EPOLL_CTL_ADD, fd, &event) == 0;
}

void
queen_epoll_forget (QueenEpoll *self, int fd)
{
  epoll_ctl (self->fd, EPOLL_CTL_DEL, fd, NULL);
}

void
queen_epoll_free (QueenEpoll *self)
{
  g_source_destroy (&self->source);
  g_source_unref (&self->source);
}
