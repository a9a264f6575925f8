/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-reservations.h"

#include <string.h>

#include "loop/queen-portions.h"
#include "queen-senders.h"
#include "text/queen-hash.h"

#define MAX_LOOKED_AT 256 /* workers, for one that is spare */

struct _QueenReservations
{
  GHashTable *all;         /* id -> Reservation */
  GHashTable *lent;        /* model and submitter, or its network -> how many */
  QueenPortions *portions; /* the same of all models */
  guint64 last_number;
};

static void
free_reservation (QueenReservation *reservation)
{
  g_free (reservation->submitter);
  g_free (reservation->model);
  g_free (reservation);
}

QueenReservations *
queen_reservations_new (guint most_lent)
{
  QueenReservations *self = g_new0 (QueenReservations, 1);

  self->all = g_hash_table_new_full (queen_string_hash, g_str_equal, NULL,
                                     (GDestroyNotify) free_reservation);
  self->lent = g_hash_table_new_full (queen_string_hash, g_str_equal, g_free, NULL);
  self->portions = queen_portions_new (most_lent);
  return self;
}

/* Those that somebody tells of how they end */

static void
open_account (QueenReservation *reservation)
{
  if (!reservation->candidate || reservation->is_open)
    return;
  reservation->account = queen_supplier_open (reservation->candidate->supplier, reservation->party);
  reservation->is_open = TRUE;
}

static void
close_account (QueenReservation *reservation)
{
  if (!reservation->is_open)
    return;
  queen_supplier_close (reservation->candidate->supplier, reservation->account);
  reservation->is_open = FALSE;
}

void
queen_reservations_move (QueenCandidate *candidate, QueenSupplier *supplier)
{
  g_autoptr (GPtrArray) open = g_ptr_array_new ();

  for (GList *link = candidate->placed.head; link; link = link->next)
    if (((QueenReservation *) link->data)->is_open)
      {
        close_account (link->data);
        g_ptr_array_add (open, link->data);
      }
  queen_candidate_set_supplier (candidate, supplier);
  for (guint i = 0; i < open->len; i++)
    open_account (open->pdata[i]);
}

/* Those for whoever may not be there yet */

static void
keep_for_somebody (QueenReservation *reservation, gboolean is_kept)
{
  if (reservation->candidate)
    reservation->candidate->n_kept += (guint) is_kept - (guint) reservation->is_kept;
  reservation->is_kept = is_kept;
}

/* Coming and going */

static void
unspare (QueenReservation *reservation)
{
  QueenCandidate *candidate = reservation->candidate;

  if (!queen_fair_queue_is_waiting (&reservation->spare))
    return;
  queen_fair_queue_take_place (&reservation->spare);
  if (queen_fair_queue_get_length (candidate->spare) == 0)
    g_clear_pointer (&candidate->spare, queen_fair_queue_free);
}

static void
leave_candidate (QueenReservation *reservation)
{
  QueenCandidate *candidate = reservation->candidate;

  if (!candidate)
    return;
  unspare (reservation);
  keep_for_somebody (reservation, FALSE);
  close_account (reservation);
  reservation->candidate = NULL;
  g_queue_unlink (&candidate->placed, &reservation->link);
  candidate->record.own--;
}

void
queen_reservations_forget (QueenReservations *self, QueenCandidate *candidate)
{
  while (candidate->placed.head)
    leave_candidate (candidate->placed.head->data);
}

void
queen_reservations_free (QueenReservations *self)
{
  GHashTableIter iter;
  gpointer reservation;

  g_hash_table_iter_init (&iter, self->all);
  while (g_hash_table_iter_next (&iter, NULL, &reservation))
    {
      queen_agenda_leave (&((QueenReservation *) reservation)->expiry);
      leave_candidate (reservation);
    }
  g_hash_table_unref (self->all);
  g_hash_table_unref (self->lent);
  queen_portions_free (self->portions);
  g_free (self);
}

QueenReservation *
queen_reservations_make (QueenReservations *self,
                         QueenCandidate *candidate,
                         const char *model,
                         const char *submitter)
{
  QueenReservation *reservation = g_new0 (QueenReservation, 1);
  g_autofree char *id = g_uuid_string_random ();

  g_strlcpy (reservation->id, id, sizeof reservation->id);
  reservation->candidate = candidate;
  reservation->submitter = g_strdup (submitter);
  reservation->model = g_strdup (model);
  reservation->number = ++self->last_number;
  reservation->party = queen_faults_identify (submitter);
  reservation->link.data = reservation;
  g_queue_push_tail_link (&candidate->placed, &reservation->link);
  candidate->record.own++;
  open_account (reservation);
  g_hash_table_insert (self->all, reservation->id, reservation);
  return reservation;
}

/* Returns: (transfer full): no model has a line break in it. Submitters that are in one network, as
 * queen_sender_dup_wide_name() has it, have one besides. */
static char *
make_key (const char *model, const char *submitter)
{
  return g_strconcat (model, "\n", submitter, NULL);
}

static void
count_of (QueenReservations *self, const char *model, const char *submitter, int n)
{
  g_autofree char *key = make_key (model, submitter);
  guint n_now = GPOINTER_TO_UINT (g_hash_table_lookup (self->lent, key)) + (guint) n;

  if (n_now > 0)
    g_hash_table_insert (self->lent, g_steal_pointer (&key), GUINT_TO_POINTER (n_now));
  else
    g_hash_table_remove (self->lent, key);
}

