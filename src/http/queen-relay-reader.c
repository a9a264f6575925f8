/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-relay-reader.h"

#include <string.h>

#include "stream/queen-frame.h"

#define MAX_HELD (32 * 1024) /* bytes of a frame that may wait for its end */
#define MAX_EMPTY (8 * 1024) /* bytes of memory that are kept where nothing is in them */
#define MAX_LAST 1024        /* bytes of a frame that may be the last of all */
#define TOO_MANY "too many readers: try again later"
#define FRAME_END "\n\n"
#define COMMENT ":\n" /* what a queen says so that one sees that she lives: no frame */

struct _QueenRelayReader
{
  QueenAudience *audience;
  QueenSection section;
  const QueenRelayReaderFuncs *funcs;
  gpointer data;

  GString *held;      /* of a frame that is not whole */
  GString *ready;     /* to be sent */
  GString *last;      /* the last whole frame, if it is short; else empty */
  gsize on_way;       /* bytes of what is being sent, without its chunk */
  gboolean is_inside; /* what is ready ends in the middle of a frame */
  gboolean is_over;   /* nothing comes any more */
  gboolean is_here;   /* it has come, and not gone */
};

/* What goes out */

static GBytes *
take_ready (QueenRelayReader *self, QueenEncoding encoding)
{
  GString *text = self->ready;

  self->on_way = text->len;
  self->ready = g_string_new (NULL);
  return queen_encoding_has_chunks (encoding) ? queen_chunk_new (text)
                                              : g_string_free_to_bytes (text);
}

static QueenWriteResult
write_some (QueenRelayReader *self, QueenSubscriber *subscriber)
{
  QueenWriteResult result = queen_subscriber_write_pending (subscriber);
  gsize n_bytes = self->on_way;

  if (result != QUEEN_WRITE_ALL || n_bytes == 0)
    return result;
  self->on_way = 0;
  self->funcs->on_taken (n_bytes, self->data);
  return result;
}

static QueenWriteResult
write_next (gpointer data, QueenSubscriber *subscriber, gboolean *is_through)
{
  QueenRelayReader *self = data;
  QueenEncoding encoding = queen_subscriber_get_cursor (subscriber)->encoding;

  if (queen_subscriber_has_pending (subscriber))
    return write_some (self, subscriber);
  if (self->ready->len > 0 && !queen_subscriber_is_leaving (subscriber))
    queen_subscriber_add_pending (subscriber, take_ready (self, encoding));
  else if (self->is_over && !queen_subscriber_is_leaving (subscriber))
    queen_subscriber_let_go (subscriber, NULL);
  else
    {
      *is_through = TRUE;
      return queen_subscriber_flush (subscriber);
    }
  return QUEEN_WRITE_ALL;
}

static QueenWriteResult
deliver_relayed (QueenSubscriber *subscriber, gpointer data)
{
  return queen_subscriber_take_turn (subscriber, write_next, data);
}

static void
on_section_changed (gpointer data)
{
  QueenRelayReader *self = data;

  if (self->section.row.length > 0 || !self->is_here)
    return;
  self->is_here = FALSE;
  self->funcs->on_gone (self->data);
}

/* What comes in */

/* Returns: how much of it is comments alone, from its beginning on */
static gsize
count_comments (const char *text, gsize length)
{
  gsize n = 0;

  while (length - n >= strlen (COMMENT) && memcmp (text + n, COMMENT, strlen (COMMENT)) == 0)
    n += strlen (COMMENT);
  return n;
}

/* @length: up to the end of a frame */
static void
note_last (QueenRelayReader *self, gsize length)
{
  const char *text = self->held->str;
  gsize start = length - strlen (FRAME_END);

  while (start > 0 && !(text[start] == '\n' && text[start - 1] == '\n'))
    start--;
  start += start > 0;
  g_string_truncate (self->last, 0);
  if (length - start <= MAX_LAST && !(start == 0 && self->is_inside))
    g_string_append_len (self->last, text + start, (gssize) (length - start));
}

/* No frame ended in what was held before @n_new bytes came, or it would not be held.
 *
 * Returns: how much of what is held is frames that are whole, and comments behind them */
static gsize
count_whole (QueenRelayReader *self, gsize n_new)
{
  const GString *held = self->held;
  gsize n_before = MAX (held->len - n_new, 1);

  for (gsize i = held->len; i > n_before; i--)
    if (held->str[i - 1] == '\n' && held->str[i - 2] == '\n')
      {
        note_last (self, i);
        return i + count_comments (held->str + i, held->len - i);
      }
  return self->is_inside ? 0 : count_comments (held->str, held->len);
}

