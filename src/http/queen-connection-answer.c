/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-connection-private.h"

#include <errno.h>

#include "queen-answer.h"
#include "queen-error.h"

#define MAX_DRAINED (256 * 1024)            /* bytes; more where larger bodies are taken */
#define MAX_DRAINED_AT_ONCE (64 * 1024)     /* of these, until others have a turn */
#define PATIENCE G_USEC_PER_SEC             /* with one that takes nothing while others want room */
#define MAX_TRIED 64                        /* who are asked to make room */
#define MAX_REMOVED 64                      /* who make it, until the main loop may turn */
#define LONG_PATIENCE (10 * G_USEC_PER_SEC) /* with one that takes a little, likewise */

/* What is held */

static gint64
get_now (const QueenConnection *self)
{
  return self->settings->deadlines[QUEEN_WAIT_ANSWER].clock->get_monotonic ();
}

/* Returns: µs that the client has had for its answer so far: it is not its fault when it would take
 * more, and waits for its turn */
static gint64
get_time_had (const QueenConnection *self)
{
  gint64 end = queen_cost_queue_is_waiting (&self->turn) ? self->writable_at : get_now (self);

  return end - self->answered_at;
}

/* Whether it will not have taken all when its time is over, as it looks after a second. Who will
 * has it whole, or two could push out each other for ever. */
static gboolean
is_late (gpointer owner)
{
  const QueenConnection *self = owner;
  gint64 age = get_time_had (self);

  return age >= PATIENCE &&
         (double) self->delivery.n_sent * LONG_PATIENCE <
             (double) queen_answer_get_size (&self->delivery.answer) * (double) age;
}

/* It waits behind others on its connection, which its client has not taken: else the kernel would
 * have it. */
static gboolean
make_room_for_small (QueenConnection *self)
{
  QueenConnectionSettings *settings = self->settings;
  const QueenAnswer *answer = &self->delivery.answer;
  gsize cost = queen_answer_get_cost (answer);

  while (!queen_budgets_has_room (settings->budgets, QUEEN_BUDGET_SMALL_ANSWERS, cost))
    {
      QueenConnection *burden =
          queen_readers_find_greediest (settings->small_readers, &self->client,
                                        g_bytes_get_size (answer->head), is_late);

      if (!burden)
        return FALSE;
      settings->tally->refusals[QUEEN_REFUSAL_ANSWER_BUDGET]++;
      queen_connection_remove (burden);
    }
  return TRUE;
}

/* It has to wait. Returns FALSE when there is no room for it, and the connection is no more. */
static gboolean
hold_answer (QueenConnection *self)
{
  QueenConnectionSettings *settings = self->settings;
  const QueenAnswer *answer = &self->delivery.answer;
  gboolean is_large = queen_answer_is_large (answer);

  if (self->delivery.is_held)
    return TRUE;
  queen_connection_enter_state (self, STATE_ANSWER);
  self->answered_at = get_now (self);
  if (!is_large && !make_room_for_small (self))
    {
      settings->tally->refusals[QUEEN_REFUSAL_ANSWER_BUDGET]++;
      queen_connection_remove (self);
      return FALSE;
    }
  queen_delivery_hold (&self->delivery, &self->socket, &self->client, settings->budgets);
  self->readers = is_large ? settings->readers : settings->small_readers;
  queen_readers_enter (self->readers, &self->reader, &self->client,
                       is_large && answer->body ? answer->body : answer->head, self);
  return TRUE;
}

void
queen_connection_clear_answer (QueenConnection *self)
{
  self->is_doomed = FALSE;
  if (self->readers)
    queen_readers_release (self->readers, &self->reader);
  queen_delivery_clear (&self->delivery, &self->socket, self->settings->budgets);
}

/* Answering */

void
queen_connection_begin_linger (QueenConnection *self)
{
  shutdown (self->socket.fd, SHUT_WR);
  queen_socket_end_reading (&self->socket);
  queen_connection_enter_state (self, STATE_LINGER);
  queen_cost_queue_leave (&self->turn);
  queen_connection_linger (self);
}

