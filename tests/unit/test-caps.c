/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "net/queen-caps.h"

typedef struct
{
  guint64 n_descriptors;
  guint wanted_subscribers;
  guint wanted_connections;
  guint subscribers;
  guint connections;
} Row;

static void
check (const Row *rows, gsize n_rows, gboolean is_enough)
{
  for (gsize i = 0; i < n_rows; i++)
    {
      const Row *row = &rows[i];
      QueenCaps caps;

      g_assert_cmpint (queen_caps_choose (&caps, row->n_descriptors, row->wanted_subscribers,
                                          row->wanted_connections, 0),
                       ==, is_enough);
      g_assert_cmpuint (caps.subscribers, ==, row->subscribers);
      g_assert_cmpuint (caps.connections, ==, row->connections);
    }
}

static void
test_defaults (void)
{
  static const Row rows[] = {
    { 0, 0, 0, 1, 1 },   /* she needs more herself, but the caps are no reason not to start */
    { 64, 0, 0, 20, 4 }, /* 32 are her own */
    { 1024, 0, 0, 596, 148 },
    { 20000, 0, 0, 11981, 2995 },
    { 65536, 0, 0, 12000, 16384 },
    { G_MAXUINT64, 0, 0, 12000, 16384 },
  };

  check (rows, G_N_ELEMENTS (rows), TRUE);
}

static void
test_wishes (void)
{
  static const Row rows[] = {
    { 64, 20, 0, 20, 6 },
    { 64, 0, 20, 6, 20 },
    { 64, 20, 10, 20, 10 },
    { 64, 1, 1, 1, 1 },
    { 1024, 800, 0, 800, 96 },
    { 1024, 0, 800, 96, 800 },
    { 65536, 50000, 0, 50000, 7752 },
  };

  check (rows, G_N_ELEMENTS (rows), TRUE);
}

/* Whatever is wished, a heartbeat finds a descriptor. */
static void
test_too_many (void)
{
  static const Row rows[] = {
    { 64, 100000, 0, 31, 1 },
    { 64, 0, 100000, 1, 31 },
    { 64, 32, 1, 31, 1 },
    { 64, 20, 20, 20, 12 },
  };

  check (rows, G_N_ELEMENTS (rows), FALSE);
}

/* Even if all have come who may, a worker can be asked: its call is not one of the last. */
static void
test_calls (void)
{
  for (guint64 n_descriptors = 64; n_descriptors <= 1 << 20; n_descriptors *= 2)
    {
      QueenCaps caps;
      guint64 n_left;

      queen_caps_choose (&caps, n_descriptors, 0, 0, 0);
      n_left = (guint64) caps.brink - 32 - caps.subscribers - caps.connections;
      g_assert_cmpuint (caps.subscribers + caps.connections + 32, <, caps.brink);
      g_assert_cmpuint (n_left, >=, MIN (n_descriptors / 16, QUEEN_CAPS_MAX_CALLS));
      g_assert_cmpuint (caps.calls, ==, MAX (MIN (n_left, QUEEN_CAPS_MAX_CALLS), 6));
    }
}

/* Who wishes for all has hardly ever all at once. */
static void
test_calls_beside_wishes (void)
{
  QueenCaps caps;

  queen_caps_choose (&caps, 1024, 992, 0, 0);
  g_assert_cmpuint (caps.calls, ==, 992 / 16);
  queen_caps_choose (&caps, 0, 0, 0, 0);
  g_assert_cmpuint (caps.calls, >, 0);
}

static void
test_per_address (void)
{
  QueenCaps caps;

  queen_caps_choose (&caps, 20000, 0, 0, 0);
  g_assert_cmpuint (caps.subscribers_per_address, ==, 2995);
  g_assert_cmpuint (caps.connections_per_address, ==, 748);
  g_assert_true (caps.spares_loopback);
  g_assert_cmpint (caps.brink, ==, 18750);

  queen_caps_choose (&caps, 20000, 2, 3, 0); /* a quarter of that would be nothing */
  g_assert_cmpuint (caps.subscribers_per_address, ==, 1);
  g_assert_cmpuint (caps.connections_per_address, ==, 1);

  queen_caps_choose (&caps, 20000, 0, 0, 7);
  g_assert_cmpuint (caps.subscribers_per_address, ==, 7);
  g_assert_cmpuint (caps.connections_per_address, ==, 7);
  g_assert_false (caps.spares_loopback);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/caps/defaults/fit-the-descriptors", test_defaults);
  g_test_add_func ("/caps/wishes/granted", test_wishes);
  g_test_add_func ("/caps/wishes/cut-when-there-are-not-so-many-descriptors", test_too_many);
  g_test_add_func ("/caps/calls/have-some-that-nobody-has-who-comes", test_calls);
  g_test_add_func ("/caps/calls/some-when-all-are-wished-for", test_calls_beside_wishes);
  g_test_add_func ("/caps/per-address/a-quarter-or-what-was-asked-for", test_per_address);

  return g_test_run ();
}
