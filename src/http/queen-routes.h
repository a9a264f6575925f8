/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "jobs/queen-jobs.h"
#include "loop/queen-turns.h"
#include "model/queen-cluster.h"
#include "model/queen-engine-report.h"
#include "net/queen-caps.h"
#include "queen-gate.h"
#include "queen-router.h"
#include "queen-siblings.h"
#include "queen-tally.h"
#include "stream/queen-stream.h"

G_BEGIN_DECLS

/**
 * queen_routes_add_heartbeats:
 *
 * `POST /v1/worker-heartbeat`, `POST /v1/hive-heartbeat` and `GET /v1/heartbeats/stream`.
 */
void queen_routes_add_heartbeats (QueenRouter *router, QueenCluster *cluster, QueenStream *stream);

/**
 * queen_routes_add_registries:
 *
 * `GET /v1/workers` and `GET /v1/hives`, and `GET` and `DELETE` of `/v1/workers/{id}` and
 * `/v1/hives/{id}`.
 */
void queen_routes_add_registries (QueenRouter *router, QueenCluster *cluster);

/**
 * queen_routes_add_models:
 *
 * `GET /v1/models` and `/v1/models/{path}`, as OpenAI's API has them.
 */
void queen_routes_add_models (QueenRouter *router, QueenCluster *cluster);

/**
 * queen_routes_add_openai:
 *
 * `POST /v1/chat/completions`, `/v1/completions` and `/v1/embeddings`, as OpenAI's API has them.
 */
void queen_routes_add_openai (QueenRouter *router, QueenJobs *jobs);

/**
 * queen_routes_add_jobs:
 *
 * `POST /v1/jobs`, `GET` and `DELETE` of `/v1/jobs/{id}`, and `GET /v1/jobs/{id}/stream`.
 *
 * @siblings: (nullable): who have the jobs that are not here; they outlive the router
 */
void queen_routes_add_jobs (QueenRouter *router,
                            QueenCluster *cluster,
                            QueenJobs *jobs,
                            QueenSiblings *siblings);

/** queen_routes_add_job_lists: `GET /v1/jobs`. */
void queen_routes_add_job_lists (QueenRouter *router, QueenJobs *jobs);

/**
 * queen_routes_add_holds:
 *
 * `POST` and `DELETE` of `/v1/workers/{id}/hold`, and `DELETE` of `/v1/workers/{id}/hold/{hold}`;
 * for hives likewise.
 */
void queen_routes_add_holds (QueenRouter *router, QueenCluster *cluster);

/**
 * queen_routes_add_placements:
 *
 * `POST /v1/placements` and `DELETE /v1/placements/{reservation}`.
 */
void queen_routes_add_placements (QueenRouter *router, QueenCluster *cluster);

/**
 * queen_routes_add_operations:
 * @on_shutdown: what ends the queen; it may return before she has ended
 *
 * `GET /health`, `GET /v1/build-info`, `GET` and `POST /v1/session`, and `POST /v1/shutdown`.
 */
void queen_routes_add_operations (QueenRouter *router,
                                  QueenAccess *access,
                                  void (*on_shutdown) (gpointer),
                                  gpointer data);

/**
 * QueenMetricsSources:
 * @clock: by which metrics with components are shared
 * @audience: all who listen; it outlives the server
 * @upstream: how jobs reach workers; it outlives the server
 * @turns: they outlive the server
 * @budgets: likewise
 * @tally: likewise
 * @started_at: µs since 1970: when she was started
 * @siblings: (nullable): the other queens; %NULL where there are none, as is what follows
 * @report_engine: (nullable): tells how she stands with other queens; %NULL where there are none
 * @is_on_bus: (nullable): tells whether she is on the D-Bus that is wanted; %NULL when none is
 * @data: for both
 *
 * What the metrics are about.
 */
typedef struct
{
  const QueenClock *clock;
  QueenCluster *cluster;
  QueenAudience *audience;
  QueenStream *stream;
  QueenJobs *jobs;
  QueenUpstream *upstream;
  QueenGate *gate;
  QueenTurns *turns;
  QueenCaps caps;
  const QueenBudgets *budgets;
  const QueenTally *tally;
  gint64 started_at;
  QueenSiblings *siblings;
  void (*report_engine) (QueenEngineReport *report, gpointer data);
  gboolean (*is_on_bus) (gpointer data);
  gpointer data;
} QueenMetricsSources;

/**
 * queen_routes_add_metrics:
 * @sources: copied
 *
 * `GET /metrics`, in the text format 0.0.4 of Prometheus.
 */
void queen_routes_add_metrics (QueenRouter *router, const QueenMetricsSources *sources);

/**
 * queen_routes_add_queens:
 * @sources: of these the stream, when she was started, and how she stands with others
 * @address: (nullable): where she serves, as she tells the others
 *
 * `GET /v1/queens`.
 */
void queen_routes_add_queens (QueenRouter *router,
                              const QueenMetricsSources *sources,
                              const char *address);

/**
 * queen_routes_add_pages:
 *
 * `GET /` and what it needs, all of it out of the binary. Only with -Dpage.
 */
void queen_routes_add_pages (QueenRouter *router);

G_END_DECLS
