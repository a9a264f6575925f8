/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "jobs/queen-jobs.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fake-clock.h"
#include "queen-error.h"

/* Jobs of a cluster by a clock of the test's, and attempts that go as the test says. */

#define SECOND ((gint64) G_USEC_PER_SEC)
#define HEAD "HEAD\r\n\r\n"
#define MAX_ATTEMPTS 512

/* One try at a worker. */
typedef struct
{
  char *worker;
  QueenAttemptRequest request; /* but for the body */
  char *body;
  const QueenAttemptFuncs *funcs;
  gpointer data;
  gboolean is_cancelled;
  gboolean has_ended;
} Try;

typedef struct
{
  QueenTally tally;
  QueenAudience *audience;
  QueenCluster *cluster;
  QueenJobs *jobs;
  char *directory; /* NULL when nothing is left */
  gint64 disk_patience;
} Fixture;

static Try tries[MAX_ATTEMPTS];
static guint n_tries;

static inline QueenAttempt *
start_try (QueenUpstream *upstream,
           QueenComponent *target,
           const QueenAttemptRequest *request,
           const QueenAttemptFuncs *funcs,
           gpointer data)
{
  Try *try = &tries[n_tries++];
  gsize size;
  const char *body = g_bytes_get_data (request->body, &size);

  g_assert_cmpuint (n_tries, <=, MAX_ATTEMPTS);
  *try = (Try){ g_strdup (target->id), *request, g_strndup (body, size), funcs, data };
  return (QueenAttempt *) try;
}

static inline void
cancel_try (QueenAttempt *attempt)
{
  Try *try = (Try *) attempt;

  g_assert_false (try->is_cancelled || try->has_ended);
  try->is_cancelled = TRUE;
}

static inline void
turn (void)
{
  while (g_main_context_iteration (NULL, FALSE))
    ;
}

static inline void
pass (gint64 span)
{
  now += span;
  turn ();
}

static inline void
make_jobs (Fixture *f)
{
  const QueenJobsSettings settings = {
    .clock = &fake_clock,
    .cluster = f->cluster,
    .audience = f->audience,
    .tally = &f->tally,
    .state_directory = f->directory,
    .disk_patience = f->disk_patience,
    .start_attempt = start_try,
    .cancel_attempt = cancel_try,
  };

  f->jobs = queen_jobs_new (&settings);
}

static inline void
set_up (Fixture *f, gconstpointer data)
{
  const QueenAudienceSettings audience = {
    .clock = &fake_clock,
    .caps = { .subscribers = 100, .subscribers_per_address = 100 },
    .stall_timeout = 20 * SECOND,
    .tally = &f->tally,
  };
  const QueenClusterSettings cluster = {
    .registry = { &fake_clock, 3600 * SECOND, 3600 * SECOND, 1000 },
    .heartbeat_interval = 3600 * SECOND,
  };

  now = 1000 * SECOND;
  n_tries = 0;
  f->audience = queen_audience_new (&audience, NULL);
  f->cluster = queen_cluster_new (&cluster);
  make_jobs (f);
}

static inline void
tear_down (Fixture *f, gconstpointer data)
{
  g_clear_object (&f->jobs);
  g_clear_object (&f->cluster);
  g_assert_cmpuint (queen_audience_get_n_subscribers (f->audience), ==, 0);
  queen_audience_free (f->audience);
  for (guint i = 0; i < n_tries; i++)
    {
      g_free (tries[i].worker);
      g_free (tries[i].body);
    }
}

/* @sender: (nullable): whose worker it is
 * @running: what it works on by its own word; -1 for nothing said */
static inline void
beat_of (Fixture *f, const char *sender, const char *id, gint64 slots, gint64 running)
{
  QueenComponent *worker = queen_component_new (QUEEN_COMPONENT_WORKER);

  worker->id = g_strdup (id);
  worker->model_id = g_strdup ("m");
  worker->status = QUEEN_STATUS_READY;
  worker->vitals = g_memdup2 (&queen_vitals_unsaid, sizeof queen_vitals_unsaid);
  worker->vitals->slots = slots;
  worker->vitals->running = running;
  g_assert_true (
      queen_registry_update (queen_cluster_get_registry (f->cluster, QUEEN_COMPONENT_WORKER),
                             worker, sender, NULL));
}

static inline void
beat_with (Fixture *f, const char *id, gint64 slots, gint64 running)
{
  beat_of (f, NULL, id, slots, running);
}

static inline void
beat (Fixture *f, const char *id, gint64 slots)
{
  beat_with (f, id, slots, -1);
}

static inline QueenJobRequest
make_request (const char *submitter)
{
  static GBytes *body;
  QueenJobRequest request;

  if (!body)
    body = g_bytes_new_static ("{\"prompt\":\"p\"}", strlen ("{\"prompt\":\"p\"}"));
  queen_job_request_init (&request);
  request.operation = "infer";
  request.model = "m";
  request.body = body;
  request.submitter = submitter;
  return request;
}

static inline QueenJob *
submit (Fixture *f)
{
  const QueenJobRequest request = make_request ("");
  g_autoptr (GError) error = NULL;
  QueenJob *job = queen_jobs_submit (f->jobs, &request, NULL, &error);

  g_assert_no_error (error);
  return job;
}

static inline void
say (Try *try, const char *event, const char *text)
{
  g_autoptr (GBytes) bytes = g_bytes_new (event, strlen (event));

  try->funcs->on_event (bytes, text, text ? strlen (text) : 0, try->data);
}

static inline void
say_token (Try *try, const char *text)
{
  g_autofree char *event = g_strdup_printf ("{\"type\":\"token\",\"t\":\"%s\"}", text);

  say (try, event, text);
}

/* @message: NULL when it is done */
static inline void
end_try (Try *try, QueenAttemptOutcome outcome, const char *message)
{
  g_autoptr (GError) error =
      message ? g_error_new_literal (QUEEN_ERROR, QUEEN_ERROR_BAD_GATEWAY, message) : NULL;

  try->has_ended = TRUE;
  try->funcs->on_end (outcome, error, try->data);
}

/* Returns: the reader's end */
static inline int
read_job (QueenJob *job, QueenEncoding encoding, const char *last_id)
{
  const QueenStreamRequest request = {
    .kinds = queen_encoding_is_bare (encoding) ? QUEEN_JOB_EVENT_DATA : QUEEN_JOB_EVENT_ALL,
    .encoding = encoding,
    .last_id = last_id,
  };
  int fds[2];

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), ==, 0);
  queen_job_subscribe (job, (QueenSocket){ .fd = fds[1] }, g_bytes_new_static (HEAD, strlen (HEAD)),
                       &request);
  return fds[0];
}

/* Returns: (transfer full): what is there to be read, without the head; with “<end>” behind it when
 * that was all that will ever come */
static inline char *
read_text (int fd)
{
  GString *text = g_string_new (NULL);
  char buffer[65536];
  gssize n;

  while ((n = read (fd, buffer, sizeof buffer)) > 0)
    {
      g_string_append_len (text, buffer, n);
      turn ();
    }
  if (n == 0)
    g_string_append (text, "<end>");
  if (g_str_has_prefix (text->str, HEAD))
    g_string_erase (text, 0, (gssize) strlen (HEAD));
  return g_string_free (text, FALSE);
}

static inline void
assert_reads (int fd, const char *expected)
{
  g_autofree char *text = read_text (fd);

  g_assert_cmpstr (text, ==, expected);
}

#define ADD(path, func) g_test_add (path, Fixture, NULL, set_up, func, tear_down)