/* RFC 9112 § 9.6: whoever closes with unread data in the buffer resets the connection, and the
 * client loses the answer. So the rest is read and thrown away, within bounds, and in turns: who is
 * near says more as fast as it is read. It is not read to where another's request may still lie,
 * whose handler has finished this exchange. */
void
queen_connection_linger (QueenConnection *self)
{
  char input[16384];
  gsize n_before = self->n_drained;
  gssize n_bytes = 0;

  if (queen_cost_queue_is_waiting (&self->turn))
    return;
  while (self->n_drained - n_before < MAX_DRAINED_AT_ONCE &&
         (n_bytes = queen_socket_drain (&self->socket, input, sizeof input)) > 0)
    {
      self->n_drained += (gsize) n_bytes;
      if (self->n_drained > MAX (MAX_DRAINED, self->max_drained))
        {
          queen_connection_remove (self);
          return;
        }
    }
  if (n_bytes > 0)
    queen_run_queue_enter_later (self->settings->writers, &self->turn,
                                 queen_connection_get_asker (self), self);
  else if (n_bytes == 0 || (errno != EAGAIN && errno != EINTR))
    queen_connection_remove (self);
}

/* What has come in time is thrown away in its turn, or the answer would be lost. */
void
queen_connection_time_out_linger (QueenConnection *self)
{
  if (!queen_cost_queue_is_waiting (&self->turn))
    {
      queen_connection_remove (self);
      return;
    }
  queen_connection_end_wait (self, QUEEN_WAIT_LINGER);
  queen_connection_begin_wait (self, QUEEN_WAIT_LINGER);
}

/* It has taken something, and so gets its time anew. */
void
queen_connection_restart_answer_wait (QueenConnection *self)
{
  queen_connection_end_wait (self, QUEEN_WAIT_ANSWER);
  queen_connection_begin_wait (self, QUEEN_WAIT_ANSWER);
  queen_delivery_mark (&self->delivery, &self->socket);
}

/* Whether the client may have said more than was read: of TLS nobody knows, as only a record was.
 * To ask the kernel is worth it only when the answer is still on its way. */
static gboolean
may_have_unread_data (QueenConnection *self)
{
  return self->has_unread_data || self->socket.tls ||
         (self->delivery.n_sent > QUEEN_ANSWER_SMALL / 2 && queen_socket_has_input (&self->socket));
}

/* Who waits for the queen has no time that could run out. */
static void
await_turn (QueenConnection *self)
{
  queen_connection_end_wait (self, QUEEN_WAIT_ANSWER);
  self->writable_at = get_now (self);
}

/* What is small the kernel takes at once, and nobody waits for a turn with it. */
static void
write_answer (QueenConnection *self)
{
  gsize n_before = self->delivery.n_sent;
  QueenDeliveryResult result = queen_delivery_send (&self->delivery, &self->socket);

  if (result == QUEEN_DELIVERY_DONE)
    self->is_hurried |= queen_delivery_release (&self->delivery, &self->socket);
  if (result == QUEEN_DELIVERY_DONE && self->is_persistent)
    {
      queen_connection_begin_next (self);
      return;
    }
  if (result == QUEEN_DELIVERY_FAILED ||
      (result == QUEEN_DELIVERY_DONE && !may_have_unread_data (self)))
    {
      queen_connection_remove (self);
      return;
    }
  if (!queen_connection_watch (self))
    return;
  if (result == QUEEN_DELIVERY_DONE)
    {
      queen_connection_clear_answer (self);
      queen_connection_begin_linger (self);
      return;
    }
  if (!hold_answer (self))
    return;
  if (result == QUEEN_DELIVERY_PAUSED)
    {
      await_turn (self);
      queen_run_queue_enter_later (self->settings->writers, &self->turn,
                                   queen_connection_get_asker (self), self);
    }
  else if (self->delivery.n_sent > n_before ||
           !queen_deadline_is_on (&self->waits[QUEEN_WAIT_ANSWER]))
    queen_connection_restart_answer_wait (self);
}

