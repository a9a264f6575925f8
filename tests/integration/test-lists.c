/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* Long lists, and many who ask for them: what that costs, and that nobody else has to wait. */

#include "queen-process.h"
#include "visitors.h"

#include <gio/gio.h>
#include <json-glib/json-glib.h>
#include <linux/sockios.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "http-client.h"

#define HOST "Host: localhost\r\n"

static QueenProcess *
start (void)
{
  return queen_process_start ("--heartbeat-interval=1h", NULL);
}

static HttpAnswer *
get_with (guint16 port, const char *path, const char *headers)
{
  g_autofree char *request = g_strdup_printf ("GET %s HTTP/1.1\r\n" HOST "%s\r\n", path, headers);

  return http_exchange (port, request, -1);
}

#define MIB (1024 * 1024)
#define N_UNREAD 400

/* A11: who asks and does not read costs a connection, and not a list. */
static void
test_unread (void)
{
  g_autoptr (QueenProcess) queen = start ();
  guint16 port = queen_process_get_port (queen);
  g_autoptr (HttpAnswer) list = NULL;
  int fds[N_UNREAD];
  gint64 before;

  visitors_register_workers (port, 0, MAX (queen_test_scale (1500), 500));
  list = http_get (port, "/v1/workers");
  before = queen_process_get_resident (queen);
  for (int i = 0; i < N_UNREAD; i++)
    {
      fds[i] = http_connect_with_buffer (port, 4096);
      http_send (fds[i], "GET /v1/workers HTTP/1.1\r\n" HOST "\r\n", -1);
      g_assert_true (http_wait_readable (fds[i], queen_test_get_deadline ()));
    }
  g_test_message ("%d unread answers of %" G_GSIZE_FORMAT " bytes: %d kB more", N_UNREAD,
                  list->body_length, (int) ((queen_process_get_resident (queen) - before) / 1024));
  g_assert_cmpuint (http_read_metric (port, "queen_lists_total"), ==, 1);
  if (!queen_test_is_sanitized () && !queen_test_is_wrapped ())
    g_assert_cmpint (queen_process_get_resident (queen) - before, <, 4 * MIB);
  for (int i = 0; i < N_UNREAD; i++)
    close (fds[i]);
}

/* What is sent on and on to one who has to get rid of an answer first waits with its sender. */
static void
test_talkative (void)
{
  g_autoptr (QueenProcess) queen = start ();
  guint16 port = queen_process_get_port (queen);
  g_autofree char *bytes = g_strnfill (4096, 'x');
  gsize n_taken = 0;
  int fd, queued;

  visitors_register_workers (port, 0, 500);
  fd = http_connect_with_buffer (port, 4096);
  setsockopt (fd, SOL_SOCKET, SO_SNDBUF, &(int){ 4096 }, sizeof (int));
  http_send (fd, "GET /v1/workers HTTP/1.1\r\n" HOST "\r\n", -1);
  g_assert_true (http_wait_readable (fd, queen_test_get_deadline ()));
  for (struct pollfd polled = { fd, POLLOUT, 0 }; poll (&polled, 1, 500) == 1;)
    n_taken += (gsize) MAX (send (fd, bytes, 4096, MSG_DONTWAIT | MSG_NOSIGNAL), 0);
  g_assert_cmpint (ioctl (fd, SIOCOUTQ, &queued), ==, 0); /* still on this side */
  g_test_message ("%zu bytes sent on, %d of them wait here", n_taken, queued);
  g_assert_cmpuint (n_taken - (gsize) queued, <, 32 * 1024);
  close (fd);
}

