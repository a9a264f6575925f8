/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <glib-object.h>

#include "loop/queen-clock.h"
#include "queen-redis-error.h"
#include "queen-redis-reply.h"
#include "queen-redis-target.h"

G_BEGIN_DECLS

/** Bytes of commands that may be without an answer at once. */
#define QUEEN_REDIS_MAX_WAITING (16 * 1024 * 1024)

/** Bytes that one whole reply may have, with all that is in it. Ask for less: by COUNT. */
#define QUEEN_REDIS_MAX_REPLY (32 * 1024 * 1024)

/** Elements that all arrays of one whole reply may have together. */
#define QUEEN_REDIS_MAX_ELEMENTS (1024 * 1024)

#define QUEEN_TYPE_REDIS (queen_redis_get_type ())
G_DECLARE_FINAL_TYPE (QueenRedis, queen_redis, QUEEN, REDIS, GObject)

/**
 * QueenRedis:
 *
 * A connection to the master of a Redis, which is made anew for as long as this object lives. It
 * belongs to the thread of the default main context, and never waits for anything.
 *
 * Commands are answered in their order. All that are sent in one turn of the main loop leave in one
 * write. A command that is not answered in time means that the connection is of no use: it is
 * closed, and all others that wait fail with it. So what may block (XREAD BLOCK) takes an object of
 * its own.
 *
 * It emits
 *
 * - `ready ()`: there is a connection to a master, and she is let in. Commands may be sent from
 *   here on; nothing that was said on an earlier connection (SCRIPT LOAD, CLIENT …) holds for sure.
 * - `lost (GError *error)`: there was one, and now there is none. All commands that were without an
 *   answer have been told before. Another one is looked for after pauses of 0.1 to 5 s.
 * - `failed (GError *error)`: one attempt to find one came to nothing; error is about the address
 *   that looked most like it. The next one comes after a pause. Emitted while it is not ready.
 *
 * Errors are of %QUEEN_REDIS_ERROR.
 */

/**
 * QueenRedisSettings:
 * @target: which Redis; a reference is taken
 * @name: for CLIENT SETNAME and names of sources; static, such as `queen-rbee-writer`
 * @timeout: µs until a command has to be answered, of which nothing else was said
 * @clock: (nullable): where the time comes from; %NULL for the system's
 * @random: (nullable): dice for the pauses, below @limit; %NULL for GLib's
 *
 * Only the structure itself may be gone when queen_redis_new() returns.
 */
typedef struct
{
  QueenRedisTarget *target;
  const char *name;
  gint64 timeout;
  const QueenClock *clock;
  gint64 (*random) (gint64 limit);
} QueenRedisSettings;

/**
 * QueenRedisCallback:
 * @reply: (nullable): what Redis has answered, valid during the call; %NULL if there is an error
 * @error: (nullable): %NULL if there is a reply
 *
 * The answer to one command; called exactly once, never from inside queen_redis_send(). It may send
 * further commands, and let go of @redis.
 */
typedef void (*QueenRedisCallback) (QueenRedis *redis,
                                    const QueenRedisReply *reply,
                                    const GError *error,
                                    gpointer data);

/**
 * queen_redis_new:
 *
 * Does nothing until queen_redis_start().
 *
 * Returns: (transfer full): a connection that is not ready
 */
QueenRedis *queen_redis_new (const QueenRedisSettings *settings);

/**
 * queen_redis_start:
 *
 * Begins to look for the master; the outcome is told by signals in later turns. Nothing if it has
 * begun already.
 */
void queen_redis_start (QueenRedis *self);

/**
 * queen_redis_stop:
 *
 * Closes the connection and looks for none. Commands without an answer fail with
 * %QUEEN_REDIS_ERROR_LOST before this returns; no signal is emitted. What was sent in this turn is
 * written before, if the kernel takes it. Letting go of the last reference does the same.
 */
void queen_redis_stop (QueenRedis *self);

/**
 * queen_redis_reconnect:
 * @error: why, as those are told who wait, and by `lost`
 *
 * Gives the connection up, as if Redis had: for one who finds out that it is the wrong one (it is
 * no master any more, or nothing comes back through it). Nothing if there is none.
 */
void queen_redis_reconnect (QueenRedis *self, const GError *error);

/**
 * queen_redis_retry:
 *
 * Cuts the pause short, as there is a reason to believe that things have changed: another password
 * was read, say. Nothing if there is no pause.
 */
void queen_redis_retry (QueenRedis *self);

/** Returns: whether commands may be sent now. */
gboolean queen_redis_is_ready (QueenRedis *self);

/**
 * queen_redis_send:
 * @argc: how many arguments there are, the command's name included; at least 1
 * @argv: (array length=argc): the arguments; they are copied
 * @timeout: µs until there has to be an answer; 0 for what the settings say
 * @callback: (nullable): is told of the answer; %NULL if nobody wants it
 * @error: %QUEEN_REDIS_ERROR_AWAY or %QUEEN_REDIS_ERROR_FULL; then @callback is not called
 *
 * Sends a command, with all others of this turn of the main loop.
 *
 * Returns: whether it was sent
 */
gboolean queen_redis_send (QueenRedis *self,
                           guint argc,
                           const char *const *argv,
                           gint64 timeout,
                           QueenRedisCallback callback,
                           gpointer data,
                           GError **error);

/**
 * queen_redis_get_address:
 *
 * Returns: (nullable): where the connection goes to, as people read it: `192.0.2.7:6379` or
 *   `unix:/run/redis.sock`; %NULL while there is none
 */
const char *queen_redis_get_address (QueenRedis *self);

/**
 * queen_redis_get_trouble:
 *
 * Returns: (nullable): why it is not ready, as far as that is known; %NULL while it is
 */
const GError *queen_redis_get_trouble (QueenRedis *self);

/**
 * QueenRedisFigures:
 * @n_waiting: commands without an answer
 * @waiting_bytes: what they take
 * @n_commands: commands sent so far
 * @n_writes: writes that they left in
 * @n_connections: how often it was ready
 * @n_failures: how often an attempt came to nothing, or a connection was lost
 */
typedef struct
{
  guint n_waiting;
  gsize waiting_bytes;
  guint64 n_commands;
  guint64 n_writes;
  guint64 n_connections;
  guint64 n_failures;
} QueenRedisFigures;

/** What it has done and has to do, for the metrics. */
QueenRedisFigures queen_redis_get_figures (QueenRedis *self);

G_END_DECLS
