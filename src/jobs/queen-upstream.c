/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-upstream-private.h"

#include "loop/queen-threads.h"
#include "net/queen-caps.h"
#include "queen-error.h"
#include "queen-readiness.h"
#include "queen-soup.h"
#include "queen-tls-calls.h"
#include "queen-trust.h"

#define END_PATIENCE 5 /* s, for what needs threads when there are none */

struct _QueenUpstream
{
  GThread *thread;
  GMainContext *context;
  GMainLoop *loop;
  QueenMailbox *mailbox;
  QueenMailbox *errands; /* the other way */
  QueenMailSender own;   /* of errands that nobody asks for: no sender has that name */
  QueenReach *reach;
  char *token_file;          /* NULL when there is none */
  QueenWorkerTokens *tokens; /* what the thread begins with */
  GTlsDatabase *trusted;     /* NULL for the system's */
  int n_paused;              /* atomic */
  int is_resuming;           /* atomic: the thread is on its way to look at the paused ones */
  QueenCallerFigures calling;
  GMutex lock;
  QueenUpstreamFigures figures; /* under the lock: what is counted up */

  QueenCaller *caller;       /* the thread's own, as is what follows */
  QueenReadiness *readiness; /* NULL when GLib waits for each socket by itself */
  GQueue paused;
};

/* The thread that calls */

/* Before the thread begins: whoever sees that she is ready sees each of her descriptors. */
static void
make_caller (QueenUpstream *self, guint max_calls)
{
  g_main_context_push_thread_default (self->context);
  self->caller =
      queen_caller_new (self->reach, g_steal_pointer (&self->tokens), self->trusted, max_calls);
  self->caller->figures = &self->calling;
  self->readiness = queen_readiness_new ();
  g_main_context_pop_thread_default (self->context);
}

static gboolean
on_second_of_end (gpointer n_left)
{
  queen_threads_revive_tasks ();
  (*(guint *) n_left)--;
  return G_SOURCE_CONTINUE;
}

/* What has been cancelled has to be told so, or it would be lost.
 *
 * Returns: whether all has; else there were no threads for it */
static gboolean
await_pending (QueenUpstream *self)
{
  g_autoptr (GSource) source = g_timeout_source_new (1000);
  guint n_left = END_PATIENCE;

  g_source_set_callback (source, on_second_of_end, &n_left, NULL);
  g_source_attach (source, self->context);
  while (self->caller->n_pending > 0 && n_left > 0)
    g_main_context_iteration (self->context, TRUE);
  g_source_destroy (source);
  return self->caller->n_pending == 0;
}

static gpointer
run_thread (gpointer data)
{
  QueenUpstream *self = data;

  g_main_context_push_thread_default (self->context);
  if (self->readiness)
    queen_readiness_enter (self->readiness);
  g_main_loop_run (self->loop);
  queen_caller_end (self->caller);
  if (await_pending (self))
    {
      queen_caller_free (self->caller);
      while (g_main_context_iteration (self->context, FALSE))
        ;
      g_clear_pointer (&self->readiness, queen_readiness_free);
    }
  g_main_context_pop_thread_default (self->context);
  return NULL;
}

typedef struct
{
  QueenMail mail;
  QueenUpstream *upstream;
  gint64 given_at; /* µs, monotonic */
  void (*func) (gpointer data);
  gpointer data;
} Errand;

static void
count_errand (QueenUpstream *self, const Errand *errand, int n)
{
  g_mutex_lock (&self->lock);
  self->figures.n_errands += (guint) n;
  if (n < 0)
    queen_histogram_add (&self->figures.lag, g_get_monotonic_time () - errand->given_at, 1);
  g_mutex_unlock (&self->lock);
}

static void
on_errand (QueenMail *mail, gboolean is_wanted)
{
  Errand *errand = (Errand *) mail;

  count_errand (errand->upstream, errand, -1);
  if (is_wanted)
    errand->func (errand->data);
  g_free (errand);
}

/* To begin or end a call takes long: the thread looks at the clock after each. */
static Errand *
new_errand (QueenUpstream *self,
            QueenMailSender *sender,
            void (*func) (gpointer data),
            gpointer data)
{
  Errand *errand = g_new0 (Errand, 1);

  errand->mail.deliver = on_errand;
  errand->mail.size = sizeof *errand;
  errand->mail.is_much = TRUE;
  errand->mail.sender = sender ? sender : &self->own;
  errand->upstream = self;
  errand->given_at = g_get_monotonic_time ();
  errand->func = func;
  errand->data = data;
  return errand;
}

static void
give_errand (Errand *errand)
{
  count_errand (errand->upstream, errand, 1);
  queen_mailbox_put (errand->upstream->errands, &errand->mail);
}

/* Whoever begins thousands is not to have others wait for all of that. */
void
queen_upstream_invoke (QueenUpstream *self,
                       QueenMailSender *sender,
                       void (*func) (gpointer data),
                       gpointer data)
{
  give_errand (new_errand (self, sender, func, data));
}

/* A worker's place is somebody else's as soon as the main thread has taken it back; who came there
 * before the end of whose it was would be told that it is busy. */
void
queen_upstream_invoke_first (QueenUpstream *self,
                             QueenMailSender *sender,
                             void (*func) (gpointer data),
                             gpointer data)
{
  Errand *errand = new_errand (self, sender, func, data);

  errand->mail.comes_first = TRUE;
  give_errand (errand);
}

QueenMailbox *
queen_upstream_get_errands (QueenUpstream *self)
{
  return self->errands;
}

QueenMailbox *
queen_upstream_get_mailbox (QueenUpstream *self)
{
  return self->mailbox;
}

