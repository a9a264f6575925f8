/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-dbus-mailbox.h"

#include "loop/queen-fair-queue.h"
#include "model/queen-senders.h"
#include "text/queen-hash.h"

#define HERE "here" /* who is not counted; all others begin otherwise */

/* Of components, before even a reader that defers is woken: what is put and not taken has a bound,
 * however many come and go. */
#define MAX_CHANGES 4096

/* An event that waits for the reader. */
typedef struct
{
  QueenEvent *event;
  GList link; /* among all of them */
  QueenFairPlace place;
} Letter;

struct _QueenDBusMailbox
{
  GMainContext *reader;
  guint max_events;
  gsize max_bytes;
  int has_news; /* atomic, so that the source need not lock; set with the lock only */

  GMutex lock;         /* of what follows */
  gboolean is_woken;   /* since it took the news last */
  GHashTable *changes; /* QueenComponent, compared by kind and id -> its last QueenEvent */
  GQueue letters;      /* of Letter, oldest first */
  QueenFairQueue *due; /* the same, by who sent them, to see whose are most */
  gsize n_bytes;       /* of their JSON */
  gboolean wants_events;
  gboolean is_deferring;
  guint64 n_dropped;
  guint64 n_events;
  guint n_subscribers;
  GHashTable *jobs; /* id -> QueenDBusJobView, or NULL */
  QueenDBusJobCounts job_counts;
  QueenDBusEngine *engine; /* NULL when there is no news of it */
};

static guint
hash_component (gconstpointer key)
{
  const QueenComponent *component = key;

  return queen_string_hash (component->id) + component->kind;
}

static gboolean
is_same_component (gconstpointer a, gconstpointer b)
{
  const QueenComponent *first = a, *second = b;

  return first->kind == second->kind && g_str_equal (first->id, second->id);
}

static GHashTable *
new_changes (void)
{
  return g_hash_table_new_full (hash_component, is_same_component, NULL,
                                (GDestroyNotify) queen_event_unref);
}

static void
free_job (gpointer job)
{
  if (job)
    queen_dbus_job_view_unref (job);
}

static GHashTable *
new_jobs (void)
{
  return g_hash_table_new_full (queen_string_hash, g_str_equal, g_free, free_job);
}

/* To be called with the lock. A reader that no longer defers has taken the lock to say so, and thus
 * finds the news when it turns next. One that was not woken for what can wait is woken for what
 * cannot.
 *
 * Returns: whether to wake the reader, without the lock, as that is a system call */
static gboolean
note_news (QueenDBusMailbox *self, gboolean is_urgent)
{
  gboolean must_wake = !self->is_woken && (is_urgent || !self->is_deferring);

  g_atomic_int_set (&self->has_news, TRUE);
  self->is_woken |= must_wake;
  return must_wake;
}

QueenDBusMailbox *
queen_dbus_mailbox_new (GMainContext *reader, guint max_events, gsize max_bytes)
{
  QueenDBusMailbox *self = g_new0 (QueenDBusMailbox, 1);

  self->reader = g_main_context_ref (reader);
  self->max_events = max_events;
  self->max_bytes = max_bytes;
  g_mutex_init (&self->lock);
  self->changes = new_changes ();
  self->due = queen_fair_queue_new (G_MAXUINT);
  self->jobs = new_jobs ();
  return self;
}

/* Returns: (transfer full): what was in it */
static QueenEvent *
open_letter (QueenDBusMailbox *self, Letter *letter)
{
  QueenEvent *event = letter->event;

  g_queue_unlink (&self->letters, &letter->link);
  queen_fair_queue_leave (&letter->place);
  self->n_bytes -= event->json_length;
  g_free (letter);
  return event;
}

static gboolean
is_not_newest (gpointer item, gpointer data)
{
  const Letter *letter = item;

  return letter->link.next != NULL;
}

