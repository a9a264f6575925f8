/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* Who asks for a worker, over HTTP and on the bus: what is answered, when, and who waits. */

#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bus-client.h"
#include "bus-daemon.h"
#include "http-client.h"
#include "queen-process.h"

#include <json-glib/json-glib.h>

#define HOST "Host: 127.0.0.1\r\n"

typedef struct
{
  QueenProcess *queen;
  guint16 port;
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  f->queen = queen_process_start ("--heartbeat-interval=1h", NULL);
  f->port = queen_process_get_port (f->queen);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  queen_process_stop (f->queen);
}

static void
beat (guint16 port, const char *id, const char *status, int slots, int running)
{
  g_autofree char *json =
      g_strdup_printf ("{\"worker\":{\"id\":\"%s\",\"status\":\"%s\",\"model_id\":\"m\","
                       "\"hostname\":\"10.1.2.3\",\"port\":8080,\"slots\":%d,\"running\":%d}}",
                       id, status, slots, running);
  g_autoptr (HttpAnswer) answer = http_post (port, "/v1/worker-heartbeat", json);

  g_assert_cmpuint (answer->status, ==, 200);
}

/* @quoted: JSON with ' in the place of " */
static char *
make_request (const char *quoted)
{
  g_autofree char *json = g_strdelimit (g_strdup (quoted), "'", '"');

  return g_strdup_printf ("POST /v1/placements HTTP/1.1\r\n" HOST
                          "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
                          strlen (json), json);
}

static HttpAnswer *
place (guint16 port, const char *quoted)
{
  g_autofree char *request = make_request (quoted);

  return http_exchange (port, request, -1);
}

/* Returns: a connection that waits for its answer */
static int
begin_to_wait (Fixture *f, const char *quoted, guint n)
{
  g_autofree char *request = make_request (quoted);
  int fd = http_connect (f->port);

  g_assert_true (http_send (fd, request, -1));
  queen_test_wait_until (http_read_metric (f->port, "queen_placements_waiting") == n);
  return fd;
}

static void
assert_waiting (Fixture *f, guint n)
{
  queen_test_wait_until (http_read_metric (f->port, "queen_placements_waiting") == n);
}

/* Returns: what is between @before and @after in the body */
static char *
dup_between (const HttpAnswer *answer, const char *before, const char *after)
{
  const char *start = strstr (answer->body, before), *end;

  g_assert_nonnull (start);
  start += strlen (before);
  end = strstr (start, after);
  g_assert_nonnull (end);
  return g_strndup (start, (gsize) (end - start));
}

static void
assert_worker (const HttpAnswer *answer, const char *id)
{
  g_autofree char *beginning = g_strdup_printf ("{\"worker\":{\"id\":\"%s\",", id);

  if (answer->status != 200)
    g_test_message ("%s", answer->body);
  g_assert_cmpuint (answer->status, ==, 200);
  g_assert_true (g_str_has_prefix (answer->body, beginning));
}

static HttpAnswer *
give_back (guint16 port, const char *reservation)
{
  g_autofree char *request =
      g_strdup_printf ("DELETE /v1/placements/%s HTTP/1.1\r\n" HOST "\r\n", reservation);

  return http_exchange (port, request, -1);
}

