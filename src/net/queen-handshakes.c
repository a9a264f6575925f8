/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-handshakes.h"

#include "loop/queen-alarm.h"
#include "queen-shares.h"

#define SHARE 4 /* handshakes have one part in so many of the time */
#define MAX_CREDIT                                                                                 \
  5000 /* µs that they may save up: the loop wakes up for whole milliseconds only */

#define MAX_STEPS (QUEEN_SLICE / 4) /* µs in a turn of the loop: one with RSA, a few without */
#define MIN_STEP 25 /* µs: what a step costs at the least, with the turn of the loop around it */
#define AGAIN_PER_FRESH 2 /* steps that a handshake of TLS 1.3 may want after its first */
#define LATELY G_USEC_PER_SEC

typedef enum
{
  FRESH, /* those that wait for their first turn */
  AGAIN, /* those that wait for another, and so are who they say */
  N_LINES
} Line;

/* An address, the network that it is in, or all of them. */
struct _QueenHandshakeAddress
{
  QueenHandshakeAddress *whole; /* NULL for all of them */
  QueenShare *share;
  gconstpointer key; /* among all */
  guint n;           /* under way */
  guint n_begun;     /* of these */
  guint n_late;      /* addresses that had a first turn lately: itself, or those in it */

  GQueue turns[N_LINES]; /* of its parts: those that have somebody who wants one */
  GQueue heavy;          /* of its parts: those that have more than a few */
  GQueue lines[N_LINES]; /* of an address, QueenHandshake: fresh ones newest first, others oldest
                            first */

  GList turn_links[N_LINES];
  gboolean has_turn[N_LINES];
  GList heavy_link;
  GList late_link;
  gint64 had_turn; /* of an address, µs, monotonic: its last first one; 0 for none lately */
};

struct _QueenHandshakes
{
  const QueenClock *clock;
  QueenHandshakeFunc on_turn;
  QueenHandshakeFunc on_crowded;
  gpointer data;

  QueenShares *shares;   /* who is the same address as who */
  GHashTable *addresses; /* QueenShare -> QueenHandshakeAddress; NULL is one, too */
  QueenHandshakeAddress all;
  guint n_again; /* turns of those who had begun since a new one had its */
  GQueue begun;  /* of QueenHandshake, oldest first */
  GQueue late;   /* of addresses that had a first turn lately, who had it longest ago first */

  QueenAlarm *alarm;
  gint64 credit;  /* µs that may be used now; below 0 when a step took more than there was */
  gint64 counted; /* µs, monotonic: when the credit was counted */
  const QueenHandshake *stepping; /* whose turn it is, NULL for nobody's */
  gint64 step_begin;              /* µs of the processor */
};

/* Time */

static void
count_credit (QueenHandshakes *self, gint64 now)
{
  self->credit = MIN (self->credit + (now - self->counted) / SHARE, MAX_CREDIT);
  self->counted = now;
}

static void
begin_step (QueenHandshakes *self, const QueenHandshake *handshake)
{
  self->stepping = handshake;
  self->step_begin = self->clock->get_cpu ();
}

/* Only what the step itself has cost is charged: a processor that was busy elsewhere meanwhile, or
 * the request that follows the handshake, is not its fault. Of a step that does next to nothing,
 * what is around it costs most. */
static void
end_step (QueenHandshakes *self)
{
  gint64 cost;

  if (!self->stepping)
    return;
  cost = self->clock->get_cpu () - self->step_begin;
  self->credit -= MAX (cost, MIN_STEP);
  self->stepping = NULL;
}

static gboolean
has_turns (const QueenHandshakes *self)
{
  return self->all.turns[FRESH].length > 0 || self->all.turns[AGAIN].length > 0;
}

static void
set_alarm (QueenHandshakes *self)
{
  if (!has_turns (self))
    queen_alarm_set (self->alarm, -1);
  else if (self->credit > 0)
    queen_alarm_set (self->alarm, 0);
  else
    queen_alarm_set (self->alarm, self->counted + (1 - self->credit) * SHARE);
}

/* Addresses */

