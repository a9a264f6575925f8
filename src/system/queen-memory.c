/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-memory.h"

#include "loop/queen-alarm.h"
#include "process/queen-overtime.h"
#include "queen-error.h"
#include "queen-state-file.h"

#define LAST_TRIES 2
#define STATUS "Writing what is known"
#define REST 5 /* times as long as a writing took, until the next */

/* A state on its way to the disk. The thread that writes it holds one reference, the memory the
 * other. */
typedef struct
{
  QueenMemory *memory;  /* NULL when nobody wants to know how it went; for the main thread only */
  QueenStateFile *file; /* the memory's, which has it back; NULL while it cannot be opened */
  char *directory;      /* where it is to be opened */
  QueenState *state;
  GCancellable *cancellable;
  guint n_tries;
  GError *error;

  GMutex lock; /* of what follows */
  GCond done;
  gboolean is_done;
} Writing;

struct _QueenMemory
{
  QueenMemorySettings settings;
  char *directory;
  char *epoch;
  QueenStateFile *file; /* NULL while it cannot be opened, or is the thread's */
  gboolean is_failing;  /* which has been said */

  gulong event_id;
  QueenAlarm *alarm;
  guint64 revision;  /* of what was written last, or is being written */
  gint64 started_at; /* µs, monotonic: when that was begun */
  gint64 not_before; /* µs, monotonic: when the next may be begun */
  gboolean is_due;   /* as soon as that is done */
  QueenState *begun; /* what is known of some kinds already; NULL when it is not being looked at */
  guint n_kinds;     /* of these */
  GThread *thread;   /* NULL when nothing is being written */
  Writing *writing;  /* likewise */
};

static void
clear_writing (gpointer data)
{
  Writing *writing = data;

  g_clear_pointer (&writing->file, queen_state_file_free);
  g_clear_pointer (&writing->state, queen_state_free);
  g_clear_error (&writing->error);
  g_free (writing->directory);
  g_object_unref (writing->cancellable);
  g_cond_clear (&writing->done);
  g_mutex_clear (&writing->lock);
}

static void
unref_writing (gpointer writing)
{
  g_atomic_rc_box_release_full (writing, clear_writing);
}

/* One line when it fails, however often it is tried, and one when it does not any longer. */
static void
report_writing (QueenMemory *self, const GError *error)
{
  if (error && !self->is_failing)
    g_warning ("nothing will be remembered: %s", error->message);
  else if (!error && self->is_failing)
    g_message ("what is known is remembered again");
  self->is_failing = error != NULL;
}

static void
warn_of_amnesia (const GError *error)
{
  g_warning ("nothing is remembered: %s", error->message);
}

static guint64
get_revision (QueenMemory *self)
{
  return queen_cluster_get_revision (self->settings.cluster);
}

static QueenState *
make_state (QueenMemory *self)
{
  QueenState *state = queen_state_new ();

  state->epoch = g_strdup (self->epoch);
  state->next = 1; /* it is not known before the end */
  state->written_at = self->settings.clock->get_wall ();
  return state;
}

static void
schedule (QueenMemory *self, gint64 time)
{
  queen_alarm_set_earlier (self->alarm, MAX (time, self->not_before));
}

/* When it has not been written, it is tried again. */
static void
conclude (QueenMemory *self, const GError *error)
{
  gint64 now = self->settings.clock->get_monotonic ();

  report_writing (self, error);
  self->not_before =
      MAX (self->started_at + self->settings.interval, now + REST * (now - self->started_at));
  if (error || self->is_due)
    schedule (self, now);
  self->is_due = FALSE;
}

/* Writing in a thread */

static void
finish_writing (QueenMemory *self)
{
  Writing *writing = g_steal_pointer (&self->writing);

  g_clear_pointer (&self->thread, g_thread_join);
  writing->memory = NULL;
  self->file = g_steal_pointer (&writing->file);
  if (!g_cancellable_is_cancelled (writing->cancellable))
    conclude (self, writing->error);
  unref_writing (writing);
}

