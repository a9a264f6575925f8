/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-faults.h"

#include "queen-senders.h"
#include "text/queen-hash.h"

#define MAX_OF_ONE 3 /* of one party that is contradicted: so it takes another one */
#define FRESH (30 * G_USEC_PER_SEC)

guint
queen_faults_identify (const char *submitter)
{
  g_autofree char *party = queen_sender_dup_party (submitter);

  return MAX (queen_string_hash (party), QUEEN_FAULTS_OF_NOBODY + 1);
}

/* Successes */

/* @is_witness: whether it must not have failed for them since */
static gboolean
has_success (const QueenFaults *self, guint party, gboolean is_witness, gint64 now)
{
  if (party == QUEEN_FAULTS_OF_NOBODY)
    return FALSE;
  for (gsize i = 0; i < G_N_ELEMENTS (self->successes); i++)
    {
      const QueenFaultsSuccess *success = &self->successes[i];

      if (success->party != QUEEN_FAULTS_OF_NOBODY && success->party != party &&
          now - success->time < FRESH && !(is_witness && success->is_over))
        return TRUE;
    }
  return FALSE;
}

static gboolean
is_contradicted (const QueenFaults *self, guint party, gint64 now)
{
  return has_success (self, party, FALSE, now);
}

/* Returns: that of @party, or the one that is to make room for it */
static QueenFaultsSuccess *
find_success (QueenFaults *self, guint party)
{
  QueenFaultsSuccess *oldest = &self->successes[0];

  for (gsize i = 0; i < G_N_ELEMENTS (self->successes); i++)
    {
      if (self->successes[i].party == party)
        return &self->successes[i];
      if (self->successes[i].time < oldest->time)
        oldest = &self->successes[i];
    }
  return oldest;
}

void
queen_faults_succeed (QueenFaults *self, guint party, gint64 now)
{
  self->n = 0;
  *find_success (self, party) = (QueenFaultsSuccess){ party, FALSE, now };
}

/* Faults */

/* @age: 1 for the newest */
static const QueenFault *
get_fault (const QueenFaults *self, guint age)
{
  return &self->faults[(self->next + QUEEN_FAULTS_MAX - age) % QUEEN_FAULTS_MAX];
}

guint
queen_faults_count_of (const QueenFaults *self, guint party)
{
  guint n = 0;

  for (guint age = 1; age <= self->n; age++)
    n += get_fault (self, age)->party == party;
  return n;
}

gboolean
queen_faults_has_enough_of (const QueenFaults *self, guint party, gint64 now)
{
  return queen_faults_count_of (self, party) >= MAX_OF_ONE && is_contradicted (self, party, now);
}

guint
queen_faults_fail (QueenFaults *self, guint party, gint64 now)
{
  QueenFaultsSuccess *success = find_success (self, party);

  if (success->party == party)
    success->is_over = TRUE;
  if (queen_faults_has_enough_of (self, party, now))
    return 0;
  self->faults[self->next] = (QueenFault){ party, 0 };
  self->next = (self->next + 1) % QUEEN_FAULTS_MAX;
  self->n = MIN (self->n + 1, QUEEN_FAULTS_MAX);
  if (has_success (self, party, TRUE, now))
    return 0;
  if (queen_faults_count_of (self, party) == self->n && is_contradicted (self, party, now))
    return 0;
  return self->n;
}

/* Rests */

void
queen_faults_rest (QueenFaults *self, guint party, gint64 until)
{
  for (guint age = 1; age <= QUEEN_FAULTS_MAX && party != QUEEN_FAULTS_OF_NOBODY; age++)
    {
      QueenFault *fault = (QueenFault *) get_fault (self, age);

      if (fault->party != party)
        continue;
      fault->rests_until = until;
      return;
    }
}

gint64
queen_faults_get_rest (const QueenFaults *self, guint party, gint64 now)
{
  gint64 until = 0;

  for (gsize i = 0; i < G_N_ELEMENTS (self->faults); i++)
    if (self->faults[i].party == party && self->faults[i].rests_until > now)
      until = MAX (until, self->faults[i].rests_until);
  return until;
}

gint64
queen_faults_get_next_end (const QueenFaults *self, gint64 now)
{
  gint64 next = G_MAXINT64;

  for (gsize i = 0; i < G_N_ELEMENTS (self->faults); i++)
    if (self->faults[i].rests_until > now)
      next = MIN (next, self->faults[i].rests_until);
  return next;
}

void
queen_faults_end_rests (QueenFaults *self)
{
  for (gsize i = 0; i < G_N_ELEMENTS (self->faults); i++)
    self->faults[i].rests_until = 0;
}
