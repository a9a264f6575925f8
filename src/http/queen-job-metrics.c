/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-job-metrics.h"

#include "queen-metrics-text.h"

static void
append_states (GString *text, const QueenJobsFigures *figures)
{
  queen_metrics_begin (text, "queen_jobs", "gauge",
                       "Jobs that are known, by what becomes of them.");
  for (guint state = 0; state < QUEEN_JOB_N_STATES; state++)
    queen_metrics_add_one (text, "queen_jobs", "status",
                           queen_job_state_get_name ((QueenJobState) state),
                           figures->n_in_state[state]);
  queen_metrics_begin (text, "queen_jobs_ended_total", "counter", "Jobs that have ended, and how.");
  for (guint state = QUEEN_JOB_DONE; state < QUEEN_JOB_N_STATES; state++)
    queen_metrics_add_one (text, "queen_jobs_ended_total", "status",
                           queen_job_state_get_name ((QueenJobState) state),
                           figures->n_ended[state]);
}

static void
append_upstream (GString *text, QueenUpstream *upstream)
{
  QueenUpstreamFigures figures;

  queen_upstream_get_figures (upstream, &figures);
  queen_metrics_gauge (text, "queen_upstream_requests",
                       "Requests that are under way to workers and hives.", figures.n_calls);
  queen_metrics_gauge (text, "queen_upstream_questions",
                       "Questions that workers and hives are being asked.", figures.n_tries);
  queen_metrics_gauge (text, "queen_upstream_max_questions", "How many of these there may be.",
                       figures.max_tries);
  queen_metrics_gauge (text, "queen_upstream_errands",
                       "What waits for the thread that calls workers.", figures.n_errands);
  queen_metrics_gauge (text, "queen_upstream_mailbox_bytes",
                       "What workers have answered, and is still to be told.", figures.n_bytes);
  queen_metrics_gauge (text, "queen_upstream_mailbox_max_bytes",
                       "Of how much one who asks has no more than is left.", figures.max_bytes);
  queen_metrics_gauge (text, "queen_upstream_paused",
                       "Answers that are not read now, as enough of them is still to be told.",
                       figures.n_paused);
  queen_metrics_counter (text, "queen_upstream_pauses_total", "Times that this began for one.",
                         figures.n_pauses);
  queen_metrics_histogram (text, "queen_upstream_lag_seconds",
                           "For how long an errand waited for the thread that calls workers.",
                           &figures.lag);
}

void
queen_job_metrics_append (GString *text, QueenJobs *jobs, QueenUpstream *upstream)
{
  const QueenJobsFigures *figures = queen_jobs_get_figures (jobs);

  append_states (text, figures);
  queen_metrics_counter (text, "queen_jobs_refused_total", "Jobs that were not taken.",
                         figures->n_refused);
  queen_metrics_counter (text, "queen_jobs_evicted_total",
                         "Ended jobs that were let go before their time, for lack of memory.",
                         figures->n_evicted);
  queen_metrics_counter (text, "queen_job_retries_total", "Times that a second worker was tried.",
                         figures->n_retries);
  queen_metrics_counter (text, "queen_job_tokens_total", "Pieces of text that workers answered.",
                         figures->n_tokens);
  queen_metrics_counter (text, "queen_job_cancels_idle_total",
                         "Jobs cancelled while they ran, whose worker was less busy after that.",
                         figures->n_cancels_idle);
  queen_metrics_long_histogram (text, "queen_job_waiting_seconds",
                                "From a job's coming until a worker had it.", &figures->waiting);
  queen_metrics_long_histogram (text, "queen_job_first_byte_seconds",
                                "From then until its answer began.", &figures->first_byte);
  queen_metrics_long_histogram (text, "queen_job_running_seconds",
                                "From when a worker had a job until its end.", &figures->running);
  append_upstream (text, upstream);
}
