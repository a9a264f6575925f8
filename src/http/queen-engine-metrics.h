/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "model/queen-engine-report.h"
#include "model/queen-job-index.h"

G_BEGIN_DECLS

/**
 * queen_engine_metrics_append:
 * @text: where the metrics go
 *
 * How she stands with other queens.
 */
void queen_engine_metrics_append (GString *text, const QueenEngineReport *report);

/**
 * queen_engine_metrics_append_jobs:
 * @n_relays: see queen_siblings_get_n_relays()
 *
 * What there is to say of other queens' jobs.
 */
void queen_engine_metrics_append_jobs (GString *text,
                                       const QueenJobIndexFigures *figures,
                                       guint n_relays);

G_END_DECLS
