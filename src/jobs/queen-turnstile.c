/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-turnstile.h"

#include <string.h>

#include "loop/queen-alarm.h"
#include "text/queen-hash.h"

#define NETWORK_LENGTH 8 /* bytes of an address of IPv6; the others are for its owner to choose */
#define MAX_IDLE 16384   /* entrances that are remembered though nobody is inside or waits */
#define MAX_OF_PAYER 64  /* likewise, of one: who has more loses them first */

#define FREE (50 * G_TIME_SPAN_MILLISECOND)  /* µs inside that nobody has to pay for */
#define MUCH (250 * G_TIME_SPAN_MILLISECOND) /* µs inside that are much */
#define MOST (5 * G_TIME_SPAN_SECOND)        /* µs inside that are remembered */
#define FORGIVEN 100                         /* of so many µs, one is forgotten */

/* A machine, or whoever has said where workers are. */
typedef struct
{
  QueenSource network;
  guint n_entrances;
  guint n_accounts; /* of them, those that are on its account */
  guint n_inside;
  guint n_waiting;
  guint n_waiting_for; /* of them, who are on its account */
  gint64 used;         /* µs that those were inside who are on its account, at the time: */
  gint64 used_at;
} Party;

/* How good a claim is to one of the places, and how many of them may be taken for that: so there is
 * always room for those who have a better one. */
typedef enum
{
  IS_QUICK,
  IS_UNKNOWN,
  IS_QUICK_OF_SLOW,
  IS_UNKNOWN_OF_SLOW,
  N_RANKS,
} Rank;

static const guint places[N_RANKS] = {
  [IS_QUICK] = QUEEN_TURNSTILE_MAX,
  [IS_UNKNOWN] = 6,
  [IS_QUICK_OF_SLOW] = 4,
  [IS_UNKNOWN_OF_SLOW] = 3,
};

typedef struct
{
  Party *machine;
  Party *sender; /* NULL for where nobody has sent us */
  Party *payer;  /* on whose account it is */
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
  Rank rank;    /* likewise: with which it came in */
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
  guint n_waiting;
  guint n_payers; /* for whom somebody waits */
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
  Entrance *entrance;

  wanted.payer = wanted.sender ? wanted.sender : wanted.machine;
  entrance = g_hash_table_lookup (self->entrances, &wanted);
  if (entrance && is_idle (entrance))
    g_queue_unlink (&self->idle, &entrance->link);
  if (entrance)
    return entrance;
  entrance = g_memdup2 (&wanted, sizeof wanted);
  entrance->link.data = entrance;
  entrance->machine->n_entrances++;
  entrance->payer->n_accounts++;
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

  entrance->payer->n_accounts--;
  g_hash_table_remove (self->entrances, entrance);
  leave_party (self->machines, machine);
  leave_party (self->senders, sender);
}

/* Whose turn it is */

static gint64
get_used (const Party *party, gint64 now)
{
  return MAX (0, party->used - (now - party->used_at) / FORGIVEN);
}

static void
pay (Party *party, gint64 time, gint64 now)
{
  party->used = MIN (get_used (party, now) + MAX (0, time - FREE), MOST);
  party->used_at = now;
}

static Rank
get_rank (const Entrance *entrance, gint64 now)
{
  if (get_used (entrance->payer, now) < MUCH)
    return entrance->is_quick ? IS_QUICK : IS_UNKNOWN;
  return entrance->is_quick ? IS_QUICK_OF_SLOW : IS_UNKNOWN_OF_SLOW;
}

static guint
get_max_of_sender (const QueenTurnstile *self)
{
  return self->n_inside < QUEEN_TURNSTILE_FEW ? QUEEN_TURNSTILE_MAX_OF_SENDER : 1;
}

static gboolean
has_shares (const Entrance *entrance)
{
  gboolean are_few = entrance->turnstile->n_inside < QUEEN_TURNSTILE_FEW;

  return entrance->n_inside < (are_few ? QUEEN_TURNSTILE_MAX_OF_ONE : 1) &&
         entrance->machine->n_inside < QUEEN_TURNSTILE_MAX_OF_MACHINE &&
         (!entrance->sender ||
          entrance->sender->n_inside < get_max_of_sender (entrance->turnstile));
}

static gboolean
is_open (const Entrance *entrance, gint64 now)
{
  return entrance->turnstile->n_inside < places[get_rank (entrance, now)] && has_shares (entrance);
}

