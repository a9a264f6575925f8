/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-turnstile.h"

#include <string.h>

#include "loop/queen-alarm.h"
#include "text/queen-hash.h"

#define NETWORK_LENGTH 8 /* bytes of an address of IPv6; the others are for its owner to choose */
#define MAX_IDLE 1024    /* entrances that are remembered though nobody is inside or waits */

/* A machine, or whoever has said where workers are. */
typedef struct
{
  QueenSource network;
  guint n_entrances;
  guint n_inside;
  guint n_waiting;
} Party;

typedef struct
{
  Party *machine;
  Party *sender; /* NULL for where nobody has sent us */
  guint16 port;
  QueenTurnstile *turnstile;
  guint n_inside;
  gboolean is_quick; /* whoever was the last to leave was not long inside */
  GQueue waiting;    /* of QueenPassage */
  GList link; /* among the lines, if somebody waits; else among the idle, if nobody is inside */
} Entrance;

struct _QueenPassage
{
  Entrance *entrance;
  gboolean is_inside;
  gboolean is_sent_away;
  gint64 since; /* µs, monotonic, if it is inside */
  const QueenPassageFuncs *funcs;
  gpointer data;
  GList link; /* among those who wait there, or who are inside */
};

struct _QueenTurnstile
{
  GHashTable *machines;  /* a set of Party */
  GHashTable *senders;   /* likewise */
  GHashTable *entrances; /* a set of Entrance */
  GQueue lines;          /* of Entrance: where somebody waits; whose turn it is comes first */
  GQueue idle;           /* of Entrance: where nobody is; the longest first */
  GQueue inside;         /* of QueenPassage, but for those who are sent away; the longest first */
  guint n_inside;
  const QueenClock *clock;
  QueenAlarm *alarm;
};

static guint
hash_party (gconstpointer key)
{
  return queen_bytes_hash (&((const Party *) key)->network, sizeof (QueenSource));
}

static gboolean
is_same_party (gconstpointer a, gconstpointer b)
{
  return memcmp (&((const Party *) a)->network, &((const Party *) b)->network,
                 sizeof (QueenSource)) == 0;
}

static guint
hash_entrance (gconstpointer key)
{
  const Entrance *entrance = key;

  return g_direct_hash (entrance->machine) ^ g_direct_hash (entrance->sender) ^ entrance->port;
}

static gboolean
is_same_entrance (gconstpointer a, gconstpointer b)
{
  const Entrance *first = a, *second = b;

  return first->machine == second->machine && first->sender == second->sender &&
         first->port == second->port;
}

static Party *
ensure_party (GHashTable *parties, const QueenSource *network)
{
  Party wanted = { .network = *network };
  Party *party;

  if (network->kind == QUEEN_SOURCE_ADDRESS && !queen_source_is_ipv4 (network))
    memset (wanted.network.address + NETWORK_LENGTH, 0,
            QUEEN_SOURCE_ADDRESS_LENGTH - NETWORK_LENGTH);
  party = g_hash_table_lookup (parties, &wanted);
  if (!party)
    {
      party = g_memdup2 (&wanted, sizeof wanted);
      g_hash_table_add (parties, party);
    }
  return party;
}

/* Of loopback anybody here has millions of addresses. */
static Party *
ensure_machine (QueenTurnstile *self, GInetAddress *address)
{
  g_autoptr (GInetAddress) plain = NULL;
  QueenSource network;

  queen_source_init_address (&network, g_inet_address_to_bytes (address),
                             g_inet_address_get_native_size (address));
  plain = queen_source_to_address (&network);
  if (g_inet_address_get_is_loopback (plain))
    queen_source_init_here (&network);
  return ensure_party (self->machines, &network);
}

static gboolean
is_idle (const Entrance *entrance)
{
  return entrance->n_inside == 0 && entrance->waiting.length == 0;
}

static Entrance *
ensure_entrance (QueenTurnstile *self,
                 GInetAddress *address,
                 guint16 port,
                 const QueenSource *source)
{
  Entrance wanted = { .machine = ensure_machine (self, address),
                      .sender = source ? ensure_party (self->senders, source) : NULL,
                      .port = port,
                      .turnstile = self };
  Entrance *entrance = g_hash_table_lookup (self->entrances, &wanted);

  if (entrance && is_idle (entrance))
    g_queue_unlink (&self->idle, &entrance->link);
  if (entrance)
    return entrance;
  entrance = g_memdup2 (&wanted, sizeof wanted);
  entrance->link.data = entrance;
  entrance->machine->n_entrances++;
  if (entrance->sender)
    entrance->sender->n_entrances++;
  g_hash_table_add (self->entrances, entrance);
  return entrance;
}