static void
test_version (void)
{
  g_autoptr (QueenProcess) queen = start ();
  guint16 port = queen_process_get_port (queen);
  g_autoptr (HttpAnswer) first = NULL;
  g_autoptr (HttpAnswer) same = NULL;
  g_autoptr (HttpAnswer) next = NULL;
  g_autoptr (HttpAnswer) filtered = NULL;
  g_autofree char *condition = NULL;

  http_beat (port, "worker", "w", "ready");
  first = get_with (port, "/v1/workers", "");
  g_assert_cmpstr (http_answer_get_header (first, "cache-control"), ==, "private, no-cache");
  g_assert_true (g_str_has_prefix (http_answer_get_header (first, "etag"), "W/\""));
  condition =
      g_strdup_printf ("If-None-Match: \"other\", %s\r\n", http_answer_get_header (first, "etag"));
  same = get_with (port, "/v1/workers", condition);
  g_assert_cmpuint (same->status, ==, 304);
  g_assert_cmpuint (same->body_length, ==, 0);
  g_assert_cmpstr (http_answer_get_header (same, "etag"), ==,
                   http_answer_get_header (first, "etag"));
  g_assert_cmpuint (http_read_metric (port, "queen_lists_total"), ==, 1);

  http_beat (port, "worker", "w", "busy");
  next = get_with (port, "/v1/workers", condition);
  g_assert_cmpuint (next->status, ==, 200);
  g_assert_nonnull (strstr (next->body, "\"Busy\""));
  filtered = get_with (port, "/v1/workers?online=true", condition);
  g_assert_cmpuint (filtered->status, ==, 200);
  g_assert_null (http_answer_get_header (filtered, "etag"));
  g_assert_cmpstr (http_answer_get_header (filtered, "cache-control"), ==, "no-store");
}

#define GZIP "Accept-Encoding: gzip\r\n"

static char *
unpack (const HttpAnswer *answer)
{
  g_autoptr (GConverter) unpacker =
      G_CONVERTER (g_zlib_decompressor_new (G_ZLIB_COMPRESSOR_FORMAT_GZIP));
  g_autoptr (GInputStream) packed =
      g_memory_input_stream_new_from_data (answer->body, (gssize) answer->body_length, NULL);
  g_autoptr (GInputStream) input = g_converter_input_stream_new (packed, unpacker);
  g_autoptr (GOutputStream) output = g_memory_output_stream_new_resizable ();
  g_autoptr (GError) error = NULL;

  g_assert_cmpstr (http_answer_get_header (answer, "content-encoding"), ==, "gzip");
  g_output_stream_splice (output, input, G_OUTPUT_STREAM_SPLICE_NONE, NULL, &error);
  g_assert_no_error (error);
  g_output_stream_write_all (output, "", 1, NULL, NULL, NULL);
  g_output_stream_close (output, NULL, NULL);
  return g_memory_output_stream_steal_data (G_MEMORY_OUTPUT_STREAM (output));
}

/* However long it is, of whatever kind. */
static void
test_gzip (void)
{
  static const char *const paths[] = { "/v1/workers", "/v1/workers?online=true",
                                       "/v1/workers?limit=100" };
  g_autoptr (QueenProcess) queen = start ();
  guint16 port = queen_process_get_port (queen);

  for (guint count = 10; count <= 3000; count = count == 10 ? queen_test_scale (3000) : 3001)
    {
      visitors_register_workers (port, 0, count);
      for (gsize i = 0; i < G_N_ELEMENTS (paths); i++)
        {
          g_autoptr (HttpAnswer) plain = get_with (port, paths[i], "");
          g_autoptr (HttpAnswer) packed = get_with (port, paths[i], GZIP);
          g_autofree char *text = unpack (packed);

          g_assert_null (http_answer_get_header (plain, "content-encoding"));
          g_assert_cmpstr (text, ==, plain->body);
          g_assert_cmpuint (packed->body_length, <, plain->body_length / 3);
          g_assert_nonnull (strstr (http_answer_get_header (plain, "vary"), "Accept-Encoding"));
          g_assert_nonnull (strstr (http_answer_get_header (packed, "vary"), "Accept-Encoding"));
        }
    }
}

