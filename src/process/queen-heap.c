/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-heap.h"

#include <malloc.h>

#include "loop/queen-alarm.h"
#include "queen-process-memory.h"

#define MMAP_THRESHOLD (256 * 1024) /* bytes */
#define KEPT (1024 * 1024)          /* bytes at the heap's end, for what comes next */

struct _QueenHeap
{
  const QueenClock *clock;
  QueenAlarm *alarm;
  gint64 interval;
  gsize min_resident;
  GThread *thread; /* the last one that trimmed; NULL before */
  int is_trimming; /* atomic */
};

void
queen_heap_keep_blocks_apart (void)
{
  mallopt (M_MMAP_THRESHOLD, MMAP_THRESHOLD);
}

static gboolean
has_grown (const QueenHeap *self)
{
  gsize resident;

  return queen_process_memory_get (NULL, &resident) && resident >= self->min_resident;
}

static gpointer
trim (gpointer data)
{
  QueenHeap *self = data;

  malloc_trim (KEPT);
  g_atomic_int_set (&self->is_trimming, FALSE);
  return NULL;
}

static void
on_heap_turn (gpointer data)
{
  QueenHeap *self = data;

  queen_alarm_set (self->alarm, self->clock->get_monotonic () + self->interval);
  if (g_atomic_int_get (&self->is_trimming) || !has_grown (self))
    return;
  g_clear_pointer (&self->thread, g_thread_join);
  g_atomic_int_set (&self->is_trimming, TRUE);
  self->thread = g_thread_try_new ("heap", trim, self, NULL);
  if (!self->thread) /* then at another time */
    g_atomic_int_set (&self->is_trimming, FALSE);
}

QueenHeap *
queen_heap_new (const QueenClock *clock, gint64 interval, gsize min_resident)
{
  QueenHeap *self = g_new0 (QueenHeap, 1);

  self->clock = clock;
  self->interval = interval;
  self->min_resident = min_resident;
  self->alarm = queen_alarm_new (clock, "heap", G_PRIORITY_LOW, on_heap_turn, self);
  queen_alarm_set (self->alarm, clock->get_monotonic () + interval);
  return self;
}

void
queen_heap_free (QueenHeap *self)
{
  g_clear_pointer (&self->thread, g_thread_join);
  queen_alarm_free (self->alarm);
  g_free (self);
}
