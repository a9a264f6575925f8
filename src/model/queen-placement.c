/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "loop/queen-slice.h"
#include "queen-error.h"
#include "queen-placement-private.h"
#include "text/queen-hash.h"
#include "text/queen-legible.h"

#define LENT_PART 4 /* one submitter has no more than this part of a model's slots reserved */
#define LOOK (50 * G_TIME_SPAN_MILLISECOND) /* for those who wait to be looked at once */
#define HALF_IS_LEFT (30 * G_USEC_PER_SEC)
#define MAX_NAMED 5   /* models in an error */
#define MAX_QUOTED 64 /* characters of the one that is not there */

G_DEFINE_FINAL_TYPE (QueenPlacement, queen_placement, G_TYPE_OBJECT)

/* Placing */

gboolean
queen_placement_is_lent (const QueenPlacementRequest *request)
{
  return request->reserve > 0 && request->reserve != QUEEN_PLACEMENT_UNTIL_END;
}

/* Slots that a worker says are taken, and not by queens, are nobody's to have. */
static guint64
get_share (const QueenPlacementModel *model)
{
  return MAX (model->offers->room / LENT_PART, 1);
}

gboolean
queen_placement_lacks_share_of_network (QueenPlacement *self,
                                        const QueenPlacementModel *model,
                                        const QueenPlacementRequest *request)
{
  return queen_placement_is_lent (request) &&
         !queen_reservations_may_lend_to_network (self->reservations, model->offers->model,
                                                  request->submitter, get_share (model));
}

gboolean
queen_placement_has_any (const QueenPlacementModel *model)
{
  return model->offers->counts[QUEEN_VERDICT_FIT] > 0 || model->offers->sparing.length > 0;
}

gboolean
queen_placement_lacks_share (QueenPlacement *self,
                             const QueenPlacementModel *model,
                             const QueenPlacementRequest *request)
{
  if (!queen_placement_is_lent (request) || !queen_placement_has_any (model))
    return FALSE;
  return !queen_reservations_may_lend (self->reservations, model->offers->model, request->submitter,
                                       get_share (model));
}

static gboolean
serves (const QueenCandidate *candidate, const QueenPlacementModel *model)
{
  for (guint i = 0; i < candidate->n_offers; i++)
    if (candidate->offers[i].offers == model->offers)
      return TRUE;
  return FALSE;
}

/* Returns: (nullable): the one that was wished for, if it can take it */
static QueenCandidate *
find_wished (QueenPlacement *self,
             const QueenPlacementModel *model,
             const QueenPlacementRequest *request,
             const QueenChoice *choice)
{
  QueenCandidate *candidate =
      request->wish ? queen_sharded_table_lookup (self->candidates, request->wish) : NULL;

  if (!candidate || queen_offers_excludes (request->excluded, candidate->id) ||
      queen_faults_get_rest (&candidate->record.faults, choice->party, choice->now) > 0)
    return NULL;
  queen_placement_refresh (self, candidate);
  return candidate->verdict == QUEEN_VERDICT_FIT && serves (candidate, model) ? candidate : NULL;
}

/* Of several queens' a thousand may be on their way, and each of these may serve many models. */
static QueenCandidate *
choose_candidate (QueenPlacement *self,
                  QueenPlacementModel *model,
                  QueenChoice *choice,
                  QueenPlacementResult *result)
{
  QueenCandidate *candidate = find_wished (self, model, result->request, choice);
  QueenSlice slice;

  result->reason = QUEEN_PLACEMENT_WISHED;
  choice->is_last = FALSE;
  queen_slice_begin (&slice, self->clock);
  while (!candidate && !result->is_cut_short)
    {
      candidate = queen_offers_choose (model->offers, choice);
      result->reason =
          choice->is_by_affinity ? QUEEN_PLACEMENT_AFFINITY : QUEEN_PLACEMENT_LEAST_LOADED;
      if (!candidate || queen_placement_refresh (self, candidate))
        break;
      /* Something has happened to it that the bus has not told of yet. */
      if (candidate->verdict != QUEEN_VERDICT_FIT || !serves (candidate, model))
        candidate = NULL;
      result->is_cut_short = !candidate && queen_slice_is_over (&slice, QUEEN_SLICE_LARGE);
    }
  return candidate;
}

/* Where the ring is entered by chance it need not be one that nobody can guess, only another one
 * each time. */
