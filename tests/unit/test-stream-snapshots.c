/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* What one is told of how things stand while there is no room for another snapshot, as others sit
 * in the middle of all that there may be. */

#include <stdio.h>

#include "stream-fixture.h"

#define N_MANY 6000     /* more than the ring holds beside a pulse of so many */
#define N_WORKERS 10000 /* so that a snapshot is 1.3 MB */
#define N_SITTERS 10

static void
beat_number (Fixture *f, guint number)
{
  g_autofree char *id = g_strdup_printf ("%0128u", number);

  beat (f, f->workers, id);
}

/* Each has a snapshot of its own, as long as there is room. */
static void
fill (Fixture *f, int fds[N_SITTERS])
{
  QueenStreamHoldings holdings;

  for (guint i = 0; i < N_WORKERS; i++)
    beat_number (f, i);
  for (guint i = 0; i < N_SITTERS; i++)
    {
      beat_number (f, N_WORKERS + i);
      now += 250 * MSEC;
      fds[i] = subscribe (f);
    }
  queen_stream_get_holdings (f->stream, &holdings);
  g_assert_cmpuint (holdings.snapshots, >, holdings.max_snapshots / 2 - 2 * 1024 * 1024);
  g_assert_cmpuint (holdings.snapshots, <=, holdings.max_snapshots / 2);
}

/* Of a stream that does not end, shortened. */
static char *
read_through (int fd)
{
  g_autoptr (GString) text = g_string_new (NULL);

  for (guint i = 0; i < 200; i++)
    {
      read_all (fd, text);
      turn ();
    }
  return shorten (text->str);
}

static void
close_all (int fds[N_SITTERS])
{
  for (guint i = 0; i < N_SITTERS; i++)
    close (fds[i]);
}

/* Who has lost nothing gets nothing twice. */
static void
test_resume (Fixture *f, gconstpointer data)
{
  int fds[N_SITTERS], fd;
  g_autofree char *got = NULL;

  fill (f, fds);
  for (guint i = 0; i < 5; i++)
    beat_number (f, i);
  fd = subscribe_with (f, &(QueenStreamRequest){ .kinds = ALL, .last_id = EPOCH "-10013" });
  got = read_through (fd);
  g_assert_cmpstr (got, ==, ": 10014 10015");
  g_clear_pointer (&got, g_free);
  pulse (f);
  got = read_through (fd);
  g_assert_cmpstr (got, ==, "q10015");
  close (fd);
  close_all (fds);
}

/* Nor a notice of a loss, when the ring has passed the newest snapshot but not it. */
static void
test_resume_after_many (Fixture *f, gconstpointer data)
{
  int fds[N_SITTERS], fd;
  g_autofree char *got = NULL;

  fill (f, fds);
  for (guint i = 0; i < 2 * CAPACITY; i++)
    beat_number (f, i);
  fd = subscribe_with (f, &(QueenStreamRequest){ .kinds = ALL, .last_id = EPOCH "-10209" });
  got = read_through (fd);
  g_assert_cmpstr (got, ==, ": 10210");
  g_assert_cmpuint (f->tally.lags, ==, 0);
  close (fd);
  close_all (fds);
}

/* Whoever has lost something is not told with the id of what came later how things stood before. */
static void
test_lagged (Fixture *f, gconstpointer data)
{
  int fds[N_SITTERS];
  g_autofree char *got = NULL;
  const char *loss;
  guint64 first, second;

  fill (f, fds);
  for (guint i = 0; i < N_MANY; i++)
    beat_number (f, N_WORKERS + N_SITTERS + i);
  beat_number (f, 0);
  got = read_through (fds[N_SITTERS - 1]);
  loss = strstr (got, " lagged ");
  g_assert_nonnull (loss);
  g_assert_cmpint (sscanf (loss, " lagged %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT, &first,
                           &second),
                   ==, 2);
  g_assert_cmpuint (second, ==, first + 1); /* events, and no snapshot before them */
  g_assert_true (g_str_has_suffix (got, " 16010 16011"));
  g_clear_pointer (&got, g_free);
  pulse (f);
  got = read_through (fds[N_SITTERS - 1]);
  g_assert_cmpstr (got, ==, "q16011");
  close_all (fds);
}

/* Who only wants to see whether she lives sees that, whatever is held. */
static void
test_glance (Fixture *f, gconstpointer data)
{
  int fds[N_SITTERS], fd;
  g_autoptr (GString) text = g_string_new (NULL);

  fill (f, fds);
  for (guint i = 0; i < 2 * CAPACITY; i++)
    beat_number (f, i);
  fd = subscribe_to (f, 0);
  read_all (fd, text);
  g_assert_nonnull (strstr (text->str, "\nid: " EPOCH "-10006\nevent: heartbeat\n"));
  close (fd);
  close_all (fds);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  ADD ("/stream/full/who-resumes-gets-nothing-twice", crowd, test_resume);
  ADD ("/stream/full/who-resumes-has-not-lost-what-it-had", crowd, test_resume_after_many);
  ADD ("/stream/full/no-id-for-what-was-before-it", crowd, test_lagged);
  ADD ("/stream/full/a-glance-is-given-whatever-is-there", crowd, test_glance);

  return g_test_run ();
}
