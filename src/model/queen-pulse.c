/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-pulse.h"

#include "loop/queen-alarm.h"

struct _QueenPulse
{
  GObject parent_instance;

  QueenSequencer *sequencer;
  QueenRegistry *workers;
  QueenRegistry *hives;
  const QueenClock *clock;

  gint64 interval;  /* µs */
  gint64 next_beat; /* µs, monotonic: the phase that is kept */
  QueenAlarm *alarm;
};

G_DEFINE_FINAL_TYPE (QueenPulse, queen_pulse, G_TYPE_OBJECT)

static void
on_beat (gpointer data)
{
  QueenPulse *self = data;
  g_autoptr (QueenEvent) event = queen_pulse_make_snapshot (self);
  gint64 now = self->clock->get_monotonic ();

  /* By no other deadline can it be seen so well for how long the main loop stood still. */
  queen_registry_excuse (self->workers, now - self->next_beat);
  queen_registry_excuse (self->hives, now - self->next_beat);
  self->next_beat = queen_pulse_get_next_beat (self->next_beat, self->interval, now);
  queen_alarm_set (self->alarm, self->next_beat);
  queen_sequencer_publish (self->sequencer, event);
}

static void
queen_pulse_dispose (GObject *object)
{
  QueenPulse *self = QUEEN_PULSE (object);

  g_clear_pointer (&self->alarm, queen_alarm_free);
  g_clear_object (&self->sequencer);
  g_clear_object (&self->workers);
  g_clear_object (&self->hives);

  G_OBJECT_CLASS (queen_pulse_parent_class)->dispose (object);
}

static void
queen_pulse_class_init (QueenPulseClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = queen_pulse_dispose;
}

static void
queen_pulse_init (QueenPulse *self)
{
}

QueenPulse *
queen_pulse_new (QueenSequencer *sequencer,
                 QueenRegistry *workers,
                 QueenRegistry *hives,
                 const QueenClock *clock,
                 gint64 interval)
{
  QueenPulse *self = g_object_new (QUEEN_TYPE_PULSE, NULL);

  self->sequencer = g_object_ref (sequencer);
  self->workers = g_object_ref (workers);
  self->hives = g_object_ref (hives);
  self->clock = clock;
  self->interval = interval;
  self->alarm = queen_alarm_new (clock, "pulse", G_PRIORITY_HIGH, on_beat, self);
  return self;
}

void
queen_pulse_start (QueenPulse *self)
{
  self->next_beat = self->clock->get_monotonic () + self->interval;
  queen_alarm_set (self->alarm, self->next_beat);
}

QueenEvent *
queen_pulse_make_snapshot (QueenPulse *self)
{
  QueenCensus workers, hives;

  queen_registry_get_census (self->workers, &workers);
  queen_registry_get_census (self->hives, &hives);
  return queen_event_new_queen (&workers, &hives, self->clock->get_wall ());
}

gint64
queen_pulse_get_next_beat (gint64 last_beat, gint64 interval, gint64 now)
{
  return last_beat + ((now - last_beat) / interval + 1) * interval;
}
