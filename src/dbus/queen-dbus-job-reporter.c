/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-dbus-job-reporter.h"

#include "loop/queen-fair-queue.h"
#include "model/queen-senders.h"

typedef struct
{
  QueenJob *job;       /* referenced */
  QueenJobState state; /* as it is counted */
  gboolean is_shown;
  QueenFairPlace place; /* among those that are shown, or that wait for it */
} Entry;

struct _QueenDBusJobReporter
{
  QueenJobs *jobs;
  QueenDBusMailbox *mailbox;
  GHashTable *open;        /* QueenJob -> Entry */
  QueenFairQueue *shown;   /* of Entry, by who submitted them */
  QueenFairQueue *waiting; /* likewise */
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
report_shown (QueenDBusJobReporter *self, Entry *entry)
{
  g_autoptr (QueenDBusJobView) job = queen_dbus_job_view_new (entry->job);

  report_job (self, job->id, job);
}

/* Places */

static void
enter_queue (Entry *entry, QueenFairQueue *queue, gboolean is_shown)
{
  g_autofree char *asker = queen_sender_dup_asker (queen_job_get_submitter (entry->job));

  queen_fair_queue_leave (&entry->place);
  queen_fair_queue_enter (queue, &entry->place, asker, entry);
  entry->is_shown = is_shown;
}

/* It is shown again before what came later. */
static void
hide_entry (QueenDBusJobReporter *self, Entry *entry)
{
  enter_queue (entry, self->waiting, FALSE);
  queen_fair_queue_put_first (&entry->place);
  report_job (self, queen_job_get_id (entry->job), NULL);
}

/* Whoever has most that are shown makes room. */
static void
find_place (QueenDBusJobReporter *self, Entry *entry)
{
  g_autofree char *asker = queen_sender_dup_asker (queen_job_get_submitter (entry->job));
  gpointer surplus;
  gboolean has_place = queen_fair_queue_find_place (self->shown, asker, &surplus);

  if (surplus)
    hide_entry (self, surplus);
  enter_queue (entry, has_place ? self->shown : self->waiting, has_place);
}

static void
fill_place (QueenDBusJobReporter *self)
{
  Entry *next = queen_fair_queue_take (self->waiting);

  if (!next)
    return;
  enter_queue (next, self->shown, TRUE);
  report_shown (self, next);
}

/* Jobs */

static Entry *
add_entry (QueenDBusJobReporter *self, QueenJob *job)
{
  Entry *entry = g_new0 (Entry, 1);

  entry->job = g_object_ref (job);
  entry->state = queen_job_get_state (job);
  (*get_count (self, entry->state))++;
  g_hash_table_insert (self->open, job, entry);
  find_place (self, entry);
  return entry;
}

static void
remove_entry (QueenDBusJobReporter *self, Entry *entry)
{
  (*get_count (self, entry->state))--;
  queen_fair_queue_leave (&entry->place);
  report_job (self, queen_job_get_id (entry->job), NULL);
  if (entry->is_shown)
    fill_place (self);
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
    report_shown (self, entry);
  else
    report_job (self, NULL, NULL);
}

static void
free_entry (gpointer data)
{
  Entry *entry = data;

  queen_fair_queue_leave (&entry->place);
  g_object_unref (entry->job);
  g_free (entry);
}

QueenDBusJobReporter *
queen_dbus_job_reporter_new (QueenJobs *jobs, QueenDBusMailbox *mailbox)
{
  QueenDBusJobReporter *self = g_new0 (QueenDBusJobReporter, 1);

  self->jobs = g_object_ref (jobs);
  self->mailbox = mailbox;
  self->shown = queen_fair_queue_new (QUEEN_DBUS_MAX_JOBS);
  self->waiting = queen_fair_queue_new (G_MAXUINT);
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
  queen_fair_queue_free (self->shown);
  queen_fair_queue_free (self->waiting);
  g_free (self);
}
