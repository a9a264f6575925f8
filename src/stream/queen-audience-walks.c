/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-audience-private.h"
#include "queen-frame.h"

#define VISITS_PER_LOOK_AT_THE_CLOCK 4

/* Of those who hear of what is new while a flush is still going on: so few that it goes on, too. */
#define MAX_IN_FRONT 64
#define MAX_FRONT_TIME (QUEEN_AUDIENCE_MAX_TIME / 4)

#define KEEPALIVE (15 * G_USEC_PER_SEC)

/* Why goodbye is said. */
#define SHUTDOWN "shutdown"
#define NOT_ALLOWED "no longer allowed"

typedef void (*VisitFunc) (QueenAudience *self, QueenSubscriber *subscriber);

static void
visit_to_flush (QueenAudience *self, QueenSubscriber *subscriber)
{
  if (!queen_subscriber_get_seat (subscriber)->is_blocked)
    queen_audience_deliver (self, subscriber);
}

static gboolean
is_silence_long (QueenAudience *self, QueenSubscriber *subscriber)
{
  guint32 silence = (guint32) (self->now / 1000) - queen_subscriber_get_seat (subscriber)->wrote_at;

  return silence >= (KEEPALIVE - self->round) / 1000 &&
         !queen_encoding_is_bare (queen_subscriber_get_cursor (subscriber)->encoding);
}

static void
visit_on_round (QueenAudience *self, QueenSubscriber *subscriber)
{
  QueenSeat *seat = queen_subscriber_get_seat (subscriber);

  if (is_silence_long (self, subscriber) && !seat->is_blocked &&
      !queen_subscriber_has_pending (subscriber))
    {
      queen_subscriber_add_pending_chunk (subscriber, g_bytes_ref (self->keepalive));
      if (!queen_audience_deliver (self, subscriber))
        return;
    }
  if (seat->is_watched)
    queen_audience_check_progress (self, subscriber);
}

static void
queue_goodbye (QueenSubscriber *subscriber, const char *reason)
{
  guint retry_msec = (guint) g_random_int_range (1000, 5001);

  queen_subscriber_let_go (subscriber, queen_frame_new_bye (retry_msec, reason));
}

static void
visit_to_say_goodbye (QueenAudience *self, QueenSubscriber *subscriber)
{
  const QueenSeat *seat = queen_subscriber_get_seat (subscriber);
  gboolean is_over = seat->section->is_over;

  if (queen_subscriber_is_leaving (subscriber) || !(is_over || seat->is_dismissed))
    return;
  queue_goodbye (subscriber, is_over ? SHUTDOWN : NOT_ALLOWED);
  queen_audience_deliver (self, subscriber);
}

static void
visit_to_clear (QueenAudience *self, QueenSubscriber *subscriber)
{
  gboolean holds_any = FALSE;
  GHashTableIter iter;
  gpointer frame;

  if (!queen_subscriber_has_pending (subscriber))
    return;
  g_hash_table_iter_init (&iter, self->cleared);
  while (!holds_any && g_hash_table_iter_next (&iter, &frame, NULL))
    holds_any = queen_subscriber_holds (subscriber, frame);
  if (holds_any)
    queen_audience_drop (self, subscriber, QUEEN_DROP_MEMORY);
}

typedef struct
{
  guint n_visited;
  gint64 time; /* µs */
} Slice;

static const Slice whole_slice = { QUEEN_AUDIENCE_MAX_VISITED, QUEEN_AUDIENCE_MAX_TIME };
static const Slice front_slice = { MAX_IN_FRONT, MAX_FRONT_TIME };

/* Goes one slice along @row, from where the last one has ended: to one at least, however late it
 * is, as whoever has but one does not ask for another slice.
 *
 * Returns: whether that was the last slice */
static gboolean
walk (QueenAudience *self, QueenRow *row, guint index, VisitFunc visit, const Slice *most)
{
  gint64 end = queen_audience_look_at_clock (self) + most->time;
  QueenSubscriber *subscriber;

  for (guint n = 0; (subscriber = queen_row_get_turn (row, index)); n++)
    {
      if (n == most->n_visited)
        return FALSE;
      if ((self->has_written_much || n % VISITS_PER_LOOK_AT_THE_CLOCK == 0) &&
          queen_audience_look_at_clock (self) >= end && n > 0)
        return FALSE;
      queen_row_pass_turn (row, index);
      visit (self, subscriber);
    }
  return TRUE;
}

static gboolean
is_clearing (QueenAudience *self)
{
  return g_hash_table_size (self->cleared) > 0;
}

/* What came meanwhile is next: or a row of batches would never come to who stands last. */
static void
choose_cleared (QueenAudience *self)
{
  GHashTable *freed = self->cleared;

  self->cleared = self->to_clear;
  self->to_clear = freed;
  g_hash_table_remove_all (freed);
}

static void
end_clearing (QueenAudience *self)
{
  choose_cleared (self);
  if (is_clearing (self))
    queen_alarm_set (self->alarms[QUEEN_WALK_CLEARING], 0);
}

