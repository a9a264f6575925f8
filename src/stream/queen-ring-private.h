/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

/* What the files of a ring share, and nobody else sees: what is in it and how it is read
 * (queen-ring.c), and where a reader begins (queen-ring-start.c). */

#include "queen-ring.h"

G_BEGIN_DECLS

/* Each event has a place in the ring. Those with a number for the world have one that only grows
 * here, too; an aside has that of the event before it.
 *
 * From some place on all events are there, and the slot of each is found by its place. From before
 * that the asides are forgotten, and the slots of the others have moved up, behind each other. */

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
  guint64 place;
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
  guint64 oldest;        /* the slot of the oldest event still there */
  guint64 whole_from;    /* the place from which on no aside is forgotten */
  guint64 head;          /* the place of the next event, and its slot */
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

  /* For each kind, how many events are gone, and how many there were before the head. Their
   * difference to a cursor's own count says what it lost, without remembering lost events. */
  guint64 n_gone[QUEEN_RING_N_COUNTS];
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
queen_ring_get_slot (const QueenRing *self, guint64 at)
{
  return &self->slots[at & (self->n_slots - 1)];
}

/* Returns: the place of what is in the slot @at, or of what comes if that is the head */
static inline guint64
queen_ring_get_place (const QueenRing *self, guint64 at)
{
  return at >= self->whole_from ? at : queen_ring_get_slot (self, at)->place;
}

/* Returns: the slot of the first event still there that is at @place or behind it; else the head */
guint64 queen_ring_find_slot (const QueenRing *self, guint64 place);

G_END_DECLS
