/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "config/queen-config.h"
#include "http/queen-front.h"
#include "jobs/queen-upstream.h"
#include "redis/queen-redis-target.h"
#include "system/queen-reload.h"

G_BEGIN_DECLS

/**
 * queen_secrets_new:
 *
 * Returns: (transfer full): reads all the files that can be given anew while she runs, when it is
 *   asked to: tokens, certificates, keys and the password of the engine
 */
QueenReload *queen_secrets_new (const QueenConfig *config, const QueenClock *clock);

/**
 * queen_secrets_add_parts:
 * @target: (nullable): how she comes to the engine
 *
 * Has all that goes by these files, as far as it does, take them when they have been read again,
 * and say in the log what has changed. All of it outlives @reload.
 */
void queen_secrets_add_parts (QueenReload *reload,
                              QueenFront *front,
                              QueenUpstream *upstream,
                              QueenRedisTarget *target);

G_END_DECLS