/* The oldest of whoever has most; but the newest is kept, however large it is.
 *
 * Returns: (nullable): one that is too many */
static Letter *
find_surplus (QueenDBusMailbox *self)
{
  Letter *burden;

  if (self->letters.length <= self->max_events &&
      (self->n_bytes <= self->max_bytes || self->letters.length == 1))
    return NULL;
  burden = queen_fair_queue_find_burden (self->due, is_not_newest, NULL);
  return burden ? burden : g_queue_peek_head (&self->letters);
}

/* Each counts, and so do its bytes. */
static void
weigh_letter (QueenDBusMailbox *self, Letter *letter)
{
  gsize n = self->max_bytes / self->max_events;

  queen_fair_queue_weigh (&letter->place, 1 + (guint) (letter->event->json_length / MAX (n, 1)));
}

/* @component: (nullable): whose event it is; the queen's own may be megabytes, and are on nobody's
 * account */
static char *
dup_asker (const QueenComponent *component)
{
  if (component && component->sender)
    return queen_sender_dup_asker (component->sender);
  return g_strdup (component ? HERE : "queen");
}

static void
keep_event (QueenDBusMailbox *self, QueenEvent *event)
{
  g_autofree char *asker = dup_asker (event->component);
  Letter *letter = g_new0 (Letter, 1);

  letter->event = queen_event_ref (event);
  letter->link.data = letter;
  g_queue_push_tail_link (&self->letters, &letter->link);
  queen_fair_queue_enter (self->due, &letter->place, asker, letter);
  weigh_letter (self, letter);
  self->n_bytes += event->json_length;
  while ((letter = find_surplus (self)))
    {
      queen_event_unref (open_letter (self, letter));
      self->n_dropped++;
    }
}

static void
drop_letters (QueenDBusMailbox *self)
{
  Letter *letter;

  while ((letter = g_queue_peek_head (&self->letters)))
    queen_event_unref (open_letter (self, letter));
}

void
queen_dbus_mailbox_put (QueenDBusMailbox *self, QueenEvent *event)
{
  gboolean is_heartbeat = (event->kind & QUEEN_EVENT_ALL_KINDS) != 0;
  gboolean is_urgent, must_wake;

  if (!is_heartbeat && !event->component)
    return;
  g_mutex_lock (&self->lock);
  if (event->component)
    g_hash_table_replace (self->changes, event->component, queen_event_ref (event));
  if (is_heartbeat)
    self->n_events++;
  if (self->wants_events && is_heartbeat)
    keep_event (self, event);
  is_urgent = self->wants_events || g_hash_table_size (self->changes) >= MAX_CHANGES;
  must_wake = note_news (self, is_urgent);
  g_mutex_unlock (&self->lock);
  if (must_wake)
    g_main_context_wakeup (self->reader);
}

void
queen_dbus_mailbox_set_n_subscribers (QueenDBusMailbox *self, guint n_subscribers)
{
  gboolean must_wake;

  g_mutex_lock (&self->lock);
  self->n_subscribers = n_subscribers;
  must_wake = note_news (self, FALSE);
  g_mutex_unlock (&self->lock);
  if (must_wake)
    g_main_context_wakeup (self->reader);
}

void
queen_dbus_mailbox_put_job (QueenDBusMailbox *self,
                            const char *id,
                            QueenDBusJobView *job,
                            const QueenDBusJobCounts *counts)
{
  gboolean must_wake;

  g_mutex_lock (&self->lock);
  if (id)
    g_hash_table_replace (self->jobs, g_strdup (id), job ? queen_dbus_job_view_ref (job) : NULL);
  self->job_counts = *counts;
  must_wake = note_news (self, g_hash_table_size (self->jobs) >= MAX_CHANGES);
  g_mutex_unlock (&self->lock);
  if (must_wake)
    g_main_context_wakeup (self->reader);
}

