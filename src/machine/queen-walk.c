/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-walk.h"

#include <gio/gio.h>

#include "loop/queen-clock.h"

/* One walk, which may outlive whoever wanted it. */
typedef struct
{
  const QueenWalkKind *kind;
  gpointer question;
  gint64 cost;     /* µs of a processor */
  QueenWalk *walk; /* (nullable): only its own thread looks at it */
} Trip;

struct _QueenWalk
{
  const QueenWalkKind *kind;
  QueenWalkFunc func;
  gpointer data;
  Trip *trip;    /* NULL while it rests; not owned */
  gint64 due_at; /* µs, monotonic */
};

static void
trip_free (gpointer data)
{
  Trip *trip = data;

  if (trip->kind->free_question)
    trip->kind->free_question (trip->question);
  g_free (trip);
}

static void
walk_in_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  Trip *trip = data;
  const gint64 before = queen_clock_system.get_cpu ();
  gpointer answer = trip->kind->walk (trip->question);

  trip->cost = queen_clock_system.get_cpu () - before;
  g_task_return_pointer (task, answer, trip->kind->free_answer);
}

static void
on_walked (GObject *source, GAsyncResult *result, gpointer data)
{
  const Trip *trip = g_task_get_task_data (G_TASK (result));
  QueenWalk *self = trip->walk;
  const QueenWalkKind *kind = trip->kind;

  if (!self)
    return;
  self->trip = NULL;
  self->due_at =
      g_get_monotonic_time () + CLAMP (trip->cost * kind->share, kind->shortest, kind->longest);
  self->func (g_task_propagate_pointer (G_TASK (result), NULL), self->data);
}

QueenWalk *
queen_walk_new (const QueenWalkKind *kind, QueenWalkFunc func, gpointer data)
{
  QueenWalk *self = g_new0 (QueenWalk, 1);

  self->kind = kind;
  self->func = func;
  self->data = data;
  return self;
}

gboolean
queen_walk_is_due (QueenWalk *self)
{
  return !self->trip && g_get_monotonic_time () >= self->due_at;
}

/* Unlike a driver, the kernel answers: so this needs no thread that is kept, and may be lost. */
void
queen_walk_begin (QueenWalk *self, gpointer question)
{
  g_autoptr (GTask) task = g_task_new (NULL, NULL, on_walked, NULL);

  self->trip = g_new0 (Trip, 1);
  self->trip->kind = self->kind;
  self->trip->question = question;
  self->trip->walk = self;
  g_task_set_name (task, "queen-walk");
  g_task_set_task_data (task, self->trip, trip_free);
  g_task_run_in_thread (task, walk_in_thread);
}

void
queen_walk_free (QueenWalk *self)
{
  if (self->trip)
    self->trip->walk = NULL;
  g_free (self);
}
