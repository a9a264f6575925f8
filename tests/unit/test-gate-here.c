/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors
 *
 * Who makes a place where this machine has all of them, as it may. */

#define MAX_CONNECTIONS 40

#include "gate-fixture.h"
#include "net/queen-user-address.h"

#define LIST "GET /list HTTP/1.1\r\nHost: localhost\r\n\r\n"

#define LIMIT GUINT_TO_POINTER (2) /* of any other address */

static void
set_up_spared (Fixture *f, gconstpointer data)
{
  spares_here = TRUE;
  set_up (f, data);
  spares_here = FALSE;
  f->cost = 0;
  f->list_size = 300000; /* more than a socket has room for */
}

static int
come_from_here (Fixture *f, guint number)
{
  int client = gate_client_come (f->gate, INADDR_LOOPBACK + number, LIST);

  g_array_append_val (f->clients, client);
  turn ();
  return client;
}

static int
come_as (Fixture *f, uid_t user)
{
  struct sockaddr_storage address;
  int client;

  queen_user_address_init (&address, user);
  client = gate_client_come_from (f->gate, &address, LIST);
  g_array_append_val (f->clients, client);
  turn ();
  return client;
}

static int
come_from_afar (Fixture *f, guint number)
{
  int client = come (f, number, LIST);

  turn ();
  return client;
}

/* Proxies are there, too: it may have all of them as long as nobody else wants one. */
static void
test_here (Fixture *f, gconstpointer data)
{
  for (guint i = 0; i < MAX_CONNECTIONS; i++)
    g_assert_true (gate_client_hears (come_from_here (f, i % 4), "HTTP/1.1 200"));
  g_assert_true (gate_client_hears (come_from_here (f, 0), "HTTP/1.1 503"));
  for (guint i = 0; i < MAX_CONNECTIONS / 10; i++)
    g_assert_true (gate_client_hears (come_from_afar (f, 10 + i), "HTTP/1.1 200"));
  g_assert_true (gate_client_hears (come_as (f, 1000), "HTTP/1.1 200"));
}

static void
test_user (Fixture *f, gconstpointer data)
{
  for (guint i = 0; i < MAX_CONNECTIONS; i++)
    g_assert_true (gate_client_hears (come_as (f, 1000), "HTTP/1.1 200"));
  g_assert_true (gate_client_hears (come_as (f, 1000), "HTTP/1.1 503"));
  g_assert_true (gate_client_hears (come_from_afar (f, 10), "HTTP/1.1 200"));
  g_assert_true (gate_client_hears (come_as (f, 1001), "HTTP/1.1 200"));
  g_assert_true (gate_client_hears (come_from_here (f, 0), "HTTP/1.1 200"));
}

/* Returns: bytes that @client has of its answer */
static gsize
read_answer (int client)
{
  static char text[65536];
  gsize n_read = 0;
  gssize n;

  while ((n = recv (client, text, sizeof text, MSG_DONTWAIT)) > 0)
    {
      n_read += (gsize) n;
      turn ();
    }
  return n_read;
}

/* Who is spared takes no place from whoever has less. */
static void
test_less (Fixture *f, gconstpointer data)
{
  int first = come_from_afar (f, 10), second = come_from_afar (f, 10);

  for (guint i = 2; i < MAX_CONNECTIONS; i++)
    come_from_here (f, 0);
  g_assert_true (gate_client_hears (come_from_here (f, 0), "HTTP/1.1 503"));
  g_assert_cmpuint (read_answer (first), >, f->list_size);
  g_assert_cmpuint (read_answer (second), >, f->list_size);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/gate-here/makes-a-place-as-one-address-does", Fixture, LIMIT, set_up_spared,
              test_here, tear_down);
  g_test_add ("/gate-here/so-does-each-user", Fixture, LIMIT, set_up_spared, test_user, tear_down);
  g_test_add ("/gate-here/whoever-has-less-keeps-them", Fixture, LIMIT, set_up_spared, test_less,
              tear_down);
  return g_test_run ();
}
