/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* Holds from the outside: over HTTP and D-Bus, who may, what they do to what is listed, and what
 * becomes of them when the queen or who holds goes. */

#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "bus-client.h"
#include "bus-daemon.h"
#include "http-client.h"
#include "queen-process.h"
#include "sse-client.h"

#define HOST "Host: localhost\r\n"
#define JSON "Content-Type: application/json\r\n"
#define TOKEN(name) name "-0123456789abcdef"
#define BY(name) "Authorization: Bearer " TOKEN (name) "\r\n"

static HttpAnswer *
send_request (
    guint16 port, const char *method, const char *path, const char *head, const char *body)
{
  g_autofree char *request =
      g_strdup_printf ("%s %s HTTP/1.1\r\n" HOST "%sContent-Length: %zu\r\n\r\n%s", method, path,
                       head, strlen (body), body);

  return http_exchange (port, request, -1);
}

/* Returns: (transfer full): the id of the new hold */
static char *
hold (guint16 port, const char *path, const char *body)
{
  g_autoptr (HttpAnswer) answer = send_request (port, "POST", path, JSON, body);

  g_test_message ("%s", answer->body);
  g_assert_cmpuint (answer->status, ==, 200);
  return http_answer_dup_member (answer, "id");
}

static void
assert_answer (guint16 port,
               const char *method,
               const char *path,
               const char *head,
               const char *body,
               guint status,
               const char *said)
{
  g_autoptr (HttpAnswer) answer = send_request (port, method, path, head, body);

  g_test_message ("%s %s %s: %u %s", method, path, body, answer->status, answer->body);
  g_assert_cmpuint (answer->status, ==, status);
  if (said && !strstr (answer->body, said))
    g_error ("“%s” is not in “%s”", said, answer->body);
}

/* Asserts that what is at @path says @said. */
static void
assert_shown (guint16 port, const char *path, const char *said)
{
  g_autoptr (HttpAnswer) answer = http_get (port, path);

  if (!strstr (answer->body, said))
    g_error ("“%s” is not in “%s”", said, answer->body);
}

static void
beat_with_hive (guint16 port, const char *id, const char *hive)
{
  g_autofree char *body = g_strdup_printf (
      "{\"worker\":{\"id\":\"%s\",\"status\":\"ready\",\"model_id\":\"m\",\"hive_id\":\"%s\"}}", id,
      hive);
  g_autoptr (HttpAnswer) answer = http_post (port, "/v1/worker-heartbeat", body);

  g_assert_cmpuint (answer->status, ==, 200);
}

static void
test_http (void)
{
  g_autoptr (QueenProcess) queen = queen_process_start ("--heartbeat-interval=200ms", NULL);
  guint16 port = queen_process_get_port (queen);
  g_autofree char *id = NULL;
  g_autofree char *path = NULL;

  beat_with_hive (port, "w", "h");
  http_beat (port, "hive", "h", "ready");
  assert_shown (port, "/v1/workers/w", "\"available\":true,\"holds\":null,");

  id = hold (port, "/v1/workers/w/hold", "{\"reason\":\"new \\\"driver\\\"\",\"ttl\":60}");
  g_assert_true (g_str_has_prefix (id, "hold-"));
  assert_shown (port, "/v1/workers/w", "\"available\":false,\"holds\":[{\"id\":\"hold-");
  assert_shown (port, "/v1/workers",
                "\"reason\":\"new \\\"driver\\\"\",\"holder\":\"this machine\",");
  assert_shown (port, "/v1/workers?available=true", "\"total\":0");
  g_assert_cmpuint (http_read_metric (port, "queen_holds{kind=\"worker\"}"), ==, 1);
  g_assert_cmpuint (http_read_metric (port, "queen_components_available{kind=\"worker\"}"), ==, 0);
  queen_test_wait_until (queen_process_has_said (queen, "worker held: w, by this machine, until "));

  beat_with_hive (port, "w", "h"); /* it does not beat it away */
  assert_shown (port, "/v1/workers/w", "\"available\":false");
  path = g_strconcat ("/v1/workers/w/hold/", id, NULL);
  assert_answer (port, "DELETE", path, "", "", 200, "Released 1 hold");
  assert_answer (port, "DELETE", path, "", "", 404, "nothing holds the worker “w”");
  assert_shown (port, "/v1/workers/w", "\"available\":true,\"holds\":null,");
  queen_test_wait_until (
      queen_process_has_said (queen, "worker released: w, held by this machine"));
}

