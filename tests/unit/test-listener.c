/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "net/queen-listener.h"

#include <netinet/in.h>
#include <unistd.h>

#include "fake-clock.h"

static void
on_accept (int fd, const struct sockaddr_storage *address, gpointer data)
{
  (*(guint *) data)++;
  close (fd);
}

static int
connect_to (QueenListener *listener)
{
  GSocketAddress *address = queen_listener_get_addresses (listener)->pdata[0];
  struct sockaddr_in native;
  int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

  g_assert_true (g_socket_address_to_native (address, &native, sizeof native, NULL));
  g_assert_cmpint (connect (fd, (struct sockaddr *) &native, sizeof native), ==, 0);
  return fd;
}

static void
test_own (void)
{
  static const char *const addresses[] = { "127.0.0.1", NULL };
  QueenTally tally = { 0 };
  guint n_accepted = 0;
  g_autoptr (QueenListener) listener =
      queen_listener_new ("http", &fake_clock, &tally, NULL, on_accept, &n_accepted);
  int client;

  g_assert_true (queen_listener_listen (listener, addresses, 0, FALSE, NULL));
  client = connect_to (listener);
  queen_listener_start (listener);
  queen_listener_stop (listener);
  g_assert_cmpuint (n_accepted, ==, 1);
  close (client);
}

static void
test_adopted (void)
{
  const struct sockaddr_in address = { .sin_family = AF_INET,
                                       .sin_addr = { htonl (INADDR_LOOPBACK) } };
  QueenTally tally = { 0 };
  guint n_accepted = 0;
  g_autoptr (QueenListener) listener =
      queen_listener_new ("http", &fake_clock, &tally, NULL, on_accept, &n_accepted);
  int managers = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  int client, accepted;

  g_assert_cmpint (bind (managers, (struct sockaddr *) &address, sizeof address), ==, 0);
  g_assert_cmpint (listen (managers, 8), ==, 0);
  g_assert_true (queen_listener_adopt (listener, dup (managers), NULL));
  client = connect_to (listener);
  queen_listener_start (listener);
  queen_listener_stop (listener);
  g_assert_cmpuint (n_accepted, ==, 0);

  accepted = accept (managers, NULL, NULL); /* does not wait: the socket is non-blocking now */
  g_assert_cmpint (accepted, >=, 0);
  close (accepted);
  close (client);
  close (managers);
}

static void
on_accept_slowly (int fd, const struct sockaddr_storage *address, gpointer data)
{
  now += QUEEN_SLICE;
  on_accept (fd, address, data);
}

/* The kernel keeps those who wait: everybody else has a turn in between. */
static void
test_slow (void)
{
  static const char *const addresses[] = { "127.0.0.1", NULL };
  QueenTally tally = { 0 };
  guint n_accepted = 0;
  g_autoptr (QueenListener) listener =
      queen_listener_new ("http", &fake_clock, &tally, NULL, on_accept_slowly, &n_accepted);
  int clients[5];

  g_assert_true (queen_listener_listen (listener, addresses, 0, FALSE, NULL));
  for (gsize i = 0; i < G_N_ELEMENTS (clients); i++)
    clients[i] = connect_to (listener);
  queen_listener_start (listener);
  for (guint i = 1; i <= G_N_ELEMENTS (clients); i++)
    {
      g_main_context_iteration (NULL, TRUE);
      g_assert_cmpuint (n_accepted, ==, i);
    }
  for (gsize i = 0; i < G_N_ELEMENTS (clients); i++)
    close (clients[i]);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/listener/stop/own-socket-lets-in-who-waits", test_own);
  g_test_add_func ("/listener/stop/adopted-socket-keeps-them-for-the-next", test_adopted);
  g_test_add_func ("/listener/slow/the-loop-turns-in-between", test_slow);

  return g_test_run ();
}
