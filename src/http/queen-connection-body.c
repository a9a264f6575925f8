/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-connection-private.h"

#include "queen-error.h"

#define MAX_REMOVED 512 /* who make it for large bodies, until the main loop may turn */

#define SMALL_PIECE (2 * 1024)        /* bytes: of who may have to wait for room */
#define PACE QUEEN_REQUEST_USUAL_BODY /* bytes, in GRACE at the least; more of what is large */
#define PACES 4                       /* in which all of that has come: nobody sits on much */
#define GRACE G_USEC_PER_SEC          /* µs that others wait for who does not fill its room */
#define MAX_GRACE (3 * GRACE)         /* likewise for who says a little all the time */
#define SHORT_GRACE (GRACE / 4)       /* likewise where they have less than who does not */
#define LAGS 2                        /* so many times as slow as its pace it may be by then */
#define PASSES 4                      /* who passes one with nothing has a fourth of its need */
#define LOOK_SPAN (20 * 1000)         /* µs until it is looked anew who does not fill its room */
#define MAX_ROOM_WAIT (5 * G_USEC_PER_SEC) /* then it is 503 */

static gint64
get_now (const QueenConnectionSettings *settings)
{
  return settings->deadlines[QUEEN_WAIT_ROOM].clock->get_monotonic ();
}

/* What it needs */

/* Returns: bytes that there has to be room for, before more of it is read; 0 when it is small */
static gsize
find_need (const QueenRequestBuffer *request)
{
  gsize n_body = request->body_length;

  if (request->head_length == 0)
    return 0;
  if (request->is_chunked) /* nobody has said how long it becomes */
    n_body = n_body > QUEEN_CONNECTION_SMALL_BODY ? request->max_body : 0;
  return n_body > QUEEN_CONNECTION_SMALL_BODY
             ? request->head_length + n_body + request->accepted->allocated_len
             : 0;
}

/* Returns whether it may have what it needs beside all that other large bodies have. */
static gboolean
has_part_for (const QueenConnection *self)
{
  const QueenBudgets *budgets = self->settings->budgets;
  gsize need = find_need (&self->request);

  return queen_budgets_has_room (budgets, QUEEN_BUDGET_BODIES, need) &&
         queen_portions_may_take (queen_budgets_get_portions (budgets, QUEEN_BUDGET_BODIES),
                                  self->body_holder, need);
}

/* Returns whether it may have that beside all that is held and reserved, too. */
static gboolean
has_room_for (const QueenConnection *self)
{
  gsize n_kept = queen_request_buffer_get_size (&self->request);
  gsize n_more = MAX (find_need (&self->request), n_kept) - n_kept;

  return has_part_for (self) &&
         queen_budgets_has_room (self->settings->budgets, QUEEN_BUDGET_REQUESTS, n_more);
}

/* Returns: bytes that its network has */
static gsize
get_portion (const QueenConnection *self)
{
  return queen_portions_get_portion (queen_budgets_get_portions (self->settings->budgets,
                                                                 QUEEN_BUDGET_BODIES),
                                     self->body_holder);
}

/* Who has it */

char *
queen_connection_dup_room_holder (const QueenConnection *self)
{
  char *networks = queen_shares_dup_networks (&self->client);

  return networks ? networks : g_strdup ("");
}

void
queen_connection_begin_pace (QueenConnection *self)
{
  self->n_heard = queen_request_buffer_get_size (&self->request);
  self->heard_at = get_now (self->settings);
  queen_fair_queue_renew (&self->filling_place);
}

static gsize
get_pace (const QueenConnection *self)
{
  return MAX (PACE, self->n_reserved / PACES);
}

static void
take_room (QueenConnection *self)
{
  self->n_reserved = find_need (&self->request);
  queen_connection_begin_pace (self);
  queen_connection_hold_request (self);
  queen_connection_hold_anew (self);
}

/* Who is next */

/* @passing: who may be next although others would have come before it
 * @first: (nullable): of those for whom there is no room, and who have little, whose turn it is
 * @neediest: (nullable): of all for whom there is no room, who would have least
 * @least: bytes that it would have */
typedef struct
{
  QueenPassing passing;
  QueenConnection *first;
  QueenConnection *neediest;
  gsize least;
} Look;

static gboolean
is_passing (const QueenConnection *self, const QueenPassing *passing)
{
  gsize portion = get_portion (self);
  gsize wanted = portion + find_need (&self->request);

  return wanted < passing->most || (portion < passing->least && wanted < passing->most_of_less);
}

/* Who has as much already as it needs now may be passed by all whose networks would have less than
 * its own has: in that, all take turns. But one that has nothing could be passed for ever: who
 * passes that must need far less. And whoever has something may be passed by those that have less
 * and would have less than twice as much, but no more than it would have itself. */