static QueenHandshakeAddress *
get_part (QueenHandshakes *self, QueenHandshakeAddress *whole, QueenShare *share, gconstpointer key)
{
  QueenHandshakeAddress *part = g_hash_table_lookup (self->addresses, key);

  if (part)
    return part;
  part = g_new0 (QueenHandshakeAddress, 1);
  part->whole = whole;
  part->share = share;
  part->key = key;
  part->late_link.data = part;
  part->turn_links[FRESH].data = part->turn_links[AGAIN].data = part;
  part->heavy_link.data = part;
  g_hash_table_insert (self->addresses, (gpointer) key, part);
  return part;
}

/* What is in no network of its own is one that has but one address. */
static QueenHandshakeAddress *
enter_address (QueenHandshakes *self, const struct sockaddr_storage *sockaddr)
{
  QueenHandshakeAddress *network, *address;
  QueenShare *share;

  queen_shares_acquire (self->shares, sockaddr, FALSE, &share);
  network = get_part (self, &self->all, NULL, share ? queen_share_get_wide (share) : NULL);
  address = share && queen_share_get_wide (share) != share ? get_part (self, network, share, share)
                                                           : network;
  address->share = share;
  for (QueenHandshakeAddress *each = address; each->whole; each = each->whole)
    if (++each->n == QUEEN_HANDSHAKES_FEW + 1)
      g_queue_push_tail_link (&each->whole->heavy, &each->heavy_link);
  return address;
}

/* Returns: what it is in */
static QueenHandshakeAddress *
remove_if_gone (QueenHandshakes *self, QueenHandshakeAddress *part)
{
  QueenHandshakeAddress *whole = part->whole;

  if (part->n == 0 && part->n_late == 0)
    g_hash_table_remove (self->addresses, part->key);
  return whole;
}

static void
release_address (QueenHandshakes *self, QueenHandshakeAddress *address)
{
  QueenShare *share = address->share;

  for (QueenHandshakeAddress *each = address; each->whole; each = remove_if_gone (self, each))
    if (each->n-- == QUEEN_HANDSHAKES_FEW + 1)
      g_queue_unlink (&each->whole->heavy, &each->heavy_link);
  queen_shares_release (self->shares, share);
}

/* It is no newcomer for a while, though it may have nothing here meanwhile. */
static void
remember_turn (QueenHandshakes *self, QueenHandshakeAddress *address)
{
  struct sockaddr_storage sockaddr;
  QueenShare *share;

  if (address->had_turn > 0)
    g_queue_unlink (&self->late, &address->late_link);
  else
    {
      for (QueenHandshakeAddress *each = address; each->whole; each = each->whole)
        each->n_late++;
      if (address->share)
        {
          queen_share_get_address (address->share, &sockaddr);
          queen_shares_acquire (self->shares, &sockaddr, FALSE, &share);
        }
    }
  address->had_turn = self->clock->get_monotonic ();
  g_queue_push_tail_link (&self->late, &address->late_link);
}

/* There are no more of them than there is time for first turns. */
static void
forget_turns (QueenHandshakes *self, gint64 until)
{
  QueenHandshakeAddress *first;

  while ((first = g_queue_peek_head (&self->late)) && first->had_turn <= until)
    {
      QueenShare *share = first->share;

      g_queue_unlink (&self->late, &first->late_link);
      first->had_turn = 0;
      for (QueenHandshakeAddress *each = first; each->whole; each = remove_if_gone (self, each))
        each->n_late--;
      queen_shares_release (self->shares, share);
    }
}

/* An address that has nobody else here comes first among those who are new, as a new client does in
 * its address: when there are more than can be served, those who have waited for long have given
 * up, and all would if each was served as late as that. It is the same with networks. But whoever
 * has had a turn lately and comes back at once is no newcomer: it would come before all others each
 * time. */
static void
update_turn (QueenHandshakeAddress *address, Line line)
{
  for (QueenHandshakeAddress *each = address; each->whole; each = each->whole)
    {
      gboolean is_waiting = each->lines[line].length > 0 || each->turns[line].length > 0;

      if (is_waiting == each->has_turn[line])
        return;
      each->has_turn[line] = is_waiting;
      if (!is_waiting)
        g_queue_unlink (&each->whole->turns[line], &each->turn_links[line]);
      else if (line == FRESH && each->n == 1 && each->n_late == 0)
        g_queue_push_head_link (&each->whole->turns[line], &each->turn_links[line]);
      else
        g_queue_push_tail_link (&each->whole->turns[line], &each->turn_links[line]);
    }
}

static Line
get_line (const QueenHandshake *handshake)
{
  return handshake->has_begun ? AGAIN : FRESH;
}