static void
leave_party (GHashTable *parties, Party *party)
{
  if (party && --party->n_entrances == 0)
    g_hash_table_remove (parties, party);
}

static void
drop_entrance (Entrance *entrance)
{
  QueenTurnstile *self = entrance->turnstile;
  Party *machine = entrance->machine, *sender = entrance->sender;

  g_hash_table_remove (self->entrances, entrance);
  leave_party (self->machines, machine);
  leave_party (self->senders, sender);
}

static gboolean
is_open (const Entrance *entrance)
{
  guint max = entrance->turnstile->n_inside < QUEEN_TURNSTILE_FEW ? QUEEN_TURNSTILE_MAX_OF_ONE : 1;

  return entrance->n_inside < max && entrance->machine->n_inside < QUEEN_TURNSTILE_MAX_OF_MACHINE &&
         (!entrance->sender || entrance->sender->n_inside < QUEEN_TURNSTILE_MAX_OF_SENDER);
}

/* Whether others wait because of who is inside there: those who wait for the same worker know what
 * they wait for. */
static gboolean
is_in_the_way (const Entrance *entrance)
{
  const Party *machine = entrance->machine, *sender = entrance->sender;

  return (machine->n_waiting > entrance->waiting.length &&
          machine->n_inside >= QUEEN_TURNSTILE_MAX_OF_MACHINE) ||
         (sender && sender->n_waiting > entrance->waiting.length &&
          sender->n_inside >= QUEEN_TURNSTILE_MAX_OF_SENDER);
}

/* @change: 1 or -1 */
static void
count_waiting (Entrance *entrance, int change)
{
  entrance->machine->n_waiting += (guint) change;
  if (entrance->sender)
    entrance->sender->n_waiting += (guint) change;
}

/* @change: 1 or -1 */
static void
count_inside (Entrance *entrance, int change)
{
  entrance->n_inside += (guint) change;
  entrance->machine->n_inside += (guint) change;
  if (entrance->sender)
    entrance->sender->n_inside += (guint) change;
  entrance->turnstile->n_inside += (guint) change;
}

static void
let_in (QueenPassage *pass)
{
  QueenTurnstile *self = pass->entrance->turnstile;

  pass->is_inside = TRUE;
  pass->since = self->clock->get_monotonic ();
  g_queue_push_tail_link (&self->inside, &pass->link);
  count_inside (pass->entrance, 1);
}

static void
stop_waiting (QueenPassage *pass)
{
  Entrance *entrance = pass->entrance;

  g_queue_unlink (&entrance->waiting, &pass->link);
  count_waiting (entrance, -1);
  if (entrance->waiting.length == 0)
    g_queue_unlink (&entrance->turnstile->lines, &entrance->link);
}

/* Returns: (transfer none) (nullable): who is next; it has been let in */
static QueenPassage *
let_next_in (QueenTurnstile *self, gboolean is_quick)
{
  for (GList *link = self->lines.head; link; link = link->next)
    {
      Entrance *entrance = link->data;
      QueenPassage *pass = g_queue_peek_head (&entrance->waiting);

      if (entrance->is_quick != is_quick || !is_open (entrance))
        continue;
      g_queue_unlink (&self->lines, link);
      g_queue_push_tail_link (&self->lines, link);
      stop_waiting (pass);
      let_in (pass);
      return pass;
    }
  return NULL;
}

/* Who takes the connection and then says nothing would keep others out for as long as its caller
 * has patience. */
static void
send_slow_away (QueenTurnstile *self)
{
  gint64 last = self->clock->get_monotonic () - QUEEN_TURNSTILE_SPAN;
  GQueue slow = G_QUEUE_INIT;
  QueenPassage *pass;

  for (GList *link = self->inside.head, *behind; link; link = behind)
    {
      pass = link->data;
      behind = link->next;
      if (pass->since > last)
        {
          queen_alarm_set_earlier (self->alarm, pass->since + QUEEN_TURNSTILE_SPAN);
          break;
        }
      if (!is_in_the_way (pass->entrance))
        continue;
      pass->is_sent_away = TRUE;
      g_queue_unlink (&self->inside, link);
      g_queue_push_tail_link (&slow, link);
    }
  while ((pass = g_queue_peek_head (&slow)))
    {
      g_queue_unlink (&slow, &pass->link);
      pass->funcs->on_sent_away (pass->data);
    }
}

