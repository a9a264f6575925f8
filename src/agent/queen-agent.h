/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "queen-courier.h"
#include "queen-ward.h"

G_BEGIN_DECLS

#define QUEEN_AGENT_MAX_WARDS 1024

/**
 * QueenAgent:
 *
 * Looks after workers and a hive, and beats for all of them, one delivery a beat. All of it happens
 * in the main loop, and nothing waits.
 */
typedef struct _QueenAgent QueenAgent;

/**
 * QueenAgentSettings:
 * @destinations: (element-type QueenDestination): the queens, in the order in which they are tried
 * @are_guesses: whether nobody has said that there are queens
 * @trusted: (nullable): certificates of servers to trust, in place of the system's
 * @hive_id: (nullable): the hive that this machine is: the agent beats for it, too, and the workers
 *   belong to it
 * @say: something that people should know, on one line
 * @looked: (nullable): a ward has been looked at, or has changed; it may be removed there
 * @data: of both
 */
typedef struct
{
  GPtrArray *destinations;
  gboolean are_guesses;
  GTlsDatabase *trusted;
  const char *hive_id;
  void (*say) (const char *text, gpointer data);
  void (*looked) (QueenWard *ward, gpointer data);
  gpointer data;
} QueenAgentSettings;

/** Returns: (transfer full): an agent that beats from the next turn of the main loop on */
QueenAgent *queen_agent_new (const QueenAgentSettings *settings);

void queen_agent_free (QueenAgent *self);

/** Returns: (transfer none): with what servers are asked */
QueenFetcher *queen_agent_get_fetcher (QueenAgent *self);

/**
 * queen_agent_add:
 * @error: %QUEEN_ERROR_CONFLICT when there is one of that id, %QUEEN_ERROR_UNAVAILABLE when there
 * are too many
 *
 * Returns: (transfer none) (nullable): a worker that is looked after
 */
QueenWard *queen_agent_add (QueenAgent *self, const QueenWardSettings *settings, GError **error);

/** Returns: (transfer none) (nullable): the worker of that id */
QueenWard *queen_agent_lookup (QueenAgent *self, const char *id);

/**
 * queen_agent_dismiss:
 * @ward: one of its own
 * @reason: (nullable): why; not one of the ward's own texts
 *
 * Nobody looks after it any more, which the queen is told; then it is freed.
 */
void queen_agent_dismiss (QueenAgent *self, QueenWard *ward, const char *reason);

/** Returns: whether a driver of GPUs is being asked at this moment, which may hang */
gboolean queen_agent_is_at_driver (QueenAgent *self);

/** Something has changed that is to be told at once. */
void queen_agent_push (QueenAgent *self);

/**
 * queen_agent_flush:
 * @func: called once, when the queen has been told how all is now, or after @timeout_msec
 */
void
queen_agent_flush (QueenAgent *self, guint timeout_msec, void (*func) (gpointer), gpointer data);

/**
 * queen_agent_finish:
 * @func: called once, when the queen has been told how all ended, or after @timeout_msec
 *
 * All that have not ended themselves are not looked after any more.
 */
void
queen_agent_finish (QueenAgent *self, guint timeout_msec, void (*func) (gpointer), gpointer data);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (QueenAgent, queen_agent_free)

G_END_DECLS
