/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "queen-redis-target-private.h"

G_BEGIN_DECLS

/**
 * queen_redis_dial:
 * @place: where to
 * @target: whom to trust, and whether plain text may leave this machine
 * @cancellable: ends it
 * @callback: gets the outcome by queen_redis_dial_finish()
 *
 * Opens a connection to @place, encrypted if that is asked for. Nothing has been said to Redis by
 * then.
 */
void queen_redis_dial (const QueenRedisPlace *place,
                       QueenRedisTarget *target,
                       GCancellable *cancellable,
                       GAsyncReadyCallback callback,
                       gpointer data);

/**
 * queen_redis_dial_finish:
 * @error: %QUEEN_REDIS_ERROR_UNREACHABLE, %QUEEN_REDIS_ERROR_TLS, or that it was cancelled
 *
 * Returns: (transfer full): the connection, or %NULL
 */
GIOStream *queen_redis_dial_finish (GAsyncResult *result, GError **error);

G_END_DECLS