void
queen_connection_write_in_turn (QueenConnection *self)
{
  self->answered_at += get_now (self) - self->writable_at;
  write_answer (self);
}

void
queen_connection_go_on_with_answer (QueenConnection *self, guint events)
{
  if (events == 0)
    write_answer (self);
  else if (events & EPOLLOUT && !queen_cost_queue_is_waiting (&self->turn))
    {
      await_turn (self);
      queen_run_queue_enter (self->settings->writers, &self->turn,
                             queen_connection_get_asker (self), self);
    }
}

/* Whether it has had its time, as others want room: it takes nothing, or has taken long. */
static gboolean
is_slow (const QueenConnection *self)
{
  return get_time_had (self) >= LONG_PATIENCE ||
         (queen_deadline_get_age (&self->waits[QUEEN_WAIT_ANSWER]) >= PATIENCE &&
          !queen_delivery_has_moved (&self->delivery, &self->socket));
}

/* Whether there is more room for large ones when it has gone, or when all have who wait for the
 * same. */
static gboolean
holds_memory (const QueenConnection *self)
{
  const QueenAnswer *answer = &self->delivery.answer;

  return queen_answer_is_large (answer) &&
         (!answer->body || !queen_budgets_is_kept (self->settings->budgets, answer->body));
}

/* @is_wanted: (nullable): whether it is of use
 *
 * Returns: (nullable): who may go, of those that have taken nothing for longest */
static QueenConnection *
find_slow (QueenConnectionSettings *settings, gboolean (*is_wanted) (const QueenConnection *self))
{
  GList *link = settings->deadlines[QUEEN_WAIT_ANSWER].queue.head;

  for (int i = 0; i < MAX_TRIED && link; i++, link = link->next)
    if ((!is_wanted || is_wanted (link->data)) && is_slow (link->data))
      return link->data;
  return NULL;
}

gboolean
queen_connection_evict_idle (QueenConnectionSettings *settings)
{
  QueenConnection *slow = find_slow (settings, NULL);

  if (slow)
    queen_connection_remove (slow);
  return slow != NULL;
}

/* However busily it reads: one address shall not hold it all while another gets nothing.
 *
 * Returns: (nullable): who is to make room for @size bytes */
static QueenConnection *
find_burden (QueenConnection *self, gsize size)
{
  QueenConnection *slow = find_slow (self->settings, holds_memory);

  return slow
             ? slow
             : queen_readers_find_greediest (self->settings->readers, &self->client, size, is_late);
}

static void
doom (gpointer owner)
{
  QueenConnection *self = owner;

  self->is_doomed = TRUE;
  if (!queen_deadline_is_on (&self->waits[QUEEN_WAIT_TURN]))
    queen_connection_begin_wait (self, QUEEN_WAIT_TURN);
}

gboolean
queen_connection_is_handled (const QueenConnection *self)
{
  return self->state == STATE_HANDLER || self->state == STATE_PATIENT_HANDLER;
}

void
queen_connection_give_up (QueenConnection *self, QueenRefusal reason, const GError *error)
{
  void (*on_gone) (gpointer data) = g_steal_pointer (&self->on_gone);

  if (on_gone)
    on_gone (self->data);
  queen_connection_refuse (self, reason, error);
}

/* It may come again when there is more room. */
static void
give_up_displaced (QueenConnection *self)
{
  g_autoptr (GError) error =
      g_error_new_literal (QUEEN_ERROR, QUEEN_ERROR_UNAVAILABLE, "too many wait for answers");

  queen_connection_give_up (self, QUEEN_REFUSAL_CONNECTION_CAP, error);
}

