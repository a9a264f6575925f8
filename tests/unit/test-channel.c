/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* Two channels, each with its own events, over one audience. */

#include "stream/queen-channel.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fake-clock.h"
#include "net/queen-user-address.h"

#define NEWS (1u << 0)
#define GOSSIP (1u << 1)
#define HEAD "HEAD\r\n\r\n"
#define N_CHANNELS 2
#define SPARED GUINT_TO_POINTER (TRUE)
#define N_CROWD 20 /* more than are told in one turn */

typedef struct
{
  QueenTally tally;
  QueenAudience *audience;
  QueenChannel *channels[N_CHANNELS];
  guint n_changes;
} Fixture;

static void
on_changed (gpointer data)
{
  ((Fixture *) data)->n_changes++;
}

static QueenChannel *
make_channel (Fixture *f, const char *epoch, guint capacity)
{
  const QueenChannelSettings settings = {
    .clock = &fake_clock,
    .audience = f->audience,
    .ring = { capacity, G_MAXSIZE, epoch, NEWS | GOSSIP, 0 },
    .tally = &f->tally,
    .on_changed = on_changed,
    .data = f,
  };

  return queen_channel_new (&settings);
}

/* @data: whether this machine is spared; then nobody else has more than one place */
static void
set_up (Fixture *f, gconstpointer data)
{
  const QueenAudienceSettings settings = {
    .clock = &fake_clock,
    .caps = { .subscribers = 3,
              .subscribers_per_address = data ? 1 : 3,
              .spares_loopback = data != NULL },
    .stall_timeout = 20 * G_USEC_PER_SEC,
    .tally = &f->tally,
  };

  now = 1000 * (gint64) G_USEC_PER_SEC;
  f->audience = queen_audience_new (&settings, NULL);
  f->channels[0] = make_channel (f, "a", 100);
  f->channels[1] = make_channel (f, "b", 2);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  for (int i = 0; i < N_CHANNELS; i++)
    g_clear_pointer (&f->channels[i], queen_channel_free);
  g_assert_cmpuint (queen_audience_get_n_subscribers (f->audience), ==, 0);
  queen_audience_free (f->audience);
}

static void
turn (void)
{
  while (g_main_context_iteration (NULL, FALSE))
    ;
}

static int
subscribe_client (QueenChannel *channel, guint kinds, const struct sockaddr_storage *client)
{
  const QueenStreamRequest request = { .kinds = kinds,
                                       .client = client,
                                       .encoding = QUEEN_ENCODING_PLAIN };
  int fds[2];

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), ==, 0);
  queen_channel_subscribe (channel, (QueenSocket){ .fd = fds[1] },
                           g_bytes_new_static (HEAD, strlen (HEAD)), &request);
  return fds[0];
}

static int
subscribe_to (QueenChannel *channel, guint kinds, const char *address)
{
  g_autoptr (GSocketAddress) socket = NULL;
  struct sockaddr_storage client = { 0 };

  if (!address)
    return subscribe_client (channel, kinds, NULL);
  socket = g_inet_socket_address_new_from_string (address, 1);
  g_assert_true (g_socket_address_to_native (socket, &client, sizeof client, NULL));
  return subscribe_client (channel, kinds, &client);
}

static int
subscribe_as (Fixture *f, uid_t user)
{
  struct sockaddr_storage client;

  queen_user_address_init (&client, user);
  return subscribe_client (f->channels[0], NEWS, &client);
}

static int
subscribe_from (Fixture *f, int channel, guint kinds, const char *address)
{
  return subscribe_to (f->channels[channel], kinds, address);
}

static int
subscribe (Fixture *f, int channel, guint kinds)
{
  return subscribe_from (f, channel, kinds, NULL);
}

static void
publish (Fixture *f, int channel, guint kind, const char *data)
{
  const QueenRing *ring = queen_channel_get_ring (f->channels[channel]);

  queen_channel_publish (f->channels[channel], queen_ring_get_head (ring), kind, "said", data,
                         strlen (data));
}