static guint64
make_chance (const QueenPlacement *self)
{
  return (guint64) (self->n_given + 1) * G_GUINT64_CONSTANT (0x9e3779b97f4a7c15);
}

/* By now whoever has it is there, so if it is used, the worker says so. Nobody else may wait for
 * it, whatever that worker is wanted for. */
static void
on_usual_reserve_due (gpointer data, gpointer placement)
{
  QueenPlacement *self = placement;
  QueenReservation *reservation = data;
  QueenCandidate *candidate = reservation->candidate;

  queen_reservations_spare (reservation, self->agenda, queen_placement_expire);
  if (!candidate)
    return;
  queen_placement_settle (self, candidate);
  queen_placement_wake_all (self, candidate);
}

static void
lend (QueenPlacement *self, QueenReservation *reservation, gint64 reserve)
{
  gint64 now = self->clock->get_monotonic ();

  reservation->lent_until = now + reserve;
  queen_reservations_lend (self->reservations, reservation, self->agenda,
                           now + MIN (reserve, QUEEN_PLACEMENT_USUAL_RESERVE),
                           reserve > QUEEN_PLACEMENT_USUAL_RESERVE ? on_usual_reserve_due
                                                                   : queen_placement_expire);
}

static void
give_out (QueenPlacement *self, QueenCandidate *candidate, QueenPlacementResult *result)
{
  const QueenPlacementRequest *request = result->request;
  QueenReservation *reservation = NULL;

  candidate->turn = ++self->n_given;
  if (request->reserve > 0)
    reservation =
        queen_reservations_make (self->reservations, candidate, request->model, request->submitter);
  if (queen_placement_is_lent (request))
    lend (self, reservation, request->reserve);
  queen_placement_settle (self, candidate);
  result->worker = queen_placement_get_worker (self, candidate);
  result->reservation = reservation ? reservation->id : NULL;
}

guint64
queen_placement_hash_affinity (const QueenPlacementModel *model,
                               const QueenPlacementRequest *request)
{
  return request->affinity ? queen_offers_hash_affinity (model->offers, request->affinity) : 0;
}

/* Returns: (nullable): who has brought the one that was tried last */
static const QueenSupplier *
find_tried (QueenPlacement *self, const QueenPlacementRequest *request)
{
  const QueenCandidate *candidate = NULL;

  for (const char *const *id = request->excluded; id && *id; id++)
    candidate = queen_sharded_table_lookup (self->candidates, *id);
  return candidate ? candidate->supplier : NULL;
}

static void
end_reservation (QueenPlacement *self, QueenReservation *reservation, gboolean is_over)
{
  QueenCandidate *candidate = reservation->candidate;
  QueenPlacementModel *model = queen_placement_lookup_model (self, reservation->model);

  queen_reservations_end (self->reservations, reservation, is_over);
  if (candidate)
    queen_placement_settle (self, candidate);
  /* Its submitter may have another one now. */
  if (model && queen_placement_has_any (model))
    queen_placement_wake (self, model);
}

/* Returns: whether a worker can take one more now */
static gboolean
end_spare (QueenPlacement *self,
           QueenOffers *offers,
           const QueenChoice *choice,
           const QueenPlacementRequest *request)
{
  QueenReservation *spare;

  for (guint i = 0; i < QUEEN_RESERVATIONS_MOST_ENDED &&
                    (spare = queen_reservations_find_spare (offers, choice, request->submitter));
       i++)
    {
      const QueenCandidate *candidate = spare->candidate;

      end_reservation (self, spare, TRUE);
      if (candidate->verdict == QUEEN_VERDICT_FIT)
        return TRUE;
    }
  return FALSE;
}

/* Returns: whether its submitter would keep a place, and leaves half of some workers' slots now */
static gboolean
leaves_half (const QueenPlacementModel *model, const QueenPlacementRequest *request)
{
  return queen_placement_is_lent (request) && queen_appointment_is_on (&model->half);
}

QueenPlacementReason
queen_placement_explain_none (const QueenPlacementModel *model,
                              const QueenPlacementRequest *request)
{
  return leaves_half (model, request) && model->offers->counts[QUEEN_VERDICT_FIT] > 0
             ? QUEEN_PLACEMENT_OTHERS_FIRST
             : QUEEN_PLACEMENT_NONE_FIT;
}

