/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "process/queen-process-descriptors.h"

G_BEGIN_DECLS

/**
 * queen_process_metrics_append:
 * @start_time: µs since 1970: when the process was started
 * @descriptors: how many there were when they were last counted
 * @clock: by which that ages
 *
 * What means the same in every program, by the names that begin with `process_`.
 * https://prometheus.io/docs/instrumenting/writing_clientlibs/#process-metrics
 */
void queen_process_metrics_append (GString *text,
                                   gint64 start_time,
                                   QueenProcessDescriptors *descriptors,
                                   const QueenClock *clock);

G_END_DECLS