static void
assert_reads (int fd, const char *expected)
{
  char text[4096] = "";
  gssize n_bytes = read (fd, text, sizeof text - 1);

  text[MAX (n_bytes, 0)] = '\0';
  g_assert_cmpstr (text, ==, expected);
}

static void
skip_head (int fd)
{
  char text[4096];

  g_assert_cmpint (read (fd, text, sizeof text), >, 0);
}

static gboolean
has_input (int fd)
{
  char byte;

  return recv (fd, &byte, sizeof byte, MSG_PEEK) > 0;
}

static void
test_apart (Fixture *f, gconstpointer data)
{
  int a = subscribe (f, 0, NEWS | GOSSIP);
  int b = subscribe (f, 1, NEWS);

  assert_reads (a, HEAD "retry: 2000\n:\n");
  assert_reads (b, HEAD "retry: 2000\n:\n");
  g_assert_cmpuint (f->n_changes, ==, 2);
  publish (f, 0, GOSSIP, "x");
  publish (f, 1, GOSSIP, "y");
  publish (f, 1, NEWS, "z");
  turn ();
  assert_reads (a, "id: a-1\nevent: said\ndata: x\n\n");
  assert_reads (b, "id: b-2\nevent: said\ndata: z\n\n");
  close (a);
  close (b);
}

/* Whoever listens takes from the same places. */
static void
test_places (Fixture *f, gconstpointer data)
{
  int fds[] = { subscribe (f, 0, NEWS), subscribe (f, 1, NEWS), subscribe (f, 1, NEWS),
                subscribe (f, 0, NEWS) };

  turn ();
  g_assert_cmpuint (queen_audience_get_n_subscribers (f->audience), ==, 3);
  g_assert_cmpuint (queen_channel_get_n_subscribers (f->channels[0]), ==, 1);
  g_assert_cmpuint (queen_channel_get_n_subscribers (f->channels[1]), ==, 2);
  g_assert_cmpuint (f->tally.refusals[QUEEN_REFUSAL_SUBSCRIBER_CAP], ==, 1);
  for (gsize i = 0; i < G_N_ELEMENTS (fds); i++)
    close (fds[i]);
  turn ();
  g_assert_cmpuint (queen_audience_get_n_subscribers (f->audience), ==, 0);
}

#define GREETING HEAD "retry: 2000\n:\n"

/* Returns: whether it was told that it is one too many, and hung up on */
static gboolean
was_refused (int fd)
{
  char text[4096] = "";
  gssize n_bytes = read (fd, text, sizeof text - 1);

  if (n_bytes < 0 || !strstr (text, "event: busy\n"))
    return FALSE;
  g_assert_cmpint (read (fd, text, sizeof text), ==, 0);
  return TRUE;
}

/* So nobody who has little is kept out by a few who have much, for as long as those like. Whose
 * place goes to somebody else is told so; and equals do not push out each other. */
static void
test_displaced (Fixture *f, gconstpointer data)
{
  int first = subscribe_from (f, 1, NEWS, "192.0.2.1"),
      second = subscribe_from (f, 1, NEWS, "192.0.2.1"),
      third = subscribe_from (f, 1, NEWS, "192.0.2.1"), newcomer, equal;

  assert_reads (third, GREETING);
  newcomer = subscribe_from (f, 0, NEWS, "192.0.2.2");
  assert_reads (newcomer, GREETING);
  turn ();
  g_assert_true (was_refused (third)); /* the newest */
  g_assert_cmpuint (queen_audience_get_n_subscribers (f->audience), ==, 3);
  equal = subscribe_from (f, 0, NEWS, "192.0.2.2");
  turn ();
  g_assert_true (was_refused (equal));
  assert_reads (first, GREETING);
  assert_reads (second, GREETING);
  g_assert_cmpuint (f->tally.refusals[QUEEN_REFUSAL_SUBSCRIBER_CAP], ==, 2);
  close (first);
  close (second);
  close (third);
  close (newcomer);
  close (equal);
}

