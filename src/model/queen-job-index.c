/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-job-index.h"

#include "loop/queen-deadline-queue.h"
#include "loop/queen-slice.h"
#include "queen-engine-report.h"
#include "queen-job-demands.h"
#include "queen-job-own.h"
#include "queen-job-owner.h"
#include "queen-job-room.h"
#include "queen-job-watches.h"
#include "text/queen-hash.h"
#include "text/queen-shared-text.h"

#define MAX_OWNERS (2 * QUEEN_SIBLINGS_MAX) /* those who have just gone are among them */
#define MAX_MODEL_BYTES (8 * 1024 * 1024)   /* of names: 128 for each job, and they have 30 */
#define LOST_AT_ONCE 16                     /* of each who goes; more are lost in slices */

/* A job of another queen. */
typedef struct
{
  QueenJobEntry entry;
  QueenJobOwner *owner; /* NULL of one that is nobody's any more */
  guint round;          /* in which she named it last */
  GList owner_link;
  QueenFairPlace place; /* in the room */
  QueenDeadline kept;   /* of one that is nobody's */
} Known;

struct _QueenJobIndex
{
  GObject parent_instance;

  GHashTable *jobs;   /* id -> Known */
  GHashTable *owners; /* name -> QueenJobOwner */
  QueenJobDemands *demands;
  GHashTable *totals; /* worker's id -> how many all others have there */
  QueenJobRoom *room; /* of Known: who lets one go */
  guint n_loads;
  QueenJobIndexFigures figures;
  gboolean is_current;
  QueenDeadlineQueue kept;
  QueenAlarm *kept_alarm;
  GQueue losing; /* of QueenJobOwner */
  QueenAlarm *loss_alarm;
  QueenJobWatches *watches;
  QueenJobOwn *own;
};

