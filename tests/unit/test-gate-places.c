/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors
 *
 * Who makes a place where hundreds have all of them. */

#define MAX_CONNECTIONS 400

#include "gate-fixture.h"

#define NEVER "GET /never HTTP/1.1\r\nHost: localhost\r\n\r\n"
#define LIST "GET /list HTTP/1.1\r\nHost: localhost\r\n\r\n"

/* However many of its others cannot, as they wait for the queen, and however they came. */
static void
test_handled (Fixture *f, gconstpointer data)
{
  f->cost = 0;
  f->list_size = 300000; /* more than a socket has room for */
  for (guint i = 0; i < MAX_CONNECTIONS / 4; i++)
    come (f, 1, LIST);
  turn ();
  for (guint i = 0; i < MAX_CONNECTIONS / 4 * 3; i++)
    come (f, 1, NEVER);
  turn ();
  g_assert_cmpuint (f->n_waiting, ==, MAX_CONNECTIONS / 4 * 3);
  for (guint i = 0; i < MAX_CONNECTIONS / 10; i++)
    {
      int newcomer = come (f, 10 + i, LIST);

      turn ();
      g_assert_true (gate_client_hears (newcomer, "HTTP/1.1 200"));
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/gate-places/who-has-most-makes-one-with-what-can", Fixture, NULL, set_up,
              test_handled, tear_down);
  return g_test_run ();
}