static void
give_up_revoked (QueenConnection *self)
{
  g_autoptr (GError) error = g_error_new_literal (QUEEN_ERROR, QUEEN_ERROR_UNAUTHORIZED,
                                                  "the token was taken away meanwhile");

  queen_connection_give_up (self, QUEEN_REFUSAL_TOKEN, error);
}

gboolean
queen_connection_refuse_revoked (QueenConnection *self)
{
  if (!self->is_revoked)
    return FALSE;
  self->on_gone = NULL;
  give_up_revoked (self);
  return TRUE;
}

void
queen_connection_end_owned (QueenConnection *self,
                            gboolean (*is_over) (guint owner, gpointer data),
                            gpointer data)
{
  if (!queen_connection_is_handled (self) || self->is_revoked || !is_over (self->owner, data))
    return;
  self->is_revoked = TRUE;
  if (!queen_deadline_is_on (&self->waits[QUEEN_WAIT_TURN]))
    queen_connection_begin_wait (self, QUEEN_WAIT_TURN);
}

void
queen_connection_take_turn (QueenConnection *self)
{
  queen_connection_end_wait (self, QUEEN_WAIT_TURN);
  if (queen_connection_is_handled (self) && self->is_revoked)
    {
      give_up_revoked (self);
      return;
    }
  if (queen_connection_is_handled (self) && self->is_displaced)
    {
      give_up_displaced (self);
      return;
    }
  if (!self->is_doomed)
    return;
  self->settings->tally->refusals[QUEEN_REFUSAL_ANSWER_BUDGET]++;
  queen_connection_remove (self);
}

void
queen_connection_speak_openai (QueenConnection *self)
{
  self->speaks_openai = TRUE;
}

/* Of a request that was refused by its head or body, the path says it. */
static gboolean
speaks_openai (const QueenConnection *self)
{
  const QueenRequestRules *rules = &self->settings->rules;
  const GString *head = self->request.accepted;

  if (self->state >= STATE_HANDLER)
    return self->speaks_openai;
  return rules->speaks_openai && head &&
         rules->speaks_openai (queen_request_head_find_path ((QueenText){ head->str, head->len }),
                               rules->data);
}

/* Sees that @answer may be held if it has to be, as far as others can make room for it. A small one
 * is never refused: whoever holds large ones back shall not keep heartbeats from their answers. One
 * that costs nothing now may later, and so what is held already has to fit.
 *
 * Thousands may wait for the same text, which is held until the last of them has gone: so they go a
 * few at a time, and the room that this makes is for whoever asks then. */
static gboolean
make_room_for_answer (QueenConnection *self, const QueenAnswer *answer)
{
  QueenBudgets *budgets = self->settings->budgets;
  gsize size = queen_delivery_get_size (answer, budgets);
  gsize cost = size > QUEEN_ANSWER_SMALL ? size : 0;

  if (!queen_answer_is_large (answer))
    return TRUE;
  for (guint n = 0; !queen_budgets_has_room (budgets, QUEEN_BUDGET_ANSWERS, cost); n++)
    {
      QueenConnection *burden = find_burden (self, queen_answer_get_size (answer));

      if (burden && n == MAX_REMOVED)
        queen_readers_foreach_of_text (&burden->reader, doom);
      if (!burden || burden->is_doomed || n == MAX_REMOVED)
        return FALSE;
      queen_connection_remove (burden);
      self->settings->tally->refusals[QUEEN_REFUSAL_ANSWER_BUDGET]++;
    }
  return TRUE;
}

