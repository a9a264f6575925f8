/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-routes.h"

#include <libsoup/soup.h>

#include "build-config.h"
#include "queen-component-metrics.h"
#include "queen-engine-metrics.h"
#include "queen-error.h"
#include "queen-job-metrics.h"
#include "queen-metrics-text.h"
#include "queen-process-metrics.h"
#include "queen-revision.h"
#include "text/queen-query.h"

/* Names and units as https://prometheus.io/docs/practices/naming/ wants them; those that begin with
 * `process_` mean the same in every program. */

#define SHARED_FOR G_USEC_PER_SEC /* what is long is made once a second at the most */
#define TYPE "text/plain; version=0.0.4; charset=utf-8"
#define OTHER_MODELS "(others)" /* and whoever is called so is one of them */

typedef struct
{
  QueenMetricsSources sources;
  GBytes *with_components; /* as they were made last; or NULL */
  gint64 made_at;          /* µs, monotonic */
  QueenProcessDescriptors descriptors;
  QueenDeferrals *deferrals;
} Metrics;

static void
append_build (GString *text)
{
  static const QueenLabel labels[] = { { "version", QUEEN_VERSION },
                                       { "revision", QUEEN_REVISION } };

  queen_metrics_begin (text, "queen_build_info", "gauge",
                       "The version that runs, and what it was built from; always 1.");
  queen_metrics_add (text, "queen_build_info", labels, G_N_ELEMENTS (labels), 1);
}

static void
append_turns (GString *text, const QueenMetricsSources *sources)
{
  queen_metrics_begin (text, "queen_longest_turn_seconds", "gauge",
                       "Longest turn of the main loop in the last minute.");
  queen_metrics_seconds (text, "queen_longest_turn_seconds", NULL, 0,
                         queen_turns_get_longest (sources->turns));
  queen_metrics_counter (text, "queen_long_turns_total",
                         "Turns of the main loop that took more than 50 ms.",
                         queen_turns_get_n_long (sources->turns));
  queen_metrics_histogram (text, "queen_turn_seconds",
                           "Turns of the main loop: for how long everybody else had to wait.",
                           queen_turns_get_histogram (sources->turns));
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
get_registries (QueenCluster *cluster, QueenRegistry *registries[QUEEN_COMPONENT_N_KINDS])
{
  for (int kind = 0; kind < QUEEN_COMPONENT_N_KINDS; kind++)
    registries[kind] = queen_cluster_get_registry (cluster, (QueenComponentKind) kind);
}

static guint64
sum_bytes (QueenCluster *cluster, gsize (*get) (QueenRegistry *))
{
  guint64 sum = 0;

  for (int kind = 0; kind < QUEEN_COMPONENT_N_KINDS; kind++)
    sum += get (queen_cluster_get_registry (cluster, (QueenComponentKind) kind));
  return sum;
}

static void
append_oldest_heartbeats (GString *text, QueenRegistry *const *registries)
{
  static const char name[] = "queen_oldest_heartbeat_age_seconds";

  queen_metrics_begin (text, name, "gauge",
                       "Time since the last heartbeat of the one online that has been silent "
                       "longest, of those who have not said that they need more time.");
  for (int i = 0; i < QUEEN_COMPONENT_N_KINDS; i++)
    {
      const QueenLabel labels[] = { { "kind", queen_component_kind_get_name (
                                                  queen_registry_get_kind (registries[i])) } };

      queen_metrics_seconds (text, name, labels, 1,
                             queen_registry_get_longest_silence (registries[i]));
    }
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
      "Workers and hives that were forgotten early, to make room.",
      queen_registry_get_n_displaced },
    { "queen_heartbeats_total", "counter", "Heartbeats accepted, over HTTP or D-Bus.",
      queen_registry_get_n_heartbeats },
  };
  QueenRegistry *registries[QUEEN_COMPONENT_N_KINDS];

  get_registries (sources->cluster, registries);
  for (gsize i = 0; i < G_N_ELEMENTS (families); i++)
    {
      queen_metrics_begin (text, families[i].name, families[i].type, families[i].help);
      for (gsize j = 0; j < G_N_ELEMENTS (registries); j++)
        queen_metrics_add_one (text, families[i].name, "kind",
                               queen_component_kind_get_name (
                                   queen_registry_get_kind (registries[j])),
                               families[i].count (registries[j]));
    }
  queen_metrics_begin (text, "queen_holds", "gauge",
                       "Holds, by which no work is given to a worker or a hive.");
  for (int kind = 0; kind < QUEEN_COMPONENT_N_KINDS; kind++)
    queen_metrics_add_one (text, "queen_holds", "kind", queen_component_kind_get_name (kind),
                           queen_holds_get_n (queen_cluster_get_holds (sources->cluster),
                                              (QueenComponentKind) kind));
  append_oldest_heartbeats (text, registries);
  queen_metrics_counter (text, "queen_lists_total", "Lists of workers or hives that were made.",
                         queen_lister_get_n_made (queen_cluster_get_lister (sources->cluster)));
}

