/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-relayed-answer.h"

#include <libsoup/soup.h>
#include <string.h>

#include "jobs/queen-answer-status.h"
#include "jobs/queen-passes.h"
#include "jobs/queen-relay.h"
#include "queen-error.h"
#include "queen-lost-job.h"
#include "queen-relay-reader.h"
#include "stream/queen-frame.h"

#define EVENT_STREAM "text/event-stream"
#define MAX_BODY (64 * 1024)                /* bytes of what is no stream */
#define ANSWER_TIMEOUT (3 * G_USEC_PER_SEC) /* for a head, or all that is no stream */
#define PROBE_TIMEOUT (2 * G_USEC_PER_SEC)  /* for a sign of life of one who is said to be gone */
#define LOSS_TIMEOUT (12 * G_USEC_PER_SEC)  /* until it is known that one is gone, and a bit */
#define SILENCE (40 * G_USEC_PER_SEC)       /* of a stream that has a comment each 15 s */
#define BARE_SILENCE (G_GINT64_CONSTANT (3600) * G_USEC_PER_SEC) /* of one that has none */
#define MAX_LAST_ID 128

struct _QueenRelayedAnswer
{
  QueenRelayStage *stage;
  QueenExchange *exchange; /* NULL once it is answered, or nobody waits */
  QueenSiblingsQuestion question;
  char *id;
  QueenStreamRequest request; /* of who reads; its last_id is owned */
  struct sockaddr_storage client;
  char *asker;
  char *user;
  gboolean is_admin;

  QueenRelay *relay; /* NULL when it has ended */
  QueenRelay *probe; /* NULL unless it is to be seen whether she is gone */
  QueenJobIndexWatch *watch;
  QueenAlarm *alarm;
  guint status;             /* of her answer; 0 before that */
  gboolean speaks_openai;   /* her answer's words */
  GString *body;            /* what has come, until somebody takes it */
  GString *last;            /* what is said in her place; NULL unless it is */
  gboolean is_broken;       /* her answer has ended too early */
  gboolean has_all;         /* it has ended in order */
  QueenRelayReader *reader; /* NULL before it has come */
  GError *error;            /* why she was not asked at all; NULL when she was */
  gboolean is_over;
};

/* The end */

static void
drop_calls (QueenRelayedAnswer *self)
{
  g_clear_pointer (&self->relay, queen_relay_cancel);
  g_clear_pointer (&self->probe, queen_relay_cancel);
  g_clear_pointer (&self->watch, queen_job_index_watch_free);
  queen_alarm_set (self->alarm, -1);
}

static void
be_over (QueenRelayedAnswer *self)
{
  drop_calls (self);
  self->is_over = TRUE;
  self->stage->on_over (self->stage->data);
}

static void
finish_exchange (QueenRelayedAnswer *self)
{
  queen_exchange_finish (g_steal_pointer (&self->exchange));
}

static void
refuse_asker (QueenRelayedAnswer *self, const GError *error)
{
  queen_exchange_answer_error (self->exchange, error);
  finish_exchange (self);
  be_over (self);
}

static void
refuse_with (QueenRelayedAnswer *self, QueenError code, const char *why)
{
  g_autoptr (GError) error =
      g_error_new (QUEEN_ERROR, (int) code, "the queen that has this job cannot be asked: %s", why);

  refuse_asker (self, error);
}

static void
on_asker_gone (gpointer data)
{
  QueenRelayedAnswer *self = data;

  self->exchange = NULL;
  be_over (self);
}

/* Who reads */

static void
on_reader_taken (gsize n_bytes, gpointer data)
{
  QueenRelayedAnswer *self = data;

  if (self->relay)
    queen_relay_note_taken (self->relay, n_bytes);
}

static void
on_reader_gone (gpointer data)
{
  be_over (data);
}

