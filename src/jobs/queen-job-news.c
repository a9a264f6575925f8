/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-job-news.h"

#include "model/queen-model-news.h"
#include "model/queen-senders.h"
#include "queen-job-private.h"
#include "text/queen-hash.h"

#define PACE_OF_TOKENS (5 * QUEEN_MODEL_NEWS_PACE)

/* What is open of one model. */
typedef struct
{
  char *model;
  guint queued;
  guint running;
  guint64 n_tokens;
  QueenJobState last; /* what became of the last one that became something */
} Load;

struct _QueenJobNews
{
  QueenModelNews *news;
  GHashTable *loads;    /* model -> Load: of those that have any */
  QueenJobIndex *index; /* what other queens have; NULL of an only queen */
};

static void on_other_changed (QueenJobNews *self, const QueenJobEntry *entry);

static void
free_load (Load *load)
{
  g_free (load->model);
  g_free (load);
}

QueenJobNews *
queen_job_news_new (QueenCluster *cluster, const QueenClock *clock)
{
  static const char *const names[QUEEN_MODEL_NEWS_COUNTS] = { "queued", "running", "tokens" };
  QueenJobNews *self = g_new0 (QueenJobNews, 1);

  self->news = queen_model_news_new (QUEEN_SEQUENCER (queen_cluster_get_sequencer (cluster)), clock,
                                     QUEEN_EVENT_JOB, names);
  self->loads =
      g_hash_table_new_full (queen_string_hash, g_str_equal, NULL, (GDestroyNotify) free_load);
  self->index = queen_cluster_get_job_index (cluster);
  if (self->index)
    g_signal_connect_swapped (g_object_ref (self->index), "changed", G_CALLBACK (on_other_changed),
                              self);
  return self;
}

void
queen_job_news_free (QueenJobNews *self)
{
  if (self->index)
    g_signal_handlers_disconnect_by_data (self->index, self);
  g_clear_object (&self->index);
  queen_model_news_free (self->news);
  g_hash_table_unref (self->loads);
  g_free (self);
}

static Load *
get_load (QueenJobNews *self, const char *model)
{
  const char *key = model ? model : "";
  Load *load = g_hash_table_lookup (self->loads, key);

  if (load)
    return load;
  load = g_new0 (Load, 1);
  load->model = g_strdup (key);
  g_hash_table_insert (self->loads, load->model, load);
  return load;
}

static guint
count_others (QueenJobNews *self, const Load *load, QueenJobState state)
{
  return self->index ? queen_job_index_count_open (self->index, load->model, state) : 0;
}

/* Who has nothing to do any more is forgotten, and begins to be counted anew. */
static void
note_load (QueenJobNews *self, Load *load, gint64 pace, const char *sender)
{
  guint queued = load->queued + count_others (self, load, QUEEN_JOB_QUEUED);
  guint running = load->running + count_others (self, load, QUEEN_JOB_RUNNING);
  const QueenModelStanding standing = { queen_job_state_get_name (load->last),
                                        { queued, running, load->n_tokens },
                                        queued + running == 0 };

  queen_model_news_note (self->news, load->model, &standing, pace, sender);
  if (queued + running == 0)
    g_hash_table_remove (self->loads, load->model);
}

/* What other queens' jobs are has no say in how many texts are answered here. */
static void
on_other_changed (QueenJobNews *self, const QueenJobEntry *entry)
{
  Load *load = get_load (self, entry->model);
  g_autofree char *sender = queen_sender_dup_name_of_queen (entry->owner, entry->party);

  load->last = entry->state;
  note_load (self, load, QUEEN_MODEL_NEWS_PACE, sender);
}

static void
count_state (Load *load, QueenJobState state, int n)
{
  if (state == QUEEN_JOB_QUEUED)
    load->queued += (guint) n;
  else if (state == QUEEN_JOB_RUNNING)
    load->running += (guint) n;
}

void
queen_job_news_open (QueenJobNews *self, const QueenJob *job)
{
  Load *load = get_load (self, job->model);

  load->last = QUEEN_JOB_QUEUED;
  count_state (load, QUEEN_JOB_QUEUED, 1);
  note_load (self, load, QUEEN_MODEL_NEWS_PACE, job->submitter);
}

void
queen_job_news_move (QueenJobNews *self, const QueenJob *job, QueenJobState from, QueenJobState to)
{
  Load *load = get_load (self, job->model);

  load->last = to;
  count_state (load, from, -1);
  count_state (load, to, 1);
  note_load (self, load, QUEEN_MODEL_NEWS_PACE, job->submitter);
}

void
queen_job_news_add_tokens (QueenJobNews *self, const QueenJob *job, guint64 n)
{
  Load *load = get_load (self, job->model);

  load->n_tokens += n;
  note_load (self, load, PACE_OF_TOKENS, job->submitter);
}
