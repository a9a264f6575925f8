/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <gio/gio.h>

#include "model/queen-source.h"

G_BEGIN_DECLS

/** How many may be inside at once of one worker, while there are few of all. */
#define QUEEN_TURNSTILE_MAX_OF_ONE 3

/** How many of all are few; from then on it is one of each worker. */
#define QUEEN_TURNSTILE_FEW 5

/** How many may be inside of one machine, whatever number of workers it says that it has. */
#define QUEEN_TURNSTILE_MAX_OF_MACHINE 6

/** How many may be inside whom one sender of heartbeats has sent, whatever machines it names. */
#define QUEEN_TURNSTILE_MAX_OF_SENDER 12

/**
 * QueenTurnstile:
 *
 * How many connections may be in the making at once. GIO shakes hands for TLS in a thread of
 * GLib's, of which there are ten, and one more now and then: so a worker that takes connections and
 * says nothing would have those wait who connect to others. It belongs to one thread.
 */
typedef struct _QueenTurnstile QueenTurnstile;

/** QueenPassage: somebody who is inside, or waits for it. */
typedef struct _QueenPassage QueenPassage;

/**
 * queen_turnstile_new:
 *
 * Lets in those who wait in the thread in which this is called, and its default main context.
 */
QueenTurnstile *queen_turnstile_new (void);

/**
 * queen_turnstile_enter:
 * @address: where it connects to. Those of one network of IPv6 (/64) count as one machine, and so
 * do all of loopback
 * @port: likewise
 * @source: (nullable): who has said that somebody is there; %NULL when nobody has who might lie
 * @func: is called once with @data if it has to wait, and not before this has returned
 *
 * There is no limit to the time that it may take. Those who wait for one worker are let in in
 * their order, and workers take turns.
 *
 * Returns: (transfer full): for the functions below
 */
QueenPassage *queen_turnstile_enter (QueenTurnstile *self,
                                     GInetAddress *address,
                                     guint16 port,
                                     const QueenSource *source,
                                     void (*func) (gpointer data),
                                     gpointer data);

/** Returns: whether it need not wait, or no longer has to */
gboolean queen_passage_is_inside (const QueenPassage *pass);

/** @pass: (transfer full): whoever was inside is no longer, and whoever waited does not any more */
void queen_passage_return (QueenPassage *pass);

/** Nobody is inside, and nobody waits. */
void queen_turnstile_free (QueenTurnstile *self);

G_END_DECLS
