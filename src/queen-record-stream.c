/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-record-stream.h"

#include <gio/gfiledescriptorbased.h>
#include <sys/socket.h>

#define HEAD_LENGTH 5 /* bytes: type, version, and the length of what follows; RFC 8446 § 5.1 */
#define HANDSHAKE 22  /* a type */

/* The input */

#define QUEEN_TYPE_RECORD_INPUT (queen_record_input_get_type ())
G_DECLARE_FINAL_TYPE (QueenRecordInput, queen_record_input, QUEEN, RECORD_INPUT, GFilterInputStream)

struct _QueenRecordInput
{
  GFilterInputStream parent_instance;

  guint head_length; /* bytes that there are of a head */
  guint8 type;       /* of the record, when there is any of it */
  gsize length;      /* of the record, as far as its head says so */
  gsize left;        /* bytes of the record that are still to come */
  guint n_at_once;
  int n_of_nothing; /* below 0 for what is to the other end's credit */
  gboolean is_open; /* hands have been shaken */
  gboolean is_shaken_again;
};

struct _QueenRecordStream
{
  GIOStream parent_instance;

  GIOStream *connection;
  QueenRecordInput *input;
};

static void queen_record_input_init_pollable (GPollableInputStreamInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (QueenRecordInput,
                               queen_record_input,
                               G_TYPE_FILTER_INPUT_STREAM,
                               G_IMPLEMENT_INTERFACE (G_TYPE_POLLABLE_INPUT_STREAM,
                                                      queen_record_input_init_pollable))

G_DEFINE_FINAL_TYPE (QueenRecordStream, queen_record_stream, G_TYPE_IO_STREAM)

static GInputStream *
get_base (gpointer self)
{
  return g_filter_input_stream_get_base_stream (G_FILTER_INPUT_STREAM (self));
}

static void
take_head_byte (QueenRecordInput *self, guint8 byte)
{
  if (self->head_length == 0)
    self->type = byte;
  self->length = self->length << 8 | byte;
  if (++self->head_length < HEAD_LENGTH)
    return;
  self->left = self->length & 0xffff;
  self->head_length = 0;
  self->length = 0;
  self->n_at_once++;
  self->n_of_nothing++;
  self->is_shaken_again |= self->is_open && self->type == HANDSHAKE;
}

static void
count_records (QueenRecordInput *self, const guint8 *bytes, gsize n_bytes)
{
  while (n_bytes > 0)
    {
      gsize n = MIN (self->left, n_bytes);

      if (n == 0)
        take_head_byte (self, *bytes);
      else
        self->left -= n;
      n = MAX (n, 1);
      bytes += n;
      n_bytes -= n;
    }
}

/* To shake hands again was possible before TLS 1.3, which hides what it has of that. It would go on
 * in a thread, for as long as the other end likes, and nobody could stop it. */
static gboolean
check_records (QueenRecordInput *self, GError **error)
{
  if (self->n_of_nothing <= QUEEN_RECORDS_OF_NOTHING && !self->is_shaken_again)
    return TRUE;
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                       self->is_shaken_again ? "the other end wants to shake hands again"
                                             : "there is nothing in very many records of TLS");
  return FALSE;
}

/* Returns: @n, or -1 when nothing more is to be read */
static gssize
take_records (QueenRecordInput *self, const void *bytes, gssize n, GError **error)
{
  if (n > 0)
    count_records (self, bytes, (gsize) n);
  return n > 0 && !check_records (self, error) ? -1 : n;
}

static void
shut_down (GCancellable *cancellable, gpointer socket)
{
  shutdown (GPOINTER_TO_INT (socket), SHUT_RDWR);
}

/* As a thread reads that shakes hands. GLib would make a descriptor by which it hears that it is
 * cancelled, and ends the process when there is none left. So it hears of that as of the other
 * end's: nobody goes on with a connection that was given up. */
static gssize
read_patiently (
    GInputStream *stream, void *buffer, gsize size, GCancellable *cancellable, GError **error)
{
  int socket = g_file_descriptor_based_get_fd (G_FILE_DESCRIPTOR_BASED (stream));
  gulong id = cancellable ? g_cancellable_connect (cancellable, G_CALLBACK (shut_down),
                                                   GINT_TO_POINTER (socket), NULL)
                          : 0;
  gssize n = g_input_stream_read (stream, buffer, size, NULL, error);

  g_cancellable_disconnect (cancellable, id);
  if (!g_cancellable_is_cancelled (cancellable))
    return n;
  g_clear_error (error);
  g_cancellable_set_error_if_cancelled (cancellable, error);
  return -1;
}

static gssize
queen_record_input_read (
    GInputStream *stream, void *buffer, gsize size, GCancellable *cancellable, GError **error)
{
  QueenRecordInput *self = QUEEN_RECORD_INPUT (stream);
  gssize n;

  if (!check_records (self, error))
    return -1;
  n = G_IS_FILE_DESCRIPTOR_BASED (get_base (self))
          ? read_patiently (get_base (self), buffer, size, cancellable, error)
          : g_input_stream_read (get_base (self), buffer, size, cancellable, error);
  return take_records (self, buffer, n, error);
}

