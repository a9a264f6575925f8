/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-job.h"
#include "text/queen-json-writer.h"
#include "text/queen-timestamp.h"

static void
append_time (GString *json, const char *name, gint64 time)
{
  g_string_append_printf (json, ",\"%s\":", name);
  if (time == 0)
    {
      g_string_append (json, "null");
      return;
    }
  g_string_append_c (json, '"');
  queen_timestamp_append (json, time);
  g_string_append_c (json, '"');
}

static void
append_place (QueenJob *self, GString *json)
{
  guint position = queen_job_get_position (self);
  gint64 estimate = queen_job_get_estimate (self);

  if (position > 0)
    queen_json_append_figure (json, "position", position);
  else
    g_string_append (json, ",\"position\":null");
  g_string_append (json, ",\"estimate\":");
  if (position > 0 && estimate >= 0)
    queen_json_append_real (json, (double) estimate / G_USEC_PER_SEC);
  else
    g_string_append (json, "null");
}

/* Whoever is on this machine, without a token, is one with all others there. */
static const char *
name_submitter (QueenJob *self)
{
  const char *submitter = queen_job_get_submitter (self);

  return submitter && *submitter == '\0' ? "this machine" : submitter;
}

void
queen_job_append_json (QueenJob *self, GString *json)
{
  g_string_append (json, "{\"job_id\":");
  queen_json_append_string (json, queen_job_get_id (self));
  queen_json_append_member (json, "status", queen_job_state_get_name (queen_job_get_state (self)));
  queen_json_append_member (json, "operation", queen_job_get_operation (self));
  queen_json_append_member (json, "model", queen_job_get_model (self));
  queen_json_append_member (json, "worker_id", queen_job_get_worker (self));
  queen_json_append_member (json, "submitter", name_submitter (self));
  append_place (self, json);
  append_time (json, "created_at", queen_job_get_created_at (self));
  append_time (json, "started_at", queen_job_get_started_at (self));
  append_time (json, "ended_at", queen_job_get_ended_at (self));
  queen_json_append_figure (json, "events", queen_job_get_n_events (self));
  queen_json_append_figure (json, "tokens", queen_job_get_n_tokens (self));
  g_string_append (json, ",\"tokens_per_second\":");
  queen_json_append_real (json, queen_job_get_tokens_per_second (self));
  queen_json_append_figure (json, "readers", queen_job_get_n_readers (self));
  queen_json_append_member (json, "message", queen_job_get_message (self));
  g_string_append_c (json, '}');
}