static void
pass (Look *look, QueenConnection *self)
{
  QueenPassing *passing = &look->passing;
  gsize portion = get_portion (self), need = find_need (&self->request);
  gsize wanted = portion + need;

  passing->most = MIN (passing->most, portion >= need ? portion : wanted / PASSES);
  passing->least = MIN (passing->least, portion);
  passing->most_of_less = MIN (passing->most_of_less, MIN (2 * portion, wanted));
  if (has_room_for (self))
    return;
  if (!look->first && portion < need)
    look->first = self;
  if (look->neediest && wanted >= look->least)
    return;
  look->neediest = self;
  look->least = wanted;
}

static gboolean
is_next (gpointer item, gpointer data)
{
  QueenConnection *self = item;
  Look *look = data;

  if (is_passing (self, &look->passing) && has_room_for (self))
    return TRUE;
  pass (look, self);
  return FALSE;
}

static void
give_room (QueenConnection *self)
{
  QueenConnectionSettings *settings = self->settings;

  queen_cost_queue_take_place (&self->turn);
  queen_cost_queue_charge (settings->rooms, (gint64) (find_need (&self->request) / 1024));
  queen_connection_end_wait (self, QUEEN_WAIT_ROOM);
  take_room (self);
  queen_run_queue_enter_later (settings->run_queue, &self->turn, &self->client, self);
}

/* Returns: for whom there is no room */
static Look
hand_out_room (QueenConnectionSettings *settings)
{
  QueenConnection *next;
  Look look;

  do
    {
      look = (Look){ .passing = { G_MAXSIZE, G_MAXSIZE, G_MAXSIZE } };
      next = queen_cost_queue_find (settings->rooms, is_next, &look);
      if (next)
        give_room (next);
    }
  while (next);
  settings->passing = look.passing;
  settings->lacks_requests = look.neediest && has_part_for (look.neediest);
  return look;
}

void
queen_connection_hand_out_room (QueenConnectionSettings *settings)
{
  if (!settings->is_making_room && queen_cost_queue_get_length (settings->rooms) > 0)
    hand_out_room (settings);
}

/* Returns whether @self, that has just come, need not wait behind those who do. */
static gboolean
may_pass (const QueenConnection *self)
{
  const QueenConnectionSettings *settings = self->settings;

  return queen_cost_queue_get_length (settings->rooms) == 0 ||
         is_passing (self, &settings->passing);
}

/* Who makes room */

/* Returns whether it has let others wait for too long, whoever they are. */
static gboolean
is_slow (QueenConnection *self, gint64 silence)
{
  return silence >= MAX_GRACE || (silence >= GRACE && !queen_connection_waits_for_queen (self) &&
                                  !queen_connection_has_spoken (self));
}

/* Returns whether it has let somebody wait for too long who has less. */
static gboolean
is_lagging (QueenConnection *self, gint64 silence)
{
  gsize n_come = queen_request_buffer_get_size (&self->request) - self->n_heard;

  if (silence < SHORT_GRACE || self->state >= STATE_WHOLE ||
      queen_connection_waits_for_queen (self))
    return FALSE;
  if (n_come >= get_pace (self) * (gsize) silence / GRACE / LAGS)
    return FALSE;
  return silence >= LAGS * SHORT_GRACE || !queen_connection_has_spoken (self);
}

/* Who should have room, and what its network has and would have then. */
typedef struct
{
  gsize own;
  gsize wanted;
  gint64 now;
} Wanting;

/* Returns whether it has some and lets it lie idle, and no less than who wants it; or more than
 * that one would have. */
static gboolean
lets_lie_idle (gpointer item, gpointer data)
{
  QueenConnection *self = item;
  const Wanting *wanting = data;
  gint64 silence = wanting->now - self->heard_at;
  gsize portion = silence >= SHORT_GRACE ? get_portion (self) : 0;

  return (portion > wanting->wanted && is_lagging (self, silence)) ||
         (portion > 0 && portion >= wanting->own && is_slow (self, silence));
}

/* Returns: (nullable): who makes room for @waiting, of whoever has most */
static QueenConnection *
find_slow (QueenConnection *waiting)
{
  Wanting wanting = { .own = get_portion (waiting), .now = get_now (waiting->settings) };

  wanting.wanted = wanting.own + find_need (&waiting->request);
  return queen_fair_queue_find_any_burden (waiting->settings->filling, lets_lie_idle, &wanting);
}

/* Room for who waits for it is made by those who do not fill theirs. Where it is heads and small
 * bodies that have too much, it is made by those who need that only for another request, and by
 * those who take longest.
 *
 * Returns: (nullable): who is next */
static QueenConnection *
find_obstacle (QueenConnection *waiting)
{
  QueenConnectionSettings *settings = waiting->settings;
  QueenConnection *other;

  if (!has_part_for (waiting))
    return find_slow (waiting);
  other = g_queue_peek_head (&settings->answering);
  return other ? other : queen_connection_find_oldest_holder (settings);
}

