/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* queenctl with a server that means harm, or is broken: it neither hangs, nor takes all memory, nor
 * prints what a terminal would obey. */

#include <gio/gunixsocketaddress.h>
#include <glib/gstdio.h>
#include <string.h>

#include "queenctl-runner.h"
#include "stranger.h"

#define STREAM STRANGER_HEAD ("200 OK", "text/event-stream")
#define ANSWER STRANGER_HEAD ("200 OK", "application/json")

/* What a queen who knows of nobody answers; both are as long. */
#define NOBODY(list)                                                                               \
  "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n"                     \
  "Content-Length: 36\r\n\r\n{" list ":[],\"total\":0,\"next\":null}"

/* A refusal of which only the first byte comes. */
#define NEVER_WHOLE                                                                                \
  "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\n"                         \
  "Content-Length: 60000\r\nConnection: close\r\n\r\n{"

static const char *
list_nobody (const char *path)
{
  return g_str_has_prefix (path, "/v1/workers") ? NOBODY ("\"workers\"") : NOBODY ("\"hives\"  ");
}

static char *
address (const Stranger *stranger, const char *line)
{
  return g_strdup_printf ("--url=http://127.0.0.1:%u %s", stranger->port, line);
}

/* Time */

#define QUESTION 10 /* s that each may take which has no other end */

/* As ctl_refuse(), of what ends before a question would by itself. */
static void
refuse_soon (const char *line, int code, const char *said)
{
  g_autoptr (GTimer) timer = g_timer_new ();

  ctl_refuse (line, code, said);
  g_assert_cmpfloat (g_timer_elapsed (timer, NULL), <, QUESTION);
}

static void
test_refusal_without_end (void)
{
  Stranger stranger = { .answer = NEVER_WHOLE, .has_no_end = TRUE };
  g_autofree char *line = NULL;
  g_autofree char *said = NULL;

  stranger_start (&stranger);
  line = address (&stranger, "wait --model=m --timeout=1s");
  said = g_strdup_printf ("No answer at http://127.0.0.1:%u in time.", stranger.port);
  refuse_soon (line, 3, said);
  stranger_stop (&stranger);
}

/* Who is listened to, and is silent then; or says nothing at all. */
static const char *
answer_stream (const char *path, gpointer data)
{
  return strstr (path, "/stream") ? data : "";
}

static void
test_silence (void)
{
  static const char *const streams[] = { "", STREAM };
  static const char *const lines[] = { "wait w --timeout=1s", "wait --model=m --timeout=0",
                                       "drain w --reason=r --wait --timeout=1s" };

  for (gsize i = 0; i < G_N_ELEMENTS (streams) * G_N_ELEMENTS (lines); i++)
    {
      Stranger stranger = { .choose = answer_stream,
                            .data = (gpointer) streams[i % G_N_ELEMENTS (streams)],
                            .has_no_end = TRUE };
      g_autofree char *line = NULL;
      g_autofree char *said = NULL;

      stranger_start (&stranger);
      line = address (&stranger, lines[i / G_N_ELEMENTS (streams)]);
      said = g_strdup_printf ("No answer at http://127.0.0.1:%u in time.", stranger.port);
      refuse_soon (line, 3, said);
      stranger_stop (&stranger);
    }
}

/* The stream ends, the next try is refused without end, and the one after that is let in. */
static const char *
answer_tries (const char *path, gpointer data)
{
  static const char *const tries[] = {
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n"
    "Content-Length: 14\r\n\r\nretry: 1\n\n\n\n\n\n",
    NEVER_WHOLE,
    STREAM "data: {}\n\n",
  };
  guint *n_tries = data;

  if (!strstr (path, "/stream"))
    return list_nobody (path);
  *n_tries += 1;
  return tries[MIN (*n_tries, G_N_ELEMENTS (tries)) - 1];
}

static void
test_comes_back (void)
{
  guint n_tries = 0;
  Stranger stranger = { .choose = answer_tries, .data = &n_tries, .has_no_end = TRUE };
  g_autofree char *line = NULL;
  CtlWatch watch;

  stranger_start (&stranger);
  line = address (&stranger, "watch");
  ctl_watch_start (&watch, line, G_SUBPROCESS_FLAGS_NONE);
  g_free (ctl_watch_await (&watch, "The queen has gone."));
  g_free (ctl_watch_await (&watch, "The queen is back."));
  ctl_watch_stop (&watch);
  stranger_stop (&stranger);
}