static void
test_hive (void)
{
  g_autoptr (QueenProcess) queen = queen_process_start (NULL, NULL);
  guint16 port = queen_process_get_port (queen);
  g_autofree char *id = NULL;

  beat_with_hive (port, "w", "h");
  http_beat (port, "hive", "h", "ready");
  id = hold (port, "/v1/hives/h/hold", "{\"reason\":\"moving\",\"ttl\":0}");
  assert_shown (port, "/v1/hives/h", "\"until\":null,\"hive_id\":null}]");
  assert_shown (port, "/v1/workers/w", "\"available\":false,\"holds\":[{");
  assert_shown (port, "/v1/workers/w", "\"until\":null,\"hive_id\":\"h\"}]");
  assert_answer (port, "DELETE", "/v1/workers/w/hold", "", "", 404, "nothing holds the worker");
  assert_answer (port, "DELETE", "/v1/hives/h/hold", "", "", 200, "Released 1 hold");
  assert_shown (port, "/v1/workers/w", "\"available\":true,\"holds\":null,");
}

/* An id may be anything. */
static void
test_encoded (void)
{
  g_autoptr (QueenProcess) queen = queen_process_start (NULL, NULL);
  guint16 port = queen_process_get_port (queen);
  g_autofree char *id = NULL;

  http_beat (port, "worker", "a/hold/b", "ready");
  http_beat (port, "worker", "hold", "ready");
  id = hold (port, "/v1/workers/a%2Fhold%2Fb/hold", "{\"reason\":\"r\"}");
  assert_shown (port, "/v1/workers/a%2Fhold%2Fb", "\"available\":false");
  assert_shown (port, "/v1/workers/hold", "\"available\":true");
  g_free (g_steal_pointer (&id));
  id = hold (port, "/v1/workers/hold/hold", "{\"reason\":\"r\"}");
  assert_shown (port, "/v1/workers/hold", "\"available\":false");
  assert_answer (port, "DELETE", "/v1/workers/a%2Fhold%2Fb/hold", "", "", 200, NULL);
  assert_answer (port, "GET", "/v1/workers/hold/hold", "", "", 405, NULL);
  assert_answer (port, "GET", "/v1/workers/hold/hold/x/y", "", "", 404, "there is nothing at");
  assert_answer (port, "POST", "/v1/workers//hold", JSON, "{\"reason\":\"r\"}", 404,
                 "no worker “”");
  assert_answer (port, "POST", "/v1/workers/%FF/hold", JSON, "{\"reason\":\"r\"}", 400, "UTF-8");
}

static void
test_bad (void)
{
  static const struct
  {
    const char *head;
    const char *body;
    guint status;
    const char *said;
  } rows[] = {
    { JSON, "{}", 422, "reason must say why" },
    { JSON, "{\"reason\":\"  \"}", 422, "reason must say why" },
    { JSON, "{\"reason\":7}", 422, "reason must be a string" },
    { JSON, "{\"reason\":\"r\",\"ttl\":-1}", 422, "ttl must be whole seconds" },
    { JSON, "{\"reason\":\"r\",\"ttl\":1.5}", 422, "ttl must be whole seconds" },
    { JSON, "{\"reason\":\"r\",\"ttl\":\"1h\"}", 422, "ttl must be whole seconds" },
    { JSON, "{\"reason\":\"r\",\"ttl\":31536001}", 422, "ttl must be whole seconds" },
    { JSON, "{\"reason\":\"r\",\"ttl\":1e300}", 422, "ttl must be whole seconds" },
    { JSON, "{\"reason\":\"r\",\"tll\":60}", 422, "and no others" },
    { JSON, "{\"reason\":\"r\",\"reason\":\"s\"}", 400, "reason" },
    { JSON, "[]", 422, "a JSON object" },
    { JSON, "{\"reason\":", 400, "not valid JSON" },
    { JSON, "", 400, "not valid JSON" },
    { "", "{\"reason\":\"r\"}", 415, "application/json" },
    { JSON "Content-Encoding: gzip\r\n", "{\"reason\":\"r\"}", 415, "Content-Encoding" },
  };
  g_autoptr (QueenProcess) queen = queen_process_start (NULL, NULL);
  guint16 port = queen_process_get_port (queen);
  g_autofree char *id = NULL;

  http_beat (port, "worker", "w", "ready");
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    assert_answer (port, "POST", "/v1/workers/w/hold", rows[i].head, rows[i].body, rows[i].status,
                   rows[i].said);
  assert_answer (port, "POST", "/v1/workers/v/hold", JSON, "{\"reason\":\"r\"}", 404,
                 "no worker “v”");
  assert_answer (port, "POST", "/v1/hives/w/hold", JSON, "{\"reason\":\"r\"}", 404, "no hive “w”");
  assert_answer (port, "POST", "/v1/workers/w/hold?force=1", JSON, "{\"reason\":\"r\"}", 400,
                 "force");
  assert_shown (port, "/v1/workers/w", "\"available\":true");
  id = hold (port, "/v1/workers/w/hold", "{\"reason\":\"r\",\"ttl\":60.0}");
}

