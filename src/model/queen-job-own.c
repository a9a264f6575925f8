/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-job-own.h"

#include "text/queen-hash.h"

/* Those who ask, or whose workers are asked. They take turns: however many jobs one of them has,
 * what the others have is told at once. */
typedef struct
{
  guint id;
  GQueue news; /* of Own: what is to be told, what changed first before the others */
  GQueue
      told; /* of Own: likewise; in a round that is over it is to be told again, after the news */
  guint round;
  GList link; /* among those who have something to tell, or have not */
} Party;

/* One job, or what is in flight at one worker. */
typedef struct
{
  char *key; /* the job's id, or the worker's */
  gboolean is_job;
  gboolean is_over; /* it is told once more, and then not known any longer */
  guint round;      /* in which it was told; in no other it has been */
  Party *party;
  GList link; /* in one of its queues */
  char *model;
  char *worker_id;
  QueenJobState state;
  guint n;
} Own;

/* This is no QueenFairQueue, as all of it may have to be told anew, in no time. */
struct _QueenJobOwn
{
  GHashTable *jobs;    /* id -> Own */
  GHashTable *loads;   /* worker's id -> Own */
  GHashTable *parties; /* id -> Party: who has any of these */
  GQueue busy;         /* of Party: those who have something to tell, in turn */
  GQueue idle;         /* of Party: all others, each of whom has told something in this round */
  guint round;         /* begins when all is to be told anew */
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
  self->parties = g_hash_table_new_full (NULL, NULL, NULL, g_free);
  return self;
}

void
queen_job_own_free (QueenJobOwn *self)
{
  g_hash_table_unref (self->jobs);
  g_hash_table_unref (self->loads);
  g_hash_table_unref (self->parties);
  g_free (self);
}

static GHashTable *
get_table (QueenJobOwn *self, const Own *own)
{
  return own->is_job ? self->jobs : self->loads;
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

/* What was told in an earlier round is news when somebody looks. */
static void
renew_party (QueenJobOwn *self, Party *party)
{
  if (party->round != self->round)
    append_queue (&party->news, &party->told);
  party->round = self->round;
}

static Party *
get_party (QueenJobOwn *self, guint id)
{
  Party *party = g_hash_table_lookup (self->parties, GUINT_TO_POINTER (id));

  if (party)
    {
      renew_party (self, party);
      return party;
    }
  party = g_new0 (Party, 1);
  party->id = id;
  party->round = self->round;
  party->link.data = party;
  g_queue_push_tail_link (&self->idle, &party->link);
  g_hash_table_insert (self->parties, GUINT_TO_POINTER (id), party);
  return party;
}

/* Whose turn it was, or who has something to tell, and had nothing, comes after all others. */
static void
place_party (QueenJobOwn *self, Party *party, gboolean was_busy)
{
  g_queue_unlink (was_busy ? &self->busy : &self->idle, &party->link);
  if (party->news.length + party->told.length == 0)
    g_hash_table_remove (self->parties, GUINT_TO_POINTER (party->id));
  else
    g_queue_push_tail_link (party->news.length > 0 ? &self->busy : &self->idle, &party->link);
}

static gboolean
is_news (QueenJobOwn *self, const Own *own)
{
  return own->round != self->round;
}

/* One that is new has nothing to tell before it is noted. */
static Own *
get_own (QueenJobOwn *self, GHashTable *table, const char *key, guint party)
{
  Own *own = g_hash_table_lookup (table, key);

  if (own)
    return own;
  own = g_new0 (Own, 1);
  own->key = g_strdup (key);
  own->is_job = table == self->jobs;
  own->link.data = own;
  own->round = self->round;
  own->party = get_party (self, party);
  g_queue_push_tail_link (&own->party->told, &own->link);
  g_hash_table_insert (table, own->key, own);
  return own;
}

/* What waits to be told keeps its place.
 *
 * Returns: whether there was nothing to tell before */
static gboolean
note_news (QueenJobOwn *self, Own *own, gboolean is_over)
{
  gboolean is_first = !queen_job_own_has_news (self);
  Party *party = own->party;

  own->is_over = is_over;
  if (is_news (self, own))
    return FALSE;
  renew_party (self, party);
  own->round = self->round - 1;
  g_queue_unlink (&party->told, &own->link);
  g_queue_push_tail_link (&party->news, &own->link);
  if (party->news.length == 1)
    place_party (self, party, FALSE);
  return is_first;
}

static void
remove_own (QueenJobOwn *self, Own *own)
{
  Party *party = own->party;
  gboolean was_busy;

  renew_party (self, party);
  was_busy = party->news.length > 0;
  g_queue_unlink (is_news (self, own) ? &party->news : &party->told, &own->link);
  g_hash_table_remove (get_table (self, own), own->key);
  if (party->news.length == 0)
    place_party (self, party, was_busy);
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
  Own *own = get_own (self, self->jobs, entry->id, entry->party);
  gboolean is_change = own->state != entry->state || own->is_over;

  is_change |= set_text (&own->model, entry->model);
  is_change |= set_text (&own->worker_id, entry->worker_id);
  own->state = entry->state;
  return (is_new || is_change) && note_news (self, own, FALSE);
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
queen_job_own_note_load (
    QueenJobOwn *self, const char *worker_id, guint party, guint n, gboolean is_told)
{
  Own *own = g_hash_table_lookup (self->loads, worker_id);

  if ((own ? own->n : 0) == n)
    return FALSE;
  own = get_own (self, self->loads, worker_id, party);
  own->n = n;
  if (n == 0)
    return end_own (self, own, is_told);
  return note_news (self, own, FALSE);
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
    .party = own->party->id,
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
  Party *party = g_queue_peek_head (&self->busy);
  Own *own;

  renew_party (self, party);
  own = g_queue_peek_head (&party->news);
  tell_own (own, func, data);
  g_queue_unlink (&party->news, &own->link);
  if (own->is_over)
    {
      g_hash_table_remove (get_table (self, own), own->key);
    }
  else
    {
      own->round = self->round;
      g_queue_push_tail_link (&party->told, &own->link);
    }
  place_party (self, party, TRUE);
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
  return self->busy.length > 0;
}

/* There may be tens of thousands. */
void
queen_job_own_renew (QueenJobOwn *self)
{
  append_queue (&self->busy, &self->idle);
  self->round++;
}
