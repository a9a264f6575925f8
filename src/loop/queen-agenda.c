/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-agenda.h"

/* In one turn of the main loop. Who makes many appointments is not to be faster than they are kept,
 * as they cost memory: so the more there are, the more are kept. */
#define FEW 64
#define PART 16    /* or one in so many */
#define MANY 16384 /* for each so many there is one slice more */
#define MAX_SLICES 4

struct _QueenAgenda
{
  GSequence *appointments; /* of QueenAppointment, by time */
  QueenAlarm *alarm;
  const QueenClock *clock;
  gpointer data;
};

static QueenAppointment *
get_first (const QueenAgenda *self)
{
  GSequenceIter *first = g_sequence_get_begin_iter (self->appointments);

  return g_sequence_iter_is_end (first) ? NULL : g_sequence_get (first);
}

/* An alarm that goes off too early sets itself anew, so it is left alone when somebody leaves. */
static void
on_agenda_alarm (gpointer data)
{
  QueenAgenda *self = data;
  guint n_all = queen_agenda_get_length (self), n_left = MAX (FEW, n_all / PART);
  gint64 begun = self->clock->get_monotonic (), now = begun;
  gint64 end = begun + MIN (1 + n_all / MANY, MAX_SLICES) * QUEEN_SLICE;
  QueenAppointment *first = get_first (self);

  for (; first && first->time <= begun && n_left > 0 && now < end; n_left--)
    {
      queen_agenda_leave (first);
      first->on_due (first->item, self->data);
      now = self->clock->get_monotonic ();
      first = get_first (self);
    }
  if (first)
    queen_alarm_set_earlier (self->alarm, first->time);
}

QueenAgenda *
queen_agenda_new (const QueenClock *clock, const char *name, gpointer data)
{
  QueenAgenda *self = g_new0 (QueenAgenda, 1);

  self->appointments = g_sequence_new (NULL);
  self->alarm = queen_alarm_new (clock, name, G_PRIORITY_DEFAULT, on_agenda_alarm, self);
  self->clock = clock;
  self->data = data;
  return self;
}

static int
compare_times (gconstpointer a, gconstpointer b, gpointer unused)
{
  const QueenAppointment *first = a, *second = b;

  return first->time < second->time ? -1 : first->time > second->time;
}

void
queen_agenda_enter (QueenAgenda *self,
                    QueenAppointment *appointment,
                    gint64 time,
                    QueenDueFunc on_due,
                    gpointer item)
{
  g_return_if_fail (!appointment->link);

  appointment->time = time;
  appointment->on_due = on_due;
  appointment->item = item;
  appointment->link =
      g_sequence_insert_sorted (self->appointments, appointment, compare_times, NULL);
  queen_alarm_set_earlier (self->alarm, time);
}

void
queen_agenda_leave (QueenAppointment *appointment)
{
  if (appointment->link)
    g_sequence_remove (g_steal_pointer (&appointment->link));
}

guint
queen_agenda_get_length (const QueenAgenda *self)
{
  return (guint) g_sequence_get_length (self->appointments);
}

void
queen_agenda_free (QueenAgenda *self)
{
  for (QueenAppointment *first = get_first (self); first; first = get_first (self))
    queen_agenda_leave (first);
  g_sequence_free (self->appointments);
  queen_alarm_free (self->alarm);
  g_free (self);
}
