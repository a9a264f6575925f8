/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "model/queen-cluster.h"
#include "model/queen-state.h"

G_BEGIN_DECLS

/**
 * QueenMemorySettings:
 * @clock: what the times below go by, and whose wall clock says when it was written
 * @directory: where what is known is kept
 * @cluster: what is known
 * @timeout: µs after a heartbeat until its sender counts as offline
 * @delay: µs from a change of what is known until it is written
 * @refresh: µs from a heartbeat that says nothing new until its time is written
 * @interval: µs between two times that it is written, at the least
 */
typedef struct
{
  const QueenClock *clock;
  const char *directory;
  QueenCluster *cluster;
  gint64 timeout;
  gint64 delay;
  gint64 refresh;
  gint64 interval;
} QueenMemorySettings;

/**
 * QueenMemory:
 *
 * What the queen knows, from one epoch to the next. While she runs it is written a while after it
 * has changed, so that a crash does not lose the failure that somebody was looking at; and once
 * more at her end, with the number of the next event.
 *
 * The main loop does not wait: it only gathers references to what it knows, the text is made and
 * written in a thread. Whatever goes wrong costs the memory, a warning, and nothing else.
 */
typedef struct _QueenMemory QueenMemory;

/**
 * queen_memory_new:
 * @settings: whose objects outlive the memory
 *
 * Takes the directory for this epoch. When another queen has it, nothing is remembered at all.
 */
QueenMemory *queen_memory_new (const QueenMemorySettings *settings);

/**
 * queen_memory_load:
 *
 * Returns: (transfer full) (nullable): what the last epoch has saved; %NULL when that is nothing
 */
QueenState *queen_memory_load (QueenMemory *self);

/**
 * queen_memory_restore:
 * @state: what queen_memory_load() gave; its components are the registries' from now on
 *
 * Everybody is known again as then, and all that listens to the bus hears of it. Those whose time
 * was up meanwhile go offline by an event before anybody asks, as a subscriber that resumes would
 * never hear of it otherwise. After a crash nobody is missed for the time that she was away, unless
 * that is longer than the timeout.
 */
void queen_memory_restore (QueenMemory *self, const QueenState *state);

/**
 * queen_memory_start:
 * @epoch: what the ids of her events begin with
 *
 * From now on what is known is written: once now, and then whenever it has changed.
 */
void queen_memory_start (QueenMemory *self, const char *epoch);

/**
 * queen_memory_end:
 * @next: the number that the next event will get
 *
 * Writes what is known for the last time, before it returns, when nothing can happen any longer.
 */
void queen_memory_end (QueenMemory *self, guint64 next);

/** queen_memory_free: nothing is written any more, but what is being written is waited for. */
void queen_memory_free (QueenMemory *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (QueenMemory, queen_memory_free)

G_END_DECLS