/* All that has come goes on, and the end, if it has come, too. */
static void
feed_reader (QueenRelayedAnswer *self)
{
  g_autoptr (GString) body = g_steal_pointer (&self->body);

  self->body = g_string_new (NULL);
  queen_relay_reader_add (self->reader, body->str, body->len);
  if (self->has_all || self->last)
    queen_relay_reader_end (self->reader, self->last);
}

static void
on_reader_socket (QueenSocket socket, GBytes *head, gpointer data)
{
  static const QueenRelayReaderFuncs funcs = { on_reader_taken, on_reader_gone };
  QueenRelayedAnswer *self = data;

  self->reader = queen_relay_reader_new (self->stage->settings.audience, socket, head,
                                         &self->request, &funcs, self);
  feed_reader (self);
}

/* Also of who wants the head alone, or has gone before it was written. */
static void
on_stream_let_go (gpointer data)
{
  QueenRelayedAnswer *self = data;

  if (!self->reader && !self->is_over)
    be_over (self);
}

static void
begin_stream (QueenRelayedAnswer *self)
{
  QueenExchange *exchange = g_steal_pointer (&self->exchange);

  queen_exchange_forbid_buffering (exchange);
  queen_exchange_add_header (exchange, "Vary", "Accept");
  queen_exchange_take_over (exchange, EVENT_STREAM, on_reader_socket, self, on_stream_let_go);
  queen_exchange_finish (exchange);
}

/* She is gone */

static void
answer_lost (QueenRelayedAnswer *self)
{
  GString *json = g_string_new (NULL);

  queen_lost_job_append_json (json, self->id,
                              queen_job_index_lookup (self->stage->settings.index, self->id));
  queen_exchange_answer_json (self->exchange, SOUP_STATUS_OK, json);
  finish_exchange (self);
  be_over (self);
}

static void
read_lost (QueenRelayedAnswer *self)
{
  gboolean is_parser = !queen_encoding_is_bare (self->request.encoding);

  self->last = g_string_new (NULL);
  queen_lost_job_append_end (self->last, self->id,
                             queen_job_index_lookup (self->stage->settings.index, self->id),
                             is_parser, self->speaks_openai);
  if (self->exchange)
    begin_stream (self);
  else if (self->reader)
    queen_relay_reader_end (self->reader, self->last);
}

static void
end_as_lost (QueenRelayedAnswer *self)
{
  g_autoptr (GError) error = NULL;

  drop_calls (self);
  if (self->question == QUEEN_SIBLINGS_READ)
    read_lost (self);
  else if (self->question == QUEEN_SIBLINGS_SHOW)
    answer_lost (self);
  else
    {
      g_set_error_literal (&error, QUEEN_ERROR, QUEEN_ERROR_CONFLICT,
                           "the job has ended: it is lost");
      refuse_asker (self, error);
    }
}

/* Her answer did not come to its end. If that is because she is gone, it will be known soon. */
static void
await_loss (QueenRelayedAnswer *self)
{
  const QueenJobEntry *entry = queen_job_index_lookup (self->stage->settings.index, self->id);

  self->is_broken = TRUE;
  g_clear_pointer (&self->relay, queen_relay_cancel);
  if (!entry || entry->is_orphan)
    end_as_lost (self);
  else
    queen_alarm_set (self->alarm, self->stage->settings.clock->get_monotonic () + LOSS_TIMEOUT);
}

static void
on_relay_overdue (gpointer data)
{
  QueenRelayedAnswer *self = data;

  if (self->error)
    refuse_with (self,
                 self->error->code == QUEEN_ERROR_FORBIDDEN ? QUEEN_ERROR_BAD_GATEWAY
                                                            : QUEEN_ERROR_UNAVAILABLE,
                 self->error->message);
  else if (!self->is_broken)
    await_loss (self);
  else if (self->exchange)
    refuse_with (self, QUEEN_ERROR_UNAVAILABLE, "she does not answer");
  else if (self->reader)
    queen_relay_reader_cut (self->reader);
}

/* Asking */