static char *
write_tokens (void)
{
  g_autoptr (GError) error = NULL;
  char *path = NULL;
  int fd = g_file_open_tmp ("queen-holds-XXXXXX", &path, &error);

  g_assert_no_error (error);
  close (fd);
  g_file_set_contents (path,
                       "usual:" TOKEN ("usual") "\nops:" TOKEN ("ops") ":hold\nnight:" TOKEN (
                           "night") ":hold\nadmin:" TOKEN ("admin") ":admin\n",
                       -1, &error);
  g_assert_no_error (error);
  return path;
}

/* A hold is never implied, and has the name of whose token it was. */
static void
test_tokens (void)
{
  static const char body[] = "{\"reason\":\"r\"}";
  g_autofree char *path = write_tokens ();
  g_autofree char *option = g_strconcat ("--token-file=", path, NULL);
  g_autoptr (QueenProcess) queen = queen_process_start (option, "--admin=token", NULL);
  guint16 port = queen_process_get_port (queen);

  assert_answer (port, "POST", "/v1/worker-heartbeat", JSON BY ("usual"),
                 "{\"worker_id\":\"w\",\"status\":\"ready\"}", 200, NULL);
  assert_answer (port, "POST", "/v1/workers/w/hold", JSON, body, 401, NULL);
  assert_answer (port, "POST", "/v1/workers/w/hold", JSON BY ("usual"), body, 403, "“hold”");
  assert_answer (port, "POST", "/v1/workers/w/hold", JSON BY ("admin"), body, 403, "“hold”");
  assert_answer (port, "POST", "/v1/workers/w/hold", JSON BY ("ops"), body, 200,
                 "\"holder\":\"token:ops\"");
  assert_answer (port, "DELETE", "/v1/workers/w/hold", BY ("usual"), "", 403, "“hold”");
  assert_answer (port, "DELETE", "/v1/workers/w/hold", BY ("night"), "", 404, "by token:ops");
  assert_answer (port, "DELETE", "/v1/workers/w/hold", BY ("ops"), "", 200, NULL);
  g_remove (path);
}

/* The stream has the queen's count, and no event that nobody knows. */
static void
test_stream (void)
{
  g_autoptr (QueenProcess) queen = queen_process_start ("--heartbeat-interval=100ms", NULL);
  guint16 port = queen_process_get_port (queen);
  g_autofree char *id = NULL;
  SseClient *client;
  gboolean was_told = FALSE;

  http_beat (port, "worker", "w", "ready");
  client = sse_client_subscribe (port, "", NULL);
  id = hold (port, "/v1/workers/w/hold", "{\"reason\":\"r\"}");
  while (!was_told)
    {
      g_autoptr (SseFrame) event = sse_client_next (client);

      g_assert_cmpstr (event->event, ==, "heartbeat");
      g_assert_nonnull (strstr (event->data, "{\"type\":\"queen\""));
      was_told = strstr (event->data, "\"workers_online\":1,\"workers_available\":0") != NULL;
    }
  sse_client_close (client);
}

/* From one epoch to the next. */

typedef struct
{
  char *directory;
  char *option;
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  f->directory = g_dir_make_tmp ("queen-holds-XXXXXX", &error);
  g_assert_no_error (error);
  f->option = g_strconcat ("--state-directory=", f->directory, NULL);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  static const char *const names[] = { "state", "state.broken", "lock" };

  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *path = g_build_filename (f->directory, names[i], NULL);

      g_remove (path);
    }
  g_assert_cmpint (g_rmdir (f->directory), ==, 0);
  g_free (f->directory);
  g_free (f->option);
}

