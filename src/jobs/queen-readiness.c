/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-readiness.h"

#include <errno.h>
#include <gio/gfiledescriptorbased.h>
#include <gio/gio.h>
#include <poll.h>

#include "loop/queen-epoll.h"
#include "queen-soup.h"

#define MAX_READY_AT_ONCE 8 /* heads: those made to be slow take some ms each */

/* One descriptor, whatever is open by it: a closed one is in no epoll any more, and what was told
 * of it is no more than that somebody looks for nothing. */
typedef struct
{
  GSource *waiting; /* NULL when nobody does; it says itself when it is no more */
} Place;

struct _QueenReadiness
{
  QueenEpoll *epoll;
  GPtrArray *places; /* of Place, by descriptor; NULL where there was none */
};

typedef struct
{
  GSource source;
  Place *place;
} Wait;

typedef GSource *(*CreateSource) (GPollableInputStream *stream, GCancellable *cancellable);

static GPrivate readiness;            /* of this thread; NULL in all others */
static CreateSource create_by_socket; /* as GLib does it; NULL when it does it always */

static gboolean
dispatch_wait (GSource *source, GSourceFunc callback, gpointer data)
{
  g_source_set_ready_time (source, -1);
  return G_SOURCE_CONTINUE;
}

static void
finalize_wait (GSource *source)
{
  Place *place = ((Wait *) source)->place;

  if (place->waiting == source)
    place->waiting = NULL;
}

static void
on_place_ready (gpointer item, guint events, gpointer data)
{
  Place *place = item;

  if (place->waiting)
    g_source_set_ready_time (place->waiting, 0);
}

static Place *
ensure_place (QueenReadiness *self, int fd)
{
  if (self->places->len <= (guint) fd)
    g_ptr_array_set_size (self->places, fd + 1);
  if (!self->places->pdata[fd])
    self->places->pdata[fd] = g_new0 (Place, 1);
  return self->places->pdata[fd];
}

/* Whoever begins to wait may not have read all there is, or not at all. */
static gboolean
is_readable (int fd)
{
  struct pollfd look = { .fd = fd, .events = POLLIN };

  return poll (&look, 1, 0) != 0;
}

/* Returns: (transfer full) (nullable): waits for @fd; %NULL where the kernel has no room for that
 */
static GSource *
wait_new (QueenReadiness *self, int fd)
{
  static GSourceFuncs funcs = { .dispatch = dispatch_wait, .finalize = finalize_wait };
  Place *place = ensure_place (self, fd);
  GSource *source;

  if (!queen_epoll_watch (self->epoll, fd, EPOLLIN, place) && errno != EEXIST)
    return NULL;
  source = g_source_new (&funcs, sizeof (Wait));
  ((Wait *) source)->place = place;
  place->waiting = source;
  if (is_readable (fd))
    g_source_set_ready_time (source, 0);
  return source;
}

static void
add_child (GSource *source, GSource *child)
{
  g_source_add_child_source (source, child);
  g_source_unref (child);
}

static GSource *
create_source (GPollableInputStream *stream, GCancellable *cancellable)
{
  QueenReadiness *self = g_private_get (&readiness);
  int fd = self ? g_file_descriptor_based_get_fd (G_FILE_DESCRIPTOR_BASED (stream)) : -1;
  GSource *wait = fd >= 0 ? wait_new (self, fd) : NULL;
  GSource *source;

  if (!wait)
    return create_by_socket (stream, cancellable);
  source = g_pollable_source_new (G_OBJECT (stream));
  add_child (source, wait);
  if (cancellable)
    {
      GSource *child = g_cancellable_source_new (cancellable);

      g_source_set_dummy_callback (child);
      add_child (source, child);
    }
  return source;
}

/* libsoup makes its connections itself, and nobody can hand it any other kind: so the class of the
 * streams that it gets has to know. In all other threads it does what it did. */
static void
teach_streams (void)
{
  GType type = queen_soup_get_input_type ();
  GPollableInputStreamInterface *interface;

  if (!g_type_is_a (type, G_TYPE_FILE_DESCRIPTOR_BASED))
    return;
  interface = g_type_interface_peek (g_type_class_ref (type), G_TYPE_POLLABLE_INPUT_STREAM);
  create_by_socket = interface->create_source;
  interface->create_source = create_source;
}

QueenReadiness *
queen_readiness_new (void)
{
  static gsize is_taught;
  QueenReadiness *self;
  QueenEpoll *epoll;

  if (g_once_init_enter (&is_taught))
    {
      teach_streams ();
      g_once_init_leave (&is_taught, TRUE);
    }
  epoll = create_by_socket ? queen_epoll_new ("heads of workers' answers", MAX_READY_AT_ONCE,
                                              on_place_ready, NULL, NULL)
                           : NULL;
  if (!epoll)
    return NULL;
  self = g_new0 (QueenReadiness, 1);
  self->epoll = epoll;
  self->places = g_ptr_array_new_with_free_func (g_free);
  return self;
}

void
queen_readiness_enter (QueenReadiness *self)
{
  g_private_set (&readiness, self);
}

void
queen_readiness_free (QueenReadiness *self)
{
  g_private_set (&readiness, NULL);
  queen_epoll_free (self->epoll);
  g_ptr_array_unref (self->places);
  g_free (self);
}
