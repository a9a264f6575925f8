/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "queen-histogram.h"

G_BEGIN_DECLS

/* Metrics as Prometheus reads them: a family, and then its samples.
 * https://prometheus.io/docs/instrumenting/exposition_formats/ */

/**
 * QueenLabel:
 * @name: such as `kind`
 * @value: any text
 */
typedef struct
{
  const char *name;
  const char *value;
} QueenLabel;

/**
 * queen_metrics_begin:
 * @name: of the family
 * @type: `gauge`, `counter` or `histogram`
 * @help: what it counts, in one line
 */
void queen_metrics_begin (GString *text, const char *name, const char *type, const char *help);

/**
 * queen_metrics_add:
 * @name: of the family that was begun last
 * @labels: @n_labels of them
 */
void queen_metrics_add (
    GString *text, const char *name, const QueenLabel *labels, gsize n_labels, guint64 value);

/** The same with one label, as most have. */
/** queen_metrics_add_number: the same, of a value that has a fraction */
void queen_metrics_add_number (
    GString *text, const char *name, const QueenLabel *labels, gsize n_labels, double value);
void queen_metrics_add_one (
    GString *text, const char *name, const char *label, const char *value, guint64 number);

/** A family of one sample without labels. */
void queen_metrics_gauge (GString *text, const char *name, const char *help, guint64 value);
void queen_metrics_counter (GString *text, const char *name, const char *help, guint64 value);

/**
 * queen_metrics_seconds:
 * @name: of the family that was begun last
 * @span: µs
 */
void queen_metrics_seconds (
    GString *text, const char *name, const QueenLabel *labels, gsize n_labels, gint64 span);

/** A family that is a histogram of spans, in seconds. */
void queen_metrics_histogram (GString *text,
                              const char *name,
                              const char *help,
                              const QueenHistogram *histogram);

/** The same of spans that were counted in hundreds of µs: from 10 ms to 100 s. */
void queen_metrics_long_histogram (GString *text,
                                   const char *name,
                                   const char *help,
                                   const QueenHistogram *histogram);

G_END_DECLS