/* Whoever leaves may be in the middle of something, such as libsoup's own queue: so others are let
 * in by the loop. Those where it does not take long go ahead of others. */
static void
on_turnstile_due (gpointer data)
{
  QueenTurnstile *self = data;
  QueenPassage *pass;

  while ((pass = let_next_in (self, TRUE)) || (pass = let_next_in (self, FALSE)))
    pass->funcs->on_let_in (pass->data);
  if (self->lines.length > 0)
    send_slow_away (self);
}

QueenTurnstile *
queen_turnstile_new (const QueenClock *clock)
{
  QueenTurnstile *self = g_new0 (QueenTurnstile, 1);

  self->clock = clock;
  self->machines = g_hash_table_new_full (hash_party, is_same_party, g_free, NULL);
  self->senders = g_hash_table_new_full (hash_party, is_same_party, g_free, NULL);
  self->entrances = g_hash_table_new_full (hash_entrance, is_same_entrance, g_free, NULL);
  self->alarm = queen_alarm_new (clock, "turnstile", G_PRIORITY_DEFAULT, on_turnstile_due, self);
  return self;
}

/* Somebody waits for who is inside. */
static void
watch_inside (QueenTurnstile *self)
{
  const QueenPassage *longest = g_queue_peek_head (&self->inside);

  if (longest)
    queen_alarm_set_earlier (self->alarm, longest->since + QUEEN_TURNSTILE_SPAN);
}

QueenPassage *
queen_turnstile_enter (QueenTurnstile *self,
                       GInetAddress *address,
                       guint16 port,
                       const QueenSource *source,
                       const QueenPassageFuncs *funcs,
                       gpointer data)
{
  Entrance *entrance = ensure_entrance (self, address, port, source);
  QueenPassage *pass = g_new0 (QueenPassage, 1);

  pass->entrance = entrance;
  pass->funcs = funcs;
  pass->data = data;
  pass->link.data = pass;
  if (entrance->waiting.length == 0 && is_open (entrance))
    {
      let_in (pass);
      return pass;
    }
  if (entrance->waiting.length == 0)
    g_queue_push_tail_link (&self->lines, &entrance->link);
  g_queue_push_tail_link (&entrance->waiting, &pass->link);
  count_waiting (entrance, 1);
  watch_inside (self);
  return pass;
}

gboolean
queen_passage_is_inside (const QueenPassage *pass)
{
  return pass->is_inside;
}

/* It is remembered how the last one fared. */
static void
leave_idle (Entrance *entrance)
{
  QueenTurnstile *self = entrance->turnstile;

  g_queue_push_tail_link (&self->idle, &entrance->link);
  if (self->idle.length > MAX_IDLE)
    drop_entrance (g_queue_pop_head_link (&self->idle)->data);
}

static void
come_out (QueenPassage *pass)
{
  Entrance *entrance = pass->entrance;
  QueenTurnstile *self = entrance->turnstile;
  gint64 now = self->clock->get_monotonic ();

  if (!pass->is_sent_away)
    g_queue_unlink (&self->inside, &pass->link);
  entrance->is_quick = !pass->is_sent_away && now - pass->since < QUEEN_TURNSTILE_SPAN;
  count_inside (entrance, -1);
  if (self->lines.length > 0)
    queen_alarm_set_earlier (self->alarm, now);
}

void
queen_passage_return (QueenPassage *pass)
{
  Entrance *entrance = pass->entrance;

  if (pass->is_inside)
    come_out (pass);
  else
    stop_waiting (pass);
  g_free (pass);
  if (is_idle (entrance))
    leave_idle (entrance);
}

void
queen_turnstile_free (QueenTurnstile *self)
{
  while (self->idle.head)
    drop_entrance (g_queue_pop_head_link (&self->idle)->data);
  g_hash_table_unref (self->entrances);
  g_hash_table_unref (self->machines);
  g_hash_table_unref (self->senders);
  queen_alarm_free (self->alarm);
  g_free (self);
}
