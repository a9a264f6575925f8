/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "queen-redis-link.h"

G_BEGIN_DECLS

/**
 * QueenRedisSearch:
 *
 * One search for the master: each place of the target is asked in turn, Sentinels among them, until
 * one is found that lets her in, is a master and has its data.
 */
typedef struct _QueenRedisSearch QueenRedisSearch;

/**
 * QueenRedisSearchSettings:
 * @target: where to look; a reference is taken
 * @name: what she is called there, and for the names of sources; static
 * @clock: for deadlines
 * @timeout: µs that one place may take in all
 * @redis: what the link's callbacks are handed
 * @on_found: a link to the master at @address, which is to be taken over by
 *   queen_redis_link_set_owner() (transfer full)
 * @on_failed: there is none; @error is about the place that looked most like it
 * @data: for both of them. One of them is called, once, in a later turn; it may free the search
 */
typedef struct
{
  QueenRedisTarget *target;
  const char *name;
  const QueenClock *clock;
  gint64 timeout;
  QueenRedis *redis;
  void (*on_found) (QueenRedisLink *link, const char *address, gpointer data);
  void (*on_failed) (const GError *error, gpointer data);
  gpointer data;
} QueenRedisSearchSettings;

/** Returns: (transfer full): a search that has begun */
QueenRedisSearch *queen_redis_search_new (const QueenRedisSearchSettings *settings);

/** Gives up what goes on, if it does; nobody is called any more. */
void queen_redis_search_free (QueenRedisSearch *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (QueenRedisSearch, queen_redis_search_free)

G_END_DECLS