/* Each way has its own tag, and each is known by its own. */
static void
test_gzip_version (void)
{
  static const struct
  {
    const char *condition;
    gboolean takes_gzip;
    guint status;
  } cases[] = {
    { "PLAIN", FALSE, 304 },  { "PLAIN", TRUE, 304 },          { "PACKED", TRUE, 304 },
    { "PACKED", FALSE, 200 }, { "\"x\" , PACKED", TRUE, 304 }, { "*", TRUE, 304 },
    { "*", FALSE, 304 },      { "\"x\"", TRUE, 200 },          { "PLAINx", FALSE, 200 },
  };
  g_autoptr (QueenProcess) queen = start ();
  guint16 port = queen_process_get_port (queen);
  g_autoptr (HttpAnswer) plain = NULL;
  g_autoptr (HttpAnswer) packed = NULL;

  visitors_register_workers (port, 0, 20);
  plain = get_with (port, "/v1/workers", "");
  packed = get_with (port, "/v1/workers", GZIP);
  g_assert_cmpstr (http_answer_get_header (plain, "etag"), !=,
                   http_answer_get_header (packed, "etag"));
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GString) headers = g_string_new (cases[i].takes_gzip ? GZIP : "");
      g_autoptr (HttpAnswer) answer = NULL;

      g_string_append_printf (headers, "If-None-Match: %s\r\n", cases[i].condition);
      g_string_replace (headers, "PLAIN", http_answer_get_header (plain, "etag"), 0);
      g_string_replace (headers, "PACKED", http_answer_get_header (packed, "etag"), 0);
      answer = get_with (port, "/v1/workers", headers->str);
      g_assert_cmpuint (answer->status, ==, cases[i].status);
      g_assert_nonnull (strstr (http_answer_get_header (answer, "vary"), "Accept-Encoding"));
      g_assert_true (answer->status == 200 || answer->body_length == 0);
      if (answer->status == 304)
        g_assert_null (http_answer_get_header (answer, "content-encoding"));
    }
}

/* HEAD says what GET would; HTTP/1.0 never gets any, nor does a short answer. */
static void
test_gzip_others (void)
{
  g_autoptr (QueenProcess) queen = start ();
  guint16 port = queen_process_get_port (queen);
  g_autoptr (HttpAnswer) got = NULL;
  g_autoptr (HttpAnswer) head = NULL;
  g_autoptr (HttpAnswer) old = NULL;
  g_autoptr (HttpAnswer) few = NULL;
  g_autoptr (HttpAnswer) one = NULL;

  few = get_with (port, "/v1/workers", GZIP);
  g_assert_null (http_answer_get_header (few, "content-encoding"));
  visitors_register_workers (port, 0, 20);
  got = get_with (port, "/v1/workers", GZIP);
  head = http_exchange (port, "HEAD /v1/workers HTTP/1.1\r\n" HOST GZIP "\r\n", -1);
  g_assert_cmpstr (http_answer_get_header (head, "content-encoding"), ==, "gzip");
  g_assert_cmpstr (http_answer_get_header (head, "content-length"), ==,
                   http_answer_get_header (got, "content-length"));
  g_assert_cmpstr (http_answer_get_header (head, "etag"), ==, http_answer_get_header (got, "etag"));
  old = http_exchange (port, "GET /v1/workers HTTP/1.0\r\n" HOST GZIP "\r\n", -1);
  g_assert_null (http_answer_get_header (old, "content-encoding"));
  one = get_with (port, "/v1/workers/worker-0000001", GZIP);
  g_assert_cmpuint (one->status, ==, 200);
  g_assert_null (http_answer_get_header (one, "content-encoding"));
}

/* One that has much to say is long, too. */
static void
test_gzip_one (void)
{
  g_autoptr (QueenProcess) queen = start ();
  guint16 port = queen_process_get_port (queen);
  g_autofree char *reason = g_strnfill (1000, 'r');
  g_autofree char *json =
      g_strdup_printf ("{\"hive\":{\"id\":\"h\",\"operational_status\":\"ready\","
                       "\"health_status\":{\"status\":\"degraded\",\"reason\":"
                       "\"%s\"}}}",
                       reason);
  g_autoptr (HttpAnswer) said = http_post (port, "/v1/hive-heartbeat", json);
  g_autoptr (HttpAnswer) plain = NULL;
  g_autoptr (HttpAnswer) packed = NULL;
  g_autofree char *text = NULL;

  g_assert_cmpuint (said->status, ==, 200);
  plain = get_with (port, "/v1/hives/h", "");
  packed = get_with (port, "/v1/hives/h", GZIP);
  text = unpack (packed);
  g_assert_cmpuint (strlen (text), ==, plain->body_length);
  g_assert_nonnull (strstr (text, reason));
}

/* One component is never out of a list that is kept. */
static void
test_fresh (void)
{
  g_autoptr (QueenProcess) queen = start ();
  guint16 port = queen_process_get_port (queen);

  for (int i = 1; i < 20; i++)
    {
      g_autofree char *count = g_strdup_printf ("\"heartbeats\":%d,", i);
      g_autoptr (HttpAnswer) one = NULL;
      g_autoptr (HttpAnswer) list = NULL;

      http_beat (port, "worker", "w", "ready");
      one = http_get (port, "/v1/workers/w");
      list = http_get (port, "/v1/workers");
      g_assert_nonnull (strstr (one->body, count));
    }
}

