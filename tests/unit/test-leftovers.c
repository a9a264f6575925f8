/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* What is large, no longer kept, and still being read: there is a limit to it, and what it takes to
 * keep to that is not more with each frame. */

#include "stream/queen-leftovers.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#define N_OTHERS 200 /* who are in the middle of nothing, and have been there for longest */
#define N_FRAMES 100
#define SIZE 5000 /* bytes of a frame: more than what is not worth counting */

/* Goes on by a µs whenever somebody looks at it. */
static gint64 now;

static gint64
get_now (void)
{
  return ++now;
}

static const QueenClock counting_clock = { get_now, get_now, get_now };

typedef struct
{
  QueenTally tally;
  QueenAudience *audience;
  QueenSection section;
  QueenLeftovers *leftovers;
  int fds[2];
} Fixture;

static QueenWriteResult
deliver_nothing (QueenSubscriber *subscriber, gpointer data)
{
  return QUEEN_WRITE_NOTHING;
}

static void
on_changed (gpointer data)
{
}

static void
set_up (Fixture *f, gconstpointer data)
{
  const QueenAudienceSettings settings = {
    .clock = &counting_clock,
    .caps = { .subscribers = 10000, .subscribers_per_address = 10000 },
    .stall_timeout = 3600 * (gint64) G_USEC_PER_SEC,
    .tally = &f->tally,
  };

  now = 1000 * (gint64) G_USEC_PER_SEC;
  f->audience = queen_audience_new (&settings, NULL);
  f->section = (QueenSection){ .deliver = deliver_nothing, .on_changed = on_changed };
  queen_audience_open (f->audience, &f->section);
  f->leftovers = queen_leftovers_new (N_FRAMES * SIZE, f->audience, &counting_clock);
  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, f->fds), ==,
                   0);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  queen_audience_close (f->audience, &f->section);
  queen_leftovers_free (f->leftovers);
  queen_audience_free (f->audience);
  close (f->fds[0]);
  close (f->fds[1]);
}

static void
turn (void)
{
  while (g_main_context_iteration (NULL, FALSE))
    ;
}

/* @frame: (nullable): what it is in the middle of */
static void
add_reader (Fixture *f, GBytes *frame)
{
  int fd = fcntl (f->fds[0], F_DUPFD_CLOEXEC, 0);
  QueenSubscriber *reader = queen_subscriber_new ((QueenSocket){ .fd = fd }, 0);

  g_assert_cmpint (fd, >=, 0);
  if (frame)
    queen_subscriber_add_pending (reader, g_bytes_ref (frame));
  queen_audience_add (f->audience, &f->section, reader);
}

/* Somebody is in the middle of a frame that is no longer kept. */
static void
leave_over_of (Fixture *f, const char *party, gsize size)
{
  GBytes *frame =
      queen_leftovers_watch (f->leftovers, g_bytes_new_take (g_malloc0 (size), size), party);

  add_reader (f, frame);
  queen_leftovers_add (f->leftovers, frame);
}

static void
leave_over (Fixture *f, gsize size)
{
  leave_over_of (f, "token:many", size);
}

/* As many as the limit lets be have to go at once: for all of them it takes one walk along all who
 * read, and not one for each. */
static void
test_many_at_once (Fixture *f, gconstpointer data)
{
  gint64 begun;

  for (guint i = 0; i < N_OTHERS; i++)
    add_reader (f, NULL);
  for (guint i = 0; i < N_FRAMES; i++)
    leave_over (f, SIZE);
  turn ();
  g_assert_cmpuint (queen_audience_get_n_subscribers (f->audience), ==, N_OTHERS + N_FRAMES);
  leave_over (f, N_FRAMES * SIZE);
  begun = now;
  turn ();
  g_assert_cmpuint (queen_audience_get_n_subscribers (f->audience), ==, N_OTHERS + 1);
  g_assert_cmpuint (f->tally.drops[QUEEN_DROP_MEMORY], ==, N_FRAMES);
  g_assert_cmpuint (queen_leftovers_get_n_bytes (f->leftovers), ==, N_FRAMES * SIZE);
  g_assert_cmpint (now - begun, <, 2 * (N_OTHERS + N_FRAMES));
}

/* What is over the limit by itself goes with its reader. */
static void
test_too_large (Fixture *f, gconstpointer data)
{
  add_reader (f, NULL);
  leave_over (f, SIZE);
  leave_over (f, N_FRAMES * SIZE + 1);
  turn ();
  g_assert_cmpuint (queen_audience_get_n_subscribers (f->audience), ==, 1);
  g_assert_cmpuint (queen_leftovers_get_n_bytes (f->leftovers), ==, 0);
}

/* However many one party leaves over, whoever reads for another one goes on reading. */
static void
test_of_whoever_has_most (Fixture *f, gconstpointer data)
{
  leave_over_of (f, "token:few", 2 * SIZE);
  for (guint i = 0; i < 2 * N_FRAMES; i++)
    {
      leave_over (f, SIZE);
      turn ();
    }
  /* The one that is twice as long is among them. */
  g_assert_cmpuint (queen_audience_get_n_subscribers (f->audience), ==, 1 + N_FRAMES - 2);
  g_assert_cmpuint (queen_leftovers_get_n_bytes (f->leftovers), ==, N_FRAMES * SIZE);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/leftovers/many-at-once", Fixture, NULL, set_up, test_many_at_once, tear_down);
  g_test_add ("/leftovers/too-large", Fixture, NULL, set_up, test_too_large, tear_down);
  g_test_add ("/leftovers/of-whoever-has-most", Fixture, NULL, set_up, test_of_whoever_has_most,
              tear_down);
  return g_test_run ();
}
