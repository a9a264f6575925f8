/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "jobs/queen-attempt.h"
#include "queen-error.h"
#include "scripted-server.h"

/* One attempt after the other at a server that does as it is told. */

#define STREAM_HEAD                                                                                \
  "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"
#define JSON_HEAD(length)                                                                          \
  "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: " #length "\r\n\r\n"

typedef struct
{
  ScriptedServer server;
  QueenUpstream *upstream;
  QueenComponent *worker;
  QueenAttemptRequest request;

  QueenAttempt *attempt;
  GString *events; /* a line each */
  GString *text;   /* what they add */
  GString *body;
  guint status;
  char *type;
  guint n_events;
  guint max_events; /* after which it is cancelled; 0 for never */
  gboolean is_connected;
  gboolean is_answered;
  gboolean is_over;
  QueenAttemptOutcome outcome;
  GError *error;
} Fixture;

static inline void
on_connected (gpointer data)
{
  ((Fixture *) data)->is_connected = TRUE;
}

static inline void
on_answering (gpointer data)
{
  ((Fixture *) data)->is_answered = TRUE;
}

static inline void
on_head (guint status, const char *type, gpointer data)
{
  Fixture *fixture = data;

  g_assert_cmpuint (fixture->status, ==, 0);
  fixture->status = status;
  fixture->type = g_strdup (type);
}

static inline void
on_event (GBytes *event, const char *text, gsize length, gpointer data)
{
  Fixture *fixture = data;
  gsize size;
  const char *bytes = g_bytes_get_data (event, &size);

  g_assert_true (g_utf8_validate (bytes, (gssize) size, NULL));
  g_assert_null (memchr (bytes, '\n', size));
  g_string_append_len (fixture->events, bytes, (gssize) size);
  g_string_append_c (fixture->events, '\n');
  if (text)
    g_string_append_len (fixture->text, text, (gssize) length);
  if (++fixture->n_events == fixture->max_events)
    {
      g_clear_pointer (&fixture->attempt, queen_attempt_cancel);
      fixture->is_over = TRUE;
    }
}

static inline void
on_body (GBytes *part, gpointer data)
{
  gsize size;
  const char *bytes = g_bytes_get_data (part, &size);

  g_string_append_len (((Fixture *) data)->body, bytes, (gssize) size);
}

static inline void
on_end (QueenAttemptOutcome outcome, const GError *error, gpointer data)
{
  Fixture *fixture = data;

  g_assert_false (fixture->is_over);
  g_assert_true ((outcome == QUEEN_ATTEMPT_DONE) == (error == NULL));
  fixture->attempt = NULL;
  fixture->is_over = TRUE;
  fixture->outcome = outcome;
  fixture->error = error ? g_error_copy (error) : NULL;
}

static inline void
fixture_start (Fixture *fixture, QueenApi api, const Scene *scenes, guint n_scenes)
{
  const QueenUpstreamSettings settings = { NULL };
  QueenVitals *vitals = g_memdup2 (&queen_vitals_unsaid, sizeof queen_vitals_unsaid);

  *fixture = (Fixture){
    .request = { .face = QUEEN_FACE_OPENAI,
                 .path = "/v1/chat/completions",
                 .is_streamed = TRUE,
                 .connect_timeout = 5 * G_TIME_SPAN_SECOND,
                 .first_byte_timeout = 10 * G_TIME_SPAN_SECOND,
                 .idle_timeout = 10 * G_TIME_SPAN_SECOND },
    .events = g_string_new (NULL),
    .text = g_string_new (NULL),
    .body = g_string_new (NULL),
  };
  if (n_scenes > 0)
    scripted_server_start (&fixture->server, scenes, n_scenes);
  fixture->worker = queen_component_new (QUEEN_COMPONENT_WORKER);
  fixture->worker->id = g_strdup ("w");
  fixture->worker->model_id = g_strdup ("m");
  fixture->worker->port = fixture->server.port;
  fixture->worker->vitals = vitals;
  vitals->api = api;
  queen_source_init_here (&fixture->worker->source);
  fixture->upstream = queen_upstream_new (&settings, NULL);
}

static inline void
fixture_ask (Fixture *fixture, const char *body)
{
  static const QueenAttemptFuncs funcs = { on_connected, on_head, on_event,
                                           on_body,      on_end,  on_answering };

  g_clear_pointer (&fixture->request.body, g_bytes_unref);
  g_clear_pointer (&fixture->type, g_free);
  g_clear_error (&fixture->error);
  g_string_truncate (fixture->events, 0);
  g_string_truncate (fixture->text, 0);
  g_string_truncate (fixture->body, 0);
  fixture->request.body = g_bytes_new (body, strlen (body));
  fixture->is_connected = fixture->is_answered = fixture->is_over = FALSE;
  fixture->n_events = fixture->status = 0;
  fixture->attempt =
      queen_attempt_start (fixture->upstream, fixture->worker, &fixture->request, &funcs, fixture);
  g_assert_false (fixture->is_over);
}

static inline void
fixture_wait (Fixture *fixture)
{
  while (!fixture->is_over)
    g_main_context_iteration (NULL, TRUE);
}

static inline void
fixture_run (Fixture *fixture, const char *body)
{
  fixture_ask (fixture, body);
  fixture_wait (fixture);
}

static inline void
fixture_assert_failed (Fixture *fixture, QueenAttemptOutcome outcome, const char *message)
{
  g_assert_cmpint (fixture->outcome, ==, outcome);
  g_assert_nonnull (fixture->error);
  if (!strstr (fixture->error->message, message))
    g_error ("“%s” does not say “%s”", fixture->error->message, message);
}

static inline void
fixture_stop (Fixture *fixture)
{
  g_clear_pointer (&fixture->attempt, queen_attempt_cancel);
  queen_upstream_free (fixture->upstream);
  if (fixture->server.thread)
    scripted_server_stop (&fixture->server);
  queen_component_unref (fixture->worker);
  g_clear_pointer (&fixture->request.body, g_bytes_unref);
  g_string_free (fixture->events, TRUE);
  g_string_free (fixture->text, TRUE);
  g_string_free (fixture->body, TRUE);
  g_free (fixture->type);
  g_clear_error (&fixture->error);
}
