/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-dbus-frames.h"

#include <errno.h>
#include <string.h>

#include "net/queen-closer.h"
#include "queen-dbus-bus.h"
#include "queen-dbus-descriptors.h"
#include "queen-dbus-head.h"
#include "queen-dbus-values.h"

#define ENCLOSURE "queen-dbus-enclosure"
#define MAX_HEAD (8 * 1024) /* bytes: four names and a path of hers are 2 KiB at the most */

/* More have no message that they may belong to: of one only a part has been read, and with what has
 * come last another one begins. */
#define MAX_BATCHES 2

/* Descriptors that nobody wants, and that wait because sixteen others cannot be closed. There must
 * not be more, or nobody else gets one. A bus can be kept from passing them only when one comes to
 * it (queen-dbus-stream.c). */
#define MAX_UNCLOSED 512

/* Descriptors that have come with one message. */
typedef struct
{
  guint64 end; /* the bytes with which they came, counted from the first ever */
  QueenDBusArrival arrival;
} Batch;

/* The same while they are with a message of GDBus's. */
typedef struct
{
  QueenDBusFrames *frames;
  QueenDBusArrival arrival;
} Enclosure;

struct _QueenDBusFrames
{
  GInputStream parent_instance;

  GIOStream *connection;
  GPollableInputStream *input; /* the same as the socket, for who waits */
  GSocket *socket;
  const QueenDBusFramesLimits *limits;
  gint lets_calls_in;         /* atomic */
  gint leaves_unanswered_out; /* atomic */

  gsize start, end; /* of what has been read, and neither given out nor left out */
  gsize n_given;    /* bytes from here on that are given out, read or not */
  gsize n_left_out; /* and those behind them that are left out */
  gsize room;       /* bytes of the buffer: any message that is not left out, from head to end */
  guint8 *buffer;

  guint64 n_read;             /* bytes, ever */
  Batch batches[MAX_BATCHES]; /* the oldest first */
  guint n_batches;
  Batch given;        /* what came with the message that is given out, if it is wanted; its end: 0
                       * for none */
  gint n_descriptors; /* atomic: what is with messages that GDBus has */
};

static void queen_dbus_frames_pollable_init (GPollableInputStreamInterface *interface);

G_DEFINE_FINAL_TYPE_WITH_CODE (QueenDBusFrames,
                               queen_dbus_frames,
                               G_TYPE_INPUT_STREAM,
                               G_IMPLEMENT_INTERFACE (G_TYPE_POLLABLE_INPUT_STREAM,
                                                      queen_dbus_frames_pollable_init))

/* Judging */

static gsize
get_n_read (QueenDBusFrames *self)
{
  return self->end - self->start;
}

static gboolean
is_call (const QueenDBusHead *head)
{
  return head->type == G_DBUS_MESSAGE_TYPE_METHOD_CALL;
}

static gboolean
is_unwanted (QueenDBusFrames *self, const QueenDBusHead *head)
{
  gboolean is_wanted =
      g_atomic_int_get (&self->lets_calls_in) &&
      (queen_dbus_head_is_awaited (head) || !g_atomic_int_get (&self->leaves_unanswered_out));

  return is_call (head) && !is_wanted;
}

static gboolean
is_of_bus (const QueenDBusHead *head)
{
  return g_str_equal (queen_dbus_head_get_text (head, G_DBUS_MESSAGE_HEADER_FIELD_SENDER),
                      QUEEN_DBUS_BUS_NAME);
}

/* Types that there may be in future must be ignored; and she listens to nobody's signals else. */
static gboolean
is_strange (const QueenDBusHead *head)
{
  if (head->type == G_DBUS_MESSAGE_TYPE_SIGNAL)
    return !is_of_bus (head);
  return head->type == G_DBUS_MESSAGE_TYPE_INVALID || head->type > G_DBUS_MESSAGE_TYPE_SIGNAL;
}

/* Who does not say who it is, is the bus: it says so of everybody else. */
static gboolean
is_answer_of_others (const QueenDBusHead *head)
{
  gboolean is_answer =
      head->type == G_DBUS_MESSAGE_TYPE_METHOD_RETURN || head->type == G_DBUS_MESSAGE_TYPE_ERROR;

  return is_answer && head->body > 0 && !is_of_bus (head) &&
         head->fields[G_DBUS_MESSAGE_HEADER_FIELD_SENDER] != 0;
}

static const char *
get_signature (const QueenDBusHead *head)
{
  return queen_dbus_head_get_text (head, G_DBUS_MESSAGE_HEADER_FIELD_SIGNATURE);
}

