/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-redis-link.h"

#include "loop/queen-alarm.h"
#include "queen-redis-codec.h"

#define READ_SIZE (16 * 1024)    /* bytes: until it is looked how long the replies in them took */
#define USUAL_BUFFER (64 * 1024) /* bytes of a buffer that is kept when all of it is written */

/* A command without an answer. */
typedef struct
{
  GList link;
  gsize bytes;
  gint64 timeout;  /* µs */
  gint64 deadline; /* µs, monotonic */
  QueenRedisCallback callback;
  gpointer data;
} Pending;

struct _QueenRedisLink
{
  grefcount n_refs;
  GIOStream *stream;
  const char *name;
  const QueenClock *clock;
  QueenRedis *redis;
  void (*on_broken) (const GError *error, gpointer data);
  gpointer data;
  gboolean is_broken; /* nothing is read or written any more */
  gboolean is_closed;

  GByteArray *out;
  guint written;   /* bytes of it */
  GSource *writer; /* NULL when there is nothing to write */
  GSource *input;
  QueenRedisReader *reader;

  GQueue pending; /* of Pending, the oldest first */
  gsize pending_bytes;
  QueenAlarm *alarm;        /* not later than the first deadline */
  gboolean has_stood_still; /* since Redis was last heard of */
  guint64 n_commands;
  guint64 n_writes;
};

static void
clear_source (GSource **source)
{
  if (!*source)
    return;
  g_source_destroy (*source);
  g_clear_pointer (source, g_source_unref);
}

/* From here on it only waits to be closed. */
static void
break_down (QueenRedisLink *self, const GError *error)
{
  if (self->is_broken)
    return;
  self->is_broken = TRUE;
  clear_source (&self->writer);
  clear_source (&self->input);
  queen_alarm_set (self->alarm, -1);
  self->on_broken (error, self->data);
}

static Pending *
take_first (QueenRedisLink *self)
{
  GList *link = g_queue_pop_head_link (&self->pending);
  Pending *pending = link ? link->data : NULL;

  if (pending)
    self->pending_bytes -= pending->bytes;
  return pending;
}

static void
answer (QueenRedisLink *self, Pending *pending, const QueenRedisReply *reply, const GError *error)
{
  if (pending->callback)
    pending->callback (self->redis, reply, error, pending->data);
  g_free (pending);
}

/* Out */

/* Returns: whether the kernel has taken all */
static gboolean
write_some (QueenRedisLink *self, GError **error)
{
  GPollableOutputStream *stream =
      G_POLLABLE_OUTPUT_STREAM (g_io_stream_get_output_stream (self->stream));

  while (self->written < self->out->len)
    {
      gssize n =
          g_pollable_output_stream_write_nonblocking (stream, self->out->data + self->written,
                                                      self->out->len - self->written, NULL, error);

      if (n < 0)
        return FALSE;
      self->n_writes++;
      self->written += (guint) n;
    }
  self->written = 0;
  if (self->out->len > USUAL_BUFFER)
    {
      g_byte_array_unref (self->out);
      self->out = g_byte_array_new ();
    }
  else
    g_byte_array_set_size (self->out, 0);
  return TRUE;
}

/* When nobody is there to write to, the reader finds out, behind what Redis may have said before it
 * hung up: that it has no room for one more client, say. At the latest the deadline is the end.
 *
 * Returns: whether there is something left for when the kernel takes more */
static gboolean
write_on (QueenRedisLink *self)
{
  g_autoptr (GError) error = NULL;

  if (write_some (self, &error))
    return FALSE;
  if (self->written > 0)
    g_byte_array_remove_range (self->out, 0, self->written);
  self->written = 0;
  return g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
}

static void
set_writer (QueenRedisLink *self, GSource *source, GSourceFunc func)
{
  clear_source (&self->writer);
  self->writer = source;
  g_source_set_static_name (source, self->name);
  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_callback (source, func, self, NULL);
  g_source_attach (source, g_main_context_get_thread_default ());
}

static gboolean
on_link_writable (GObject *stream, gpointer data)
{
  g_autoptr (QueenRedisLink) self = queen_redis_link_ref (data);

  if (!write_on (self))
    clear_source (&self->writer);
  return G_SOURCE_CONTINUE;
}

static gboolean
on_write_turn (gpointer data)
{
  g_autoptr (QueenRedisLink) self = queen_redis_link_ref (data);
  GPollableOutputStream *stream =
      G_POLLABLE_OUTPUT_STREAM (g_io_stream_get_output_stream (self->stream));

  if (write_on (self))
    set_writer (self, g_pollable_output_stream_create_source (stream, NULL),
                G_SOURCE_FUNC (on_link_writable));
  else
    clear_source (&self->writer);
  return G_SOURCE_CONTINUE;
}

