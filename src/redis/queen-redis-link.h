/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <gio/gio.h>

#include "queen-redis.h"

G_BEGIN_DECLS

/**
 * QueenRedisLink:
 *
 * One connection from its beginning to its end: commands out, replies in, in their order, each with
 * a deadline. It knows nothing of what is said, and is of no use any more when it has ended. With
 * reference counts.
 */
typedef struct _QueenRedisLink QueenRedisLink;

/**
 * QueenRedisLinkSettings:
 * @stream: pollable in both directions; a reference is taken
 * @name: for the names of sources; static
 * @clock: for deadlines
 * @redis: what callbacks are handed; they may let go of it
 * @on_broken: the connection has ended by itself, or answers badly or not in time: called once,
 *   before those who wait are told. Who is called calls queen_redis_link_close(), then or later
 * @data: for @on_broken
 */
typedef struct
{
  GIOStream *stream;
  const char *name;
  const QueenClock *clock;
  QueenRedis *redis;
  void (*on_broken) (const GError *error, gpointer data);
  gpointer data;
} QueenRedisLinkSettings;

QueenRedisLink *queen_redis_link_new (const QueenRedisLinkSettings *settings);

/**
 * queen_redis_link_send:
 *
 * As queen_redis_send(); @timeout has to be said here.
 */
gboolean queen_redis_link_send (QueenRedisLink *self,
                                guint argc,
                                const char *const *argv,
                                gint64 timeout,
                                QueenRedisCallback callback,
                                gpointer data,
                                GError **error);

/**
 * queen_redis_link_set_owner:
 *
 * From here on @on_broken is called with @data.
 */
void queen_redis_link_set_owner (QueenRedisLink *self,
                                 void (*on_broken) (const GError *error, gpointer data),
                                 gpointer data);

/**
 * queen_redis_link_close:
 * @error: why, for those who wait
 *
 * Writes what the kernel takes, closes the connection, and tells all that wait for an answer that
 * none will come. Nobody is called after that. Nothing if it is closed already.
 */
void queen_redis_link_close (QueenRedisLink *self, const GError *error);

/** Adds what it has to do and has done to @figures. */
void queen_redis_link_add_figures (const QueenRedisLink *self, QueenRedisFigures *figures);

QueenRedisLink *queen_redis_link_ref (QueenRedisLink *self);
void queen_redis_link_unref (QueenRedisLink *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (QueenRedisLink, queen_redis_link_unref)

G_END_DECLS
