/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-job-answer.h"

#include <string.h>

#include "model/queen-senders.h"
#include "queen-job.h"
#include "text/queen-json-writer.h"
#include "text/queen-text.h"

#define DONE "[DONE]"
#define DONE_IN_JSON "\\u005bDONE]"
#define MAX_EVENTS G_MAXUINT /* what they cost is the limit */
#define COST_OF_EVENT 256    /* bytes of a ring, about, besides its data */
#define MARGIN 256           /* bytes around a snapshot's text */
#define COST 1800            /* bytes: itself, channel, empty ring and alarms */
#define LAGGED                                                                                     \
  "{\"error\":{\"message\":\"you have read too slowly, and part of the answer is lost\","          \
  "\"type\":\"server_error\",\"param\":null,\"code\":\"lagged\"}}"
#define TOO_MANY "too many readers: try again later"

struct _QueenJobAnswer
{
  const QueenJobStage *stage;
  QueenFace face;
  char *asker; /* whose job it is, as queen_sender_dup_asker() has it */
  QueenChannel *channel;
  GString *text;     /* as a part of a JSON string; NULL when there is none */
  guint64 n_omitted; /* bytes, as it was said, that are no longer there */
  gsize max_ring;
  gsize max_text;
  gsize unflushed; /* bytes of the ring, about, that came since readers were last seen to */
  void (*on_changed) (gpointer data);
  gpointer data;

  guint64 end; /* the event with which the end begins; G_MAXUINT64 before that */

  GBytes *account; /* NULL when nobody needed one since the ring has passed the last one */
  guint64 account_next;
};

/* What all share */

static GBytes *
make_busy (QueenFace face)
{
  const char *data = face == QUEEN_FACE_OPENAI
                         ? "{\"error\":{\"message\":\"" TOO_MANY
                           "\",\"type\":\"server_error\",\"param\":null,\"code\":\"busy\"}}"
                         : "[ERROR] failed: " TOO_MANY "\n\ndata: " DONE;

  return queen_frame_new_with_bare ("", NULL, data, strlen (data));
}

void
queen_job_stage_init (QueenJobStage *self)
{
  /* Not before others, as for the stream: that would keep them waiting where thousands are told. */
  self->alarms = queen_alarm_group_new (self->clock, "flush of answers", G_PRIORITY_DEFAULT);
  self->breath_alarms =
      queen_alarm_group_new (self->clock, "flush of answers goes on", G_PRIORITY_DEFAULT);
  self->batch = g_new0 (QueenBatch, 1);
  for (guint face = 0; face < G_N_ELEMENTS (self->busy); face++)
    self->busy[face] = make_busy ((QueenFace) face);
  self->leftovers = queen_leftovers_new (QUEEN_JOBS_MAX_LEFTOVERS, self->audience, self->clock);
  self->lagged = queen_frame_new_with_bare ("", NULL, LAGGED, strlen (LAGGED));
}

void
queen_job_stage_clear (QueenJobStage *self)
{
  g_clear_pointer (&self->alarms, queen_alarm_group_free);
  g_clear_pointer (&self->breath_alarms, queen_alarm_group_free);
  g_clear_pointer (&self->batch, g_free);
  for (guint face = 0; face < G_N_ELEMENTS (self->busy); face++)
    g_clear_pointer (&self->busy[face], g_bytes_unref);
  g_clear_pointer (&self->lagged, g_bytes_unref);
  g_clear_pointer (&self->leftovers, queen_leftovers_free);
}

/* What is told of what is no longer there */

static void
drop_account (QueenJobAnswer *self)
{
  if (self->account)
    queen_leftovers_add (self->stage->leftovers, g_steal_pointer (&self->account));
}

static gboolean
is_account_over (const QueenJobAnswer *self)
{
  return self->account_next < queen_ring_get_oldest (queen_channel_get_ring (self->channel));
}

/* It may be a megabyte: the frame is written around it, so that it is copied once. */
static GBytes *
make_snapshot (const QueenJobAnswer *self, const char *id)
{
  GString *json = g_string_sized_new (MARGIN + (self->text ? self->text->len : 0) + MARGIN);
  gsize length;
  char *frame;

  g_string_set_size (json, MARGIN);
  g_string_append (json, "{\"type\":\"snapshot\",\"text\":\"");
  if (self->text)
    g_string_append_len (json, self->text->str, (gssize) self->text->len);
  g_string_append (json, "\",\"omitted\":");
  queen_json_append_number (json, self->n_omitted);
  g_string_append_c (json, '}');
  length = json->len - MARGIN;
  g_string_set_size (json, json->len + MARGIN);
  frame = queen_frame_write_around_with_bare (id, "snapshot", json->str + MARGIN, MARGIN, &length);
  return g_bytes_new_with_free_func (frame, length, g_free, g_string_free (json, FALSE));
}

