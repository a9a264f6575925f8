/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "queen-alarm.h"

G_BEGIN_DECLS

/**
 * QueenAgenda:
 *
 * Where everybody has a time of its own, and something is done when that has come. (Who all wait
 * equally long had better queue up in a #QueenDeadlineQueue, which need not sort them.) One alarm
 * is enough for the first of them.
 */
typedef struct _QueenAgenda QueenAgenda;

/** QueenDueFunc: @item's time has come; @data is the agenda's. */
typedef void (*QueenDueFunc) (gpointer item, gpointer data);

/**
 * QueenAppointment:
 * @time: µs, monotonic
 *
 * One time, as a part of whatever has it; all zero when it has none.
 */
typedef struct
{
  gint64 time;
  QueenDueFunc on_due;
  gpointer item;
  GSequenceIter *link; /* NULL when it is on no agenda */
} QueenAppointment;

/**
 * queen_agenda_new:
 * @name: of its alarm, for debuggers; static
 * @data: for whoever's time has come
 */
QueenAgenda *queen_agenda_new (const QueenClock *clock, const char *name, gpointer data);

/**
 * queen_agenda_enter:
 * @appointment: one that is on no agenda
 * @time: µs, monotonic; those with the same time keep their order
 * @on_due: called once @time has come, in a turn of the main loop, when @appointment is on the
 *   agenda no more. Not more are called in one turn than there is time for
 * @item: whose it is
 */
void queen_agenda_enter (QueenAgenda *self,
                         QueenAppointment *appointment,
                         gint64 time,
                         QueenDueFunc on_due,
                         gpointer item);

/** queen_agenda_leave: takes it off its agenda, if it is on one. */
void queen_agenda_leave (QueenAppointment *appointment);

/** Returns: whether it is on an agenda */
static inline gboolean
queen_appointment_is_on (const QueenAppointment *appointment)
{
  return appointment->link != NULL;
}

/** Returns: how many are on it */
guint queen_agenda_get_length (const QueenAgenda *self);

/** queen_agenda_free: those that are on it still are not called. */
void queen_agenda_free (QueenAgenda *self);

G_END_DECLS
