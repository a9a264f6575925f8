/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* Who is let in to the stream, and who is let go. Over socket pairs, for which the kernel has no
 * time limit of its own. */

#include "http/queen-stream.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fake-clock.h"

#define STALL_TIMEOUT (50 * G_TIME_SPAN_MILLISECOND)

typedef struct
{
  QueenEventBus *bus;
  QueenRegistry *workers;
  QueenRegistry *hives;
  QueenPulse *pulse;
  QueenTally tally;
  QueenStream *stream;
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  const QueenRegistrySettings registry = { &fake_clock, 90, 1000, 8 };
  const QueenStreamSettings settings = {
    .capacity = 100,
    .flush_interval = 0, /* each event goes out before publish() returns */
    .stall_timeout = STALL_TIMEOUT,
    .caps = { .subscribers = 2, .subscribers_per_peer = 1 },
    .tally = &f->tally,
  };
  g_autoptr (GError) error = NULL;

  now = 0;
  memset (&f->tally, 0, sizeof f->tally);
  f->bus = queen_event_bus_new ();
  f->workers = queen_registry_new (QUEEN_COMPONENT_WORKER, f->bus, &registry);
  f->hives = queen_registry_new (QUEEN_COMPONENT_HIVE, f->bus, &registry);
  f->pulse = queen_pulse_new (f->bus, f->workers, f->hives, &fake_clock, 1);
  f->stream = queen_stream_new (f->bus, f->pulse, &settings, &error);
  g_assert_no_error (error);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  g_clear_object (&f->stream);
  g_clear_object (&f->pulse);
  g_clear_object (&f->hives);
  g_clear_object (&f->workers);
  g_clear_object (&f->bus);
}

/* Returns: the subscriber's end */
static int
subscribe_to (Fixture *f, guint kinds)
{
  const QueenStreamRequest request = { .kinds = kinds };
  int fds[2];

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), ==, 0);
  queen_stream_subscribe (f->stream, (QueenSocket){ .fd = fds[1] },
                          g_bytes_new_static ("HEAD\r\n\r\n", 8), &request);
  return fds[0];
}

static int
subscribe (Fixture *f)
{
  return subscribe_to (f, QUEEN_EVENT_ALL_KINDS);
}

static void
publish (Fixture *f)
{
  g_autoptr (QueenEvent) event = queen_pulse_dup_snapshot (f->pulse);

  queen_event_bus_emit (f->bus, event);
}

/* Reads what is there. Returns whether that was all that will ever come. */
static gboolean
read_all (int fd, GString *text)
{
  char buffer[4096];
  gssize n_bytes;

  while ((n_bytes = read (fd, buffer, sizeof buffer)) > 0)
    g_string_append_len (text, buffer, n_bytes);
  return n_bytes == 0;
}

static void
test_busy (Fixture *f, gconstpointer data)
{
  int fds[] = { subscribe (f), subscribe (f) };
  int late = subscribe (f);
  g_autoptr (GString) text = g_string_new (NULL);
  guint64 retry;

  g_assert_cmpuint (queen_stream_get_n_subscribers (f->stream), ==, 2);
  g_assert_cmpuint (f->tally.subscriptions, ==, 2);
  g_assert_cmpuint (f->tally.refusals[QUEEN_REFUSAL_SUBSCRIBER_CAP], ==, 1);
  g_assert_true (read_all (late, text));
  g_assert_true (g_str_has_prefix (text->str, "HEAD\r\n\r\nretry: "));
  retry = g_ascii_strtoull (text->str + strlen ("HEAD\r\n\r\nretry: "), NULL, 10);
  g_assert_cmpuint (retry, >=, 10000);
  g_assert_cmpuint (retry, <=, 20000);
  g_assert_true (g_str_has_suffix (text->str, "\nevent: busy\ndata: {\"reason\":\"too many "
                                              "subscribers\"}\n\n"));
  for (gsize i = 0; i < G_N_ELEMENTS (fds); i++)
    {
      g_assert_false (read_all (fds[i], text));
      close (fds[i]);
    }
  close (late);
}

/* There is always room for it, and nobody counts it. */
static void
test_glance (Fixture *f, gconstpointer data)
{
  int fds[] = { subscribe (f), subscribe (f) };
  int glance = subscribe_to (f, 0);
  g_autoptr (GString) text = g_string_new (NULL);

  g_assert_true (read_all (glance, text));
  g_assert_true (
      g_str_has_prefix (text->str,
                        "HEAD\r\n\r\nretry: 2000\n\nevent: heartbeat\ndata: {\"type\":\"queen\","));
  g_assert_cmpuint (queen_stream_get_n_subscribers (f->stream), ==, 2);
  g_assert_cmpuint (f->tally.subscriptions, ==, 2);
  close (glance);
  close (fds[0]);
  close (fds[1]);
}