static void
count_lent (QueenReservations *self, const QueenReservation *reservation, int n)
{
  g_autofree char *wide = queen_sender_dup_wide_name (reservation->submitter);
  g_autofree char *asker = queen_sender_dup_asker (reservation->submitter);

  count_of (self, reservation->model, reservation->submitter, n);
  if (wide)
    count_of (self, reservation->model, wide, n);
  if (n > 0)
    queen_portions_take (self->portions, asker, 1);
  else
    queen_portions_give_back (self->portions, asker, 1);
}

void
queen_reservations_lend (QueenReservations *self,
                         QueenReservation *reservation,
                         QueenAgenda *agenda,
                         gint64 time,
                         QueenDueFunc on_due)
{
  close_account (reservation);
  keep_for_somebody (reservation, TRUE);
  queen_agenda_enter (agenda, &reservation->expiry, time, on_due, reservation);
  count_lent (self, reservation, 1);
}

/* Those that others may have */

void
queen_reservations_spare (QueenReservation *reservation, QueenAgenda *agenda, QueenDueFunc on_due)
{
  QueenCandidate *candidate = reservation->candidate;
  g_autofree char *asker = queen_sender_dup_asker (reservation->submitter);

  keep_for_somebody (reservation, FALSE);
  if (candidate && !candidate->spare)
    candidate->spare = queen_fair_queue_new (G_MAXUINT);
  if (candidate)
    {
      queen_fair_queue_enter (candidate->spare, &reservation->spare, asker, reservation);
      queen_fair_queue_put_first (&reservation->spare);
      candidate->last_spare = MAX (candidate->last_spare, reservation->number);
    }
  queen_agenda_enter (agenda, &reservation->expiry, reservation->lent_until, on_due, reservation);
}

/* Nobody has anything of it that what is used ends: it would only be there by the worker's word. */
static gboolean
may_end (gpointer data, gpointer submitter)
{
  const QueenReservation *reservation = data;

  return !g_str_equal (reservation->submitter, submitter) &&
         !queen_candidate_uses (reservation->candidate, reservation->number);
}

/* Returns: whether it can take one more when a few have ended: it may have said that it has a
 * million slots, and then that it has one */
static gboolean
may_spare_enough (const QueenCandidate *candidate)
{
  const QueenWorkerRecord *record = &candidate->record;

  return candidate->spare &&
         queen_worker_record_get_use (record) <
             (guint64) queen_worker_record_get_capacity (record) + QUEEN_RESERVATIONS_MOST_ENDED;
}

QueenReservation *
queen_reservations_find_spare (QueenOffers *offers,
                               const QueenChoice *choice,
                               const char *submitter)
{
  QueenReservation *found = NULL;

  for (guint i = MIN (offers->sparing.length, MAX_LOOKED_AT); i > 0 && !found; i--)
    {
      GList *link = g_queue_pop_head_link (&offers->sparing);
      const QueenCandidate *candidate = ((QueenOffer *) link->data)->candidate;

      if (may_spare_enough (candidate) && queen_candidate_may_serve (candidate, choice))
        found = queen_fair_queue_find (candidate->spare, may_end, (gpointer) submitter);
      /* It is the first again until it has ended enough. */
      if (found)
        g_queue_push_head_link (&offers->sparing, link);
      else
        g_queue_push_tail_link (&offers->sparing, link);
    }
  return found;
}

void
queen_reservations_keep (QueenReservations *self, QueenReservation *reservation)
{
  if (!queen_appointment_is_on (&reservation->expiry))
    return;
  queen_agenda_leave (&reservation->expiry);
  unspare (reservation);
  keep_for_somebody (reservation, FALSE);
  open_account (reservation);
  count_lent (self, reservation, -1);
}

QueenReservation *
queen_reservations_lookup (QueenReservations *self, const char *id)
{
  return g_hash_table_lookup (self->all, id);
}

static guint
count_lent_to (const QueenReservations *self, const char *model, const char *submitter)
{
  g_autofree char *key = make_key (model, submitter);

  return GPOINTER_TO_UINT (g_hash_table_lookup (self->lent, key));
}

gboolean
queen_reservations_may_lend_to_network (const QueenReservations *self,
                                        const char *model,
                                        const char *submitter,
                                        guint64 share)
{
  g_autofree char *wide = queen_sender_dup_wide_name (submitter);
  g_autofree char *anybody = wide ? queen_fair_queue_join (wide, "") : NULL;

  return !wide || (count_lent_to (self, model, wide) < share * QUEEN_PORTIONS_GROUP_PART &&
                   queen_portions_may_take (self->portions, anybody, 1));
}

gboolean
queen_reservations_may_lend (const QueenReservations *self,
                             const char *model,
                             const char *submitter,
                             guint64 share)
{
  g_autofree char *asker = queen_sender_dup_asker (submitter);

  return count_lent_to (self, model, submitter) < share &&
         queen_reservations_may_lend_to_network (self, model, submitter, share) &&
         queen_portions_may_take (self->portions, asker, 1);
}

guint
queen_reservations_get_n (const QueenReservations *self)
{
  return g_hash_table_size (self->all);
}

guint64
queen_reservations_get_last_number (const QueenReservations *self)
{
  return self->last_number;
}

void
queen_reservations_end (QueenReservations *self, QueenReservation *reservation, gboolean is_over)
{
  QueenCandidate *candidate = reservation->candidate;

  /* The agenda has let go of one whose time is over by itself, so it is counted by hand. */
  if (is_over && !queen_appointment_is_on (&reservation->expiry))
    count_lent (self, reservation, -1);
  else
    queen_reservations_keep (self, reservation);
  if (is_over && candidate && reservation->number <= candidate->heard_number &&
      candidate->record.own_at_report > 0)
    candidate->record.own_at_report--;
  leave_candidate (reservation);
  g_hash_table_remove (self->all, reservation->id);
}