/* A network of 48 bits is one of them all, whatever addresses it has; in it they are several. */
static void
test_displaced_network (Fixture *f, gconstpointer data)
{
  int wide[] = { subscribe_from (f, 0, NEWS, "2001:db8:1:1::1"),
                 subscribe_from (f, 0, NEWS, "2001:db8:1:2::1"),
                 subscribe_from (f, 0, NEWS, "2001:db8:1:3::1") };
  int inside = subscribe_from (f, 0, NEWS, "2001:db8:1:4::1"), outside;

  turn ();
  g_assert_true (was_refused (inside));
  outside = subscribe_from (f, 0, NEWS, "2001:db8:2:1::1");
  turn ();
  assert_reads (outside, GREETING);
  g_assert_true (was_refused (wide[2]));
  for (guint i = 0; i < G_N_ELEMENTS (wide); i++)
    close (wide[i]);
  close (inside);
  close (outside);
}

/* So is this machine, where it counts at all. */
static void
test_displaced_loopback (Fixture *f, gconstpointer data)
{
  int here[] = { subscribe_from (f, 0, NEWS, "127.0.0.1"), subscribe_from (f, 0, NEWS, "127.0.0.2"),
                 subscribe_from (f, 0, NEWS, "::1") };
  int inside = subscribe_from (f, 0, NEWS, "127.0.0.3"), outside;

  turn ();
  g_assert_true (was_refused (inside));
  outside = subscribe_from (f, 0, NEWS, "192.0.2.1");
  turn ();
  assert_reads (outside, GREETING);
  g_assert_true (was_refused (here[2]));
  for (gsize i = 0; i < G_N_ELEMENTS (here); i++)
    close (here[i]);
  close (inside);
  close (outside);
}

/* Spared or not, this machine is one and each of its users is one. */
static void
test_displaced_user (Fixture *f, gconstpointer data)
{
  int user[] = { subscribe_as (f, 1000), subscribe_as (f, 1000), subscribe_as (f, 1000) };
  int next = subscribe_as (f, 1000), here, other, second;

  turn ();
  g_assert_true (was_refused (next));
  here = subscribe_from (f, 0, NEWS, "127.0.0.1");
  turn ();
  assert_reads (here, GREETING);
  g_assert_true (was_refused (user[2]));
  other = subscribe_as (f, 1001);
  turn ();
  assert_reads (other, GREETING);
  g_assert_true (was_refused (user[1]));
  second = subscribe_from (f, 0, NEWS, "127.0.0.2");
  turn ();
  g_assert_true (was_refused (second));
  for (gsize i = 0; i < G_N_ELEMENTS (user); i++)
    close (user[i]);
  close (next);
  close (here);
  close (other);
  close (second);
}

/* Those of nobody's address may have all places while nobody else wants any; together they are as
 * one address. */
static void
test_displaced_spared (Fixture *f, gconstpointer data)
{
  int spared[] = { subscribe (f, 0, NEWS), subscribe (f, 0, NEWS), subscribe (f, 0, NEWS) };
  int next = subscribe (f, 0, NEWS), counted, equal;

  turn ();
  g_assert_true (was_refused (next));
  counted = subscribe_from (f, 0, NEWS, "192.0.2.1");
  turn ();
  assert_reads (counted, GREETING);
  g_assert_true (was_refused (spared[2]));
  equal = subscribe_from (f, 0, NEWS, "192.0.2.1");
  turn ();
  g_assert_true (was_refused (equal));
  for (guint i = 0; i < G_N_ELEMENTS (spared); i++)
    close (spared[i]);
  close (next);
  close (counted);
  close (equal);
}

/* They push out others as far as one address may. */
static void
test_displaced_by_spared (Fixture *f, gconstpointer data)
{
  int counted[] = { subscribe_from (f, 0, NEWS, "192.0.2.1"),
                    subscribe_from (f, 0, NEWS, "192.0.2.1"),
                    subscribe_from (f, 0, NEWS, "192.0.2.1") };
  int spared = subscribe (f, 0, NEWS), next = subscribe (f, 0, NEWS), last;

  turn ();
  assert_reads (spared, GREETING);
  g_assert_true (was_refused (next));
  g_assert_true (was_refused (counted[2]));
  close (counted[1]);
  turn ();
  next = subscribe (f, 0, NEWS);
  last = subscribe_from (f, 0, NEWS, "192.0.2.1");
  turn ();
  assert_reads (next, GREETING);
  g_assert_true (was_refused (last));
  close (counted[0]);
  close (counted[2]);
  close (spared);
  close (next);
  close (last);
}

