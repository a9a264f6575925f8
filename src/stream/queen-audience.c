/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-audience-private.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "net/queen-shares.h"
#include "queen-frame.h"

/* Subscribers that the kernel tells of in one go: they only enter a queue if there is little time.
 */
#define MAX_READY_AT_ONCE 256
#define MAX_GOING_ON (QUEEN_SLICE / 4) /* µs of a turn, for those who go on with what is large */
#define LARGE_WRITE (32 * 1024)        /* bytes: after that, too */
#define LONGEST_ROUND G_USEC_PER_SEC
#define SHORTEST_ROUND (5 * G_TIME_SPAN_MILLISECOND)
#define ROUNDS_PER_STALL_TIMEOUT 16
#define NOBODYS "" /* who asks for those of no address, such as other queens: all are one */

/* Whoever goes on with what was too large for one write: it is there only as long as it waits. */
typedef struct _QueenSeatTurn
{
  QueenAudience *audience;
  QueenSubscriber *subscriber;
  QueenCostPlace place;
} Turn;

static QueenSeat *
get_seat (QueenSubscriber *subscriber)
{
  return queen_subscriber_get_seat (subscriber);
}

gint64
queen_audience_look_at_clock (QueenAudience *self)
{
  self->has_written_much = FALSE;
  return self->now = self->settings.clock->get_monotonic ();
}

/* Whose turn it is */

typedef void (*EnterFunc) (QueenRunQueue *,
                           QueenCostPlace *,
                           const struct sockaddr_storage *,
                           gpointer);

/* @enter: as of the queue; if its turn may be now, @subscriber may be no more afterwards */
static void
wait_for_turn (QueenAudience *self, QueenSubscriber *subscriber, EnterFunc enter)
{
  QueenSeat *seat = get_seat (subscriber);
  struct sockaddr_storage address;

  if (seat->turn)
    return;
  seat->turn = g_new0 (Turn, 1);
  seat->turn->audience = self;
  seat->turn->subscriber = subscriber;
  if (seat->share)
    queen_share_get_address (seat->share, &address);
  enter (self->turns, &seat->turn->place, seat->share ? &address : NULL, seat->turn);
}

static void
end_turn (QueenSubscriber *subscriber)
{
  Turn *turn = g_steal_pointer (&get_seat (subscriber)->turn);

  if (!turn)
    return;
  queen_cost_queue_leave (&turn->place);
  g_free (turn);
}

static void
on_turn_to_write (gpointer data)
{
  Turn *turn = data;
  QueenAudience *self = turn->audience;
  QueenSubscriber *subscriber = turn->subscriber;

  end_turn (subscriber);
  queen_audience_look_at_clock (self);
  queen_audience_deliver (self, subscriber);
}

/* Coming and going */

static void
release (QueenAudience *self, QueenSubscriber *subscriber)
{
  QueenSeat *seat = get_seat (subscriber);

  queen_row_remove (&self->everybody, subscriber);
  queen_row_remove (&seat->section->row, subscriber);
  queen_deadline_end (&seat->stall);
  end_turn (subscriber);
  queen_shares_release (self->shares, seat->share);
  queen_fair_queue_leave (&seat->claim);
  queen_epoll_forget (self->sockets, queen_subscriber_get_fd (subscriber), subscriber);
  queen_subscriber_free (subscriber);
}

static void
remove_subscriber (QueenAudience *self, QueenSubscriber *subscriber)
{
  QueenSection *section = get_seat (subscriber)->section;

  release (self, subscriber);
  section->on_changed (section->data);
}

static guint
count_places (const QueenAudience *self)
{
  return queen_audience_get_n_subscribers (self) - queen_fair_queue_get_length (self->displaced);
}

/* The first few of each address stand in front of all who are one of many of theirs: what is large
 * takes long to write to thousands, and only whose they are waits for that. Of an address that has
 * kept hundreds, no more stand there than of any other, whenever they have come. */
