/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* Subscribers that read slowly, or not at all: what they lose, and what they cost. */

#include "queen-process.h"
#include "sse-client.h"

#include <sys/socket.h>
#include <unistd.h>

#define CAPACITY 100 /* the default */
#define N_FLOOD 2000 /* events: more than the kernel takes for one that does not read */
#define NEVER_STALLED "--stall-timeout=1h"
#define STALLED "queen_dropped_subscribers_total{reason=\"stalled\"}"
#define SNAPSHOTS "queen_held_bytes{what=\"snapshots\"}"

/* A short one, that leaves the test the time to publish. */
static const char *
get_stall_timeout (void)
{
  return queen_test_is_wrapped () ? "--stall-timeout=30s" : "--stall-timeout=3s";
}

/* Asserts that the next @count frames are events, each the next of the one before. */
static void
read_in_order (SseClient *client, guint64 *number, guint count)
{
  for (guint i = 0; i < count; i++)
    {
      g_autoptr (SseFrame) frame = sse_client_next (client);

      g_assert_nonnull (frame);
      g_assert_cmpstr (frame->event, ==, "heartbeat");
      if (*number != 0)
        g_assert_cmpuint (sse_frame_get_number (frame), ==, *number + 1);
      *number = sse_frame_get_number (frame);
    }
}

/* Where a reader that may lose events is: what came and what it was told to be lost must always
 * make the whole. */
typedef struct
{
  guint64 last;      /* number of the event that came last */
  guint64 dropped;   /* in all */
  guint64 after_gap; /* number of the first event after the last gap */
  guint n_gaps;
} Position;

static void
read_with_gaps (SseClient *client, guint64 until, Position *position)
{
  while (position->last < until)
    {
      g_autoptr (SseFrame) frame = sse_client_next (client);

      if (g_str_equal (frame->event, "lagged"))
        {
          gint64 dropped = sse_frame_get_int (frame, "dropped");
          g_autoptr (SseFrame) queen = sse_client_next (client);

          position->dropped += dropped;
          position->n_gaps++;
          position->last += dropped;
          position->after_gap = position->last + 1;
          g_assert_cmpstr (sse_frame_get_string (queen, "type"), ==, "queen");
          g_assert_cmpuint (sse_frame_get_number (queen), ==, position->last);
        }
      else
        g_assert_cmpuint (sse_frame_get_number (frame), ==, ++position->last);
    }
}

/* Floods a subscriber that does not read beside three that do. */
static SseClient *
flood (guint16 port, guint64 *final)
{
  SseClient *slow = sse_client_open (port, 4096, NULL, NULL);
  g_autoptr (GPtrArray) fast = sse_client_array_new ();
  guint64 numbers[3] = { 0 };

  sse_frame_free (sse_client_next (slow)); /* queen */
  for (guint i = 0; i < G_N_ELEMENTS (numbers); i++)
    g_ptr_array_add (fast, sse_client_subscribe (port, NULL, NULL));
  for (guint sent = 0; sent < N_FLOOD; sent += 25)
    {
      http_beat_many (port, sent, 25);
      for (guint i = 0; i < G_N_ELEMENTS (numbers); i++)
        read_in_order (fast->pdata[i], &numbers[i], 25);
    }
  *final = numbers[0];
  return slow;
}

static void
test_slow (void)
{
  g_autoptr (QueenProcess) queen =
      queen_process_start ("--heartbeat-interval=1h", NEVER_STALLED, NULL);
  guint64 final = 0;
  g_autoptr (SseClient) slow = flood (queen_process_get_port (queen), &final);
  Position position = { 0 };

  read_in_order (slow, &position.last, 1);
  g_assert_cmpuint (position.last, ==, final - N_FLOOD + 1);
  read_with_gaps (slow, final, &position);
  g_test_message ("%" G_GUINT64_FORMAT " dropped in %u gap(s)", position.dropped, position.n_gaps);
  g_assert_cmpuint (position.n_gaps, >=, 1);
  g_assert_cmpuint (position.dropped, >, N_FLOOD / 2); /* the kernel did not swallow it all */
  g_assert_cmpuint (position.after_gap, ==, final - CAPACITY + 1);
}

/* One that reads on and on, but never fast enough. */
static void
test_slow_for_long (void)
{
  g_autoptr (QueenProcess) queen =
      queen_process_start ("--heartbeat-interval=1h", "--capacity=20", NEVER_STALLED, NULL);
  guint16 port = queen_process_get_port (queen);
  g_autoptr (SseClient) slow = sse_client_open (port, 4096, NULL, NULL);
  Position position = { 0 };
  guint64 published;

  sse_frame_free (sse_client_next (slow)); /* queen */
  http_beat_many (port, 0, 1);
  read_in_order (slow, &position.last, 1);
  published = position.last;
  for (guint round = 0; round < 40; round++)
    {
      http_beat_many (port, 0, 50);
      published += 50;
      read_with_gaps (slow, MIN (published, position.last + 30), &position);
    }
  read_with_gaps (slow, published, &position);
  g_test_message ("%" G_GUINT64_FORMAT " dropped in %u gap(s)", position.dropped, position.n_gaps);
  g_assert_cmpuint (position.n_gaps, >, 1);
}

