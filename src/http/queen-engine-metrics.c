/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-engine-metrics.h"

#include "queen-metrics-text.h"

static void
append_state (GString *text, const QueenEngineReport *report)
{
  queen_metrics_begin (text, "queen_engine_state", "gauge",
                       "How she stands with the other queens: 1 for the state that it is.");
  for (int state = 0; state < QUEEN_ENGINE_N_STATES; state++)
    queen_metrics_add_one (text, "queen_engine_state", "state",
                           queen_engine_state_get_name ((QueenEngineState) state),
                           report->state == (QueenEngineState) state);
}

void
queen_engine_metrics_append (GString *text, const QueenEngineReport *report)
{
  append_state (text, report);
  queen_metrics_counter (text, "queen_engine_alone_total",
                         "How often the engine has left her alone.", report->n_alone);
  queen_metrics_gauge (text, "queen_engine_lag_events",
                       "Events in the engine's stream that she has not read yet.", report->lag);
  queen_metrics_gauge (text, "queen_engine_in_flight_events",
                       "Events that she has written, and that have not come back.",
                       report->n_in_flight);
  queen_metrics_gauge (text, "queen_engine_in_flight_bytes", "What these take.",
                       report->in_flight_bytes);
  queen_metrics_counter (text, "queen_engine_written_events_total",
                         "Events that she has written, and that have come back.", report->n_sent);
  queen_metrics_counter (text, "queen_engine_read_entries_total",
                         "Entries of the engine's stream that she has read.", report->n_read);
  queen_metrics_counter (text, "queen_engine_skipped_entries_total",
                         "What in the engine made no sense.", report->n_skipped);
  queen_metrics_gauge (text, "queen_engine_queens", "Queens that are together, herself counted.",
                       report->siblings ? report->siblings->len : 0);
}

void
queen_engine_metrics_append_jobs (GString *text,
                                  const QueenJobIndexFigures *figures,
                                  guint n_relays)
{
  queen_metrics_begin (text, "queen_engine_jobs", "gauge",
                       "Jobs of other queens that are known here.");
  for (int state = 0; state < QUEEN_JOB_N_STATES; state++)
    queen_metrics_add_one (text, "queen_engine_jobs", "state",
                           queen_job_state_get_name ((QueenJobState) state),
                           figures->n_in_state[state]);
  queen_metrics_gauge (text, "queen_engine_jobs_in_flight",
                       "Jobs and reservations that other queens have at workers.",
                       figures->n_in_flight);
  queen_metrics_counter (text, "queen_engine_jobs_left_out_total",
                         "Jobs of other queens for which there was no room here.",
                         figures->n_left_out);
  queen_metrics_gauge (text, "queen_engine_jobs_relayed",
                       "Questions about jobs of other queens, and their readers, that are served.",
                       n_relays);
}