/* A thousand who would keep places may stand in line before the jobs that half is left for. */
static void
note_lent_in_vain (QueenPlacementModel *model,
                   const QueenChoice *choice,
                   const QueenPlacementResult *result)
{
  if (result->reason == QUEEN_PLACEMENT_OTHERS_FIRST && !choice->has_rests && !choice->excluded &&
      !result->request->wish && model->offers->sparing.length == 0 &&
      model->offers->counts[QUEEN_VERDICT_FIT] <= QUEEN_OFFERS_MAX_LOOKED_AT)
    model->half_is_gone = TRUE;
}

static void
on_half_over (gpointer model, gpointer placement)
{
  queen_placement_wake (placement, model);
}

/* Many who keep places keep all of them, each no more than it may, whether they use them or not. So
 * as soon as a job has had to wait for that, or to go to who comes last, they leave half of such a
 * worker's slots for a while. */
static void
note_waiting_job (QueenPlacement *self, QueenPlacementModel *model, const QueenChoice *choice)
{
  gint64 until = choice->now + HALF_IS_LEFT;

  if (!queen_offers_leave_half (model->offers, until))
    return;
  queen_agenda_leave (&model->half);
  queen_agenda_enter (self->agenda, &model->half, until, on_half_over, model);
  model->half_is_gone = FALSE; /* where it was left before, it may be no longer */
}

gboolean
queen_placement_place (QueenPlacement *self,
                       QueenPlacementModel *model,
                       gboolean has_affinity,
                       guint64 affinity,
                       QueenPlacementResult *result)
{
  QueenChoice choice = { .where = has_affinity ? affinity : make_chance (self),
                         .has_affinity = has_affinity,
                         .leaves_half = leaves_half (model, result->request),
                         .excluded = result->request->excluded,
                         .avoided = find_tried (self, result->request),
                         .party = queen_faults_identify (result->request->submitter),
                         .now = self->clock->get_monotonic () };
  QueenCandidate *candidate;

  if (queen_placement_lacks_share (self, model, result->request))
    {
      result->reason = QUEEN_PLACEMENT_SHARE;
      return FALSE;
    }
  if (choice.leaves_half && model->half_is_gone)
    {
      result->reason = QUEEN_PLACEMENT_OTHERS_FIRST;
      return FALSE;
    }
  candidate = choose_candidate (self, model, &choice, result);
  /* Who takes no place takes nobody's. */
  if ((!candidate || choice.is_last) && !result->is_cut_short && result->request->reserve > 0 &&
      end_spare (self, model->offers, &choice, result->request))
    candidate = choose_candidate (self, model, &choice, result);
  if (candidate)
    give_out (self, candidate, result);
  else
    result->reason = queen_placement_explain_none (model, result->request);
  if (!candidate && !result->is_cut_short)
    note_lent_in_vain (model, &choice, result);
  if ((!candidate || choice.is_last) && !result->is_cut_short &&
      result->request->reserve == QUEEN_PLACEMENT_UNTIL_END)
    note_waiting_job (self, model, &choice);
  result->party = choice.party;
  result->has_rests = choice.has_rests;
  return candidate != NULL;
}

void
queen_placement_conclude (QueenPlacement *self,
                          QueenPlacementResult *result,
                          const QueenPlacementFuncs *funcs,
                          gpointer data)
{
  QueenComponent *worker = result->worker ? queen_component_ref (result->worker) : NULL;

  self->figures.outcomes[result->reason]++;
  funcs->on_placed (result, data);
  g_clear_pointer (&worker, queen_component_unref);
}

/* Requests */

/* Returns: (nullable): the one that the request names, if it is good for it still */
static QueenReservation *
find_reservation (QueenPlacement *self, const QueenPlacementRequest *request)
{
  QueenReservation *reservation =
      request->reservation ? queen_reservations_lookup (self->reservations, request->reservation)
                           : NULL;
  gboolean is_theirs = reservation && queen_appointment_is_on (&reservation->expiry) &&
                       g_str_equal (reservation->submitter, request->submitter) &&
                       g_str_equal (reservation->model, request->model);

  return is_theirs && reservation->candidate ? reservation : NULL;
}

static gboolean
use_reservation (QueenPlacement *self, QueenPlacementResult *result)
{
  const QueenPlacementRequest *request = result->request;
  QueenReservation *reservation = find_reservation (self, request);
  QueenCandidate *candidate;

  if (!reservation)
    return FALSE;
  candidate = reservation->candidate;
  queen_placement_refresh (self, candidate);
  if (candidate->record.condition != QUEEN_VERDICT_FIT ||
      queen_offers_excludes (request->excluded, candidate->id))
    {
      end_reservation (self, reservation, FALSE);
      return FALSE;
    }
  queen_reservations_keep (self->reservations, reservation);
  if (queen_placement_is_lent (request))
    lend (self, reservation, request->reserve);
  queen_placement_settle (self, candidate); /* what was spare there is no longer */
  result->reason = QUEEN_PLACEMENT_RESERVED;
  result->worker = queen_placement_get_worker (self, candidate);
  result->reservation = reservation->id;
  return TRUE;
}

