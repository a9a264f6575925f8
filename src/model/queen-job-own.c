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
  gboolean is_news;
  GList link; /* in what is to be told */
  char *model;
  char *worker_id;
  QueenJobState state;
  guint n;
} Own;

struct _QueenJobOwn
{
  GHashTable *jobs;  /* id -> Own */
  GHashTable *loads; /* worker's id -> Own */
  GQueue news;       /* of Own: what is to be told, what changed first before the others */
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
  g_hash_table_insert (table, own->key, own);
  return own;
}

/* Returns: whether there was nothing to tell before */
static gboolean
note_news (QueenJobOwn *self, Own *own)
{
  gboolean is_first = self->news.length == 0;

  if (own->is_news)
    return FALSE;
  own->is_news = TRUE;
  g_queue_push_tail_link (&self->news, &own->link);
  return is_first;
}

static void
forget_news (QueenJobOwn *self, Own *own)
{
  if (own->is_news)
    g_queue_unlink (&self->news, &own->link);
  own->is_news = FALSE;
}

static void
remove_own (QueenJobOwn *self, Own *own)
{
  forget_news (self, own);
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
  own->is_over = FALSE;
  return (is_new || is_change) && note_news (self, own);
}

static gboolean
end_own (QueenJobOwn *self, Own *own, gboolean is_told)
{
  if (is_told)
    {
      own->is_over = TRUE;
      return note_news (self, own);
    }
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
  own->is_over = FALSE;
  return note_news (self, own);
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

guint
queen_job_own_take_news (QueenJobOwn *self,
                         guint n,
                         void (*func) (const QueenJobIndexNews *news, gpointer data),
                         gpointer data)
{
  guint n_told = 0;

  for (; n_told < n && self->news.head; n_told++)
    {
      Own *own = self->news.head->data;

      forget_news (self, own);
      tell_own (own, func, data);
      if (own->is_over)
        remove_own (self, own);
    }
  return n_told;
}

gboolean
queen_job_own_has_news (QueenJobOwn *self)
{
  return self->news.length > 0;
}

static void
renew_table (QueenJobOwn *self, GHashTable *table)
{
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, table);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      Own *own = value;

      if (own->is_over)
        {
          forget_news (self, own);
          g_hash_table_iter_remove (&iter);
        }
      else
        note_news (self, own);
    }
}

void
queen_job_own_renew (QueenJobOwn *self)
{
  renew_table (self, self->jobs);
  renew_table (self, self->loads);
}