/* What it does not take at once nobody waits for. */
static void
test_displaced_amid (Fixture *f, gconstpointer data)
{
  int full[] = { subscribe_from (f, 0, NEWS, "192.0.2.1"), subscribe_from (f, 0, NEWS, "192.0.2.1"),
                 subscribe_from (f, 0, NEWS, "192.0.2.1") };
  g_autofree char *large = g_strnfill (4 * 1024 * 1024, 'x');
  int newcomer;

  publish (f, 0, NEWS, large);
  turn ();
  newcomer = subscribe_from (f, 1, NEWS, "192.0.2.2");
  turn ();
  g_assert_cmpuint (queen_audience_get_n_subscribers (f->audience), ==, 3);
  assert_reads (newcomer, GREETING);
  for (guint i = 0; i < G_N_ELEMENTS (full); i++)
    close (full[i]);
  close (newcomer);
}

/* One that ends takes nobody else along. */
static void
test_goodbye (Fixture *f, gconstpointer data)
{
  int a = subscribe (f, 0, NEWS);
  int b = subscribe (f, 1, NEWS);
  char text[4096] = "";

  queen_channel_say_goodbye (f->channels[1]);
  turn ();
  g_assert_cmpint (read (b, text, sizeof text - 1), >, 0);
  g_assert_nonnull (strstr (text, "event: bye\n"));
  g_assert_cmpint (read (b, text, sizeof text), ==, 0);
  g_assert_cmpuint (queen_channel_get_n_subscribers (f->channels[0]), ==, 1);
  g_clear_pointer (&f->channels[1], queen_channel_free);
  f->channels[1] = make_channel (f, "c", 1);
  assert_reads (a, HEAD "retry: 2000\n:\n");
  publish (f, 0, NEWS, "still here");
  assert_reads (a, "id: a-1\nevent: said\ndata: still here\n\n");
  close (a);
  close (b);
}

/* Freed while somebody is in the middle of it. */
static void
test_end (Fixture *f, gconstpointer data)
{
  int a = subscribe (f, 0, NEWS);
  int b = subscribe (f, 1, NEWS);
  g_autofree char *large = g_strnfill (4 * 1024 * 1024, 'x');
  char text[1024];

  publish (f, 1, NEWS, large);
  g_clear_pointer (&f->channels[1], queen_channel_free);
  while (read (b, text, sizeof text) > 0)
    ;
  publish (f, 0, NEWS, "x");
  turn ();
  g_assert_cmpuint (queen_audience_get_n_subscribers (f->audience), ==, 1);
  close (a);
  close (b);
}

/* A clock for one to whom it matters how long a turn takes. */
static gint64
get_ticking (void)
{
  return now += 3 * G_TIME_SPAN_MILLISECOND;
}

static const QueenClock ticking_clock = { get_ticking, get_ticking, get_ticking };

/* What comes while a flush goes on is what whoever publishes waits for, and so it goes out at once,
 * however far two flushes are to be apart. */
static void
test_urgent (Fixture *f, gconstpointer data)
{
  const QueenAudienceSettings audience = {
    .clock = &ticking_clock,
    .caps = { .subscribers = N_CROWD, .subscribers_per_address = N_CROWD },
    .stall_timeout = G_TIME_SPAN_DAY,
    .tally = &f->tally,
  };
  QueenChannelSettings settings = {
    .clock = &ticking_clock,
    .audience = queen_audience_new (&audience, NULL),
    .flush_interval = G_TIME_SPAN_HOUR,
    .ring = { 2, G_MAXSIZE, "c", NEWS, 0 },
    .tally = &f->tally,
    .on_changed = on_changed,
    .data = f,
  };
  int fds[N_CROWD];

  now = G_TIME_SPAN_DAY;
  queen_channel_free (f->channels[0]);
  f->channels[0] = queen_channel_new (&settings);
  for (guint i = 0; i < N_CROWD; i++)
    fds[i] = subscribe (f, 0, NEWS);
  publish (f, 0, NEWS, "x");
  publish (f, 0, NEWS, "y");
  g_assert_true (queen_channel_is_behind (f->channels[0]));
  for (guint i = 0; i < 100; i++)
    g_main_context_iteration (NULL, FALSE);
  g_assert_false (queen_channel_is_behind (f->channels[0]));
  for (guint i = 0; i < N_CROWD; i++)
    close (fds[i]);
  g_clear_pointer (&f->channels[0], queen_channel_free);
  queen_audience_free (settings.audience);
}

