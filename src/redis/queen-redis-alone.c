/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* How she comes to be alone, whatever the reason, and when she tries to join the others again. */

#include "queen-redis-pause.h"
#include "queen-redis-sequencer-private.h"

#define LONG_STAY QUEEN_REDIS_MOST_PAUSE /* µs: who was together for less was not really let in */

/* It may be in the stream all the same. */
static void
note_flight (const QueenEvent *event, gpointer data)
{
  const QueenComponent *component = event->component;

  if (component && event->kind != QUEEN_EVENT_HELD)
    queen_redis_sequencer_set_dirty (data, component, event->kind == QUEEN_EVENT_FORGOTTEN);
}

/* What was on its way is told under her own numbers, from the next turn on: that she is left alone
 * may come of what is being told right now. */
static void
let_flights_go (QueenRedisSequencer *self)
{
  queen_redis_sequencer_clear_puts (self);
  queen_flights_give_up (self->flights, note_flight, self);
  queen_alarm_set (self->flight_alarm, queen_flights_has_untold (self->flights) ? 0 : -1);
}

/* To join the others waits for that. */
void
queen_redis_sequencer_tell_given_up (QueenRedisSequencer *self)
{
  if (queen_redis_sequencer_tell_untold (self))
    queen_alarm_set (self->join_alarm, self->join_due);
  else
    queen_alarm_set (self->flight_alarm, 0);
}

/* Most are still where they were, and have their jobs: who wants one of these may ask there. */
static void
put_siblings_aside (QueenRedisSequencer *self)
{
  GPtrArray *siblings = self->siblings;

  if (siblings->len == 0)
    return;
  self->siblings = self->last_siblings;
  self->last_siblings = siblings;
  g_ptr_array_set_size (self->siblings, 0);
}

static void
begin_alone (QueenRedisSequencer *self)
{
  g_autofree char *epoch =
      queen_engine_make_epoch (self->settings.clock->get_wall (), g_random_int ());

  self->n_alone++;
  self->alone_at = self->settings.clock->get_monotonic ();
  self->alone_since = queen_redis_sequencer_get_wall (self);
  let_flights_go (self); /* what anybody publishes by what follows comes behind that */
  queen_local_sequencer_begin (self->local, epoch);
  g_signal_emit_by_name (self, "restart", queen_local_sequencer_get_epoch (self->local),
                         (guint64) 1, FALSE);
  put_siblings_aside (self);
  queen_redis_sequencer_leave_jobs (self);
  queen_redis_sequencer_leave_healing (self);
  g_warning ("going on alone: %s", self->trouble);
}

/* Redis would hold back what is asked next until it has answered what nobody waits for any more. */
static void
stop_reading (QueenRedisSequencer *self)
{
  g_autoptr (GError) error = NULL;

  if (!self->is_reading)
    return;
  self->is_reading = FALSE;
  g_set_error_literal (&error, QUEEN_REDIS_ERROR, QUEEN_REDIS_ERROR_LOST, "she is alone by now");
  queen_redis_reconnect (self->reader, error);
}

/* What Redis has refused it will refuse again for a while, longer each time until she has been
 * together for long; who is not there is found when it is. */
static void
pause_before_joining (QueenRedisSequencer *self, gboolean has_stayed)
{
  self->join_due = self->settings.clock->get_monotonic ();
  if (has_stayed)
    self->join_pause = 0;
  if (queen_redis_is_ready (self->writer))
    {
      self->join_pause = queen_redis_pause_next (self->join_pause, NULL);
      self->join_due += self->join_pause;
    }
  queen_alarm_set (self->join_alarm, self->join_due);
}

/* @is_quiet: it is the way to her being alone that is told, not each attempt to change it */
static void
leave_quietly (QueenRedisSequencer *self,
               const char *reason,
               const char *trouble,
               gboolean is_quiet)
{
  gint64 stay = self->settings.clock->get_monotonic () - self->since;
  gboolean was_alone = self->state == QUEEN_ENGINE_ALONE;
  gboolean was_together = self->state == QUEEN_ENGINE_TOGETHER;
  gboolean is_news = was_together || g_strcmp0 (reason, self->reason) != 0;
  g_autofree char *kept_reason = g_strdup (reason), *kept_trouble = g_strdup (trouble);

  if (!self->cluster)
    return;
  self->round++;
  g_clear_pointer (&self->scan, queen_redis_reply_free);
  g_free (self->reason);
  g_free (self->trouble);
  self->reason = g_steal_pointer (&kept_reason);
  self->trouble = g_steal_pointer (&kept_trouble);
  self->state = QUEEN_ENGINE_ALONE;
  self->has_complained |= was_together;
  if (was_together)
    begin_alone (self);
  else if (is_news && !is_quiet)
    g_warning ("still alone: %s", self->trouble);
  /* To have tried to join does not make her alone anew. */
  self->since = self->alone_at;
  self->told_since = self->alone_since;
  stop_reading (self);
  if (!was_alone)
    pause_before_joining (self, was_together && stay >= LONG_STAY);
  queen_redis_sequencer_set_state (self, QUEEN_ENGINE_ALONE);
}

void
queen_redis_sequencer_leave (QueenRedisSequencer *self, const char *reason, const char *trouble)
{
  leave_quietly (self, reason, trouble, FALSE);
}

void
queen_redis_sequencer_look_elsewhere (QueenRedisSequencer *self)
{
  g_autoptr (GError) error = NULL;

  g_set_error_literal (&error, QUEEN_REDIS_ERROR, QUEEN_REDIS_ERROR_LOST, self->trouble);
  if (queen_redis_is_ready (self->writer))
    queen_redis_reconnect (self->writer, error);
}

static gboolean
is_wrong_one (const GError *error)
{
  return g_error_matches (error, QUEEN_REDIS_ERROR, QUEEN_REDIS_ERROR_READ_ONLY) ||
         g_error_matches (error, QUEEN_REDIS_ERROR, QUEEN_REDIS_ERROR_MASTER_DOWN);
}

void
queen_redis_sequencer_leave_for (QueenRedisSequencer *self, const GError *error)
{
  gboolean is_told = self->has_complained && self->state != QUEEN_ENGINE_TOGETHER;

  self->has_complained = TRUE;
  leave_quietly (self, queen_redis_error_get_reason ((QueenRedisError) error->code), error->message,
                 is_told);
  if (is_wrong_one (error))
    queen_redis_sequencer_look_elsewhere (self);
}