/* A group of components by their status, as it is sent, and by something else. */
static void
append_group (GString *text,
              const char *family,
              const char *label,
              const char *value,
              QueenStatus status,
              guint n)
{
  g_autofree char *word = g_ascii_strdown (queen_status_get_name (status), -1);
  const QueenLabel labels[] = { { label, value }, { "status", word } };

  queen_metrics_add (text, family, labels, G_N_ELEMENTS (labels), n);
}

static void
append_heads (GString *text, const char *model, const QueenHeads *heads)
{
  for (QueenStatus status = 0; status < QUEEN_N_STATUSES; status++)
    if (heads->workers[status] > 0)
      append_group (text, "queen_workers", "model", model, status, heads->workers[status]);
}

/* What senders call their models is nobody's but theirs, so there must be an end to it. */
static void
append_models (GString *text, const QueenMetricsSources *sources)
{
  const QueenHeadcount *headcount = queen_cluster_get_headcount (sources->cluster);
  const QueenModelBoard *named = queen_headcount_get_named (headcount);
  GHashTable *models = queen_headcount_get_models (headcount);
  QueenHeads others = *queen_headcount_get_all (headcount);
  const char *model = NULL;

  queen_metrics_begin (text, "queen_workers", "gauge",
                       "Workers by model and by what they said last; offline is who fell silent.");
  while ((model = queen_model_board_get_next (named, model)))
    {
      const QueenHeads *heads = g_hash_table_lookup (models, model);

      if (g_str_equal (model, OTHER_MODELS))
        continue;
      append_heads (text, model, heads);
      for (QueenStatus status = 0; status < QUEEN_N_STATUSES; status++)
        others.workers[status] -= heads->workers[status];
    }
  append_heads (text, OTHER_MODELS, &others);
}

static void
append_hives (GString *text, const QueenMetricsSources *sources)
{
  queen_metrics_begin (text, "queen_hives", "gauge",
                       "Hives by health and by what they said last; offline is who fell silent.");
  for (QueenStatus status = 0; status < QUEEN_N_STATUSES; status++)
    for (QueenHealth health = 0; health < QUEEN_N_HEALTHS; health++)
      {
        guint n = queen_headcount_get_n_hives (queen_cluster_get_headcount (sources->cluster),
                                               status, health);

        if (n > 0)
          append_group (text, "queen_hives", "health", queen_health_get_name (health), status, n);
      }
}

/* Whoever says nothing of it is in no sum, so each comes with of how many it is. */
static void
append_sums (GString *text, const QueenMetricsSources *sources)
{
  static const char reporting[] = "queen_reporting";
  static const struct
  {
    const char *name;
    const char *help;
    const char *member;
  } families[QUEEN_N_SUMS] = {
    [QUEEN_SUM_SLOTS] = { "queen_worker_slots", "Requests that workers online can work on at once.",
                          "slots" },
    [QUEEN_SUM_RUNNING] = { "queen_requests_running", "Requests that workers online work on.",
                            "running" },
    [QUEEN_SUM_WAITING] = { "queen_requests_waiting", "Requests that wait at workers online.",
                            "waiting" },
    [QUEEN_SUM_MEMORY_USED] = { "queen_hive_memory_used_bytes",
                                "Memory that is taken on hives online.", "memory_used" },
    [QUEEN_SUM_MEMORY_TOTAL] = { "queen_hive_memory_bytes", "Memory of hives online.",
                                 "memory_total" },
    [QUEEN_SUM_GPUS] = { "queen_gpus", "Graphics cards of hives online.", "gpus" },
    [QUEEN_SUM_GPU_MEMORY_USED] = { "queen_gpu_memory_used_bytes",
                                    "Memory that is taken on graphics cards of hives online.",
                                    "gpus.memory_used" },
    [QUEEN_SUM_GPU_MEMORY_TOTAL] = { "queen_gpu_memory_bytes",
                                     "Memory of graphics cards of hives online.",
                                     "gpus.memory_total" },
  };
  const QueenHeadcount *headcount = queen_cluster_get_headcount (sources->cluster);

  for (QueenSumKind kind = 0; kind < QUEEN_N_SUMS; kind++)
    queen_metrics_gauge (text, families[kind].name, families[kind].help,
                         queen_headcount_get_sum (headcount, kind)->sum);
  queen_metrics_begin (text, reporting, "gauge",
                       "Of how many workers, hives or graphics cards these sums are.");
  for (QueenSumKind kind = 0; kind < QUEEN_N_SUMS; kind++)
    queen_metrics_add_one (text, reporting, "member", families[kind].member,
                           queen_headcount_get_sum (headcount, kind)->n);
}

