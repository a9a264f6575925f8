/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* Many subscribers, late ones, gone ones: nobody is silently wrong, nobody waits for another. */

#include "queen-process.h"
#include "sse-client.h"

#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define N_SUBSCRIBERS 200

/* No pulse: the events are those of the test alone. */
static QueenProcess *
start (const char *option)
{
  return queen_process_start ("--heartbeat-interval=1h", option, NULL);
}

/* Asserts that the next @count frames are events, each the next of the one before.
 *
 * Returns: the last one's id */
static char *
read_in_order (SseClient *client, guint64 *number, guint count)
{
  char *id = NULL;

  for (guint i = 0; i < count; i++)
    {
      g_autoptr (SseFrame) frame = sse_client_next (client);

      g_assert_nonnull (frame);
      g_assert_cmpstr (frame->event, ==, "heartbeat");
      if (*number != 0)
        g_assert_cmpuint (sse_frame_get_number (frame), ==, *number + 1);
      *number = sse_frame_get_number (frame);
      g_free (id);
      id = g_strdup (frame->id);
    }
  return id;
}

/* The next frame that is no heartbeat of the queen. */
static SseFrame *
next_beside_snapshots (SseClient *client)
{
  for (;;)
    {
      g_autoptr (SseFrame) frame = sse_client_next (client);

      if (frame == NULL || g_strcmp0 (frame->event, "heartbeat") != 0 ||
          g_strcmp0 (sse_frame_get_string (frame, "type"), "queen") != 0)
        return g_steal_pointer (&frame);
    }
}

static void
test_fan_out (void)
{
  g_autoptr (QueenProcess) queen = start (NULL);
  guint16 port = queen_process_get_port (queen);
  g_autoptr (GPtrArray) clients = sse_client_array_new ();
  guint64 numbers[N_SUBSCRIBERS] = { 0 };

  for (guint i = 0; i < N_SUBSCRIBERS; i++)
    g_ptr_array_add (clients, sse_client_subscribe (port, NULL, NULL));
  for (guint round = 0; round < 10; round++)
    {
      http_beat_many (port, 20 * round, 20);
      for (guint i = 0; i < N_SUBSCRIBERS; i++)
        g_free (read_in_order (clients->pdata[i], &numbers[i], 20));
    }
  for (guint i = 1; i < N_SUBSCRIBERS; i++)
    g_assert_cmpuint (numbers[i], ==, numbers[0]);
}

/* The ring holds one event, which the next one overwrites while more subscribers than one slice of
 * a flush takes still wait for it: it is the queen who has to wait, not they who have to lose. */
static void
test_tiny_ring (void)
{
  g_autoptr (QueenProcess) queen = start ("--capacity=1");
  guint16 port = queen_process_get_port (queen);
  g_autoptr (GPtrArray) clients = sse_client_array_new ();
  int fds[4];

  for (guint i = 0; i < 1100; i++)
    g_ptr_array_add (clients, sse_client_subscribe (port, NULL, NULL));
  for (guint round = 0; round < 5; round++)
    {
      for (gsize i = 0; i < G_N_ELEMENTS (fds); i++)
        {
          fds[i] = http_connect (port);
          http_send (fds[i],
                     "POST /v1/worker-heartbeat HTTP/1.1\r\nHost: localhost\r\nContent-Type: "
                     "application/json\r\nContent-Length: 34\r\n\r\n"
                     "{\"worker_id\":\"w\",\"status\":\"ready\"}",
                     -1);
        }
      for (gsize i = 0; i < G_N_ELEMENTS (fds); i++)
        http_answer_free (http_read_answer (fds[i]));
    }
  for (guint i = 0; i < clients->len; i++)
    {
      guint64 number = 0;

      g_free (read_in_order (clients->pdata[i], &number, 20));
    }
}

