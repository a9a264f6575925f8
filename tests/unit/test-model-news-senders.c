/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* Whose turn it is when there is much to tell of models: of who has brought their workers, and of
 * who waits for these. */

#include "jobs-fixture.h"
#include "jobs/queen-job-news.h"
#include "model/queen-model-news.h"

#define MANY "token:many"
#define FEW "token:few"
#define N_WORKERS 40
#define N_MODELS (N_WORKERS * QUEEN_VITALS_MAX_MODELS)

/* Events since the last look. */
typedef struct
{
  QueenEventKind kind;
  const char *model;
  guint n_all;
  guint n_of_model;
} Heard;

static void
on_event_heard (Heard *heard, QueenEvent *event)
{
  g_autofree char *model = NULL;

  if (event->kind != heard->kind)
    return;
  model = g_strdup_printf ("\"model\":\"%s\"", heard->model);
  heard->n_all++;
  heard->n_of_model += g_strstr_len (event->json, (gssize) event->json_length, model) != NULL;
}

static void
listen_to (Fixture *f, Heard *heard)
{
  g_signal_connect_swapped (queen_cluster_get_bus (f->cluster), "event",
                            G_CALLBACK (on_event_heard), heard);
}

static guint
count_all (Heard *heard, gint64 span)
{
  heard->n_all = 0;
  pass (span);
  return heard->n_all;
}

static guint
count_of_model (Heard *heard, gint64 span)
{
  heard->n_of_model = 0;
  for (gint64 passed = 0; passed < span; passed += SECOND / 10)
    pass (SECOND / 10);
  return heard->n_of_model;
}

/* @models: (transfer full) (nullable): which it serves besides @model */
static void
beat_as (Fixture *f, const char *sender, const char *id, const char *model, char **models, int use)
{
  QueenRegistry *workers = queen_cluster_get_registry (f->cluster, QUEEN_COMPONENT_WORKER);
  QueenComponent *worker = queen_component_new (QUEEN_COMPONENT_WORKER);
  g_autoptr (GError) error = NULL;

  worker->id = g_strdup (id);
  worker->model_id = g_strdup (model);
  worker->status = QUEEN_STATUS_READY;
  worker->vitals = g_memdup2 (&queen_vitals_unsaid, sizeof queen_vitals_unsaid);
  worker->vitals->models = models;
  worker->vitals->slots = 1;
  worker->vitals->running = use;
  queen_registry_update (workers, worker, sender, &error);
  g_assert_no_error (error);
}

static char *
name_model (guint worker, guint i)
{
  return g_strdup_printf ("m%u-%u", worker, i);
}

/* Each worker has models of its own, and one is everybody's. */
static void
flood (Fixture *f, int use)
{
  for (guint i = 0; i < N_WORKERS; i++)
    {
      g_autofree char *id = g_strdup_printf ("w%u", i);
      GStrvBuilder *models = g_strv_builder_new ();

      for (guint k = 0; k < QUEEN_VITALS_MAX_MODELS; k++)
        {
          g_autofree char *model = name_model (i, k);

          g_strv_builder_add (models, model);
        }
      beat_as (f, MANY, id, "mine", g_strv_builder_end (models), use);
      g_strv_builder_unref (models);
    }
}

/* Until all has been told. */
static void
rest (Heard *heard)
{
  guint n_all = 0, n;

  do
    n_all += n = count_all (heard, SECOND / 10);
  while (n > 0);
  g_assert_cmpuint (n_all, ==, N_MODELS + 1);
  pass (SECOND);
}

static void
test_workers (Fixture *f, gconstpointer data)
{
  Heard heard = { QUEEN_EVENT_PLACEMENT, "mine", 0, 0 };

  listen_to (f, &heard);
  flood (f, 0);
  rest (&heard);
  flood (f, 1);
  g_assert_cmpuint (count_all (&heard, 0), ==, QUEEN_MODEL_NEWS_BURST);
  beat_as (f, FEW, "own", "mine", NULL, 0);
  g_assert_cmpuint (count_of_model (&heard, SECOND + SECOND / 10), ==, 1);
  beat_as (f, FEW, "own", "mine", NULL, 1);
  flood (f, 0);
  g_assert_cmpuint (count_of_model (&heard, SECOND + SECOND / 10), ==, 1);
}

