/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-dbus-frames.h"

#include <errno.h>
#include <string.h>

#include "net/queen-closer.h"
#include "queen-dbus-descriptors.h"
#include "queen-dbus-head.h"
#include "queen-dbus-judging.h"
#include "queen-dbus-turns.h"

#define ENCLOSURE "queen-dbus-enclosure"
#define MAX_HEAD (8 * 1024) /* bytes: four names and a path of hers are 2 KiB at the most */

/* More have no message that they may belong to: of one only a part has been read, and with what has
 * come last another one begins. */
#define MAX_BATCHES 2

/* Bytes that are read at once before a call has its turn, however many more there are. */
#define MAX_DRAINED (256 * 1024)

/* Descriptors that have come with one message. */
typedef struct
{
  guint64 end; /* the bytes with which they came, counted from the first ever */
  QueenDBusArrival arrival;
} Batch;

#define NO_BATCH ((Batch){ .arrival.fd = -1 })

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
  gsize n_given;    /* bytes from here on that are given out, read or not; none of a call */
  gsize n_left_out; /* and those behind them that are left out */
  gsize room;       /* bytes of the buffer: any message that is not left out, from head to end */
  guint8 *buffer;

  QueenDBusTurns *turns; /* of calls, which have been read */
  GBytes *call;          /* the one that is given out; NULL for none */
  gsize n_of_call;       /* bytes of it that have been given out */
  gsize n_drained;       /* bytes, since the last one */

  guint64 n_read;             /* bytes, ever */
  Batch batches[MAX_BATCHES]; /* the oldest first */
  guint n_batches;
  QueenDBusArrival given; /* what came with the call that is given out */
  gint n_descriptors;     /* atomic: what is with messages that GDBus has */
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
is_unwanted (QueenDBusFrames *self, const QueenDBusHead *head)
{
  gboolean is_wanted =
      g_atomic_int_get (&self->lets_calls_in) &&
      (queen_dbus_head_is_awaited (head) || !g_atomic_int_get (&self->leaves_unanswered_out));

  return queen_dbus_head_is_call (head) && !is_wanted;
}