static void
set_unknown (QueenPlacement *self, const char *model, GError **error)
{
  g_autofree char *legible = queen_legible_dup (model, MAX_QUOTED);
  g_autoptr (GString) names = g_string_new (NULL);
  guint n = queen_sharded_table_get_size (self->models), n_named = 0;
  QueenShardedTableIter iter;
  gpointer id;

  queen_sharded_table_iter_init (&iter, self->models);
  for (; n_named < MAX_NAMED && queen_sharded_table_iter_next (&iter, &id, NULL); n_named++)
    g_string_append_printf (names, "%s“%s”", n_named > 0 ? ", " : "", (const char *) id);
  if (n > n_named)
    g_string_append_printf (names, " and %u more", n - n_named);
  g_set_error (error, QUEEN_ERROR, QUEEN_ERROR_NOT_FOUND, "no worker has the model “%s”; %s%s",
               legible, n > 0 ? "there are: " : "there is none", names->str);
}

QueenPlacementWait *
queen_placement_request (QueenPlacement *self,
                         const QueenPlacementRequest *request,
                         const QueenPlacementFuncs *funcs,
                         gpointer data,
                         GError **error)
{
  QueenPlacementModel *model = queen_placement_lookup_model (self, request->model);
  QueenPlacementResult result = { .placement = self, .request = request };
  QueenPlacementWait *wait = NULL;
  gboolean is_looked_at = TRUE;
  gint64 patience;

  if (!model)
    {
      set_unknown (self, request->model, error);
      return NULL;
    }
  queen_placement_use_model (model);
  result.reason = QUEEN_PLACEMENT_OTHERS_FIRST;
  if (!use_reservation (self, &result))
    {
      is_looked_at = queen_placement_may_go_ahead (model);
      if (is_looked_at)
        queen_placement_place (self, model, request->affinity != NULL,
                               queen_placement_hash_affinity (model, request), &result);
      is_looked_at &= !result.is_cut_short;
    }
  /* Else who waits in vain would keep it from others. */
  patience = is_looked_at ? request->patience : MAX (request->patience, LOOK);
  if (!result.worker && patience > 0 && !self->is_stopping)
    wait = queen_placement_wait_new (self, model, request, patience, funcs, data, error);
  else
    queen_placement_conclude (self, &result, funcs, data);
  if (result.is_cut_short)
    queen_placement_wake (self, model);
  queen_placement_leave_model (self, model);
  return wait;
}

QueenComponent *
queen_placement_find (QueenPlacement *self, const char *model_id, GError **error)
{
  const QueenPlacementRequest request = { .model = model_id, .submitter = "" };
  QueenPlacementResult result = { .placement = self, .request = &request };
  QueenPlacementModel *model = queen_placement_lookup_model (self, model_id);
  g_autofree char *message = NULL;

  if (!model)
    {
      set_unknown (self, model_id, error);
      return NULL;
    }
  queen_placement_use_model (model);
  queen_placement_place (self, model, FALSE, 0, &result);
  queen_placement_leave_model (self, model);
  self->figures.outcomes[result.reason]++;
  if (result.worker)
    return result.worker;
  message = queen_placement_result_dup_message (&result);
  g_set_error_literal (error, QUEEN_ERROR, QUEEN_ERROR_NOT_FOUND, message);
  return NULL;
}

/* Ends */

void
queen_placement_expire (gpointer data, gpointer placement)
{
  end_reservation (placement, data, TRUE);
}

gboolean
queen_placement_end (QueenPlacement *self, const char *id, QueenPlacementOutcome outcome)
{
  QueenReservation *reservation = queen_reservations_lookup (self->reservations, id);
  QueenCandidate *candidate = reservation ? reservation->candidate : NULL;

  if (!reservation)
    return FALSE;
  if (candidate)
    queen_placement_note_outcome (self, candidate, reservation->party, outcome);
  end_reservation (self, reservation, FALSE);
  return TRUE;
}

