/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* What there is of jobs: how it changes, what it takes, and when it goes. */

#include "queen-jobs-private.h"

#include "model/queen-senders.h"

#define CHANGES_APART (100 * G_TIME_SPAN_MILLISECOND)

/* What is kept free of jobs that have ended, so that nobody who comes has to wait until thousands
 * of small ones have made room for a large one. */
#define SPARE (2 * (gsize) QUEEN_JOB_MAX_BODY)
#define MOST_BYTES (QUEEN_JOBS_MAX_BYTES - SPARE)
#define PART 1024 /* bytes for which one counts among those that have ended */

/* Those that go */

/* Behind all others of whose it is, so that those that nobody reads are found soon. */
static void
set_unread (QueenJobs *self, QueenJob *job, gboolean is_unread)
{
  if (job->is_unread == is_unread)
    return;
  job->is_unread = is_unread;
  if (is_unread)
    self->n_unread++;
  else
    self->n_unread--;
  queen_fair_queue_renew (&job->burden);
}

static void
note_readers (QueenJobs *self, QueenJob *job)
{
  set_unread (self, job,
              !queen_job_state_is_open (job->noted_state) && queen_job_get_n_readers (job) == 0);
}

static void
tell_change (QueenJobs *self, QueenJob *job)
{
  if (!job->is_touched)
    return;
  job->is_touched = FALSE;
  g_queue_unlink (&self->touched, &job->touched_link);
  queen_jobs_emit (self, QUEEN_JOBS_CHANGED, job);
}

void
queen_jobs_remove (QueenJobs *self, QueenJob *job)
{
  tell_change (self, job);
  queen_deadline_end (&job->kept);
  set_unread (self, job, FALSE);
  queen_fair_queue_leave (&job->burden);
  for (guint i = 0; i < QUEEN_JOBS_N_WALKS; i++)
    queen_jobs_walk_heed_end (&self->walks[i], job);
  g_queue_unlink (&self->all, &job->link);
  g_hash_table_remove (self->by_id, job->id);
  if (job->key)
    queen_job_keys_remove (self->keys, job, job->key);
  self->owner.figures.n_bytes -= job->n_bytes;
  self->owner.figures.n_in_state[job->state]--;
  queen_job_dismiss (job);
  queen_jobs_emit (self, QUEEN_JOBS_REMOVED, job);
  g_object_unref (job);
}

/* Whoever still reads has its time anew, but once: who takes a little now and then would keep it
 * for ever. Those that ended at once go at once. */
void
queen_jobs_on_kept (gpointer data)
{
  QueenJobs *self = data;
  gint64 begun = queen_jobs_get_now (self);
  QueenJob *job;

  while ((job = queen_deadline_queue_peek_due (&self->kept, begun)))
    {
      if (queen_jobs_is_slice_over (self, begun))
        {
          queen_alarm_set (self->kept_alarm, 0);
          return;
        }
      if (job->is_prolonged || queen_job_get_n_readers (job) == 0)
        {
          queen_jobs_remove (self, job);
          continue;
        }
      job->is_prolonged = TRUE;
      queen_deadline_end (&job->kept);
      queen_deadline_begin (&job->kept, &self->kept, job);
    }
}

static gboolean
is_other (gpointer item, gpointer noted)
{
  return item != noted;
}

static gboolean
is_other_unread (gpointer item, gpointer noted)
{
  return ((const QueenJob *) item)->is_unread && is_other (item, noted);
}

/* Who reads slowly would hold all of it otherwise, and others' answers would go as soon as they are
 * there.
 *
 * Returns: (nullable): of whose take most of all that have ended, the one that ended longest ago,
 * or was last read then, of those that nobody reads; if there are none, of all of them; never the
 * one that is being looked at */
static QueenJob *
find_oldest (const QueenJobs *self)
{
  QueenJob *job = queen_fair_queue_find_burden (self->burdens, is_other_unread, self->noted);

  return job ? job : queen_fair_queue_find_burden (self->burdens, is_other, self->noted);
}

static void
evict_job (QueenJobs *self, QueenJob *job)
{
  self->owner.figures.n_evicted++;
  queen_jobs_remove (self, job);
}

static gboolean
has_room (const QueenJobs *self, gsize n_bytes)
{
  return self->owner.figures.n_bytes + n_bytes <= QUEEN_JOBS_MAX_BYTES;
}

/* Several may come in one turn, however much time is taken for each of them to be read: of it only
 * that counts in which others go. One that is read costs much more than one that is not. */
gboolean
queen_jobs_make_room (QueenJobs *self, gsize n_bytes)
{
  gint64 begun = queen_jobs_get_now (self) - self->evicting;
  QueenJob *job;

  if (has_room (self, n_bytes))
    return TRUE;
  while (!has_room (self, n_bytes) && !queen_jobs_is_slice_over (self, begun) &&
         (job = find_oldest (self)))
    evict_job (self, job);
  self->evicting = queen_jobs_get_now (self) - begun;
  queen_alarm_set (self->room_alarm, 0);
  return has_room (self, n_bytes);
}

