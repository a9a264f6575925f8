/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-job-own.h"

#include "text/queen-hash.h"

/* One job, or what is in flight at one worker. */
typedef struct
{
  char *key; /* the job's id, or the worker's */
  gboolean is_job;
  gboolean is_over; /* it is told once more, and then not known any longer */
  guint round;      /* in which it was told; in no other it has been */
  GList link;       /* in one of the queues */
  char *model;
  char *worker_id;
  QueenJobState state;
  guint n;
} Own;

struct _QueenJobOwn
{
  GHashTable *jobs;  /* id -> Own */
  GHashTable *loads; /* worker's id -> Own */
  /* Of Own, what changed first before the others. In which of them one is: get_queue (). */
  GQueue over; /* what is to be told for the last time */
  GQueue news; /* what is to be told */
  GQueue told;
  guint round; /* begins when all is to be told anew */
};

static void
free_own (Own *own)
{
  g_free (own->key);
  g_free (own->model);
  g_free (own->worker_id);
  g_free (own);
}

static GHashTable *
new_table (void)
{
  return g_hash_table_new_full (queen_string_hash, g_str_equal, NULL, (GDestroyNotify) free_own);
}

QueenJobOwn *
queen_job_own_new (void)
{
  QueenJobOwn *self = g_new0 (QueenJobOwn, 1);

  self->jobs = new_table ();
  self->loads = new_table ();
  return self;
}

void
queen_job_own_free (QueenJobOwn *self)
{
  g_hash_table_unref (self->jobs);
  g_hash_table_unref (self->loads);
  g_free (self);
}

static GHashTable *
get_table (QueenJobOwn *self, const Own *own)
{
  return own->is_job ? self->jobs : self->loads;
}

static GQueue *
get_queue (QueenJobOwn *self, const Own *own)
{
  if (own->is_over)
    return &self->over;
  return own->round == self->round ? &self->told : &self->news;
}

/* One that is new has nothing to tell before it is noted. */
static Own *
get_own (QueenJobOwn *self, GHashTable *table, const char *key)
{
  Own *own = g_hash_table_lookup (table, key);

  if (own)
    return own;
  own = g_new0 (Own, 1);
  own->key = g_strdup (key);
  own->is_job = table == self->jobs;
  own->link.data = own;
  own->round = self->round;
  g_queue_push_tail_link (&self->told, &own->link);
  g_hash_table_insert (table, own->key, own);
  return own;
}

/* Returns: whether there was nothing to tell before */
static gboolean
note_news (QueenJobOwn *self, Own *own, gboolean is_over)
{
  gboolean is_first = !queen_job_own_has_news (self);

  g_queue_unlink (get_queue (self, own), &own->link);
  own->is_over = is_over;
  own->round = self->round - 1;
  g_queue_push_tail_link (get_queue (self, own), &own->link);
  return is_first;
}

/* What waits to be told keeps its place. */
static gboolean
note_change (QueenJobOwn *self, Own *own)
{
  return get_queue (self, own) != &self->news && note_news (self, own, FALSE);
}

static void
remove_own (QueenJobOwn *self, Own *own)
{
  g_queue_unlink (get_queue (self, own), &own->link);
  g_hash_table_remove (get_table (self, own), own->key);
}

gboolean
queen_job_own_has (QueenJobOwn *self, const char *id)
{
  return g_hash_table_contains (self->jobs, id);
}

static gboolean
set_text (char **text, const char *value)
{
  if (g_strcmp0 (*text, value) == 0)
    return FALSE;
  g_free (*text);
  *text = g_strdup (value);
  return TRUE;
}

gboolean
queen_job_own_note (QueenJobOwn *self, const QueenJobEntry *entry)
{
  gboolean is_new = !queen_job_own_has (self, entry->id);
  Own *own = get_own (self, self->jobs, entry->id);
  gboolean is_change = own->state != entry->state || own->is_over;

  is_change |= set_text (&own->model, entry->model);
  is_change |= set_text (&own->worker_id, entry->worker_id);
  own->state = entry->state;
  return (is_new || is_change) && note_change (self, own);
}

static gboolean
end_own (QueenJobOwn *self, Own *own, gboolean is_told)
{
  if (is_told)
    return !own->is_over && note_news (self, own, TRUE);
  remove_own (self, own);
  return FALSE;
}

gboolean
queen_job_own_drop (QueenJobOwn *self, const char *id, gboolean is_told)
{
  Own *own = g_hash_table_lookup (self->jobs, id);

  return own && end_own (self, own, is_told);
}

gboolean
queen_job_own_note_load (QueenJobOwn *self, const char *worker_id, guint n, gboolean is_told)
{
  Own *own = g_hash_table_lookup (self->loads, worker_id);

  if ((own ? own->n : 0) == n)
    return FALSE;
  own = get_own (self, self->loads, worker_id);
  own->n = n;
  if (n == 0)
    return end_own (self, own, is_told);
  return note_change (self, own);
}

static void
tell_own (const Own *own,
          void (*func) (const QueenJobIndexNews *news, gpointer data),
          gpointer data)
{
  const QueenJobEntry entry = {
    .id = own->key,
    .model = own->model,
    .worker_id = own->worker_id,
    .state = own->state,
  };
  const QueenJobIndexNews job = { .job_id = own->key, .entry = own->is_over ? NULL : &entry };
  const QueenJobIndexNews load = { .worker_id = own->key, .n = own->n };

  func (own->is_job ? &job : &load, data);
}

static void
tell_first (QueenJobOwn *self,
            void (*func) (const QueenJobIndexNews *news, gpointer data),
            gpointer data)
{
  Own *own = g_queue_peek_head (self->over.head ? &self->over : &self->news);

  tell_own (own, func, data);
  if (own->is_over)
    {
      remove_own (self, own);
      return;
    }
  g_queue_unlink (&self->news, &own->link);
  own->round = self->round;
  g_queue_push_tail_link (&self->told, &own->link);
}

guint
queen_job_own_take_news (QueenJobOwn *self,
                         guint n,
                         void (*func) (const QueenJobIndexNews *news, gpointer data),
                         gpointer data)
{
  guint n_told = 0;

  for (; n_told < n && queen_job_own_has_news (self); n_told++)
    tell_first (self, func, data);
  return n_told;
}

gboolean
queen_job_own_has_news (QueenJobOwn *self)
{
  return self->over.length + self->news.length > 0;
}

/* @from is empty then. However many there are, none of them is touched but the first. */
static void
append_queue (GQueue *to, GQueue *from)
{
  if (!from->head)
    return;
  from->head->prev = to->tail;
  if (to->tail)
    to->tail->next = from->head;
  else
    to->head = from->head;
  to->tail = from->tail;
  to->length += from->length;
  g_queue_init (from);
}

/* There may be tens of thousands. What is over is not much, as it is told at once. */
void
queen_job_own_renew (QueenJobOwn *self)
{
  while (self->over.head)
    remove_own (self, self->over.head->data);
  append_queue (&self->news, &self->told);
  self->round++;
}
