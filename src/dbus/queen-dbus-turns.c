/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-dbus-turns.h"

#include "net/queen-closer.h"
#include "queen-dbus-callers.h"
#include "queen-dbus-refusal.h"
#include "text/queen-hash.h"

#define OVERHEAD 256 /* bytes of memory for a call besides itself */

/* Half of the room is for the first call of each caller who has none here, as who calls on and on
 * by ever new connections leaves nothing of the rest. And they go first, so that who calls once in
 * a while need not wait; but for every few of them one of the others has its turn. */
#define FIRST_IN_A_ROW 3

/* Calls of who is known that have come together, as far as GDBus is given any. */
#define MOST_IN_A_TURN 4

/* Large calls leave half of the room to small ones, as nearly all are; and who fills it with large
 * ones does not know what is left. */
#define LARGE 4096

/* From which on it is asked whose callers are: a fraction of the room, or so many descriptors. */
#define CROWDED_FROM 64
#define CROWDED_DESCRIPTORS 8

#define MAX_ASKED 256 /* questions at once */
#define MAX_TRIED 256 /* lanes, or users, that are looked at when room is wanted */

/* Refusals that wait. */
#define MAX_REFUSALS 1024
#define MAX_REFUSALS_OF_USER 128
#define MAX_REFUSALS_OF_CALLER 16

/* In place of a user's number. */
#define UNKNOWN QUEEN_DBUS_CALLERS_UNKNOWN
#define GONE "gone"

typedef struct
{
  GBytes *bytes;
  QueenDBusArrival arrival;
  gboolean is_refusal; /* which has no size, as it makes no room */
} Call;

/* What some calls are together. */
typedef struct
{
  gsize size; /* bytes, with what is needed besides */
  guint n_refusals;
  guint n_descriptors;
} Sums;

/* All who have calls here and are of one user. */
typedef struct
{
  char *name;
  GQueue first;     /* of Lane: who is known, or has had no turn yet */
  GQueue others;    /* and the others; of both, who waits for the longest is first */
  guint n_in_a_row; /* turns of the former since one of the latter */
  Sums sums;        /* of all these */
  GList link;       /* among those who take turns */
} User;

/* Calls of one caller. */
typedef struct
{
  char *caller;
  User *user;
  GQueue *queue; /* the user's that it is in */
  GList link;    /* there */
  GQueue calls;  /* of Call; at least one */
  Sums sums;     /* of them */
  GList wait;    /* among those of whom the bus has not been asked; data is NULL when it is not */
} Lane;

struct _QueenDBusTurns
{
  QueenDBusDesk *desk;
  gsize room;
  Sums sums;                 /* of all lanes */
  GHashTable *lanes;         /* the caller -> Lane */
  GHashTable *users;         /* the user -> User */
  GQueue turns;              /* of User: who waits for the longest is first */
  Lane *speaking;            /* in the midst of its turn; NULL for none */
  guint n_of_turn;           /* calls that it has had in it */
  QueenDBusCallers *callers; /* who had a lane of late, and whose they are */
  GQueue unasked;            /* of Lane */
  guint n_asked;             /* questions without an answer */
};

/* Sums */

static void
add_sums (Sums *sums, const Sums *more)
{
  sums->size += more->size;
  sums->n_refusals += more->n_refusals;
  sums->n_descriptors += more->n_descriptors;
}

static void
subtract_sums (Sums *sums, const Sums *less)
{
  sums->size -= less->size;
  sums->n_refusals -= less->n_refusals;
  sums->n_descriptors -= less->n_descriptors;
}

/* A call that comes into a lane, or leaves it. */
static void
count_call (QueenDBusTurns *self, Lane *lane, const Call *call, gboolean is_coming)
{
  Sums *all[] = { &self->sums, &lane->user->sums, &lane->sums };
  const Sums one = {
    .size = call->is_refusal ? 0 : g_bytes_get_size (call->bytes) + OVERHEAD,
    .n_refusals = call->is_refusal,
    .n_descriptors = call->arrival.fd >= 0,
  };

  for (gsize i = 0; i < G_N_ELEMENTS (all); i++)
    (is_coming ? add_sums : subtract_sums) (all[i], &one);
}

/* Lanes of users */

static void
free_user (gpointer data)
{
  User *user = data;

  g_free (user->name);
  g_free (user);
}

static User *
enter_user (QueenDBusTurns *self, const char *name)
{
  User *user = g_hash_table_lookup (self->users, name);

  if (user)
    return user;
  user = g_new0 (User, 1);
  user->name = g_strdup (name);
  user->link.data = user;
  g_hash_table_insert (self->users, user->name, user);
  g_queue_push_tail_link (&self->turns, &user->link);
  return user;
}