/* Each has a reader of its own; the clock ticks whenever somebody looks at it. */
static void
test_many_at_once (Fixture *f, gconstpointer data)
{
  const QueenAudienceSettings audience = {
    .clock = &ticking_clock,
    .caps = { .subscribers = N_CROWD, .subscribers_per_address = N_CROWD },
    .stall_timeout = G_TIME_SPAN_DAY,
    .tally = &f->tally,
  };
  QueenChannelSettings settings = {
    .clock = &ticking_clock,
    .audience = queen_audience_new (&audience, NULL),
    .ring = { 2, G_MAXSIZE, "c", NEWS, 0 },
    .tally = &f->tally,
    .on_changed = on_changed,
    .data = f,
  };
  QueenChannel *channels[N_CROWD];
  int fds[N_CROWD];

  now = G_TIME_SPAN_DAY;
  for (guint i = 0; i < N_CROWD; i++)
    {
      channels[i] = queen_channel_new (&settings);
      fds[i] = subscribe_to (channels[i], NEWS, NULL);
      skip_head (fds[i]);
    }
  now += G_TIME_SPAN_HOUR;
  for (guint i = 0; i < N_CROWD; i++)
    queen_channel_publish (channels[i], 1, NEWS, "said", "x", 1);
  g_assert_true (has_input (fds[0]));
  g_assert_false (has_input (fds[N_CROWD - 1]));
  for (guint i = 0; i < 100; i++)
    g_main_context_iteration (NULL, FALSE);
  for (guint i = 0; i < N_CROWD; i++)
    {
      g_assert_true (has_input (fds[i]));
      close (fds[i]);
      queen_channel_free (channels[i]);
    }
  queen_audience_free (settings.audience);
}

#define N_GREEDY 200 /* of one address: many more than are told until others have a turn */

static void
turn_until_heard (int fd)
{
  while (!has_input (fd))
    g_main_context_iteration (NULL, FALSE);
  skip_head (fd);
}

/* Those of them who stand in front go, and come again. */
static void
come_again (Fixture *f, int fds[N_GREEDY])
{
  for (guint i = 0; i < N_GREEDY / 2; i++)
    {
      close (fds[i]);
      turn ();
      skip_head (fds[i] = subscribe_from (f, 0, NEWS, "192.0.2.1"));
    }
}

/* Those of one address, by a clock that ticks.
 *
 * Returns: (transfer full): all who may come */
static QueenAudience *
gather_greedy (Fixture *f, int fds[N_GREEDY])
{
  const QueenAudienceSettings settings = {
    .clock = &ticking_clock,
    .caps = { .subscribers = N_GREEDY + 1, .subscribers_per_address = N_GREEDY },
    .stall_timeout = G_TIME_SPAN_DAY,
    .tally = &f->tally,
  };
  QueenAudience *audience = queen_audience_new (&settings, NULL);
  const QueenChannelSettings channel = {
    .clock = &ticking_clock,
    .audience = audience,
    .ring = { 100, G_MAXSIZE, "c", NEWS, 0 },
    .tally = &f->tally,
    .on_changed = on_changed,
    .data = f,
  };

  now = G_TIME_SPAN_DAY;
  queen_channel_free (f->channels[0]);
  f->channels[0] = queen_channel_new (&channel);
  for (guint i = 0; i < N_GREEDY; i++)
    skip_head (fds[i] = subscribe_from (f, 0, NEWS, "192.0.2.1"));
  return audience;
}