static void
test_answer (Fixture *f, gconstpointer data)
{
  g_autoptr (HttpAnswer) placed = NULL, none = NULL;
  g_autofree char *rest = NULL, *rest_of_none = NULL;

  beat (f->port, "a", "ready", 4, 1);
  beat (f->port, "b", "ready", 4, 3);
  beat (f->port, "c", "starting", 4, 0);
  placed = place (f->port, "{'model':'m','affinity':null,'unknown':[1]}");
  assert_worker (placed, "a");
  g_assert_nonnull (strstr (placed->body, "\"url\":\"http://10.1.2.3:8080\",\"reservation\":\""));
  rest = dup_between (placed, "\"reason\":", "\n");
  g_assert_cmpstr (rest, ==,
                   "\"least_loaded\",\"waited\":0.000,\"considered\":["
                   "{\"id\":\"a\",\"verdict\":\"fit\",\"detail\":\"2 of 4 slots\"},"
                   "{\"id\":\"c\",\"verdict\":\"starting\",\"detail\":\"\"},"
                   "{\"id\":\"b\",\"verdict\":\"fit\",\"detail\":\"3 of 4 slots\"}],"
                   "\"counts\":{\"fit\":2,\"full\":0,\"ejected\":0,\"held\":0,\"hive_held\":0,"
                   "\"unhealthy\":0,\"starting\":1,\"stopping\":0,\"offline\":0,\"tried\":0,"
                   "\"other_model\":0}}");

  beat (f->port, "a", "stopping", 4, 0);
  beat (f->port, "b", "ready", 4, 4);
  none = place (f->port, "{'model':'m'}");
  g_assert_cmpuint (none->status, ==, 503);
  g_assert_cmpstr (http_answer_get_header (none, "retry-after"), ==, "5");
  rest_of_none = dup_between (none, "{", ",\"waited\":");
  g_assert_cmpstr (rest_of_none, ==,
                   "\"status\":\"error\",\"message\":\"no worker can take “m” now: 1 full, "
                   "1 starting, 1 stopping\",\"reason\":\"none_fit\"");
  g_assert_nonnull (strstr (none->body, "{\"id\":\"b\",\"verdict\":\"full\","
                                        "\"detail\":\"4 of 4 slots\"}"));
  g_assert_nonnull (strstr (none->body, "\"counts\":{\"fit\":0,\"full\":1,"));
}

static void
test_unknown (Fixture *f, gconstpointer data)
{
  g_autoptr (HttpAnswer) answer = NULL;
  g_autofree char *message = NULL;

  beat (f->port, "a", "ready", 4, 1);
  answer = place (f->port, "{'model':'n','wait':60}");
  g_assert_cmpuint (answer->status, ==, 404);
  message = http_answer_dup_member (answer, "message");
  g_assert_cmpstr (message, ==, "no worker has the model “n”; there are: “m”");
}

static void
test_bad_input (Fixture *f, gconstpointer data)
{
  static const struct
  {
    const char *json;
    guint status;
    const char *message;
  } rows[] = {
    { "", 400, NULL },
    { "[]", 422, "a placement must be a JSON object" },
    { "{", 400, NULL },
    { "{}", 422, "model must be a string: the id of the model" },
    { "{'model':1}", 422, "model must be a string: the id of the model" },
    { "{'model':'m','wait':-1}", 422, "wait must be a number of seconds from 0 to 60" },
    { "{'model':'m','wait':60.001}", 422, "wait must be a number of seconds from 0 to 60" },
    { "{'model':'m','wait':1e999}", 422, "wait must be a number of seconds from 0 to 60" },
    { "{'model':'m','wait':'1'}", 422, "wait must be a number of seconds from 0 to 60" },
    { "{'model':'m','reserve':31}", 422, "reserve must be a number of seconds from 0 to 30" },
    { "{'model':'m','reserve':true}", 422, "reserve must be a number of seconds from 0 to 30" },
    { "{'model':'m','affinity':{}}", 422, "affinity must be a string of 16384 bytes at the most" },
    { "{'model':'m','model':'m'}", 400, NULL },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (HttpAnswer) answer = place (f->port, rows[i].json);
      g_autofree char *message = http_answer_dup_member (answer, "message");

      g_test_message ("%s: %s", rows[i].json, message);
      g_assert_cmpuint (answer->status, ==, rows[i].status);
      if (rows[i].message)
        g_assert_cmpstr (message, ==, rows[i].message);
    }
}