static void
test_restart (Fixture *f, gconstpointer data)
{
  QueenProcess *queen = queen_process_start (f->option, NULL);
  guint16 port = queen_process_get_port (queen);
  g_autofree char *first = NULL;
  g_autofree char *second = NULL;
  g_autofree char *path = NULL;

  beat_with_hive (port, "w", "h");
  http_beat (port, "hive", "h", "ready");
  http_beat (port, "worker", "gone", "ready");
  first = hold (port, "/v1/hives/h/hold", "{\"reason\":\"r\",\"ttl\":0}");
  second = hold (port, "/v1/workers/gone/hold", "{\"reason\":\"r\"}");
  assert_answer (port, "DELETE", "/v1/workers/gone", "", "", 200, NULL);
  queen_process_stop (queen);

  queen = queen_process_start (f->option, NULL);
  port = queen_process_get_port (queen);
  assert_shown (port, "/v1/hives/h", first);
  assert_shown (port, "/v1/workers/w", first);
  assert_shown (port, "/v1/workers/w", "\"available\":false");
  http_beat (port, "worker", "gone", "ready");
  assert_shown (port, "/v1/workers/gone", second);
  path = g_strconcat ("/v1/hives/h/hold/", first, NULL);
  assert_answer (port, "DELETE", path, "", "", 200, NULL);
  assert_shown (port, "/v1/workers/w", "\"available\":true");
  queen_process_stop (queen);
}

/* D-Bus */

static char *
hold_on_bus (BusClient *client, const char *arguments)
{
  g_autoptr (GVariant) answer = bus_client_ask (client, "Hold", arguments);
  char *id;

  g_variant_get (answer, "(s)", &id);
  return id;
}

static gboolean
is_shown (guint16 port, const char *path, const char *said)
{
  g_autoptr (HttpAnswer) answer = http_get (port, path);

  return strstr (answer->body, said) != NULL;
}

#define W QUEEN_PATH "/workers/w"

static void
test_bus (void)
{
  BusDaemon *bus = bus_daemon_new_for_session ();
  QueenProcess *queen = queen_process_start ("--bus=session", NULL);
  guint16 port = queen_process_get_port (queen);
  BusClient *client = bus_client_new (bus_daemon_get_address (bus));
  BusClient *holder = bus_client_new (bus_daemon_get_address (bus));
  g_autofree char *user = g_strdup_printf ("\"holder\":\"user:%u\"", (guint) getuid ());
  g_autofree char *lasting = NULL;
  g_autofree char *passing = NULL;
  g_autofree char *arguments = NULL;

  bus_client_wait_for_queen (client, TRUE);
  http_beat (port, "worker", "w", "ready");
  bus_client_expect (client, W, ".Worker", "Available", "true");
  bus_client_expect (client, W, ".Worker", "Holds", "[]");

  lasting = hold_on_bus (client, "('worker', 'w', 'new driver', int64 3600)");
  passing = hold_on_bus (holder, "('worker', 'w', 'I look at it', int64 -1)");
  bus_client_expect (client, W, ".Worker", "Available", "false");
  bus_client_expect (client, QUEEN_PATH, "", "WorkersAvailable", "0");
  assert_shown (port, "/v1/workers/w", user);
  assert_shown (port, "/v1/workers/w", "\"caller\":\":1.");

  /* It ends with who made it, and the other one stays. */
  bus_client_free (holder);
  queen_test_wait_until (!is_shown (port, "/v1/workers/w", passing));
  assert_shown (port, "/v1/workers/w", lasting);
  bus_client_expect (client, W, ".Worker", "Available", "false");

  arguments = g_strdup_printf ("('worker', 'w', '%s')", lasting);
  g_variant_unref (bus_client_ask (client, "Release", arguments));
  bus_client_expect (client, W, ".Worker", "Available", "true");
  bus_client_expect (client, W, ".Worker", "Holds", "[]");
  g_free (hold_on_bus (client, "('worker', 'w', 'r', int64 0)"));
  g_variant_unref (bus_client_ask (client, "Release", "('worker', 'w', '')"));
  bus_client_expect (client, W, ".Worker", "Available", "true");

  queen_process_stop (queen);
  bus_client_free (client);
  bus_daemon_free (bus);
}

static void
test_bus_bad (void)
{
  static const struct
  {
    const char *method;
    const char *arguments;
    const char *error;
    const char *said;
  } rows[] = {
    { "Hold", "('worker', 'v', 'r', int64 0)", "NotFound", "there is no worker “v”" },
    { "Hold", "('queen', 'w', 'r', int64 0)", "InvalidArgument",
      "the kind must be worker or hive" },
    { "Hold", "('worker', '', 'r', int64 0)", "InvalidArgument",
      "the id must be 1 to 128 bytes without control or invisible characters" },
    { "Hold", "('worker', 'w', '', int64 0)", "InvalidArgument", "reason must say why" },
    { "Hold", "('worker', 'w', 'r', int64 -2)", "InvalidArgument",
      "ttl must be seconds, from 0 (until released) to 31536000, or -1 (while the caller is on the "
      "bus)" },
    { "Hold", "('worker', 'w', 'r', int64 31536001)", "InvalidArgument",
      "ttl must be seconds, from 0 (until released) to 31536000, or -1 (while the caller is on the "
      "bus)" },
    { "Release", "('worker', 'w', '')", "NotFound", "nothing holds the worker “w”" },
    { "Release", "('hive', 'w', 'x')", "NotFound", "nothing holds the hive “w”" },
    { "Release", "('x', 'w', 'x')", "InvalidArgument", "the kind must be worker or hive" },
  };
  BusDaemon *bus = bus_daemon_new_for_session ();
  QueenProcess *queen = queen_process_start ("--bus=session", NULL);
  BusClient *client = bus_client_new (bus_daemon_get_address (bus));

  bus_client_wait_for_queen (client, TRUE);
  http_beat (queen_process_get_port (queen), "worker", "w", "ready");
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    bus_client_fail (client, rows[i].method, rows[i].arguments, rows[i].error, rows[i].said);
  queen_process_stop (queen);
  bus_client_free (client);
  bus_daemon_free (bus);
}

