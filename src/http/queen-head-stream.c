/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-head-stream.h"

#include <string.h>

struct _QueenHeadStream
{
  GInputStream parent_instance;

  GBytes *head; /* NULL before it is fed */
  gsize offset; /* bytes that have been read */
};

static void queen_head_stream_pollable_init (GPollableInputStreamInterface *interface);

G_DEFINE_FINAL_TYPE_WITH_CODE (QueenHeadStream,
                               queen_head_stream,
                               G_TYPE_INPUT_STREAM,
                               G_IMPLEMENT_INTERFACE (G_TYPE_POLLABLE_INPUT_STREAM,
                                                      queen_head_stream_pollable_init))

/* Ready as soon as its stream is. A look at the stream is all that takes: setting a ready time
 * would cost a system call to wake a context that is turned next anyway. */
typedef struct
{
  GSource source;
  QueenHeadStream *stream; /* the parent has a reference */
} FedSource;

static gboolean
check_fed (GSource *source)
{
  return ((FedSource *) source)->stream->head != NULL;
}

static gboolean
prepare_fed (GSource *source, int *timeout)
{
  *timeout = -1;
  return check_fed (source);
}

static gboolean
dispatch_fed (GSource *source, GSourceFunc callback, gpointer data)
{
  return G_SOURCE_CONTINUE; /* it is the parent that does something */
}

static GSource *
queen_head_stream_create_source (GPollableInputStream *pollable, GCancellable *cancellable)
{
  static GSourceFuncs funcs = { prepare_fed, check_fed, dispatch_fed };
  g_autoptr (GSource) fed = g_source_new (&funcs, sizeof (FedSource));
  GSource *source = g_pollable_source_new (G_OBJECT (pollable));

  ((FedSource *) fed)->stream = QUEEN_HEAD_STREAM (pollable);
  g_source_add_child_source (source, fed);
  return source;
}

static gboolean
queen_head_stream_is_readable (GPollableInputStream *pollable)
{
  return QUEEN_HEAD_STREAM (pollable)->head != NULL;
}

static gssize
queen_head_stream_read (
    GInputStream *stream, void *buffer, gsize count, GCancellable *cancellable, GError **error)
{
  QueenHeadStream *self = QUEEN_HEAD_STREAM (stream);
  const char *bytes;
  gsize size;

  if (!self->head)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK, "there is no request yet");
      return -1;
    }
  bytes = g_bytes_get_data (self->head, &size);
  count = MIN (count, size - self->offset);
  memcpy (buffer, bytes + self->offset, count);
  self->offset += count;
  return (gssize) count;
}

static gssize
queen_head_stream_read_nonblocking (GPollableInputStream *pollable,
                                    void *buffer,
                                    gsize count,
                                    GError **error)
{
  return queen_head_stream_read (G_INPUT_STREAM (pollable), buffer, count, NULL, error);
}

static void
queen_head_stream_pollable_init (GPollableInputStreamInterface *interface)
{
  interface->is_readable = queen_head_stream_is_readable;
  interface->create_source = queen_head_stream_create_source;
  interface->read_nonblocking = queen_head_stream_read_nonblocking;
}

static void
queen_head_stream_finalize (GObject *object)
{
  g_clear_pointer (&QUEEN_HEAD_STREAM (object)->head, g_bytes_unref);

  G_OBJECT_CLASS (queen_head_stream_parent_class)->finalize (object);
}

static void
queen_head_stream_class_init (QueenHeadStreamClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = queen_head_stream_finalize;
  G_INPUT_STREAM_CLASS (klass)->read_fn = queen_head_stream_read;
}

static void
queen_head_stream_init (QueenHeadStream *self)
{
}

QueenHeadStream *
queen_head_stream_new (void)
{
  return g_object_new (QUEEN_TYPE_HEAD_STREAM, NULL);
}

void
queen_head_stream_feed (QueenHeadStream *self, GBytes *head)
{
  g_return_if_fail (!self->head);

  self->head = g_bytes_ref (head);
}
