/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* How queens keep step. One who has many subscribers reads more slowly than another one may write:
 * her subscribers would hear of everything late, and in the end what she has yet to read would be
 * gone. So she says how far the stream may go on for now, which is what she gets through in a
 * moment, and whoever publishes at any of them waits for that, as for who listens there. */

#include "queen-redis-sequencer-private.h"
#include "text/queen-hash.h"

#define INTERVAL (25 * G_TIME_SPAN_MILLISECOND)
#define MOMENT (250 * G_TIME_SPAN_MILLISECOND) /* by which she may be late */
#define LATE (5 * G_USEC_PER_SEC) /* for which she goes on saying it when she was late */
#define MEASURED (50 * G_TIME_SPAN_MILLISECOND) /* of what she did, to say how fast she is */
#define LEAST_ROOM 16
#define FIRST_ROOM 256 /* before it is known how fast she is */
#define MOST_ROOM 1024 /* events: as many as one queen has on their way */

/* What one says holds the others for as long as she gets on by so many events a second, and for no
 * longer than a second: whoever hangs, or says what is not so, does not hold them for ever. */
#define LEAST_RATE 25
#define LONGEST G_USEC_PER_SEC

#define BYGONE (3600 * (gint64) LONGEST) /* µs: when room is wanted for what others say */

/* What another queen has said. */
typedef struct
{
  guint64 place; /* number of the last event that she has read */
  guint64 room;  /* events that there may be beyond that */
  gint64 until;  /* µs, monotonic: for how long that counts */
} Pace;

/* One's own */

static gboolean
is_late (const QueenRedisSequencer *self)
{
  return self->tail >= self->read_to.number + self->room / 2;
}

static void
set_pace_alarm (QueenRedisSequencer *self)
{
  queen_alarm_set_earlier (self->pace_alarm, self->settings.clock->get_monotonic () + INTERVAL);
}

static void
on_said_pace (QueenRedis *redis, const QueenRedisReply *reply, const GError *error, gpointer data)
{
  g_autoptr (QueenRedisSequencer) self = data;
  const char *word = queen_redis_sequencer_heed (self, reply, error);
  const QueenRedisReply *tail = word ? queen_redis_reply_get_element (reply, 1) : NULL;
  gint64 number;

  if (!tail || self->state != QUEEN_ENGINE_TOGETHER)
    return;
  if (queen_redis_reply_get_integer (tail, &number) && number > 0)
    self->tail = MAX (self->tail, (guint64) number);
  if (is_late (self))
    self->late_until = self->settings.clock->get_monotonic () + LATE;
  if (self->late_until > 0)
    set_pace_alarm (self);
}

/* Once more when she has not been late for long: that she holds nobody any more. */
static void
on_pace_due (gpointer data)
{
  QueenRedisSequencer *self = data;
  gboolean is_over = self->settings.clock->get_monotonic () >= self->late_until;
  gboolean was_late = self->late_until > 0;
  char place[24], room[16];

  if (self->state != QUEEN_ENGINE_TOGETHER || (!self->is_pressed && !was_late))
    return;
  self->is_pressed = FALSE;
  if (is_over)
    self->late_until = 0;
  g_snprintf (place, sizeof place, "%" G_GUINT64_FORMAT, self->read_to.number);
  g_snprintf (room, sizeof room, "%u", was_late && is_over ? 0 : self->room);
  queen_redis_sequencer_call (self, on_said_pace, "pace", place, room, was_late ? "1" : "0", NULL);
}

gboolean
queen_redis_sequencer_is_late (QueenRedisSequencer *self)
{
  return self->late_until > 0 && is_late (self);
}

void
queen_redis_sequencer_note_pressure (QueenRedisSequencer *self)
{
  if (self->is_pressed)
    return;
  self->is_pressed = TRUE;
  set_pace_alarm (self);
}

void
queen_redis_sequencer_begin_entries (QueenRedisSequencer *self, gsize n, gsize most)
{
  self->busy_since = n > 0 ? self->settings.clock->get_monotonic () : 0;
  if (n >= MIN (most, self->room / 2))
    queen_redis_sequencer_note_pressure (self);
}