static gboolean
wants_spare_room (const QueenJobs *self)
{
  return self->owner.figures.n_bytes > MOST_BYTES && self->n_unread > 0;
}

/* Those that are read go only when others would have to whose take less. */
void
queen_jobs_on_room (gpointer data)
{
  QueenJobs *self = data;
  gint64 begun = queen_jobs_get_now (self);

  self->evicting = 0;
  while (wants_spare_room (self) && !queen_jobs_is_slice_over (self, begun))
    evict_job (self, find_oldest (self));
  if (wants_spare_room (self))
    queen_alarm_set (self->room_alarm, 0);
}

/* What becomes of them */

static void
enter_burdens (QueenJobs *self, QueenJob *job)
{
  g_autofree char *asker = queen_sender_dup_asker (job->submitter);

  queen_fair_queue_enter (self->burdens, &job->burden, asker, job);
}

static void
note_end (QueenJobs *self, QueenJob *job)
{
  QueenJobsFigures *figures = &self->owner.figures;

  self->n_open--;
  queen_job_shares_close (self->shares, job->submitter, job->n_bytes);
  figures->n_ended[job->state]++;
  if (job->placed > 0)
    queen_histogram_add (&figures->running, (queen_jobs_get_now (self) - job->placed) / 100, 1);
  queen_deadline_begin (&job->kept, &self->kept, job);
  enter_burdens (self, job);
  if (self->ledger && job->is_recorded)
    queen_job_ledger_end (self->ledger, job);
  if (self->ledger && queen_job_ledger_is_long (self->ledger))
    queen_jobs_begin_ledger_anew (self);
  if (self->owner.is_stopping && self->n_open == 0)
    queen_alarm_set (self->stop_alarm, 0);
}

static void
note_state (QueenJobs *self, QueenJob *job)
{
  gboolean was_open = queen_job_state_is_open (job->noted_state);

  if (job->state == job->noted_state)
    return;
  queen_job_news_move (self->news, job, job->noted_state, job->state);
  self->owner.figures.n_in_state[job->noted_state]--;
  self->owner.figures.n_in_state[job->state]++;
  job->noted_state = job->state;
  if (was_open && !queen_job_state_is_open (job->state))
    note_end (self, job);
}

static void
note_tokens (QueenJobs *self, QueenJob *job)
{
  if (job->n_tokens == job->noted_tokens)
    return;
  queen_job_news_add_tokens (self->news, job, job->n_tokens - job->noted_tokens);
  job->noted_tokens = job->n_tokens;
}

static void
count_bytes (QueenJobs *self, QueenJob *job)
{
  gsize n_bytes = queen_job_get_n_bytes (job);

  self->owner.figures.n_bytes += n_bytes - job->n_bytes;
  if (queen_job_state_is_open (job->state))
    queen_job_shares_resize (self->shares, job->submitter, job->n_bytes, n_bytes);
  queen_fair_queue_weigh (&job->burden, (guint) (n_bytes / PART) + 1);
  job->n_bytes = n_bytes;
}

/* Who has more open than is left makes no use of the last that there is. */
static gboolean
lacks_memory (QueenJobs *self, QueenJob *job)
{
  return self->owner.figures.n_bytes > QUEEN_JOBS_MAX_BYTES ||
         (queen_job_state_is_open (job->state) &&
          queen_job_shares_is_over (self->shares, job->submitter));
}

/* When there is no more room although all that have ended are gone, the one that grows pays; if
 * that is not enough, its course ends it. */
static void
note_size (QueenJobs *self, QueenJob *job)
{
  QueenJob *other;

  count_bytes (self, job);
  if (wants_spare_room (self))
    queen_alarm_set (self->room_alarm, 0);
  while (!has_room (self, 0) && (other = find_oldest (self)))
    evict_job (self, other);
  job->lacks_memory = lacks_memory (self, job);
  if (!job->lacks_memory || !job->answer)
    return;
  queen_job_answer_shrink (job->answer, queen_job_answer_get_n_bytes (job->answer) / 4);
  count_bytes (self, job);
  job->lacks_memory = lacks_memory (self, job);
}

void
queen_jobs_note (QueenJob *job, gboolean is_urgent, gpointer data)
{
  QueenJobs *self = data;
  gint64 now;

  if (!job->is_known)
    return;
  now = queen_jobs_get_now (self);
  if (!job->is_touched)
    g_queue_push_tail_link (&self->touched, &job->touched_link);
  job->is_touched = TRUE;
  queen_alarm_set_earlier (self->touched_alarm, is_urgent ? now : now + CHANGES_APART);
  self->noted = job;
  note_tokens (self, job);
  note_state (self, job);
  note_readers (self, job);
  note_size (self, job);
  self->noted = NULL;
}

void
queen_jobs_on_changes (gpointer data)
{
  QueenJobs *self = data;
  gint64 begun = queen_jobs_get_now (self);

  for (guint n = self->touched.length; n > 0 && self->touched.head; n--)
    if (queen_jobs_is_slice_over (self, begun))
      {
        queen_alarm_set (self->touched_alarm, 0);
        return;
      }
    else
      tell_change (self, self->touched.head->data);
}
