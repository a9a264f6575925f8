/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors
 *
 * What is seen of a server from outside, with others of the machine beside it. What belongs to
 * another user is made by root alone, who may be anybody for a moment. */

#include "agent/queen-prospects.h"
#include "agent/queen-sense.h"

#include <arpa/inet.h>
#include <gio/gio.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#define PATIENCE (60 * G_USEC_PER_SEC)
#define OTHER_USER 54321 /* somebody who need not exist */

typedef struct
{
  QueenSense *sense;
  int server; /* listens at 127.0.0.1 */
  int other;  /* at all addresses of IPv6, and the same port; -1 where there is no IPv6 */
  guint16 port;
} Fixture;

static int
listen_at_v6 (guint16 port)
{
  struct sockaddr_in6 address = { .sin6_family = AF_INET6,
                                  .sin6_addr = in6addr_any,
                                  .sin6_port = g_htons (port) };
  int fd = socket (AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);

  if (fd < 0)
    return -1;
  g_assert_no_errno (setsockopt (fd, IPPROTO_IPV6, IPV6_V6ONLY, &(int){ 1 }, sizeof (int)));
  g_assert_no_errno (bind (fd, (struct sockaddr *) &address, sizeof address));
  g_assert_no_errno (listen (fd, 1));
  return fd;
}

/* @data: (nullable): whether the other one is another user's */
static void
set_up (Fixture *f, gconstpointer data)
{
  struct sockaddr_in address = { .sin_family = AF_INET,
                                 .sin_addr.s_addr = g_htonl (INADDR_LOOPBACK) };

  f->sense = queen_sense_new (NULL, NULL);
  f->server = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  g_assert_no_errno (bind (f->server, (struct sockaddr *) &address, sizeof address));
  g_assert_no_errno (listen (f->server, 1));
  g_assert_no_errno (
      getsockname (f->server, (struct sockaddr *) &address, &(socklen_t){ sizeof address }));
  f->port = g_ntohs (address.sin_port);
  f->other = -1;
  if (data && geteuid () != 0)
    return;
  if (data)
    g_assert_no_errno (seteuid (OTHER_USER));
  f->other = listen_at_v6 (f->port);
  if (data)
    g_assert_no_errno (seteuid (0));
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  queen_sense_free (f->sense);
  close (f->server);
  if (f->other >= 0)
    close (f->other);
}

static void
test_own (Fixture *f, gconstpointer data)
{
  if (f->other < 0)
    g_test_skip ("there is no IPv6");
  else
    g_assert_true (queen_sense_is_open (f->sense, g_get_monotonic_time (), f->port));
}

/* It would be taken for the server by whoever is told of the port. */
static void
test_other (Fixture *f, gconstpointer data)
{
  if (f->other < 0)
    g_test_skip ("there is no IPv6, or this is not root");
  else
    g_assert_false (queen_sense_is_open (f->sense, g_get_monotonic_time (), f->port));
}

/* The kernel goes through all that listen, so it is not asked at each change of whoever likes to
 * change. */
static void
test_pace (Fixture *f, gconstpointer data)
{
  const gint64 now = g_get_monotonic_time ();

  if (f->other < 0)
    {
      g_test_skip ("there is no IPv6");
      return;
    }
  g_assert_true (queen_sense_is_open (f->sense, now, f->port));
  g_assert_false (queen_sense_is_stale (f->sense, now + PATIENCE, f->port));
  close (f->other);
  f->other = -1;
  g_assert_true (queen_sense_is_open (f->sense, now, f->port));
  g_assert_false (queen_sense_is_stale (f->sense, now, f->port));
  g_assert_true (queen_sense_is_stale (f->sense, now + PATIENCE, f->port));
  g_assert_false (queen_sense_is_open (f->sense, now + PATIENCE, f->port));
  g_assert_false (queen_sense_is_stale (f->sense, now + 2 * PATIENCE, f->port));
}

/* All that are there are looked through for it, in another thread. */
static void
test_process (Fixture *f, gconstpointer data)
{
  pid_t pid = queen_sense_find_pid (f->sense, f->port);

  g_assert_cmpint (pid, ==, QUEEN_PORT_OWNERS_LATER);
  while (pid == QUEEN_PORT_OWNERS_LATER)
    {
      g_main_context_iteration (NULL, TRUE);
      pid = queen_sense_find_pid (f->sense, f->port);
    }
  g_assert_cmpint (pid, ==, getpid ());
}

/* That takes as long for one as for all, and hundreds may come up at once. */
static void
test_count (Fixture *f, gconstpointer data)
{
  const gint64 now = g_get_monotonic_time ();
  gboolean is_busy;
  Fixture second = { 0 };

  set_up (&second, NULL);
  g_assert_true (queen_sense_is_to_count (f->sense, now, f->port));
  g_assert_cmpstr (queen_sense_look (f->sense, now, f->port, 0, 0, &is_busy), ==, "sockets");
  g_assert_false (is_busy);
  g_assert_false (queen_sense_is_to_count (f->sense, now, second.port));
  g_assert_null (queen_sense_look (f->sense, now, second.port, 0, 0, &is_busy));
  g_assert_true (queen_sense_is_to_count (f->sense, now + PATIENCE, second.port));
  g_assert_cmpstr (queen_sense_look (f->sense, now + PATIENCE, second.port, 0, 0, &is_busy), ==,
                   "sockets");
  tear_down (&second, NULL);
}

/* However many of them somebody else takes. */
static void
test_places (void)
{
  guint n_usual = 0;

  for (guint port = 1; port <= G_MAXUINT16; port++)
    n_usual += queen_prospects_is_usual ((guint16) port);
  g_assert_cmpuint (n_usual, >, 0);
  g_assert_cmpuint (n_usual, <=, QUEEN_PROSPECTS_MAX);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/sense/open/by-its-own-other-address", Fixture, NULL, set_up, test_own, tear_down);
  g_test_add ("/sense/open/not-by-somebody-else-at-the-port", Fixture, "other", set_up, test_other,
              tear_down);
  g_test_add ("/sense/open/not-asked-for-at-each-change", Fixture, NULL, set_up, test_pace,
              tear_down);
  g_test_add ("/sense/process/is-found", Fixture, "other", set_up, test_process, tear_down);
  g_test_add ("/sense/connections/all-are-counted-together", Fixture, NULL, set_up, test_count,
              tear_down);
  g_test_add_func ("/prospects/each-usual-port-has-a-place", test_places);
  return g_test_run ();
}