static void
append_connections (GString *text, const QueenMetricsSources *sources)
{
  const QueenTally *tally = sources->tally;

  queen_metrics_gauge (text, "queen_connections", "Requests under way.",
                       queen_gate_get_n_connections (sources->gate) -
                           queen_gate_get_n_idle (sources->gate));
  queen_metrics_gauge (text, "queen_idle_connections", "Connections kept for another request.",
                       queen_gate_get_n_idle (sources->gate));
  queen_metrics_gauge (text, "queen_max_connections", "Requests that may be under way at once.",
                       sources->caps.connections);
  queen_metrics_counter (text, "queen_accepted_connections_total",
                         "Connections accepted, refused ones included.", tally->connections);
  queen_metrics_histogram (text, "queen_answer_seconds",
                           "From a whole request until its answer is there.",
                           &sources->tally->answers);
  queen_metrics_begin (text, "queen_refusals_total", "counter",
                       "Requests that were not served, by reason.");
  for (QueenRefusal refusal = 0; refusal < QUEEN_N_REFUSALS; refusal++)
    queen_metrics_add_one (text, "queen_refusals_total", "reason", queen_refusal_get_name (refusal),
                           tally->refusals[refusal]);
}

/* Not for each model, as there is no limit to those. */
static void
append_placements (GString *text, const QueenMetricsSources *sources)
{
  QueenPlacementFigures figures;

  queen_placement_get_figures (queen_cluster_get_placement (sources->cluster), &figures);
  queen_metrics_begin (text, "queen_placements_total", "counter",
                       "Requests for a worker that were answered, by what became of them.");
  for (QueenPlacementReason reason = 0; reason < QUEEN_N_PLACEMENT_REASONS; reason++)
    queen_metrics_add_one (text, "queen_placements_total", "outcome",
                           queen_placement_reason_get_name (reason), figures.outcomes[reason]);
  queen_metrics_gauge (text, "queen_placements_waiting", "Requests that wait for a worker.",
                       figures.n_waiting);
  queen_metrics_long_histogram (text, "queen_placement_wait_seconds",
                                "How long those waited that had to and got a worker.",
                                &figures.waited);
  queen_metrics_gauge (text, "queen_reservations",
                       "Places at workers that are reserved, or taken by what she has sent there.",
                       figures.n_reservations);
  queen_metrics_gauge (text, "queen_ejected_workers",
                       "Workers that get nothing for a while, as they refused or failed.",
                       figures.n_ejected);
}

static void
append_dbus (GString *text, const QueenMetricsSources *sources)
{
  if (sources->is_on_bus)
    queen_metrics_gauge (text, "queen_dbus_up", "Whether she is connected to her D-Bus.",
                         sources->is_on_bus (sources->data));
}

static void
append_engine (GString *text, const QueenMetricsSources *sources)
{
  QueenEngineReport report;

  if (!sources->report_engine)
    return;
  sources->report_engine (&report, sources->data);
  queen_engine_metrics_append (text, &report);
  queen_engine_metrics_append_jobs (text,
                                    queen_job_index_get_figures (
                                        queen_cluster_get_job_index (sources->cluster)),
                                    queen_siblings_get_n_relays (sources->siblings));
}

static void
add_held (GString *text, const char *what, gsize n_bytes)
{
  queen_metrics_add_one (text, "queen_held_bytes", "what", what, n_bytes);
}

static void
add_most_held (GString *text, const char *what, gsize n_bytes)
{
  queen_metrics_add_one (text, "queen_max_held_bytes", "what", what, n_bytes);
}

