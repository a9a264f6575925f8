/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-routes.h"

#include <sys/resource.h>

#include "build-config.h"
#include "queen-answer.h"

/* Names and units as https://prometheus.io/docs/practices/naming/ wants them; those that begin with
 * `process_` mean the same in every program. */

typedef struct
{
  QueenMetricsSources sources;
  gint64 start_time; /* ms since 1970 */
} Metrics;

/* One line of a family: `name{label="word"} value`. */
static void
append_sample (GString *text, const char *name, const char *label, const char *word, guint64 value)
{
  g_string_append (text, name);
  if (label)
    g_string_append_printf (text, "{%s=\"%s\"}", label, word);
  g_string_append_printf (text, " %" G_GUINT64_FORMAT "\n", value);
}

static void
begin_family (GString *text, const char *name, const char *type, const char *help)
{
  g_string_append_printf (text, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void
append_gauge (GString *text, const char *name, const char *help, guint64 value)
{
  begin_family (text, name, "gauge", help);
  append_sample (text, name, NULL, NULL, value);
}

static void
append_counter (GString *text, const char *name, const char *help, guint64 value)
{
  begin_family (text, name, "counter", help);
  append_sample (text, name, NULL, NULL, value);
}

static void
append_process (GString *text, const Metrics *metrics)
{
  struct rlimit limit = { 0 };

  begin_family (text, "queen_build_info", "gauge", "The version that runs; always 1.");
  append_sample (text, "queen_build_info", "version", QUEEN_VERSION, 1);
  begin_family (text, "process_start_time_seconds", "gauge",
                "Start time of the process since unix epoch in seconds.");
  g_string_append_printf (text, "process_start_time_seconds %" G_GINT64_FORMAT ".%03d\n",
                          metrics->start_time / 1000, (int) (metrics->start_time % 1000));
  getrlimit (RLIMIT_NOFILE, &limit);
  append_gauge (text, "process_max_fds", "Maximum number of open file descriptors.",
                limit.rlim_cur);
}

static void
append_turns (GString *text, const QueenMetricsSources *sources)
{
  gint64 longest = queen_turns_get_longest (sources->turns);

  begin_family (text, "queen_longest_turn_seconds", "gauge",
                "Longest turn of the main loop in the last minute.");
  g_string_append_printf (text, "queen_longest_turn_seconds %d.%06d\n",
                          (int) (longest / G_USEC_PER_SEC), (int) (longest % G_USEC_PER_SEC));
  append_counter (text, "queen_long_turns_total",
                  "Turns of the main loop that took more than 50 ms.",
                  queen_turns_get_n_long (sources->turns));
}

static guint64
count_known (QueenRegistry *registry)
{
  return queen_registry_get_total (registry);
}

static guint64
count_online (QueenRegistry *registry)
{
  return queen_registry_get_n_online (registry);
}

static guint64
count_available (QueenRegistry *registry)
{
  return queen_registry_get_n_available (registry);
}

static void
append_registries (GString *text, const QueenMetricsSources *sources)
{
  static const struct
  {
    const char *name;
    const char *type;
    const char *help;
    guint64 (*count) (QueenRegistry *);
  } families[] = {
    { "queen_components", "gauge", "Workers and hives that are known, offline ones included.",
      count_known },
    { "queen_components_online", "gauge", "Workers and hives that are online.", count_online },
    { "queen_components_available", "gauge", "Workers and hives that are available.",
      count_available },
    { "queen_displaced_components_total", "counter",
      "Offline workers and hives that were forgotten early, to make room.",
      queen_registry_get_n_displaced },
    { "queen_heartbeats_total", "counter", "Heartbeats accepted, over HTTP or D-Bus.",
      queen_registry_get_n_heartbeats },
  };
  QueenRegistry *registries[] = { sources->workers, sources->hives };

  for (gsize i = 0; i < G_N_ELEMENTS (families); i++)
    {
      begin_family (text, families[i].name, families[i].type, families[i].help);
      for (gsize j = 0; j < G_N_ELEMENTS (registries); j++)
        append_sample (text, families[i].name, "kind",
                       queen_component_kind_get_name (queen_registry_get_kind (registries[j])),
                       families[i].count (registries[j]));
    }
  append_counter (text, "queen_lists_total", "Lists of workers or hives that were made.",
                  queen_lister_get_n_made (sources->lister));
}

static void
append_connections (GString *text, const QueenMetricsSources *sources)
{
  const QueenTally *tally = sources->tally;

  append_gauge (text, "queen_connections", "Requests under way.",
                queen_gate_get_n_connections (sources->gate));
  append_gauge (text, "queen_max_connections", "Requests that may be under way at once.",
                sources->caps.connections);
  append_counter (text, "queen_accepted_connections_total",
                  "Connections accepted, refused ones included.", tally->connections);
  begin_family (text, "queen_refusals_total", "counter",
                "Requests that were not served, by reason.");
  for (QueenRefusal refusal = 0; refusal < QUEEN_N_REFUSALS; refusal++)
    append_sample (text, "queen_refusals_total", "reason", queen_refusal_get_name (refusal),
                   tally->refusals[refusal]);
}

/* What strangers can make her hold. */
static void
append_budgets (GString *text, const QueenMetricsSources *sources)
{
  QueenStreamHoldings stream;

  queen_stream_get_holdings (sources->stream, &stream);
  begin_family (text, "queen_held_bytes", "gauge", "Bytes held for clients, by what they are.");
  for (QueenBudget budget = 0; budget < QUEEN_N_BUDGETS; budget++)
    append_sample (text, "queen_held_bytes", "what", queen_budget_get_name (budget),
                   queen_budgets_get_held (sources->budgets, budget));
  append_sample (text, "queen_held_bytes", "what", "lists",
                 queen_lister_get_n_bytes (sources->lister));
  append_sample (text, "queen_held_bytes", "what", "components",
                 queen_registry_get_n_bytes (sources->workers) +
                     queen_registry_get_n_bytes (sources->hives));
  append_sample (text, "queen_held_bytes", "what", "ring", stream.ring);
  append_sample (text, "queen_held_bytes", "what", "snapshots", stream.snapshots);
  begin_family (text, "queen_max_held_bytes", "gauge", "Bytes of it that may be held.");
  for (QueenBudget budget = 0; budget < QUEEN_N_BUDGETS; budget++)
    append_sample (text, "queen_max_held_bytes", "what", queen_budget_get_name (budget),
                   queen_budget_get_most (budget));
  append_sample (text, "queen_max_held_bytes", "what", "ring", stream.max_ring);
  append_sample (text, "queen_max_held_bytes", "what", "snapshots", stream.max_snapshots);
}

static void
append_stream (GString *text, const QueenMetricsSources *sources)
{
  const QueenTally *tally = sources->tally;

  append_gauge (text, "queen_subscribers", "Subscribers of the stream.",
                queen_stream_get_n_subscribers (sources->stream));
  append_gauge (text, "queen_max_subscribers", "Subscribers that there may be at once.",
                sources->caps.subscribers);
  append_counter (text, "queen_subscriptions_total", "Subscribers that were let in.",
                  tally->subscriptions);
  append_counter (text, "queen_events_total", "Events published on the stream.", tally->events);
  append_counter (text, "queen_lags_total", "Times that a subscriber was told that it lost events.",
                  tally->lags);
  append_counter (text, "queen_lost_events_total",
                  "Events that subscribers lost, summed over them.", tally->lost_events);
  begin_family (text, "queen_dropped_subscribers_total", "counter",
                "Subscribers that were let go, by reason.");
  for (QueenDrop drop = 0; drop < QUEEN_N_DROPS; drop++)
    append_sample (text, "queen_dropped_subscribers_total", "reason", queen_drop_get_name (drop),
                   tally->drops[drop]);
}

static void
on_metrics (SoupServerMessage *message, GHashTable *query, gpointer data)
{
  const Metrics *metrics = data;
  GString *text = g_string_new (NULL);

  append_process (text, metrics);
  append_turns (text, &metrics->sources);
  append_registries (text, &metrics->sources);
  append_connections (text, &metrics->sources);
  append_budgets (text, &metrics->sources);
  append_stream (text, &metrics->sources);
  queen_answer_text (message, "text/plain; version=0.0.4; charset=utf-8", text);
}

static void
free_metrics (Metrics *metrics)
{
  g_object_unref (metrics->sources.workers);
  g_object_unref (metrics->sources.hives);
  g_object_unref (metrics->sources.stream);
  g_free (metrics);
}

void
queen_routes_add_metrics (QueenServer *server, const QueenMetricsSources *sources)
{
  static const QueenRoute routes[] = { { "/metrics", "GET", QUEEN_ACCESS_READ, on_metrics } };
  Metrics *metrics = g_new0 (Metrics, 1);

  metrics->sources = *sources;
  g_object_ref (sources->workers);
  g_object_ref (sources->hives);
  g_object_ref (sources->stream);
  /* Not the gate: its connections hold the server, so it has to go first. */
  metrics->start_time = g_get_real_time () / 1000;
  queen_server_add_routes (server, routes, G_N_ELEMENTS (routes), metrics,
                           (GDestroyNotify) free_metrics);
}