void
queen_connection_begin_answer (QueenConnection *self, QueenAnswer *answer)
{
  g_autoptr (GError) error = NULL;

  queen_connection_clear_request (self);
  if (!make_room_for_answer (self, answer))
    {
      self->settings->tally->refusals[QUEEN_REFUSAL_ANSWER_BUDGET]++;
      g_set_error_literal (&error, QUEEN_ERROR, QUEEN_ERROR_UNAVAILABLE,
                           queen_delivery_get_size (answer, self->settings->budgets) >
                                   queen_budget_get_most (QUEEN_BUDGET_ANSWERS)
                               ? "the answer is too large: ask for it in pages (?limit=)"
                               : "too many answers wait for those who asked");
      queen_answer_clear (answer);
      answer->head = queen_answer_to_bytes (error, self->speaks_openai);
    }
  self->is_persistent &= answer->is_persistent;
  answer->is_persistent = self->is_persistent;
  if (queen_answer_is_large (answer) &&
      !self->is_persistent) /* it may take long, and a session is large, too */
    queen_socket_end_reading (&self->socket);
  queen_delivery_begin (&self->delivery, answer);
  queen_connection_pass_state (self, STATE_ANSWER);
  write_answer (self);
}

void
queen_connection_answer (QueenConnection *self, QueenAnswer *answer)
{
  g_return_if_fail (queen_connection_is_handled (self));

  self->on_gone = NULL;
  queen_connection_begin_answer (self, answer);
}

QueenSocket
queen_connection_hand_over (QueenConnection *self)
{
  QueenSocket socket;

  g_return_val_if_fail (queen_connection_is_handled (self), ((QueenSocket){ .fd = -1 }));

  self->on_gone = NULL;
  socket = queen_connection_steal_socket (self);
  queen_connection_remove (self);
  return socket;
}

/* Whose answers come later have done all that they can, so nothing tells who of them is to go: they
 * have no more than a part of all places. Whoever has most of them makes room, or who came last. */
void
queen_connection_find_late_place (QueenConnection *self)
{
  QueenFairQueue *late = self->settings->late;
  g_autofree char *asker = queen_shares_dup_asker (&self->client, self->is_forwarded, self->owner);
  gpointer greediest;
  gboolean has_place = queen_fair_queue_find_place (late, asker, &greediest);
  QueenConnection *displaced = has_place ? greediest : self;

  queen_fair_queue_enter (late, &self->late_place, asker, self);
  if (!displaced)
    return;
  queen_fair_queue_leave (&displaced->late_place);
  displaced->is_displaced = TRUE;
  if (!queen_deadline_is_on (&displaced->waits[QUEEN_WAIT_TURN]))
    queen_connection_begin_wait (displaced, QUEEN_WAIT_TURN);
}

void
queen_connection_set_patience (QueenConnection *self, QueenPatience patience, guint owner)
{
  g_return_if_fail (self->state == STATE_HANDLER);

  self->owner = owner;
  self->is_revoked = FALSE;
  self->is_displaced = FALSE;

  if (patience == QUEEN_PATIENCE_UNTIL_GONE)
    queen_connection_enter_state (self, STATE_PATIENT_HANDLER);
}

void
queen_connection_set_gone_func (QueenConnection *self,
                                void (*on_gone) (gpointer data),
                                gpointer data)
{
  self->on_gone = on_gone;
  self->data = data;
}

void
queen_connection_refuse (QueenConnection *self, QueenRefusal reason, const GError *error)
{
  QueenAnswer answer = { NULL };

  self->settings->tally->refusals[reason]++;
  /* Nothing in plain text would be understood. */
  if (self->state < STATE_HEAD)
    {
      queen_connection_remove (self);
      return;
    }
  self->has_unread_data = TRUE;
  self->max_drained = MAX (self->max_drained, 2 * self->request.max_body);
  answer.head = queen_answer_to_bytes (error, speaks_openai (self));
  queen_connection_begin_answer (self, &answer);
}

void
queen_connection_refuse_share (QueenConnection *self)
{
  g_autoptr (GError) error = g_error_new_literal (QUEEN_ERROR, QUEEN_ERROR_UNAVAILABLE,
                                                  "too many connections from one address");

  queen_connection_refuse (self, QUEEN_REFUSAL_PEER_SHARE, error);
}

int
queen_connection_get_fd (const QueenConnection *self)
{
  return self->socket.fd;
}

gboolean
queen_connection_is_persistent (const QueenConnection *self)
{
  return self->is_persistent;
}