/* Returns: whether it has come to its end; else its disk does not answer */
static gboolean
await_writing (QueenMemory *self)
{
  Writing *writing = self->writing;
  gboolean is_done;

  g_mutex_lock (&writing->lock);
  is_done = queen_overtime_wait (&writing->done, &writing->lock, &writing->is_done, STATUS);
  g_mutex_unlock (&writing->lock);
  return is_done;
}

/* The thread goes with the process. */
static void
abandon_writing (QueenMemory *self)
{
  self->writing->memory = NULL;
  g_clear_pointer (&self->writing, unref_writing);
  g_clear_pointer (&self->thread, g_thread_unref);
}

/* Returns: as await_writing() */
static gboolean
stop_writing (QueenMemory *self)
{
  if (!self->thread)
    return TRUE;
  g_cancellable_cancel (self->writing->cancellable);
  if (await_writing (self))
    {
      finish_writing (self);
      return TRUE;
    }
  abandon_writing (self);
  return FALSE;
}

static gboolean
on_written (gpointer data)
{
  Writing *writing = data;

  if (writing->memory)
    finish_writing (writing->memory);
  return G_SOURCE_REMOVE;
}

/* Opened anew after each failure: it may be on a disk that comes later, or another queen's who
 * goes; or the directory is another one by now. */
static gboolean
write_file (Writing *writing)
{
  if (!writing->file)
    writing->file = queen_state_file_open (writing->directory, &writing->error);
  if (!writing->file)
    return FALSE;
  if (queen_state_file_save (writing->file, writing->state, writing->cancellable, &writing->error))
    return TRUE;
  if (!g_cancellable_is_cancelled (writing->cancellable))
    g_clear_pointer (&writing->file, queen_state_file_free);
  return FALSE;
}

static void
try_to_write (Writing *writing)
{
  for (guint i = 0; i < writing->n_tries; i++)
    {
      g_clear_error (&writing->error);
      if (write_file (writing))
        return;
    }
}

static gpointer
write_in_thread (gpointer data)
{
  Writing *writing = data;
  GSource *source = g_idle_source_new ();

  try_to_write (writing);
  /* Here, as it takes its time to let go of a hundred thousand components. */
  g_clear_pointer (&writing->state, queen_state_free);

  g_mutex_lock (&writing->lock);
  writing->is_done = TRUE;
  g_cond_signal (&writing->done);
  g_mutex_unlock (&writing->lock);
  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_callback (source, on_written, writing, unref_writing);
  g_source_attach (source, NULL);
  g_source_unref (source);
  return NULL;
}

/* @state: (transfer full) */
static void
make_writing (QueenMemory *self, QueenState *state, guint n_tries)
{
  Writing *writing = self->writing = g_atomic_rc_box_new0 (Writing);

  g_mutex_init (&writing->lock);
  g_cond_init (&writing->done);
  writing->memory = self;
  writing->file = g_steal_pointer (&self->file);
  writing->directory = g_strdup (self->directory);
  writing->state = state;
  writing->n_tries = n_tries;
  writing->cancellable = g_cancellable_new ();
  self->revision = get_revision (self);
}

static gboolean
start_thread (QueenMemory *self, GError **error)
{
  self->thread =
      g_thread_try_new ("memory", write_in_thread, g_atomic_rc_box_acquire (self->writing), error);
  if (!self->thread)
    unref_writing (self->writing);
  return self->thread != NULL;
}

static gboolean
begin_writing (QueenMemory *self, GError **error)
{
  self->is_due = get_revision (self) != self->revision;
  make_writing (self, g_steal_pointer (&self->begun), 1);
  if (start_thread (self, error))
    return TRUE;
  self->file = g_steal_pointer (&self->writing->file);
  g_clear_pointer (&self->writing, unref_writing);
  return FALSE;
}

/* When */

static void
begin_state (QueenMemory *self)
{
  self->started_at = self->settings.clock->get_monotonic ();
  self->revision = get_revision (self);
  self->begun = make_state (self);
  self->n_kinds = 0;
}

