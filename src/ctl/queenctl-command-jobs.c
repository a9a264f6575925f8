/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include <glib/gi18n.h>
#include <stdio.h>

#include "queenctl-command.h"
#include "queenctl-job.h"
#include "queenctl-json.h"
#include "queenctl-output.h"
#include "queenctl-table.h"
#include "queenctl-text.h"
#include "text/queen-timestamp.h"

static const QueenctlTableWord states[] = {
  { "queued", N_ ("queued"), QUEENCTL_STYLE_FAIR },
  { "running", N_ ("running"), QUEENCTL_STYLE_GOOD },
  { "done", N_ ("done"), QUEENCTL_STYLE_FAINT },
  { "failed", N_ ("failed"), QUEENCTL_STYLE_BAD },
  { "cancelled", N_ ("cancelled"), QUEENCTL_STYLE_FAINT },
  { "lost", N_ ("lost"), QUEENCTL_STYLE_BAD },
  { NULL },
};

static const char *const headings[] = {
  N_ ("JOB"),       N_ ("STATE"),   N_ ("MODEL"),    N_ ("WORKER"),
  N_ ("SUBMITTED"), N_ ("IN LINE"), N_ ("TOKENS/S"),
};

static void
add_age (QueenctlTable *table, JsonObject *job)
{
  gint64 time;
  g_autofree char *ago = NULL;

  if (queen_timestamp_parse (queenctl_json_get_text (job, "created_at"), &time))
    ago = queenctl_text_dup_ago (time / QUEEN_NSEC_PER_USEC, g_get_real_time ());
  queenctl_table_add (table, QUEENCTL_STYLE_PLAIN, ago ? ago : "");
}

static void
add_position (QueenctlTable *table, JsonObject *job)
{
  guint64 position = queenctl_json_get_number (job, "position");
  g_autofree char *text = position > 0 ? g_strdup_printf ("%" G_GUINT64_FORMAT, position) : NULL;

  queenctl_table_add (table, QUEENCTL_STYLE_PLAIN, text ? text : "");
}

static void
add_speed (QueenctlTable *table, JsonObject *job)
{
  JsonNode *member = json_object_get_member (job, "tokens_per_second");
  double speed = member && JSON_NODE_HOLDS_VALUE (member) ? json_node_get_double (member) : 0;
  g_autofree char *text = speed > 0 && speed < 1e9 ? g_strdup_printf ("%.1f", speed) : NULL;

  queenctl_table_add (table, QUEENCTL_STYLE_PLAIN, text ? text : "");
}

/* What is asked of no model is an operation. */
static void
add_model (QueenctlTable *table, JsonObject *job)
{
  queenctl_table_add_member (table, job,
                             queenctl_json_get_string (job, "model") ? "model" : "operation");
}

static void
add_job (QueenctlTable *table, JsonObject *job)
{
  queenctl_table_add_member (table, job, "job_id");
  queenctl_table_add_word (table, states, queenctl_json_get_text (job, "status"));
  add_model (table, job);
  queenctl_table_add_member (table, job, "worker_id");
  add_age (table, job);
  add_position (table, job);
  add_speed (table, job);
}

static void
print_table (JsonArray *jobs, const QueenctlOptions *options)
{
  g_autoptr (QueenctlTable) table = queenctl_table_new (G_N_ELEMENTS (headings));

  queenctl_table_set_cuttable (table, 2);
  queenctl_table_set_cuttable (table, 3);
  queenctl_table_add_headings (table, headings, options);
  for (guint i = 0; i < json_array_get_length (jobs); i++)
    add_job (table, json_array_get_object_element (jobs, i));
  queenctl_table_print_list (table, options);
}

static void
print_ids (JsonArray *jobs)
{
  for (guint i = 0; i < json_array_get_length (jobs); i++)
    {
      const char *id = queenctl_json_get_text (json_array_get_object_element (jobs, i), "job_id");
      g_autofree char *safe = queenctl_text_dup_safe (id);

      puts (safe);
    }
}

gboolean
queenctl_command_run_jobs (const QueenctlOptions *options, char **arguments, GError **error)
{
  g_autoptr (QueenctlHttp) http = queenctl_job_connect (options, error);
  g_autoptr (JsonNode) answer =
      http ? queenctl_http_ask_json (http, "GET", "/v1/jobs", NULL, NULL, error) : NULL;
  JsonArray *jobs =
      answer ? queenctl_json_get_objects (json_node_get_object (answer), "jobs") : NULL;

  if (answer && !jobs)
    queenctl_http_set_odd (http, error);
  if (!jobs)
    return FALSE;
  if (options->is_json)
    queenctl_output_print_node (answer);
  else if (options->is_ids_only)
    print_ids (jobs);
  else if (json_array_get_length (jobs) > 0)
    print_table (jobs, options);
  else if (!options->is_legend_refused)
    puts (_ ("There are no jobs."));
  return TRUE;
}
