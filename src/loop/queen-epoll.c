/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-epoll.h"

#include <errno.h>
#include <gio/gio.h>
#include <unistd.h>

#include "queen-clock.h"

#define FIRST_FETCHED 4
#define SHORT (QUEEN_SLICE / 8) /* µs */

struct _QueenEpoll
{
  GSource source;
  int fd;
  guint n_at_once;
  struct epoll_event *events; /* as the kernel has told of them */
  guint n_ready;
  guint n_served;
  QueenEpollFunc func;
  gpointer data;
};

/* Serves up to @n sockets that are ready. Returns how many were. */
static guint
serve (QueenEpoll *self, guint n)
{
  int n_events = epoll_wait (self->fd, self->events, (int) n, 0);

  self->n_ready = (guint) MAX (n_events, 0);
  for (self->n_served = 0; self->n_served < self->n_ready;)
    {
      const struct epoll_event *event = &self->events[self->n_served++];

      if (event->data.ptr)
        self->func (event->data.ptr, event->events, self->data);
    }
  self->n_ready = 0;
  return self->n_served;
}

/* An event that has been fetched must be served, and nobody knows in advance how long that takes.
 * So only a few are fetched as long as there may be slow ones among them; the others stay in the
 * kernel, in their order.
 *
 * Whoever has been served has often said something else when all have: as long as that does not
 * take long, it is looked for at once, as a turn of the loop costs a fourth of a heartbeat. */
static gboolean
dispatch_epoll (GSource *source, GSourceFunc callback, gpointer data)
{
  QueenEpoll *self = (QueenEpoll *) source;
  gint64 start = g_get_monotonic_time ();
  guint n_left = self->n_at_once;
  guint n_next = MIN (FIRST_FETCHED, n_left);

  while (n_next > 0 && !g_source_is_destroyed (source))
    {
      guint n_served = serve (self, n_next);
      gint64 took = g_get_monotonic_time () - start;

      if (n_served == 0 || took >= (n_served == n_next ? QUEEN_SLICE : SHORT))
        break;
      n_left -= n_served;
      n_next = MIN (took < SHORT ? 2 * n_next : n_next, n_left);
    }
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

static int
control (QueenEpoll *self, int operation, int fd, guint events, gpointer item)
{
  struct epoll_event event = { .events = events | EPOLLRDHUP | EPOLLET, .data.ptr = item };

  return epoll_ctl (self->fd, operation, fd, &event);
}

gboolean
queen_epoll_watch (QueenEpoll *self, int fd, guint events, gpointer item)
{
  return control (self, EPOLL_CTL_ADD, fd, events, item) == 0;
}

void
queen_epoll_remind (QueenEpoll *self, int fd, guint events, gpointer item)
{
  control (self, EPOLL_CTL_MOD, fd, events, item);
}

void
queen_epoll_forget (QueenEpoll *self, int fd, gpointer item)
{
  epoll_ctl (self->fd, EPOLL_CTL_DEL, fd, NULL);
  for (guint i = self->n_served; i < self->n_ready; i++)
    if (self->events[i].data.ptr == item)
      self->events[i].data.ptr = NULL;
}

void
queen_epoll_free (QueenEpoll *self)
{
  g_source_destroy (&self->source);
  g_source_unref (&self->source);
}
