/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-placement-private.h"

#include "queen-senders.h"
#include "text/queen-hash.h"

#define MAX_OFFERS (1 + QUEEN_VITALS_MAX_MODELS)

/* Models */

QueenPlacementModel *
queen_placement_lookup_model (QueenPlacement *self, const char *id)
{
  return queen_sharded_table_lookup (self->models, id);
}

static QueenPlacementModel *
get_model (QueenPlacement *self, const char *id)
{
  QueenPlacementModel *model = queen_placement_lookup_model (self, id);

  if (model)
    return model;
  model = g_new0 (QueenPlacementModel, 1);
  model->offers = queen_offers_new (id);
  model->offers->owner = model;
  model->line = queen_line_new ();
  model->told_at = G_MININT64 / 2;
  model->n_elsewhere =
      self->index ? queen_job_index_count_open (self->index, id, QUEEN_JOB_QUEUED) : 0;
  queen_sharded_table_insert (self->models, model->offers->model, model);
  return model;
}

void
queen_placement_drop_model (QueenPlacement *self, QueenPlacementModel *model)
{
  if (model->n_users > 0 || queen_offers_get_n (model->offers) > 0 ||
      queen_line_get_length (model->line) > 0)
    return;
  queen_sharded_table_remove (self->models, model->offers->model);
  queen_agenda_leave (&model->wake);
  queen_agenda_leave (&model->move);
  queen_agenda_leave (&model->half);
  queen_line_free (model->line);
  queen_offers_free (model->offers);
  g_free (model);
}

void
queen_placement_use_model (QueenPlacementModel *model)
{
  model->n_users++;
}

void
queen_placement_leave_model (QueenPlacement *self, QueenPlacementModel *model)
{
  model->n_users--;
  queen_placement_drop_model (self, model);
}

static const char *
get_state (guint n_serving, guint n_free)
{
  if (n_free > 0)
    return "free";
  return n_serving > 0 ? "full" : "none";
}

void
queen_placement_note_news (QueenPlacement *self,
                           const QueenPlacementModel *model,
                           const char *sender)
{
  guint n_free = model->offers->counts[QUEEN_VERDICT_FIT];
  guint n_serving = n_free + model->offers->counts[QUEEN_VERDICT_FULL];
  guint n_waiting = queen_line_get_length (model->line);
  const QueenModelStanding standing = {
    get_state (n_serving, n_free),
    { n_serving, n_free, n_waiting + model->n_elsewhere },
    n_serving + n_waiting + model->n_elsewhere == 0,
  };

  if (self->news)
    queen_model_news_note (self->news, model->offers->model, &standing, QUEEN_MODEL_NEWS_PACE,
                           sender);
}

/* What a worker serves */

static guint
add_text (const char **texts, guint n, const char *text)
{
  for (guint i = 0; i < n; i++)
    if (g_str_equal (texts[i], text))
      return n;
  texts[n] = text;
  return n + 1;
}

/* @models: (out): what it serves, without any twice
 *
 * Returns: how many that are */
static guint
list_models (const QueenComponent *worker, const char *models[MAX_OFFERS])
{
  char **more = worker->vitals ? worker->vitals->models : NULL;
  guint n = worker->model_id ? add_text (models, 0, worker->model_id) : 0;

  for (; more && *more; more++)
    n = add_text (models, n, *more);
  return n;
}

static gboolean
offers_just (const QueenCandidate *candidate, const char *const *models, guint n)
{
  if (candidate->n_offers != n)
    return FALSE;
  for (guint i = 0; i < n; i++)
    if (!g_str_equal (candidate->offers[i].offers->model, models[i]))
      return FALSE;
  return TRUE;
}

static gboolean
is_serving (QueenVerdict verdict)
{
  return verdict == QUEEN_VERDICT_FIT || verdict == QUEEN_VERDICT_FULL;
}

static void
note_if_serving (QueenPlacement *self,
                 const QueenCandidate *candidate,
                 const QueenPlacementModel *model)
{
  if (is_serving (candidate->verdict))
    queen_placement_note_news (self, model, candidate->sender);
}

static void
set_models (QueenPlacement *self, QueenCandidate *candidate, const char *const *models, guint n)
{
  QueenOffers *offers[MAX_OFFERS] = { NULL };
  QueenPlacementModel *before[MAX_OFFERS];
  guint n_before = candidate->n_offers;

  for (guint i = 0; i < n_before; i++)
    before[i] = candidate->offers[i].offers->owner;
  for (guint i = 0; i < n; i++)
    offers[i] = get_model (self, models[i])->offers;
  queen_candidate_set_offers (candidate, offers, n);
  for (guint i = 0; i < n; i++)
    {
      note_if_serving (self, candidate, offers[i]->owner);
      queen_placement_wake (self, offers[i]->owner); /* it may be free for them, as it was before */
    }
  for (guint i = 0; i < n_before; i++)
    {
      note_if_serving (self, candidate, before[i]);
      queen_placement_drop_model (self, before[i]);
    }
}