void
queen_dbus_mailbox_put_engine (QueenDBusMailbox *self, QueenDBusEngine *engine)
{
  QueenDBusEngine *before;
  gboolean must_wake;

  g_mutex_lock (&self->lock);
  before = self->engine;
  self->engine = queen_dbus_engine_ref (engine);
  must_wake = note_news (self, FALSE);
  g_mutex_unlock (&self->lock);
  if (must_wake)
    g_main_context_wakeup (self->reader);
  g_clear_pointer (&before, queen_dbus_engine_unref);
}

typedef struct
{
  GSource source;
  QueenDBusMailbox *mailbox;
} MailboxSource;

static gboolean
prepare_source (GSource *source, int *timeout)
{
  *timeout = -1;
  return g_atomic_int_get (&((MailboxSource *) source)->mailbox->has_news);
}

static gboolean
check_source (GSource *source)
{
  return g_atomic_int_get (&((MailboxSource *) source)->mailbox->has_news);
}

static gboolean
dispatch_source (GSource *source, GSourceFunc callback, gpointer data)
{
  return callback (data);
}

GSource *
queen_dbus_mailbox_create_source (QueenDBusMailbox *self)
{
  static GSourceFuncs functions = { prepare_source, check_source, dispatch_source, NULL };
  GSource *source = g_source_new (&functions, sizeof (MailboxSource));

  ((MailboxSource *) source)->mailbox = self;
  g_source_set_static_name (source, "mailbox");
  return source;
}

void
queen_dbus_mailbox_want_events (QueenDBusMailbox *self, gboolean is_wanted)
{
  g_mutex_lock (&self->lock);
  self->wants_events = is_wanted;
  if (!is_wanted)
    {
      drop_letters (self);
      self->n_dropped = 0;
    }
  g_mutex_unlock (&self->lock);
}

void
queen_dbus_mailbox_defer (QueenDBusMailbox *self, gboolean is_deferring)
{
  g_mutex_lock (&self->lock);
  self->is_deferring = is_deferring;
  g_mutex_unlock (&self->lock);
}

QueenDBusNews *
queen_dbus_mailbox_take (QueenDBusMailbox *self, guint max_events)
{
  QueenDBusNews *news = g_new0 (QueenDBusNews, 1);
  GHashTable *empty = new_changes ();
  GHashTable *no_jobs = new_jobs ();
  Letter *letter;

  news->events = g_ptr_array_new_with_free_func ((GDestroyNotify) queen_event_unref);

  g_mutex_lock (&self->lock);
  g_atomic_int_set (&self->has_news, FALSE);
  self->is_woken = FALSE;
  news->changes = self->changes;
  self->changes = empty;
  news->jobs = self->jobs;
  self->jobs = no_jobs;
  news->job_counts = self->job_counts;
  news->engine = g_steal_pointer (&self->engine);
  news->n_events = self->n_events;
  news->n_subscribers = self->n_subscribers;
  while (news->events->len < max_events && (letter = g_queue_peek_head (&self->letters)))
    g_ptr_array_add (news->events, open_letter (self, letter));
  if (max_events > 0)
    {
      news->n_dropped = self->n_dropped;
      self->n_dropped = 0;
    }
  g_mutex_unlock (&self->lock);
  return news;
}

void
queen_dbus_news_free (QueenDBusNews *news)
{
  g_hash_table_unref (news->changes);
  g_hash_table_unref (news->jobs);
  g_ptr_array_unref (news->events);
  g_clear_pointer (&news->engine, queen_dbus_engine_unref);
  g_free (news);
}

void
queen_dbus_mailbox_free (QueenDBusMailbox *self)
{
  drop_letters (self);
  queen_fair_queue_free (self->due);
  g_hash_table_unref (self->changes);
  g_hash_table_unref (self->jobs);
  g_clear_pointer (&self->engine, queen_dbus_engine_unref);
  g_mutex_clear (&self->lock);
  g_main_context_unref (self->reader);
  g_free (self);
}