static void
test_leaving (Fixture *f, gconstpointer data)
{
  g_autoptr (GString) text = g_string_new (NULL);
  int late;

  queen_stream_say_goodbye (f->stream);
  late = subscribe (f);
  g_assert_true (read_all (late, text));
  g_assert_true (g_str_has_prefix (text->str, "HEAD\r\n\r\n"));
  g_assert_nonnull (strstr (text->str, "event: bye\n"));
  g_assert_null (strstr (text->str, "event: heartbeat\n"));
  close (late);
}

static void
test_stalled (Fixture *f, gconstpointer data)
{
  int slow = subscribe (f);
  int fast = subscribe (f);
  g_autoptr (GString) text = g_string_new (NULL);
  guint64 published;

  while (f->tally.drops[QUEEN_DROP_STALLED] == 0)
    {
      now += G_USEC_PER_SEC; /* a snapshot of its own */
      publish (f);
      g_assert_false (read_all (fast, text));
      g_main_context_iteration (NULL, FALSE);
    }
  published = f->tally.events;
  g_assert_cmpuint (queen_stream_get_n_subscribers (f->stream), ==, 1);
  g_string_truncate (text, 0);
  g_assert_true (read_all (slow, text)); /* what the kernel had, and the end */

  publish (f);
  g_string_truncate (text, 0);
  g_assert_false (read_all (fast, text));
  g_assert_nonnull (strstr (text->str, "event: heartbeat\n"));
  g_assert_cmpuint (f->tally.events, ==, published + 1);
  g_assert_cmpuint (f->tally.drops[QUEEN_DROP_STALLED], ==, 1);
  close (slow);
  close (fast);
}

/* It has read too little for the kernel to tell of room before its deadline. */
static void
test_slow (Fixture *f, gconstpointer data)
{
  int slow = subscribe (f);
  char bytes[16384];
  gint64 end;

  for (int i = 0; i < 5000; i++)
    publish (f);
  for (end = g_get_monotonic_time () + STALL_TIMEOUT; g_get_monotonic_time () <= end;)
    publish (f);
  g_assert_cmpuint (f->tally.lags, ==, 0); /* it has got nothing for that long */
  g_assert_cmpint (read (slow, bytes, sizeof bytes), ==, sizeof bytes);
  g_main_context_iteration (NULL, FALSE);
  g_assert_cmpuint (f->tally.lags, ==, 1);
  g_assert_cmpuint (f->tally.lost_events, >, 1000);
  g_assert_cmpuint (f->tally.drops[QUEEN_DROP_STALLED], ==, 0);
  g_assert_cmpuint (queen_stream_get_n_subscribers (f->stream), ==, 1);
  close (slow);
}

/* Once it has caught up, it gets what happens at once, and no deadline is left behind. */
static void
test_recovered (Fixture *f, gconstpointer data)
{
  int fd = subscribe (f);
  g_autoptr (GString) text = g_string_new (NULL);
  gint64 end;

  for (int i = 0; i < 5000; i++)
    publish (f);
  while (f->tally.lags == 0)
    {
      g_assert_false (read_all (fd, text));
      g_main_context_iteration (NULL, FALSE);
    }
  g_assert_false (read_all (fd, text));
  g_string_truncate (text, 0);
  publish (f);
  g_assert_false (read_all (fd, text));
  g_assert_nonnull (strstr (text->str, "event: heartbeat\n"));

  for (end = g_get_monotonic_time () + STALL_TIMEOUT; g_get_monotonic_time () <= end;)
    g_main_context_iteration (NULL, FALSE);
  g_assert_cmpuint (queen_stream_get_n_subscribers (f->stream), ==, 1);
  close (fd);
}

static void
test_chatter (Fixture *f, gconstpointer data)
{
  int fd = subscribe (f);
  char words[5000] = { 0 };

  g_assert_cmpint (write (fd, words, sizeof words), ==, sizeof words);
  while (queen_stream_get_n_subscribers (f->stream) > 0)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpuint (f->tally.drops[QUEEN_DROP_CHATTER], ==, 1);
  close (fd);
}

#define ADD(path, func) g_test_add (path, Fixture, NULL, set_up, func, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  ADD ("/subscribers/cap/busy-and-the-end", test_busy);
  ADD ("/subscribers/to-no-kinds/how-things-stand-and-the-end", test_glance);
  ADD ("/subscribers/while-she-leaves/bye-and-the-end", test_leaving);
  ADD ("/subscribers/stalled/let-go-alone", test_stalled);
  ADD ("/subscribers/stalled/not-one-that-reads-a-little", test_slow);
  ADD ("/subscribers/stalled/not-one-that-has-caught-up", test_recovered);
  ADD ("/subscribers/chatter/let-go", test_chatter);

  return g_test_run ();
}