static void
leave_out (QueenDBusFrames *self, const QueenDBusHead *head)
{
  /* Those who flood are summed up where all lines are. Who lets no calls in has no such place. */
  if (g_atomic_int_get (&self->lets_calls_in))
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

/* GDBus keeps for ever what names an error of one of GLib's kinds, and others may name any number
 * of kinds. Without its first letter it is of none, and is an error still. */
static void
hollow_answer (QueenDBusFrames *self, const QueenDBusHead *head)
{
  gsize name = head->fields[G_DBUS_MESSAGE_HEADER_FIELD_ERROR_NAME];

  if (name > 0)
    self->buffer[self->start + name + QUEEN_DBUS_HEAD_TEXT] = '_';
  self->n_given = head->size;
  if (head->body > 0)
    leave_body_out (self, head);
}

static void
refuse_call (QueenDBusFrames *self, const QueenDBusHead *head)
{
  leave_out (self, head);
  if (queen_dbus_head_is_call (head))
    leave_body_out (self, head);
}

/* Returns: whether it was judged; %FALSE when its body must be read first */
static gboolean
judge_body (QueenDBusFrames *self, const QueenDBusHead *head)
{
  if (head->body > queen_dbus_judging_get_most (head, self->limits))
    refuse_call (self, head);
  else if (queen_dbus_head_is_call (head) && get_n_read (self) < head->size + head->body)
    return FALSE;
  else if (queen_dbus_judging_is_deep (head, self->limits))
    refuse_call (self, head);
  else
    self->n_given = head->size + head->body;
  return TRUE;
}

/* Before it has cost anything. A bus says of each call whose it is.
 *
 * Returns: whether there is no room for it: then it is refused, if that is possible */
static gboolean
is_too_much (QueenDBusFrames *self, const QueenDBusHead *head)
{
  const char *caller = queen_dbus_head_get_text (head, G_DBUS_MESSAGE_HEADER_FIELD_SENDER);

  if (!queen_dbus_head_is_call (head) ||
      queen_dbus_turns_make_room (self->turns, caller,
                                  head->size + MIN (head->body, self->limits->body)))
    return FALSE;
  queen_dbus_turns_refuse (self->turns, caller, head);
  return TRUE;
}

/* Likewise. */
static gboolean
judge_head (QueenDBusFrames *self, QueenDBusHead *head)
{
  if (!queen_dbus_head_read_fields (head))
    leave_out (self, head);
  else if (queen_dbus_judging_is_strange (head) || is_unwanted (self, head) ||
           is_too_much (self, head))
    self->n_left_out = head->size + head->body;
  else if (queen_dbus_judging_is_answer_of_others (head) &&
           !queen_dbus_judging_is_wanted_error (head, self->limits))
    hollow_answer (self, head);
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
  *batch = NO_BATCH;
}

/* A bus can be kept from passing them only when one comes to it (queen-dbus-stream.c). */
static gboolean
add_batch (QueenDBusFrames *self, const QueenDBusArrival *arrival, GError **error)
{
  if (arrival->n == 0)
    return TRUE;
  if (self->n_batches < MAX_BATCHES && queen_closer_has_room ())
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
  return self->n_left_out == 0 && queen_dbus_head_is_call (head) &&
         queen_dbus_judging_is_method_of (head, self->limits, self->limits->descriptor_methods);
}

/* Of a message that has been judged: what is not wanted is closed at once. They came with what the
 * message begins with, and at the latest with the last bytes of it. */
static Batch
sort_descriptors_out (QueenDBusFrames *self, const QueenDBusHead *head)
{
  guint64 end = self->n_read - get_n_read (self) + head->size + head->body;
  Batch batch = NO_BATCH;

  if (self->n_batches == 0 || self->batches[0].end > end)
    return batch;
  batch = self->batches[0];
  self->batches[0] = self->batches[1];
  self->n_batches--;
  if (!wants_descriptor (self, head))
    drop_batch (&batch);
  return batch;
}

/* A call is no longer among what has been read when others are given out before it. */
static void
put_call (QueenDBusFrames *self, const QueenDBusHead *head, Batch *batch)
{
  const char *caller = queen_dbus_head_get_text (head, G_DBUS_MESSAGE_HEADER_FIELD_SENDER);
  gint n_left = (gint) self->limits->descriptors - g_atomic_int_get (&self->n_descriptors);

  if (batch->arrival.fd >= 0 &&
      !queen_dbus_turns_may_have_descriptor (self->turns, caller, (guint) MAX (n_left, 0)))
    drop_batch (batch), batch->arrival.n = 1;
  queen_dbus_turns_put (self->turns, caller,
                        g_bytes_new (self->buffer + self->start, self->n_given), &batch->arrival);
  self->start += self->n_given;
  self->n_given = 0;
}

/* Returns: whether it was judged; %FALSE when more of it must be read first, or with @error */
static gboolean
judge_next (QueenDBusFrames *self, GError **error)
{
  QueenDBusHead head;
  Batch batch;

  if (get_n_read (self) < QUEEN_DBUS_HEAD_FIXED ||
      !queen_dbus_head_begin (&head, self->buffer + self->start, error))
    return FALSE;
  if (head.size > MAX_HEAD)
    leave_out (self, &head);
  else if (get_n_read (self) < head.size || !judge_head (self, &head))
    return FALSE;
  batch = sort_descriptors_out (self, &head);
  if (queen_dbus_head_is_call (&head) && self->n_given > 0)
    put_call (self, &head, &batch);
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
  self->n_drained += (gsize) MAX (n, 0);
  return add_batch (self, &arrival, error) ? n : -1;
}

static void
drop_given (QueenDBusFrames *self)
{
  if (self->given.fd >= 0)
    queen_closer_close (self->given.fd);
  self->given = (QueenDBusArrival){ .fd = -1 };
}

/* Not in the midst of a message that has been begun, and of which the rest has not come. */
static gboolean
has_turn (QueenDBusFrames *self)
{
  return self->n_given == 0 && queen_dbus_turns_has_next (self->turns);
}

/* All that has come is read and judged before a call has its turn: her own questions must not wait
 * for their answers behind calls, and who calls on and on is told from the others by that.
 *
 * Returns: whether something can be given out; %FALSE with @result of a read that ends this one, or
 *   with @error
 */
static gboolean
find_next (QueenDBusFrames *self,
           gboolean is_blocking,
           GCancellable *cancellable,
           gssize *result,
           GError **error)
{
  GError *problem = NULL;

  drop_given (self);
  while (make_ready (self, &problem) == 0)
    {
      gboolean has_next = has_turn (self);

      *result = -1;
      if (!problem && !(has_next && self->n_drained >= MAX_DRAINED))
        *result = fill (self, is_blocking && !has_next, cancellable, &problem);
      if (*result > 0)
        continue;
      if (has_next && (!problem || g_error_matches (problem, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK)))
        {
          g_clear_error (&problem);
          self->call = queen_dbus_turns_take_next (self->turns, &self->given);
          self->n_of_call = self->n_drained = 0;
          return TRUE;
        }
      if (problem)
        g_propagate_error (error, problem);
      return FALSE;
    }
  return TRUE;
}

static gsize
give_out_call (QueenDBusFrames *self, void *bytes, gsize most)
{
  gsize size;
  const guint8 *call = g_bytes_get_data (self->call, &size);
  gsize n = MIN (size - self->n_of_call, most);

  memcpy (bytes, call + self->n_of_call, n);
  self->n_of_call += n;
  if (self->n_of_call == size)
    g_clear_pointer (&self->call, g_bytes_unref);
  return n;
}

static gsize
give_out_other (QueenDBusFrames *self, void *bytes, gsize most)
{
  gsize n = MIN (MIN (self->n_given, get_n_read (self)), most);

  memcpy (bytes, self->buffer + self->start, n);
  self->start += n;
  self->n_given -= n;
  return n;
}

static gssize
read_frames (QueenDBusFrames *self,
             void *bytes,
             gsize most,
             gboolean is_blocking,
             GCancellable *cancellable,
             GError **error)
{
  gssize result = 0;

  if (!self->call && !find_next (self, is_blocking, cancellable, &result, error))
    return result;
  return (gssize) (self->call ? give_out_call : give_out_other) (self, bytes, most);
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

  return self->call || get_n_read (self) > 0 || has_turn (self) ||
         g_pollable_input_stream_is_readable (self->input);
}

/* As for every stream: who waits has tried to read before, and there was nothing. */
static GSource *
queen_dbus_frames_create_source (GPollableInputStream *stream, GCancellable *cancellable)
{
  QueenDBusFrames *self = QUEEN_DBUS_FRAMES (stream);
  g_autoptr (GSource) input = g_pollable_input_stream_create_source (self->input, NULL);
  g_autoptr (GSource) turn =
      self->n_given == 0 ? queen_dbus_turns_create_source (self->turns) : NULL;
  GSource *source = g_pollable_source_new_full (self, input, cancellable);

  if (turn)
    {
      g_source_set_dummy_callback (turn);
      g_source_add_child_source (source, turn);
    }
  return source;
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

  drop_given (self);
  queen_dbus_turns_free (self->turns);
  g_clear_pointer (&self->call, g_bytes_unref);
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
  self->given.fd = -1;
  self->turns = queen_dbus_turns_new (limits->waiting, limits->age, self->socket);
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
  queen_dbus_desk_begin (queen_dbus_turns_get_desk (self->turns));
  g_atomic_int_set (&self->lets_calls_in, TRUE);
}

void
queen_dbus_frames_set_outbox (QueenDBusFrames *self, QueenDBusOutbox *outbox)
{
  queen_dbus_desk_set_outbox (queen_dbus_turns_get_desk (self->turns), outbox);
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

  if (self->given.n == 0)
    return;
  enclosure = g_new0 (Enclosure, 1);
  enclosure->frames = g_object_ref (self);
  enclosure->arrival = self->given;
  self->given = (QueenDBusArrival){ .fd = -1 };
  g_atomic_int_inc (&self->n_descriptors);
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