/* How fast she is shows only while there is something to read, and to be told on. */
void
queen_redis_sequencer_end_entries (QueenRedisSequencer *self, gint64 now)
{
  guint64 n = self->read_to.number - self->read_then;

  self->busy += self->busy_since > 0 ? now - self->busy_since : 0;
  self->busy_since = 0;
  if (self->busy < MEASURED)
    return;
  self->room = (guint) CLAMP (n * MOMENT / (guint64) self->busy, LEAST_ROOM, MOST_ROOM);
  self->busy = 0;
  self->read_then = self->read_to.number;
}

/* Others' */

void
queen_redis_sequencer_mind_pace (QueenRedisSequencer *self)
{
  self->paces = g_hash_table_new_full (queen_string_hash, g_str_equal, g_free, g_free);
  self->room = FIRST_ROOM;
  self->pace_alarm = queen_alarm_new (self->settings.clock, "say how far she is",
                                      G_PRIORITY_DEFAULT, on_pace_due, self);
}

void
queen_redis_sequencer_forget_pace (QueenRedisSequencer *self)
{
  g_clear_pointer (&self->pace_alarm, queen_alarm_free);
  g_clear_pointer (&self->paces, g_hash_table_unref);
}

void
queen_redis_sequencer_begin_pace (QueenRedisSequencer *self)
{
  g_hash_table_remove_all (self->paces);
  self->paced_until = 0;
  self->is_pressed = FALSE;
  self->late_until = 0;
  self->busy = 0;
  self->busy_since = 0;
  self->read_then = self->read_to.number;
  queen_alarm_set (self->pace_alarm, -1);
}

static gboolean
is_bygone (gpointer queen, gpointer pace, gpointer now)
{
  return *(gint64 *) now - ((const Pace *) pace)->until > BYGONE;
}

/* A queen that comes again has another name. */
static Pace *
get_pace (QueenRedisSequencer *self, const char *queen)
{
  Pace *pace = g_hash_table_lookup (self->paces, queen);
  gint64 now = self->settings.clock->get_monotonic ();

  if (!pace && g_hash_table_size (self->paces) >= QUEEN_SIBLINGS_MAX)
    g_hash_table_foreach_remove (self->paces, is_bygone, &now);
  if (!pace && g_hash_table_size (self->paces) < QUEEN_SIBLINGS_MAX)
    {
      pace = g_new0 (Pace, 1);
      g_hash_table_insert (self->paces, g_strdup (queen), pace);
    }
  return pace;
}

/* Who has nothing left to read cannot get on, and holds the others for what there is room for. */
static void
note_pace (QueenRedisSequencer *self, Pace *pace, const QueenEngineId *said)
{
  gint64 now = self->settings.clock->get_monotonic ();
  guint64 n = said->number - MIN (pace->place, said->number);

  pace->room = said->step;
  if (said->number >= self->read_to.number)
    n = MAX (n, pace->room);
  pace->until = MAX (pace->until, now) + (gint64) MIN (n, LEAST_RATE) * (LONGEST / LEAST_RATE);
  pace->until = pace->room > 0 ? MIN (pace->until, now + LONGEST) : now;
  pace->place = MAX (pace->place, said->number);
  self->paced_until = MAX (self->paced_until, pace->until);
}

void
queen_redis_sequencer_take_pace (QueenRedisSequencer *self,
                                 const QueenRedisReply *text,
                                 const char *queen)
{
  const char *said = queen_redis_reply_get_text (text, NULL);
  QueenEngineId id; /* of the same form: number and step, or place and room */
  Pace *pace;

  if (!queen || !queen_dispatch_check_queen (queen) || !said || !queen_engine_id_parse (said, &id))
    {
      queen_redis_sequencer_skip (self, "word how far one is", NULL);
      return;
    }
  if (g_str_equal (queen, self->name) || !(pace = get_pace (self, queen)))
    return;
  note_pace (self, pace, &id);
}

gboolean
queen_redis_sequencer_is_paced (QueenRedisSequencer *self)
{
  guint64 end = self->read_to.number + queen_flights_get_n (self->flights);
  gint64 now = self->paced_until > 0 ? self->settings.clock->get_monotonic () : 0;
  GHashTableIter iter;
  gpointer value;

  if (now >= self->paced_until)
    return FALSE;
  g_hash_table_iter_init (&iter, self->paces);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      const Pace *pace = value;

      if (now < pace->until && end >= pace->place && end - pace->place >= pace->room)
        return TRUE;
    }
  return FALSE;
}
