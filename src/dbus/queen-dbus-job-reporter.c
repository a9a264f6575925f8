/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-dbus-job-reporter.h"

typedef struct
{
  QueenJob *job;       /* referenced */
  QueenJobState state; /* as it is counted */
  gboolean is_shown;
  GList link; /* among those that wait for a place, unless it is shown */
} Entry;

struct _QueenDBusJobReporter
{
  QueenJobs *jobs;
  QueenDBusMailbox *mailbox;
  GHashTable *open; /* QueenJob -> Entry */
  GQueue waiting;   /* of Entry */
  guint n_shown;
  QueenDBusJobCounts counts;
};

static guint *
get_count (QueenDBusJobReporter *self, QueenJobState state)
{
  return state == QUEEN_JOB_QUEUED ? &self->counts.queued : &self->counts.running;
}

/* @job: (nullable): as it is to be shown */
static void
report_job (QueenDBusJobReporter *self, const char *id, QueenDBusJobView *job)
{
  queen_dbus_mailbox_put_job (self->mailbox, id, job, &self->counts);
}

static void
show_entry (QueenDBusJobReporter *self, Entry *entry)
{
  g_autoptr (QueenDBusJobView) job = queen_dbus_job_view_new (entry->job);

  if (!entry->is_shown)
    self->n_shown++;
  entry->is_shown = TRUE;
  report_job (self, job->id, job);
}

static Entry *
add_entry (QueenDBusJobReporter *self, QueenJob *job)
{
  Entry *entry = g_new0 (Entry, 1);

  entry->job = g_object_ref (job);
  entry->state = queen_job_get_state (job);
  entry->link.data = entry;
  (*get_count (self, entry->state))++;
  g_hash_table_insert (self->open, job, entry);
  if (self->n_shown < QUEEN_DBUS_MAX_JOBS)
    entry->is_shown = TRUE, self->n_shown++;
  else
    g_queue_push_tail_link (&self->waiting, &entry->link);
  return entry;
}

/* Who has waited for the longest gets the place of one that has ended. */
static void
remove_entry (QueenDBusJobReporter *self, Entry *entry)
{
  GList *next;

  (*get_count (self, entry->state))--;
  if (!entry->is_shown)
    g_queue_unlink (&self->waiting, &entry->link);
  report_job (self, queen_job_get_id (entry->job), NULL);
  if (entry->is_shown)
    {
      self->n_shown--;
      next = g_queue_pop_head_link (&self->waiting);
      if (next)
        show_entry (self, next->data);
    }
  g_hash_table_remove (self->open, entry->job);
}

static void
on_job_changed (QueenDBusJobReporter *self, QueenJob *job)
{
  Entry *entry = g_hash_table_lookup (self->open, job);

  if (!queen_job_state_is_open (queen_job_get_state (job)))
    {
      if (entry)
        remove_entry (self, entry);
      return;
    }
  if (!entry)
    entry = add_entry (self, job);
  (*get_count (self, entry->state))--;
  entry->state = queen_job_get_state (job);
  (*get_count (self, entry->state))++;
  if (entry->is_shown)
    show_entry (self, entry);
  else
    report_job (self, NULL, NULL);
}

static void
free_entry (gpointer data)
{
  Entry *entry = data;

  g_object_unref (entry->job);
  g_free (entry);
}

QueenDBusJobReporter *
queen_dbus_job_reporter_new (QueenJobs *jobs, QueenDBusMailbox *mailbox)
{
  QueenDBusJobReporter *self = g_new0 (QueenDBusJobReporter, 1);

  self->jobs = g_object_ref (jobs);
  self->mailbox = mailbox;
  self->open = g_hash_table_new_full (NULL, NULL, NULL, free_entry);
  g_signal_connect_swapped (jobs, "job-added", G_CALLBACK (on_job_changed), self);
  g_signal_connect_swapped (jobs, "job-changed", G_CALLBACK (on_job_changed), self);
  return self;
}

void
queen_dbus_job_reporter_free (QueenDBusJobReporter *self)
{
  g_signal_handlers_disconnect_by_data (self->jobs, self);
  g_object_unref (self->jobs);
  g_hash_table_unref (self->open);
  g_free (self);
}
