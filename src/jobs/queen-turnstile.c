/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-turnstile.h"

#include "loop/queen-alarm.h"
#include "queen-turnstile-lines.h"

#define MAX_IDLE 16384  /* entrances that are remembered though nobody is inside or waits */
#define MAX_OF_PAYER 64 /* likewise, of one: who has more loses them first */

typedef QueenTurnstileParty Party;

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
  gboolean is_quick;       /* whoever was the last to leave was not long inside */
  GQueue waiting;          /* of QueenPassage */
  QueenTurnstileLine line; /* among the lines, if somebody waits */
  GList link;              /* among the idle, if nobody is here */
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
  GHashTable *machines;         /* of Party */
  GHashTable *senders;          /* likewise */
  GHashTable *entrances;        /* a set of Entrance */
  QueenTurnstileLines *quick;   /* of Entrance: where somebody waits, of the quick ones */
  QueenTurnstileLines *unknown; /* likewise, of the others */
  GQueue idle;                  /* of Entrance: where nobody is; the longest first */
  GQueue inside; /* of QueenPassage, but for those who are sent away; the longest first */
  guint n_inside;
  guint n_waiting;
  guint n_payers; /* for whom somebody waits; all in a network of 48 bits are one */
  const QueenClock *clock;
  QueenAlarm *alarm;
};

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
  return queen_turnstile_parties_ensure (self->machines, &network, self->clock->get_monotonic ());
}

/* Returns: (nullable): whoever says that somebody is there */
static Party *
ensure_sender (QueenTurnstile *self, const QueenSource *source)
{
  return source
             ? queen_turnstile_parties_ensure (self->senders, source, self->clock->get_monotonic ())
             : NULL;
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
                      .sender = ensure_sender (self, source),
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
  queen_turnstile_party_enter (entrance->machine);
  queen_turnstile_party_enter (entrance->sender);
  g_hash_table_add (self->entrances, entrance);
  return entrance;
}

static void
drop_entrance (Entrance *entrance)
{
  QueenTurnstile *self = entrance->turnstile;
  Party *machine = entrance->machine, *sender = entrance->sender;

  g_hash_table_remove (self->entrances, entrance);
  queen_turnstile_party_leave (machine, self->machines);
  queen_turnstile_party_leave (sender, self->senders);
}

/* Whose turn it is */

static Rank
get_rank (const Entrance *entrance, gint64 now)
{
  const Party *payer = queen_turnstile_party_get_whole (entrance->payer);

  if (queen_turnstile_party_get_used (payer, now) < QUEEN_TURNSTILE_MUCH)
    return entrance->is_quick ? IS_QUICK : IS_UNKNOWN;
  return entrance->is_quick ? IS_QUICK_OF_SLOW : IS_UNKNOWN_OF_SLOW;
}

static gboolean
has_share_of_sender (const Entrance *entrance)
{
  gboolean are_few = entrance->turnstile->n_inside < QUEEN_TURNSTILE_FEW;

  return !entrance->sender || queen_turnstile_party_get_whole (entrance->sender)->n_inside <
                                  (are_few ? QUEEN_TURNSTILE_MAX_OF_SENDER : 1);
}

static gboolean
has_shares (const Entrance *entrance)
{
  gboolean are_few = entrance->turnstile->n_inside < QUEEN_TURNSTILE_FEW;

  return entrance->n_inside < (are_few ? QUEEN_TURNSTILE_MAX_OF_ONE : 1) &&
         entrance->machine->n_inside < QUEEN_TURNSTILE_MAX_OF_MACHINE &&
         has_share_of_sender (entrance);
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

  self->n_waiting += (guint) change;
  queen_turnstile_party_count_waiting (entrance->machine, change);
  queen_turnstile_party_count_waiting (entrance->sender, change);
  queen_turnstile_party_count_waiting_for (entrance->payer, change, &self->n_payers);
}

/* @change: 1 or -1 */
static void
count_inside (Entrance *entrance, int change)
{
  entrance->n_inside += (guint) change;
  queen_turnstile_party_count_inside (entrance->machine, change);
  queen_turnstile_party_count_inside (entrance->sender, change);
  entrance->turnstile->n_inside += (guint) change;
}

