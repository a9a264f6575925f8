/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "queen-adapter.h"
#include "queen-fetcher.h"

G_BEGIN_DECLS

/** Who is looked at, at most one at a port. All usual ports have a place: else whoever listens at
 * many of them would keep the others from being found. */
#define QUEEN_PROSPECTS_MAX 512

/**
 * QueenScope:
 * @QUEEN_SCOPE_PROCESS: those of a process and what descends from it, at any port
 * @QUEEN_SCOPE_OWN: those of our own user, at ports that servers usually have
 * @QUEEN_SCOPE_ALL: those of everybody, likewise
 *
 * Whose servers are looked for.
 */
typedef enum
{
  QUEEN_SCOPE_PROCESS,
  QUEEN_SCOPE_OWN,
  QUEEN_SCOPE_ALL,
} QueenScope;

/**
 * QueenProspects:
 *
 * Looks for servers on this machine: who listens is asked what it is, and who is known is told of.
 * One that is not known is left alone as long as it listens, and one that says nothing for a while.
 * At a port there may be several, each at an address of its own: they are asked in turn, and the
 * first that is known is told of.
 */
typedef struct _QueenProspects QueenProspects;

/**
 * QueenProspectsFunc:
 * @url: where the server is
 * @adapter: what it is
 * @port: where it listens
 */
typedef void (*QueenProspectsFunc) (const char *url,
                                    const QueenAdapter *adapter,
                                    guint16 port,
                                    gpointer data);

/**
 * queen_prospects_new:
 * @fetcher: outlives this
 * @pid: the process, with %QUEEN_SCOPE_PROCESS
 * @func: called for each server that is found, as long as it listens
 */
QueenProspects *queen_prospects_new (
    QueenFetcher *fetcher, QueenScope scope, pid_t pid, QueenProspectsFunc func, gpointer data);

void queen_prospects_free (QueenProspects *self);

/** The server at @port has gone: whoever listens there next is asked again. */
void queen_prospects_forget (QueenProspects *self, guint16 port);

/** Returns: whether servers usually have @port */
gboolean queen_prospects_is_usual (guint16 port);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (QueenProspects, queen_prospects_free)

G_END_DECLS
