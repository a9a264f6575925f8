/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-placement-private.h"

#include <string.h>

#include "loop/queen-slice.h"
#include "queen-error.h"
#include "queen-heartbeat.h"
#include "queen-senders.h"
#include "text/queen-text.h"

#define MAX_SERVED 16                      /* of one line before others have their turn */
#define MOVE_INTERVAL (G_USEC_PER_SEC / 4) /* between two times that they hear of their places */
#define PACE_MEMORY 8                      /* of so many the pace is a mean */
#define LENT_PREFIX "lent:"

static guint
count_waiting (const QueenPlacementModel *model)
{
  return queen_line_get_length (model->line);
}

/* A line */

gboolean
queen_placement_may_go_ahead (const QueenPlacementModel *model)
{
  return count_waiting (model) == 0 || !queen_appointment_is_on (&model->wake);
}

static void
note_pace (QueenPlacementModel *model, gint64 now)
{
  gint64 span = now - model->taken_at;

  model->pace = model->pace > 0 ? (model->pace * (PACE_MEMORY - 1) + span) / PACE_MEMORY : span;
  model->taken_at = now;
}

static gboolean
wants_places (const QueenPlacementWait *wait)
{
  return wait->funcs->on_moved && wait->place.asker;
}

static void
tell_place (QueenPlacementWait *wait, guint position)
{
  gint64 pace = wait->model->pace;

  if (wait->told_position == position)
    return;
  wait->told_position = position;
  wait->funcs->on_moved (position, pace > 0 ? pace * position : -1, wait->data);
}

static void
on_move_due (gpointer data, gpointer placement)
{
  QueenPlacementModel *model = data;
  QueenPlacement *self = placement;
  g_autoptr (GPtrArray) waits = queen_line_list (model->line);

  model->told_at = self->clock->get_monotonic ();
  for (guint i = 0; i < waits->len; i++)
    if (wants_places (waits->pdata[i]))
      tell_place (waits->pdata[i], i + 1);
}

/* Places change with each that is served: they are told of now and then. */
static void
move_line (QueenPlacement *self, QueenPlacementModel *model)
{
  gint64 now = self->clock->get_monotonic ();

  if (count_waiting (model) > 0 && !queen_appointment_is_on (&model->move))
    queen_agenda_enter (self->agenda, &model->move, MAX (now, model->told_at + MOVE_INTERVAL),
                        on_move_due, model);
}

/* Those who wait */

static void
clear_request (QueenPlacementRequest *request)
{
  g_free ((char *) request->model);
  g_free ((char *) request->wish);
  g_free ((char *) request->submitter);
  g_strfreev ((char **) request->excluded);
}

/* Strangers wish, and what is longer than any worker's id is nobody. */
static char *
dup_wish (const char *wish)
{
  return wish && strlen (wish) <= QUEEN_HEARTBEAT_MAX_ID ? g_strdup (wish) : NULL;
}

static void
copy_request (QueenPlacementRequest *copy, const QueenPlacementRequest *request)
{
  *copy = (QueenPlacementRequest){
    .model = g_strdup (request->model),
    .wish = dup_wish (request->wish),
    .submitter = g_strdup (request->submitter),
    .excluded = (const char *const *) g_strdupv ((char **) request->excluded),
    .patience = request->patience,
    .reserve = request->reserve,
  };
}

static gsize
count_bytes (const QueenPlacementWait *wait)
{
  const QueenPlacementRequest *request = &wait->request;
  gsize n_bytes = sizeof *wait + queen_text_measure (request->model) +
                  queen_text_measure (request->wish) + queen_text_measure (request->submitter);

  for (guint i = 0; request->excluded && request->excluded[i]; i++)
    n_bytes += sizeof (char *) + queen_text_measure (request->excluded[i]);
  return n_bytes;
}

static void
free_wait (QueenPlacementWait *wait)
{
  wait->placement->figures.n_waiting_bytes -= wait->n_bytes;
  clear_request (&wait->request);
  g_free (wait);
}

static void
leave_line (QueenPlacementWait *wait)
{
  QueenPlacement *self = wait->placement;

  queen_agenda_leave (&wait->deadline);
  if (!wait->place.asker)
    return;
  queen_line_leave (&wait->place);
  queen_fair_queue_leave (&wait->place_of_all);
  queen_placement_note_news (self, wait->model, wait->request.submitter);
  move_line (self, wait->model);
}