/* Its turn is another one from now on. */
static void
pay (const Entrance *entrance, gint64 time, gint64 now)
{
  queen_turnstile_party_pay (entrance->payer, time, now);
  queen_turnstile_lines_sort (entrance->turnstile->quick, entrance->payer);
  queen_turnstile_lines_sort (entrance->turnstile->unknown, entrance->payer);
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
  pay (pass->entrance, 0, pass->since);
}

/* Somebody waits there, and may not have before. */
static void
line_up (Entrance *entrance)
{
  QueenTurnstile *self = entrance->turnstile;

  if (!entrance->line.lines)
    queen_turnstile_lines_enter (entrance->is_quick ? self->quick : self->unknown, &entrance->line,
                                 entrance->payer, entrance->machine, entrance);
}

static void
stop_waiting (QueenPassage *pass)
{
  Entrance *entrance = pass->entrance;

  g_queue_unlink (&entrance->waiting, &pass->link);
  count_waiting (entrance, -1);
  if (entrance->waiting.length == 0)
    queen_turnstile_lines_leave (&entrance->line);
}

static QueenTurnstileLook
look_at (gconstpointer item)
{
  const Entrance *entrance = item;

  if (!has_share_of_sender (entrance))
    return QUEEN_TURNSTILE_ALL_WAIT;
  if (entrance->machine->n_inside >= QUEEN_TURNSTILE_MAX_OF_MACHINE)
    return QUEEN_TURNSTILE_MACHINE_WAITS;
  return has_shares (entrance) ? QUEEN_TURNSTILE_MAY_ENTER : QUEEN_TURNSTILE_LINE_WAITS;
}

/* Of those who wait for nothing but a place, and have the best claim that there is, whoever is on
 * the account of whom has had least.
 *
 * Returns: (transfer none) (nullable): where that is */
static Entrance *
find_best (const QueenTurnstile *self, gint64 now)
{
  Entrance *quick = queen_turnstile_lines_find (self->quick, look_at);
  Entrance *unknown = queen_turnstile_lines_find (self->unknown, look_at);

  if (!quick || !unknown)
    return quick ? quick : unknown;
  return get_rank (quick, now) < get_rank (unknown, now) ? quick : unknown;
}

/* A worse claim has fewer places.
 *
 * Returns: (transfer none) (nullable): where somebody waits who may go in now */
static Entrance *
find_next (const QueenTurnstile *self, gint64 now)
{
  Entrance *best = self->n_inside < QUEEN_TURNSTILE_MAX ? find_best (self, now) : NULL;

  return best && is_open (best, now) ? best : NULL;
}

/* Returns: (transfer none) (nullable): who is next; it has been let in */
static QueenPassage *
let_next_in (QueenTurnstile *self, gint64 now)
{
  Entrance *entrance = find_next (self, now);
  QueenPassage *pass = entrance ? g_queue_peek_head (&entrance->waiting) : NULL;

  if (!pass)
    return NULL;
  queen_turnstile_lines_renew (&entrance->line);
  stop_waiting (pass);
  let_in (pass);
  return pass;
}

/* Those who take long */

/* How long one may be inside for whom others wait: so that all of them have been inside in less
 * than one %QUEEN_TURNSTILE_SPAN, and all of its own network. */
static gint64
get_span (const QueenPassage *pass)
{
  const Party *payer = queen_turnstile_party_get_whole (pass->entrance->payer);
  guint n_payers = MAX (pass->entrance->turnstile->n_payers, payer->n_payers);

  return CLAMP (QUEEN_TURNSTILE_SPAN / 4 * 3 * places[IS_UNKNOWN] / MAX (n_payers, 1),
                QUEEN_TURNSTILE_SHORT_SPAN, QUEEN_TURNSTILE_SPAN);
}

/* Whether others wait because of who is inside there: those who wait for the same worker know what
 * they wait for. */
