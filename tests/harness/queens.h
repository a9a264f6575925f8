/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "queen-process.h"
#include "redis-server.h"

G_BEGIN_DECLS

/* Queens of which each is one of several. */

/* Whether the metrics of @queen say that she is in @state, as `together`. */
gboolean queens_is_in_state (QueenProcess *queen, const char *state);

/* Waits until she is. */
void queens_wait_for (QueenProcess *queen, const char *state);

/* A heartbeat of the worker @id to @queen. */
void queens_beat (QueenProcess *queen, const char *id, const char *status);

/* Whether @queen knows the worker @id in that status, or for %NULL does not know it. */
gboolean queens_is_known_as (QueenProcess *queen, const char *id, const char *status);

/* As if another queen had come, and said something of jobs: all look who is there, as they do by
 * themselves every three seconds. The cluster is `test`. */
void queens_stir (RedisServer *server);

/* Has @queen end, and frees her. That she was alone is a warning; there must have been nothing
 * worse. */
void queens_end (QueenProcess *queen);

G_END_DECLS