gboolean
queen_placement_release (QueenPlacement *self,
                         const char *id,
                         const char *submitter,
                         GError **error)
{
  QueenReservation *reservation = queen_reservations_lookup (self->reservations, id);

  if (!reservation || !queen_appointment_is_on (&reservation->expiry) ||
      !g_str_equal (reservation->submitter, submitter))
    {
      g_set_error (error, QUEEN_ERROR, QUEEN_ERROR_NOT_FOUND,
                   "there is no reservation “%s”; it may have ended by itself", id);
      return FALSE;
    }
  end_reservation (self, reservation, FALSE);
  return TRUE;
}

/* The class */

static void
clear_model (QueenPlacement *self, QueenPlacementModel *model)
{
  g_autoptr (GPtrArray) waits = queen_line_list (model->line);

  for (guint i = 0; i < waits->len; i++)
    queen_placement_wait_cancel (waits->pdata[i]);
}

static void
free_candidate (QueenPlacement *self, QueenCandidate *candidate)
{
  QueenSupplier *supplier = candidate->supplier;

  queen_reservations_forget (self->reservations, candidate);
  queen_candidate_free (candidate);
  queen_suppliers_release (self->suppliers, supplier);
}

static void
queen_placement_finalize (GObject *object)
{
  QueenPlacement *self = QUEEN_PLACEMENT (object);
  QueenShardedTableIter iter;
  gpointer value;
  g_autoptr (GPtrArray) models = queen_sharded_table_list_values (self->models);

  g_clear_pointer (&self->news, queen_model_news_free);
  for (guint i = 0; i < models->len; i++)
    if (queen_line_get_length (((QueenPlacementModel *) models->pdata[i])->line) > 0)
      clear_model (self, models->pdata[i]);
  queen_sharded_table_iter_init (&iter, self->candidates);
  while (queen_sharded_table_iter_next (&iter, NULL, &value))
    free_candidate (self, value);
  queen_sharded_table_free (self->candidates);
  g_clear_pointer (&models, g_ptr_array_unref);
  models = queen_sharded_table_list_values (self->models);
  for (guint i = 0; i < models->len; i++)
    queen_placement_drop_model (self, models->pdata[i]);
  queen_sharded_table_free (self->models);
  queen_suppliers_free (self->suppliers);
  queen_fair_queue_free (self->everybody);
  queen_reservations_free (self->reservations);
  queen_agenda_free (self->agenda);
  g_clear_object (&self->index);
  g_object_unref (self->workers);

  G_OBJECT_CLASS (queen_placement_parent_class)->finalize (object);
}

static void
queen_placement_class_init (QueenPlacementClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = queen_placement_finalize;
}

static void
queen_placement_init (QueenPlacement *self)
{
  self->models = queen_sharded_table_new (queen_string_hash, g_str_equal, NULL, NULL);
  self->candidates = queen_sharded_table_new (queen_string_hash, g_str_equal, NULL, NULL);
  self->suppliers = queen_suppliers_new ();
  self->reservations = queen_reservations_new (QUEEN_PLACEMENT_MAX_RESERVATIONS);
  self->everybody = queen_fair_queue_new (QUEEN_PLACEMENT_MAX_ALL_WAITING);
}

QueenPlacement *
queen_placement_new (QueenEventBus *bus, QueenRegistry *workers, const QueenClock *clock)
{
  QueenPlacement *self = g_object_new (QUEEN_TYPE_PLACEMENT, NULL);

  self->workers = g_object_ref (workers);
  self->clock = clock;
  self->agenda = queen_agenda_new (clock, "placement", self);
  queen_placement_listen (self, bus);
  return self;
}

void
queen_placement_tell (QueenPlacement *self, QueenSequencer *sequencer)
{
  static const char *const names[QUEEN_MODEL_NEWS_COUNTS] = { "workers", "free", "waiting" };

  self->news = queen_model_news_new (sequencer, self->clock, QUEEN_EVENT_PLACEMENT, names);
}

void
queen_placement_get_figures (QueenPlacement *self, QueenPlacementFigures *figures)
{
  *figures = self->figures;
  figures->n_waiting = queen_fair_queue_get_length (self->everybody);
  figures->n_reservations = queen_reservations_get_n (self->reservations);
  figures->n_ejected = self->n_resting;
}

guint
queen_placement_get_in_flight (QueenPlacement *self, const char *id)
{
  QueenCandidate *candidate = queen_sharded_table_lookup (self->candidates, id);

  return candidate ? candidate->record.own : 0;
}
