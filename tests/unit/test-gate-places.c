/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors
 *
 * Who makes a place where hundreds have all of them. */

#define MAX_CONNECTIONS 400

#include <errno.h>

#include "gate-fixture.h"

#define LARGE 300000 /* bytes: more than a socket has room for */
#define NEVER "GET /never HTTP/1.1\r\nHost: localhost\r\n\r\n"
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
  return g_test_run ();
}