/* Whoever is named by an event is asked for, and that takes half a second each. */
static const char *
answer_slowly (const char *path, gpointer data)
{
  static const char said[] = "HTTP/1.1 404 Not Found\r\nContent-Type: application/json\r\n"
                             "Connection: close\r\nContent-Length: 37\r\n\r\n"
                             "{\"status\":\"error\",\"message\":\"nobody\"}";
  GString *stream = data;

  if (strstr (path, "/stream"))
    return stream->str;
  if (!strstr (path, "/workers/"))
    return list_nobody (path);
  g_usleep (G_USEC_PER_SEC / 2);
  return said;
}

static void
test_slow_answers (void)
{
  g_autoptr (GString) stream = g_string_new (STREAM);
  Stranger stranger = { .choose = answer_slowly, .data = stream, .has_no_end = TRUE };
  g_autofree char *line = NULL;

  for (guint i = 0; i < 40; i++)
    g_string_append_printf (stream,
                            "event: heartbeat\n"
                            "data: {\"type\":\"worker\",\"worker_id\":\"w%u\"}\n\n",
                            i);
  stranger_start (&stranger);
  line = address (&stranger, "wait --model=m --timeout=1s");
  refuse_soon (line, 1, "No worker with the model “m” was available in time");
  stranger_stop (&stranger);
}

/* Whoever is named by an event is asked for, in vain at first, and nothing happens after that. */
static const char *
answer_in_vain (const char *path, gpointer data)
{
  static const char worker[] =
      "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n"
      "Content-Length: 66\r\n\r\n"
      "{\"workers\":[{\"id\":\"w\",\"available\":true,\"model_id\":\"m\"}],\"total\":1}";
  guint *n_asked = data;

  if (strstr (path, "/stream"))
    return STREAM "event: heartbeat\ndata: {\"type\":\"worker\",\"worker_id\":\"w\"}\n\n";
  if (!strstr (path, "/workers/") && *n_asked == 0)
    return list_nobody (path);
  *n_asked += 1;
  return *n_asked < 3 ? STRANGER_HEAD ("502 Bad Gateway", "text/html") : worker;
}

static void
test_asked_in_vain (void)
{
  guint n_asked = 0;
  Stranger stranger = { .choose = answer_in_vain, .data = &n_asked, .has_no_end = TRUE };
  g_autofree char *line = NULL;
  g_autofree char *said = NULL;

  stranger_start (&stranger);
  line = address (&stranger, "wait --model=m --timeout=60s");
  said = ctl_ask (line);
  g_assert_true (g_str_has_prefix (said, "w  "));
  stranger_stop (&stranger);
}