static void
make_ready (QueenRelayReader *self, gsize n_bytes)
{
  g_string_append_len (self->ready, self->held->str, (gssize) n_bytes);
  g_string_erase (self->held, 0, (gssize) n_bytes);
  if (self->held->len > 0 || self->held->allocated_len <= MAX_EMPTY)
    return;
  g_string_free (self->held, TRUE);
  self->held = g_string_new (NULL);
}

/* Of a frame that is larger than what may be held the end stays, as its line break may be the first
 * of the two that end it. */
static void
sort_held (QueenRelayReader *self, gsize n_new)
{
  gsize n_whole = count_whole (self, n_new);

  if (n_whole > 0)
    {
      make_ready (self, n_whole);
      self->is_inside = FALSE;
    }
  if (self->held->len <= MAX_HELD)
    return;
  make_ready (self, self->held->len - 1);
  self->is_inside = TRUE;
}

static void
send_ready (QueenRelayReader *self)
{
  if (self->is_here)
    queen_audience_flush (self->audience, &self->section);
}

void
queen_relay_reader_add (QueenRelayReader *self, const char *bytes, gsize length)
{
  if (self->is_over)
    return;
  g_string_append_len (self->held, bytes, (gssize) length);
  sort_held (self, length);
  send_ready (self);
}

gboolean
queen_relay_reader_has_end (const QueenRelayReader *self, gboolean speaks_openai)
{
  const char *const ends[] = { "data: [DONE]\n", "event: bye\n", "event: busy\n",
                               speaks_openai ? "data: {\"error\":" : NULL };

  for (guint i = 0; i < G_N_ELEMENTS (ends) && self->held->len == 0; i++)
    if (ends[i] && strstr (self->last->str, ends[i]))
      return TRUE;
  return FALSE;
}

gboolean
queen_relay_reader_end (QueenRelayReader *self, const GString *last)
{
  if (last && self->is_inside)
    {
      queen_relay_reader_cut (self);
      return FALSE;
    }
  if (last)
    g_string_append_len (self->ready, last->str, (gssize) last->len);
  else
    make_ready (self, self->held->len);
  self->is_over = TRUE;
  send_ready (self);
  return TRUE;
}

void
queen_relay_reader_cut (QueenRelayReader *self)
{
  if (!self->is_here)
    return;
  self->is_here = FALSE;
  queen_audience_close (self->audience, &self->section);
  self->funcs->on_gone (self->data);
}

/* A reader */

static void
turn_away_reader (QueenRelayReader *self, QueenEncoding encoding)
{
  g_autoptr (GBytes) busy = NULL;
  struct iovec inside;

  self->is_over = TRUE;
  if (queen_encoding_is_bare (encoding))
    {
      g_string_append (self->ready, "data: [ERROR] failed: " TOO_MANY "\n\ndata: [DONE]\n\n");
      return;
    }
  busy = queen_frame_new_busy ((guint) g_random_int_range (10000, 20001));
  queen_chunk_get_inside (busy, &inside);
  g_string_append_len (self->ready, inside.iov_base, (gssize) inside.iov_len);
}

/* Only what the other queen says is said: she has her own signs of life, for whoever wants them. */
QueenRelayReader *
queen_relay_reader_new (QueenAudience *audience,
                        QueenSocket socket,
                        GBytes *head,
                        const QueenStreamRequest *request,
                        const QueenRelayReaderFuncs *funcs,
                        gpointer data)
{
  QueenRelayReader *self = g_new0 (QueenRelayReader, 1);
  QueenSubscriber *subscriber = queen_subscriber_new (socket, request->owner);

  self->audience = audience;
  self->funcs = funcs;
  self->data = data;
  self->held = g_string_new (NULL);
  self->ready = g_string_new (NULL);
  self->last = g_string_new (NULL);
  self->is_here = TRUE;
  self->section.deliver = deliver_relayed;
  self->section.on_changed = on_section_changed;
  self->section.data = self;
  queen_audience_open (audience, &self->section);
  queen_subscriber_get_cursor (subscriber)->encoding = queen_encoding_has_chunks (request->encoding)
                                                           ? QUEEN_ENCODING_BARE
                                                           : QUEEN_ENCODING_BARE_PLAIN;
  queen_subscriber_add_pending (subscriber, head);
  if (!queen_audience_has_room (audience, subscriber, request->client, request->is_forwarded))
    turn_away_reader (self, request->encoding);
  queen_audience_add (audience, &self->section, subscriber);
  return self;
}

gsize
queen_relay_reader_get_n_bytes (const QueenRelayReader *self)
{
  return self->held->len + self->ready->len + self->on_way;
}

void
queen_relay_reader_free (QueenRelayReader *self)
{
  queen_audience_close (self->audience, &self->section);
  g_string_free (self->held, TRUE);
  g_string_free (self->ready, TRUE);
  g_string_free (self->last, TRUE);
  g_free (self);
}