static gboolean
is_in_the_way (const Entrance *entrance)
{
  Party *machine = entrance->machine, *sender = entrance->sender;

  return (machine->n_waiting > entrance->waiting.length &&
          machine->n_inside >= QUEEN_TURNSTILE_MAX_OF_MACHINE) ||
         (sender &&
          queen_turnstile_party_get_whole (sender)->n_waiting > entrance->waiting.length &&
          !has_share_of_sender (entrance));
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
  const Entrance *waiting = find_best (self, now);
  Rank best = waiting ? get_rank (waiting, now) : N_RANKS;
  GQueue slow = G_QUEUE_INIT;

  for (GList *link = self->inside.head, *behind; link; link = behind)
    {
      QueenPassage *pass = link->data;
      gboolean has_had_time = now - pass->since >= QUEEN_TURNSTILE_SPAN;

      behind = link->next;
      if (now - pass->since < get_span (pass))
        queen_alarm_set_earlier (self->alarm, pass->since + get_span (pass));
      else if (takes_place (pass, best, has_had_time) || is_in_the_way (pass->entrance))
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
  if (self->n_waiting > 0)
    send_slow_away (self, now);
}

QueenTurnstile *
queen_turnstile_new (const QueenClock *clock)
{
  QueenTurnstile *self = g_new0 (QueenTurnstile, 1);

  self->clock = clock;
  self->machines = queen_turnstile_parties_new ();
  self->senders = queen_turnstile_parties_new ();
  self->quick = queen_turnstile_lines_new ();
  self->unknown = queen_turnstile_lines_new ();
  self->entrances = g_hash_table_new_full (hash_entrance, is_same_entrance, g_free, NULL);
  self->alarm = queen_alarm_new (clock, "turnstile", G_PRIORITY_DEFAULT, on_turnstile_due, self);
  return self;
}

/* Somebody waits for who is inside. */
static void
watch_inside (QueenTurnstile *self)
{
  for (const GList *link = self->inside.head; link; link = link->next)
    {
      const QueenPassage *pass = link->data;

      queen_alarm_set_earlier (self->alarm, pass->since + get_span (pass));
    }
}

/* Who has just made room, and comes back at once, is not to have it again before those who wait. */
static void
let_newcomer_in (QueenPassage *pass)
{
  Entrance *entrance = pass->entrance;
  QueenTurnstile *self = entrance->turnstile;
  gint64 now = self->clock->get_monotonic ();

  if (entrance->waiting.length > 1 || !is_open (entrance, now))
    return;
  if (find_next (self, now) != entrance)
    {
      queen_alarm_set_earlier (self->alarm, now);
      return;
    }
  stop_waiting (pass);
  let_in (pass);
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
  line_up (entrance);
  g_queue_push_tail_link (&entrance->waiting, &pass->link);
  count_waiting (entrance, 1);
  let_newcomer_in (pass);
  if (!pass->is_inside)
    watch_inside (self);
  return pass;
}

gboolean
queen_passage_is_inside (const QueenPassage *pass)
{
  return pass->is_inside;
}

/* Returns: (transfer none) (nullable): what is on the account of @payer, or of one in it */
static Entrance *
find_idle_of (const QueenTurnstile *self, const Party *payer)
{
  for (GList *link = self->idle.head; link; link = link->next)
    {
      Entrance *entrance = link->data;

      if (entrance->payer == payer || entrance->payer->wide == payer)
        return entrance;
    }
  return NULL;
}

/* Nobody can have it forgotten how the others fared by naming more and more workers.
 *
 * Returns: (transfer none): whose place is to be had */
static Entrance *
find_forgettable (const QueenTurnstile *self, const Party *payer)
{
  Entrance *found = NULL;

  for (; payer && !found; payer = payer->wide)
    if (payer->n_entrances > MAX_OF_PAYER)
      found = find_idle_of (self, payer);
  return found ? found : self->idle.head->data;
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
set_quick (Entrance *entrance, gboolean is_quick)
{
  if (entrance->is_quick == is_quick)
    return;
  entrance->is_quick = is_quick;
  queen_turnstile_lines_leave (&entrance->line);
  if (entrance->waiting.length > 0)
    line_up (entrance);
}

static void
come_out (QueenPassage *pass)
{
  Entrance *entrance = pass->entrance;
  QueenTurnstile *self = entrance->turnstile;
  gint64 now = self->clock->get_monotonic ();

  if (!pass->is_sent_away)
    g_queue_unlink (&self->inside, &pass->link);
  pay (entrance, now - pass->since + (pass->is_sent_away ? QUEEN_TURNSTILE_MUCH : 0), now);
  set_quick (entrance, !pass->is_sent_away && now - pass->since < QUEEN_TURNSTILE_SPAN);
  count_inside (entrance, -1);
  if (self->n_waiting > 0)
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
  queen_turnstile_lines_free (self->quick);
  queen_turnstile_lines_free (self->unknown);
  g_hash_table_unref (self->entrances);
  g_hash_table_unref (self->machines);
  g_hash_table_unref (self->senders);
  queen_alarm_free (self->alarm);
  g_free (self);
}
