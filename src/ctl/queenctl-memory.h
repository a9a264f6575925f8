/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "queenctl-condition.h"
#include "queenctl-queen.h"

G_BEGIN_DECLS

/* What everybody was like last, so that a heartbeat can be told from a change. When that takes more
 * than any queen's workers and hives would, 256 MiB, all is forgotten but the newest. */
typedef struct _QueenctlMemory QueenctlMemory;

/** Returns: (transfer full): one that knows nobody */
QueenctlMemory *queenctl_memory_new (void);

void queenctl_memory_free (QueenctlMemory *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (QueenctlMemory, queenctl_memory_free)

/** queenctl_memory_learn: @components: everybody, as things stand */
void queenctl_memory_learn (QueenctlMemory *self, GPtrArray *components);

/**
 * queenctl_memory_get:
 *
 * Returns: (transfer none) (nullable): what the worker or hive of @event was like; %NULL when it is
 *   new
 */
const QueenctlCondition *queenctl_memory_get (QueenctlMemory *self, const QueenctlEvent *event);

/** queenctl_memory_set: @now: (transfer full): what the worker or hive of @event is like now */
void queenctl_memory_set (QueenctlMemory *self, const QueenctlEvent *event, QueenctlCondition *now);

G_END_DECLS