static void
wait_for_turn (QueenHandshake *handshake)
{
  Line line = get_line (handshake);

  handshake->queue = &handshake->address->lines[line];
  if (line == FRESH)
    g_queue_push_head_link (handshake->queue, &handshake->turn_link);
  else
    g_queue_push_tail_link (handshake->queue, &handshake->turn_link);
  update_turn (handshake->address, line);
}

static void
stop_waiting (QueenHandshake *handshake)
{
  if (!handshake->queue)
    return;
  g_queue_unlink (handshake->queue, &handshake->turn_link);
  handshake->queue = NULL;
  update_turn (handshake->address, get_line (handshake));
}

/* Making room */

/* Returns: (nullable): the network that has most of them, or the address in it that has many */
static QueenHandshakeAddress *
find_heaviest (QueenHandshakes *self)
{
  QueenHandshakeAddress *whole = &self->all;

  while (whole->heavy.head)
    {
      QueenHandshakeAddress *heaviest = NULL;

      for (GList *link = whole->heavy.head; link; link = link->next)
        {
          QueenHandshakeAddress *each = link->data;

          if (!heaviest || each->n > heaviest->n)
            heaviest = each;
        }
      whole = heaviest;
    }
  return whole->whole ? whole : NULL;
}

static gboolean
is_of (const QueenHandshake *handshake, const QueenHandshakeAddress *address)
{
  return handshake->address == address || handshake->address->whole == address;
}

/* The one that has let the queen wait for longest, of @address if that is not NULL; not one for
 * which it is the queen's turn. */
static QueenHandshake *
find_slowest (QueenHandshakes *self, const QueenHandshakeAddress *address)
{
  for (GList *link = self->begun.head; link; link = link->next)
    {
      QueenHandshake *handshake = link->data;

      if ((!address || is_of (handshake, address)) && !queen_handshakes_is_waiting (handshake))
        return handshake;
    }
  return NULL;
}

/* Returns: (nullable): the oldest of those who wait for their first turn */
static QueenHandshake *
find_last_fresh (const QueenHandshakeAddress *address)
{
  while (address->turns[FRESH].tail)
    address = address->turns[FRESH].tail->data;
  return g_queue_peek_tail ((GQueue *) &address->lines[FRESH]);
}

gpointer
queen_handshakes_find_burden (QueenHandshakes *self)
{
  QueenHandshakeAddress *heaviest = find_heaviest (self);
  QueenHandshake *slowest = heaviest ? find_slowest (self, heaviest) : NULL;

  if (!slowest && heaviest)
    slowest = find_last_fresh (heaviest);
  return slowest ? slowest->item : NULL;
}

static void
make_room (QueenHandshakes *self)
{
  QueenHandshakeAddress *heaviest;
  QueenHandshake *slowest;

  if (self->begun.length < QUEEN_HANDSHAKES_MAX_BEGUN)
    return;
  heaviest = find_heaviest (self);
  slowest = heaviest ? find_slowest (self, heaviest) : NULL;
  if (!slowest)
    slowest = find_slowest (self, NULL);
  if (!slowest)
    slowest = g_queue_peek_head (&self->begun);
  self->on_crowded (slowest->item, self->data);
}

/* Turns */

/* Those who have begun go on before others begin, or nobody would come to an end. But clients that
 * make their handshakes of any number of steps shall not keep new ones out for as long. */
static Line
choose_line (QueenHandshakes *self)
{
  gboolean is_fresh = self->all.turns[AGAIN].length == 0 ||
                      (self->all.turns[FRESH].length > 0 && self->n_again >= AGAIN_PER_FRESH);

  self->n_again = is_fresh ? 0 : self->n_again + 1;
  return is_fresh ? FRESH : AGAIN;
}

/* The next part of @whole; of those with new ones none that has begun enough already, unless there
 * are no others. */
static QueenHandshakeAddress *
choose_part (const QueenHandshakeAddress *whole, Line line)
{
  for (GList *link = whole->turns[line].head; link && line == FRESH; link = link->next)
    {
      QueenHandshakeAddress *part = link->data;

      if (part->n_begun < QUEEN_HANDSHAKES_FEW)
        return part;
    }
  return whole->turns[line].head->data;
}

