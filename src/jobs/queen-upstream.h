/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <glib.h>

#include "queen-histogram.h"
#include "queen-worker-tokens.h"

G_BEGIN_DECLS

/** Bytes of one answer that may wait to be told of before its worker is no longer read from. */
#define QUEEN_UPSTREAM_MAX_WAITING (256 * 1024)

/** The same of all answers together, of which one who asks has no more than is left. */
#define QUEEN_UPSTREAM_MAX_ALL_WAITING (32 * 1024 * 1024)

/** Bytes that may wait of each answer, however much waits of others: so nobody who has little to
 * say is kept waiting by those who have much. */
#define QUEEN_UPSTREAM_LITTLE_WAITING (4 * 1024)

/**
 * QueenUpstreamSettings:
 * @networks: (nullable) (array zero-terminated=1): where workers and hives may be called besides
 *   where their heartbeats come from: numeric addresses, or networks such as `10.0.0.0/8`
 * @token_file: (nullable): has a `HOST TOKEN` in a line, for workers that ask for one
 * @ca_file: (nullable): certificates (PEM) to trust in place of the system's
 * @max_calls: connections that there may be, as queen_caps_choose() has it; 0 for
 *   %QUEEN_CAPS_MAX_CALLS
 */
typedef struct
{
  const char *const *networks;
  const char *token_file;
  const char *ca_file;
  guint max_calls;
} QueenUpstreamSettings;

/**
 * QueenUpstream:
 *
 * The way to the workers and hives: an HTTP client in a thread of its own. A main loop has a price
 * for each connection that it looks after, which the queen's own is not to pay; she hears of what
 * has come by a mailbox, and is woken at most once for all that has gathered.
 */
typedef struct _QueenUpstream QueenUpstream;

/**
 * queen_upstream_new:
 * @error: %QUEEN_ERROR_SETTING, or what the system says, with the file's name
 *
 * To be called in the thread of the default main context, which is the one that is told of answers.
 *
 * Returns: (transfer full): the way to the workers, whose thread runs, or %NULL
 */
QueenUpstream *queen_upstream_new (const QueenUpstreamSettings *settings, GError **error);

/**
 * QueenUpstreamFigures:
 * @n_calls: requests that are under way to workers and hives, each by a connection of its own
 * @n_tries: questions that workers and hives are asked, each with as many of these as it takes
 * @max_tries: how many there may be
 * @max_relays: how many questions other queens may be asked at once
 * @n_unfinished: bytes of what has been answered, and cannot be handed on yet
 * @max_unfinished: how much of that there may be
 * @n_errands: what waits for the thread to do it
 * @n_paused: answers of which nothing is read now, as enough of them waits to be told
 * @n_pauses: how often that has come to be so
 * @n_bytes: what waits in the mailbox to be told
 * @max_bytes: of how much nobody who asks has more than is left, or no more of that is read
 * @lag: for how long errands have waited for the thread, µs
 *
 * How the thread is doing.
 */
typedef struct
{
  guint n_calls;
  guint n_tries;
  guint max_tries;
  guint max_relays;
  guint n_unfinished;
  guint max_unfinished;
  guint n_errands;
  guint n_paused;
  guint64 n_pauses;
  guint n_bytes;
  guint max_bytes;
  QueenHistogram lag;
} QueenUpstreamFigures;

/** @figures: (out): as they are now */
void queen_upstream_get_figures (QueenUpstream *self, QueenUpstreamFigures *figures);

/** Returns: whether there is a file of tokens */
gboolean queen_upstream_has_tokens (const QueenUpstream *self);

/**
 * queen_upstream_read_tokens:
 * @self: one that queen_upstream_has_tokens()
 * @error: what is wrong with the file
 *
 * Reads the tokens again, in any thread, and changes nothing.
 *
 * Returns: (transfer full): what is to be given to queen_upstream_take_tokens()
 */
QueenWorkerTokens *queen_upstream_read_tokens (QueenUpstream *self, GError **error);

/**
 * queen_upstream_take_tokens:
 * @tokens: (transfer full): for requests that begin from now on
 */
void queen_upstream_take_tokens (QueenUpstream *self, QueenWorkerTokens *tokens);

/**
 * queen_upstream_free:
 *
 * Closes all connections and ends the thread. Attempts that go on are over, and nobody is told.
 */
void queen_upstream_free (QueenUpstream *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (QueenUpstream, queen_upstream_free)

G_END_DECLS