static gssize
queen_record_input_read_nonblocking (GPollableInputStream *stream,
                                     void *buffer,
                                     gsize size,
                                     GError **error)
{
  QueenRecordInput *self = QUEEN_RECORD_INPUT (stream);
  gssize n;

  if (!check_records (self, error))
    return -1;
  if (self->n_at_once >= QUEEN_RECORDS_AT_ONCE)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK, "others have their turn");
      return -1;
    }
  n = g_pollable_input_stream_read_nonblocking (G_POLLABLE_INPUT_STREAM (get_base (self)), buffer,
                                                size, NULL, error);
  return take_records (self, buffer, n, error);
}

static gboolean
queen_record_input_can_poll (GPollableInputStream *stream)
{
  return G_IS_POLLABLE_INPUT_STREAM (get_base (stream)) &&
         g_pollable_input_stream_can_poll (G_POLLABLE_INPUT_STREAM (get_base (stream)));
}

static gboolean
queen_record_input_is_readable (GPollableInputStream *stream)
{
  return g_pollable_input_stream_is_readable (G_POLLABLE_INPUT_STREAM (get_base (stream)));
}

static GSource *
queen_record_input_create_source (GPollableInputStream *stream, GCancellable *cancellable)
{
  g_autoptr (GSource) base =
      g_pollable_input_stream_create_source (G_POLLABLE_INPUT_STREAM (get_base (stream)),
                                             cancellable);

  return g_pollable_source_new_full (stream, base, NULL);
}

static void
queen_record_input_init_pollable (GPollableInputStreamInterface *iface)
{
  iface->can_poll = queen_record_input_can_poll;
  iface->is_readable = queen_record_input_is_readable;
  iface->create_source = queen_record_input_create_source;
  iface->read_nonblocking = queen_record_input_read_nonblocking;
}

static void
queen_record_input_class_init (QueenRecordInputClass *klass)
{
  G_INPUT_STREAM_CLASS (klass)->read_fn = queen_record_input_read;
}

static void
queen_record_input_init (QueenRecordInput *self)
{
}

/* The stream */

static GInputStream *
queen_record_stream_get_input (GIOStream *stream)
{
  return G_INPUT_STREAM (QUEEN_RECORD_STREAM (stream)->input);
}

static GOutputStream *
queen_record_stream_get_output (GIOStream *stream)
{
  return g_io_stream_get_output_stream (QUEEN_RECORD_STREAM (stream)->connection);
}

static gboolean
queen_record_stream_close (GIOStream *stream, GCancellable *cancellable, GError **error)
{
  return g_io_stream_close (QUEEN_RECORD_STREAM (stream)->connection, cancellable, error);
}

/* No socket waits for that, so it takes no thread. */
static void
queen_record_stream_close_async (GIOStream *stream,
                                 int priority,
                                 GCancellable *cancellable,
                                 GAsyncReadyCallback callback,
                                 gpointer data)
{
  g_autoptr (GTask) task = g_task_new (stream, cancellable, callback, data);
  GError *error = NULL;

  g_task_set_name (task, "queen_record_stream_close");
  if (queen_record_stream_close (stream, cancellable, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

static gboolean
queen_record_stream_close_finish (GIOStream *stream, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
queen_record_stream_finalize (GObject *object)
{
  QueenRecordStream *self = QUEEN_RECORD_STREAM (object);

  g_clear_object (&self->input);
  g_clear_object (&self->connection);

  G_OBJECT_CLASS (queen_record_stream_parent_class)->finalize (object);
}

static void
queen_record_stream_class_init (QueenRecordStreamClass *klass)
{
  GIOStreamClass *stream_class = G_IO_STREAM_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = queen_record_stream_finalize;
  stream_class->get_input_stream = queen_record_stream_get_input;
  stream_class->get_output_stream = queen_record_stream_get_output;
  stream_class->close_fn = queen_record_stream_close;
  stream_class->close_async = queen_record_stream_close_async;
  stream_class->close_finish = queen_record_stream_close_finish;
}

static void
queen_record_stream_init (QueenRecordStream *self)
{
}

QueenRecordStream *
queen_record_stream_new (GIOStream *connection)
{
  QueenRecordStream *self = g_object_new (QUEEN_TYPE_RECORD_STREAM, NULL);

  self->connection = g_object_ref (connection);
  self->input =
      g_object_new (QUEEN_TYPE_RECORD_INPUT, "base-stream",
                    g_io_stream_get_input_stream (connection), "close-base-stream", FALSE, NULL);
  return self;
}

GIOStream *
queen_record_stream_get_outside (QueenRecordStream *self)
{
  return self->input->is_open ? self->connection : G_IO_STREAM (self);
}

void
queen_record_stream_begin_read (QueenRecordStream *self)
{
  self->input->is_open = TRUE;
  self->input->n_at_once = 0;
}

void
queen_record_stream_end_read (QueenRecordStream *self)
{
  self->input->n_of_nothing =
      MAX (self->input->n_of_nothing - QUEEN_RECORDS_PER_READ, -QUEEN_RECORDS_OF_NOTHING);
}