/* Asks for the page at @path, and returns the path of the next one; NULL when it was the last.
 * Appends its ids to @ids. */
static char *
read_page (guint16 port, const char *path, GString *ids)
{
  g_autoptr (HttpAnswer) answer = http_get (port, path);
  g_autoptr (JsonNode) json = json_from_string (answer->body, NULL);
  JsonObject *object = json_node_get_object (json);
  JsonArray *workers = json_object_get_array_member (object, "workers");

  g_assert_cmpuint (answer->status, ==, 200);
  for (guint i = 0; i < json_array_get_length (workers); i++)
    g_string_append_printf (
        ids, "%s ",
        json_object_get_string_member (json_array_get_object_element (workers, i), "id"));
  if (json_object_get_null_member (object, "next"))
    return NULL;
  return g_strdup_printf ("/v1/workers?limit=2&after=%s",
                          json_object_get_string_member (object, "next"));
}

static void
test_pages (void)
{
  g_autoptr (QueenProcess) queen = start ();
  guint16 port = queen_process_get_port (queen);
  g_autoptr (GString) ids = g_string_new (NULL);
  g_autofree char *second = NULL;
  g_autofree char *third = NULL;
  g_autofree char *none = NULL;
  g_autoptr (HttpAnswer) forgotten = NULL;

  for (char id[] = "a"; *id <= 'e'; (*id)++)
    http_beat (port, "worker", id, "ready");
  second = read_page (port, "/v1/workers?limit=2", ids);
  forgotten = http_exchange (port, "DELETE /v1/workers/b HTTP/1.1\r\n" HOST "\r\n", -1);
  http_beat (port, "worker", "f", "ready");
  third = read_page (port, second, ids);
  none = read_page (port, third, ids);
  g_assert_null (none);
  g_assert_cmpstr (ids->str, ==, "a b c d e f ");
}

#define N_ASKERS 8

/* A13: all of them are there before the heartbeat; but the last list is not begun before it has
 * been taken, as nobody waits for a whole list that others ask for. */
static void
test_nobody_waits (void)
{
  static const char beat[] = "POST /v1/worker-heartbeat HTTP/1.1\r\n" HOST
                             "Content-Type: application/json\r\nContent-Length: 36\r\n\r\n"
                             "{\"worker_id\":\"last\",\"status\":\"busy\"}";
  g_autoptr (QueenProcess) queen = start ();
  guint16 port = queen_process_get_port (queen);
  g_autoptr (HttpAnswer) list = NULL;
  g_autoptr (HttpAnswer) beaten = NULL;
  int fds[N_ASKERS];
  int sender;

  visitors_register_workers (port, 0, MAX (queen_test_scale (5000), 1000));
  http_beat (port, "worker", "last", "ready");
  queen_process_signal (queen, SIGSTOP);
  for (int i = 0; i < N_ASKERS; i++)
    {
      fds[i] = http_connect (port);
      http_send (fds[i], "GET /v1/workers?online=true HTTP/1.1\r\n" HOST "\r\n", -1);
    }
  sender = http_connect (port);
  http_send (sender, beat, -1);
  queen_process_signal (queen, SIGCONT);

  for (int i = 0; i < N_ASKERS; i++)
    {
      g_clear_pointer (&list, http_answer_free);
      list = http_read_answer (fds[i]);
      g_assert_cmpuint (list->status, ==, 200);
    }
  beaten = http_read_answer (sender);
  g_assert_cmpuint (beaten->status, ==, 200);
  g_assert_nonnull (strstr (list->body, "{\"id\":\"last\",\"status\":\"Busy\""));
}

#define N_LEAVING 60

