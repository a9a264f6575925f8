/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-job-lister.h"

#include "loop/queen-fair-queue.h"
#include "model/queen-listing.h"
#include "queen-error.h"
#include "queen-jobs-private.h"
#include "text/queen-hash.h"

#define SLICE (QUEEN_SLICE / 2) /* µs: who asks for a list can wait, others cannot */

/* A list on its way to JSON. */
typedef struct
{
  const QueenJobSelection *selection;
  QueenJobsWalk *walk;
  GString *json;
  guint n_listed;
  guint total;
  guint64 last; /* the sequence of the last one that is listed */
  gboolean has_more;
} Listing;

struct _QueenJobOrder
{
  QueenJobLister *lister;
  QueenFairPlace place; /* none when this one is being worked on */
  QueenJobSelection selection;
  QueenJobListFunc func;
  gpointer data;
};

struct _QueenJobLister
{
  QueenJobs *jobs;
  QueenFairQueue *orders; /* of QueenJobOrder */
  QueenJobOrder *current; /* NULL when there is nothing to do */
  Listing listing;        /* of that one */
  QueenAlarm *alarm;
};

/* What is asked for */

static GHashTable *
new_set (void)
{
  return g_hash_table_new_full (queen_string_hash, g_str_equal, g_free, NULL);
}

void
queen_job_selection_init (QueenJobSelection *selection)
{
  *selection = (QueenJobSelection){ .models = new_set (), .workers = new_set () };
}

void
queen_job_selection_clear (QueenJobSelection *selection)
{
  g_clear_pointer (&selection->submitter, g_free);
  g_clear_pointer (&selection->models, g_hash_table_unref);
  g_clear_pointer (&selection->workers, g_hash_table_unref);
}

static gboolean
is_among (GHashTable *names, const char *name)
{
  return g_hash_table_size (names) == 0 || (name && g_hash_table_contains (names, name));
}

static gboolean
is_selected (const QueenJobSelection *selection, QueenJob *job)
{
  return (!selection->submitter || g_str_equal (selection->submitter, job->submitter)) &&
         (selection->states == 0 || selection->states & (1u << job->state)) &&
         is_among (selection->models, queen_job_get_model (job)) &&
         is_among (selection->workers, queen_job_get_worker (job));
}

/* Listing */

/* The newest first, as that is what one looks for. */
static void
begin_listing (QueenJobs *jobs,
               Listing *listing,
               QueenJobsWalk *walk,
               const QueenJobSelection *selection)
{
  *listing = (Listing){ .selection = selection, .walk = walk };
  listing->json = g_string_new ("{\"jobs\":[");
  queen_jobs_walk_begin_back (jobs, walk);
}

static void
list_job (Listing *listing, QueenJob *job)
{
  const QueenJobSelection *selection = listing->selection;
  guint limit = selection->limit > 0 ? selection->limit : QUEEN_JOB_LISTER_MAX_PAGE;

  if (selection->after > 0 && job->sequence >= selection->after)
    return;
  listing->has_more = listing->n_listed == limit;
  if (listing->has_more)
    return;
  if (listing->n_listed++ > 0)
    g_string_append_c (listing->json, ',');
  queen_job_append_json (job, listing->json);
  listing->last = job->sequence;
}

/* Also those before the page are looked at, and those behind it, as they count.
 *
 * @until: µs, monotonic
 *
 * Returns: whether that was all */
static gboolean
list_some (Listing *listing, const QueenClock *clock, gint64 until)
{
  QueenSlice slice = { .clock = clock, .end = until };
  QueenJob *job;
  gsize n_bytes;

  while ((job = queen_jobs_walk_next (listing->walk)))
    {
      n_bytes = listing->json->len;
      if (is_selected (listing->selection, job))
        {
          listing->total++;
          list_job (listing, job);
        }
      if (queen_slice_is_over (&slice, listing->json->len - n_bytes))
        return FALSE;
    }
  return TRUE;
}