/* A20: it takes a little, now and then, and never so much that the kernel's window would be open.
 */
static void
test_trickle (void)
{
  g_autoptr (QueenProcess) queen =
      queen_process_start ("--heartbeat-interval=1h", get_stall_timeout (), NULL);
  guint16 port = queen_process_get_port (queen);
  int fd = http_connect_with_buffer (port, 4096);
  gint64 end;

  http_send (fd, "GET /v1/heartbeats/stream HTTP/1.1\r\nHost: localhost\r\n\r\n", -1);
  http_beat_many (port, 0, 500);
  for (end = g_get_monotonic_time () + 7 * G_USEC_PER_SEC; g_get_monotonic_time () < end;)
    {
      char bytes[256];

      g_assert_cmpint (recv (fd, bytes, sizeof bytes, 0), >, 0);
      http_beat_many (port, 0, 5);
      g_usleep (20000);
    }
  g_assert_cmpuint (http_read_metric (port, STALLED), ==, 0);
  g_assert_cmpuint (http_read_metric (port, "queen_subscribers"), ==, 1);
  queen_test_wait_until (http_read_metric (port, STALLED) == 1); /* it has ceased to read */
  close (fd);
}

/* The same through TLS, where what is written comes in records. */
static void
test_trickle_tls (void)
{
  g_autoptr (TlsIdentity) identity = tls_identity_new ("queen");
  g_autofree char *certificate = g_strconcat ("--tls-certificate=", identity->certificate, NULL);
  g_autofree char *key = g_strconcat ("--tls-key=", identity->key, NULL);
  g_autoptr (QueenProcess) queen = queen_process_start ("--heartbeat-interval=10ms", certificate,
                                                        key, get_stall_timeout (), NULL);
  guint16 port = queen_process_get_port (queen);
  g_autoptr (TlsClient) client = tls_client_connect (port, identity, 4096);
  gint64 end;

  tls_client_send (client, "GET /v1/heartbeats/stream HTTP/1.1\r\nHost: localhost\r\n\r\n");
  for (end = g_get_monotonic_time () + 7 * G_USEC_PER_SEC; g_get_monotonic_time () < end;)
    {
      char bytes[256];

      g_assert_cmpint (tls_client_read (client, bytes, sizeof bytes, 5000), >, 0);
      g_usleep (20000);
    }
}

#define N_WORKERS 4000 /* of 128 bytes: a snapshot is half a megabyte */
#define N_IDLE 200
#define MAX_GROWTH (24 * 1024 * 1024)

/* A12, A7: they come one after the other, and each is in the middle of what all the others are in
 * the middle of. */
static void
test_large (gconstpointer headers)
{
  g_autoptr (QueenProcess) queen =
      queen_process_start ("--heartbeat-interval=100ms", "--timeout=1h", NULL);
  guint16 port = queen_process_get_port (queen);
  g_autoptr (GPtrArray) idle = sse_client_array_new ();
  gint64 before, growth;

  for (guint i = 0; i < N_WORKERS; i++)
    {
      g_autofree char *id = g_strdup_printf ("%0128u", i);

      http_beat (port, "worker", id, "ready");
    }
  before = queen_process_get_resident (queen);
  for (guint i = 0; i < N_IDLE; i++)
    {
      g_autofree char *id = g_strdup_printf ("new-%u", i % 10);
      SseClient *client = sse_client_open (port, 4096, NULL, headers);

      g_ptr_array_add (idle, client);
      sse_client_get_answer (client);
      http_beat (port, "worker", id, i % 20 < 10 ? "ready" : "offline");
    }
  growth = queen_process_get_resident (queen) - before;
  g_test_message ("%u streams that do not read cost %" G_GINT64_FORMAT
                  " KiB, snapshots %" G_GUINT64_FORMAT,
                  N_IDLE, growth / 1024, http_read_metric (port, SNAPSHOTS));
  g_assert_cmpuint (http_read_metric (port, SNAPSHOTS), <=, 16 * 1024 * 1024);
  if (!queen_test_is_wrapped () && !queen_test_is_sanitized ())
    g_assert_cmpint (growth, <=, MAX_GROWTH);

  g_ptr_array_set_size (idle, 0);
  queen_test_wait_until (http_read_metric (port, SNAPSHOTS) == 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/slow/told-the-exact-loss-others-lose-nothing", test_slow);
  g_test_add_func ("/slow/exact-over-many-gaps", test_slow_for_long);
  g_test_add_func ("/slow/one-that-reads-a-little-stays", test_trickle);
  g_test_add_func ("/slow/tls/one-that-reads-a-little-stays", test_trickle_tls);
  g_test_add_data_func ("/slow/large/those-who-do-not-read-share-a-snapshot", NULL, test_large);
  g_test_add_data_func ("/slow/large/those-who-take-gzip-and-do-not-read-share-it",
                        "Accept-Encoding: gzip\r\n", test_large);

  return g_test_run ();
}