static guint8
find_rank (const QueenAudience *self, const QueenSeat *seat)
{
  guint n = seat->share ? queen_share_get_n_held (queen_share_get_wide (seat->share))
                        : queen_fair_queue_count (self->claims, NOBODYS);

  return (guint8) MIN (g_bit_storage (MAX (n, 1) - 1), QUEEN_ROW_MAX_RANKS - 1);
}

static void
enter_rows (QueenAudience *self, QueenSection *section, QueenSubscriber *subscriber)
{
  QueenSeat *seat = get_seat (subscriber);

  seat->section = section;
  seat->rank = find_rank (self, seat);
  queen_row_enter (&self->everybody, subscriber);
  queen_row_enter (&section->row, subscriber);
  section->on_changed (section->data);
}

static void
reset (QueenAudience *self, QueenSubscriber *subscriber)
{
  const struct linger reset = { .l_onoff = 1 };

  setsockopt (queen_subscriber_get_fd (subscriber), SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
  remove_subscriber (self, subscriber);
}

void
queen_audience_drop (QueenAudience *self, QueenSubscriber *subscriber, QueenDrop reason)
{
  self->tally->drops[reason]++;
  reset (self, subscriber);
}

/* Why one takes nothing: the kernel of one that is there answers, at least when it is asked whether
 * there is room. What is no TCP has no network that could lose it. */
static QueenDrop
get_reason (QueenAudience *self, QueenSubscriber *subscriber)
{
  struct tcp_info info = { 0 };

  getsockopt (queen_subscriber_get_fd (subscriber), IPPROTO_TCP, TCP_INFO, &info,
              &(socklen_t){ sizeof info });
  return info.tcpi_last_ack_recv >= self->settings.stall_timeout / 1000 ? QUEEN_DROP_VANISHED
                                                                        : QUEEN_DROP_STALLED;
}

/* Who takes what it gets */

static void
begin_to_wait (QueenAudience *self, QueenSubscriber *subscriber)
{
  QueenSeat *seat = get_seat (subscriber);

  queen_deadline_end (&seat->stall);
  queen_deadline_begin (&seat->stall, &self->stalled, subscriber);
}

gboolean
queen_audience_check_progress (QueenAudience *self, QueenSubscriber *subscriber)
{
  QueenSeat *seat = get_seat (subscriber);
  QueenLook look = queen_subscriber_look (subscriber);

  if (look == QUEEN_LOOK_SETTLED && !seat->is_blocked)
    {
      seat->is_watched = FALSE;
      queen_deadline_end (&seat->stall);
      return TRUE;
    }
  if (look != QUEEN_LOOK_STILL || !queen_deadline_is_on (&seat->stall))
    begin_to_wait (self, subscriber);
  return look != QUEEN_LOOK_STILL;
}

/* TCP tells of room only when there was none, and so that is asked for from the start, and nothing
 * is armed later. A Unix socket tells of it with each event that is taken. */
static guint
get_watched_events (QueenSubscriber *subscriber)
{
  gboolean is_unix = queen_subscriber_get_socket (subscriber)->is_unix;

  return is_unix && !get_seat (subscriber)->is_blocked ? EPOLLIN : EPOLLIN | EPOLLOUT;
}

static void
set_blocked (QueenAudience *self, QueenSubscriber *subscriber, gboolean is_blocked)
{
  get_seat (subscriber)->is_blocked = is_blocked;
  if (queen_subscriber_get_socket (subscriber)->is_unix)
    queen_epoll_remind (self->sockets, queen_subscriber_get_fd (subscriber),
                        get_watched_events (subscriber), subscriber);
  if (is_blocked)
    queen_audience_check_progress (self, subscriber);
}

gboolean
queen_audience_deliver (QueenAudience *self, QueenSubscriber *subscriber)
{
  QueenSeat *seat = get_seat (subscriber);
  guint32 n_before = queen_subscriber_get_n_written (subscriber);
  QueenWriteResult result = seat->section->deliver (subscriber, seat->section->data);
  guint32 n_written = queen_subscriber_get_n_written (subscriber) - n_before;
  gboolean is_all = result == QUEEN_WRITE_ALL;

  if (result == QUEEN_WRITE_FAILED || (is_all && queen_subscriber_is_leaving (subscriber)))
    {
      remove_subscriber (self, subscriber);
      return FALSE;
    }
  self->has_written_much |= n_written >= LARGE_WRITE;
  if (n_written > 0)
    {
      seat->is_watched = TRUE;
      seat->wrote_at = (guint32) (self->now / 1000);
    }
  if (is_all ? seat->is_blocked : !seat->is_blocked)
    set_blocked (self, subscriber, !is_all);
  if (result == QUEEN_WRITE_PAUSED)
    wait_for_turn (self, subscriber, queen_run_queue_enter_later);
  return TRUE;
}

/* It may have been seen to take something, and so have its time anew. */
static gboolean
is_overdue (QueenAudience *self, QueenSubscriber *subscriber)
{
  return queen_deadline_queue_peek_due (&self->stalled, self->now) == subscriber;
}

static void
on_stalled (gpointer data)
{
  QueenAudience *self = data;
  gint64 end = queen_audience_look_at_clock (self) + QUEEN_AUDIENCE_MAX_TIME;
  QueenSubscriber *subscriber;

  for (guint n = 0; (subscriber = queen_deadline_queue_peek_due (&self->stalled, self->now)); n++)
    {
      if (n == QUEEN_AUDIENCE_MAX_VISITED || queen_audience_look_at_clock (self) >= end)
        {
          queen_alarm_set (self->stall_alarm, 0);
          return;
        }
      /* The kernel tells of room only when there is much of it; so it is asked once. */
      if (queen_audience_deliver (self, subscriber) && is_overdue (self, subscriber) &&
          !queen_audience_check_progress (self, subscriber))
        queen_audience_drop (self, subscriber, get_reason (self, subscriber));
    }
}

/* What the kernel tells */

static void
on_hung_up (QueenAudience *self, QueenSubscriber *subscriber)
{
  int error = 0;

  getsockopt (queen_subscriber_get_fd (subscriber), SOL_SOCKET, SO_ERROR, &error,
              &(socklen_t){ sizeof error });
  if (error == ETIMEDOUT)
    queen_audience_drop (self, subscriber, QUEEN_DROP_VANISHED);
  else
    remove_subscriber (self, subscriber);
}

static void
on_subscriber_ready (gpointer item, guint events, gpointer data)
{
  QueenAudience *self = data;
  QueenSubscriber *subscriber = item;

  if (events & (EPOLLERR | EPOLLHUP | EPOLLRDHUP))
    {
      on_hung_up (self, subscriber);
      return;
    }
  if (events & EPOLLIN && !queen_subscriber_discard_input (subscriber))
    {
      queen_audience_drop (self, subscriber, QUEEN_DROP_CHATTER);
      return;
    }
  if (events & EPOLLOUT && get_seat (subscriber)->is_blocked)
    wait_for_turn (self, subscriber, queen_run_queue_enter);
}

/* Who makes room */

/* What it does not take at once is not waited for, or it would have its place all the same; so it
 * is with those who are refused when they come. */
static void
send_away (QueenAudience *self, QueenSubscriber *subscriber)
{
  if (!queen_subscriber_is_leaving (subscriber))
    queen_audience_refuse (get_seat (subscriber)->section, subscriber);
  if (queen_audience_deliver (self, subscriber))
    reset (self, subscriber);
}

static void
on_displaced (gpointer data)
{
  QueenAudience *self = data;
  gint64 end = queen_audience_look_at_clock (self) + QUEEN_AUDIENCE_MAX_TIME;
  QueenSubscriber *subscriber;

  while ((subscriber = queen_fair_queue_take (self->displaced)))
    {
      send_away (self, subscriber);
      if (queen_audience_look_at_clock (self) < end)
        continue;
      queen_alarm_set (self->displaced_alarm, 0);
      return;
    }
}

/* Returns: whether there is a place for one more of @asker, or there will be as soon as whoever has
 *   most has made room */
static gboolean
find_place (QueenAudience *self, const char *asker)
{
  QueenSubscriber *greediest;

  if (count_places (self) < self->settings.caps.subscribers)
    return TRUE;
  greediest = queen_fair_queue_find_greediest (self->claims, asker);
  self->tally->refusals[QUEEN_REFUSAL_SUBSCRIBER_CAP]++; /* one of the two */
  if (!greediest)
    return FALSE;
  queen_fair_queue_leave (&get_seat (greediest)->claim);
  queen_fair_queue_enter (self->displaced, &get_seat (greediest)->claim, "", greediest);
  queen_alarm_set (self->displaced_alarm, 0);
  return TRUE;
}

/* Whose channel has gone */

static QueenWriteResult
deliver_no_more (QueenSubscriber *subscriber, gpointer data)
{
  return QUEEN_WRITE_FAILED;
}

static void
on_orphans_changed (gpointer data)
{
}

/* Its place is free at once. To close its connection takes longer, and comes in its turn. */
static void
make_orphan (QueenAudience *self, QueenSubscriber *subscriber)
{
  QueenSeat *seat = get_seat (subscriber);

  queen_row_remove (&seat->section->row, subscriber);
  queen_fair_queue_leave (&seat->claim);
  queen_shares_release (self->shares, g_steal_pointer (&seat->share));
  seat->section = &self->orphans;
  queen_row_enter (&self->orphans.row, subscriber);
}

static void
let_orphans_go (gpointer data)
{
  QueenAudience *self = data;
  gint64 end = queen_audience_look_at_clock (self) + QUEEN_AUDIENCE_MAX_TIME;

  while (self->orphans.row.first)
    {
      release (self, self->orphans.row.first);
      if (queen_audience_look_at_clock (self) >= end)
        {
          queen_alarm_set (self->orphans_alarm, 0);
          return;
        }
    }
}

static void
open_orphans (QueenAudience *self)
{
  self->orphans.deliver = deliver_no_more;
  self->orphans.on_changed = on_orphans_changed;
  self->orphans_alarm = queen_alarm_new (self->settings.clock, "end of a channel",
                                         G_PRIORITY_DEFAULT, let_orphans_go, self);
  queen_audience_open (self, &self->orphans);
}

/* The object */

static GHashTable *
make_set_of_bytes (void)
{
  return g_hash_table_new_full (g_direct_hash, g_direct_equal, (GDestroyNotify) g_bytes_unref,
                                NULL);
}

QueenAudience *
queen_audience_new (const QueenAudienceSettings *settings, GError **error)
{
  QueenAudience *self = g_new0 (QueenAudience, 1);

  self->sockets =
      queen_epoll_new ("subscribers", MAX_READY_AT_ONCE, on_subscriber_ready, self, error);
  if (!self->sockets)
    {
      g_free (self);
      return NULL;
    }
  self->turns = queen_run_queue_new (settings->clock, on_turn_to_write);
  queen_run_queue_count_up_to (self->turns, QUEEN_SLICE);
  queen_run_queue_work_for (self->turns, MAX_GOING_ON);
  self->settings = *settings;
  self->tally = settings->tally;
  self->shares =
      queen_shares_new (settings->caps.subscribers_per_address,
                        2 * settings->caps.subscribers_per_address, settings->caps.spares_loopback);
  self->claims = queen_fair_queue_new (settings->caps.subscribers);
  self->displaced = queen_fair_queue_new (settings->caps.subscribers);
  self->displaced_alarm =
      queen_alarm_new (settings->clock, "making room", G_PRIORITY_DEFAULT, on_displaced, self);
  open_orphans (self);
  self->cleared = make_set_of_bytes ();
  self->to_clear = make_set_of_bytes ();
  queen_audience_make_walks (self);
  self->round =
      CLAMP (settings->stall_timeout / ROUNDS_PER_STALL_TIMEOUT, SHORTEST_ROUND, LONGEST_ROUND);
  self->stall_alarm =
      queen_alarm_new (settings->clock, "stall", G_PRIORITY_DEFAULT, on_stalled, self);
  queen_deadline_queue_init (&self->stalled, settings->stall_timeout, self->stall_alarm,
                             settings->clock);
  self->keepalive = queen_chunk_new (g_string_new (":\n"));
  return self;
}

void
queen_audience_free (QueenAudience *self)
{
  g_warn_if_fail (queen_audience_get_n_subscribers (self) == 0);

  while (self->orphans.row.first)
    release (self, self->orphans.row.first);
  queen_alarm_free (self->orphans_alarm);
  for (QueenWalkKind kind = 0; kind < QUEEN_N_WALKS; kind++)
    queen_alarm_free (self->alarms[kind]);
  queen_alarm_free (self->stall_alarm);
  queen_epoll_free (self->sockets);
  queen_run_queue_free (self->turns);
  queen_shares_free (self->shares);
  queen_fair_queue_free (self->claims);
  queen_fair_queue_free (self->displaced);
  queen_alarm_free (self->displaced_alarm);
  g_bytes_unref (self->keepalive);
  g_hash_table_unref (self->cleared);
  g_hash_table_unref (self->to_clear);
  g_free (self);
}

void
queen_audience_open (QueenAudience *self, QueenSection *section)
{
  section->row.place = QUEEN_PLACE_CHANNEL;
}

void
queen_audience_close (QueenAudience *self, QueenSection *section)
{
  gboolean has_begun = self->orphans.row.first != NULL;

  while (section->row.first)
    make_orphan (self, section->row.first);
  if (!has_begun)
    let_orphans_go (self);
}

guint
queen_audience_get_n_subscribers (const QueenAudience *self)
{
  return self->everybody.length - self->orphans.row.length;
}

/* Who comes to stay gets none of the last descriptors. */
static gboolean
take_place (QueenAudience *self,
            QueenSubscriber *subscriber,
            const struct sockaddr_storage *client,
            gboolean is_forwarded)
{
  QueenSeat *seat = get_seat (subscriber);
  g_autofree char *asker = NULL;

  if (queen_caps_are_at_brink (&self->settings.caps, queen_subscriber_get_fd (subscriber)))
    {
      self->tally->refusals[QUEEN_REFUSAL_SUBSCRIBER_CAP]++;
      return FALSE;
    }
  if (client && !queen_shares_acquire (self->shares, client, is_forwarded, &seat->share))
    {
      self->tally->refusals[QUEEN_REFUSAL_PEER_SHARE]++;
      return FALSE;
    }
  asker = seat->share ? queen_shares_dup_networks (client) : g_strdup (NOBODYS);
  if (!find_place (self, asker))
    {
      queen_shares_release (self->shares, g_steal_pointer (&seat->share));
      return FALSE;
    }
  queen_fair_queue_enter (self->claims, &seat->claim, asker, subscriber);
  return TRUE;
}

gboolean
queen_audience_has_room (QueenAudience *self,
                         QueenSubscriber *subscriber,
                         const struct sockaddr_storage *client,
                         gboolean is_forwarded)
{
  gboolean has_room = take_place (self, subscriber, client, is_forwarded);

  get_seat (subscriber)->is_refused = !has_room;
  return has_room;
}

/* The kernel would count one that reads slowly among those who take nothing: while its window is
 * smaller than the next segment, nothing that it takes in between stops TCP_USER_TIMEOUT. So it is
 * the audience that looks who takes something. */
static void
keep_kernel_patient (QueenSubscriber *subscriber)
{
  queen_socket_set_time_to_take (queen_subscriber_get_socket (subscriber), 0);
}

void
queen_audience_add (QueenAudience *self, QueenSection *section, QueenSubscriber *subscriber)
{
  int fd = queen_subscriber_get_fd (subscriber);

  queen_audience_look_at_clock (self);
  if (!self->everybody.first)
    queen_alarm_set (self->alarms[QUEEN_WALK_ROUND], self->now + self->round);
  enter_rows (self, section, subscriber);
  keep_kernel_patient (subscriber);
  if (!queen_epoll_watch (self->sockets, fd, get_watched_events (subscriber), subscriber))
    {
      self->tally->refusals[QUEEN_REFUSAL_DESCRIPTORS] += !section->is_over;
      remove_subscriber (self, subscriber);
      return;
    }
  if (queen_audience_deliver (self, subscriber) && get_seat (subscriber)->is_refused)
    reset (self, subscriber);
}