QueenCaller *
queen_upstream_get_caller (QueenUpstream *self)
{
  return self->caller;
}

GQueue *
queen_upstream_get_paused (QueenUpstream *self)
{
  return &self->paused;
}

void
queen_upstream_note_paused (QueenUpstream *self)
{
  g_mutex_lock (&self->lock);
  self->figures.n_pauses += (int) self->paused.length > g_atomic_int_get (&self->n_paused);
  g_mutex_unlock (&self->lock);
  g_atomic_int_set (&self->n_paused, (int) self->paused.length);
}

void
queen_upstream_get_figures (QueenUpstream *self, QueenUpstreamFigures *figures)
{
  g_mutex_lock (&self->lock);
  *figures = self->figures;
  g_mutex_unlock (&self->lock);
  figures->n_calls = (guint) g_atomic_int_get (&self->calling.n_calls);
  figures->n_tries = (guint) g_atomic_int_get (&self->calling.n_tries);
  figures->max_tries = self->caller->max_tries; /* it does not change */
  figures->max_relays = self->caller->max_relays;
  figures->n_unfinished = (guint) g_atomic_int_get (&self->calling.n_unfinished);
  figures->max_unfinished = QUEEN_CALLER_MAX_UNFINISHED;
  figures->n_paused = (guint) g_atomic_int_get (&self->n_paused);
  figures->n_bytes = queen_mailbox_get_n_bytes (self->mailbox);
  figures->max_bytes = QUEEN_UPSTREAM_MAX_ALL_WAITING;
}

static void
resume (gpointer data)
{
  QueenUpstream *self = data;

  g_atomic_int_set (&self->is_resuming, FALSE);
  queen_attempts_resume (self);
  queen_upstream_note_paused (self);
}

static void
on_mail_delivered (gpointer data)
{
  QueenUpstream *self = data;

  if (g_atomic_int_get (&self->n_paused) > 0 &&
      g_atomic_int_compare_and_exchange (&self->is_resuming, FALSE, TRUE))
    queen_upstream_invoke (self, NULL, resume, self);
}

/* Whatever else it is to do was given to it before. */
static void
end_thread (gpointer data)
{
  QueenUpstream *self = data;

  if (queen_mailbox_get_n_bytes (self->errands) > 0)
    queen_upstream_invoke (self, NULL, end_thread, self);
  else
    g_main_loop_quit (self->loop);
}

/* Settings */

static gboolean
load_settings (QueenUpstream *self, const QueenUpstreamSettings *settings, GError **error)
{
  self->reach = queen_reach_new (settings->networks, error);
  if (!self->reach)
    return FALSE;
  self->token_file = g_strdup (settings->token_file);
  if (self->token_file)
    {
      self->tokens = queen_worker_tokens_new_from_file (self->token_file, error);
      if (!self->tokens)
        return FALSE;
    }
  if (settings->ca_file)
    {
      self->trusted = queen_trust_new (settings->ca_file, error);
      if (!self->trusted)
        {
          g_prefix_error (error, "%s: ", settings->ca_file);
          return FALSE;
        }
    }
  return TRUE;
}

static void
free_settings (QueenUpstream *self)
{
  g_clear_pointer (&self->reach, queen_reach_free);
  g_clear_pointer (&self->tokens, queen_worker_tokens_unref);
  g_clear_object (&self->trusted);
  g_free (self->token_file);
  g_mutex_clear (&self->lock);
  g_free (self);
}

QueenUpstream *
queen_upstream_new (const QueenUpstreamSettings *settings, GError **error)
{
  QueenUpstream *self = g_new0 (QueenUpstream, 1);

  g_mutex_init (&self->lock);
  if (!load_settings (self, settings, error))
    {
      free_settings (self);
      return NULL;
    }
  queen_soup_prepare ();
  queen_tls_calls_prepare (); /* which sets a variable, too: before there is another thread */
  self->context = g_main_context_new ();
  self->loop = g_main_loop_new (self->context, FALSE);
  self->mailbox = queen_mailbox_new (g_main_context_default (), on_mail_delivered, self);
  self->errands = queen_mailbox_new (self->context, NULL, NULL);
  queen_mail_sender_init (&self->own, self->errands, "queen");
  make_caller (self, settings->max_calls > 0 ? settings->max_calls : QUEEN_CAPS_MAX_CALLS);
  self->thread = g_thread_new ("workers", run_thread, self);
  return self;
}

typedef struct
{
  QueenUpstream *upstream;
  QueenWorkerTokens *tokens;
} Change;

static void
change_tokens (gpointer data)
{
  Change *change = data;

  queen_caller_set_tokens (change->upstream->caller, change->tokens);
  g_free (change);
}

gboolean
queen_upstream_has_tokens (const QueenUpstream *self)
{
  return self->token_file != NULL;
}

QueenWorkerTokens *
queen_upstream_read_tokens (QueenUpstream *self, GError **error)
{
  return queen_worker_tokens_new_from_file (self->token_file, error);
}

void
queen_upstream_take_tokens (QueenUpstream *self, QueenWorkerTokens *tokens)
{
  Change *change = g_new0 (Change, 1);

  change->upstream = self;
  change->tokens = tokens;
  queen_upstream_invoke (self, NULL, change_tokens, change);
}

void
queen_upstream_free (QueenUpstream *self)
{
  queen_upstream_invoke (self, NULL, end_thread, self);
  g_thread_join (self->thread);
  queen_mailbox_free (self->mailbox);
  queen_mail_sender_clear (&self->own);
  queen_mailbox_free (self->errands);
  g_main_loop_unref (self->loop);
  g_main_context_unref (self->context);
  free_settings (self);
}
