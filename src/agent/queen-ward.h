/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "queen-beat.h"
#include "queen-fetcher.h"

G_BEGIN_DECLS

/**
 * QueenWard:
 *
 * A worker that the agent looks after: the server that answers, the process that it is, or both.
 * What it is becomes heartbeats in its name.
 */
typedef struct _QueenWard QueenWard;

/**
 * QueenWardSettings:
 * @id: of the worker
 * @url: (nullable): where its server is; %NULL when that is not known yet, or there is none
 * @model: (nullable): what it has, in place of what it says
 * @device: (nullable): on what it runs
 * @advertise: (nullable): where others find it
 * @key: (nullable): what its server wants to be shown; nobody else is told
 * @slots: how many requests it serves at once, in place of what it says; 0 for what it says
 */
typedef struct
{
  const char *id;
  const char *url;
  const char *model;
  const char *device;
  const char *advertise;
  const char *key;
  guint slots;
} QueenWardSettings;

/**
 * QueenWardPhase:
 * @QUEEN_WARD_NO_PROCESS: nothing is known of its process
 * @QUEEN_WARD_RUNNING: its process runs
 * @QUEEN_WARD_STOPPING: it is about to be told to end
 * @QUEEN_WARD_STOPPED: it has ended
 * @QUEEN_WARD_UNWATCHED: nobody looks after it any more
 */
typedef enum
{
  QUEEN_WARD_NO_PROCESS,
  QUEEN_WARD_RUNNING,
  QUEEN_WARD_STOPPING,
  QUEEN_WARD_STOPPED,
  QUEEN_WARD_UNWATCHED,
} QueenWardPhase;

/**
 * QueenWardEvents:
 * @changed: what it is has changed, and not only a counter
 * @looked: its server has been looked at
 * @sense: (nullable): asks whether a server that does not say works.
 *   Returns: (nullable): how that was found out, such as `sockets`, with @is_busy set; %NULL when
 * it cannot be found out
 *
 * What becomes of a ward.
 */
typedef struct
{
  void (*changed) (QueenWard *ward, gpointer data);
  void (*looked) (QueenWard *ward, gpointer data);
  const char *(*sense) (QueenWard *ward, gboolean *is_busy, gpointer data);
} QueenWardEvents;

/**
 * queen_ward_new:
 * @fetcher: outlives this
 * @events: static
 *
 * Returns: (transfer full): a worker that nothing is said of until something is known
 */
QueenWard *queen_ward_new (const QueenWardSettings *settings,
                           QueenFetcher *fetcher,
                           const QueenWardEvents *events,
                           gpointer data);

void queen_ward_free (QueenWard *self);

const char *queen_ward_get_id (QueenWard *self);

/** Returns: (nullable): where its server is, as far as that is known */
const char *queen_ward_get_url (QueenWard *self);

/** Returns: the port of its server on this machine; 0 when it has none, or is elsewhere */
guint16 queen_ward_get_local_port (QueenWard *self);

/** Returns: its process; 0 when that is not known */
pid_t queen_ward_get_pid (QueenWard *self);

/** Its server has been found; @url: (nullable): or lost. */
void queen_ward_set_url (QueenWard *self, const char *url);

/** Whether others than this machine can reach its server, as far as is known. */
void queen_ward_set_open (QueenWard *self, gboolean is_open);

/** Its process is another; 0 when that is not known */
void queen_ward_set_pid (QueenWard *self, pid_t pid);

/** Returns: whether it answers on this machine, and nobody knows its process or has looked for it
 */
gboolean queen_ward_wants_process (QueenWard *self, gint64 now);

/**
 * queen_ward_watch_process:
 * @pid: that its server is; 0 when it was not found
 *
 * Its server is looked at as soon as that process has ended, if it may be watched.
 */
void queen_ward_watch_process (QueenWard *self, pid_t pid);

/**
 * queen_ward_set_phase:
 * @exit_status: as a shell has it, with %QUEEN_WARD_STOPPED; -1 when that is not known
 * @reason: (nullable): why it is not well
 */
void
queen_ward_set_phase (QueenWard *self, QueenWardPhase phase, int exit_status, const char *reason);

QueenWardPhase queen_ward_get_phase (QueenWard *self);

/** Returns: what it is, as heartbeats say it */
const char *queen_ward_get_status (QueenWard *self);

/** Returns: (nullable): why it is not well, as heartbeats say it */
const char *queen_ward_get_reason (QueenWard *self);

/**
 * queen_ward_has_turned:
 *
 * Returns: whether it comes, goes, is unwell or is well again, since this was asked last: what
 * people want to know, and not each request
 */
gboolean queen_ward_has_turned (QueenWard *self);

/** Returns: whether its server has ever been ready */
gboolean queen_ward_has_been_ready (QueenWard *self);

/** Returns: whether it has nothing to do, as far as is known */
gboolean queen_ward_is_idle (QueenWard *self);

/** Returns: how many connections to its server we have open ourselves */
guint queen_ward_count_connections (QueenWard *self);

/** Returns: whether its server is being asked at this moment */
gboolean queen_ward_is_looking (QueenWard *self);

/** Looks at its server soon. */
void queen_ward_look_soon (QueenWard *self);

/**
 * queen_ward_add_beats:
 * @beats: (element-type QueenBeat): where to add them
 *
 * One for the worker, and one for each server behind it; none as long as nothing is known.
 */
void queen_ward_add_beats (QueenWard *self, const QueenBeatContext *context, GPtrArray *beats);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (QueenWard, queen_ward_free)

G_END_DECLS