static void
test_bad_requests (Fixture *f, gconstpointer data)
{
  static const struct
  {
    const char *request;
    guint status;
  } rows[] = {
    { "GET /v1/placements HTTP/1.1\r\n" HOST "\r\n", 405 },
    { "POST /v1/placements?x=1 HTTP/1.1\r\n" HOST
      "Content-Type: application/json\r\nContent-Length: 13\r\n\r\n{\"model\":\"m\"}",
      400 },
    { "POST /v1/placements HTTP/1.1\r\n" HOST
      "Content-Type: text/plain\r\nContent-Length: 13\r\n\r\n{\"model\":\"m\"}",
      415 },
    { "POST /v1/placements HTTP/1.1\r\n" HOST "Content-Encoding: gzip\r\n"
      "Content-Type: application/json\r\nContent-Length: 13\r\n\r\n{\"model\":\"m\"}",
      415 },
    { "POST /v1/placements HTTP/1.1\r\n" HOST "Content-Type: application/json\r\n\r\n", 411 },
    { "DELETE /v1/placements/none HTTP/1.1\r\n" HOST "\r\n", 404 },
    { "DELETE /v1/placements/%ff HTTP/1.1\r\n" HOST "\r\n", 400 },
    { "DELETE /v1/placements/ HTTP/1.1\r\n" HOST "\r\n", 404 },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (HttpAnswer) answer = http_exchange (f->port, rows[i].request, -1);

      g_assert_cmpuint (answer->status, ==, rows[i].status);
    }
}

/* Waiting */

static void
test_wake (Fixture *f, gconstpointer data)
{
  g_autoptr (HttpAnswer) first = NULL, by_release = NULL, by_beat = NULL, released = NULL,
                         again = NULL;
  g_autofree char *reservation = NULL;
  int fd;

  beat (f->port, "a", "ready", 1, 0);
  first = place (f->port, "{'model':'m','reserve':30}");
  assert_worker (first, "a");
  reservation = dup_between (first, "\"reservation\":\"", "\"");
  fd = begin_to_wait (f, "{'model':'m','wait':60,'reserve':30}", 1);
  released = give_back (f->port, reservation);
  g_assert_cmpuint (released->status, ==, 200);
  by_release = http_read_answer (fd);
  assert_worker (by_release, "a");
  again = give_back (f->port, reservation);
  g_assert_cmpuint (again->status, ==, 404);

  fd = begin_to_wait (f, "{'model':'m','wait':60,'reserve':0}", 1);
  beat (f->port, "b", "ready", 1, 0);
  by_beat = http_read_answer (fd);
  assert_worker (by_beat, "b");
  g_assert_nonnull (strstr (by_beat->body, "\"reservation\":null"));
}

static void
test_patience (Fixture *f, gconstpointer data)
{
  g_autoptr (HttpAnswer) answer = NULL;

  beat (f->port, "a", "ready", 1, 1);
  answer = place (f->port, "{'model':'m','wait':0.05}");
  g_assert_cmpuint (answer->status, ==, 503);
  assert_waiting (f, 0);
}

/* Who goes, or only closes its side, waits no longer, at once. */
static void
test_gone (Fixture *f, gconstpointer data)
{
  int hung_up, half_closed, stays;
  g_autoptr (HttpAnswer) answer = NULL;

  beat (f->port, "a", "ready", 1, 1);
  hung_up = begin_to_wait (f, "{'model':'m','wait':60}", 1);
  half_closed = begin_to_wait (f, "{'model':'m','wait':60}", 2);
  stays = begin_to_wait (f, "{'model':'m','wait':60}", 3);
  close (hung_up);
  assert_waiting (f, 2);
  shutdown (half_closed, SHUT_WR);
  assert_waiting (f, 1);
  beat (f->port, "a", "ready", 1, 0);
  answer = http_read_answer (stays);
  assert_worker (answer, "a");
  close (half_closed);
}

/* Who waits is told no, and so it ends as fast as ever. */
static void
test_end (Fixture *f, gconstpointer data)
{
  g_autoptr (HttpAnswer) answer = NULL;
  int fd;

  beat (f->port, "a", "ready", 1, 1);
  fd = begin_to_wait (f, "{'model':'m','wait':60}", 1);
  queen_process_signal (f->queen, SIGTERM);
  answer = http_read_answer (fd);
  g_assert_cmpuint (answer->status, ==, 503);
  g_assert_nonnull (http_answer_get_header (answer, "retry-after"));
  g_assert_cmpint (queen_process_wait_exit (f->queen), ==, 0);
}

