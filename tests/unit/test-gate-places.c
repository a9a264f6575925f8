/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors
 *
 * Who makes a place where hundreds have all of them. */

#define MAX_CONNECTIONS 400

#include <errno.h>

#include "gate-fixture.h"

#define LARGE 300000 /* bytes: more than a socket has room for */
#define NEVER "GET /never HTTP/1.1\r\nHost: localhost\r\n\r\n"
#define PART "POST /work HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\n\r\n"
#define REST "body"
#define EVENT "POST /event HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\n\r\na"
#define LIST "GET /list HTTP/1.1\r\nHost: localhost\r\n\r\n"

static void
come_from_here (Fixture *f, const char *request)
{
  int client = gate_client_come (f->gate, INADDR_LOOPBACK, request);

  g_array_append_val (f->clients, client);
}

static void
come_from_there (Fixture *f, const char *request)
{
  come (f, 1, request);
}

/* From one of many networks of 64 bits that are in one of 48. */
static void
come_from_network (Fixture *f, const char *request)
{
  struct sockaddr_in6 ipv6 = { .sin6_family = AF_INET6 };
  struct sockaddr_storage native = { 0 };
  int client;

  ipv6.sin6_addr.s6_addr[0] = 0x20;
  ipv6.sin6_addr.s6_addr[7] = (guint8) f->clients->len;
  memcpy (&native, &ipv6, sizeof ipv6);
  client = gate_client_come_from (f->gate, &native, request);
  g_array_append_val (f->clients, client);
}

/* None is left, and of none that is taken it is known that it is not needed. */
static void
take_all (Fixture *f, void (*come_again) (Fixture *f, const char *request))
{
  f->cost = 0;
  f->list_size = LARGE;
  for (guint i = 0; i < MAX_CONNECTIONS / 4; i++)
    come_again (f, LIST);
  turn ();
  for (guint i = 0; i < MAX_CONNECTIONS / 4 * 3; i++)
    come_again (f, NEVER);
  turn ();
}

static void
assert_newcomers_answered (Fixture *f)
{
  g_assert_cmpuint (f->n_waiting, ==, MAX_CONNECTIONS / 4 * 3);
  for (guint i = 0; i < MAX_CONNECTIONS / 10; i++)
    {
      int newcomer = come (f, 10 + i, LIST);

      turn ();
      g_assert_true (gate_client_hears (newcomer, "HTTP/1.1 200"));
    }
}

/* However many of its others cannot, as they wait for the queen, and however they came. */
static void
test_handled (Fixture *f, gconstpointer data)
{
  take_all (f, come_from_there);
  assert_newcomers_answered (f);
}

/* This machine may have all places as long as nobody else wants one. */
static void
test_spared (Fixture *f, gconstpointer data)
{
  take_all (f, come_from_here);
  assert_newcomers_answered (f);
}

static gboolean
is_cut_off (int client)
{
  char bytes[4096];
  gssize n_bytes;

  while ((n_bytes = recv (client, bytes, sizeof bytes, MSG_DONTWAIT)) > 0)
    ;
  return n_bytes == 0 || errno != EAGAIN;
}

/* Nor does whoever has two of them lose one to it. */
static void
test_spared_greedy (Fixture *f, gconstpointer data)
{
  int honest[2];

  f->list_size = LARGE;
  for (gsize i = 0; i < G_N_ELEMENTS (honest); i++)
    honest[i] = come (f, 1, LIST);
  take_all (f, come_from_here);
  for (gsize i = 0; i < G_N_ELEMENTS (honest); i++)
    g_assert_false (is_cut_off (honest[i]));
}

/* The loop always has something to do while somebody waits to publish. */
static void
turn_some (void)
{
  for (guint i = 0; i < 30; i++)
    g_main_context_iteration (NULL, FALSE);
}

/* Those of @come_again have all places, and say all at once what they want, and so do others. */
static void
let_come (Fixture *f, void (*come_again) (Fixture *f, const char *request))
{
  for (guint i = 0; i < MAX_CONNECTIONS / 20; i++)
    {
      come_again (f, LIST);
      turn_some ();
    }
}

static void
come_from_afar (Fixture *f, const char *request)
{
  come (f, 10 + f->clients->len % 100, request);
}

/* However often those come again who have all places, and others do. */
static void
test_parts (Fixture *f, gconstpointer data)
{
  int honest;

  take_all (f, come_from_network);
  honest = come (f, 1, PART);
  turn ();
  let_come (f, come_from_network);
  let_come (f, come_from_afar);
  g_assert_cmpint (send (honest, REST, strlen (REST), MSG_NOSIGNAL), ==, (gssize) strlen (REST));
  turn ();
  g_assert_true (gate_client_hears (honest, "HTTP/1.1 200"));
}

/* But one that lets her wait for long makes room at once. */
static void
test_silent (Fixture *f, gconstpointer data)
{
  int silent;

  take_all (f, come_from_network);
  silent = come (f, 1, PART);
  turn ();
  now += SECOND;
  come_from_afar (f, LIST);
  turn ();
  g_assert_true (gate_client_hears (silent, "HTTP/1.1 503"));
}

/* Nor do those who wait for her. */
static void
test_waiting (Fixture *f, gconstpointer data)
{
  int honest[2];

  take_all (f, come_from_network);
  for (gsize i = 0; i < G_N_ELEMENTS (honest); i++)
    honest[i] = come (f, 1, EVENT);
  turn_some ();
  let_come (f, come_from_network);
  f->n_events = G_N_ELEMENTS (honest);
  turn_some ();
  for (gsize i = 0; i < G_N_ELEMENTS (honest); i++)
    g_assert_true (gate_client_hears (honest[i], "HTTP/1.1 200"));
}

static void
set_up_spared (Fixture *f, gconstpointer data)
{
  spares_here = TRUE;
  set_up (f, data);
  spares_here = FALSE;
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/gate-places/who-has-most-makes-one-with-what-can", Fixture, NULL, set_up,
              test_handled, tear_down);
  g_test_add ("/gate-places/so-does-this-machine", Fixture, NULL, set_up_spared, test_spared,
              tear_down);
  g_test_add ("/gate-places/nobody-makes-one-for-this-machine-that-has-more", Fixture, NULL,
              set_up_spared, test_spared_greedy, tear_down);
  g_test_add ("/gate-places/who-has-many-pushes-out-nobody-whose-request-comes-in-parts", Fixture,
              NULL, set_up, test_parts, tear_down);
  g_test_add ("/gate-places/who-lets-her-wait-for-long-makes-one", Fixture, NULL, set_up,
              test_silent, tear_down);
  g_test_add ("/gate-places/who-has-many-pushes-out-nobody-who-waits", Fixture, NULL, set_up,
              test_waiting, tear_down);
  return g_test_run ();
}
