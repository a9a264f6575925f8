/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "model/queen-engine-report.h"

G_BEGIN_DECLS

/**
 * queen_engine_metrics_append:
 * @text: where the metrics go
 *
 * How she stands with other queens.
 */
void queen_engine_metrics_append (GString *text, const QueenEngineReport *report);

G_END_DECLS