static void
finish_wait (QueenPlacementWait *wait, QueenPlacementResult *result)
{
  QueenPlacement *self = wait->placement;
  QueenPlacementModel *model = wait->model;

  result->waited = self->clock->get_monotonic () - wait->begun;
  if (result->worker)
    queen_histogram_add (&self->figures.waited, result->waited / QUEEN_PLACEMENT_WAITED_UNIT, 1);
  if (model)
    queen_placement_use_model (model);
  queen_placement_conclude (self, result, wait->funcs, wait->data);
  free_wait (wait);
  if (model)
    queen_placement_leave_model (self, model);
}

static QueenPlacementReason
find_reason (const QueenPlacementWait *wait)
{
  if (wait->is_displaced)
    return QUEEN_PLACEMENT_DISPLACED;
  return queen_placement_lacks_share (wait->placement, wait->model, &wait->request)
             ? QUEEN_PLACEMENT_SHARE
             : queen_placement_explain_none (wait->model, &wait->request);
}

static void
on_patience_over (gpointer data, gpointer placement)
{
  QueenPlacementWait *wait = data;
  QueenPlacementResult result = { .reason = find_reason (wait),
                                  .placement = placement,
                                  .request = &wait->request,
                                  .party = queen_faults_identify (wait->request.submitter) };

  leave_line (wait);
  finish_wait (wait, &result);
}

/* All who are in its network with it, as they may be a thousand, if what keeps it from being served
 * keeps them, too. */
static void
pass_over (QueenPlacement *self, QueenPlacementModel *model, const QueenPlacementResult *result)
{
  const QueenPlacementRequest *request = result->request;

  if ((result->has_rests && !request->excluded) ||
      queen_placement_lacks_share_of_network (self, model, request))
    queen_line_pass_group (model->line);
  else
    queen_line_pass (model->line);
}

static void on_wake_due (gpointer data, gpointer placement);

static void
enter_wake (QueenPlacement *self, QueenPlacementModel *model)
{
  if (count_waiting (model) > 0 && !queen_appointment_is_on (&model->wake))
    queen_agenda_enter (self->agenda, &model->wake, self->clock->get_monotonic (), on_wake_due,
                        model);
}

/* Returns: whether it has got one */
static gboolean
serve_wait (QueenPlacement *self, QueenPlacementModel *model, QueenPlacementWait *wait)
{
  QueenPlacementResult result = { .placement = self, .request = &wait->request };

  if (!queen_placement_place (self, model, wait->has_affinity, wait->affinity, &result))
    {
      pass_over (self, model, &result);
      if (result.is_cut_short)
        queen_placement_wake (self, model);
      return FALSE;
    }
  note_pace (model, self->clock->get_monotonic ());
  queen_line_take (&wait->place);
  queen_fair_queue_leave (&wait->place_of_all);
  queen_placement_note_news (self, model, wait->request.submitter);
  leave_line (wait);
  move_line (self, model);
  finish_wait (wait, &result);
  return TRUE;
}

/* Nobody is asked who cannot be served: when the fit are gone, it is over. Who must not have those
 * that are left, as it holds too many, has been there or was refused, is passed over. Whoever still
 * waits when she stops is told no. Whatever happens on the way, it is gone along to its end before
 * that is begun anew: a thousand who are passed over may stand before those who need not be.
 *
 * Returns: whether there is more to do */
static gboolean
serve_line (QueenPlacement *self, QueenPlacementModel *model)
{
  QueenPlacementWait *wait;
  QueenSlice slice;
  guint n_served = 0;
  gboolean has_time = TRUE;

  if (self->is_stopping)
    return FALSE;
  if (!model->goes_on)
    {
      queen_line_restart (model->line);
      model->goes_anew = FALSE;
    }
  queen_slice_begin (&slice, self->clock);
  while (has_time && (wait = queen_line_peek (model->line)) && queen_placement_has_any (model))
    {
      n_served += serve_wait (self, model, wait);
      has_time = n_served < MAX_SERVED && !queen_slice_is_over (&slice, QUEEN_SLICE_LARGE);
    }
  model->goes_on = !has_time;
  return model->goes_on || model->goes_anew;
}

static void
on_wake_due (gpointer data, gpointer placement)
{
  QueenPlacementModel *model = data;
  QueenPlacement *self = placement;

  queen_placement_use_model (model);
  if (serve_line (self, model))
    enter_wake (self, model);
  queen_placement_leave_model (self, model);
}

void
queen_placement_wake (QueenPlacement *self, QueenPlacementModel *model)
{
  model->goes_anew = TRUE;
  model->half_is_gone = FALSE;
  enter_wake (self, model);
}

void
queen_placement_wake_all (QueenPlacement *self, const QueenCandidate *candidate)
{
  for (guint i = 0; i < candidate->n_offers; i++)
    queen_placement_wake (self, candidate->offers[i].offers->owner);
}

/* Coming and going */