/* A thousand wait for one slot, and each gets it. */
static void
test_thousand (Fixture *f, gconstpointer data)
{
  guint n = MIN (queen_test_scale (1000), 1000);
  g_autofree int *fds = g_new (int, n);
  g_autofree char *request = make_request ("{'model':'m','wait':60,'reserve':0.001}");

  beat (f->port, "a", "ready", 1, 1);
  for (guint i = 0; i < n; i++)
    {
      fds[i] = http_connect (f->port);
      g_assert_true (http_send (fds[i], request, -1));
    }
  assert_waiting (f, n);
  beat (f->port, "a", "ready", 1, 0);
  for (guint i = 0; i < n; i++)
    {
      g_autoptr (HttpAnswer) answer = http_read_answer (fds[i]);

      assert_worker (answer, "a");
    }
  assert_waiting (f, 0);
}

/* Who may */

static guint
ask_with_token (guint16 port, const char *token)
{
  g_autofree char *request =
      g_strdup_printf ("POST /v1/placements HTTP/1.1\r\n" HOST "Authorization: Bearer %s\r\n"
                       "Content-Type: application/json\r\nContent-Length: 13\r\n\r\n"
                       "{\"model\":\"m\"}",
                       token);
  g_autoptr (HttpAnswer) answer = http_exchange (port, request, -1);

  return answer->status;
}

static void
test_scope (void)
{
  g_autofree char *path = g_strdup_printf ("%s/placements-%d", g_get_tmp_dir (), getpid ());
  g_autofree char *option = g_strconcat ("--token-file=", path, NULL);
  g_autoptr (QueenProcess) queen = NULL;

  g_assert_true (g_file_set_contents_full (path,
                                           "worker:beats-and-reads-only:beat,read\n"
                                           "client:asks-for-a-worker:jobs\n",
                                           -1, G_FILE_SET_CONTENTS_NONE, 0600, NULL));
  queen = queen_process_start (option, NULL);
  g_assert_cmpuint (ask_with_token (queen_process_get_port (queen), "nobody-knows-this-one"), ==,
                    401);
  g_assert_cmpuint (ask_with_token (queen_process_get_port (queen), "beats-and-reads-only"), ==,
                    403);
  g_assert_cmpuint (ask_with_token (queen_process_get_port (queen), "asks-for-a-worker"), ==, 404);
  g_unlink (path);
}

/* Returns: a request of whoever has the token @name */
static char *
make_request_by (const char *name, const char *path, const char *json)
{
  return g_strdup_printf ("POST %s HTTP/1.1\r\n" HOST "Authorization: Bearer the-token-of-%s\r\n"
                          "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
                          path, name, strlen (json), json);
}

static int
begin_by (guint16 port, const char *name, const char *path, const char *json)
{
  g_autofree char *request = make_request_by (name, path, json);
  int fd = http_connect (port);

  g_assert_true (http_send (fd, request, -1));
  return fd;
}

static void
send_beat_by_token (guint16 port, const char *json)
{
  g_autofree char *request = make_request_by ("worker", "/v1/worker-heartbeat", json);
  g_autoptr (HttpAnswer) answer = http_exchange (port, request, -1);

  g_assert_cmpuint (answer->status, ==, 200);
}

static void
beat_by_token (guint16 port, const char *status)
{
  g_autofree char *json =
      g_strdup_printf ("{\"worker\":{\"id\":\"w\",\"status\":\"%s\",\"model_id\":\"m\"}}", status);

  send_beat_by_token (port, json);
}

static void
beat_slot_by_token (guint16 port, const char *id)
{
  g_autofree char *json =
      g_strdup_printf ("{\"worker\":{\"id\":\"%s\",\"status\":\"ready\",\"model_id\":\"m\","
                       "\"slots\":1,\"running\":0}}",
                       id);

  send_beat_by_token (port, json);
}

