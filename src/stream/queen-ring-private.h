/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

/* What the files of a ring share, and nobody else sees: what is in it and how it is read
 * (queen-ring.c), and where a reader begins (queen-ring-start.c). */

#include "queen-ring.h"

G_BEGIN_DECLS

/* Each event has a place in the ring. Those with a number for the world have one that only grows
 * here, too; an aside has that of the event before it. */

#define QUEEN_RING_UNKNOWN                                                                         \
  QUEEN_RING_MAX_KINDS /* events that never came here may be of any kind                           \
                        */
#define QUEEN_RING_N_COUNTS (QUEEN_RING_MAX_KINDS + 1)

/* A frame in all ways in which somebody wants it. */
typedef struct
{
  GBytes *chunk;      /* NULL when there is none */
  QueenPacked packed; /* none until somebody wants it */
} QueenRingFrame;

typedef struct
{
  QueenRingFrame frame;
  guint64 number;
  guint kind;
} QueenRingSlot;

typedef struct
{
  guint32 number;
  guint64 next;         /* it stands right before this event */
  QueenRingFrame frame; /* none when it is not more than an id */
  QueenRingFrame mark;  /* its id alone; none until somebody needs it */
} QueenRingPulse;

struct _QueenRing
{
  QueenRingSettings settings; /* but for the epoch */
  char *epoch;
  GString *id; /* of the event that came last; only its number changes */

  QueenRingSlot *slots;
  guint64 n_slots;       /* a power of two */
  guint64 oldest;        /* the place of the oldest event still there */
  guint64 head;          /* the place of the next event */
  guint64 number_before; /* of the last event before the oldest */
  guint64 next_number;   /* of the next event: its place, until there was an aside */
  guint64 shift; /* what these numbers have more than those in ids, as they only grow; may wrap */
  char *former_epoch;   /* of events that may be there still; NULL if there are none */
  guint64 former_shift; /* as it was then */
  guint64 former_last;  /* the number of the last of them, as they only grow */
  guint64 former_head;  /* the place behind it */
  guint64 unknown;      /* whoever is behind this place has lost nobody knows how much */
  guint64
      recalled; /* the place behind what was recalled; whoever is behind `unknown` goes on there */
  guint64 kept_from;
  gsize n_bytes;
  gsize n_beside; /* bytes of what readers take beside the events */
  QueenRingPulse pulse;
  guint64 version;

  /* For each kind, how many events there were before the oldest and before the head. Their
   * difference to a cursor's own count says what it lost, without remembering lost events. */
  guint64 n_before_oldest[QUEEN_RING_N_COUNTS];
  guint64 n_before_head[QUEEN_RING_N_COUNTS];
};

static inline guint64
queen_ring_count_kinds (const guint64 counts[QUEEN_RING_N_COUNTS], guint kinds)
{
  guint64 sum = counts[QUEEN_RING_UNKNOWN];

  for (guint i = 0; i < QUEEN_RING_MAX_KINDS; i++)
    if (kinds & (1u << i))
      sum += counts[i];
  return sum;
}

static inline QueenRingSlot *
queen_ring_get_slot (const QueenRing *self, guint64 place)
{
  return &self->slots[place & (self->n_slots - 1)];
}

G_END_DECLS
