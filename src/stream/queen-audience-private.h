/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

/* What the files of an audience share, and nobody else sees: who comes, goes, and takes what it
 * gets (queen-audience.c), and walks along all of them (queen-audience-walks.c). */

#include "loop/queen-alarm.h"
#include "loop/queen-epoll.h"
#include "net/queen-run-queue.h"
#include "queen-audience.h"

G_BEGIN_DECLS

#define QUEEN_AUDIENCE_MAX_VISITED 1024 /* subscribers, until the main loop may turn */
#define QUEEN_AUDIENCE_MAX_TIME (5 * G_TIME_SPAN_MILLISECOND)

/* Along all subscribers. */
typedef enum
{
  QUEEN_WALK_ROUND,    /* who takes nothing, and who has heard nothing for long */
  QUEEN_WALK_FAREWELL, /* who may not stay */
  QUEEN_WALK_CLEARING, /* who holds what is to be freed */
  QUEEN_N_WALKS
} QueenWalkKind;

G_STATIC_ASSERT (QUEEN_N_WALKS <= QUEEN_ROW_MAX_WALKS);
/* Along those of one section. */
#define QUEEN_WALK_FLUSH 0
#define QUEEN_WALK_FRONT 1

struct _QueenAudience
{
  QueenAudienceSettings settings;
  QueenTally *tally;
  gint64 now;                /* µs, monotonic: when the clock was last looked at */
  gboolean has_written_much; /* since then */
  gint64 may_interrupt_at;   /* µs, monotonic: see queen_audience_may_interrupt() */

  QueenEpoll *sockets;
  QueenRunQueue
      *turns; /* of QueenSeatTurn: those who go on with what was too large for one write */
  QueenRow everybody;
  QueenShares *shares;
  QueenFairQueue *claims;    /* of QueenSubscriber, by address */
  QueenFairQueue *displaced; /* likewise: those who make room, and are not told yet */
  QueenAlarm *displaced_alarm;
  QueenSection orphans; /* whose channel has gone, and whose connections are still to be closed */
  QueenAlarm *orphans_alarm;
  QueenAlarm *alarms[QUEEN_N_WALKS]; /* each goes off when the next slice of its walk is due */

  gint64 round;               /* µs from one round to the next */
  QueenDeadlineQueue stalled; /* of QueenSubscriber */
  QueenAlarm *stall_alarm;
  GBytes *keepalive;

  GHashTable *cleared;  /* set of GBytes: what is to be freed, while a walk goes on for that */
  GHashTable *to_clear; /* likewise: what the next walk is for */
};

/** Returns: µs, monotonic: now */
gint64 queen_audience_look_at_clock (QueenAudience *self);

/** queen_audience_drop: for one that takes nothing the kernel shall not keep anything either. */
void queen_audience_drop (QueenAudience *self, QueenSubscriber *subscriber, QueenDrop reason);

/** Returns: whether it takes what it gets, or has nothing to take */
gboolean queen_audience_check_progress (QueenAudience *self, QueenSubscriber *subscriber);

/**
 * queen_audience_deliver:
 *
 * Writes until the subscriber has everything, the kernel takes no more, or others have to wait for
 * too long. Then it goes on in its turn: those addresses come first that have had least.
 *
 * Returns: whether it is still there
 */
gboolean queen_audience_deliver (QueenAudience *self, QueenSubscriber *subscriber);

/** queen_audience_make_walks: makes the alarms of all walks; none has begun. */
void queen_audience_make_walks (QueenAudience *self);

G_END_DECLS
