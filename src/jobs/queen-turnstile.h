/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <gio/gio.h>

#include "loop/queen-clock.h"
#include "model/queen-source.h"

G_BEGIN_DECLS

/** How many may be inside at once: GLib has ten threads, and some are for whatever else there is.
 */
#define QUEEN_TURNSTILE_MAX 8

/** How many may be inside of one worker, while there are few of all. */
#define QUEEN_TURNSTILE_MAX_OF_ONE 3

/** How many of all are few; from then on it is one of each worker, and of each sender. */
#define QUEEN_TURNSTILE_FEW 4

/** How many may be inside of one machine, whatever number of workers it says that it has. */
#define QUEEN_TURNSTILE_MAX_OF_MACHINE 4

/** How many may be inside whom one sender of heartbeats has sent, whatever machines it names; all
 * in an IPv6 network of 48 bits are one sender. */
#define QUEEN_TURNSTILE_MAX_OF_SENDER 4

/** How long one may be inside while others wait for it: µs. */
#define QUEEN_TURNSTILE_SPAN (G_USEC_PER_SEC)

/** The same when there are many who wait. */
#define QUEEN_TURNSTILE_SHORT_SPAN (QUEEN_TURNSTILE_SPAN / 12)

/**
 * QueenTurnstile:
 *
 * How many connections may be in the making at once. GIO shakes hands for TLS in a thread of
 * GLib's, of which there are ten, and one more now and then: so a worker that takes connections and
 * says nothing would have those wait who connect to others.
 *
 * Time in a thread is what there is too little of. Whoever has sent those who have had much of it
 * lately comes after the others, and never gets all the places; likewise those of whom it is not
 * known yet how long they take. And the more wait, the sooner those make room who take long. All
 * whom an IPv6 network of 48 bits has sent are one to others, and have turns among each other. It
 * belongs to one thread.
 */
typedef struct _QueenTurnstile QueenTurnstile;

/** QueenPassage: somebody who is inside, or waits for it. */
typedef struct _QueenPassage QueenPassage;

/**
 * QueenPassageFuncs:
 * @on_let_in: it need not wait any longer
 * @on_sent_away: it has been inside for long, and others wait: it is to give up, and to return its
 *   passage as soon as it has. Unless @has_had_time it may enter once more
 *
 * Each is called once at the most, by the loop.
 */
typedef struct
{
  void (*on_let_in) (gpointer data);
  void (*on_sent_away) (gboolean has_had_time, gpointer data);
} QueenPassageFuncs;

/**
 * queen_turnstile_new:
 *
 * Lets in those who wait in the thread in which this is called, and its default main context.
 */
QueenTurnstile *queen_turnstile_new (const QueenClock *clock);

/**
 * queen_turnstile_enter:
 * @address: where it connects to. Those of one network of IPv6 (/64) count as one machine, and so
 * do all of loopback
 * @port: likewise
 * @source: (nullable): who has said that somebody is there; %NULL when nobody has who might lie
 * @funcs: static
 *
 * Those who wait for one worker are let in in their order, and workers take turns, as do machines:
 * first those where the last one was not long inside, and whose sender has had little of the
 * threads' time, or none for longest.
 *
 * Returns: (transfer full): for the functions below
 */
QueenPassage *queen_turnstile_enter (QueenTurnstile *self,
                                     GInetAddress *address,
                                     guint16 port,
                                     const QueenSource *source,
                                     const QueenPassageFuncs *funcs,
                                     gpointer data);

/** Returns: whether it need not wait, or no longer has to */
gboolean queen_passage_is_inside (const QueenPassage *pass);

/** @pass: (transfer full): whoever was inside is no longer, and whoever waited does not any more */
void queen_passage_return (QueenPassage *pass);

/** Nobody is inside, and nobody waits. */
void queen_turnstile_free (QueenTurnstile *self);

G_END_DECLS