/* It is told in a later turn; its model may be forgotten until then. */
static void
displace (QueenPlacementWait *wait)
{
  QueenPlacement *self = wait->placement;
  QueenPlacementModel *model = wait->model;

  leave_line (wait);
  wait->model = NULL;
  wait->is_displaced = TRUE;
  queen_placement_drop_model (self, model);
  queen_agenda_enter (self->agenda, &wait->deadline, self->clock->get_monotonic (),
                      on_patience_over, wait);
}

/* Jobs and reservations of one submitter do not wait for each other: reservations have a limit. */
static char *
dup_asker (const QueenPlacementRequest *request)
{
  g_autofree char *asker = queen_sender_dup_asker (request->submitter);

  return g_strconcat (queen_placement_is_lent (request) ? LENT_PREFIX : "", asker, NULL);
}

/* Whoever has most in the line makes room for who has less.
 *
 * Returns: whether there is room for one more */
static gboolean
make_room (const QueenLine *line, const char *asker)
{
  QueenPlacementWait *greediest;

  if (queen_line_get_length (line) < QUEEN_PLACEMENT_MAX_WAITING)
    return TRUE;
  greediest = queen_line_find_greediest (line, asker);
  if (greediest)
    displace (greediest);
  return greediest != NULL;
}

/* The same among all who wait. */
static gboolean
make_room_of_all (QueenPlacement *self, const char *asker)
{
  gpointer greediest;
  gboolean has_room = queen_fair_queue_find_place (self->everybody, asker, &greediest);

  if (greediest)
    displace (greediest);
  return has_room;
}

static gboolean
admit_wait (QueenPlacement *self, QueenPlacementModel *model, const char *asker, GError **error)
{
  if (!make_room (model->line, asker))
    g_set_error (error, QUEEN_ERROR, QUEEN_ERROR_UNAVAILABLE, "%d wait for the model “%s” already",
                 QUEEN_PLACEMENT_MAX_WAITING, model->offers->model);
  else if (!make_room_of_all (self, asker))
    g_set_error (error, QUEEN_ERROR, QUEEN_ERROR_UNAVAILABLE, "%d wait for models already",
                 QUEEN_PLACEMENT_MAX_ALL_WAITING);
  else
    return TRUE;
  return FALSE;
}

QueenPlacementWait *
queen_placement_wait_new (QueenPlacement *self,
                          QueenPlacementModel *model,
                          const QueenPlacementRequest *request,
                          gint64 patience,
                          const QueenPlacementFuncs *funcs,
                          gpointer data,
                          GError **error)
{
  g_autofree char *asker = dup_asker (request);
  QueenPlacementWait *wait;

  if (!admit_wait (self, model, asker, error))
    return NULL;
  wait = g_new0 (QueenPlacementWait, 1);
  wait->placement = self;
  wait->model = model;
  wait->funcs = funcs;
  wait->data = data;
  wait->begun = self->clock->get_monotonic ();
  wait->has_affinity = request->affinity != NULL;
  wait->affinity = queen_placement_hash_affinity (model, request);
  copy_request (&wait->request, request);
  wait->n_bytes = count_bytes (wait);
  self->figures.n_waiting_bytes += wait->n_bytes;
  if (count_waiting (model) == 0)
    model->taken_at = wait->begun;
  queen_line_enter (model->line, &wait->place, asker, wait);
  queen_fair_queue_enter (self->everybody, &wait->place_of_all, asker, wait);
  queen_agenda_enter (self->agenda, &wait->deadline, wait->begun + patience, on_patience_over,
                      wait);
  queen_placement_note_news (self, model, wait->request.submitter);
  move_line (self, model);
  return wait;
}

static void
on_stop_due (gpointer unused, gpointer placement)
{
  QueenPlacement *self = placement;
  QueenPlacementWait *wait = queen_fair_queue_peek (self->everybody);

  if (!wait)
    return;
  queen_agenda_enter (self->agenda, &self->stop, self->clock->get_monotonic (), on_stop_due, NULL);
  queen_fair_queue_take_place (&wait->place_of_all);
  on_patience_over (wait, self);
}

/* One after the other by the agenda, a few in each turn. */
void
queen_placement_stop (QueenPlacement *self)
{
  if (self->is_stopping)
    return;
  self->is_stopping = TRUE;
  queen_agenda_enter (self->agenda, &self->stop, self->clock->get_monotonic (), on_stop_due, NULL);
}

void
queen_placement_wait_cancel (QueenPlacementWait *wait)
{
  QueenPlacement *self = wait->placement;
  QueenPlacementModel *model = wait->model;

  leave_line (wait);
  free_wait (wait);
  if (model)
    queen_placement_drop_model (self, model);
}
