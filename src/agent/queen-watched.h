/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "queen-adapter.h"
#include "queen-fetcher.h"

G_BEGIN_DECLS

/**
 * QueenReach:
 * @QUEEN_REACH_UNKNOWN: nobody has looked yet
 * @QUEEN_REACH_ANSWERING: it answers
 * @QUEEN_REACH_SILENT: it is there, but does not answer in time
 * @QUEEN_REACH_AWAY: it is not there
 */
typedef enum
{
  QUEEN_REACH_UNKNOWN,
  QUEEN_REACH_ANSWERING,
  QUEEN_REACH_SILENT,
  QUEEN_REACH_AWAY,
} QueenReach;

/**
 * QueenWatched:
 *
 * A server that is looked at again and again, by an adapter that it is recognised for: often while
 * it works or changes, less often while it does not. Another server may come up at the same
 * address, so it is recognised anew when it has been away, makes no sense, and once a minute.
 */
typedef struct _QueenWatched QueenWatched;

/**
 * queen_watched_new:
 * @fetcher: outlives this
 * @url: where the server is, such as `http://127.0.0.1:8080`
 * @key: (nullable): what it wants to be shown
 * @func: called after each look
 *
 * Returns: (transfer full): a server that is first looked at in the next turn of the main loop
 */
QueenWatched *queen_watched_new (
    QueenFetcher *fetcher, const char *url, const char *key, GFunc func, gpointer data);

void queen_watched_free (QueenWatched *self);

const char *queen_watched_get_url (QueenWatched *self);

QueenReach queen_watched_get_reach (QueenWatched *self);

/** Returns: (nullable): why it is not there, as heartbeats say it */
const char *queen_watched_get_absence (QueenWatched *self);

/** Returns: (nullable): what it was recognised for */
const QueenAdapter *queen_watched_get_adapter (QueenWatched *self);

/** Returns: (nullable): the same, and when it is away what it was before */
const QueenAdapter *queen_watched_get_last_adapter (QueenWatched *self);

/** Returns: what it has said; what it said last, while it is silent; what it was, while it is away
 */
const QueenReading *queen_watched_get_reading (QueenWatched *self);

/** Returns: when the last look began; µs, monotonic */
gint64 queen_watched_get_look_time (QueenWatched *self);

/** Returns: a counter that grows while it works, even over its restarts; -1 when there is none */
double queen_watched_get_progress (QueenWatched *self);

/** Returns: tokens in a second; -1 when that is not known */
double queen_watched_get_tokens_per_second (QueenWatched *self);

/** Returns: how many connections to it we have open between two looks */
guint queen_watched_count_connections (QueenWatched *self);

/** Returns: whether it is being asked at this moment */
gboolean queen_watched_is_looking (QueenWatched *self);

/** Returns: whether it does not say what it is asked, as it wants another key, or one at all */
gboolean queen_watched_is_locked (QueenWatched *self);

/** Looks soon: something has happened to it. */
void queen_watched_look_soon (QueenWatched *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (QueenWatched, queen_watched_free)

G_END_DECLS