enum
{
  CHANGED,
  LOAD_CHANGED,
  CURRENCY_CHANGED,
  NEWS,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (QueenJobIndex, queen_job_index, G_TYPE_OBJECT)

/* Jobs */

static void
tell_changed (QueenJobIndex *self, const Known *known)
{
  g_signal_emit (self, signals[CHANGED], 0, &known->entry);
  queen_job_watches_tell (self->watches, known->entry.id, &known->entry);
}

static void
set_text (const char **text, const char *value)
{
  const char *before = *text;

  *text = value ? queen_shared_text_ref (value) : NULL;
  if (before)
    queen_shared_text_unref (before);
}

static void
free_known (Known *known)
{
  queen_fair_queue_leave (&known->place);
  set_text (&known->entry.owner, NULL);
  set_text (&known->entry.worker_id, NULL);
  g_free ((char *) known->entry.id);
  g_free (known);
}

static void
leave_owner (Known *known)
{
  if (known->owner)
    g_queue_unlink (&known->owner->jobs, &known->owner_link);
  known->owner = NULL;
}

/* @n: 1 or -1 */
static void
count_known (QueenJobIndex *self, const Known *known, int n)
{
  self->figures.n_in_state[known->entry.state] += (guint) n;
  queen_job_demands_count (self->demands, known->entry.model, known->entry.state, n);
}

static void
set_state (QueenJobIndex *self, Known *known, QueenJobState state)
{
  gboolean was_open = queen_job_state_is_open (known->entry.state);

  count_known (self, known, -1);
  known->entry.state = state;
  count_known (self, known, 1);
  if (was_open != queen_job_state_is_open (state))
    queen_job_room_enter (self->room, &known->place, &known->entry, known);
}

static void
remove_known (QueenJobIndex *self, Known *known)
{
  count_known (self, known, -1);
  leave_owner (known);
  queen_deadline_end (&known->kept);
  g_hash_table_steal (self->jobs, known->entry.id);
  if (queen_job_state_is_open (known->entry.state))
    g_signal_emit (self, signals[CHANGED], 0, &known->entry); /* of its model there is one less */
  queen_job_watches_tell (self->watches, known->entry.id, NULL);
  queen_job_demands_leave (self->demands, known->entry.model);
  free_known (known);
}

/* However many one party has, what others have is known. */
static gboolean
make_room (QueenJobIndex *self, const QueenJobEntry *entry)
{
  Known *burden;

  if (g_hash_table_size (self->jobs) < QUEEN_JOB_INDEX_MAX_JOBS)
    return TRUE;
  if (self->figures.n_left_out++ == 0)
    g_warning ("there are more jobs of other queens than the %d that are known here: some of them "
               "are found only where they are",
               QUEEN_JOB_INDEX_MAX_JOBS);
  burden = queen_job_room_find_burden (self->room, entry);
  if (burden)
    remove_known (self, burden);
  return burden != NULL;
}

/* Returns: (nullable): %NULL where there is no room for it */
static Known *
add_known (QueenJobIndex *self, const QueenJobEntry *entry)
{
  g_autofree char *party = queen_job_room_dup_party (entry);
  Known *known;

  if (!make_room (self, entry))
    return NULL;
  known = g_new0 (Known, 1);
  known->entry.id = g_strdup (entry->id);
  known->entry.model = queen_job_demands_enter (self->demands, entry->model, party);
  known->owner_link.data = known;
  count_known (self, known, 1);
  g_hash_table_insert (self->jobs, (char *) known->entry.id, known);
  return known;
}

/* Returns: (nullable): %NULL when there are more than there can be queens */
static QueenJobOwner *
get_owner (QueenJobIndex *self, const char *name)
{
  QueenJobOwner *owner = g_hash_table_lookup (self->owners, name);

  if (owner || g_hash_table_size (self->owners) >= MAX_OWNERS)
    return owner;
  owner = queen_job_owner_new (name);
  g_hash_table_insert (self->owners, (char *) owner->name, owner);
  return owner;
}

static void
take_over (QueenJobIndex *self, Known *known, QueenJobOwner *owner, const QueenJobEntry *entry)
{
  if (known->owner != owner || known->entry.party != entry->party)
    {
      set_text (&known->entry.owner, owner->name);
      known->entry.party = entry->party;
      queen_job_room_enter (self->room, &known->place, &known->entry, known);
    }
  leave_owner (known);
  g_queue_push_tail_link (&owner->jobs, &known->owner_link);
  known->owner = owner;
  queen_deadline_end (&known->kept);
  known->entry.is_orphan = FALSE;
  known->round = owner->round;
}

static gboolean
is_news (const Known *known, const QueenJobEntry *entry)
{
  return !known || known->entry.is_orphan || known->entry.state < entry->state ||
         (known->entry.state == entry->state &&
          g_strcmp0 (known->entry.worker_id, entry->worker_id) != 0);
}

/* What a job is for is what was first said of it.
 *
 * A queen that was started anew has other jobs of hers than before under the same ids: whoever says
 * last that it is hers has it. */
void
queen_job_index_set (QueenJobIndex *self, const QueenJobEntry *entry)
{
  QueenJobOwner *owner = get_owner (self, entry->owner);
  Known *known = g_hash_table_lookup (self->jobs, entry->id);
  gboolean is_change = is_news (known, entry);

  if (!owner || queen_job_own_has (self->own, entry->id))
    return;
  if (!known)
    known = add_known (self, entry);
  if (!known)
    return;
  take_over (self, known, owner, entry);
  if (!is_change)
    return;
  set_state (self, known, entry->state);
  set_text (&known->entry.worker_id, entry->worker_id);
  tell_changed (self, known);
}

void
queen_job_index_drop (QueenJobIndex *self, const char *owner, const char *id)
{
  Known *known = g_hash_table_lookup (self->jobs, id);

  if (!known || known->entry.is_orphan || !g_str_equal (known->entry.owner, owner))
    return;
  if (queen_job_state_is_open (known->entry.state))
    {
      set_state (self, known, QUEEN_JOB_LOST); /* she does not know herself what became of it */
      tell_changed (self, known);
    }
  remove_known (self, known);
}

/* Its owner is gone, or does not know it any more. */
static void
lose_known (QueenJobIndex *self, Known *known)
{
  if (!queen_job_state_is_open (known->entry.state))
    {
      remove_known (self, known);
      return;
    }
  leave_owner (known);
  set_state (self, known, QUEEN_JOB_LOST);
  known->entry.is_orphan = TRUE;
  queen_deadline_begin (&known->kept, &self->kept, known);
  tell_changed (self, known);
}

static void
on_kept (gpointer data)
{
  QueenJobIndex *self = data;
  gint64 begun = self->kept.clock->get_monotonic ();
  QueenSlice slice;
  Known *known;

  queen_slice_begin (&slice, self->kept.clock);
  while ((known = queen_deadline_queue_peek_due (&self->kept, begun)) &&
         !queen_slice_is_over (&slice, sizeof *known))
    remove_known (self, known);
  if (known)
    queen_alarm_set (self->kept_alarm, 0);
}

/* What is in flight */

static void
add_to_total (QueenJobIndex *self, const char *worker_id, guint before, guint now)
{
  guint total = GPOINTER_TO_UINT (g_hash_table_lookup (self->totals, worker_id)) - before + now;

  if (before == now)
    return;
  self->figures.n_in_flight += (guint64) now - before;
  if (total > 0)
    g_hash_table_insert (self->totals, g_strdup (worker_id), GUINT_TO_POINTER (total));
  else
    g_hash_table_remove (self->totals, worker_id);
  g_signal_emit (self, signals[LOAD_CHANGED], 0, worker_id);
}

static void
set_load (QueenJobIndex *self, QueenJobOwner *owner, const char *worker_id, guint now)
{
  guint before = queen_job_owner_get_load (owner, worker_id);

  if (before == 0 && (now == 0 || self->n_loads >= QUEEN_JOB_INDEX_MAX_LOADS))
    return;
  self->n_loads += before == 0;
  self->n_loads -= now == 0;
  queen_job_owner_set_load (owner, worker_id, now);
  add_to_total (self, worker_id, before, now);
}

void
queen_job_index_set_load (QueenJobIndex *self, const char *name, const char *worker_id, guint n)
{
  QueenJobOwner *owner = get_owner (self, name);

  if (owner)
    set_load (self, owner, worker_id, MIN (n, QUEEN_JOB_INDEX_MAX_IN_FLIGHT));
}

/* Owners */

/* Returns: whether there was anything that is not so any more */
static gboolean
lose_one (QueenJobIndex *self, QueenJobOwner *owner)
{
  Known *known = owner->jobs.head ? owner->jobs.head->data : NULL;
  const QueenJobLoad *load = queen_job_owner_peek_old_load (owner);
  g_autofree char *worker_id = load ? g_strdup (load->worker_id) : NULL;

  if (worker_id)
    set_load (self, owner, worker_id, 0);
  else if (known && known->round < owner->kept_from)
    lose_known (self, known);
  else
    return FALSE;
  return TRUE;
}

static void
stop_losing (QueenJobIndex *self, QueenJobOwner *owner)
{
  g_queue_unlink (&self->losing, &owner->link);
  owner->is_losing = FALSE;
  if (owner->is_gone)
    queen_job_owner_free (owner);
}

static void
on_loss (gpointer data)
{
  QueenJobIndex *self = data;
  QueenSlice slice;

  queen_slice_begin (&slice, self->kept.clock);
  while (self->losing.head && !queen_slice_is_over (&slice, sizeof (Known)))
    if (!lose_one (self, self->losing.head->data))
      stop_losing (self, self->losing.head->data);
  if (self->losing.head)
    queen_alarm_set (self->loss_alarm, 0);
}

/* She may have all that there can be, and many may go at once: the rest goes in slices. */
static void
lose_some (QueenJobIndex *self, QueenJobOwner *owner, guint kept_from)
{
  guint n = 0;

  owner->kept_from = kept_from;
  if (!owner->is_losing)
    g_queue_push_tail_link (&self->losing, &owner->link);
  owner->is_losing = TRUE;
  while (n < LOST_AT_ONCE && lose_one (self, owner))
    n++;
  if (n < LOST_AT_ONCE)
    stop_losing (self, owner);
  else
    queen_alarm_set (self->loss_alarm, 0);
}

void
queen_job_index_begin_owner (QueenJobIndex *self, const char *name)
{
  QueenJobOwner *owner = get_owner (self, name);

  if (owner)
    owner->round++;
}

void
queen_job_index_end_owner (QueenJobIndex *self, const char *name)
{
  QueenJobOwner *owner = g_hash_table_lookup (self->owners, name);

  if (owner)
    lose_some (self, owner, owner->round);
}

void
queen_job_index_lose_owner (QueenJobIndex *self, const char *name)
{
  QueenJobOwner *owner = g_hash_table_lookup (self->owners, name);

  if (!owner)
    return;
  g_hash_table_steal (self->owners, name);
  owner->is_gone = TRUE;
  lose_some (self, owner, G_MAXUINT);
}

GPtrArray *
queen_job_index_list_owners (QueenJobIndex *self)
{
  GPtrArray *names = g_ptr_array_new ();
  GHashTableIter iter;
  gpointer name;

  g_hash_table_iter_init (&iter, self->owners);
  while (g_hash_table_iter_next (&iter, &name, NULL))
    g_ptr_array_add (names, name);
  return names;
}

/* What is known */

const QueenJobEntry *
queen_job_index_lookup (QueenJobIndex *self, const char *id)
{
  const Known *known = g_hash_table_lookup (self->jobs, id);

  return known ? &known->entry : NULL;
}

guint
queen_job_index_count (QueenJobIndex *self, const char *worker_id)
{
  return GPOINTER_TO_UINT (g_hash_table_lookup (self->totals, worker_id));
}

guint
queen_job_index_count_open (QueenJobIndex *self, const char *model, QueenJobState state)
{
  return queen_job_demands_get (self->demands, model, state);
}

const QueenJobIndexFigures *
queen_job_index_get_figures (QueenJobIndex *self)
{
  return &self->figures;
}

QueenJobIndexWatch *
queen_job_index_watch (QueenJobIndex *self,
                       const char *id,
                       void (*func) (const QueenJobEntry *entry, gpointer data),
                       gpointer data)
{
  return queen_job_watches_add (self->watches, id, func, data);
}

gboolean
queen_job_index_is_current (QueenJobIndex *self)
{
  return self->is_current;
}

void
queen_job_index_set_current (QueenJobIndex *self, gboolean is_current)
{
  if (self->is_current == is_current)
    return;
  self->is_current = is_current;
  g_signal_emit (self, signals[CURRENCY_CHANGED], 0);
}

/* Her own */

static void
tell_news (QueenJobIndex *self, gboolean is_first)
{
  if (is_first)
    g_signal_emit (self, signals[NEWS], 0);
}

void
queen_job_index_note_own (QueenJobIndex *self, const QueenJobEntry *entry)
{
  tell_news (self, queen_job_own_note (self->own, entry));
}

/* While she is alone there is nobody to tell: when she comes back, all is told anew. */
void
queen_job_index_drop_own (QueenJobIndex *self, const char *id)
{
  tell_news (self, queen_job_own_drop (self->own, id, self->is_current));
}

void
queen_job_index_note_own_load (QueenJobIndex *self, const char *worker_id, guint party, guint n)
{
  tell_news (self, queen_job_own_note_load (self->own, worker_id, party, n, self->is_current));
}

guint
queen_job_index_take_news (QueenJobIndex *self,
                           guint n,
                           void (*func) (const QueenJobIndexNews *news, gpointer data),
                           gpointer data)
{
  return queen_job_own_take_news (self->own, n, func, data);
}

gboolean
queen_job_index_has_news (QueenJobIndex *self)
{
  return queen_job_own_has_news (self->own);
}

void
queen_job_index_renew_own (QueenJobIndex *self)
{
  queen_job_own_renew (self->own);
}

/* The class */

static void
queen_job_index_finalize (GObject *object)
{
  QueenJobIndex *self = QUEEN_JOB_INDEX (object);

  while (self->losing.head)
    stop_losing (self, self->losing.head->data);
  g_hash_table_unref (self->jobs);
  g_hash_table_unref (self->owners);
  queen_job_room_free (self->room);
  queen_job_demands_free (self->demands);
  g_hash_table_unref (self->totals);
  queen_job_watches_free (self->watches);
  queen_alarm_free (self->kept_alarm);
  queen_alarm_free (self->loss_alarm);
  queen_job_own_free (self->own);

  G_OBJECT_CLASS (queen_job_index_parent_class)->finalize (object);
}

static void
queen_job_index_class_init (QueenJobIndexClass *klass)
{
  GType type = G_TYPE_FROM_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = queen_job_index_finalize;
  signals[CHANGED] = g_signal_new ("changed", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                   G_TYPE_NONE, 1, G_TYPE_POINTER);
  signals[LOAD_CHANGED] =
      g_signal_new ("load-changed", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1,
                    G_TYPE_STRING | G_SIGNAL_TYPE_STATIC_SCOPE);
  signals[CURRENCY_CHANGED] = g_signal_new ("currency-changed", type, G_SIGNAL_RUN_LAST, 0, NULL,
                                            NULL, NULL, G_TYPE_NONE, 0);
  signals[NEWS] =
      g_signal_new ("news", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
queen_job_index_init (QueenJobIndex *self)
{
  self->jobs =
      g_hash_table_new_full (queen_string_hash, g_str_equal, NULL, (GDestroyNotify) free_known);
  self->owners = g_hash_table_new_full (queen_string_hash, g_str_equal, NULL,
                                        (GDestroyNotify) queen_job_owner_free);
  self->demands = queen_job_demands_new (MAX_MODEL_BYTES);
  self->room = queen_job_room_new ();
  self->totals = g_hash_table_new_full (queen_string_hash, g_str_equal, g_free, NULL);
  self->watches = queen_job_watches_new ();
  self->own = queen_job_own_new ();
}

QueenJobIndex *
queen_job_index_new (const QueenClock *clock)
{
  QueenJobIndex *self = g_object_new (QUEEN_TYPE_JOB_INDEX, NULL);

  self->kept_alarm = queen_alarm_new (clock, "lost jobs", G_PRIORITY_DEFAULT, on_kept, self);
  self->loss_alarm =
      queen_alarm_new (clock, "jobs of who is gone", G_PRIORITY_DEFAULT, on_loss, self);
  queen_deadline_queue_init (&self->kept, QUEEN_JOB_INDEX_KEPT, self->kept_alarm, clock);
  return self;
}
