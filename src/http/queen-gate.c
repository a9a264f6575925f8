/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-gate.h"

#include "loop/queen-alarm.h"
#include "queen-error.h"
#include "queen-request-buffer.h"

/* Connections, until the main loop may turn: who asks, or takes more of an answer, waits in a run
 * queue for what takes time, if there is not enough of it, and not behind all others in the kernel.
 */
#define MAX_READY_AT_ONCE 256
#define MAX_DUE_AT_ONCE 128 /* deadlines, likewise */
#define MAX_TRIED 256       /* who are asked to make room: more than handshakes may wait */

static const gint64 wait_lengths[QUEEN_N_WAITS] = {
  [QUEEN_WAIT_HANDSHAKE] = 30 * G_USEC_PER_SEC, /* longer than clients have patience */
  [QUEEN_WAIT_NEXT] = QUEEN_WAIT_NEXT_SECONDS * G_USEC_PER_SEC,
  [QUEEN_WAIT_HEAD] = 5 * G_USEC_PER_SEC,
  [QUEEN_WAIT_REQUEST] = 10 * G_USEC_PER_SEC,
  [QUEEN_WAIT_ROOM] = G_USEC_PER_SEC / 4,
  [QUEEN_WAIT_HANDLER] = 60 * G_USEC_PER_SEC,
  [QUEEN_WAIT_ANSWER] = 10 * G_USEC_PER_SEC,
  [QUEEN_WAIT_TURN] = 0,
  [QUEEN_WAIT_LINGER] = 2 * G_USEC_PER_SEC,
};

enum
{
  PROP_CONNECTIONS = 1,
  N_PROPS
};

static GParamSpec *props[N_PROPS];

struct _QueenGate
{
  GObject parent_instance;

  QueenConnectionSettings connections; /* what they have in common */
  QueenCaps caps;
  QueenAlarm *deadline_alarm;
  QueenAlarm *end_alarm;
};

G_DEFINE_FINAL_TYPE (QueenGate, queen_gate, G_TYPE_OBJECT)

static void
on_removed (gpointer owner)
{
  QueenGate *self = owner;

  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_CONNECTIONS]);
}

static void
on_ready (gpointer item, guint events, gpointer data)
{
  queen_connection_on_ready (item, events);
}

static void
on_turn (gpointer item, gpointer data)
{
  queen_connection_shake_hands (item);
}

static void
on_run (gpointer item)
{
  queen_connection_run (item);
}

static void
on_publish (gpointer item)
{
  queen_connection_publish (item);
}

static void
on_crowded (gpointer item, gpointer data)
{
  queen_connection_evict (item);
}

/* Deadlines */

/* Returns whether there was one whose time for @wait is over. */
static gboolean
time_out_first (QueenDeadlineQueue *queue, QueenWaitKind wait, gint64 now)
{
  QueenConnection *connection = queen_deadline_queue_peek_due (queue, now);

  if (!connection)
    return FALSE;
  /* After a standstill of our own, what is waited for may have come in time. */
  if (wait != QUEEN_WAIT_TURN)
    queen_connection_on_ready (connection, 0);
  if (queen_deadline_queue_peek_due (queue, now) == connection)
    queen_connection_time_out (connection, wait);
  return TRUE;
}

static void
on_request_deadline (gpointer data)
{
  QueenGate *self = data;
  const QueenClock *clock = self->connections.deadlines[0].clock;
  gint64 now = clock->get_monotonic ();
  guint n_due = 0;

  for (QueenWaitKind wait = 0; wait < QUEEN_N_WAITS; wait++)
    while (time_out_first (&self->connections.deadlines[wait], wait, now))
      if (++n_due == MAX_DUE_AT_ONCE || clock->get_monotonic () - now >= QUEEN_SLICE)
        {
          queen_alarm_set (self->deadline_alarm, now);
          return;
        }
}

/* The end */

/* There may be thousands of them, and others are still to have their answers. Who has something to
 * say goes when that has been heard. */