/* Whose caller has stayed goes on, whose has left while there was no queen ends; and with another
 * bus, all of these do. */
static void
test_bus_restart (Fixture *f, gconstpointer data)
{
  BusDaemon *bus = bus_daemon_new_for_session ();
  QueenProcess *queen = queen_process_start ("--bus=session", f->option, NULL);
  guint16 port = queen_process_get_port (queen);
  BusClient *stays = bus_client_new (bus_daemon_get_address (bus));
  BusClient *leaves = bus_client_new (bus_daemon_get_address (bus));
  g_autofree char *lasting = NULL;
  g_autofree char *staying = NULL;
  g_autofree char *leaving = NULL;

  bus_client_wait_for_queen (stays, TRUE);
  http_beat (port, "worker", "w", "ready");
  lasting = hold_on_bus (stays, "('worker', 'w', 'r', int64 0)");
  staying = hold_on_bus (stays, "('worker', 'w', 'r', int64 -1)");
  leaving = hold_on_bus (leaves, "('worker', 'w', 'r', int64 -1)");
  queen_process_stop (queen);
  bus_client_wait_for_queen (stays, FALSE);
  bus_client_free (leaves);

  queen = queen_process_start ("--bus=session", f->option, NULL);
  port = queen_process_get_port (queen);
  queen_test_wait_until (!is_shown (port, "/v1/workers/w", leaving));
  assert_shown (port, "/v1/workers/w", staying);
  queen_process_stop (queen);
  bus_client_free (stays);
  bus_daemon_free (bus);

  bus = bus_daemon_new_for_session ();
  queen = queen_process_start ("--bus=session", f->option, NULL);
  port = queen_process_get_port (queen);
  queen_test_wait_until (!is_shown (port, "/v1/workers/w", staying));
  assert_shown (port, "/v1/workers/w", lasting);
  queen_process_stop (queen);
  bus_daemon_free (bus);
}

/* She runs without a bus now, so nobody is there. */
static void
test_no_bus (Fixture *f, gconstpointer data)
{
  BusDaemon *bus = bus_daemon_new_for_session ();
  QueenProcess *queen = queen_process_start ("--bus=session", f->option, NULL);
  BusClient *client = bus_client_new (bus_daemon_get_address (bus));

  bus_client_wait_for_queen (client, TRUE);
  http_beat (queen_process_get_port (queen), "worker", "w", "ready");
  g_free (hold_on_bus (client, "('worker', 'w', 'r', int64 -1)"));
  queen_process_stop (queen);

  queen = queen_process_start (f->option, NULL);
  assert_shown (queen_process_get_port (queen), "/v1/workers/w", "\"available\":true");
  queen_process_stop (queen);
  bus_client_free (client);
  bus_daemon_free (bus);
}

#define ADD(path, func) g_test_add (path, Fixture, NULL, set_up, func, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/holds/http/held-and-released", test_http);
  g_test_add_func ("/holds/http/a-hive-takes-its-workers-along", test_hive);
  g_test_add_func ("/holds/http/ids-may-be-anything", test_encoded);
  g_test_add_func ("/holds/http/refused-with-a-reason", test_bad);
  g_test_add_func ("/holds/http/takes-the-scope", test_tokens);
  g_test_add_func ("/holds/stream/counts-and-no-strange-event", test_stream);
  ADD ("/holds/restart/stay-with-the-id", test_restart);
  g_test_add_func ("/holds/bus/ends-with-its-caller-or-its-ttl", test_bus);
  g_test_add_func ("/holds/bus/refused-with-a-reason", test_bus_bad);
  ADD ("/holds/bus/over-a-restart", test_bus_restart);
  ADD ("/holds/bus/gone-where-there-is-none", test_no_bus);

  return g_test_run ();
}