static GString *
end_listing (Listing *listing)
{
  g_string_append_printf (listing->json, "],\"total\":%u", listing->total);
  queen_listing_append_page_end (listing->json, listing->has_more, listing->last);
  g_string_append_c (listing->json, '}');
  return g_steal_pointer (&listing->json);
}

GString *
queen_job_lister_list (QueenJobLister *self, const QueenJobSelection *selection)
{
  QueenJobsWalk walk;
  Listing listing;

  if (self->jobs->all.length > QUEEN_JOB_LISTER_AT_ONCE)
    return NULL;
  begin_listing (self->jobs, &listing, &walk, selection);
  list_some (&listing, self->jobs->owner.settings.clock, G_MAXINT64);
  return end_listing (&listing);
}

/* Orders */

/* Takes @order out of the lister. */
static void
free_order (QueenJobOrder *order)
{
  QueenJobLister *self = order->lister;

  if (self->current == order)
    {
      self->current = NULL;
      if (self->listing.json)
        g_string_free (g_steal_pointer (&self->listing.json), TRUE);
    }
  queen_fair_queue_leave (&order->place);
  queen_job_selection_clear (&order->selection);
  g_free (order);
}

/* @json: (transfer full) (nullable) */
static void
fulfil (QueenJobOrder *order, GString *json)
{
  QueenJobListFunc func = order->func;
  gpointer data = order->data;

  free_order (order);
  func (json, data);
}

static void
work_some (QueenJobLister *self, gint64 until)
{
  QueenJobsWalk *walk = &self->jobs->walks[QUEEN_JOBS_LISTING];

  if (!self->current)
    {
      self->current = queen_fair_queue_take (self->orders);
      begin_listing (self->jobs, &self->listing, walk, &self->current->selection);
    }
  if (list_some (&self->listing, self->jobs->owner.settings.clock, until))
    fulfil (self->current, end_listing (&self->listing));
}

static gboolean
has_work (const QueenJobLister *self)
{
  return self->current || queen_fair_queue_get_length (self->orders) > 0;
}

static void
on_list_turn (gpointer data)
{
  QueenJobLister *self = data;
  gint64 until = queen_jobs_get_now (self->jobs) + SLICE;

  /* All who waited may have gone. */
  while (has_work (self))
    {
      work_some (self, until);
      if (queen_jobs_get_now (self->jobs) >= until)
        break;
    }
  if (has_work (self))
    queen_alarm_set (self->alarm, 0);
}

QueenJobOrder *
queen_job_lister_order (QueenJobLister *self,
                        QueenJobSelection *selection,
                        const char *asker,
                        QueenJobListFunc func,
                        gpointer data,
                        GError **error)
{
  QueenJobOrder *order;
  gpointer refused;

  if (!queen_fair_queue_find_place (self->orders, asker, &refused))
    {
      queen_error_refuse (error, QUEEN_ERROR_UNAVAILABLE, "too many lists are asked for at once");
      return NULL;
    }
  order = g_new0 (QueenJobOrder, 1);
  order->lister = self;
  order->selection = *selection;
  *selection = (QueenJobSelection){ NULL };
  order->func = func;
  order->data = data;
  queen_fair_queue_enter (self->orders, &order->place, asker, order);
  queen_alarm_set (self->alarm, 0);
  if (refused)
    fulfil (refused, NULL);
  return order;
}

void
queen_job_order_cancel (QueenJobOrder *self)
{
  free_order (self);
}

/* The lister */

QueenJobLister *
queen_job_lister_new (QueenJobs *jobs)
{
  QueenJobLister *self = g_new0 (QueenJobLister, 1);

  self->jobs = jobs;
  self->orders = queen_fair_queue_new (QUEEN_JOB_LISTER_MAX_WAITING);
  self->alarm = queen_alarm_new_in_group (jobs->owner.alarms, on_list_turn, self);
  return self;
}

void
queen_job_lister_free (QueenJobLister *self)
{
  QueenJobOrder *order;

  if (self->current)
    free_order (self->current);
  while ((order = queen_fair_queue_peek (self->orders)))
    free_order (order);
  queen_fair_queue_free (self->orders);
  queen_alarm_free (self->alarm);
  g_free (self);
}