static void
make_account (QueenJobAnswer *self, QueenRing *ring)
{
  guint64 next = MIN (queen_ring_get_head (ring), self->end);
  g_autofree char *id = queen_ring_dup_id (ring, next - 1);

  drop_account (self);
  self->account =
      queen_leftovers_watch (self->stage->leftovers, make_snapshot (self, id), self->asker);
  self->account_next = next;
}

/* An account is good for all who come as long as the ring can go on behind it, and kept until then:
 * so those who hold one in the middle hold few of them, and whoever comes again and again does not
 * have megabytes written each time. Clients of OpenAI's API know of no such thing: to them it is an
 * error. */
static GBytes *
get_account (gboolean is_bare, guint64 *next, gpointer data)
{
  QueenJobAnswer *self = data;
  QueenRing *ring = queen_channel_get_ring (self->channel);

  *next = queen_ring_get_head (ring);
  if (is_bare && self->face == QUEEN_FACE_OPENAI)
    return self->stage->lagged;
  if (!self->account || is_account_over (self))
    make_account (self, ring);
  *next = self->account_next;
  return self->account;
}

/* An answer */

static void
on_channel_changed (gpointer data)
{
  const QueenJobAnswer *self = data;

  self->on_changed (self->data);
}

QueenJobAnswer *
queen_job_answer_new (const QueenJobStage *stage,
                      QueenFace face,
                      const char *submitter,
                      const char *epoch,
                      void (*on_changed) (gpointer data),
                      gpointer data)
{
  QueenJobAnswer *self = g_new0 (QueenJobAnswer, 1);
  char *asker = queen_sender_dup_asker (submitter);
  const QueenChannelSettings settings = {
    .clock = stage->clock,
    .audience = stage->audience,
    .ring = { .capacity = MAX_EVENTS,
              .max_bytes = QUEEN_JOB_MAX_RING,
              .epoch = epoch,
              .kinds = QUEEN_JOB_EVENT_ALL,
              .leftovers = stage->leftovers,
              .party = asker,
              .has_bare = TRUE },
    .flush_interval = stage->flush_interval,
    .tally = stage->tally,
    .alarms = stage->alarms,
    .breath_alarms = stage->breath_alarms,
    .batch = stage->batch,
    .get_account = get_account,
    .busy = stage->busy[face],
    .on_changed = on_channel_changed,
    .data = self,
  };

  self->stage = stage;
  self->face = face;
  self->asker = asker;
  self->max_ring = QUEEN_JOB_MAX_RING;
  self->max_text = QUEEN_JOB_MAX_TEXT;
  self->end = G_MAXUINT64;
  self->on_changed = on_changed;
  self->data = data;
  self->channel = queen_channel_new (&settings);
  return self;
}

void
queen_job_answer_free (QueenJobAnswer *self)
{
  queen_channel_free (self->channel);
  drop_account (self);
  if (self->text)
    g_string_free (self->text, TRUE);
  g_free (self->asker);
  g_free (self);
}

static void
publish (
    QueenJobAnswer *self, QueenJobEventKind kind, const char *event, const char *data, gsize length)
{
  QueenRing *ring = queen_channel_get_ring (self->channel);

  queen_channel_publish (self->channel, queen_ring_get_head (ring), kind, event, data, length);
  if (self->account && is_account_over (self))
    drop_account (self);
  self->unflushed += length + COST_OF_EVENT;
  if (self->unflushed < self->max_ring / 4)
    return;
  queen_channel_flush (self->channel);
  self->unflushed = 0;
}

void
queen_job_answer_tell (QueenJobAnswer *self, const char *event, const GString *json)
{
  publish (self, QUEEN_JOB_EVENT_NEWS, event, json->str, json->len);
}

/* Returns: (nullable): NULL when it can be said as it is */
static GString *
tame (const QueenJobAnswer *self, const char *data, gsize length)
{
  gboolean is_exact = self->face == QUEEN_FACE_OPENAI;
  GString *text;

  if ((is_exact || !memmem (data, length, DONE, strlen (DONE))) && !memchr (data, '\n', length) &&
      !memchr (data, '\r', length))
    return NULL;
  text = g_string_new_len (data, (gssize) length);
  if (!is_exact)
    queen_text_replace (text, DONE, DONE_IN_JSON);
  for (gsize i = 0; i < text->len; i++)
    if (text->str[i] == '\n' || text->str[i] == '\r')
      text->str[i] = ' ';
  return text;
}

void
queen_job_answer_say (QueenJobAnswer *self, const char *event, const char *data, gsize length)
{
  g_autoptr (GString) tamed = tame (self, data, length);

  publish (self, QUEEN_JOB_EVENT_DATA, event, tamed ? tamed->str : data,
           tamed ? tamed->len : length);
}

