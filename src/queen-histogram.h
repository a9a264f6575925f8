/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define QUEEN_HISTOGRAM_N_BOUNDS 13

/**
 * QueenHistogram:
 * @counts: how many spans were no longer than each bound, and longer than the one before; the last
 *   is of those longer than all
 * @sum: of all spans, µs
 *
 * How long something took, from 0.1 ms to 1 s. It begins with zeros.
 */
typedef struct
{
  guint64 counts[QUEEN_HISTOGRAM_N_BOUNDS + 1];
  guint64 sum;
} QueenHistogram;

/**
 * queen_histogram_get_bounds:
 *
 * Returns: %QUEEN_HISTOGRAM_N_BOUNDS bounds, µs, in their order
 */
const gint64 *queen_histogram_get_bounds (void);

/**
 * queen_histogram_add:
 * @span: µs
 * @n: how often it was seen
 */
void queen_histogram_add (QueenHistogram *self, gint64 span, guint64 n);

G_END_DECLS