/* Four who reserve all that there is and never come do not keep it from those who would. */
static void
test_unused_by_token (void)
{
  static const char *const greedy[] = { "greedy-0", "greedy-1", "greedy-2", "greedy-3" };
  g_autofree char *path = g_strdup_printf ("%s/placements-unused-%d", g_get_tmp_dir (), getpid ());
  g_autofree char *option = g_strconcat ("--token-file=", path, NULL);
  g_autoptr (QueenProcess) queen = NULL;
  g_autoptr (HttpAnswer) honest = NULL;
  guint16 port;

  g_assert_true (g_file_set_contents_full (path,
                                           "worker:the-token-of-worker:beat\n"
                                           "bob:the-token-of-bob:jobs\n"
                                           "greedy-0:the-token-of-greedy-0:jobs\n"
                                           "greedy-1:the-token-of-greedy-1:jobs\n"
                                           "greedy-2:the-token-of-greedy-2:jobs\n"
                                           "greedy-3:the-token-of-greedy-3:jobs\n",
                                           -1, G_FILE_SET_CONTENTS_NONE, 0600, NULL));
  queen = queen_process_start (option, "--heartbeat-interval=1h", NULL);
  port = queen_process_get_port (queen);
  for (gsize i = 0; i < G_N_ELEMENTS (greedy); i++)
    {
      g_autofree char *id = g_strdup_printf ("w%zu", i);

      beat_slot_by_token (port, id);
    }
  for (gsize i = 0; i < G_N_ELEMENTS (greedy); i++)
    {
      g_autoptr (HttpAnswer) lent = http_read_answer (
          begin_by (port, greedy[i], "/v1/placements", "{\"model\":\"m\",\"reserve\":30}"));

      g_assert_cmpuint (lent->status, ==, 200);
    }
  honest =
      http_read_answer (begin_by (port, "bob", "/v1/placements", "{\"model\":\"m\",\"wait\":20}"));
  g_assert_cmpuint (honest->status, ==, 200);
  g_unlink (path);
}

/* Whoever was let in by it waits no longer, and gets no worker: of neither face. */
static void
test_revoked (void)
{
  static const char *const others = "worker:the-token-of-worker:beat\nb:the-token-of-bob:jobs\n";
  g_autofree char *path = g_strdup_printf ("%s/placements-%d", g_get_tmp_dir (), getpid ());
  g_autofree char *option = g_strconcat ("--token-file=", path, NULL);
  g_autofree char *all = g_strconcat (others, "a:the-token-of-ann:jobs\n", NULL);
  g_autoptr (QueenProcess) queen = NULL;
  g_autoptr (HttpAnswer) of_placement = NULL, of_question = NULL, of_bob = NULL;
  g_autofree char *message = NULL;
  int placement, question, bob;
  guint16 port;

  g_assert_true (g_file_set_contents (path, all, -1, NULL));
  queen = queen_process_start (option, "--heartbeat-interval=1h", NULL);
  port = queen_process_get_port (queen);
  beat_by_token (port, "starting");
  placement = begin_by (port, "ann", "/v1/placements", "{\"model\":\"m\",\"wait\":60}");
  question = begin_by (port, "ann", "/v1/chat/completions", "{\"model\":\"m\",\"stream\":true}");
  bob = begin_by (port, "bob", "/v1/placements", "{\"model\":\"m\",\"wait\":60}");
  queen_test_wait_until (http_read_metric (port, "queen_placements_waiting") == 3);

  g_assert_true (g_file_set_contents (path, others, -1, NULL));
  queen_process_signal (queen, SIGHUP);
  of_placement = http_read_answer (placement);
  g_assert_cmpuint (of_placement->status, ==, 401);
  message = http_answer_dup_member (of_placement, "message");
  g_assert_cmpstr (message, ==, "the token was taken away meanwhile");
  of_question = http_read_answer (question);
  g_assert_cmpuint (of_question->status, ==, 401);
  queen_test_wait_until (http_read_metric (port, "queen_placements_waiting") == 1);
  beat_by_token (port, "ready");
  of_bob = http_read_answer (bob);
  g_assert_cmpuint (of_bob->status, ==, 200);
  g_unlink (path);
}

/* Metrics */