static void
queue_lane (Lane *lane, GQueue *queue)
{
  if (lane->queue)
    g_queue_unlink (lane->queue, &lane->link);
  lane->queue = queue;
  if (queue)
    g_queue_push_tail_link (queue, &lane->link);
}

static void
leave_user (QueenDBusTurns *self, Lane *lane)
{
  User *user = lane->user;

  queue_lane (lane, NULL);
  subtract_sums (&user->sums, &lane->sums);
  lane->user = NULL;
  if (self->speaking == lane)
    self->speaking = NULL;
  if (user->first.length > 0 || user->others.length > 0)
    return;
  g_queue_unlink (&self->turns, &user->link);
  g_hash_table_remove (self->users, user->name);
}

static void
join_user (QueenDBusTurns *self, Lane *lane, const char *name, gboolean is_first)
{
  User *user = enter_user (self, name);

  lane->user = user;
  add_sums (&user->sums, &lane->sums);
  queue_lane (lane, is_first ? &user->first : &user->others);
}

static void
free_call (gpointer data)
{
  Call *call = data;

  if (call->arrival.fd >= 0)
    queen_closer_close (call->arrival.fd);
  g_clear_pointer (&call->bytes, g_bytes_unref);
  g_free (call);
}

static void
free_lane (gpointer data)
{
  Lane *lane = data;

  g_queue_clear_full (&lane->calls, free_call);
  g_free (lane->caller);
  g_free (lane);
}

static void
end_wait (QueenDBusTurns *self, Lane *lane)
{
  if (!lane->wait.data)
    return;
  g_queue_unlink (&self->unasked, &lane->wait);
  lane->wait.data = NULL;
}

static Lane *
open_lane (QueenDBusTurns *self, const char *caller)
{
  Lane *lane = g_hash_table_lookup (self->lanes, caller);

  if (lane)
    return lane;
  lane = g_new0 (Lane, 1);
  lane->caller = g_strdup (caller);
  lane->link.data = lane;
  g_hash_table_insert (self->lanes, lane->caller, lane);
  queen_dbus_callers_remember (self->callers, caller);
  join_user (self, lane, queen_dbus_callers_get_user (self->callers, caller), TRUE);
  if (!g_str_equal (lane->user->name, UNKNOWN))
    return lane;
  lane->wait.data = lane;
  g_queue_push_tail_link (&self->unasked, &lane->wait);
  return lane;
}

static void
close_lane (QueenDBusTurns *self, Lane *lane)
{
  end_wait (self, lane);
  leave_user (self, lane);
  g_hash_table_remove (self->lanes, lane->caller);
}

static void
push_call (QueenDBusTurns *self, Lane *lane, const Call *call)
{
  g_queue_push_tail (&lane->calls, g_memdup2 (call, sizeof *call));
  count_call (self, lane, call, TRUE);
}

/* Whose they are */

static gboolean
is_crowded (const QueenDBusTurns *self)
{
  return self->sums.size >= self->room / CROWDED_FROM ||
         self->sums.n_descriptors >= CROWDED_DESCRIPTORS;
}

static void
ask_bus (QueenDBusTurns *self)
{
  while (is_crowded (self) && self->n_asked < MAX_ASKED && self->unasked.length > 0)
    {
      Lane *lane = self->unasked.head->data;

      end_wait (self, lane);
      self->n_asked++;
      queen_dbus_desk_ask (self->desk, lane->caller);
    }
}

static void
take_answer (QueenDBusTurns *self, const QueenDBusIdentity *answer)
{
  Lane *lane = g_hash_table_lookup (self->lanes, answer->caller);
  gboolean is_first;

  if (self->n_asked > 0)
    self->n_asked--;
  if (answer->user)
    queen_dbus_callers_identify (self->callers, answer->caller, answer->user);
  if (!lane)
    return;
  end_wait (self, lane);
  is_first = lane->queue == &lane->user->first;
  leave_user (self, lane);
  join_user (self, lane, answer->user ? answer->user : GONE, is_first);
}

static void
look_at_answers (QueenDBusTurns *self)
{
  g_autoptr (GPtrArray) answers = queen_dbus_desk_take_answers (self->desk);

  for (guint i = 0; answers && i < answers->len; i++)
    take_answer (self, answers->pdata[i]);
  ask_bus (self);
}

/* Refusals */

static gboolean
may_refuse (QueenDBusTurns *self, const Lane *lane)
{
  return self->sums.n_refusals < MAX_REFUSALS && lane->sums.n_refusals < MAX_REFUSALS_OF_CALLER &&
         lane->user->sums.n_refusals < MAX_REFUSALS_OF_USER;
}

