/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "queenctl-queen.h"

G_BEGIN_DECLS

/* Which status everybody had last, so that a heartbeat can be told from a change. */
typedef struct _QueenctlMemory QueenctlMemory;

/** Returns: (transfer full): one that knows nobody */
QueenctlMemory *queenctl_memory_new (void);

void queenctl_memory_free (QueenctlMemory *self);

/** queenctl_memory_learn: @components: everybody, as things stand */
void queenctl_memory_learn (QueenctlMemory *self, GPtrArray *components);

/**
 * queenctl_memory_take:
 * @event: of a worker or hive
 * @before: (out) (transfer full) (nullable): the status that it had; %NULL of somebody new
 *
 * Returns: whether its status is another one now
 */
gboolean queenctl_memory_take (QueenctlMemory *self, const QueenctlEvent *event, char **before);

G_END_DECLS
