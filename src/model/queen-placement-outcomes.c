/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-placement-private.h"

/* Of a model's workers this part is ejected or rests at the most, but one may. */
#define RESTING_PART 10

/* Where all but a few are ejected or rest, that is no fault of theirs; and the last one is better
 * than none. Of how many that is a part is not for others to say, who bring workers that never get
 * anything. */
static gboolean
may_rest (const QueenCandidate *candidate)
{
  for (guint i = 0; i < candidate->n_offers; i++)
    {
      QueenOffers *offers = candidate->offers[i].offers;
      guint n_ejected = offers->counts[QUEEN_VERDICT_EJECTED];
      guint n_serving = offers->counts[QUEEN_VERDICT_FIT] + offers->counts[QUEEN_VERDICT_FULL];

      guint n = n_ejected + queen_offers_count_peers (offers, candidate);

      if (n_ejected + 1 > MAX (n / RESTING_PART, 1) || n_serving <= 1)
        return FALSE;
    }
  return TRUE;
}

static void
note_success (QueenPlacement *self, QueenCandidate *candidate, guint party)
{
  gint64 now = self->clock->get_monotonic ();

  queen_supplier_succeed (candidate->supplier, party, now);
  queen_worker_record_succeed (&candidate->record, party, now);
}

static void
on_again_due (gpointer data, gpointer placement)
{
  QueenPlacement *self = placement;
  QueenCandidate *candidate = data;

  queen_placement_await_again (self, candidate);
  queen_placement_wake_all (self, candidate);
}

void
queen_placement_await_again (QueenPlacement *self, QueenCandidate *candidate)
{
  gint64 time =
      queen_faults_get_next_end (&candidate->record.faults, self->clock->get_monotonic ());

  queen_agenda_leave (&candidate->again);
  if (time < G_MAXINT64)
    queen_agenda_enter (self->agenda, &candidate->again, time, on_again_due, candidate);
}

static void
note_fault (QueenPlacement *self, QueenCandidate *candidate, guint party, gboolean is_refusal)
{
  gint64 now = self->clock->get_monotonic ();
  gboolean rests;

  queen_supplier_fail (candidate->supplier, party, now);
  rests =
      queen_worker_record_fail (&candidate->record, party, is_refusal, may_rest (candidate), now);
  queen_placement_await_again (self, candidate);
  if (!rests)
    return;
  if (!queen_appointment_is_on (&candidate->rest))
    self->n_resting++;
  queen_agenda_leave (&candidate->rest);
  queen_agenda_enter (self->agenda, &candidate->rest, candidate->record.rests_until,
                      queen_placement_end_rest, candidate);
}

void
queen_placement_end_rest (gpointer data, gpointer placement)
{
  QueenPlacement *self = placement;
  QueenCandidate *candidate = data;

  self->n_resting--;
  queen_worker_record_end_rest (&candidate->record, self->clock->get_monotonic ());
  queen_placement_settle (self, candidate);
}

void
queen_placement_note_outcome (QueenPlacement *self,
                              QueenCandidate *candidate,
                              guint party,
                              QueenPlacementOutcome outcome)
{
  switch (outcome)
    {
    case QUEEN_PLACEMENT_DONE:
      note_success (self, candidate, party);
      break;
    case QUEEN_PLACEMENT_ABSENT:
      note_fault (self, candidate, QUEEN_FAULTS_OF_NOBODY, TRUE);
      break;
    case QUEEN_PLACEMENT_REFUSED:
    case QUEEN_PLACEMENT_FAILED:
      note_fault (self, candidate, party, outcome == QUEEN_PLACEMENT_REFUSED);
      break;
    case QUEEN_PLACEMENT_IN_VAIN:
      queen_supplier_disappoint (candidate->supplier, party, self->clock->get_monotonic ());
      break;
    default:
      break;
    }
}