void
queen_dbus_turns_refuse (QueenDBusTurns *self, const char *caller, const QueenDBusHead *head)
{
  GBytes *refusal = self->sums.n_refusals < MAX_REFUSALS ? queen_dbus_refusal_new (head) : NULL;
  Lane *lane;

  if (!refusal)
    return;
  lane = open_lane (self, caller);
  if (may_refuse (self, lane))
    {
      const Call call = { .bytes = refusal, .arrival.fd = -1, .is_refusal = TRUE };

      push_call (self, lane, &call);
      return;
    }
  g_bytes_unref (refusal);
  if (lane->calls.length == 0)
    close_lane (self, lane);
}

/* Returns: (nullable): @call as a refused one, if there may be one */
static GBytes *
make_refusal (QueenDBusTurns *self, const Lane *lane, const Call *call)
{
  QueenDBusHead head;

  if (!may_refuse (self, lane) ||
      !queen_dbus_head_begin (&head, g_bytes_get_data (call->bytes, NULL), NULL) ||
      !queen_dbus_head_read_fields (&head))
    return NULL;
  return queen_dbus_refusal_new (&head);
}

/* The newest call of one that has some. */
static void
refuse_last (QueenDBusTurns *self, Lane *lane)
{
  GList *link = lane->calls.tail;
  GBytes *refusal;
  Call *call;

  while (((Call *) link->data)->is_refusal)
    link = link->prev;
  call = link->data;
  count_call (self, lane, call, FALSE);
  refusal = make_refusal (self, lane, call);
  if (!refusal)
    {
      free_call (call);
      g_queue_delete_link (&lane->calls, link);
      if (lane->calls.length == 0)
        close_lane (self, lane);
      return;
    }
  if (call->arrival.fd >= 0)
    queen_closer_close (call->arrival.fd);
  g_bytes_unref (call->bytes);
  *call = (Call){ .bytes = refusal, .arrival.fd = -1, .is_refusal = TRUE };
  count_call (self, lane, call, TRUE);
}

/* Room */

static User *
find_greediest_user (QueenDBusTurns *self)
{
  User *greediest = NULL;
  guint n_tried = 0;

  for (GList *link = self->turns.head; link && n_tried++ < MAX_TRIED; link = link->next)
    {
      User *user = link->data;

      if (!greediest || user->sums.size > greediest->sums.size)
        greediest = user;
    }
  return greediest;
}

/* Of those whose turns come last. */
static Lane *
find_greediest_lane (const User *user)
{
  const GQueue *queues[] = { &user->others, &user->first };
  Lane *greediest = NULL;
  guint n_tried = 0;

  for (gsize i = 0; i < G_N_ELEMENTS (queues); i++)
    for (GList *link = queues[i]->tail; link && n_tried++ < MAX_TRIED; link = link->prev)
      {
        Lane *lane = link->data;

        if (!greediest || lane->sums.size > greediest->sums.size)
          greediest = lane;
      }
  return greediest;
}

/* To who is known, and so stays on the bus, half is left of what nobody else may take but for a
 * first call.
 *
 * Returns: what may be taken when the call has come in */
static gsize
get_room (QueenDBusTurns *self, const char *caller, gboolean is_first, gsize size)
{
  if (size > LARGE)
    return self->room / 2;
  if (is_first)
    return self->room;
  return queen_dbus_callers_is_known (self->callers, caller) ? self->room / 4 * 3 : self->room / 2;
}

/* Without anybody's making room. */
static gboolean
has_room (QueenDBusTurns *self, const char *caller, gsize size)
{
  const Lane *lane = g_hash_table_lookup (self->lanes, caller);
  gsize of_caller = (lane ? lane->sums.size : 0) + size;
  gsize room = get_room (self, caller, lane == NULL, size - OVERHEAD);

  return self->sums.size < room && of_caller <= room - self->sums.size;
}

/* Returns: (nullable): whose @caller is, if that user has any calls here */
static const User *
get_user_of (QueenDBusTurns *self, const char *caller)
{
  const Lane *lane = g_hash_table_lookup (self->lanes, caller);

  return lane ? lane->user
              : g_hash_table_lookup (self->users,
                                     queen_dbus_callers_get_user (self->callers, caller));
}

/* A user who has as much as any other has no claim on what they have; nor has a caller on what
 * others of its user have.
 *
 * Returns: (nullable): who has to make room for @needed bytes of @caller */
