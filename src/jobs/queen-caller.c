/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-caller.h"

#include <sys/resource.h>

#include "loop/queen-threads.h"
#include "net/queen-caps.h"
#include "queen-call.h"
#include "queen-intake.h"

#define LEAST 2                             /* of which one who asks may have one */
#define TURN (G_TIME_SPAN_MILLISECOND)      /* µs, for those who say little */
#define MOST (10 * G_TIME_SPAN_MILLISECOND) /* µs that a turn counts for: of an event of 1 MiB */

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
  gint64 start = g_get_monotonic_time (), now = start;
  gboolean is_much = FALSE;
  QueenCall *call;

  while (!is_much && now - start < TURN && (call = queen_cost_queue_take (self->eager)))
    {
      gint64 before = now;

      is_much = queen_call_go_on (call);
      now = g_get_monotonic_time ();
      queen_cost_queue_charge (self->eager, now - before);
    }
  if (queen_cost_queue_get_length (self->eager) == 0)
    end_turns (self);
  return G_SOURCE_CONTINUE;
}

void
queen_caller_put_off (QueenCaller *self, QueenCostPlace *place, const char *turn, gpointer call)
{
  queen_cost_queue_enter (self->eager, place, turn, call);
  if (self->eager_source)
    return;
  self->eager_source = g_idle_source_new ();
  g_source_set_priority (self->eager_source, G_PRIORITY_DEFAULT);
  g_source_set_callback (self->eager_source, on_next_turn, self, NULL);
  g_source_attach (self->eager_source, self->context);
}

/* What nobody else has: portions of more than there is would leave nothing for others. */
static void
share_descriptors (QueenCaller *self, guint max_calls)
{
  struct rlimit limit = { 0 };

  getrlimit (RLIMIT_NOFILE, &limit);
  self->max_kept = max_calls * QUEEN_CALLER_KEPT_PARTS / QUEEN_CALLER_PARTS;
  self->max_relays = MAX (max_calls * QUEEN_CALLER_RELAY_PARTS / QUEEN_CALLER_PARTS, LEAST);
  self->max_tries = max_calls - self->max_kept - self->max_relays;
  self->brink = queen_caps_find_brink (limit.rlim_cur);
}

QueenCaller *
queen_caller_new (const QueenReach *reach,
                  QueenWorkerTokens *tokens,
                  GTlsDatabase *trusted,
                  guint max_calls)
{
  QueenCaller *self = g_new0 (QueenCaller, 1);

  self->reach = reach;
  self->tokens = tokens;
  self->names = queen_names_new ();
  share_descriptors (self, max_calls);
  self->context = g_main_context_ref_thread_default ();
  self->lanes = queen_lanes_new (trusted, self->brink);
  self->heads = queen_head_limits_new ();
  self->sockets = queen_intakes_new ();
  self->chat_only = queen_chat_only_new ();
  queen_call_shares_init (&self->tries, self->max_tries);
  queen_call_shares_init (&self->unfinished, QUEEN_CALLER_MAX_UNFINISHED);
  self->eager = queen_cost_queue_new (MOST);
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
  g_atomic_int_set (&figures->n_tries, (int) queen_call_shares_get_taken (&self->tries));
  g_atomic_int_set (&figures->n_unfinished, (int) queen_call_shares_get_taken (&self->unfinished));
}

gboolean
queen_caller_admit (QueenCaller *self, const QueenCallParties *parties)
{
  gboolean is_admitted = queen_call_shares_hold (&self->tries, parties, 0, 1);

  queen_caller_note_figures (self);
  return is_admitted;
}

void
queen_caller_dismiss (QueenCaller *self, const QueenCallParties *parties)
{
  queen_call_shares_hold (&self->tries, parties, 1, 0);
  queen_caller_note_figures (self);
}

gboolean
queen_caller_hold (QueenCaller *self, const QueenCallParties *parties, gsize n_before, gsize n_now)
{
  gboolean has_room = queen_call_shares_hold (&self->unfinished, parties, n_before, n_now);

  if (n_now != n_before)
    queen_caller_note_figures (self);
  return has_room;
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
  queen_call_shares_clear (&self->tries);
  queen_call_shares_clear (&self->unfinished);
  queen_cost_queue_free (self->eager);
  queen_dialect_maker_free (self->dialects);
  g_clear_pointer (&self->tokens, queen_worker_tokens_unref);
  g_main_context_unref (self->context);
  g_free (self->buffer);
  g_free (self);
}
