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
  g_autofree char *wide = queen_sender_dup_wide_name (submitter);

  return MAX (queen_string_hash (wide ? wide : submitter), QUEEN_FAULTS_OF_NOBODY + 1);
}

static gboolean
is_contradicted (const QueenFaults *self, guint party, gint64 now)
{
  if (party == QUEEN_FAULTS_OF_NOBODY)
    return FALSE;
  for (gsize i = 0; i < G_N_ELEMENTS (self->successes); i++)
    if (self->successes[i].party != QUEEN_FAULTS_OF_NOBODY && self->successes[i].party != party &&
        now - self->successes[i].time < FRESH)
      return TRUE;
  return FALSE;
}

static guint
count_of (const QueenFaults *self, guint party)
{
  guint n = 0;

  for (guint i = 0; i < self->n; i++)
    n += self->parties[i] == party;
  return n;
}

gboolean
queen_faults_has_enough_of (const QueenFaults *self, guint party, gint64 now)
{
  return count_of (self, party) >= MAX_OF_ONE && is_contradicted (self, party, now);
}

guint
queen_faults_fail (QueenFaults *self, guint party, gint64 now)
{
  if (queen_faults_has_enough_of (self, party, now))
    return 0;
  if (self->n < QUEEN_FAULTS_MAX)
    self->parties[self->n++] = party;
  if (count_of (self, party) == self->n && is_contradicted (self, party, now))
    return 0;
  return self->n;
}

void
queen_faults_succeed (QueenFaults *self, guint party, gint64 now)
{
  self->n = 0;
  if (self->successes[0].party != party)
    self->successes[1] = self->successes[0];
  self->successes[0].party = party;
  self->successes[0].time = now;
}
