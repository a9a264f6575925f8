/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-turns.h"

/* The last minute in spans, so that nothing has to be kept of single turns. */
#define N_SPANS 6
#define SPAN (10 * G_USEC_PER_SEC)

struct _QueenTurns
{
  GMainContext *context;
  const QueenClock *clock;
  GPollFunc poll;          /* what the context waits with by itself */
  gint64 start;            /* µs, monotonic: of this turn; 0 before the first */
  gint64 span;             /* the number of the newest span, counted from the clock's beginning */
  gint64 longest[N_SPANS]; /* µs; a span has the place that is its number modulo N_SPANS */
  guint64 n_long;
  QueenHistogram histogram;
};

static QueenTurns *measured; /* a GPollFunc gets no data */

/* Forgets what is more than a minute ago. */
static void
move_to (QueenTurns *self, gint64 now)
{
  gint64 span = now / SPAN;

  self->span = MAX (self->span, span - N_SPANS);
  while (self->span < span)
    self->longest[++self->span % N_SPANS] = 0;
}

static void
add_turn (QueenTurns *self, gint64 now)
{
  gint64 length = now - self->start;
  gint64 *longest;

  move_to (self, now);
  longest = &self->longest[self->span % N_SPANS];
  *longest = MAX (*longest, length);
  self->n_long += length > QUEEN_LONG_TURN;
  queen_histogram_add (&self->histogram, length, 1);
}

static int
poll_between_turns (GPollFD *fds, guint n_fds, int timeout_msec)
{
  QueenTurns *self = measured;
  int n_ready;

  if (self->start > 0)
    add_turn (self, self->clock->get_monotonic ());
  n_ready = self->poll (fds, n_fds, timeout_msec);
  self->start = self->clock->get_monotonic ();
  return n_ready;
}

QueenTurns *
queen_turns_new (GMainContext *context, const QueenClock *clock)
{
  QueenTurns *self;

  g_return_val_if_fail (measured == NULL, NULL);

  self = g_new0 (QueenTurns, 1);
  self->context = g_main_context_ref (context);
  self->clock = clock;
  self->poll = g_main_context_get_poll_func (context);
  measured = self;
  g_main_context_set_poll_func (context, poll_between_turns);
  return self;
}

gint64
queen_turns_get_longest (QueenTurns *self)
{
  gint64 longest = 0;

  move_to (self, self->clock->get_monotonic ());
  for (int i = 0; i < N_SPANS; i++)
    longest = MAX (longest, self->longest[i]);
  return longest;
}

const QueenHistogram *
queen_turns_get_histogram (QueenTurns *self)
{
  return &self->histogram;
}

guint64
queen_turns_get_n_long (QueenTurns *self)
{
  return self->n_long;
}

void
queen_turns_free (QueenTurns *self)
{
  g_main_context_set_poll_func (self->context, self->poll);
  g_main_context_unref (self->context);
  measured = NULL;
  g_free (self);
}