/* Who is there, and does not even accept. */
static void
test_silent_bus (void)
{
  g_autofree char *directory = g_dir_make_tmp ("queen-bus-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (directory, "bus", NULL);
  g_autoptr (GSocketAddress) at = g_unix_socket_address_new (path);
  g_autoptr (GSocket) socket =
      g_socket_new (G_SOCKET_FAMILY_UNIX, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_DEFAULT, NULL);
  g_autofree char *line =
      g_strdup_printf ("DBUS_SESSION_BUS_ADDRESS=unix:path=%s --bus=session wait w --timeout=1s",
                       path);

  g_assert_true (g_socket_bind (socket, at, FALSE, NULL));
  g_assert_true (g_socket_listen (socket, NULL));
  refuse_soon (line, 3, "There is no queen (the session bus: no answer in time). ");
  g_unlink (path);
  g_rmdir (directory);
}

/* Memory */

/* Each page is of somebody new, and of one that takes a hundred megabytes of memory. */
typedef struct
{
  GString *page;
  gsize id;      /* where the digits are */
  gsize next;    /* here, too */
  guint n_pages; /* that have been asked for */
} Endless;

#define MOST_PAGES 40

static void
append_arrays (GString *json, guint n)
{
  g_string_append (json, "[[]");
  for (guint i = 1; i < n; i++)
    g_string_append (json, ",[]");
  g_string_append_c (json, ']');
}

static void
write_digits (GString *page, gsize at, guint number)
{
  g_autofree char *digits = g_strdup_printf ("%06u", number);

  memcpy (page->str + at, digits, strlen (digits));
}

static const char *
answer_page (const char *path, gpointer data)
{
  Endless *self = data;

  if (!g_str_has_prefix (path, "/v1/workers") || ++self->n_pages > MOST_PAGES)
    return list_nobody (path);
  write_digits (self->page, self->id, self->n_pages);
  write_digits (self->page, self->next, self->n_pages);
  return self->page->str;
}

static void
test_list_without_end (void)
{
  Endless endless = { .page = g_string_new (ANSWER "{\"workers\":[{\"id\":\"") };
  Stranger stranger = { .choose = answer_page, .data = &endless };
  g_autofree char *line = NULL;

  endless.id = endless.page->len;
  g_string_append (endless.page, "000000\"},{\"id\":\"big\",\"x\":");
  append_arrays (endless.page, 900000);
  g_string_append (endless.page, "}],\"total\":1,\"next\":\"");
  endless.next = endless.page->len;
  g_string_append (endless.page, "000000\"}");

  stranger_start (&stranger);
  line = address (&stranger, "list workers");
  ctl_refuse (line, 3, " is no queen: 200 OK (application/json). ");
  g_assert_cmpuint (endless.n_pages, <, MOST_PAGES / 2);
  stranger_stop (&stranger);
  g_string_free (endless.page, TRUE);
}

/* One answer that is within its limit, and would be a tree of gigabytes. */
static void
test_many_values (void)
{
  g_autoptr (GString) answer = g_string_new (ANSWER "{\"id\":\"w\",\"x\":");
  Stranger stranger = { 0 };
  g_autofree char *line = NULL;

  append_arrays (answer, 2000000);
  g_string_append_c (answer, '}');
  stranger.answer = answer->str;
  stranger_start (&stranger);
  line = address (&stranger, "show w");
  ctl_refuse (line, 3, " is no queen: 200 OK (application/json). ");
  stranger_stop (&stranger);
}

/* Numbers */

/* @data: the answer to /metrics */
static const char *
answer_status (const char *path, gpointer data)
{
  if (g_str_has_prefix (path, "/metrics"))
    return data;
  return g_str_has_prefix (path, "/v1/build-info") ? ANSWER
             "{\"version\":\"1\",\"build_time\":\"\"}"
                                                   : list_nobody (path);
}

static void
test_metrics (void)
{
  static const char *const numbers[] = { "nan", "inf", "-inf", "1e300", "-1e300", "-1", "0x1p99" };

  for (gsize i = 0; i < G_N_ELEMENTS (numbers); i++)
    {
      g_autofree char *metrics = g_strdup_printf (
          STRANGER_HEAD ("200 OK", "text/plain") "\n"
                                                 "queen_components_online{kind=\"worker\"} %s\n"
                                                 "queen_components_available{kind=\"hive\"} %s\n"
                                                 "queen_subscribers %s\nqueen_events_total %s\n"
                                                 "process_start_time_seconds %s\n",
          numbers[i], numbers[i], numbers[i], numbers[i], numbers[i]);
      Stranger stranger = { .choose = answer_status, .data = metrics };
      g_autofree char *line = NULL;
      g_autofree char *said = NULL;

      stranger_start (&stranger);
      line = address (&stranger, "status --json");
      said = ctl_ask (line);
      g_test_message ("%s: %s", numbers[i], said);
      g_assert_nonnull (strstr (said, "\"workers_online\":0,"));
      g_assert_nonnull (strstr (said, "\"hives_available\":0,"));
      g_assert_nonnull (strstr (said, "\"started_at\":\"1970-01-01T00:00:00.000000000+00:00\""));
      g_assert_nonnull (strstr (said, "\"subscribers\":0,\"events_published\":0,"));
      stranger_stop (&stranger);
    }
}

static void
test_numbers (void)
{
  Stranger stranger = {
    .answer = ANSWER "{\"id\":\"w\",\"port\":1e999,\"heartbeats\":-99999999999999999999,"
                     "\"since\":1e400,\"clock_skew\":-1e400}",
  };
  g_autofree char *json_line = NULL;
  g_autofree char *line = NULL;

  stranger_start (&stranger);
  json_line = address (&stranger, "show w --kind=worker --json");
  ctl_expect_exactly (json_line, "{\"id\":\"w\",\"port\":null,\"heartbeats\":-1e+20,"
                                 "\"since\":null,\"clock_skew\":null}\n");
  line = address (&stranger, "show w --kind=worker");
  g_free (ctl_ask (line));
  stranger_stop (&stranger);
}

/* Events */

static const char *
answer_events (const char *path, gpointer data)
{
  return strstr (path, "/stream") ? data : list_nobody (path);
}

static void
test_events (void)
{
  static const char stream[] =
      STREAM "event: heartbeat\ndata: {\"type\":\"worker\",\rdata:\"worker_id\":\"a\"}\n\n"
             "event: heartbeat\ndata: {\"type\":\"worker\",\t\"worker_id\":\ndata: \"b\"}\n\n"
             "event: heartbeat\ndata: {\"type\":\"worker\",\"worker_id\":\"\302\233c\\u001b\"}\n\n"
             "event: heartbeat\ndata: [\"d\"]\n\n"
             "event: lagged\ndata: {\"dropped\":-1e400}\n\n";
  static const char *const lines[] = {
    "{\"type\":\"worker\",\"worker_id\":\"a\"}",
    "{\"type\":\"worker\",\"worker_id\":\"b\"}",
    "{\"type\":\"worker\",\"worker_id\":\"\\u009bc\\u001b\"}",
    "{\"type\":\"lagged\",\"dropped\":null}",
  };
  Stranger stranger = { .choose = answer_events, .data = (gpointer) stream, .has_no_end = TRUE };
  g_autofree char *line = NULL;
  CtlWatch watch;

  stranger_start (&stranger);
  line = address (&stranger, "watch --json");
  ctl_watch_start (&watch, line, G_SUBPROCESS_FLAGS_NONE);
  for (gsize i = 0; i < G_N_ELEMENTS (lines); i++)
    {
      g_autofree char *said = ctl_watch_await (&watch, "");

      g_assert_cmpstr (said, ==, lines[i]);
    }
  ctl_watch_stop (&watch);
  stranger_stop (&stranger);
}

/* What is no number is none, and an id that no queen takes is nobody's. */
static void
test_pulses (void)
{
  g_autofree char *id = g_strnfill (2000, 'x');
  g_autofree char *stream = g_strconcat (
      STREAM "event: heartbeat\ndata: {\"type\":\"worker\",\"worker_id\":\"", id,
      "\"}\n\nevent: heartbeat\ndata: {\"type\":\"queen\",\"workers_online\":1e400,"
      "\"workers_available\":-5,\"hives_online\":[1],\"hives_available\":99999999999}\n\n",
      NULL);
  Stranger stranger = { .choose = answer_events, .data = stream, .has_no_end = TRUE };
  g_autofree char *line = NULL;
  g_autofree char *said = NULL;
  CtlWatch watch;

  stranger_start (&stranger);
  line = address (&stranger, "watch --all");
  ctl_watch_start (&watch, line, G_SUBPROCESS_FLAGS_NONE);
  said = ctl_watch_await (&watch, "");
  g_test_message ("%s", said);
  g_assert_true (g_str_has_suffix (
      said, "  queen   0 workers online (0 available), 0 hives online (4294967295 available)"));
  ctl_watch_stop (&watch);
  stranger_stop (&stranger);
}

/* A script takes each line for a name. */
static void
test_names (void)
{
  Stranger stranger = {
    .answer = ANSWER "{\"workers\":[{\"id\":\"a\\nb\"}],\"hives\":[{\"id\":\"ü c\"}]}",
  };
  g_autofree char *line = NULL;

  stranger_start (&stranger);
  line = address (&stranger, "list -o name");
  ctl_expect_exactly (line, "a\\x0Ab\nü c\n");
  stranger_stop (&stranger);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/queenctl-hostile/time/a-refusal-without-end-ends", test_refusal_without_end);
  g_test_add_func ("/queenctl-hostile/time/comes-back-from-a-refusal-without-end", test_comes_back);
  g_test_add_func ("/queenctl-hostile/time/waits-no-longer-for-who-is-silent", test_silence);
  g_test_add_func ("/queenctl-hostile/time/waits-no-longer-than-told", test_slow_answers);
  g_test_add_func ("/queenctl-hostile/time/asks-again-what-was-asked-in-vain", test_asked_in_vain);
  g_test_add_func ("/queenctl-hostile/time/a-bus-that-never-answers", test_silent_bus);
  g_test_add_func ("/queenctl-hostile/memory/a-list-without-end-ends", test_list_without_end);
  g_test_add_func ("/queenctl-hostile/memory/one-answer-has-no-end-of-values", test_many_values);
  g_test_add_func ("/queenctl-hostile/numbers/of-metrics-are-natural", test_metrics);
  g_test_add_func ("/queenctl-hostile/numbers/too-large-is-null", test_numbers);
  g_test_add_func ("/queenctl-hostile/events/each-is-one-line-of-json", test_events);
  g_test_add_func ("/queenctl-hostile/events/no-number-is-none", test_pulses);
  g_test_add_func ("/queenctl-hostile/names/each-is-one-line", test_names);

  return g_test_run ();
}