/* Resumes a walk, now and in the turns after this one, to its end. */
static void
resume_walk (QueenAudience *self, QueenWalkKind kind)
{
  static const VisitFunc visits[QUEEN_N_WALKS] = {
    [QUEEN_WALK_ROUND] = visit_on_round,
    [QUEEN_WALK_FAREWELL] = visit_to_say_goodbye,
    [QUEEN_WALK_CLEARING] = visit_to_clear,
  };

  if (!walk (self, &self->everybody, kind, visits[kind], &whole_slice))
    queen_alarm_set (self->alarms[kind], 0);
  else if (kind == QUEEN_WALK_CLEARING)
    end_clearing (self);
  else if (kind == QUEEN_WALK_ROUND && self->everybody.first)
    queen_alarm_set (self->alarms[kind], self->now + self->round);
}

static void
set_out (QueenAudience *self, QueenWalkKind kind)
{
  self->everybody.walks[kind].is_on = FALSE;
  resume_walk (self, kind);
}

static void
on_round (gpointer data)
{
  resume_walk (data, QUEEN_WALK_ROUND);
}

static void
on_farewell (gpointer data)
{
  resume_walk (data, QUEEN_WALK_FAREWELL);
}

static void
on_clearing (gpointer data)
{
  resume_walk (data, QUEEN_WALK_CLEARING);
}

static QueenAlarm *
make_walk_alarm (QueenAudience *self, const char *name, void (*callback) (gpointer))
{
  return queen_alarm_new (self->settings.clock, name, G_PRIORITY_DEFAULT, callback, self);
}

void
queen_audience_make_walks (QueenAudience *self)
{
  self->alarms[QUEEN_WALK_ROUND] = make_walk_alarm (self, "round", on_round);
  self->alarms[QUEEN_WALK_FAREWELL] = make_walk_alarm (self, "goodbye", on_farewell);
  self->alarms[QUEEN_WALK_CLEARING] = make_walk_alarm (self, "clearing", on_clearing);
}

gboolean
queen_audience_flush (QueenAudience *self, QueenSection *section)
{
  return walk (self, &section->row, QUEEN_WALK_FLUSH, visit_to_flush, &whole_slice);
}

void
queen_audience_flush_front (QueenAudience *self, QueenSection *section)
{
  section->row.walks[QUEEN_WALK_FRONT].is_on = FALSE;
  walk (self, &section->row, QUEEN_WALK_FRONT, visit_to_flush, &front_slice);
}

gboolean
queen_audience_may_interrupt (const QueenAudience *self, gint64 now)
{
  return now >= self->may_interrupt_at;
}

/* However long one took, as when the machine was stopped meanwhile, the debt is a small one. */
void
queen_audience_note_interruption (QueenAudience *self, gint64 begun)
{
  gint64 now = queen_audience_look_at_clock (self);
  gint64 owed_from = MAX (self->may_interrupt_at, begun - QUEEN_AUDIENCE_MAX_TIME);

  self->may_interrupt_at = MIN (owed_from + 2 * (now - begun), now + QUEEN_AUDIENCE_MAX_TIME);
}

gboolean
queen_section_is_flushing (const QueenSection *self)
{
  return self->row.walks[QUEEN_WALK_FLUSH].is_on;
}

void
queen_audience_say_goodbye (QueenAudience *self, QueenSection *section)
{
  section->is_over = TRUE;
  set_out (self, QUEEN_WALK_FAREWELL);
}

void
queen_audience_turn_away (QueenSubscriber *subscriber)
{
  queue_goodbye (subscriber, SHUTDOWN);
}

void
queen_audience_refuse (const QueenSection *section, QueenSubscriber *subscriber)
{
  gboolean is_bare = queen_encoding_is_bare (queen_subscriber_get_cursor (subscriber)->encoding);

  queen_subscriber_let_go (subscriber,
                           is_bare && section->busy
                               ? g_bytes_ref (section->busy)
                               : queen_frame_new_busy ((guint) g_random_int_range (10000, 20001)));
}

void
queen_audience_end_owned (QueenAudience *self,
                          gboolean (*is_over) (guint owner, gpointer data),
                          gpointer data)
{
  for (QueenSubscriber *each = self->everybody.first; each;
       each = queen_row_get_next (&self->everybody, each))
    if (queen_subscriber_get_owner (each) != 0 && is_over (queen_subscriber_get_owner (each), data))
      queen_subscriber_get_seat (each)->is_dismissed = TRUE;
  set_out (self, QUEEN_WALK_FAREWELL);
}

void
queen_audience_drop_holders (QueenAudience *self, const GPtrArray *frames)
{
  for (guint i = 0; i < frames->len; i++)
    if (!g_hash_table_contains (self->cleared, frames->pdata[i])) /* else they are being dropped */
      g_hash_table_add (self->to_clear, g_bytes_ref (frames->pdata[i]));
  if (is_clearing (self))
    return;
  choose_cleared (self);
  if (is_clearing (self))
    set_out (self, QUEEN_WALK_CLEARING);
}

gsize
queen_audience_count_pending (const QueenAudience *self)
{
  g_autoptr (GHashTable) counted = g_hash_table_new (g_direct_hash, g_direct_equal);
  gsize n_bytes = 0;

  for (QueenSubscriber *each = self->everybody.first; each;
       each = queen_row_get_next (&self->everybody, each))
    n_bytes += queen_subscriber_count_pending (each, counted);
  return n_bytes;
}