static void
test_metrics (Fixture *f, gconstpointer data)
{
  g_autoptr (HttpAnswer) placed = NULL, none = NULL;

  beat (f->port, "a", "ready", 1, 0);
  placed = place (f->port, "{'model':'m','reserve':30}");
  none = place (f->port, "{'model':'m','wait':0.01}");
  g_assert_cmpuint (http_read_metric (f->port, "queen_placements_total{outcome=\"least_loaded\"}"),
                    ==, 1);
  g_assert_cmpuint (http_read_metric (f->port, "queen_placements_total{outcome=\"share\"}"), ==, 0);
  g_assert_cmpuint (http_read_metric (f->port, "queen_placements_total{outcome=\"none_fit\"}"), ==,
                    1);
  g_assert_cmpuint (http_read_metric (f->port, "queen_reservations"), ==, 1);
  g_assert_cmpuint (http_read_metric (f->port, "queen_ejected_workers"), ==, 0);
  g_assert_cmpuint (http_read_metric (f->port, "queen_placement_wait_seconds_count"), ==, 0);
}

/* On the bus */

typedef struct
{
  BusDaemon *bus;
  QueenProcess *queen;
  guint16 port;
  BusClient *client;
} BusFixture;

static void
set_up_bus (BusFixture *f, gconstpointer data)
{
  f->bus = bus_daemon_new_for_session ();
  f->queen = queen_process_start ("--bus=session", "--heartbeat-interval=1h", NULL);
  f->port = queen_process_get_port (f->queen);
  f->client = bus_client_new (bus_daemon_get_address (f->bus));
  bus_client_wait_for_queen (f->client, TRUE);
}

static void
tear_down_bus (BusFixture *f, gconstpointer data)
{
  queen_process_stop (f->queen);
  bus_client_free (f->client);
  bus_daemon_free (f->bus);
}

static void
assert_member (GVariant *placement, const char *name, const char *expected)
{
  g_autoptr (GVariant) value = g_variant_lookup_value (placement, name, NULL);
  g_autofree char *text = value ? g_variant_print (value, FALSE) : NULL;

  g_assert_cmpstr (text, ==, expected);
}

/* Once; then there is a place again. */
static void
give_back_on_bus (BusFixture *f, const char *reservation)
{
  g_autofree char *call = g_strdup_printf ("('%s',)", reservation);
  g_autofree char *message =
      g_strdup_printf ("there is no reservation “%s”; it may have ended by itself", reservation);

  g_variant_unref (bus_client_ask (f->client, "ReleasePlacement", call));
  bus_client_fail (f->client, "ReleasePlacement", call, "NotFound", message);
  g_variant_unref (bus_client_ask (f->client, "Place", "({'model': <'m'>, 'reserve': <30>},)"));
}

static void
test_bus (BusFixture *f, gconstpointer data)
{
  g_autoptr (GVariant) answer = NULL, placement = NULL;
  const char *reservation;

  beat (f->port, "a", "ready", 1, 0);
  beat (f->port, "b", "starting", 1, 0);
  answer = bus_client_ask (f->client, "Place", "({'model': <'m'>, 'wait': <1>},)");
  placement = g_variant_get_child_value (answer, 0);
  assert_member (placement, "worker", "'/dev/rbee/Queen1/workers/a'");
  assert_member (placement, "url", "'http://10.1.2.3:8080'");
  assert_member (placement, "reason", "'least_loaded'");
  assert_member (placement, "waited", "0.0");
  assert_member (placement, "considered", "[('a', 'fit', '1 of 1 slots'), ('b', 'starting', '')]");
  g_assert_true (g_variant_lookup (placement, "reservation", "&s", &reservation));
  g_assert_cmpuint (strlen (reservation), ==, 36);

  bus_client_fail (f->client, "Place", "({'model': <'m'>},)", "Unavailable",
                   "no worker can take “m” now: 1 full, 1 starting");
  give_back_on_bus (f, reservation);
  bus_client_fail (f->client, "Place", "({'model': <'n'>},)", "NotFound",
                   "no worker has the model “n”; there are: “m”");
  bus_client_fail (f->client, "Place", "(@a{sv} {},)", "InvalidArgument",
                   "model must be a string: the id of the model");
  bus_client_fail (f->client, "Place", "({'model': <'m'>, 'wait': <61>},)", "InvalidArgument",
                   "wait must be a number of seconds from 0 to 60");
  bus_client_fail (f->client, "Place", "({'model': <'m'>, 'wait': <'1'>},)", "InvalidArgument",
                   "wait must be a number of seconds from 0 to 60");
  bus_client_fail (f->client, "Place", "({'model': <'m'>, 'reserve': <-1.0>},)", "InvalidArgument",
                   "reserve must be a number of seconds from 0 to 30");
  bus_client_fail (f->client, "Place", "({'model': <'m'>, 'affinity': <1>},)", "InvalidArgument",
                   "affinity must be a string");
}