static gboolean
is_method_of (QueenDBusFrames *self, const QueenDBusHead *head, const char *const *methods)
{
  const QueenDBusFramesLimits *limits = self->limits;
  const char *path = queen_dbus_head_get_text (head, G_DBUS_MESSAGE_HEADER_FIELD_PATH);
  const char *interface = queen_dbus_head_get_text (head, G_DBUS_MESSAGE_HEADER_FIELD_INTERFACE);
  const char *member = queen_dbus_head_get_text (head, G_DBUS_MESSAGE_HEADER_FIELD_MEMBER);

  return g_str_equal (path, limits->path) && g_str_equal (interface, limits->interface) &&
         g_strv_contains (methods, member);
}

static gsize
get_most (QueenDBusFrames *self, const QueenDBusHead *head)
{
  gboolean has_values = strpbrk (get_signature (head), "av(") != NULL;

  if (!is_call (head) || !has_values || is_method_of (self, head, self->limits->rich_methods))
    return self->limits->body;
  return self->limits->values;
}

static void
leave_out (QueenDBusFrames *self, const QueenDBusHead *head)
{
  /* Those who flood are summed up where all lines are. */
  g_message ("a message of %" G_GSIZE_FORMAT " bytes on the bus was left unread",
             head->size + head->body);
  self->n_left_out = head->size + head->body;
}

/* Makes a message without a body of it. */
static void
leave_body_out (QueenDBusFrames *self, const QueenDBusHead *head)
{
  guint8 *bytes = self->buffer + self->start;

  memset (bytes + 4, 0, 4);
  bytes[head->fields[G_DBUS_MESSAGE_HEADER_FIELD_SIGNATURE]] = QUEEN_DBUS_FRAMES_CUT;
  self->n_given = head->size;
  self->n_left_out = head->body;
}

/* Only what is in a variant can be deeper than its message's signature says. */
static gboolean
has_variants (const QueenDBusHead *head)
{
  return is_call (head) && strchr (get_signature (head), 'v');
}

static gboolean
is_deep (QueenDBusFrames *self, const QueenDBusHead *head)
{
  const QueenDBusValues body = { head->bytes + head->size, head->body, head->is_little_endian };
  const char *type = get_signature (head);
  gsize offset = 0;

  while (offset != QUEEN_DBUS_VALUES_NONE && *type)
    offset = queen_dbus_values_skip (&body, &type, offset, self->limits->depth);
  return offset != head->body;
}

static void
refuse_call (QueenDBusFrames *self, const QueenDBusHead *head)
{
  leave_out (self, head);
  if (is_call (head))
    leave_body_out (self, head);
}

/* Returns: whether it was judged; %FALSE when its body must be read first */
static gboolean
judge_body (QueenDBusFrames *self, const QueenDBusHead *head)
{
  if (head->body > get_most (self, head))
    refuse_call (self, head);
  else if (!has_variants (head))
    self->n_given = head->size + head->body;
  else if (get_n_read (self) < head->size + head->body)
    return FALSE;
  else if (is_deep (self, head))
    refuse_call (self, head);
  else
    self->n_given = head->size + head->body;
  return TRUE;
}

/* Likewise. */
static gboolean
judge_head (QueenDBusFrames *self, QueenDBusHead *head)
{
  if (!queen_dbus_head_read_fields (head))
    leave_out (self, head);
  else if (is_strange (head) || is_unwanted (self, head))
    self->n_left_out = head->size + head->body;
  else if (is_answer_of_others (head))
    leave_body_out (self, head);
  else
    return judge_body (self, head);
  return TRUE;
}

/* Descriptors */

static void
drop_batch (Batch *batch)
{
  if (batch->arrival.fd >= 0)
    queen_closer_close (batch->arrival.fd);
  *batch = (Batch){ .arrival.fd = -1 };
}

static gboolean
add_batch (QueenDBusFrames *self, const QueenDBusArrival *arrival, GError **error)
{
  if (arrival->n == 0)
    return TRUE;
  if (self->n_batches < MAX_BATCHES && queen_closer_get_n_waiting () <= MAX_UNCLOSED)
    {
      self->batches[self->n_batches++] = (Batch){ self->n_read, *arrival };
      return TRUE;
    }
  if (arrival->fd >= 0)
    queen_closer_close (arrival->fd);
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                       self->n_batches < MAX_BATCHES
                           ? "descriptors have come by it that cannot be closed"
                           : "it sends descriptors without a message");
  return FALSE;
}