void
queen_job_answer_mark (QueenJobAnswer *self, const char *marker)
{
  publish (self, QUEEN_JOB_EVENT_DATA, NULL, marker, strlen (marker));
}

/* Returns: how long the escape at @at is, such as \n and \u2028; *@n_said grows by what it stands
 * for
 */
static gsize
pass_escape (const char *at, guint64 *n_said)
{
  gunichar character = 0;

  if (at[1] != 'u')
    {
      *n_said += 1;
      return strlen ("\\n");
    }
  for (const char *digit = at + strlen ("\\u"); digit < at + strlen ("\\u2028"); digit++)
    character = character << 4 | (gunichar) g_ascii_xdigit_value (*digit);
  *n_said += (guint64) g_unichar_to_utf8 (character, NULL);
  return strlen ("\\u2028");
}

/* Returns: where it may be cut, @n bytes from its beginning or a few more: neither in an escape nor
 * in a character; *@n_said grows by what stands before */
static gsize
find_cut (const GString *text, gsize n, guint64 *n_said)
{
  const char *at = text->str, *cut = at + n, *escape;

  while (at < cut && (escape = memchr (at, '\\', (gsize) (cut - at))))
    {
      *n_said += (guint64) (escape - at);
      at = escape + pass_escape (escape, n_said);
    }
  cut = MAX (at, cut);
  while (((guchar) *cut & 0xc0) == 0x80)
    cut++;
  *n_said += (guint64) (cut - at);
  return (gsize) (cut - text->str);
}

/* So much that it is rarely. Its memory is what it needs. */
static void
drop_text (QueenJobAnswer *self)
{
  gsize n = MIN (self->text->len - self->max_text + self->max_text / 4, self->text->len);
  gsize cut = find_cut (self->text, n, &self->n_omitted);
  GString *rest = g_string_new_len (self->text->str + cut, (gssize) (self->text->len - cut));

  g_string_free (self->text, TRUE);
  self->text = rest;
}

/* What some take for the end, in a line with that in it, may have begun in what is there. */
void
queen_job_answer_add_text (QueenJobAnswer *self, const char *text, gsize length)
{
  g_autofree char *said = g_strndup (text, length);
  g_autoptr (GString) json = NULL;
  gsize start;

  if (!self->text)
    self->text = g_string_new (NULL);
  start = self->text->len - MIN (self->text->len, strlen (DONE) - 1);
  json = g_string_new_len (self->text->str + start, (gssize) (self->text->len - start));
  queen_json_append_part (json, said);
  if (self->face != QUEEN_FACE_OPENAI)
    queen_text_replace (json, DONE, DONE_IN_JSON);
  g_string_truncate (self->text, start);
  g_string_append_len (self->text, json->str, (gssize) json->len);
  if (self->text->len > self->max_text)
    drop_text (self);
}

void
queen_job_answer_say_line (QueenJobAnswer *self, const char *line, gsize length)
{
  queen_job_answer_add_text (self, line, length);
  queen_job_answer_add_text (self, "\n", 1);
  queen_job_answer_say (self, NULL, line, length);
}

void
queen_job_answer_begin_end (QueenJobAnswer *self)
{
  self->end = queen_ring_get_head (queen_channel_get_ring (self->channel));
}

void
queen_job_answer_complete (QueenJobAnswer *self)
{
  queen_channel_complete (self->channel);
}

void
queen_job_answer_subscribe (QueenJobAnswer *self,
                            QueenSocket socket,
                            GBytes *head,
                            const QueenStreamRequest *request)
{
  queen_channel_subscribe (self->channel, socket, head, request);
}

void
queen_job_answer_shrink (QueenJobAnswer *self, gsize n_bytes)
{
  gsize max = MAX (n_bytes, QUEEN_JOB_MIN_RING);

  if (max >= self->max_ring)
    return;
  self->max_ring = self->max_text = max;
  drop_account (self);
  queen_ring_set_max_bytes (queen_channel_get_ring (self->channel), max);
  if (self->text && self->text->len > max)
    drop_text (self);
}

gsize
queen_job_answer_get_n_bytes (const QueenJobAnswer *self)
{
  return COST + queen_ring_get_n_bytes (queen_channel_get_ring (self->channel)) +
         (self->text ? self->text->allocated_len : 0) +
         (self->account ? g_bytes_get_size (self->account) : 0);
}

guint64
queen_job_answer_get_n_events (const QueenJobAnswer *self)
{
  return queen_ring_get_head (queen_channel_get_ring (self->channel)) - 1;
}

guint
queen_job_answer_get_n_readers (const QueenJobAnswer *self)
{
  return queen_channel_get_n_subscribers (self->channel);
}