static void
test_history (void)
{
  g_autoptr (QueenProcess) queen = start (NULL);
  guint16 port = queen_process_get_port (queen);
  g_autoptr (SseClient) client = NULL;

  for (int i = 1; i <= 5; i++)
    {
      g_autofree char *id = g_strdup_printf ("w%d", i);

      http_beat (port, "worker", id, "ready");
    }
  client = sse_client_subscribe (port, "?history=3", NULL);
  http_beat (port, "hive", "h", "ready");
  sse_client_expect (client, "worker", "w3", "Ready");
  sse_client_expect (client, "worker", "w4", "Ready");
  sse_client_expect (client, "worker", "w5", "Ready");
  sse_client_expect (client, "hive", "h", "Ready");
}

/* B2: HTTP/1.0 knows no chunks: the same, up to the end of the connection. */
static void
test_http_1_0 (void)
{
  g_autoptr (QueenProcess) queen = start (NULL);
  guint16 port = queen_process_get_port (queen);
  int fd = http_connect (port);
  g_autoptr (HttpAnswer) answer = NULL;
  g_auto (GStrv) frames = NULL;

  http_send (fd, "GET /v1/heartbeats/stream?history=1 HTTP/1.0\r\n\r\n", -1);
  g_assert_true (http_wait_readable (fd, queen_test_get_deadline ()));
  http_beat (port, "worker", "w", "ready");
  queen_process_signal (queen, SIGTERM);
  answer = http_read_answer (fd);
  g_assert_cmpint (queen_process_wait_exit (queen), ==, 0);
  g_assert_null (http_answer_get_header (answer, "transfer-encoding"));
  frames = g_strsplit (answer->body, "\n\n", -1);
  g_assert_cmpuint (g_strv_length (frames), ==, 4);
  g_assert_true (g_str_has_prefix (frames[0], "retry: 2000\nid: "));
  g_assert_nonnull (strstr (frames[1], "\"worker_id\":\"w\""));
  g_assert_nonnull (strstr (frames[2], "event: bye\n"));
  g_assert_cmpstr (frames[3], ==, "");
}

static SseClient *
resume (guint16 port, const char *id, gboolean by_query)
{
  g_autofree char *query = g_strdup_printf ("?last_event_id=%s", id);
  g_autofree char *header = g_strdup_printf ("Last-Event-ID: %s\r\n", id);

  return sse_client_subscribe (port, by_query ? query : NULL, by_query ? NULL : header);
}

static void
test_resume (void)
{
  g_autoptr (QueenProcess) queen = start (NULL);
  guint16 port = queen_process_get_port (queen);
  g_autoptr (SseClient) client = sse_client_subscribe (port, NULL, NULL);
  g_autofree char *id = NULL;
  guint64 number = 0;

  http_beat_many (port, 0, 1);
  id = read_in_order (client, &number, 1);
  for (guint round = 0; round < 20; round++)
    {
      http_beat_many (port, 0, 3);
      g_free (id);
      id = read_in_order (client, &number, 1 + round % 3);
      g_clear_pointer (&client, sse_client_close);
      http_beat_many (port, 0, round % 4);
      client = resume (port, id, round % 2 == 0);
      g_free (id);
      id = read_in_order (client, &number, 2 - round % 3 + round % 4); /* all that was missed */
      if (id == NULL)
        {
          http_beat_many (port, 0, 1);
          id = read_in_order (client, &number, 1);
        }
    }
}

static void
test_resume_late (void)
{
  g_autoptr (QueenProcess) queen = start ("--capacity=10");
  guint16 port = queen_process_get_port (queen);
  g_autoptr (SseClient) client = sse_client_subscribe (port, NULL, NULL);
  g_autoptr (SseFrame) lagged = NULL;
  g_autoptr (SseFrame) oldest = NULL;
  g_autofree char *id = NULL;
  guint64 number = 0;

  http_beat_many (port, 0, 1);
  id = read_in_order (client, &number, 1);
  g_clear_pointer (&client, sse_client_close);
  http_beat_many (port, 1, 30);
  client = resume (port, id, FALSE);
  lagged = next_beside_snapshots (client);
  oldest = next_beside_snapshots (client);
  g_assert_cmpstr (lagged->event, ==, "lagged");
  g_assert_cmpstr (lagged->data, ==, "{\"dropped\":20}");
  g_assert_cmpuint (sse_frame_get_number (oldest), ==, number + 21);
}