static gboolean
wants_descriptor (QueenDBusFrames *self, const QueenDBusHead *head)
{
  return self->n_left_out == 0 && is_call (head) &&
         is_method_of (self, head, self->limits->descriptor_methods);
}

/* Of a message that has been judged: what is not wanted is closed at once. They came with what the
 * message begins with, and at the latest with the last bytes of it. */
static void
sort_descriptors_out (QueenDBusFrames *self, const QueenDBusHead *head)
{
  guint64 end = self->n_read - get_n_read (self) + head->size + head->body;

  drop_batch (&self->given);
  if (self->n_batches == 0 || self->batches[0].end > end)
    return;
  self->given = self->batches[0];
  self->batches[0] = self->batches[1];
  self->n_batches--;
  if (!wants_descriptor (self, head))
    drop_batch (&self->given);
}

/* Returns: whether it was judged; %FALSE when more of it must be read first, or with @error */
static gboolean
judge_next (QueenDBusFrames *self, GError **error)
{
  QueenDBusHead head;

  if (get_n_read (self) < QUEEN_DBUS_HEAD_FIXED ||
      !queen_dbus_head_begin (&head, self->buffer + self->start, error))
    return FALSE;
  if (head.size > MAX_HEAD)
    leave_out (self, &head);
  else if (get_n_read (self) < head.size || !judge_head (self, &head))
    return FALSE;
  sort_descriptors_out (self, &head);
  return TRUE;
}

/* Returns: how many bytes can be given out at once; 0 when more must be read first, or with
 * @error */
static gsize
make_ready (QueenDBusFrames *self, GError **error)
{
  do
    {
      gsize n = MIN (self->n_left_out, get_n_read (self));

      if (self->n_given > 0)
        return MIN (self->n_given, get_n_read (self));
      self->start += n;
      self->n_left_out -= n;
    }
  while (self->n_left_out == 0 && judge_next (self, error));
  return 0;
}

/* Reading */

/* Once it has said that there is something. */
static gssize
receive (QueenDBusFrames *self, QueenDBusArrival *arrival, GError **error)
{
  gssize n =
      queen_dbus_descriptors_receive (g_socket_get_fd (self->socket), self->buffer + self->end,
                                      self->room - self->end, arrival);
  int problem = errno;

  if (n < 0)
    g_set_error_literal (error, G_IO_ERROR, g_io_error_from_errno (problem), g_strerror (problem));
  return n;
}

static gssize
fill (QueenDBusFrames *self, gboolean is_blocking, GCancellable *cancellable, GError **error)
{
  QueenDBusArrival arrival = { 0 };
  gssize n;

  if (self->start > 0)
    memmove (self->buffer, self->buffer + self->start, get_n_read (self));
  self->end -= self->start;
  self->start = 0;
  if (is_blocking && !g_socket_condition_wait (self->socket, G_IO_IN, cancellable, error))
    return -1;
  n = receive (self, &arrival, error);
  self->end += (gsize) MAX (n, 0);
  self->n_read += (guint64) MAX (n, 0);
  return add_batch (self, &arrival, error) ? n : -1;
}

static gssize
read_frames (QueenDBusFrames *self,
             void *bytes,
             gsize most,
             gboolean is_blocking,
             GCancellable *cancellable,
             GError **error)
{
  GError *problem = NULL;
  gsize n;

  while ((n = make_ready (self, &problem)) == 0)
    {
      gssize result = problem ? -1 : fill (self, is_blocking, cancellable, &problem);

      if (result <= 0)
        {
          if (problem)
            g_propagate_error (error, problem);
          return result;
        }
    }
  n = MIN (n, most);
  memcpy (bytes, self->buffer + self->start, n);
  self->start += n;
  self->n_given -= n;
  return (gssize) n;
}

static gssize
queen_dbus_frames_read (
    GInputStream *stream, void *bytes, gsize most, GCancellable *cancellable, GError **error)
{
  return read_frames (QUEEN_DBUS_FRAMES (stream), bytes, most, TRUE, cancellable, error);
}

static gssize
queen_dbus_frames_read_nonblocking (GPollableInputStream *stream,
                                    void *bytes,
                                    gsize most,
                                    GError **error)
{
  return read_frames (QUEEN_DBUS_FRAMES (stream), bytes, most, FALSE, NULL, error);
}

static gboolean
queen_dbus_frames_is_readable (GPollableInputStream *stream)
{
  QueenDBusFrames *self = QUEEN_DBUS_FRAMES (stream);

  return get_n_read (self) > 0 || g_pollable_input_stream_is_readable (self->input);
}