/* What is sent until the loop turns again goes out together. */
static void
write_in_next_turn (QueenRedisLink *self)
{
  if (!self->writer)
    set_writer (self, g_idle_source_new (), on_write_turn);
}

/* In */

static void
take_reply (QueenRedisLink *self, QueenRedisReply *reply)
{
  Pending *pending = take_first (self);
  g_autoptr (GError) error = NULL;

  if (reply->type == QUEEN_REDIS_FAILURE)
    error = queen_redis_error_new_from_answer (reply->text);
  else if (!pending)
    error = g_error_new_literal (QUEEN_REDIS_ERROR, QUEEN_REDIS_ERROR_PROTOCOL,
                                 "there was an answer, and nothing had been asked");
  if (pending)
    answer (self, pending, error ? NULL : reply, error);
  else
    break_down (self, error);
}

static void
take_replies (QueenRedisLink *self)
{
  while (!self->is_broken)
    {
      g_autoptr (QueenRedisReply) reply = NULL;
      g_autoptr (GError) error = NULL;

      if (!queen_redis_reader_take (self->reader, &reply, &error))
        break_down (self, error);
      else if (reply)
        take_reply (self, reply);
      else
        break;
    }
}

/* Returns: whether there may be more */
static gboolean
read_some (QueenRedisLink *self)
{
  GPollableInputStream *stream =
      G_POLLABLE_INPUT_STREAM (g_io_stream_get_input_stream (self->stream));
  g_autoptr (GError) error = NULL;
  g_autoptr (GError) lost = NULL;
  char bytes[READ_SIZE];
  gssize n = g_pollable_input_stream_read_nonblocking (stream, bytes, sizeof bytes, NULL, &error);

  if (n > 0)
    {
      self->has_stood_still = FALSE;
      queen_redis_reader_feed (self->reader, bytes, (gsize) n);
      take_replies (self);
      return !self->is_broken;
    }
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
    return FALSE;
  lost = g_error_new (QUEEN_REDIS_ERROR, QUEEN_REDIS_ERROR_LOST, "the connection ended: %s",
                      error ? error->message : "Redis closed it");
  break_down (self, lost);
  return FALSE;
}

/* Returns: whether there may be more */
static gboolean
read_for_a_slice (QueenRedisLink *self)
{
  gint64 end = self->clock->get_monotonic () + QUEEN_SLICE;
  gboolean is_more;

  do
    is_more = read_some (self);
  while (is_more && self->clock->get_monotonic () < end);
  return is_more;
}

static gboolean
on_link_readable (GObject *stream, gpointer data)
{
  g_autoptr (QueenRedisLink) self = queen_redis_link_ref (data);

  read_for_a_slice (self);
  return G_SOURCE_CONTINUE;
}

/* Deadlines */

static gint64
find_deadline (QueenRedisLink *self)
{
  gint64 deadline = -1;

  for (const GList *link = self->pending.head; link; link = link->next)
    {
      const Pending *pending = link->data;

      if (deadline < 0 || pending->deadline < deadline)
        deadline = pending->deadline;
    }
  return deadline;
}

/* Time in which the queen stood still is not time in which Redis did: what she has sent may not
 * even have left. So it begins anew; but a loop that is always late must not wait for ever. */
static gboolean
excuse_standstill (QueenRedisLink *self, gint64 now, gint64 deadline)
{
  if (now - deadline < QUEEN_STANDSTILL || self->has_stood_still)
    return FALSE;
  self->has_stood_still = TRUE;
  for (GList *link = self->pending.head; link; link = link->next)
    ((Pending *) link->data)->deadline = now + ((Pending *) link->data)->timeout;
  return TRUE;
}

/* What is there is read before anybody is called late. */
static void
on_answer_deadline (gpointer data)
{
  g_autoptr (QueenRedisLink) self = queen_redis_link_ref (data);
  gboolean is_more = read_for_a_slice (self);
  gint64 now = self->clock->get_monotonic (), deadline = find_deadline (self);
  g_autoptr (GError) error = NULL;

  if (self->is_broken)
    return;
  if (is_more)
    queen_alarm_set (self->alarm, now);
  else if (deadline < 0 || deadline > now)
    queen_alarm_set (self->alarm, deadline);
  else if (excuse_standstill (self, now, deadline))
    queen_alarm_set (self->alarm, find_deadline (self));
  else
    {
      error = g_error_new_literal (QUEEN_REDIS_ERROR, QUEEN_REDIS_ERROR_TIMED_OUT,
                                   "there was no answer in time");
      break_down (self, error);
    }
}