static void
submit_as (Fixture *f, const char *submitter, const char *model)
{
  QueenJobRequest request = make_request (submitter);
  g_autoptr (GError) error = NULL;

  request.model = model;
  queen_jobs_submit (f->jobs, &request, NULL, &error);
  g_assert_no_error (error);
}

/* Of a model that others' workers have, too. */
static void
test_waits (Fixture *f, gconstpointer data)
{
  g_autofree char *model = name_model (N_WORKERS - 1, 0);
  Heard heard = { QUEEN_EVENT_PLACEMENT, model, 0, 0 };

  listen_to (f, &heard);
  flood (f, 0);
  rest (&heard);
  flood (f, 1);
  g_assert_cmpuint (count_all (&heard, 0), ==, QUEEN_MODEL_NEWS_BURST);
  submit_as (f, FEW, model);
  g_assert_cmpuint (count_of_model (&heard, SECOND / 10), ==, 1);
}

static void
test_jobs (Fixture *f, gconstpointer data)
{
  Heard heard = { QUEEN_EVENT_JOB, "mine", 0, 0 };

  flood (f, 1);
  listen_to (f, &heard);
  for (guint i = 0; i < N_WORKERS; i++)
    for (guint k = 0; k < QUEEN_VITALS_MAX_MODELS; k++)
      {
        g_autofree char *model = name_model (i, k);

        submit_as (f, MANY, model);
      }
  g_assert_cmpuint (count_all (&heard, 0), ==, QUEEN_MODEL_NEWS_BURST);
  submit_as (f, FEW, "mine");
  g_assert_cmpuint (count_of_model (&heard, SECOND / 10), ==, 1);
}

static QueenSequencer *
share_sequencer (QueenEventBus *bus, QueenLocalSequencer *local, gpointer data)
{
  return QUEEN_SEQUENCER (g_object_ref (local));
}

static void
submit_elsewhere (QueenCluster *cluster, guint party, const char *id, const char *model)
{
  const QueenJobEntry entry = {
    id, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", model, NULL, 0, FALSE, party
  };

  queen_job_index_set (queen_cluster_get_job_index (cluster), &entry);
}

/* Another queen says of whom there are as many. */
static void
test_jobs_elsewhere (Fixture *f, gconstpointer data)
{
  const QueenClusterSettings settings = { .registry = { &fake_clock, SECOND, SECOND, 4 },
                                          .heartbeat_interval = SECOND,
                                          .make_sequencer = share_sequencer };
  g_autoptr (QueenCluster) cluster = queen_cluster_new (&settings);
  QueenJobNews *news = queen_job_news_new (cluster, &fake_clock);
  Heard heard = { QUEEN_EVENT_JOB, "mine", 0, 0 };

  g_signal_connect_swapped (queen_cluster_get_bus (cluster), "event", G_CALLBACK (on_event_heard),
                            &heard);
  for (guint i = 0; i < N_MODELS; i++)
    {
      g_autofree char *id = g_strdup_printf ("job-%u", i);
      g_autofree char *model = name_model (0, i);

      submit_elsewhere (cluster, 7, id, model);
    }
  g_assert_cmpuint (count_all (&heard, 0), ==, QUEEN_MODEL_NEWS_BURST);
  submit_elsewhere (cluster, 8, "job-mine", "mine");
  g_assert_cmpuint (count_of_model (&heard, SECOND / 10), ==, 1);
  queen_job_news_free (news);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  ADD ("/model-news-senders/workers/of-whoever-has-brought-them", test_workers);
  ADD ("/model-news-senders/waits/of-whoever-waits", test_waits);
  ADD ("/model-news-senders/jobs/of-whoever-has-submitted-them", test_jobs);
  ADD ("/model-news-senders/jobs/of-whoever-has-submitted-them-elsewhere", test_jobs_elsewhere);

  return g_test_run ();
}