/* @change: 1 or -1 */
static void
count_waiting (Entrance *entrance, int change)
{
  QueenTurnstile *self = entrance->turnstile;
  Party *payer = entrance->payer, *other = entrance->sender ? entrance->machine : NULL;
  guint n_before = payer->n_waiting_for;

  self->n_waiting += (guint) change;
  payer->n_waiting_for += (guint) change;
  payer->n_waiting += (guint) change;
  if (other)
    other->n_waiting += (guint) change;
  self->n_payers += (n_before == 0) - (guint) (payer->n_waiting_for == 0);
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
  pass->rank = get_rank (pass->entrance, pass->since);
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

/* Of those with the best claim that there is, whoever is on the account of whom has had least.
 *
 * Returns: (transfer none) (nullable): where somebody waits who may go in now */
static Entrance *
find_next (const QueenTurnstile *self, gint64 now)
{
  Entrance *best = NULL;

  for (GList *link = self->lines.head; link && self->n_inside < QUEEN_TURNSTILE_MAX;
       link = link->next)
    {
      Entrance *entrance = link->data;
      Rank rank = get_rank (entrance, now);

      if ((!best || rank < get_rank (best, now) ||
           (rank == get_rank (best, now) &&
            get_used (entrance->payer, now) < get_used (best->payer, now))) &&
          is_open (entrance, now))
        best = entrance;
    }
  return best;
}

/* Returns: (transfer none) (nullable): who is next; it has been let in */
static QueenPassage *
let_next_in (QueenTurnstile *self, gint64 now)
{
  Entrance *entrance = find_next (self, now);
  QueenPassage *pass = entrance ? g_queue_peek_head (&entrance->waiting) : NULL;

  if (!pass)
    return NULL;
  g_queue_unlink (&self->lines, &entrance->link);
  g_queue_push_tail_link (&self->lines, &entrance->link);
  stop_waiting (pass);
  let_in (pass);
  return pass;
}

/* Those who take long */

/* The best claim of those who wait for nothing but a place. */
static Rank
find_best_waiting (const QueenTurnstile *self, gint64 now)
{
  Rank best = N_RANKS;

  for (GList *link = self->lines.head; link && best > IS_QUICK; link = link->next)
    {
      const Entrance *entrance = link->data;

      if (has_shares (entrance))
        best = MIN (best, get_rank (entrance, now));
    }
  return best;
}

/* How long one may be inside for whom others wait: so that all of them have been inside in less
 * than one %QUEEN_TURNSTILE_SPAN. */
static gint64
get_span (const QueenTurnstile *self)
{
  return CLAMP (QUEEN_TURNSTILE_SPAN / 4 * 3 * places[IS_UNKNOWN] / MAX (self->n_payers, 1),
                QUEEN_TURNSTILE_SHORT_SPAN, QUEEN_TURNSTILE_SPAN);
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
          sender->n_inside >= get_max_of_sender (entrance->turnstile));
}

/* Whether a place is taken by it that somebody else waits for, whose claim is no worse, or who has
 * waited for as long as anybody may be inside. */
static gboolean
takes_place (const QueenPassage *pass, Rank best, gboolean has_had_time)
{
  const QueenTurnstile *self = pass->entrance->turnstile;

  if (best == N_RANKS || self->n_inside < places[best])
    return FALSE;
  return has_had_time
             ? self->n_waiting > pass->entrance->waiting.length
             : self->n_waiting > pass->entrance->payer->n_waiting_for && pass->rank >= best;
}

static void
send_away (QueenTurnstile *self, GQueue *slow, gint64 now)
{
  QueenPassage *pass;

  while ((pass = g_queue_peek_head (slow)))
    {
      g_queue_unlink (slow, &pass->link);
      pass->funcs->on_sent_away (now - pass->since >= QUEEN_TURNSTILE_SPAN, pass->data);
    }
}

/* Who takes the connection and then says nothing would keep others out for as long as its caller
 * has patience. */
static void
send_slow_away (QueenTurnstile *self, gint64 now)
{
  Rank best = find_best_waiting (self, now);
  gint64 span = get_span (self);
  GQueue slow = G_QUEUE_INIT;

  for (GList *link = self->inside.head, *behind; link; link = behind)
    {
      QueenPassage *pass = link->data;
      gboolean has_had_time = now - pass->since >= QUEEN_TURNSTILE_SPAN;

      behind = link->next;
      if (now - pass->since < span)
        {
          queen_alarm_set_earlier (self->alarm, pass->since + span);
          break;
        }
      if (takes_place (pass, best, has_had_time) || is_in_the_way (pass->entrance))
        {
          pass->is_sent_away = TRUE;
          g_queue_unlink (&self->inside, link);
          g_queue_push_tail_link (&slow, link);
        }
      else if (!has_had_time)
        queen_alarm_set_earlier (self->alarm, pass->since + QUEEN_TURNSTILE_SPAN);
    }
  send_away (self, &slow, now);
}

/* Whoever leaves may be in the middle of something, such as libsoup's own queue: so others are let
 * in by the loop. */
static void
on_turnstile_due (gpointer data)
{
  QueenTurnstile *self = data;
  gint64 now = self->clock->get_monotonic ();
  QueenPassage *pass;

  while ((pass = let_next_in (self, now)))
    pass->funcs->on_let_in (pass->data);
  if (self->lines.length > 0)
    send_slow_away (self, now);
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
    queen_alarm_set_earlier (self->alarm, longest->since + get_span (self));
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
  if (entrance->waiting.length == 0 && is_open (entrance, self->clock->get_monotonic ()))
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

/* Nobody can have it forgotten how the others fared by naming more and more workers.
 *
 * Returns: (transfer none): whose place is to be had */
static Entrance *
find_forgettable (const QueenTurnstile *self, const Party *payer)
{
  GList *first = self->idle.head;

  for (GList *link = first; link && payer->n_accounts > MAX_OF_PAYER; link = link->next)
    if (((const Entrance *) link->data)->payer == payer)
      return link->data;
  return first->data;
}

/* It is remembered how the last one fared. */
static void
leave_idle (Entrance *entrance)
{
  QueenTurnstile *self = entrance->turnstile;
  Entrance *other;

  g_queue_push_tail_link (&self->idle, &entrance->link);
  if (self->idle.length <= MAX_IDLE)
    return;
  other = find_forgettable (self, entrance->payer);
  g_queue_unlink (&self->idle, &other->link);
  drop_entrance (other);
}

static void
come_out (QueenPassage *pass)
{
  Entrance *entrance = pass->entrance;
  QueenTurnstile *self = entrance->turnstile;
  gint64 now = self->clock->get_monotonic ();

  if (!pass->is_sent_away)
    g_queue_unlink (&self->inside, &pass->link);
  pay (entrance->payer, now - pass->since + (pass->is_sent_away ? MUCH : 0), now);
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
