/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-caller.h"

#include <sys/resource.h>

#include "loop/queen-threads.h"
#include "net/queen-caps.h"
#include "queen-call.h"
#include "queen-intake.h"

#define KEPT_PART 16 /* of the descriptors that there may be */

static void
on_calls_due (gpointer data)
{
  queen_calls_expire (data);
}

static void
end_turns (QueenCaller *self)
{
  if (!self->eager_source)
    return;
  g_source_destroy (self->eager_source);
  g_clear_pointer (&self->eager_source, g_source_unref);
}

/* Not only when there is nothing else to do: where a thousand answers come all the time, there
 * always is. */
static gboolean
on_next_turn (gpointer data)
{
  QueenCaller *self = data;
  GList *link = g_queue_pop_head_link (&self->eager);

  if (link)
    queen_call_go_on (link->data);
  if (self->eager.length == 0)
    end_turns (self);
  return G_SOURCE_CONTINUE;
}

void
queen_caller_put_off (QueenCaller *self, GList *link, gboolean is_last)
{
  if (is_last)
    g_queue_push_tail_link (&self->eager, link);
  else
    g_queue_push_head_link (&self->eager, link);
  if (self->eager_source)
    return;
  self->eager_source = g_idle_source_new ();
  g_source_set_priority (self->eager_source, G_PRIORITY_DEFAULT);
  g_source_set_callback (self->eager_source, on_next_turn, self, NULL);
  g_source_attach (self->eager_source, self->context);
}

/* Of a connection that nobody needs now the descriptor is kept from those who come. */
static void
share_descriptors (QueenCaller *self)
{
  struct rlimit limit = { 0 };

  getrlimit (RLIMIT_NOFILE, &limit);
  self->max_kept = (guint) MIN (limit.rlim_cur / KEPT_PART, QUEEN_CALLER_MAX_KEPT);
  self->brink = queen_caps_find_brink (limit.rlim_cur);
}

QueenCaller *
queen_caller_new (const QueenReach *reach, QueenWorkerTokens *tokens, GTlsDatabase *trusted)
{
  QueenCaller *self = g_new0 (QueenCaller, 1);

  self->reach = reach;
  self->tokens = tokens;
  self->names = queen_names_new ();
  share_descriptors (self);
  self->context = g_main_context_ref_thread_default ();
  self->lanes = queen_lanes_new (trusted, self->brink);
  self->heads = queen_head_limits_new ();
  self->sockets = queen_intakes_new ();
  self->chat_only = queen_chat_only_new ();
  self->tries = queen_portions_new (QUEEN_CALLER_MAX_TRIES);
  self->unfinished = queen_portions_new (QUEEN_CALLER_MAX_UNFINISHED);
  self->dialects = queen_dialect_maker_new (&self->n_pending);
  self->alarm =
      queen_alarm_new (&queen_clock_system, "calls", G_PRIORITY_DEFAULT, on_calls_due, self);
  self->buffer = g_malloc (QUEEN_CALLER_BUFFER);
  return self;
}

void
queen_caller_set_tokens (QueenCaller *self, QueenWorkerTokens *tokens)
{
  g_clear_pointer (&self->tokens, queen_worker_tokens_unref);
  self->tokens = tokens;
}

void
queen_caller_revive (QueenCaller *self)
{
  gint64 now = g_get_monotonic_time ();

  if (now < self->revived_at + G_USEC_PER_SEC)
    return;
  self->revived_at = now;
  queen_threads_revive_tasks ();
}

void
queen_caller_note_figures (QueenCaller *self)
{
  QueenCallerFigures *figures = self->figures;

  if (!figures)
    return;
  g_atomic_int_set (&figures->n_calls, (int) self->calls.length);
  g_atomic_int_set (&figures->n_tries, (int) queen_portions_get_taken (self->tries));
  g_atomic_int_set (&figures->n_unfinished, (int) queen_portions_get_taken (self->unfinished));
}

gboolean
queen_caller_admit (QueenCaller *self, const char *host)
{
  if (!queen_portions_may_take (self->tries, host, 1))
    return FALSE;
  queen_portions_take (self->tries, host, 1);
  queen_caller_note_figures (self);
  return TRUE;
}

void
queen_caller_dismiss (QueenCaller *self, const char *host)
{
  queen_portions_give_back (self->tries, host, 1);
  queen_caller_note_figures (self);
}

gboolean
queen_caller_hold (QueenCaller *self, const char *host, gsize n_before, gsize n_now)
{
  if (n_now == n_before)
    return TRUE;
  if (n_now > n_before && !queen_portions_may_take (self->unfinished, host, n_now - n_before))
    return FALSE;
  queen_portions_give_back (self->unfinished, host, n_before);
  queen_portions_take (self->unfinished, host, n_now);
  queen_caller_note_figures (self);
  return TRUE;
}

void
queen_caller_end (QueenCaller *self)
{
  while (self->calls.length > 0)
    queen_call_cancel (g_queue_peek_head (&self->calls));
}

void
queen_caller_free (QueenCaller *self)
{
  end_turns (self);
  queen_names_free (self->names);
  queen_lanes_free (self->lanes);
  queen_head_limits_free (self->heads);
  g_clear_pointer (&self->sockets, queen_epoll_free);
  queen_alarm_free (self->alarm);
  queen_chat_only_free (self->chat_only);
  queen_portions_free (self->tries);
  queen_portions_free (self->unfinished);
  queen_dialect_maker_free (self->dialects);
  g_clear_pointer (&self->tokens, queen_worker_tokens_unref);
  g_main_context_unref (self->context);
  g_free (self->buffer);
  g_free (self);
}
