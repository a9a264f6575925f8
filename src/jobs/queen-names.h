/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <gio/gio.h>

#include "model/queen-source.h"

G_BEGIN_DECLS

/** Names that are looked up at once; the second half of these only one for each party. */
#define QUEEN_NAMES_MAX 128

/** How many of these may be of heartbeats from one address, or one IPv6 network of 64 bits. */
#define QUEEN_NAMES_MAX_OF_ONE 6

/** How many of all in one IPv6 network of 48 bits, who are one party to others; the second half of
 * these only one for each of them. */
#define QUEEN_NAMES_MAX_OF_WIDE 12

/**
 * QueenNames:
 *
 * What looks up hosts' names. The system's resolver takes a thread for each, and some names take it
 * half a minute, as whoever owns them may have it: so those who beat from one network have their
 * share of the threads, and take turns with others when they wait for one; and a name that many ask
 * for has one. It belongs to one thread.
 */
typedef struct _QueenNames QueenNames;

/**
 * QueenNamesFunc:
 * @found: (element-type GInetAddress): what is behind the name; %NULL with an @error
 * @error: (nullable): as g_resolver_lookup_by_name() has it
 */
typedef void (*QueenNamesFunc) (GList *found, const GError *error, gpointer data);

/** QueenNamesWait: somebody who waits for a name. */
typedef struct _QueenNamesWait QueenNamesWait;

/**
 * queen_names_new:
 *
 * Answers in the thread in which this is called, and its default main context.
 */
QueenNames *queen_names_new (void);

/**
 * queen_names_look_up:
 * @host: a name, or a numeric address without brackets
 * @source: where the heartbeat came from that names it
 * @func: is called once, and not before this has returned
 *
 * There is no limit to the time that it takes.
 *
 * Returns: (transfer none): until @func is called, for queen_names_wait_cancel()
 */
QueenNamesWait *queen_names_look_up (QueenNames *self,
                                     const char *host,
                                     const QueenSource *source,
                                     QueenNamesFunc func,
                                     gpointer data);

/** Returns: whether it is being looked up; else it waits until others have been */
gboolean queen_names_wait_has_begun (const QueenNamesWait *wait);

/** Nothing is called any more. */
void queen_names_wait_cancel (QueenNamesWait *wait);

/** Nobody waits any more. Threads that still look something up are left to themselves. */
void queen_names_free (QueenNames *self);

G_END_DECLS
