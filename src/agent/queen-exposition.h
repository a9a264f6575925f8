/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "queen-reading.h"

G_BEGIN_DECLS

/** What of a #QueenReading a metric says. */
typedef enum
{
  QUEEN_METRIC_RUNNING,
  QUEEN_METRIC_WAITING,
  QUEEN_METRIC_SLOTS,
  QUEEN_METRIC_KV_USAGE,
  QUEEN_METRIC_PROGRESS,
  QUEEN_METRIC_TOKENS,
  QUEEN_METRIC_TOKENS_PER_SECOND,
  QUEEN_METRIC_N_MEMBERS,
} QueenMetricMember;

/**
 * QueenMetric:
 * @name: of a sample, in full; %NULL ends a table
 * @label: (nullable): what must stand in its braces, such as `request_type="waiting"`
 * @member: what it says
 * @is_greatest: of several samples, as of several engines, the greatest counts, and not their sum
 *
 * A row of what a server's metrics are called. Servers rename them: of the rows of one member the
 * first one counts that is there.
 */
typedef struct
{
  const char *name;
  const char *label;
  QueenMetricMember member;
  gboolean is_greatest;
} QueenMetric;

#define QUEEN_METRIC_MAX_ROWS 16 /* of one table */

/**
 * queen_exposition_read:
 * @text: in Prometheus's text format, or OpenMetrics', ends with a NUL
 * @metrics: a table
 * @reading: what is found in it goes here; the rest stays as it is
 *
 * What is no number, and what is negative, infinite or not a number, counts as not said. Lines that
 * cannot be understood are left out, so half a text is worth its half.
 *
 * Returns: whether there was any of @metrics
 */
gboolean
queen_exposition_read (const char *text, const QueenMetric *metrics, QueenReading *reading);

/**
 * queen_exposition_has:
 * @prefix: such as `vllm:`
 *
 * Returns: whether the name of a sample begins so
 */
gboolean queen_exposition_has (const char *text, const char *prefix);

G_END_DECLS
