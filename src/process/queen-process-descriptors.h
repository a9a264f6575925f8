/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "loop/queen-clock.h"

G_BEGIN_DECLS

/** Where the kernel lists them. */
#define QUEEN_PROCESS_DESCRIPTORS "/proc/self/fd"

/**
 * QueenProcessDescriptors:
 * @n: how many there were
 * @counted_at: µs, monotonic: when they were counted; 0 when they never were
 *
 * How many files the process has open, as far as they had to be counted. It begins with zeros.
 */
typedef struct
{
  guint64 n;
  gint64 counted_at;
} QueenProcessDescriptors;

/**
 * queen_process_descriptors_get:
 * @directory: #QUEEN_PROCESS_DESCRIPTORS, or one like it
 *
 * Since Linux 6.2 the kernel says how many there are. Before that each has to be looked at, which
 * takes tens of milliseconds when there are tens of thousands: so that is done once in ten seconds
 * at the most, however many ask.
 *
 * Returns: how many are open
 */
guint64 queen_process_descriptors_get (QueenProcessDescriptors *self,
                                       const char *directory,
                                       const QueenClock *clock);

G_END_DECLS