static const QueenSibling *
find_sibling (const GPtrArray *siblings, const char *name)
{
  for (guint i = 0; siblings && i < siblings->len; i++)
    {
      const QueenSibling *sibling = siblings->pdata[i];

      if (g_strcmp0 (sibling->name, name) == 0)
        return sibling;
    }
  return NULL;
}

/* Without the engine, and until all are back there, she is where she was. */
static const char *
get_address (QueenRelayedAnswer *self)
{
  const QueenSiblingsSettings *settings = &self->stage->settings;
  const QueenJobEntry *entry = queen_job_index_lookup (settings->index, self->id);
  const QueenSibling *sibling = NULL;
  QueenEngineReport report;

  settings->report_engine (&report, settings->data);
  if (entry)
    sibling = find_sibling (report.siblings, entry->owner);
  if (entry && !sibling)
    sibling = find_sibling (report.last_siblings, entry->owner);
  return sibling ? sibling->address : NULL;
}

static QueenRelay *
start_relay (QueenRelayedAnswer *self,
             QueenSiblingsQuestion question,
             gint64 silence,
             const QueenRelayFuncs *funcs,
             GError **error)
{
  const QueenSiblingsSettings *settings = &self->stage->settings;
  gboolean is_read = question == QUEEN_SIBLINGS_READ;
  gboolean is_parser = is_read && !queen_encoding_is_bare (self->request.encoding);
  g_autofree char *id = g_uri_escape_string (self->id, NULL, FALSE);
  g_autofree char *path = g_strconcat ("/v1/jobs/", id, is_read ? "/stream" : "", NULL);
  QueenRelayRequest request = {
    .address = get_address (self),
    .may_be_plain = settings->is_insecure,
    .method = question == QUEEN_SIBLINGS_CANCEL ? "DELETE" : "GET",
    .path = path,
    .accept = is_parser ? EVENT_STREAM : "*/*",
    .last_id = is_read ? self->request.last_id : NULL,
    .submitter = self->user,
    .silence = silence,
  };
  const QueenPass pass = { request.method, path, request.address, self->user, self->is_admin };
  g_autofree char *text = NULL;

  if (!request.address)
    {
      queen_error_refuse (error, QUEEN_ERROR_UNAVAILABLE, "she has not said where she is");
      return NULL;
    }
  request.pass = text = queen_access_dup_pass (settings->access, &pass, error);
  return text ? queen_relay_start (settings->upstream, &request, funcs, self, error) : NULL;
}

static void
on_probe_head (guint status, const char *face, gpointer data)
{
  g_clear_pointer (&((QueenRelayedAnswer *) data)->probe, queen_relay_cancel);
}

static void
on_probe_bytes (GBytes *bytes, gpointer data)
{
}

static void
on_probe_end (const GError *error, gpointer data)
{
  QueenRelayedAnswer *self = data;

  self->probe = NULL;
  end_as_lost (self);
}

/* Whom the engine has not heard of for a while may have lost the engine, and not her life. */
static void
look_for_life (QueenRelayedAnswer *self)
{
  static const QueenRelayFuncs funcs = { on_probe_head, on_probe_bytes, on_probe_end };

  if (self->probe)
    return;
  self->probe = start_relay (self, QUEEN_SIBLINGS_SHOW, PROBE_TIMEOUT, &funcs, NULL);
  if (!self->probe)
    end_as_lost (self);
}

static void
on_job_known (const QueenJobEntry *entry, gpointer data)
{
  QueenRelayedAnswer *self = data;

  if (entry && !entry->is_orphan)
    return;
  if (self->relay)
    look_for_life (self);
  else if (self->is_broken)
    end_as_lost (self);
}

/* Her answer */

static void
on_relay_head (guint status, const char *face, gpointer data)
{
  QueenRelayedAnswer *self = data;

  self->status = status;
  self->speaks_openai = g_strcmp0 (face, "openai") == 0;
  if (self->question != QUEEN_SIBLINGS_READ || status != SOUP_STATUS_OK)
    return; /* and all of it is to be there in time, or she could say it byte by byte */
  queen_alarm_set (self->alarm, -1);
  begin_stream (self);
}

