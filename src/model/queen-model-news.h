/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "loop/queen-clock.h"
#include "queen-sequencer.h"

G_BEGIN_DECLS

#define QUEEN_MODEL_NEWS_PACE G_USEC_PER_SEC /* µs between two events of one model */
#define QUEEN_MODEL_NEWS_COUNTS 3
#define QUEEN_MODEL_NEWS_RATE 500   /* events a second, of all models together */
#define QUEEN_MODEL_NEWS_BURST 100  /* of them at once, after a silence */
#define QUEEN_MODEL_NEWS_CROWD 1000 /* so many models that wait to be told of are many */

/**
 * QueenModelNews:
 *
 * Tells the world how it stands with models, but not more often than anybody wants to hear it: the
 * first change of one is told in the next turn of the main loop, and what follows together with all
 * that has changed until then. However many models there are, and however often they come and go,
 * there are no more than %QUEEN_MODEL_NEWS_RATE events in a second: what there is no room for
 * waits. Those who change models take turns then, and of each of them those models of which the
 * world has heard with those that are new: whoever changes thousands waits for them alone. A model
 * that several have changed is told of in the turn that comes first; so nobody delays what others
 * do with it either.
 *
 * Nothing is left out of how it stands in the end; but what has come and gone meanwhile, and was
 * never told of, is not told of at all while there are %QUEEN_MODEL_NEWS_CROWD that wait. It knows
 * a model only for as long as there is something to tell, or the world takes it for something that
 * there is.
 */
typedef struct _QueenModelNews QueenModelNews;

/**
 * QueenModelStanding:
 * @state: static: in a word
 * @counts: how many of what
 * @is_over: there is nothing left of it here, and nothing more will be said until there is
 */
typedef struct
{
  const char *state;
  guint64 counts[QUEEN_MODEL_NEWS_COUNTS];
  gboolean is_over;
} QueenModelStanding;

/**
 * queen_model_news_new:
 * @sequencer: to whom events are given; referenced
 * @clock: what they go by
 * @kind: of the events
 * @names: (array fixed-size=3): static: what the counts are called there
 */
QueenModelNews *queen_model_news_new (QueenSequencer *sequencer,
                                      const QueenClock *clock,
                                      QueenEventKind kind,
                                      const char *const *names);

/** What is still to be told is not told any more. */
void queen_model_news_free (QueenModelNews *self);

/**
 * queen_model_news_note:
 * @model: which; "" for what is of none
 * @standing: how it stands with it now
 * @pace: µs that this may wait after the last event of that model, at least %QUEEN_MODEL_NEWS_PACE
 * @sender: (nullable): who has changed that, as #QueenComponent has it, in whose turn it is told;
 *   %NULL or "" for this machine
 *
 * Nothing is told before this returns.
 */
void queen_model_news_note (QueenModelNews *self,
                            const char *model,
                            const QueenModelStanding *standing,
                            gint64 pace,
                            const char *sender);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (QueenModelNews, queen_model_news_free)

G_END_DECLS