/* What strangers can make her hold. */
static void
append_held (GString *text,
             const QueenMetricsSources *sources,
             const QueenStreamHoldings *stream,
             const QueenUpstreamFigures *upstream)
{
  const QueenJobsFigures *jobs = queen_jobs_get_figures (sources->jobs);
  QueenPlacementFigures placement;

  queen_placement_get_figures (queen_cluster_get_placement (sources->cluster), &placement);
  queen_metrics_begin (text, "queen_held_bytes", "gauge",
                       "Bytes held for clients, by what they are.");
  for (QueenBudget budget = 0; budget < QUEEN_N_BUDGETS; budget++)
    add_held (text, queen_budget_get_name (budget),
              queen_budgets_get_held (sources->budgets, budget));
  add_held (text, "lists",
            queen_lister_get_n_bytes (queen_cluster_get_lister (sources->cluster)) +
                queen_model_lister_get_n_bytes (queen_cluster_get_model_lister (sources->cluster)));
  add_held (text, "components", sum_bytes (sources->cluster, queen_registry_get_n_bytes));
  add_held (text, "component_lists", sum_bytes (sources->cluster, queen_registry_get_n_list_bytes));
  add_held (text, "ring", stream->ring);
  add_held (text, "snapshots", stream->snapshots);
  add_held (text, "pasts", stream->pasts);
  add_held (text, "jobs", jobs->n_bytes);
  add_held (text, "unread_jobs", jobs->n_left_over);
  add_held (text, "unfinished_answers", upstream->n_unfinished);
  add_held (text, "placements", placement.n_waiting_bytes);
  if (sources->siblings)
    add_held (text, "relays", queen_siblings_get_n_bytes (sources->siblings));
}

static void
append_most_held (GString *text,
                  const QueenMetricsSources *sources,
                  const QueenStreamHoldings *stream,
                  const QueenUpstreamFigures *upstream)
{
  const QueenJobsFigures *jobs = queen_jobs_get_figures (sources->jobs);

  queen_metrics_begin (text, "queen_max_held_bytes", "gauge", "Bytes of it that may be held.");
  for (QueenBudget budget = 0; budget < QUEEN_N_BUDGETS; budget++)
    add_most_held (text, queen_budget_get_name (budget), queen_budget_get_most (budget));
  add_most_held (text, "component_lists",
                 sum_bytes (sources->cluster, queen_registry_get_most_list_bytes));
  add_most_held (text, "ring", stream->max_ring);
  add_most_held (text, "snapshots", stream->max_snapshots);
  add_most_held (text, "pasts", stream->max_pasts);
  add_most_held (text, "jobs", jobs->max_bytes);
  add_most_held (text, "unread_jobs", jobs->max_left_over);
  add_most_held (text, "unfinished_answers", upstream->max_unfinished);
  add_most_held (text, "placements",
                 QUEEN_PLACEMENT_MAX_ALL_WAITING * QUEEN_PLACEMENT_MAX_WAIT_BYTES);
  if (sources->siblings)
    add_most_held (text, "relays", queen_siblings_get_max_bytes (sources->siblings));
}

static void
append_budgets (GString *text, const QueenMetricsSources *sources)
{
  QueenStreamHoldings stream;
  QueenUpstreamFigures upstream;

  queen_stream_get_holdings (sources->stream, &stream);
  queen_upstream_get_figures (sources->upstream, &upstream);
  append_held (text, sources, &stream, &upstream);
  append_most_held (text, sources, &stream, &upstream);
}

static void
append_stream (GString *text, const QueenMetricsSources *sources)
{
  const QueenTally *tally = sources->tally;
  guint n_subscribers = queen_stream_get_n_subscribers (sources->stream);

  queen_metrics_gauge (text, "queen_subscribers", "Subscribers of the stream.", n_subscribers);
  queen_metrics_gauge (text, "queen_job_readers",
                       "Readers of jobs, who take from the same places as subscribers.",
                       queen_audience_get_n_subscribers (sources->audience) - n_subscribers);
  queen_metrics_gauge (text, "queen_max_subscribers",
                       "Subscribers and readers of jobs that there may be at once.",
                       sources->caps.subscribers);
  queen_metrics_counter (text, "queen_subscriptions_total", "Subscribers that were let in.",
                         tally->subscriptions);
  queen_metrics_counter (text, "queen_events_total", "Events published on the stream.",
                         tally->events);
  queen_metrics_counter (text, "queen_lags_total",
                         "Times that a subscriber was told that it lost events.", tally->lags);
  queen_metrics_counter (text, "queen_lost_events_total",
                         "Events that subscribers lost, summed over them.", tally->lost_events);
  queen_metrics_histogram (text, "queen_delivery_seconds",
                           "From an event's arrival to its last write to subscribers who keep up.",
                           &tally->deliveries);
  queen_metrics_begin (text, "queen_dropped_subscribers_total", "counter",
                       "Subscribers that were let go, by reason.");
  for (QueenDrop drop = 0; drop < QUEEN_N_DROPS; drop++)
    queen_metrics_add_one (text, "queen_dropped_subscribers_total", "reason",
                           queen_drop_get_name (drop), tally->drops[drop]);
}