/* What is heard of it */

QueenComponent *
queen_placement_get_worker (QueenPlacement *self, const QueenCandidate *candidate)
{
  return queen_registry_lookup (self->workers, candidate->id);
}

/* A hold counts for who would serve else. */
static QueenVerdict
judge_candidate (const QueenCandidate *candidate)
{
  QueenVerdict verdict = queen_worker_record_judge (&candidate->record);

  if (candidate->record.condition != QUEEN_VERDICT_FIT)
    return verdict;
  if (candidate->heard.holds)
    return QUEEN_VERDICT_HELD;
  return candidate->heard.hive_holds ? QUEEN_VERDICT_HIVE_HELD : verdict;
}

static void
note_verdict (QueenPlacement *self, const QueenCandidate *candidate, QueenVerdict before)
{
  if (candidate->verdict == before || (!is_serving (candidate->verdict) && !is_serving (before)))
    return;
  for (guint i = 0; i < candidate->n_offers; i++)
    queen_placement_note_news (self, candidate->offers[i].offers->owner, candidate->sender);
}

/* Other queens count what is in flight there for this one's clients. */
static void
tell_others (QueenPlacement *self, QueenCandidate *candidate)
{
  guint own = candidate->record.own;
  const char *sender = candidate->sender ? candidate->sender : "";

  if (!self->index || candidate->told == own)
    return;
  candidate->told = own;
  queen_job_index_note_own_load (self->index, candidate->id, queen_faults_identify (sender), own);
}

/* Nobody is woken up when it can take less than before: they would only keep others from going
 * ahead who can be served. */
void
queen_placement_settle (QueenPlacement *self, QueenCandidate *candidate)
{
  QueenVerdict before = candidate->verdict;
  gboolean was_fit = before == QUEEN_VERDICT_FIT, was_of_use = was_fit || candidate->is_sparing;
  guint64 use = candidate->use;
  guint capacity = candidate->capacity, kept = candidate->kept;

  tell_others (self, candidate);
  queen_candidate_settle (candidate, judge_candidate (candidate));
  note_verdict (self, candidate, before);
  if (candidate->verdict == QUEEN_VERDICT_FIT
          ? !was_fit || candidate->use < use || candidate->capacity > capacity ||
                candidate->kept < kept
          : candidate->is_sparing && !was_of_use)
    queen_placement_wake_all (self, candidate);
}

/* It may be forgiven while it rests. */
static void
check_rest (QueenPlacement *self, QueenCandidate *candidate)
{
  if (queen_appointment_is_on (&candidate->again))
    {
      queen_placement_await_again (self, candidate);
      queen_placement_wake_all (self, candidate);
    }
  if (candidate->record.rests_until > 0 || !queen_appointment_is_on (&candidate->rest))
    return;
  queen_agenda_leave (&candidate->rest);
  self->n_resting--;
}

static gboolean
has_heard (const QueenCandidate *candidate, const QueenComponent *worker)
{
  return candidate->heard.heartbeats == worker->heartbeats &&
         candidate->heard.status == worker->status && candidate->heard.holds == worker->holds &&
         candidate->heard.hive_holds == worker->hive_holds;
}

/* It is mostly the same text, so this costs no more than to look that up. */
static void
note_sender (QueenPlacement *self, QueenCandidate *candidate, char *sender)
{
  QueenSupplier *before = candidate->supplier;

  if (sender == candidate->sender)
    return;
  g_clear_pointer (&candidate->sender, g_ref_string_release);
  candidate->sender = sender ? g_ref_string_acquire (sender) : NULL;
  queen_reservations_move (candidate, queen_suppliers_enter (self->suppliers, sender));
  queen_suppliers_release (self->suppliers, before);
}

