/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-dbus-frames.h"

#include <string.h>

#include "queen-dbus-bus.h"
#include "queen-dbus-wire.h"

/* D-Bus Specification, § Message Format: the first bytes of a message say how long it is. */
#define FIXED 16
#define MAX_HEAD (8 * 1024) /* bytes: four names and a path of hers are 2 KiB at the most */
#define MAX_LENGTH (128 * 1024 * 1024)
#define BUFFER (64 * 1024)
#define N_FIELDS (G_DBUS_MESSAGE_HEADER_FIELD_NUM_UNIX_FDS + 1)

typedef struct
{
  gboolean is_little_endian;
  guint8 type;  /* a GDBusMessageType */
  gsize fields; /* bytes of them */
  gsize size;   /* bytes of all up to the body */
  gsize body;   /* bytes */
  const guint8 *bytes;
  gsize offsets[N_FIELDS]; /* of the fields, by their codes; 0 where there is none */
} Head;

struct _QueenDBusFrames
{
  GInputStream parent_instance;

  GIOStream *connection;
  GPollableInputStream *socket;
  const QueenDBusFramesLimits *limits;
  gint leaves_unanswered_out; /* atomic */

  gsize start, end; /* of what has been read, and neither given out nor left out */
  gsize n_given;    /* bytes from here on that are given out, read or not */
  gsize n_left_out; /* and those behind them that are left out */
  guint8 *buffer;
};

static void queen_dbus_frames_pollable_init (GPollableInputStreamInterface *interface);

G_DEFINE_FINAL_TYPE_WITH_CODE (QueenDBusFrames,
                               queen_dbus_frames,
                               G_TYPE_INPUT_STREAM,
                               G_IMPLEMENT_INTERFACE (G_TYPE_POLLABLE_INPUT_STREAM,
                                                      queen_dbus_frames_pollable_init))

/* The head of a message */

static guint32
read_number (const Head *head, const guint8 *bytes)
{
  guint32 number;

  memcpy (&number, bytes, sizeof number);
  return head->is_little_endian ? GUINT32_FROM_LE (number) : GUINT32_FROM_BE (number);
}

static gboolean
parse_fixed (Head *head, const guint8 *bytes, GError **error)
{
  head->bytes = bytes;
  head->is_little_endian = bytes[0] == G_DBUS_MESSAGE_BYTE_ORDER_LITTLE_ENDIAN;
  head->type = bytes[1];
  head->body = read_number (head, bytes + 4);
  head->fields = read_number (head, bytes + 12);
  head->size = queen_dbus_wire_align (FIXED + head->fields, 8);
  if ((head->is_little_endian || bytes[0] == G_DBUS_MESSAGE_BYTE_ORDER_BIG_ENDIAN) &&
      head->body <= MAX_LENGTH && head->fields <= MAX_LENGTH)
    return TRUE;
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "it sends what is no message");
  return FALSE;
}

/* Each field is its code, a signature of one type, and a value: texts and numbers, no others.
 *
 * Returns: where it ends */
static gsize
skip_field (const Head *head, gsize offset)
{
  const guint8 *bytes = head->bytes;
  char type = (char) bytes[offset + 2];
  gsize value = offset + 4;

  if (bytes[offset + 1] != 1)
    return G_MAXSIZE;
  if (type == 'g')
    return value + 1 + bytes[value] + 1;
  if (type == 'u')
    return value + 4;
  if (type == 's' || type == 'o')
    return value + 4 + read_number (head, bytes + value) + 1;
  return G_MAXSIZE;
}

/* Returns: whether they are fields, and each text has its end */
static gboolean
parse_fields (Head *head)
{
  gsize end = FIXED + head->fields;
  gsize offset = FIXED;

  /* The shortest field has eight bytes but for the padding behind it. */
  while (offset + 7 <= end)
    {
      guint8 code = head->bytes[offset];
      gboolean is_text = head->bytes[offset + 2] != 'u';
      gsize next = skip_field (head, offset);

      if (next > end || (is_text && head->bytes[next - 1] != '\0'))
        return FALSE;
      if (is_text && code < N_FIELDS)
        head->offsets[code] = offset;
      offset = queen_dbus_wire_align (next, 8);
    }
  return TRUE;
}

/* Returns: the text of a field; empty without one */
static const char *
get_text (const Head *head, GDBusMessageHeaderField field)
{
  gsize offset = head->offsets[field];

  if (offset == 0)
    return "";
  return (const char *) head->bytes + offset + (head->bytes[offset + 2] == 'g' ? 5 : 8);
}

/* Judging */

static gsize
get_n_read (QueenDBusFrames *self)
{
  return self->end - self->start;
}

static gboolean
is_call (const Head *head)
{
  return head->type == G_DBUS_MESSAGE_TYPE_METHOD_CALL;
}