/* Whoever has thousands of them may not want thousands of series. */
static gboolean
take_components (const char *name, const char *value, gpointer data, GError **error)
{
  *(gboolean *) data = TRUE;
  if (g_str_equal (value, "all"))
    return TRUE;
  g_set_error (error, QUEEN_ERROR, QUEEN_ERROR_BAD_REQUEST, "%s must be all", name);
  return FALSE;
}

static GString *
make_metrics (Metrics *metrics)
{
  GString *text = g_string_new (NULL);

  append_build (text);
  queen_process_metrics_append (text, metrics->sources.started_at, &metrics->descriptors,
                                metrics->sources.clock);
  append_turns (text, &metrics->sources);
  append_registries (text, &metrics->sources);
  append_models (text, &metrics->sources);
  append_hives (text, &metrics->sources);
  append_sums (text, &metrics->sources);
  append_placements (text, &metrics->sources);
  append_dbus (text, &metrics->sources);
  append_connections (text, &metrics->sources);
  append_budgets (text, &metrics->sources);
  append_engine (text, &metrics->sources);
  append_stream (text, &metrics->sources);
  queen_job_metrics_append (text, metrics->sources.jobs, metrics->sources.upstream);
  return text;
}

/* However many ask, and however often. */
static void
answer_with_components (QueenExchange *exchange, gpointer data)
{
  Metrics *metrics = data;
  QueenRegistry *registries[QUEEN_COMPONENT_N_KINDS];
  gint64 now = metrics->sources.clock->get_monotonic ();

  if (!metrics->with_components || now - metrics->made_at >= SHARED_FOR)
    {
      GString *text = make_metrics (metrics);

      get_registries (metrics->sources.cluster, registries);
      queen_component_metrics_append (text, registries);
      g_clear_pointer (&metrics->with_components, g_bytes_unref);
      metrics->with_components = g_string_free_to_bytes (text);
      metrics->made_at = now;
    }
  queen_exchange_answer_shared (exchange, SOUP_STATUS_OK, TYPE, metrics->with_components);
}

static void
answer_without_components (QueenExchange *exchange, gpointer data)
{
  queen_exchange_answer (exchange, SOUP_STATUS_OK, TYPE,
                         g_string_free_to_bytes (make_metrics (data)));
}

static void
on_metrics (QueenExchange *exchange, gpointer data)
{
  Metrics *metrics = data;
  static const QueenParameter parameters[] = { { "components", take_components } };
  g_autoptr (GError) error = NULL;
  gboolean with_components = FALSE;

  if (!queen_query_parse (queen_exchange_get_query (exchange), parameters,
                          G_N_ELEMENTS (parameters), &with_components, &error))
    queen_exchange_answer_error (exchange, error);
  else
    queen_deferrals_do (metrics->deferrals, exchange,
                        with_components ? answer_with_components : answer_without_components,
                        metrics, NULL);
}

static void
free_metrics (Metrics *metrics)
{
  g_object_unref (metrics->sources.cluster);
  g_object_unref (metrics->sources.stream);
  g_object_unref (metrics->sources.jobs);
  g_clear_pointer (&metrics->with_components, g_bytes_unref);
  g_free (metrics);
}

void
queen_routes_add_metrics (QueenRouter *router, const QueenMetricsSources *sources)
{
  static const QueenRoute routes[] = { { "/metrics", "GET", QUEEN_ACCESS_READ, on_metrics } };
  Metrics *metrics = g_new0 (Metrics, 1);

  metrics->sources = *sources;
  metrics->deferrals = queen_router_get_deferrals (router);
  g_object_ref (sources->cluster);
  g_object_ref (sources->stream);
  g_object_ref (sources->jobs);
  /* Not the gate: its connections hold the server, so it has to go first. */
  queen_router_add (router, routes, G_N_ELEMENTS (routes), metrics, (GDestroyNotify) free_metrics);
}