/* As for every stream: who waits has tried to read before, and there was nothing. */
static GSource *
queen_dbus_frames_create_source (GPollableInputStream *stream, GCancellable *cancellable)
{
  QueenDBusFrames *self = QUEEN_DBUS_FRAMES (stream);
  g_autoptr (GSource) source = g_pollable_input_stream_create_source (self->input, NULL);

  return g_pollable_source_new_full (self, source, cancellable);
}

static void
queen_dbus_frames_pollable_init (GPollableInputStreamInterface *interface)
{
  interface->is_readable = queen_dbus_frames_is_readable;
  interface->create_source = queen_dbus_frames_create_source;
  interface->read_nonblocking = queen_dbus_frames_read_nonblocking;
}

static gboolean
queen_dbus_frames_close (GInputStream *stream, GCancellable *cancellable, GError **error)
{
  return g_io_stream_close (QUEEN_DBUS_FRAMES (stream)->connection, cancellable, error);
}

static void
queen_dbus_frames_finalize (GObject *object)
{
  QueenDBusFrames *self = QUEEN_DBUS_FRAMES (object);

  drop_batch (&self->given);
  for (guint i = 0; i < self->n_batches; i++)
    drop_batch (&self->batches[i]);
  g_object_unref (self->connection);
  g_free (self->buffer);

  G_OBJECT_CLASS (queen_dbus_frames_parent_class)->finalize (object);
}

static void
queen_dbus_frames_class_init (QueenDBusFramesClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GInputStreamClass *stream_class = G_INPUT_STREAM_CLASS (klass);

  object_class->finalize = queen_dbus_frames_finalize;
  stream_class->read_fn = queen_dbus_frames_read;
  stream_class->close_fn = queen_dbus_frames_close;
}

static void
queen_dbus_frames_init (QueenDBusFrames *self)
{
}

GInputStream *
queen_dbus_frames_new (GSocketConnection *connection, const QueenDBusFramesLimits *limits)
{
  QueenDBusFrames *self = g_object_new (QUEEN_TYPE_DBUS_FRAMES, NULL);

  self->connection = g_object_ref (G_IO_STREAM (connection));
  self->input = G_POLLABLE_INPUT_STREAM (g_io_stream_get_input_stream (self->connection));
  self->socket = g_socket_connection_get_socket (connection);
  self->given.arrival.fd = -1;
  self->limits = limits;
  self->room = MAX_HEAD + limits->body;
  self->buffer = g_malloc (self->room);
  return G_INPUT_STREAM (self);
}

QueenDBusFrames *
queen_dbus_frames_find (GDBusConnection *connection)
{
  GInputStream *input = g_io_stream_get_input_stream (g_dbus_connection_get_stream (connection));

  return QUEEN_IS_DBUS_FRAMES (input) ? QUEEN_DBUS_FRAMES (input) : NULL;
}

void
queen_dbus_frames_let_calls_in (QueenDBusFrames *self)
{
  g_atomic_int_set (&self->lets_calls_in, TRUE);
}

void
queen_dbus_frames_leave_unanswered_out (QueenDBusFrames *self, gboolean is_wanted)
{
  g_atomic_int_set (&self->leaves_unanswered_out, is_wanted);
}

/* What goes along with a message */

static void
free_enclosure (gpointer data)
{
  Enclosure *enclosure = data;

  if (enclosure->arrival.fd >= 0)
    queen_closer_close (enclosure->arrival.fd);
  g_atomic_int_add (&enclosure->frames->n_descriptors, -1);
  g_object_unref (enclosure->frames);
  g_free (enclosure);
}

void
queen_dbus_frames_enclose (QueenDBusFrames *self, GDBusMessage *message)
{
  Enclosure *enclosure;

  if (self->given.end == 0)
    return;
  enclosure = g_new0 (Enclosure, 1);
  enclosure->frames = g_object_ref (self);
  if (g_atomic_int_add (&self->n_descriptors, 1) >= (gint) self->limits->descriptors)
    drop_batch (&self->given), self->given.arrival.n = 1;
  enclosure->arrival = self->given.arrival;
  self->given = (Batch){ .arrival.fd = -1 };
  g_object_set_data_full (G_OBJECT (message), ENCLOSURE, enclosure, free_enclosure);
}

QueenDBusArrival
queen_dbus_frames_take_out (GDBusMessage *message)
{
  Enclosure *enclosure = g_object_get_data (G_OBJECT (message), ENCLOSURE);
  QueenDBusArrival arrival = { .fd = -1 };

  if (!enclosure)
    return arrival;
  arrival = enclosure->arrival;
  enclosure->arrival.fd = -1;
  return arrival;
}