QueenRedisLink *
queen_redis_link_new (const QueenRedisLinkSettings *settings)
{
  QueenRedisLink *self = g_new0 (QueenRedisLink, 1);

  g_ref_count_init (&self->n_refs);
  self->stream = g_object_ref (settings->stream);
  self->name = settings->name;
  self->clock = settings->clock;
  self->redis = settings->redis;
  self->on_broken = settings->on_broken;
  self->data = settings->data;
  self->out = g_byte_array_new ();
  self->reader = queen_redis_reader_new (QUEEN_REDIS_MAX_REPLY, QUEEN_REDIS_MAX_ELEMENTS);
  self->alarm =
      queen_alarm_new (self->clock, self->name, G_PRIORITY_DEFAULT, on_answer_deadline, self);
  self->input = g_pollable_input_stream_create_source (
      G_POLLABLE_INPUT_STREAM (g_io_stream_get_input_stream (self->stream)), NULL);
  g_source_set_static_name (self->input, self->name);
  g_source_set_callback (self->input, G_SOURCE_FUNC (on_link_readable), self, NULL);
  g_source_attach (self->input, g_main_context_get_thread_default ());
  return self;
}

/* What a command takes until its answer is there. */
static gsize
get_size (guint argc, const char *const *argv)
{
  gsize size = sizeof (Pending);

  for (guint i = 0; i < argc; i++)
    size += strlen (argv[i]);
  return size;
}

gboolean
queen_redis_link_send (QueenRedisLink *self,
                       guint argc,
                       const char *const *argv,
                       gint64 timeout,
                       QueenRedisCallback callback,
                       gpointer data,
                       GError **error)
{
  gsize size = get_size (argc, argv);
  Pending *pending;

  if (self->is_broken || self->is_closed)
    {
      g_set_error_literal (error, QUEEN_REDIS_ERROR, QUEEN_REDIS_ERROR_AWAY,
                           "there is no connection to Redis");
      return FALSE;
    }
  if (size > QUEEN_REDIS_MAX_WAITING - MIN (self->pending_bytes, QUEEN_REDIS_MAX_WAITING))
    {
      g_set_error (error, QUEEN_REDIS_ERROR, QUEEN_REDIS_ERROR_FULL,
                   "%u commands wait for an answer of Redis already", self->pending.length);
      return FALSE;
    }
  queen_redis_command_append (self->out, argc, argv, NULL);
  pending = g_new0 (Pending, 1);
  pending->link.data = pending;
  pending->bytes = size;
  pending->timeout = timeout;
  pending->deadline = self->clock->get_monotonic () + timeout;
  pending->callback = callback;
  pending->data = data;
  g_queue_push_tail_link (&self->pending, &pending->link);
  self->pending_bytes += size;
  self->n_commands++;
  queen_alarm_set_earlier (self->alarm, pending->deadline);
  write_in_next_turn (self);
  return TRUE;
}

void
queen_redis_link_set_owner (QueenRedisLink *self,
                            void (*on_broken) (const GError *error, gpointer data),
                            gpointer data)
{
  self->on_broken = on_broken;
  self->data = data;
}

/* TLS would take a thread to say farewell, which Redis has no use for. */
static void
close_stream (GIOStream *stream)
{
  g_autoptr (GIOStream) below = NULL;

  if (G_IS_TLS_CONNECTION (stream))
    g_object_get (stream, "base-io-stream", &below, NULL);
  g_io_stream_close (below ? below : stream, NULL, NULL);
}

void
queen_redis_link_close (QueenRedisLink *self, const GError *error)
{
  Pending *pending;

  if (self->is_closed)
    return;
  if (!self->is_broken)
    write_some (self, NULL);
  self->is_closed = self->is_broken = TRUE;
  clear_source (&self->writer);
  clear_source (&self->input);
  queen_alarm_set (self->alarm, -1);
  close_stream (self->stream);
  queen_redis_link_ref (self); /* who is told may let go of it */
  while ((pending = take_first (self)))
    answer (self, pending, NULL, error);
  queen_redis_link_unref (self);
}

void
queen_redis_link_add_figures (const QueenRedisLink *self, QueenRedisFigures *figures)
{
  figures->n_waiting += self->pending.length;
  figures->waiting_bytes += self->pending_bytes;
  figures->n_commands += self->n_commands;
  figures->n_writes += self->n_writes;
}

QueenRedisLink *
queen_redis_link_ref (QueenRedisLink *self)
{
  g_ref_count_inc (&self->n_refs);
  return self;
}

void
queen_redis_link_unref (QueenRedisLink *self)
{
  if (!g_ref_count_dec (&self->n_refs))
    return;
  g_warn_if_fail (self->is_closed);
  queen_alarm_free (self->alarm);
  queen_redis_reader_free (self->reader);
  g_byte_array_unref (self->out);
  g_object_unref (self->stream);
  g_free (self);
}