static void
end_idle (gpointer data)
{
  QueenGate *self = data;
  QueenDeadlineQueue *idle = &self->connections.deadlines[QUEEN_WAIT_NEXT];
  gint64 end = idle->clock->get_monotonic () + QUEEN_SLICE;
  QueenConnection *connection;

  while ((connection = queen_deadline_queue_peek (idle)))
    {
      queen_connection_end (connection);
      if (idle->clock->get_monotonic () >= end)
        {
          queen_alarm_set (self->end_alarm, 0);
          return;
        }
    }
}

/* The object */

static void
queen_gate_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  QueenGate *self = QUEEN_GATE (object);

  switch (id)
    {
    case PROP_CONNECTIONS:
      g_value_set_uint (value, self->connections.all.length);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
queen_gate_dispose (GObject *object)
{
  QueenGate *self = QUEEN_GATE (object);
  QueenConnection *connection;

  while ((connection = g_queue_peek_head (&self->connections.all)))
    queen_connection_remove (connection);
  g_clear_pointer (&self->deadline_alarm, queen_alarm_free);
  g_clear_pointer (&self->end_alarm, queen_alarm_free);
  g_clear_pointer (&self->connections.requests, queen_epoll_free);
  g_clear_pointer (&self->connections.answers, queen_epoll_free);
  g_clear_pointer (&self->connections.handshakes, queen_handshakes_free);
  g_clear_pointer (&self->connections.run_queue, queen_run_queue_free);
  g_clear_pointer (&self->connections.singles, queen_run_queue_free);
  g_clear_pointer (&self->connections.publishers, queen_run_queue_free);
  g_clear_pointer (&self->connections.writers, queen_run_queue_free);
  g_clear_pointer (&self->connections.rooms, queen_cost_queue_free);
  g_clear_pointer (&self->connections.filling, queen_fair_queue_free);
  g_clear_pointer (&self->connections.sessions, queen_fair_queue_free);
  g_clear_pointer (&self->connections.late, queen_fair_queue_free);

  G_OBJECT_CLASS (queen_gate_parent_class)->dispose (object);
}

static void
queen_gate_finalize (GObject *object)
{
  QueenGate *self = QUEEN_GATE (object);

  g_free (self->connections.buffer);
  g_clear_pointer (&self->connections.shares, queen_shares_free);
  g_clear_pointer (&self->connections.readers, queen_readers_free);
  g_clear_pointer (&self->connections.small_readers, queen_readers_free);
  g_clear_object (&self->connections.rules.access);
  g_clear_object (&self->connections.tls);

  G_OBJECT_CLASS (queen_gate_parent_class)->finalize (object);
}

static void
queen_gate_class_init (QueenGateClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->get_property = queen_gate_get_property;
  object_class->dispose = queen_gate_dispose;
  object_class->finalize = queen_gate_finalize;

  props[PROP_CONNECTIONS] = g_param_spec_uint ("connections", NULL, NULL, 0, G_MAXUINT, 0,
                                               G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPS, props);
}

static void
queen_gate_init (QueenGate *self)
{
  self->connections.buffer = g_malloc (QUEEN_REQUEST_USUAL);
  self->connections.on_removed = on_removed;
  self->connections.owner = self;
}

QueenGate *
queen_gate_new (const QueenGateSettings *settings, GError **error)
{
  g_autoptr (QueenGate) self = g_object_new (QUEEN_TYPE_GATE, NULL);
  QueenConnectionSettings *connections = &self->connections;

  connections->rules = settings->rules;
  g_object_ref (connections->rules.access);
  g_set_object (&connections->tls, settings->tls);
  connections->proxies = settings->proxies;
  connections->handshakes = queen_handshakes_new (settings->clock, on_turn, on_crowded, self);
  connections->run_queue = queen_run_queue_new (settings->clock, on_run);
  connections->singles = queen_run_queue_new (settings->clock, on_publish);
  queen_run_queue_hold_while (connections->singles, settings->get_hold, settings->hold_data);
  connections->publishers = queen_run_queue_new (settings->clock, on_publish);
  queen_run_queue_hold_while (connections->publishers, settings->get_hold, settings->hold_data);
  connections->writers = queen_run_queue_new (settings->clock, on_run);
  queen_run_queue_count_up_to (connections->writers, QUEEN_SLICE);
  connections->rooms = queen_cost_queue_new (QUEEN_CONNECTION_MOST_ROOM);
  connections->filling = queen_fair_queue_new (G_MAXUINT);
  connections->sessions = queen_fair_queue_new (G_MAXUINT);
  connections->late =
      queen_fair_queue_new (settings->caps.connections - settings->caps.connections / 4);
  connections->tally = settings->tally;
  connections->budgets = settings->budgets;
  connections->readers = queen_readers_new (settings->budgets);
  connections->small_readers = queen_readers_new (settings->budgets);
  connections->shares = queen_shares_new (settings->caps.connections_per_address, G_MAXUINT,
                                          settings->caps.spares_loopback);
  connections->on_request = settings->on_request;
  connections->data = settings->data;
  self->caps = settings->caps;
  connections->max_persistent = settings->caps.connections - settings->caps.connections / 4;
  self->deadline_alarm = queen_alarm_new (settings->clock, "request deadline", G_PRIORITY_DEFAULT,
                                          on_request_deadline, self);
  self->end_alarm =
      queen_alarm_new (settings->clock, "end of idle", G_PRIORITY_DEFAULT, end_idle, self);
  for (QueenWaitKind wait = 0; wait < QUEEN_N_WAITS; wait++)
    queen_deadline_queue_init (&connections->deadlines[wait], wait_lengths[wait],
                               self->deadline_alarm, settings->clock);
  connections->requests = queen_epoll_new ("requests", MAX_READY_AT_ONCE, on_ready, self, error);
  if (connections->requests)
    connections->answers = queen_epoll_new ("answers", MAX_READY_AT_ONCE, on_ready, self, error);
  return connections->answers ? g_steal_pointer (&self) : NULL;
}

guint
queen_gate_get_n_connections (QueenGate *self)
{
  return self->connections.all.length;
}

guint
queen_gate_get_n_idle (QueenGate *self)
{
  return self->connections.deadlines[QUEEN_WAIT_NEXT].queue.length;
}

void
queen_gate_end_owned (QueenGate *self,
                      gboolean (*is_over) (guint owner, gpointer data),
                      gpointer data)
{
  for (GList *link = self->connections.all.head; link; link = link->next)
    queen_connection_end_owned (link->data, is_over, data);
}

void
queen_gate_stop (QueenGate *self)
{
  self->connections.max_persistent = 0;
  end_idle (self);
}

/* Letting in */

/* Returns: (nullable): who has let the queen wait for longest, or whose address has many places */
static QueenConnection *
find_silent (QueenGate *self)
{
  QueenConnection *burden = queen_handshakes_find_burden (self->connections.handshakes);
  GList *link = self->connections.deadlines[QUEEN_WAIT_REQUEST].queue.head;

  if (burden)
    return queen_connection_find_instead (burden);
  for (guint i = 0; i < MAX_TRIED && link; i++, link = link->next)
    if (!queen_connection_waits_for_queen (link->data) && !queen_connection_has_spoken (link->data))
      return queen_connection_find_instead (link->data);
  return NULL;
}

/* Returns: (nullable): for whom it is the queen's turn, and who should make room nevertheless */
static QueenConnection *
find_waiting (QueenGate *self)
{
  QueenDeadlineQueue *deadlines = self->connections.deadlines;
  QueenConnection *waiting = queen_run_queue_find_greediest (self->connections.publishers, NULL);

  if (!waiting)
    waiting = queen_run_queue_find_greediest (self->connections.singles, NULL);
  if (!waiting)
    waiting = queen_run_queue_find_greediest (self->connections.run_queue, NULL);
  if (!waiting)
    waiting = queen_cost_queue_find_greediest (self->connections.rooms, "");
  if (!waiting)
    waiting = queen_deadline_queue_peek (&deadlines[QUEEN_WAIT_HANDSHAKE]);
  if (!waiting)
    waiting = queen_deadline_queue_peek (&deadlines[QUEEN_WAIT_REQUEST]);
  return waiting ? queen_connection_find_instead (waiting) : NULL;
}

/* Who takes an answer busily has no more places than others of the same address.
 *
 * Returns: whether one has made room who waits for a turn to get more of its answer */
static gboolean
evict_reader (QueenConnectionSettings *settings)
{
  QueenConnection *reader = queen_run_queue_find_greediest (settings->writers, NULL);

  if (reader)
    queen_connection_evict (reader);
  return reader != NULL;
}

/* Makes room for one more: by who has the answer already, who is about to get a refusal, who has
 * nothing to ask, who is silent, who can have the answer now (but only one, there may be
 * thousands), whose address has most, who waits, who does not take the answer, or whose address
 * takes most of them.
 * @may_evict is FALSE for one that gets nothing but a refusal: only the first make room for that.
 */
static gboolean
make_room (QueenGate *self, QueenShare *share, gboolean may_evict)
{
  QueenConnectionSettings *settings = &self->connections;
  gboolean may_work = may_evict;
  QueenConnection *other;

  while (settings->all.length >= self->caps.connections)
    {
      if ((other = queen_deadline_queue_peek (&settings->deadlines[QUEEN_WAIT_LINGER])))
        queen_connection_remove (other);
      else if ((other = queen_deadline_queue_peek (&settings->deadlines[QUEEN_WAIT_TURN])))
        queen_connection_time_out (other, QUEEN_WAIT_TURN);
      else if (may_evict && ((other = queen_connection_find_idle (settings, NULL)) ||
                             (other = find_silent (self))))
        queen_connection_evict (other);
      else if (may_work)
        {
          queen_run_queue_run_next (settings->run_queue);
          may_work = FALSE;
        }
      else if (may_evict && ((other = queen_connection_find_greediest (settings, share)) ||
                             (other = find_waiting (self))))
        queen_connection_evict (other);
      else if (!may_evict || !(queen_connection_evict_idle (settings) || evict_reader (settings)))
        return FALSE;
    }
  return TRUE;
}

/* Others may have taken all but the last descriptors. Who has nothing to ask goes before there are
 * none for those who have. */
static void
leave_brink (QueenGate *self, int fd)
{
  QueenConnection *other;

  if (queen_caps_are_at_brink (&self->caps, fd) &&
      ((other = queen_connection_find_idle (&self->connections, NULL)) ||
       (other = find_silent (self))))
    queen_connection_evict (other);
}

/* Whoever keeps connections for later need not go without one now. */
static gboolean
acquire_share (QueenGate *self, const struct sockaddr_storage *address, QueenShare **share)
{
  QueenConnectionSettings *settings = &self->connections;
  QueenConnection *idle;
  QueenShare *own;

  if (queen_shares_acquire (settings->shares, address, FALSE, share))
    return TRUE;
  own = queen_shares_find (settings->shares, address);
  idle = own ? queen_connection_find_idle (settings, own) : NULL;
  if (!idle)
    return FALSE;
  queen_connection_evict (idle);
  return queen_shares_acquire (settings->shares, address, FALSE, share);
}

static void
admit_connection (QueenGate *self,
                  int fd,
                  const struct sockaddr_storage *address,
                  gboolean is_probe)
{
  QueenConnectionSettings *settings = &self->connections;
  QueenShare *share = NULL;
  /* What comes from a proxy takes from its client's share, once that is known. */
  gboolean has_share = is_probe || queen_proxies_is_trusted (settings->proxies, address) ||
                       acquire_share (self, address, &share);
  gboolean has_room = make_room (self, share, has_share);
  QueenConnection *connection;
  g_autoptr (GError) error = NULL;

  leave_brink (self, fd);
  connection = queen_connection_new (settings, fd, address, share, is_probe);
  settings->tally->connections += !is_probe;
  if (has_share && has_room)
    {
      queen_connection_start (connection);
      return;
    }
  if (!has_share)
    {
      queen_connection_refuse_share (connection);
      return;
    }
  g_set_error_literal (&error, QUEEN_ERROR, QUEEN_ERROR_UNAVAILABLE, "too many connections");
  queen_connection_refuse (connection, QUEEN_REFUSAL_CONNECTION_CAP, error);
}

void
queen_gate_admit (QueenGate *self, int fd, const struct sockaddr_storage *address)
{
  admit_connection (self, fd, address, FALSE);
}

void
queen_gate_admit_probe (QueenGate *self, int fd, const struct sockaddr_storage *address)
{
  admit_connection (self, fd, address, TRUE);
}