static void
on_relay_bytes (GBytes *bytes, gpointer data)
{
  QueenRelayedAnswer *self = data;
  gsize length;
  const char *text = g_bytes_get_data (bytes, &length);

  if (self->reader)
    {
      queen_relay_reader_add (self->reader, text, length);
      return;
    }
  g_string_append_len (self->body, text, (gssize) length);
  if (!self->exchange)
    return; /* its reader is about to come */
  queen_relay_note_taken (self->relay, length);
  if (self->body->len > MAX_BODY)
    refuse_with (self, QUEEN_ERROR_BAD_GATEWAY, "her answer is too long");
}

static void
log_once (QueenRelayedAnswer *self, const char *what, const char *why)
{
  if (!self->stage->is_refusal_logged)
    g_warning ("%s, and may again: %s", what, why);
  self->stage->is_refusal_logged = TRUE;
}

static void
refuse_strange_answer (QueenRelayedAnswer *self)
{
  g_autofree char *why = g_strdup_printf ("she answered %u%s, which is no answer to that",
                                          self->status, self->body->len > 0 ? "" : " and no more");

  refuse_with (self, QUEEN_ERROR_BAD_GATEWAY, why);
}

/* As she said it, but for what she said of this queen and not of who asks. */
static void
hand_on (QueenRelayedAnswer *self)
{
  if (self->status == SOUP_STATUS_FORBIDDEN || self->status == SOUP_STATUS_UNAUTHORIZED)
    {
      log_once (self, "another queen has refused what was asked of her", self->body->str);
      refuse_with (self, QUEEN_ERROR_BAD_GATEWAY,
                   "she refuses; all queens need the same --queen-token-file");
      return;
    }
  if (!queen_answer_status_is_for_asker (self->status) || self->body->len == 0)
    {
      refuse_strange_answer (self);
      return;
    }
  queen_exchange_answer (self->exchange, self->status, "application/json",
                         g_string_free_to_bytes (g_steal_pointer (&self->body)));
  finish_exchange (self);
  be_over (self);
}

static void
on_relay_end (const GError *error, gpointer data)
{
  QueenRelayedAnswer *self = data;

  self->relay = NULL;
  if (g_error_matches (error, QUEEN_ERROR, QUEEN_ERROR_FORBIDDEN))
    {
      log_once (self, "another queen could not be asked", error->message);
      refuse_with (self, QUEEN_ERROR_BAD_GATEWAY, error->message);
    }
  else if (error)
    await_loss (self);
  else if (self->exchange)
    hand_on (self);
  else if (!self->reader)
    be_over (self); /* it was the head alone that was wanted */
  else if (!queen_relay_reader_has_end (self->reader, self->speaks_openai))
    await_loss (self);
  else
    {
      self->has_all = TRUE;
      drop_calls (self);
      queen_relay_reader_end (self->reader, NULL);
    }
}

/* What a client says goes into a header: nothing but what an id is made of is worth it. */
static char *
dup_last_id (const char *last_id)
{
  gsize length = last_id ? strlen (last_id) : 0;

  if (length == 0)
    return NULL;
  for (gsize i = 0; i < length; i++)
    if (!g_ascii_isgraph (last_id[i]) || length > MAX_LAST_ID)
      return g_strdup ("?");
  return g_strdup (last_id);
}

static void
take_request (QueenRelayedAnswer *self, const QueenStreamRequest *request)
{
  self->request = *request;
  self->request.last_id = dup_last_id (request->last_id);
  if (!request->client)
    return;
  self->client = *request->client;
  self->request.client = &self->client;
}

static void
take_asker (QueenRelayedAnswer *self)
{
  guint owner;

  self->user = queen_exchange_dup_submitter (self->exchange);
  self->is_admin =
      queen_access_check_right (self->stage->settings.access, QUEEN_ACCESS_ADMIN,
                                queen_exchange_get_visitor (self->exchange), &owner, NULL);
}