static void
dismiss_greedy (Fixture *f, QueenAudience *audience, const int fds[N_GREEDY])
{
  for (guint i = 0; i < N_GREEDY; i++)
    close (fds[i]);
  g_clear_pointer (&f->channels[0], queen_channel_free);
  queen_audience_free (audience);
}

/* Who comes last, but is the first of its address, hears before those who are one of many of
 * theirs; and it hears of what is new before all of these have heard of what was before. */
static void
test_front (Fixture *f, gconstpointer data)
{
  int fds[N_GREEDY], honest;
  QueenAudience *audience = gather_greedy (f, fds);

  come_again (f, fds);
  skip_head (honest = subscribe_from (f, 0, NEWS, "192.0.2.2"));
  publish (f, 0, NEWS, "x");
  turn_until_heard (honest);
  publish (f, 0, NEWS, "y");
  turn_until_heard (honest);
  g_assert_false (has_input (fds[N_GREEDY - 1]));
  for (guint i = 0; i < N_GREEDY; i++)
    turn_until_heard (fds[i]);
  close (honest);
  dismiss_greedy (f, audience, fds);
}

static gboolean
on_others_turn (gpointer data)
{
  *(gboolean *) data = TRUE;
  return G_SOURCE_CONTINUE;
}

/* All others have a turn after each few milliseconds of a flush. */
static void
test_breath (Fixture *f, gconstpointer data)
{
  int fds[N_GREEDY];
  QueenAudience *audience = gather_greedy (f, fds);
  gboolean had_turn = FALSE;
  guint id = g_idle_add_full (G_PRIORITY_DEFAULT, on_others_turn, &had_turn, NULL);
  gint64 since = now;

  publish (f, 0, NEWS, "x");
  while (!has_input (fds[N_GREEDY - 1]))
    {
      g_main_context_iteration (NULL, FALSE);
      if (had_turn)
        since = now;
      g_assert_cmpint (now - since, <, 20 * G_TIME_SPAN_MILLISECOND);
      had_turn = FALSE;
    }
  g_source_remove (id);
  dismiss_greedy (f, audience, fds);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add ("/channel/each-has-its-own-events", Fixture, NULL, set_up, test_apart, tear_down);
  g_test_add ("/channel/all-share-the-places", Fixture, NULL, set_up, test_places, tear_down);
  g_test_add ("/channel/places/who-has-most-makes-room", Fixture, NULL, set_up, test_displaced,
              tear_down);
  g_test_add ("/channel/places/so-does-a-network", Fixture, NULL, set_up, test_displaced_network,
              tear_down);
  g_test_add ("/channel/places/so-does-this-machine", Fixture, NULL, set_up,
              test_displaced_loopback, tear_down);
  g_test_add ("/channel/places/so-does-each-user-of-it", Fixture, SPARED, set_up,
              test_displaced_user, tear_down);
  g_test_add ("/channel/places/so-do-those-without-a-share", Fixture, NULL, set_up,
              test_displaced_spared, tear_down);
  g_test_add ("/channel/places/who-has-no-address-gets-one-like-an-address", Fixture, NULL, set_up,
              test_displaced_by_spared, tear_down);
  g_test_add ("/channel/places/room-is-made-whoever-reads", Fixture, NULL, set_up,
              test_displaced_amid, tear_down);
  g_test_add ("/channel/goodbye-is-said-to-its-own-alone", Fixture, NULL, set_up, test_goodbye,
              tear_down);
  g_test_add ("/channel/freed-amid-a-frame", Fixture, NULL, set_up, test_end, tear_down);
  g_test_add ("/channel/what-others-wait-for-goes-out-at-once", Fixture, NULL, set_up, test_urgent,
              tear_down);
  g_test_add ("/channel/news-of-many-are-not-told-in-one-turn", Fixture, NULL, set_up,
              test_many_at_once, tear_down);
  g_test_add ("/channel/who-has-few-hears-before-who-has-many", Fixture, NULL, set_up, test_front,
              tear_down);
  g_test_add ("/channel/while-many-are-told-others-have-turns", Fixture, NULL, set_up, test_breath,
              tear_down);

  return g_test_run ();
}