static gsize
get_most (QueenDBusFrames *self, const Head *head)
{
  gboolean has_values =
      strpbrk (get_text (head, G_DBUS_MESSAGE_HEADER_FIELD_SIGNATURE), "av(") != NULL;

  if (!is_call (head) || !has_values ||
      g_strv_contains (self->limits->rich_methods,
                       get_text (head, G_DBUS_MESSAGE_HEADER_FIELD_MEMBER)))
    return self->limits->body;
  return self->limits->values;
}

static gboolean
is_unwanted (QueenDBusFrames *self, const Head *head)
{
  return is_call (head) && head->bytes[2] & G_DBUS_MESSAGE_FLAGS_NO_REPLY_EXPECTED &&
         g_atomic_int_get (&self->leaves_unanswered_out);
}

/* She listens to nobody else. */
static gboolean
is_strange (const Head *head)
{
  return head->type == G_DBUS_MESSAGE_TYPE_SIGNAL &&
         !g_str_equal (get_text (head, G_DBUS_MESSAGE_HEADER_FIELD_SENDER), QUEEN_DBUS_BUS_NAME);
}

static void
leave_out (QueenDBusFrames *self, const Head *head)
{
  /* Those who flood are summed up where all lines are. */
  g_message ("a message of %" G_GSIZE_FORMAT " bytes on the bus was left unread",
             head->size + head->body);
  self->n_left_out = head->size + head->body;
}

/* Makes a call without a body of it. */
static void
cut_call (QueenDBusFrames *self, const Head *head)
{
  guint8 *bytes = self->buffer + self->start;

  leave_out (self, head);
  memset (bytes + 4, 0, 4);
  bytes[head->offsets[G_DBUS_MESSAGE_HEADER_FIELD_SIGNATURE]] = QUEEN_DBUS_FRAMES_CUT;
  self->n_given = head->size;
  self->n_left_out -= head->size;
}

static void
judge_head (QueenDBusFrames *self, Head *head)
{
  gboolean is_sound = parse_fields (head);

  if (head->body > (is_sound ? get_most (self, head) : self->limits->body))
    {
      if (is_sound && is_call (head) && head->offsets[G_DBUS_MESSAGE_HEADER_FIELD_SIGNATURE] != 0)
        cut_call (self, head);
      else
        leave_out (self, head);
    }
  else if (is_sound && (is_strange (head) || is_unwanted (self, head)))
    self->n_left_out = head->size + head->body;
  else
    self->n_given = head->size + head->body;
}

/* Returns: whether it was judged; %FALSE when more of it must be read first, or with @error */
static gboolean
judge_next (QueenDBusFrames *self, GError **error)
{
  Head head = { 0 };

  if (get_n_read (self) < FIXED || !parse_fixed (&head, self->buffer + self->start, error))
    return FALSE;
  if (head.size > MAX_HEAD)
    leave_out (self, &head);
  else if (get_n_read (self) < head.size)
    return FALSE;
  else
    judge_head (self, &head);
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

static gssize
fill (QueenDBusFrames *self, gboolean is_blocking, GCancellable *cancellable, GError **error)
{
  gssize n;

  memmove (self->buffer, self->buffer + self->start, get_n_read (self));
  self->end -= self->start;
  self->start = 0;
  n = g_pollable_stream_read (G_INPUT_STREAM (self->socket), self->buffer + self->end,
                              BUFFER - self->end, is_blocking, cancellable, error);
  self->end += (gsize) MAX (n, 0);
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

  return get_n_read (self) > 0 || g_pollable_input_stream_is_readable (self->socket);
}

/* As for every stream: who waits has tried to read before, and there was nothing. */
static GSource *
queen_dbus_frames_create_source (GPollableInputStream *stream, GCancellable *cancellable)
{
  QueenDBusFrames *self = QUEEN_DBUS_FRAMES (stream);
  g_autoptr (GSource) source = g_pollable_input_stream_create_source (self->socket, NULL);

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
  self->buffer = g_malloc (BUFFER);
}

GInputStream *
queen_dbus_frames_new (GSocketConnection *connection, const QueenDBusFramesLimits *limits)
{
  QueenDBusFrames *self = g_object_new (QUEEN_TYPE_DBUS_FRAMES, NULL);

  self->connection = g_object_ref (G_IO_STREAM (connection));
  self->socket = G_POLLABLE_INPUT_STREAM (g_io_stream_get_input_stream (self->connection));
  self->limits = limits;
  return G_INPUT_STREAM (self);
}

void
queen_dbus_frames_leave_unanswered_out (QueenDBusFrames *self, gboolean is_wanted)
{
  g_atomic_int_set (&self->leaves_unanswered_out, is_wanted);
}