static void
ask_owner (QueenRelayedAnswer *self)
{
  static const QueenRelayFuncs funcs = { on_relay_head, on_relay_bytes, on_relay_end };
  const QueenSiblingsSettings *settings = &self->stage->settings;
  const QueenJobEntry *entry = queen_job_index_lookup (settings->index, self->id);
  gboolean is_read = self->question == QUEEN_SIBLINGS_READ;
  gboolean is_bare = queen_encoding_is_bare (self->request.encoding);
  gint64 now = settings->clock->get_monotonic ();

  if (entry && !entry->is_orphan)
    self->relay = start_relay (self, self->question,
                               !is_read  ? ANSWER_TIMEOUT
                               : is_bare ? BARE_SILENCE
                                         : SILENCE,
                               &funcs, &self->error);
  queen_alarm_set (self->alarm, self->relay ? now + ANSWER_TIMEOUT : now);
  self->watch = queen_job_index_watch (settings->index, self->id, on_job_known, self);
}

QueenRelayedAnswer *
queen_relayed_answer_new (QueenRelayStage *stage,
                          QueenExchange *exchange,
                          const char *asker,
                          const char *id,
                          QueenSiblingsQuestion question,
                          const QueenStreamRequest *request)
{
  QueenRelayedAnswer *self = g_new0 (QueenRelayedAnswer, 1);

  self->stage = stage;
  self->exchange = exchange;
  self->question = question;
  self->asker = g_strdup (asker);
  self->id = g_strdup (id);
  self->body = g_string_new (NULL);
  self->alarm = queen_alarm_new_in_group (stage->alarms, on_relay_overdue, self);
  if (request)
    take_request (self, request);
  take_asker (self);
  queen_exchange_answer_later (exchange, QUEEN_PATIENCE_UNTIL_GONE, on_asker_gone, self);
  ask_owner (self);
  return self;
}

/* Who is no parser of event streams takes an end without its marker for none, as it is. */
void
queen_relayed_answer_say_goodbye (QueenRelayedAnswer *self)
{
  g_autoptr (GBytes) bye = NULL;
  struct iovec inside;

  if (self->is_over)
    return;
  drop_calls (self);
  if (self->exchange)
    refuse_with (self, QUEEN_ERROR_UNAVAILABLE, "this one stops");
  else if (!self->reader || self->last || self->has_all)
    return; /* it ends by itself */
  else if (queen_encoding_is_bare (self->request.encoding))
    queen_relay_reader_cut (self->reader);
  else
    {
      bye = queen_frame_new_bye ((guint) g_random_int_range (1000, 5001), "shutdown");
      queen_chunk_get_inside (bye, &inside);
      self->last = g_string_new_len (inside.iov_base, (gssize) inside.iov_len);
      queen_relay_reader_end (self->reader, self->last);
    }
}

const char *
queen_relayed_answer_get_asker (const QueenRelayedAnswer *self)
{
  return self->asker;
}

gsize
queen_relayed_answer_get_n_bytes (const QueenRelayedAnswer *self)
{
  return (self->body ? self->body->len : 0) +
         (self->reader ? queen_relay_reader_get_n_bytes (self->reader) : 0);
}

gboolean
queen_relayed_answer_is_over (const QueenRelayedAnswer *self)
{
  return self->is_over;
}

void
queen_relayed_answer_free (QueenRelayedAnswer *self)
{
  drop_calls (self);
  g_clear_pointer (&self->reader, queen_relay_reader_free);
  queen_alarm_free (self->alarm);
  queen_stream_request_clear (&self->request);
  g_clear_error (&self->error);
  if (self->body)
    g_string_free (self->body, TRUE);
  if (self->last)
    g_string_free (self->last, TRUE);
  g_free (self->user);
  g_free (self->asker);
  g_free (self->id);
  g_free (self);
}