/* Others of @address, and of its network, come after other addresses, and networks. */
static void
pass_turn (QueenHandshakeAddress *address, Line line)
{
  for (QueenHandshakeAddress *each = address; each->whole && each->has_turn[line];
       each = each->whole)
    {
      g_queue_unlink (&each->whole->turns[line], &each->turn_links[line]);
      g_queue_push_tail_link (&each->whole->turns[line], &each->turn_links[line]);
    }
}

/* Returns: whose turn it is; it waits no longer */
static QueenHandshake *
choose (QueenHandshakes *self, Line line)
{
  QueenHandshakeAddress *address = &self->all;
  QueenHandshake *handshake;

  while (address->turns[line].head)
    address = choose_part (address, line);
  handshake = g_queue_peek_head (&address->lines[line]);
  pass_turn (address, line);
  stop_waiting (handshake);
  return handshake;
}

static void
begin (QueenHandshakes *self, QueenHandshake *handshake)
{
  handshake->has_begun = TRUE;
  remember_turn (self, handshake->address);
  for (QueenHandshakeAddress *each = handshake->address; each->whole; each = each->whole)
    each->n_begun++;
  g_queue_push_tail_link (&self->begun, &handshake->begun_link);
}

static void
take_turn (QueenHandshakes *self)
{
  QueenHandshake *handshake = choose (self, choose_line (self));

  if (!handshake->has_begun)
    {
      make_room (self);
      begin (self, handshake);
    }
  begin_step (self, handshake);
  self->on_turn (handshake->item, self->data);
  end_step (self);
}

/* When there is much to do, turns of the main loop are long and few: with one step in each there
 * would be next to nothing of the share. */
static void
on_alarm (gpointer data)
{
  QueenHandshakes *self = data;
  gint64 begin = self->clock->get_monotonic ();

  count_credit (self, begin);
  while (self->credit > 0 && has_turns (self))
    {
      take_turn (self);
      if (self->clock->get_monotonic () - begin >= MAX_STEPS)
        break;
    }
  set_alarm (self);
}

void
queen_handshakes_enter (QueenHandshakes *self,
                        QueenHandshake *handshake,
                        const struct sockaddr_storage *address,
                        gpointer item)
{
  g_return_if_fail (!queen_handshakes_is_under_way (handshake));

  forget_turns (self, self->clock->get_monotonic () - LATELY);
  handshake->owner = self;
  handshake->address = enter_address (self, address);
  handshake->item = item;
  handshake->turn_link.data = handshake->begun_link.data = handshake;
  wait_for_turn (handshake);
  set_alarm (self);
}

void
queen_handshakes_resume (QueenHandshake *handshake)
{
  if (!handshake->owner || handshake->queue)
    return;
  wait_for_turn (handshake);
  set_alarm (handshake->owner);
}

void
queen_handshakes_release (QueenHandshake *handshake)
{
  QueenHandshakes *self = handshake->owner;

  if (!self)
    return;
  if (handshake == self->stepping)
    end_step (self);
  stop_waiting (handshake);
  if (handshake->has_begun)
    {
      g_queue_unlink (&self->begun, &handshake->begun_link);
      for (QueenHandshakeAddress *each = handshake->address; each->whole; each = each->whole)
        each->n_begun--;
    }
  release_address (self, handshake->address);
  *handshake = (QueenHandshake){ NULL };
}

QueenHandshakes *
queen_handshakes_new (const QueenClock *clock,
                      QueenHandshakeFunc on_turn,
                      QueenHandshakeFunc on_crowded,
                      gpointer data)
{
  QueenHandshakes *self = g_new0 (QueenHandshakes, 1);

  self->clock = clock;
  self->on_turn = on_turn;
  self->on_crowded = on_crowded;
  self->data = data;
  self->shares = queen_shares_new (G_MAXUINT, G_MAXUINT, FALSE);
  self->addresses = g_hash_table_new_full (NULL, NULL, NULL, g_free);
  self->alarm = queen_alarm_new (clock, "handshakes", G_PRIORITY_DEFAULT, on_alarm, self);
  self->credit = MAX_CREDIT;
  self->counted = clock->get_monotonic ();
  return self;
}

void
queen_handshakes_free (QueenHandshakes *self)
{
  forget_turns (self, G_MAXINT64);
  g_return_if_fail (g_hash_table_size (self->addresses) == 0);

  queen_alarm_free (self->alarm);
  g_hash_table_unref (self->addresses);
  queen_shares_free (self->shares);
  g_free (self);
}
