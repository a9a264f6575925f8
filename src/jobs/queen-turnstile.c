/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-turnstile.h"

#include <string.h>

#include "loop/queen-alarm.h"
#include "text/queen-hash.h"

#define NETWORK_LENGTH 8 /* bytes of an address of IPv6; the others are for its owner to choose */

/* Both are there as long as somebody is inside or waits. */

/* A machine, or whoever has said where workers are. */
typedef struct
{
  QueenSource network;
  guint n_entrances;
  guint n_inside;
} Party;

typedef struct
{
  Party *machine;
  Party *sender; /* NULL for where nobody has sent us */
  guint16 port;
  QueenTurnstile *turnstile;
  guint n_inside;
  GQueue waiting; /* of QueenPassage */
  GList link;     /* among the lines, if somebody waits */
} Entrance;

struct _QueenPassage
{
  Entrance *entrance;
  gboolean is_inside;
  void (*func) (gpointer data);
  gpointer data;
  GList link;
};

struct _QueenTurnstile
{
  GHashTable *machines;  /* a set of Party */
  GHashTable *senders;   /* likewise */
  GHashTable *entrances; /* a set of Entrance */
  GQueue lines;          /* of Entrance: where somebody waits; whose turn it is comes first */
  guint n_inside;
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
  pass->is_inside = TRUE;
  count_inside (pass->entrance, 1);
}

static void
stop_waiting (QueenPassage *pass)
{
  Entrance *entrance = pass->entrance;

  g_queue_unlink (&entrance->waiting, &pass->link);
  if (entrance->waiting.length == 0)
    g_queue_unlink (&entrance->turnstile->lines, &entrance->link);
}

/* Returns: (transfer none) (nullable): who is next; it has been let in */
static QueenPassage *
let_next_in (QueenTurnstile *self)
{
  for (GList *link = self->lines.head; link; link = link->next)
    {
      Entrance *entrance = link->data;
      QueenPassage *pass = g_queue_peek_head (&entrance->waiting);

      if (!is_open (entrance))
        continue;
      g_queue_unlink (&self->lines, link);
      g_queue_push_tail_link (&self->lines, link);
      stop_waiting (pass);
      let_in (pass);
      return pass;
    }
  return NULL;
}

/* Whoever leaves may be in the middle of something, such as libsoup's own queue: so others are let
 * in by the loop. */
static void
on_room (gpointer data)
{
  QueenTurnstile *self = data;
  QueenPassage *pass;

  while ((pass = let_next_in (self)))
    pass->func (pass->data);
}

QueenTurnstile *
queen_turnstile_new (void)
{
  QueenTurnstile *self = g_new0 (QueenTurnstile, 1);

  self->machines = g_hash_table_new_full (hash_party, is_same_party, g_free, NULL);
  self->senders = g_hash_table_new_full (hash_party, is_same_party, g_free, NULL);
  self->entrances = g_hash_table_new_full (hash_entrance, is_same_entrance, g_free, NULL);
  self->alarm =
      queen_alarm_new (&queen_clock_system, "turnstile", G_PRIORITY_DEFAULT, on_room, self);
  return self;
}

QueenPassage *
queen_turnstile_enter (QueenTurnstile *self,
                       GInetAddress *address,
                       guint16 port,
                       const QueenSource *source,
                       void (*func) (gpointer data),
                       gpointer data)
{
  Entrance *entrance = ensure_entrance (self, address, port, source);
  QueenPassage *pass = g_new0 (QueenPassage, 1);

  pass->entrance = entrance;
  pass->func = func;
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
  return pass;
}

gboolean
queen_passage_is_inside (const QueenPassage *pass)
{
  return pass->is_inside;
}

void
queen_passage_return (QueenPassage *pass)
{
  Entrance *entrance = pass->entrance;
  QueenTurnstile *self = entrance->turnstile;

  if (pass->is_inside)
    {
      count_inside (entrance, -1);
      if (self->lines.length > 0)
        queen_alarm_set_earlier (self->alarm, g_get_monotonic_time ());
    }
  else
    stop_waiting (pass);
  if (entrance->n_inside == 0 && entrance->waiting.length == 0)
    drop_entrance (entrance);
  g_free (pass);
}

void
queen_turnstile_free (QueenTurnstile *self)
{
  g_hash_table_unref (self->entrances);
  g_hash_table_unref (self->machines);
  g_hash_table_unref (self->senders);
  queen_alarm_free (self->alarm);
  g_free (self);
}