static void
on_answered (GObject *source, GAsyncResult *result, gpointer answer)
{
  g_autoptr (GError) error = NULL;

  *(GVariant **) answer =
      g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &error);
  g_assert_no_error (error);
}

static void
on_lost (GObject *source, GAsyncResult *result, gpointer is_lost)
{
  g_autoptr (GVariant) answer =
      g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, NULL);

  g_assert_null (answer);
  *(gboolean *) is_lost = TRUE;
}

static void
call_place (BusClient *client, GAsyncReadyCallback func, gpointer data)
{
  g_dbus_connection_call (bus_client_get_connection (client), QUEEN_NAME, QUEEN_PATH, QUEEN_NAME,
                          "Place", g_variant_new_parsed ("({'model': <'m'>, 'wait': <60>},)"), NULL,
                          G_DBUS_CALL_FLAGS_NONE, -1, NULL, func, data);
}

/* One who leaves the bus waits no longer; the other gets it when there is something. */
static void
test_bus_waits (BusFixture *f, gconstpointer data)
{
  BusClient *leaver = bus_client_new (bus_daemon_get_address (f->bus));
  gboolean is_lost = FALSE;
  g_autoptr (GVariant) answer = NULL;

  beat (f->port, "a", "ready", 1, 1);
  call_place (leaver, on_lost, &is_lost);
  queen_test_wait_until (http_read_metric (f->port, "queen_placements_waiting") == 1);
  call_place (f->client, on_answered, &answer);
  queen_test_wait_until (http_read_metric (f->port, "queen_placements_waiting") == 2);
  g_dbus_connection_close_sync (bus_client_get_connection (leaver), NULL, NULL);
  queen_test_wait_until (http_read_metric (f->port, "queen_placements_waiting") == 1);
  while (!is_lost)
    g_main_context_iteration (NULL, TRUE);
  beat (f->port, "a", "ready", 1, 0);
  while (!answer)
    g_main_context_iteration (NULL, TRUE);
  bus_client_free (leaver);
}

#define add(path, function)                                                                        \
  g_test_add ("/placements/" path, Fixture, NULL, set_up, function, tear_down)
#define add_bus(path, function)                                                                    \
  g_test_add ("/placements/bus/" path, BusFixture, NULL, set_up_bus, function, tear_down_bus)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  add ("answer/the-worker-and-all-that-were-considered", test_answer);
  add ("answer/an-unknown-model-names-those-that-exist", test_unknown);
  add ("bad-input/names-the-member", test_bad_input);
  add ("bad-input/requests-that-are-none", test_bad_requests);
  add ("wait/until-it-is-given-back-or-reported", test_wake);
  add ("wait/until-its-patience-is-over", test_patience);
  add ("wait/who-is-gone-does-not-wait", test_gone);
  add ("wait/ends-with-the-queen", test_end);
  add ("wait/a-thousand-for-one-slot", test_thousand);
  g_test_add_func ("/placements/token/with-the-scope-for-jobs", test_scope);
  g_test_add_func ("/placements/token/who-reserves-all-keeps-nobody-waiting", test_unused_by_token);
  g_test_add_func ("/placements/token/taken-away-ends-the-wait", test_revoked);
  add ("metrics/sums", test_metrics);
  add_bus ("place/answers-and-errors", test_bus);
  add_bus ("wait/until-there-is-one-or-its-caller-leaves", test_bus_waits);

  return g_test_run ();
}