static void
test_resume_other_epoch (void)
{
  g_autoptr (QueenProcess) before = start (NULL);
  g_autoptr (QueenProcess) queen = start (NULL);
  guint16 port = queen_process_get_port (queen);
  g_autoptr (SseClient) client = sse_client_subscribe (queen_process_get_port (before), NULL, NULL);
  g_autoptr (SseFrame) lagged = NULL;
  g_autoptr (SseFrame) event = NULL;
  g_autofree char *id = NULL;
  guint64 number = 0;

  http_beat_many (queen_process_get_port (before), 0, 1);
  id = read_in_order (client, &number, 1);
  g_clear_pointer (&client, sse_client_close);
  client = resume (port, id, FALSE);
  lagged = next_beside_snapshots (client);
  g_assert_cmpstr (lagged->event, ==, "lagged");
  g_assert_cmpstr (lagged->data, ==, "{\"dropped\":null}");
  http_beat_many (port, 0, 1);
  event = next_beside_snapshots (client);
  g_assert_cmpstr (event->event, ==, "heartbeat");
}

/* EventSource never comes back after anything but 200, and sends whatever it was once given. */
static void
test_resume_garbage (void)
{
  static const char *const ids[] = { "",    "17", "zz-1", "1-", "-1", "1-99999999999999999999999",
                                     "\xff" };
  g_autoptr (QueenProcess) queen = start (NULL);
  guint16 port = queen_process_get_port (queen);

  for (gsize i = 0; i < G_N_ELEMENTS (ids); i++)
    {
      g_autoptr (SseClient) client = resume (port, ids[i], FALSE);
      g_autoptr (SseFrame) frame = NULL;

      http_beat_many (port, 0, 1);
      while ((frame = next_beside_snapshots (client)) != NULL && frame->id == NULL)
        g_clear_pointer (&frame, sse_frame_free);
      g_assert_nonnull (frame);
    }
}

static void
test_types (void)
{
  g_autoptr (QueenProcess) queen = queen_process_start ("--heartbeat-interval=100ms", NULL);
  guint16 port = queen_process_get_port (queen);
  g_autoptr (SseClient) client = sse_client_subscribe (port, "?types=hive", NULL);
  g_autoptr (SseFrame) passed = NULL;
  g_autoptr (SseFrame) event = NULL;
  g_autoptr (SseClient) resumed = NULL;

  http_beat_many (port, 0, 1);
  passed = sse_client_next (client); /* the id moves on although nothing is told */
  g_assert_null (passed->event);
  g_assert_null (passed->data);
  http_beat (port, "hive", "h", "ready");
  event = sse_client_next (client);
  g_assert_cmpstr (sse_frame_get_string (event, "hive_id"), ==, "h");
  g_assert_cmpuint (sse_frame_get_number (event), ==, sse_frame_get_number (passed) + 1);

  resumed = resume (port, passed->id, FALSE);
  g_assert_cmpuint (sse_client_expect (resumed, "hive", "h", "Ready"), ==,
                    sse_frame_get_number (event));
}

/* B12: what only the queen says fills no ring. */
static void
test_idle (void)
{
  g_autoptr (QueenProcess) queen =
      queen_process_start ("--heartbeat-interval=10ms", "--capacity=5", NULL);
  guint16 port = queen_process_get_port (queen);
  g_autoptr (SseClient) client = sse_client_subscribe (port, "?types=worker", NULL);
  g_autoptr (SseClient) pulses = sse_client_subscribe (port, "?types=queen", NULL);
  g_autoptr (SseClient) resumed = NULL;
  g_autofree char *query = NULL;
  g_autofree char *id = NULL;
  guint64 number = 0;

  http_beat_many (port, 0, 1);
  id = read_in_order (client, &number, 1);
  for (int i = 0; i < 50; i++)
    {
      g_autoptr (SseFrame) pulse = sse_client_next (pulses);

      g_assert_cmpstr (sse_frame_get_string (pulse, "type"), ==, "queen");
      g_assert_cmpuint (sse_frame_get_number (pulse), <=, number);
    }
  query = g_strdup_printf ("?types=worker&last_event_id=%s", id);
  resumed = sse_client_subscribe (port, query, NULL);
  http_beat_many (port, 1, 1);
  g_free (read_in_order (resumed, &number, 1)); /* no lagged */
}