/* There may be tens of thousands of each kind: no two are gone along in one turn of the loop. */
static void
on_due (gpointer data)
{
  QueenMemory *self = data;
  g_autoptr (GError) error = NULL;

  if (self->thread)
    {
      self->is_due = TRUE;
      return;
    }
  if (!self->begun)
    begin_state (self);
  queen_cluster_save (self->settings.cluster, (QueenComponentKind) self->n_kinds++, self->begun);
  if (self->n_kinds < QUEEN_COMPONENT_N_KINDS)
    queen_alarm_set (self->alarm, 0);
  else if (!begin_writing (self, &error))
    conclude (self, error);
}

static void
on_event_for_state (QueenMemory *self, QueenEvent *event)
{
  gboolean is_change = get_revision (self) != self->revision;

  if (event->component)
    schedule (self, self->settings.clock->get_monotonic () +
                        (is_change ? self->settings.delay : self->settings.refresh));
}

QueenMemory *
queen_memory_new (const QueenMemorySettings *settings)
{
  QueenMemory *self = g_new0 (QueenMemory, 1);
  g_autoptr (GError) error = NULL;

  self->settings = *settings;
  self->directory = g_strdup (settings->directory);
  self->alarm = queen_alarm_new (settings->clock, "memory", G_PRIORITY_DEFAULT, on_due, self);
  self->file = queen_state_file_open (self->directory, &error);
  self->is_failing = self->file == NULL;
  if (self->is_failing)
    warn_of_amnesia (error);
  return self;
}

QueenState *
queen_memory_load (QueenMemory *self)
{
  g_autoptr (QueenState) state = NULL;
  g_autoptr (GError) error = NULL;

  if (self->file)
    state = queen_state_file_load (self->file, &error);
  if (error)
    warn_of_amnesia (error);
  if (state && state->n_left_out > 0)
    g_warning ("left out %u of who was remembered, as their names cannot be seen",
               state->n_left_out);
  return g_steal_pointer (&state);
}

void
queen_memory_restore (QueenMemory *self, const QueenState *state)
{
  gint64 elapsed = queen_state_get_elapsed (state, self->settings.clock->get_wall ());
  /* Who has beaten since that was written, or while she hung, must not pay for a crash. */
  gboolean has_grace = !state->is_whole && elapsed < self->settings.timeout;

  queen_cluster_load (self->settings.cluster, state, elapsed, has_grace ? elapsed : 0);
}

void
queen_memory_start (QueenMemory *self, const char *epoch)
{
  self->epoch = g_strdup (epoch);
  self->event_id = g_signal_connect_data (queen_cluster_get_bus (self->settings.cluster), "event",
                                          G_CALLBACK (on_event_for_state), self, NULL,
                                          G_CONNECT_SWAPPED | G_CONNECT_AFTER);
  schedule (self, self->settings.clock->get_monotonic ());
}

/* Where there are no threads left, this one waits for the disk: there is no later.
 *
 * Returns: whether it has come to its end, well or not */
static gboolean
write_last (QueenMemory *self, QueenState *state)
{
  make_writing (self, state, LAST_TRIES);
  if (!start_thread (self, NULL))
    try_to_write (self->writing);
  else if (!await_writing (self))
    {
      abandon_writing (self);
      return FALSE;
    }
  finish_writing (self);
  return TRUE;
}

void
queen_memory_end (QueenMemory *self, guint64 next)
{
  gboolean is_over;

  /* Of tens of thousands it may be half a gigabyte, and the unit's time for stopping is short. */
  queen_overtime_tell (STATUS);
  is_over = stop_writing (self);
  if (is_over)
    {
      QueenState *state = make_state (self);

      for (int kind = 0; kind < QUEEN_COMPONENT_N_KINDS; kind++)
        queen_cluster_save (self->settings.cluster, (QueenComponentKind) kind, state);
      state->is_whole = TRUE;
      state->next = next;
      is_over = write_last (self, state);
    }
  if (!is_over)
    g_warning ("what is known was not written: the disk does not answer");
}

void
queen_memory_free (QueenMemory *self)
{
  stop_writing (self);
  g_clear_signal_handler (&self->event_id, queen_cluster_get_bus (self->settings.cluster));
  queen_alarm_free (self->alarm);
  g_clear_pointer (&self->begun, queen_state_free);
  g_clear_pointer (&self->file, queen_state_file_free);
  g_free (self->directory);
  g_free (self->epoch);
  g_free (self);
}