/* There may be thousands who wait, and as many whose room they could have. */
static gboolean
may_look (QueenConnection *waiting)
{
  QueenConnectionSettings *settings = waiting->settings;
  gint64 now = get_now (settings);

  if (has_part_for (waiting))
    return TRUE;
  if (now - settings->rooms_made_at < LOOK_SPAN)
    return FALSE;
  settings->rooms_made_at = now;
  return TRUE;
}

/* A large body may take the room of thousands of heads: whom there is no time for now goes when it
 * is looked for again. Returns whether somebody has gone. */
static gboolean
make_room_for (QueenConnection *waiting)
{
  QueenConnection *other;
  guint n = 0;

  for (; n < MAX_REMOVED && !has_room_for (waiting) && (other = find_obstacle (waiting)); n++)
    if (other->state >= STATE_HANDLER)
      queen_connection_let_go (other);
    else
      queen_connection_evict (other);
  return n > 0;
}

/* Who needs little has it soonest, and so does whose turn it is: both, as else one of them would
 * wait for all others. */
static void
make_reservable (QueenConnectionSettings *settings)
{
  Look look = hand_out_room (settings);
  gboolean is_less;

  if (!look.neediest || !may_look (look.neediest))
    return;
  settings->is_making_room = TRUE;
  is_less = make_room_for (look.neediest);
  if (look.first && look.first != look.neediest)
    is_less |= make_room_for (look.first);
  settings->is_making_room = FALSE;
  if (is_less)
    hand_out_room (settings);
}

/* Waiting for it */

/* If all that there is was held by who waits for room, there would be none for any. Returns FALSE
 * when it had to go itself. */
static gboolean
limit_waiting (QueenConnection *self)
{
  QueenConnectionSettings *settings = self->settings;
  QueenConnection *greediest;

  while (!queen_budgets_has_room (settings->budgets, QUEEN_BUDGET_WAITING, 0) &&
         (greediest = queen_cost_queue_find_greediest (settings->rooms, "")))
    {
      queen_connection_evict (greediest);
      if (greediest == self)
        return FALSE;
    }
  return TRUE;
}

/* Those whose bodies are about as large take turns, and all sizes have the same part of the room:
 * however many have large ones, a small one comes soon. */
static char *
dup_room_asker (const QueenConnection *self)
{
  g_autofree char *size = g_strdup_printf ("%u", g_bit_storage (find_need (&self->request)));

  return queen_fair_queue_join (size, self->body_holder);
}

/* What it has not said yet stays where it is: in the kernel, and then with its client. Whoever is
 * to be heard all the same is heard in small pieces meanwhile. */
static void
wait_for_room (QueenConnection *self)
{
  g_autofree char *asker = dup_room_asker (self);

  self->is_overdue = FALSE;
  self->room_wanted_at = get_now (self->settings);
  queen_connection_enter_state (self, STATE_ROOM);
  queen_cost_queue_enter (self->settings->rooms, &self->turn, asker, self);
  if (!limit_waiting (self))
    return;
  make_reservable (self->settings);
  if (queen_connection_make_room (self))
    queen_connection_watch (self);
}

gboolean
queen_connection_reserve (QueenConnection *self)
{
  if (self->n_reserved > 0)
    {
      if (queen_request_buffer_get_size (&self->request) >= self->n_heard + get_pace (self))
        queen_connection_begin_pace (self);
      return TRUE;
    }
  if (find_need (&self->request) == 0)
    return TRUE;
  if (!self->body_holder)
    self->body_holder = queen_connection_dup_room_holder (self);
  if (!may_pass (self) || !has_room_for (self))
    {
      wait_for_room (self);
      return FALSE;
    }
  take_room (self);
  return TRUE;
}

gsize
queen_connection_get_piece (const QueenConnection *self)
{
  const QueenConnectionSettings *settings = self->settings;
  gboolean is_short =
      queen_cost_queue_get_length (settings->rooms) > 0 ||
      !queen_budgets_has_room (settings->budgets, QUEEN_BUDGET_BODIES, QUEEN_REQUEST_USUAL) ||
      !queen_budgets_has_room (settings->budgets, QUEEN_BUDGET_REQUESTS, QUEEN_REQUEST_USUAL);

  return is_short && self->n_reserved == 0 ? SMALL_PIECE : QUEEN_REQUEST_USUAL;
}

void
queen_connection_time_out_room (QueenConnection *self)
{
  g_autoptr (GError) error = NULL;

  queen_connection_end_wait (self, QUEEN_WAIT_ROOM);
  make_reservable (self->settings);
  if (self->n_reserved > 0)
    return;
  if (get_now (self->settings) - self->room_wanted_at < MAX_ROOM_WAIT)
    {
      queen_connection_begin_wait (self, QUEEN_WAIT_ROOM);
      return;
    }
  queen_cost_queue_leave (&self->turn);
  g_set_error_literal (&error, QUEEN_ERROR, QUEEN_ERROR_UNAVAILABLE,
                       "there was no room for the body in time");
  queen_connection_refuse (self, QUEEN_REFUSAL_BUSY, error);
}