/* The pulse has the id of the last event, and so is no event of its own. */
static void
test_pulse (void)
{
  g_autoptr (QueenProcess) queen = queen_process_start ("--heartbeat-interval=20ms", NULL);
  guint16 port = queen_process_get_port (queen);
  g_autoptr (SseClient) client = sse_client_subscribe (port, NULL, NULL);
  guint64 number = 0;
  guint n_pulses = 0;

  for (guint i = 0; i < 20; i++)
    {
      gboolean is_told = FALSE;

      http_beat_many (port, i, 1);
      while (!is_told)
        {
          g_autoptr (SseFrame) frame = sse_client_next (client);

          is_told = g_strcmp0 (sse_frame_get_string (frame, "type"), "worker") == 0;
          n_pulses += !is_told;
          g_assert_cmpuint (sse_frame_get_number (frame), ==, number + is_told);
          number = sse_frame_get_number (frame);
        }
    }
  while (n_pulses++ < 5)
    {
      g_autoptr (SseFrame) frame = sse_client_next (client);

      g_assert_cmpuint (sse_frame_get_number (frame), ==, number);
    }
}

static void
test_types_each (void)
{
  static const struct
  {
    const char *query;
    const char *expected; /* the types of the events to come */
  } rows[] = {
    { "?types=worker", "worker" },
    { "?types=hive,worker", "worker,hive" },
    { "?types=queen,worker,hive", "worker,hive" },
    { "?types=worker&history=1", "worker" },
  };
  g_autoptr (QueenProcess) queen = start (NULL);
  guint16 port = queen_process_get_port (queen);

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_auto (GStrv) types = g_strsplit (rows[i].expected, ",", -1);
      g_autoptr (SseClient) client = sse_client_subscribe (port, rows[i].query, NULL);

      http_beat (port, "worker", "x", "ready");
      http_beat (port, "hive", "x", "ready");
      for (char **type = types; *type != NULL; type++)
        {
          g_autoptr (SseFrame) frame = sse_client_next (client);

          g_assert_cmpstr (sse_frame_get_string (frame, "type"), ==, *type);
        }
    }
}

static void
test_hang_up (void)
{
  g_autoptr (QueenProcess) queen = start (NULL);
  guint16 port = queen_process_get_port (queen);
  g_autoptr (GPtrArray) clients = sse_client_array_new ();
  g_autoptr (SseClient) G_GNUC_UNUSED warm_up = sse_client_subscribe (port, NULL, NULL);
  guint base = queen_process_count_descriptors (queen);
  gint64 start_time;

  for (guint i = 0; i < 50; i++)
    g_ptr_array_add (clients, sse_client_subscribe (port, NULL, NULL));
  g_assert_cmpuint (queen_process_count_descriptors (queen), ==, base + 50);
  start_time = g_get_monotonic_time ();
  g_ptr_array_set_size (clients, 0); /* and nothing is published that could tell of it */
  queen_test_wait_until (queen_process_count_descriptors (queen) == base);
  g_test_message ("seen after %" G_GINT64_FORMAT " us", g_get_monotonic_time () - start_time);
}