/* Some while they wait, some while they are given their list, some before they are let in. */
static void
test_gone (void)
{
  const struct linger reset = { 1, 0 };
  g_autoptr (QueenProcess) queen = start ();
  guint16 port = queen_process_get_port (queen);
  g_autoptr (HttpAnswer) list = NULL;
  guint n_workers = MAX (queen_test_scale (5000), 1000);
  g_autofree char *total = g_strdup_printf ("],\"total\":%u}\n", n_workers);
  int fds[N_LEAVING];

  visitors_register_workers (port, 0, n_workers);
  for (int round = 0; round < 3; round++)
    {
      queen_process_signal (queen, SIGSTOP);
      for (int i = 0; i < N_LEAVING; i++)
        {
          fds[i] = http_connect (port);
          http_send (fds[i], "GET /v1/workers?online=true HTTP/1.1\r\n" HOST "\r\n", -1);
        }
      if (round > 0)
        queen_process_signal (queen, SIGCONT);
      if (round > 1)
        g_assert_true (http_wait_readable (fds[0], queen_test_get_deadline ()));
      for (int i = 0; i < N_LEAVING; i++)
        {
          setsockopt (fds[i], SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
          close (fds[i]);
        }
      queen_process_signal (queen, SIGCONT);
      queen_test_wait_until (http_read_metric (port, "queen_connections") == 1);
    }
  list = http_get (port, "/v1/workers?online=true");
  g_assert_true (g_str_has_suffix (list->body, total));
}

#define N_WAITING 60

static void
test_end (void)
{
  g_autoptr (QueenProcess) queen = start ();
  guint16 port = queen_process_get_port (queen);
  int fds[N_WAITING];

  visitors_register_workers (port, 0, MAX (queen_test_scale (5000), 1000));
  queen_process_signal (queen, SIGSTOP);
  for (int i = 0; i < N_WAITING; i++)
    {
      fds[i] = http_connect (port);
      http_send (fds[i], "HEAD /v1/workers?online=true HTTP/1.1\r\n" HOST "\r\n", -1);
    }
  queen_process_signal (queen, SIGCONT);
  g_assert_true (http_wait_readable (fds[0], queen_test_get_deadline ()));
  queen_process_signal (queen, SIGTERM);
  queen_test_wait_until (queen_process_has_said (queen, "stopping"));
  queen_process_signal (queen, SIGTERM); /* now at once */
  g_assert_cmpint (queen_process_wait_exit (queen), ==, 0);
  for (int i = 0; i < N_WAITING; i++)
    close (fds[i]);
}

#define N_TOO_MANY 120

static void
test_too_many (void)
{
  g_autoptr (QueenProcess) queen = start ();
  guint16 port = queen_process_get_port (queen);
  guint n_refused = 0;
  int fds[N_TOO_MANY];

  visitors_register_workers (port, 0, MAX (queen_test_scale (5000), 1000));
  queen_process_signal (queen, SIGSTOP);
  for (int i = 0; i < N_TOO_MANY; i++)
    {
      fds[i] = http_connect (port);
      http_send (fds[i], "HEAD /v1/workers?online=true HTTP/1.1\r\n" HOST "\r\n", -1);
    }
  queen_process_signal (queen, SIGCONT);
  for (int i = 0; i < N_TOO_MANY; i++)
    {
      g_autoptr (HttpAnswer) answer = http_read_answer (fds[i]);

      if (answer->status == 503)
        n_refused++;
      else
        g_assert_cmpuint (answer->status, ==, 200);
      g_assert_cmpint (http_answer_get_header (answer, "retry-after") != NULL, ==,
                       answer->status == 503);
    }
  g_test_message ("%u of %d refused", n_refused, N_TOO_MANY);
  g_assert_cmpuint (n_refused, >=, 1);
  g_assert_cmpuint (n_refused, <=, N_TOO_MANY - 64);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/lists/shared/unread-answers-cost-one-list", test_unread);
  g_test_add_func ("/lists/unread/who-talks-on-keeps-it", test_talkative);
  g_test_add_func ("/lists/shared/version-saves-the-list", test_version);
  g_test_add_func ("/lists/gzip/the-same-but-shorter", test_gzip);
  g_test_add_func ("/lists/gzip/a-version-for-each-coding", test_gzip_version);
  g_test_add_func ("/lists/gzip/to-whom-and-to-whom-not", test_gzip_others);
  g_test_add_func ("/lists/gzip/one-with-much-to-say", test_gzip_one);
  g_test_add_func ("/lists/one/always-fresh", test_fresh);
  g_test_add_func ("/lists/pages/end-to-end-over-changes", test_pages);
  g_test_add_func ("/lists/slices/nobody-waits-for-a-whole-list", test_nobody_waits);
  g_test_add_func ("/lists/queue/who-hangs-up-leaves-nothing-behind", test_gone);
  g_test_add_func ("/lists/queue/she-may-end-while-they-wait", test_end);
  g_test_add_func ("/lists/queue/too-many-are-refused", test_too_many);

  return g_test_run ();
}