static void
hear_worker (QueenPlacement *self, QueenCandidate *candidate, const QueenComponent *worker)
{
  const char *models[MAX_OFFERS];
  guint n = list_models (worker, models);
  gboolean is_report = candidate->heard.heartbeats != worker->heartbeats ||
                       candidate->heard.status != worker->status;

  if (has_heard (candidate, worker))
    return;
  note_sender (self, candidate, worker->sender);
  candidate->heard.heartbeats = worker->heartbeats;
  candidate->heard.status = worker->status;
  candidate->heard.holds = worker->holds;
  candidate->heard.hive_holds = worker->hive_holds;
  if (is_report)
    {
      candidate->heard_number = queen_reservations_get_last_number (self->reservations);
      queen_worker_record_hear (&candidate->record, worker, self->clock->get_monotonic ());
      check_rest (self, candidate);
    }
  if (!offers_just (candidate, models, n))
    set_models (self, candidate, models, n);
  queen_placement_settle (self, candidate);
}

gboolean
queen_placement_refresh (QueenPlacement *self, QueenCandidate *candidate)
{
  QueenComponent *worker = queen_placement_get_worker (self, candidate);

  if (worker && has_heard (candidate, worker))
    return TRUE;
  if (worker)
    hear_worker (self, candidate, worker);
  else
    {
      candidate->record.condition = QUEEN_VERDICT_OFFLINE;
      candidate->heard.heartbeats = 0;
      queen_placement_settle (self, candidate);
    }
  return FALSE;
}

/* Returns: (nullable): %NULL for one that serves nothing and never has: that may be all there are
 */
static QueenCandidate *
get_candidate (QueenPlacement *self, const QueenComponent *worker)
{
  const char *id = worker->id, *models[MAX_OFFERS];
  QueenCandidate *candidate = queen_sharded_table_lookup (self->candidates, id);

  if (candidate || list_models (worker, models) == 0)
    return candidate;
  candidate = queen_candidate_new (id, G_MININT64 + self->n_known++);
  if (self->index)
    candidate->record.others = queen_job_index_count (self->index, id);
  queen_sharded_table_insert (self->candidates, candidate->id, candidate);
  return candidate;
}

static void
drop_candidate (QueenPlacement *self, const char *id)
{
  QueenCandidate *candidate = queen_sharded_table_lookup (self->candidates, id);
  QueenSupplier *supplier;

  if (!candidate)
    return;
  queen_reservations_forget (self->reservations, candidate);
  tell_others (self, candidate);
  set_models (self, candidate, NULL, 0);
  if (queen_appointment_is_on (&candidate->rest))
    self->n_resting--;
  queen_sharded_table_remove (self->candidates, id);
  supplier = candidate->supplier;
  queen_candidate_free (candidate);
  queen_suppliers_release (self->suppliers, supplier);
}

static void
on_event_for_placement (QueenPlacement *self, QueenEvent *event)
{
  QueenCandidate *candidate;

  if (event->component->kind != QUEEN_COMPONENT_WORKER)
    return;
  if (event->kind == QUEEN_EVENT_FORGOTTEN)
    {
      drop_candidate (self, event->component->id);
      return;
    }
  candidate = get_candidate (self, event->component);
  if (!candidate)
    return;
  if (event->component->heartbeats >= candidate->heard.heartbeats)
    hear_worker (self, candidate, event->component);
  if (event->kind == QUEEN_EVENT_RESTORED)
    queen_worker_record_set_grown_up (&candidate->record);
}

void
queen_placement_listen (QueenPlacement *self, QueenEventBus *bus)
{
  g_signal_connect_object (bus, "event::change", G_CALLBACK (on_event_for_placement), self,
                           G_CONNECT_SWAPPED | G_CONNECT_AFTER);
}

/* What others have there */

static void
on_load_changed (QueenPlacement *self, const char *id)
{
  QueenCandidate *candidate = queen_sharded_table_lookup (self->candidates, id);

  if (!candidate)
    return;
  candidate->record.others = queen_job_index_count (self->index, id);
  queen_placement_settle (self, candidate);
}

/* Those that wait at other queens are told of with those that wait here. */
static void
on_job_elsewhere (QueenPlacement *self, const QueenJobEntry *entry)
{
  QueenPlacementModel *model =
      entry->model ? queen_placement_lookup_model (self, entry->model) : NULL;
  guint n = model ? queen_job_index_count_open (self->index, entry->model, QUEEN_JOB_QUEUED) : 0;
  g_autofree char *sender = NULL;

  if (!model || model->n_elsewhere == n)
    return;
  model->n_elsewhere = n;
  sender = queen_sender_dup_name_of_queen (entry->owner, entry->party);
  queen_placement_note_news (self, model, sender);
}

void
queen_placement_share (QueenPlacement *self, QueenJobIndex *index)
{
  self->index = g_object_ref (index);
  g_signal_connect_object (index, "changed", G_CALLBACK (on_job_elsewhere), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (index, "load-changed", G_CALLBACK (on_load_changed), self,
                           G_CONNECT_SWAPPED);
}