/* One visitor of each kind that comes to a port. */
static void
visit (guint16 port, guint kind)
{
  static const char *const requests[] = {
    "",
    "GET /v1/heartb",
    "GET /v1/heartbeats/stream HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "POST /v1/worker-heartbeat HTTP/1.1\r\nHost: localhost\r\nContent-Length: 500\r\n\r\n{",
    "\x16\x03\x01\x02\r\n\r\n",
    "GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n",
  };
  gboolean waits = (kind / G_N_ELEMENTS (requests)) % 2 == 0;
  gboolean resets = (kind / G_N_ELEMENTS (requests)) % 3 == 0;
  const char *request = requests[kind % G_N_ELEMENTS (requests)];
  int fd = http_connect (port);

  http_send (fd, request, -1);
  if (waits && g_str_has_suffix (request, "\r\n\r\n"))
    g_assert_true (http_wait_readable (fd, queen_test_get_deadline ()));
  if (resets)
    setsockopt (fd, SOL_SOCKET, SO_LINGER, &(struct linger){ 1, 0 }, sizeof (struct linger));
  close (fd);
}

static void
test_churn (void)
{
  g_autoptr (QueenProcess) queen = start (NULL);
  guint16 port = queen_process_get_port (queen);
  g_autoptr (SseClient) client = sse_client_subscribe (port, NULL, NULL);
  guint base = queen_process_count_descriptors (queen);
  guint count = queen_test_scale (10000);

  for (guint i = 0; i < count; i++)
    visit (port, i);
  queen_test_wait_until (queen_process_count_descriptors (queen) == base);
  http_beat (port, "worker", "w", "ready");
  sse_client_expect (client, "worker", "w", "Ready");
}

static void
test_bye (void)
{
  g_autoptr (QueenProcess) queen = start (NULL);
  guint16 port = queen_process_get_port (queen);
  g_autoptr (GPtrArray) clients = sse_client_array_new ();
  g_autoptr (GHashTable) retries = g_hash_table_new (g_direct_hash, g_direct_equal);

  for (guint i = 0; i < 40; i++)
    g_ptr_array_add (clients, sse_client_subscribe (port, NULL, NULL));
  queen_process_signal (queen, SIGTERM);
  for (guint i = 0; i < clients->len; i++)
    {
      g_autoptr (SseFrame) bye = sse_client_next (clients->pdata[i]);
      guint64 retry;

      g_assert_nonnull (bye);
      g_assert_cmpstr (bye->event, ==, "bye");
      g_assert_nonnull (bye->data); /* or EventSource dispatches nothing */
      g_assert_nonnull (bye->retry);
      retry = g_ascii_strtoull (bye->retry, NULL, 10);
      g_assert_cmpuint (retry, >=, 1000);
      g_assert_cmpuint (retry, <=, 5000);
      g_hash_table_add (retries, GSIZE_TO_POINTER (retry));
      g_assert_null (sse_client_next (clients->pdata[i]));
    }
  g_assert_cmpuint (g_hash_table_size (retries), >, 10);
  g_assert_cmpint (queen_process_wait_exit (queen), ==, 0);
}

static void
test_head (void)
{
  g_autoptr (QueenProcess) queen = start (NULL);
  guint16 port = queen_process_get_port (queen);
  g_autoptr (HttpAnswer) answer =
      http_exchange (port, "HEAD /v1/heartbeats/stream HTTP/1.1\r\nHost: localhost\r\n\r\n", -1);

  g_assert_cmpuint (answer->status, ==, 200);
  g_assert_cmpstr (http_answer_get_header (answer, "content-type"), ==, "text/event-stream");
  g_assert_cmpstr (http_answer_get_header (answer, "transfer-encoding"), ==, "chunked");
  g_assert_cmpuint (answer->body_length, ==, 0); /* and the end came: nobody was subscribed */
}

/* What is compressed */

#define GZIP "Accept-Encoding: gzip\r\n"

/* Every second one takes gzip; each has come at another moment, and all see the same. */
static void
test_gzip (void)
{
  g_autoptr (QueenProcess) queen = start (NULL);
  guint16 port = queen_process_get_port (queen);
  g_autoptr (GPtrArray) clients = sse_client_array_new ();
  guint64 numbers[50] = { 0 };

  for (guint i = 0; i < G_N_ELEMENTS (numbers); i++)
    {
      http_beat_many (port, i, 1);
      g_ptr_array_add (clients, sse_client_subscribe (port, NULL, i % 2 ? GZIP : NULL));
    }
  for (guint i = 0; i < clients->len; i++)
    {
      const HttpAnswer *answer = sse_client_get_answer (clients->pdata[i]);

      g_assert_cmpstr (http_answer_get_header (answer, "content-encoding"), ==,
                       i % 2 ? "gzip" : NULL);
      g_assert_nonnull (strstr (http_answer_get_header (answer, "vary"), "Accept-Encoding"));
      g_free (read_in_order (clients->pdata[i], &numbers[i], clients->len - 1 - i));
    }
  for (guint i = 0; i < 20; i++)
    {
      http_beat_many (port, i, 1);
      for (guint j = 0; j < clients->len; j++)
        g_free (read_in_order (clients->pdata[j], &numbers[j], 1)); /* at once: nothing pushes */
    }
  queen_process_signal (queen, SIGTERM);
  for (guint i = 0; i < clients->len; i++)
    {
      g_autoptr (SseFrame) bye = sse_client_next (clients->pdata[i]);

      g_assert_cmpuint (numbers[i], ==, numbers[0]);
      g_assert_cmpstr (bye->event, ==, "bye");
      g_assert_null (sse_client_next (clients->pdata[i])); /* its end fits all that it has had */
    }
  g_assert_cmpint (queen_process_wait_exit (queen), ==, 0);
}

/* However it is asked for, it resumes, and is told of what it has lost. */
static void
test_gzip_resume (void)
{
  g_autoptr (QueenProcess) queen = start ("--capacity=5");
  guint16 port = queen_process_get_port (queen);
  g_autoptr (SseClient) first = sse_client_subscribe (port, NULL, GZIP);
  g_autoptr (SseClient) second = NULL;
  g_autoptr (SseClient) third = NULL;
  g_autoptr (SseFrame) lagged = NULL;
  g_autofree char *id = NULL;
  g_autofree char *headers = NULL;
  guint64 number = 0;

  http_beat_many (port, 0, 3);
  id = read_in_order (first, &number, 3);
  http_beat_many (port, 3, 3);
  headers = g_strdup_printf (GZIP "Last-Event-ID: %s\r\n", id);
  second = sse_client_subscribe (port, NULL, headers);
  g_free (read_in_order (second, &number, 3));
  http_beat_many (port, 6, 10);
  third = sse_client_subscribe (port, NULL, headers);
  lagged = sse_client_next (third);
  g_assert_cmpstr (lagged->event, ==, "lagged");
  g_assert_cmpint (sse_frame_get_int (lagged, "dropped"), ==, 8);
}

/* By whoever does not take it, or only seems to. */
static void
test_gzip_not_taken (void)
{
  static const char *const headers[] = {
    "",
    "Accept-Encoding: br\r\n",
    "Accept-Encoding: gzip;q=0\r\n",
    "Accept-Encoding: *, gzip;q=0\r\n",
    "Accept-Encoding: gzip;q=0.5, identity\r\n",
  };
  g_autoptr (QueenProcess) queen = start (NULL);
  guint16 port = queen_process_get_port (queen);

  for (gsize i = 0; i < G_N_ELEMENTS (headers); i++)
    {
      g_autoptr (SseClient) client = sse_client_subscribe (port, NULL, headers[i]);
      const HttpAnswer *answer = sse_client_get_answer (client);

      g_assert_null (http_answer_get_header (answer, "content-encoding"));
      g_assert_nonnull (strstr (http_answer_get_header (answer, "vary"), "Accept-Encoding"));
    }
}

static void
test_gzip_http_1_0 (void)
{
  g_autoptr (QueenProcess) queen = start (NULL);
  int fd = http_connect (queen_process_get_port (queen));
  g_autoptr (HttpAnswer) answer = NULL;

  http_send (fd, "GET /v1/heartbeats/stream HTTP/1.0\r\n" GZIP "\r\n", -1);
  g_assert_true (http_wait_readable (fd, queen_test_get_deadline ()));
  queen_process_signal (queen, SIGTERM);
  answer = http_read_answer (fd);
  g_assert_cmpuint (answer->status, ==, 200);
  g_assert_null (http_answer_get_header (answer, "content-encoding"));
  g_assert_true (g_str_has_prefix (answer->body, "retry: 2000\n"));
  g_assert_cmpint (queen_process_wait_exit (queen), ==, 0);
}

static void
test_gzip_head (void)
{
  g_autoptr (QueenProcess) queen = start (NULL);
  g_autoptr (HttpAnswer) answer =
      http_exchange (queen_process_get_port (queen),
                     "HEAD /v1/heartbeats/stream HTTP/1.1\r\nHost: localhost\r\n" GZIP "\r\n", -1);

  g_assert_cmpuint (answer->status, ==, 200);
  g_assert_cmpstr (http_answer_get_header (answer, "content-encoding"), ==, "gzip");
  g_assert_cmpuint (answer->body_length, ==, 0);
}

/* When there is no place: that is gzip, too, with its end. */
static void
test_gzip_busy (void)
{
  g_autoptr (QueenProcess) queen = start ("--max-subscribers=1");
  guint16 port = queen_process_get_port (queen);
  g_autoptr (SseClient) G_GNUC_UNUSED first = sse_client_subscribe (port, NULL, NULL);
  g_autoptr (SseClient) second = sse_client_open (port, 0, NULL, GZIP);
  g_autoptr (SseFrame) busy = sse_client_next (second);

  g_assert_cmpstr (busy->event, ==, "busy");
  g_assert_null (sse_client_next (second));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/stream/fan-out/200-subscribers-see-every-event-in-order", test_fan_out);
  g_test_add_func ("/stream/tiny-ring/readers-lose-nothing", test_tiny_ring);
  g_test_add_func ("/stream/history/last-n-then-live", test_history);
  g_test_add_func ("/stream/resume/without-a-hole", test_resume);
  g_test_add_func ("/stream/resume/too-late-is-told-the-loss", test_resume_late);
  g_test_add_func ("/stream/resume/other-epoch-is-told-so", test_resume_other_epoch);
  g_test_add_func ("/stream/resume/garbage-is-served-all-the-same", test_resume_garbage);
  g_test_add_func ("/stream/types/filtered-out-still-moves-the-id", test_types);
  g_test_add_func ("/stream/types/only-what-was-asked-for", test_types_each);
  g_test_add_func ("/stream/pulse/is-not-numbered", test_pulse);
  g_test_add_func ("/stream/pulse/an-idle-hour-loses-nobody-anything", test_idle);
  g_test_add_func ("/stream/gone/hang-up-seen-without-an-event", test_hang_up);
  g_test_add_func ("/stream/gone/10000-visitors-leave-nothing", test_churn);
  g_test_add_func ("/stream/shutdown/bye-with-spread-retry", test_bye);
  g_test_add_func ("/stream/http-1.0/the-same-without-chunks", test_http_1_0);
  g_test_add_func ("/stream/head/does-not-subscribe", test_head);
  g_test_add_func ("/stream/gzip/everybody-sees-the-same-at-once", test_gzip);
  g_test_add_func ("/stream/gzip/resumes-and-is-told-the-loss", test_gzip_resume);
  g_test_add_func ("/stream/gzip/not-to-who-does-not-take-it", test_gzip_not_taken);
  g_test_add_func ("/stream/gzip/never-to-http-1.0", test_gzip_http_1_0);
  g_test_add_func ("/stream/gzip/head-says-so", test_gzip_head);
  g_test_add_func ("/stream/gzip/busy-has-its-end", test_gzip_busy);

  return g_test_run ();
}
