/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* Who goes on with what was too large for one write, by a clock that only writing moves on: nothing
 * here depends on how fast the machine is. */

#include <arpa/inet.h>

#include "stream-fixture.h"
#include "stream/queen-audience.h"

#define N_GREEDY 200       /* of one address, or of one network of 48 bits */
#define HONEST N_GREEDY    /* who comes from elsewhere */
#define N_ALL (HONEST + 1) /* subscribers */
#define N_PIECES 20        /* that the honest one takes */
#define WRITE MSEC         /* µs that one write takes */

typedef struct
{
  QueenWriteResult result;
  gboolean speaks_ipv6;
} Kind;

static const Kind full = { QUEEN_WRITE_SOME };
static const Kind full_ipv6 = { QUEEN_WRITE_SOME, TRUE };
static const Kind paused = { QUEEN_WRITE_PAUSED };

typedef struct
{
  QueenTally tally;
  QueenAudience *audience;
  QueenSection section;
  QueenWriteResult result;
  guint visits[N_ALL];
  int fds[N_ALL];
} People;

static void
fill_socket (int fd)
{
  static const char zeros[65536];

  while (write (fd, zeros, sizeof zeros) > 0)
    ;
}

static QueenWriteResult
deliver_more (QueenSubscriber *subscriber, gpointer data)
{
  People *people = data;

  now += WRITE;
  people->visits[queen_subscriber_get_owner (subscriber)]++;
  if (people->result == QUEEN_WRITE_SOME)
    fill_socket (queen_subscriber_get_fd (subscriber));
  return people->result;
}

static void
on_changed (gpointer data)
{
}

static void
get_client (guint number, gboolean speaks_ipv6, struct sockaddr_storage *client)
{
  struct sockaddr_in *ipv4 = (struct sockaddr_in *) client;
  struct sockaddr_in6 *ipv6 = (struct sockaddr_in6 *) client;

  *client = (struct sockaddr_storage){ .ss_family = speaks_ipv6 ? AF_INET6 : AF_INET };
  if (speaks_ipv6)
    {
      ipv6->sin6_addr.s6_addr[0] = 0xfd;
      ipv6->sin6_addr.s6_addr[5] = number == HONEST;
      ipv6->sin6_addr.s6_addr[7] = (guint8) number;
    }
  else
    ipv4->sin_addr.s_addr = htonl (number == HONEST ? 0x0a000002 : 0x0a000001);
}

static void
join (People *people, guint number, gboolean speaks_ipv6)
{
  struct sockaddr_storage client;
  QueenSubscriber *subscriber;
  int ends[2];

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), ==,
                   0);
  people->fds[number] = ends[0];
  subscriber = queen_subscriber_new ((QueenSocket){ .fd = ends[1] }, number);
  get_client (number, speaks_ipv6, &client);
  g_assert_true (queen_audience_has_room (people->audience, subscriber, &client, FALSE));
  queen_audience_add (people->audience, &people->section, subscriber);
}

static People *
gather (const Kind *kind)
{
  People *people = g_new0 (People, 1);
  const QueenAudienceSettings settings = {
    .clock = &clock_of_the_test,
    .caps = { .subscribers = N_ALL, .subscribers_per_address = N_GREEDY },
    .stall_timeout = STALL_TIMEOUT,
    .tally = &people->tally,
  };

  now = 1000 * G_USEC_PER_SEC;
  people->result = kind->result;
  people->audience = queen_audience_new (&settings, NULL);
  people->section =
      (QueenSection){ .deliver = deliver_more, .on_changed = on_changed, .data = people };
  queen_audience_open (people->audience, &people->section);
  for (guint i = 0; i < N_ALL; i++)
    join (people, i, kind->speaks_ipv6);
  return people;
}

static void
dismiss (People *people)
{
  queen_audience_close (people->audience, &people->section);
  queen_audience_free (people->audience);
  for (guint i = 0; i < N_ALL; i++)
    close (people->fds[i]);
  g_free (people);
}

static void
read_everything (People *people)
{
  static char bytes[65536];

  for (guint i = 0; i < N_ALL; i++)
    while (read (people->fds[i], bytes, sizeof bytes) > 0)
      ;
}

/* All of them take whatever there is as soon as it is there. */
static void
test_shared (gconstpointer data)
{
  People *people = gather (data);
  guint n_others = 0;

  memset (people->visits, 0, sizeof people->visits);
  while (people->visits[HONEST] < N_PIECES)
    {
      read_everything (people);
      g_main_context_iteration (NULL, FALSE);
    }
  for (guint i = 0; i < N_GREEDY; i++)
    n_others += people->visits[i];
  g_assert_cmpuint (n_others, >=, N_PIECES); /* they have what is left */
  g_assert_cmpuint (n_others, <, N_PIECES * N_GREEDY / 4);
  g_assert_cmpuint (queen_audience_get_n_subscribers (people->audience), ==, N_ALL);
  dismiss (people);
}

/* Among those of one address, too. */
static void
test_each (void)
{
  People *people = gather (&paused);

  memset (people->visits, 0, sizeof people->visits);
  for (guint i = 0; i < N_GREEDY; i++)
    while (people->visits[i] == 0)
      {
        g_assert_cmpuint (people->visits[0], <=, 1);
        g_main_context_iteration (NULL, FALSE);
      }
  dismiss (people);
}

/* A turn of the loop does not become longer by how many wait. */
static void
test_bounded (void)
{
  People *people = gather (&full);

  for (guint i = 0; i < N_PIECES; i++)
    {
      gint64 begun = now;

      read_everything (people);
      g_main_context_iteration (NULL, FALSE);
      g_assert_cmpint (now - begun, <=, 2 * QUEEN_SLICE);
    }
  dismiss (people);
}

static void
test_gone (void)
{
  People *people = gather (&paused);

  for (guint i = 0; i < N_ALL; i += 2)
    shutdown (people->fds[i], SHUT_RDWR);
  while (queen_audience_get_n_subscribers (people->audience) > N_ALL / 2)
    g_main_context_iteration (NULL, FALSE);
  memset (people->visits, 0, sizeof people->visits);
  for (guint i = 0; i < N_ALL; i++)
    g_main_context_iteration (NULL, FALSE);
  for (guint i = 0; i < N_ALL; i++)
    g_assert_cmpint (people->visits[i] > 0, ==, i % 2 == 1);
  dismiss (people);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_data_func ("/audience-turns/shared/by-address", &full, test_shared);
  g_test_add_data_func ("/audience-turns/shared/by-network-of-48-bits", &full_ipv6, test_shared);
  g_test_add_data_func ("/audience-turns/shared/though-the-kernel-takes-more", &paused,
                        test_shared);
  g_test_add_func ("/audience-turns/shared/each-of-an-address-has-its-own", test_each);
  g_test_add_func ("/audience-turns/bounded", test_bounded);
  g_test_add_func ("/audience-turns/who-goes-has-no-turn", test_gone);

  return g_test_run ();
}