static Lane *
find_greedier (QueenDBusTurns *self, const char *caller, gsize needed)
{
  const Lane *own = g_hash_table_lookup (self->lanes, caller);
  const User *user = get_user_of (self, caller);
  const User *greediest = find_greediest_user (self);
  Lane *lane;

  if (!greediest ||
      (greediest != user && (user ? user->sums.size : 0) + needed >= greediest->sums.size))
    return NULL;
  lane = find_greediest_lane (greediest);
  if (greediest == user && (own ? own->sums.size : 0) + needed >= lane->sums.size)
    return NULL;
  return lane->sums.size > 0 ? lane : NULL;
}

gboolean
queen_dbus_turns_make_room (QueenDBusTurns *self, const char *caller, gsize size)
{
  gsize needed = size + OVERHEAD;
  Lane *greedier;

  look_at_answers (self);
  if (has_room (self, caller, needed))
    return TRUE;
  while ((greedier = find_greedier (self, caller, needed)))
    {
      if (self->sums.size + needed <= self->room)
        return TRUE;
      refuse_last (self, greedier);
    }
  return FALSE;
}

void
queen_dbus_turns_put (QueenDBusTurns *self,
                      const char *caller,
                      GBytes *bytes,
                      const QueenDBusArrival *arrival)
{
  const Call call = { .bytes = bytes, .arrival = *arrival };

  push_call (self, open_lane (self, caller), &call);
}

gboolean
queen_dbus_turns_may_have_descriptor (QueenDBusTurns *self, const char *caller, guint most)
{
  const User *user = get_user_of (self, caller);

  return self->sums.n_descriptors + (user ? user->sums.n_descriptors : 0) < most;
}

/* Turns */

gboolean
queen_dbus_turns_has_next (QueenDBusTurns *self)
{
  return g_hash_table_size (self->lanes) > 0 &&
         (self->speaking || queen_dbus_desk_is_free (self->desk));
}

static Lane *
choose_lane (QueenDBusTurns *self)
{
  User *user = self->turns.head->data;
  gboolean is_others =
      user->first.length == 0 || (user->others.length > 0 && user->n_in_a_row >= FIRST_IN_A_ROW);

  user->n_in_a_row = is_others ? 0 : user->n_in_a_row + 1;
  self->n_of_turn = 0;
  g_queue_unlink (&self->turns, &user->link);
  g_queue_push_tail_link (&self->turns, &user->link);
  return (is_others ? &user->others : &user->first)->head->data;
}

/* Who has calls left waits behind the others. */
static void
end_turn (QueenDBusTurns *self, Lane *lane)
{
  gboolean is_of_known = queen_dbus_callers_is_known (self->callers, lane->caller);

  self->speaking = NULL;
  if (lane->calls.length == 0)
    close_lane (self, lane);
  else if (is_of_known && ++self->n_of_turn < MOST_IN_A_TURN)
    self->speaking = lane;
  else
    queue_lane (lane, is_of_known ? &lane->user->first : &lane->user->others);
}

GBytes *
queen_dbus_turns_take_next (QueenDBusTurns *self, QueenDBusArrival *arrival)
{
  Lane *lane;
  Call *call;
  GBytes *bytes;

  look_at_answers (self);
  lane = self->speaking ? self->speaking : choose_lane (self);
  call = g_queue_pop_head (&lane->calls);
  *arrival = call->arrival;
  count_call (self, lane, call, FALSE);
  bytes = g_steal_pointer (&call->bytes);
  g_free (call);
  end_turn (self, lane);
  queen_dbus_desk_count_out (self->desk);
  return bytes;
}

GSource *
queen_dbus_turns_create_source (QueenDBusTurns *self)
{
  return g_hash_table_size (self->lanes) > 0 ? queen_dbus_desk_create_source (self->desk) : NULL;
}

/* Beginning and end */

QueenDBusTurns *
queen_dbus_turns_new (gsize room, guint age, GSocket *socket)
{
  QueenDBusTurns *self = g_new0 (QueenDBusTurns, 1);

  self->desk = queen_dbus_desk_new (socket);
  self->room = room;
  self->callers = queen_dbus_callers_new (age);
  self->lanes = g_hash_table_new_full (queen_string_hash, g_str_equal, NULL, free_lane);
  self->users = g_hash_table_new_full (queen_string_hash, g_str_equal, NULL, free_user);
  return self;
}

QueenDBusDesk *
queen_dbus_turns_get_desk (QueenDBusTurns *self)
{
  return self->desk;
}

void
queen_dbus_turns_free (QueenDBusTurns *self)
{
  g_hash_table_unref (self->lanes);
  g_hash_table_unref (self->users);
  queen_dbus_callers_free (self->callers);
  queen_dbus_desk_unref (self->desk);
  g_free (self);
}
