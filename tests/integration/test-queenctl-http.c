/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* queenctl over HTTP: every command, from this machine and from others. */

#include <signal.h>
#include <string.h>

#include "bus-client.h"
#include "bus-daemon.h"
#include "http-client.h"
#include "queenctl-runner.h"

/* A queen who is on a bus and at an address, so that both ways to her can be compared. */
typedef struct
{
  BusDaemon *bus;
  BusClient *client;
  QueenProcess *queen;
  char *url;
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  f->bus = bus_daemon_new_for_session ();
  f->client = bus_client_new (bus_daemon_get_address (f->bus));
  f->queen = queen_process_start ("--bus=session", data ? data : "--heartbeat-interval=1h", NULL);
  bus_client_wait_for_queen (f->client, TRUE);
  f->url = g_strdup_printf ("http://localhost:%u", queen_process_get_port (f->queen));
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  g_free (f->url);
  g_clear_pointer (&f->queen, queen_process_stop);
  bus_client_free (f->client);
  bus_daemon_free (f->bus);
}

static char *
over_http (Fixture *f, const char *line)
{
  return g_strdup_printf ("QUEEN_RBEE_URL=%s %s", f->url, line);
}

static char *
ask_over_http (Fixture *f, const char *line)
{
  g_autofree char *whole = over_http (f, line);

  return ctl_ask (whole);
}

static void
expect_over_http (Fixture *f, const char *line, const char *said)
{
  g_autofree char *whole = over_http (f, line);

  ctl_expect_exactly (whole, said);
}

static void
populate (Fixture *f)
{
  g_free (ask_over_http (f, "report worker w-10 busy --model=m/m --hive=h --port=9310"));
  g_free (
      ask_over_http (f, "report worker 'w 2/ü%' ready --model=m/m --hostname=10.0.0.2 --port=2"));
  g_free (ask_over_http (f, "report hive h ready --hostname=fe80::1 --port=9200 "
                            "--health=degraded --reason='disk nearly full'"));
}

/* Both ways to her */

static char *
replace (const char *text, const char *pattern, const char *replacement)
{
  g_autoptr (GRegex) regex = g_regex_new (pattern, 0, 0, NULL);

  return g_regex_replace (regex, text, -1, 0, replacement, 0, NULL);
}

/* Between two questions time goes on. */
static char *
cut_ago (const char *text)
{
  return replace (text, "(just now|\\d+ s ago) *", "then");
}

static void
expect_same (Fixture *f, const char *line)
{
  g_autofree char *bus = ctl_ask (line);
  g_autofree char *http = ask_over_http (f, line);
  g_autofree char *bus_cut = cut_ago (bus);
  g_autofree char *http_cut = cut_ago (http);

  g_test_message ("queenctl %s", line);
  g_assert_cmpstr (bus_cut, ==, http_cut);
}

/* One whose clock is off, which is told, too. */
static void
report_late (Fixture *f)
{
  g_autoptr (HttpAnswer) answer =
      http_post (queen_process_get_port (f->queen), "/v1/worker-heartbeat",
                 "{\"worker\":{\"id\":\"late\",\"status\":\"ready\",\"model_id\":\"\"},"
                 "\"timestamp\":\"2025-10-24T20:11:01Z\"}");

  g_assert_cmpuint (answer->status, ==, 200);
}

/* Who say all that they can of how they are doing, zeros among it. */
static void
report_vitals (Fixture *f)
{
  static const char *const reports[][2] = {
    { "/v1/worker-heartbeat",
      "{\"worker\":{\"id\":\"full\",\"status\":\"busy\",\"url\":\"http://h:1/"
      "v1\",\"api\":\"ollama\","
      "\"models\":[\"a\",\"b \\\"c\\\"\"],\"slots\":4,\"running\":0,\"waiting\":0,\"kv_usage\":0.1,"
      "\"tokens_per_second\":0,\"progress\":0,\"loaded_at\":\"2025-10-24T20:11:01.5Z\","
      "\"busy_source\":\"gpu\",\"exit_status\":0,\"next_beat_within\":3600,"
      "\"health_status\":{\"status\":\"degraded\",\"reason\":\"slow\"}}}" },
    { "/v1/hive-heartbeat",
      "{\"hive\":{\"id\":\"machine\",\"status\":\"ready\",\"cpu\":0,\"memory_used\":0,"
      "\"memory_total\":64000000000,\"gpus\":[{\"index\":0,\"name\":\"H100\",\"busy\":0.93,"
      "\"memory_used\":0,\"temperature\":-1},{},{\"uuid\":\"GPU-1\",\"power\":280.5,\"age\":0}]}"
      "}" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (reports); i++)
    {
      g_autoptr (HttpAnswer) answer =
          http_post (queen_process_get_port (f->queen), reports[i][0], reports[i][1]);

      g_assert_cmpuint (answer->status, ==, 200);
    }
}

/* D3, D6: JSON byte by byte. */
static void
test_same (Fixture *f, gconstpointer data)
{
  static const char *const lines[] = {
    "list --json",
    "list workers --json",
    "list hives --json",
    "list -o name",
    "list -o wide",
    "list --ids --json",
    "list --json --sort=last-seen",
    "list --json --state=busy",
    "show h --json",
    "show h",
    "show 'w 2/ü%'",
    "find m/m",
    "find m/m --json",
    "show h 'w 2/ü%' late --json",
    "show late --json",
    "show full --json",
    "show full",
    "show machine --json",
    "show machine",
    "list --model='b \"c\"'",
    "wait 'w 2/ü%'",
    "list --state=busy",
    "list --model=m/m",
    "wait --model=m/m --json",
    "report hive i busy --json",
    "report hive i busy",
  };

  populate (f);
  report_late (f);
  report_vitals (f);
  for (gsize i = 0; i < G_N_ELEMENTS (lines); i++)
    expect_same (f, lines[i]);
}

/* Only where she is reached is another matter. */
static char *
ask_status (Fixture *f, gboolean is_over_http)
{
  g_autofree char *said = is_over_http ? ask_over_http (f, "--json") : ctl_ask ("--json");

  return replace (said, "\"addresses\":.*,\"started_at\"", "\"started_at\"");
}

/* D6: byte by byte, her own times, and those of who needs attention. */
static void
test_same_status (Fixture *f, gconstpointer data)
{
  g_autofree char *bus = NULL;
  g_autofree char *http = NULL;

  populate (f);
  bus = ask_status (f, FALSE);
  http = ask_status (f, TRUE);
  g_assert_nonnull (strstr (bus, "\"started_at\":"));
  g_assert_nonnull (strstr (bus, "disk nearly full"));
  g_assert_cmpstr (bus, ==, http);
}

/* D6: byte by byte what she answers herself. */
static void
test_answers (Fixture *f, gconstpointer data)
{
  static const struct
  {
    const char *line;
    const char *path;
  } rows[] = {
    { "list workers --json", "/v1/workers" },   { "list hives --json", "/v1/hives" },
    { "show w-10 --json", "/v1/workers/w-10" }, { "show h --json", "/v1/hives/h" },
    { "show late --json", "/v1/workers/late" },
  };

  report_late (f);
  populate (f);
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *said = ask_over_http (f, rows[i].line);
      g_autoptr (HttpAnswer) answer = http_get (queen_process_get_port (f->queen), rows[i].path);
      g_autoptr (JsonNode) ours = json_from_string (said, NULL);
      g_autoptr (JsonNode) hers = json_from_string (answer->body, NULL);

      g_assert_cmpint (json_node_get_node_type (hers), ==, JSON_NODE_OBJECT);
      if (g_str_has_prefix (rows[i].line, "show"))
        g_assert_cmpstr (g_strchomp (said), ==, g_strchomp (answer->body));
      g_assert_cmpint (json_object_get_size (json_node_get_object (ours)), ==,
                       json_object_get_size (json_node_get_object (hers)));
    }
}

static void
refuse_over_http (Fixture *f, const char *line, int code, const char *said)
{
  g_autofree char *whole = over_http (f, line);

  ctl_refuse (whole, code, said);
}

/* D11: what it means is the same, whichever way it was said. */
static void
test_refusals (Fixture *f, gconstpointer data)
{
  static const struct
  {
    const char *line;
    const char *said;
  } rows[] = {
    { "show nobody", "There is neither a worker nor a hive “nobody”" },
    { "forget nobody", "There is neither a worker nor a hive “nobody”" },
    { "find nothing", "No worker with the model “nothing” is available." },
    { "report worker '\342\200\213' ready",
      "The queen does not take this heartbeat: worker.id: must be 1 to 128 bytes" },
    { "wait w --for=offline", "There is neither a worker nor a hive “w”" },
    { "wait w --timeout=0", "“w” was not available in time" },
    { "wait w --timeout=10ms", "“w” was not available in time" },
    { "wait --model=m --for=busy --timeout=10ms", "No worker with the model “m” was busy in time" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      ctl_refuse (rows[i].line, 1, rows[i].said);
      refuse_over_http (f, rows[i].line, 1, rows[i].said);
    }
}

/* D4: of several each that can be, and a line of each of the others; the same over both ways. */
static void
test_some (Fixture *f, gconstpointer data)
{
  static const struct
  {
    const char *line;
    const char *out;
    const char *err;
  } rows[] = {
    { "forget nobody w-10 no-one 'w 2/ü%'", "Forgot w-10.\nForgot w 2/ü%.\n",
      "queenctl: There is neither a worker nor a hive “nobody”\n"
      "queenctl: There is neither a worker nor a hive “no-one”\n" },
    { "forget --kind=hive --json w-10 h", "{\"status\":\"ok\",\"message\":\"Forgot hive h\"}\n",
      "queenctl: There is no hive “w-10”\n" },
    { "forget both w-10", "Forgot w-10.\n",
      "queenctl: There are both a worker and a hive “both”: say --kind=worker or --kind=hive\n" },
    { "show nobody -j w-10 no-one", NULL,
      "queenctl: There is neither a worker nor a hive “nobody”\n"
      "queenctl: There is neither a worker nor a hive “no-one”\n" },
  };

  for (gsize i = 0; i < 2 * G_N_ELEMENTS (rows); i++)
    {
      const char *line = rows[i / 2].line;
      g_autofree char *whole = i % 2 == 0 ? g_strdup (line) : over_http (f, line);
      g_autofree char *out = NULL;
      g_autofree char *err = NULL;

      populate (f);
      g_free (ask_over_http (f, "report worker both ready"));
      g_free (ask_over_http (f, "report hive both ready"));
      g_assert_cmpint (ctl_run (whole, &out, &err), ==, 1);
      if (rows[i / 2].out)
        g_assert_cmpstr (out, ==, rows[i / 2].out);
      else
        g_assert_nonnull (strstr (out, "\"id\":\"w-10\""));
      g_assert_cmpstr (err, ==, rows[i / 2].err);
    }
}

/* Whoever is gone answers of nobody, and that is said once. */
static void
test_nobody_left (Fixture *f, gconstpointer data)
{
  g_autofree char *whole = over_http (f, "forget a b c");
  g_autofree char *out = NULL;
  g_autofree char *err = NULL;

  queen_process_stop (g_steal_pointer (&f->queen));
  g_assert_cmpint (ctl_run (whole, &out, &err), ==, 3);
  g_assert_cmpstr (out, ==, "");
  g_assert_true (g_str_has_prefix (err, "queenctl: No answer at "));
  g_assert_cmpuint (strcspn (err, "\n"), ==, strlen (err) - 1);
}

static void
test_forget (Fixture *f, gconstpointer data)
{
  populate (f);
  g_free (ask_over_http (f, "report worker gone stopped"));
  expect_over_http (f, "forget --offline", "Forgot gone.\n");
  expect_over_http (f, "forget --offline", "Nobody is offline.\n");
  expect_over_http (f, "forget w-10 h --json",
                    "{\"status\":\"ok\",\"message\":\"Forgot worker w-10\"}\n"
                    "{\"status\":\"ok\",\"message\":\"Forgot hive h\"}\n");
  expect_over_http (f, "list -o name", "w 2/ü%\n");
}

/* More than one page. */
static void
test_pages (Fixture *f, gconstpointer data)
{
  g_autoptr (GString) all = g_string_new (NULL);
  g_autofree char *ids = NULL;
  guint count = queen_test_is_wrapped () ? 10 : 5001;

  for (guint i = 0; i < count; i++)
    {
      g_autofree char *heartbeat = g_strdup_printf ("({'id': <'w%u'>, 'status': <'ready'>},)", i);

      g_variant_unref (bus_client_ask (f->client, "ReportWorker", heartbeat));
      g_string_append_printf (all, "w%u\n", i);
    }
  ids = ask_over_http (f, "list -o name");
  g_assert_cmpstr (ids, ==, all->str);
}

static void
test_deadline (Fixture *f, gconstpointer data)
{
  g_autofree char *said = g_strdup_printf ("No answer at %s in time.", f->url); /* D3 */

  queen_process_signal (f->queen, SIGSTOP);
  refuse_over_http (f, "show w", 3, said);
  refuse_over_http (f, "watch", 3, said);
  queen_process_signal (f->queen, SIGCONT);
  g_free (ask_over_http (f, "status"));
}

/* Watching and waiting */

static void
test_watch (Fixture *f, gconstpointer data)
{
  g_autofree char *line = over_http (f, "watch");
  g_autofree char *json_line = over_http (f, "watch --json");
  g_autofree char *port = g_strdup_printf ("--port=%u", queen_process_get_port (f->queen));
  CtlWatch watch;
  CtlWatch json;

  ctl_watch_start (&watch, line, G_SUBPROCESS_FLAGS_NONE);
  ctl_watch_await_first (&watch, "worker w");
  ctl_watch_start (&json, json_line, G_SUBPROCESS_FLAGS_STDERR_SILENCE);
  ctl_watch_await_first (&json, "worker w");
  g_free (ctl_ask ("report worker w starting"));
  g_free (ctl_watch_await (&watch, " → starting"));
  g_free (
      ctl_watch_await (&json, "{\"type\":\"worker\",\"worker_id\":\"w\",\"status\":\"Starting\""));

  queen_process_stop (g_steal_pointer (&f->queen));
  g_free (ctl_watch_await (&watch, "The queen has gone."));
  f->queen = queen_process_start (port, "--bus=session", "--heartbeat-interval=1h", NULL);
  g_free (ctl_watch_await (&watch, "The queen is back."));
  g_free (ctl_watch_await (&watch, "Events were lost on the way"));
  g_free (ctl_watch_await (&json, "{\"type\":\"lagged\",\"dropped\":null}"));
  bus_client_wait_for_queen (f->client, TRUE);
  g_free (ctl_ask ("report worker w stopping"));
  g_free (ctl_watch_await (&watch, "starting → stopping"));
  g_free (ctl_watch_await (&json, "Stopping"));
  ctl_watch_stop (&watch);
  ctl_watch_stop (&json);
}

/* D6: each event byte by byte, whichever way it came. */
static void
test_same_watch (Fixture *f, gconstpointer data)
{
  static const char *const reports[][2] = {
    { "report worker w starting --model='ü \"m\"'", "\"status\":\"Starting\"" },
    { "report hive h ready --health=degraded --reason=hot", "\"hive_id\":\"h\"" },
    { "forget w", "\"status\":\"Offline\"" },
  };
  g_autofree char *line = over_http (f, "watch --json");
  CtlWatch http;
  CtlWatch bus;

  ctl_watch_start (&http, line, G_SUBPROCESS_FLAGS_NONE);
  ctl_watch_await_first (&http, "worker w");
  ctl_watch_start (&bus, "watch --json", G_SUBPROCESS_FLAGS_NONE);
  ctl_watch_await_first (&bus, "worker w");
  for (gsize i = 0; i < G_N_ELEMENTS (reports); i++)
    {
      g_autofree char *over_bus = NULL;
      g_autofree char *over_http = NULL;

      g_free (ctl_ask (reports[i][0]));
      over_bus = ctl_watch_await (&bus, reports[i][1]);
      over_http = ctl_watch_await (&http, reports[i][1]);
      g_assert_cmpstr (over_bus, ==, over_http);
    }
  ctl_watch_stop (&http);
  ctl_watch_stop (&bus);
}

/* D4: a hive whose health changes is another one, though no event says so; what is as before is no
 * news, but for the reason. */
static void
test_health (Fixture *f, gconstpointer data)
{
  static const struct
  {
    const char *report;
    const char *said; /* (nullable): at the end of the next line */
  } rows[] = {
    { "report hive h ready", "  hive    h  ready" },
    { "report hive h ready --health=degraded --reason=hot",
      "  hive    h  ready → ready, degraded (hot)" },
    { "report hive h ready --health=degraded --reason=hotter", NULL },
    { "report hive h busy --health=degraded", "  hive    h  ready, degraded → busy, degraded" },
    { "report hive h ready --health=unhealthy", "  hive    h  busy, degraded → ready, unhealthy" },
    { "report hive h ready", "  hive    h  ready, unhealthy → ready" },
    { "report hive h stopped --health=degraded", "  hive    h  ready → stopped" },
  };
  const char *const lines[] = { "watch", "watch --json" };

  for (gsize i = 0; i < 2 * G_N_ELEMENTS (lines); i++)
    {
      g_autofree char *line = i % 2 == 0 ? g_strdup (lines[i / 2]) : over_http (f, lines[i / 2]);
      CtlWatch watch;

      ctl_watch_start (&watch, line, G_SUBPROCESS_FLAGS_NONE);
      ctl_watch_await_first (&watch, "worker w");
      for (gsize j = 0; j < G_N_ELEMENTS (rows); j++)
        {
          g_autofree char *event = NULL;

          g_free (ctl_ask (rows[j].report));
          if (!rows[j].said)
            continue;
          event = ctl_watch_await (&watch, i < 2 ? "  hive  " : "\"hive_id\":\"h\"");
          g_test_message ("%s: %s", line, event);
          if (i < 2)
            g_assert_true (g_str_has_suffix (event, rows[j].said));
        }
      ctl_watch_stop (&watch);
      g_free (ctl_ask ("forget h"));
    }
}

/* D6: what the stream has written around it is no part of what the bus tells. */
static void
test_whole_pulse (Fixture *f, gconstpointer data)
{
  g_autofree char *line = over_http (f, "watch --all --json");
  CtlWatch http;
  CtlWatch bus;

  ctl_watch_start (&http, line, G_SUBPROCESS_FLAGS_NONE);
  g_free (ctl_watch_await (&http, "\"queen\""));
  ctl_watch_start (&bus, "watch --all --json", G_SUBPROCESS_FLAGS_NONE);
  for (int i = 0; i < 5; i++)
    {
      g_autofree char *over_bus = ctl_watch_await (&bus, "");

      g_assert_true (g_str_has_prefix (over_bus, "{\"type\":\"queen\","));
      g_assert_true (g_str_has_suffix (over_bus, "+00:00\"}"));
    }
  ctl_watch_stop (&http);
  ctl_watch_stop (&bus);
}

static void
wait_for_subscribers (Fixture *f, guint count)
{
  queen_test_wait_until (
      http_read_metric (queen_process_get_port (f->queen), "queen_subscribers") == count);
}

/* Nothing but the event can wake it within that time. */
static void
test_wait (Fixture *f, gconstpointer data)
{
  static const struct
  {
    const char *line;
    const char *report;
    const char *said;
  } rows[] = {
    { "wait w --timeout=1h", "report worker w ready --model=m", "w  ready" },
    { "wait w --for=busy --timeout=1h", "report worker w busy --model=m", "w  busy" },
    { "wait --model=m --timeout=1h", "report worker v ready --model=m", "v  ready" },
    { "wait v --for=offline --timeout=1h", "forget v", "v  offline" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *line = over_http (f, rows[i].line);
      g_autoptr (GError) error = NULL;
      CtlWatch waiting;

      ctl_watch_start (&waiting, line, G_SUBPROCESS_FLAGS_NONE);
      wait_for_subscribers (f, 1);
      g_free (ctl_ask (rows[i].report));
      g_free (ctl_watch_await (&waiting, rows[i].said));
      g_subprocess_wait_check (waiting.process, NULL, &error);
      g_assert_no_error (error);
      g_object_unref (waiting.lines);
      g_object_unref (waiting.process);
      wait_for_subscribers (f, 0);
    }
}

/* C3 */

static void
test_denied (void)
{
  g_autoptr (BusDaemon) bus = bus_daemon_new ();
  g_autoptr (BusClient) client = NULL;
  g_autoptr (QueenProcess) queen = NULL;
  g_autofree char *line = NULL;

  bus_daemon_deny (bus, "send_interface='dev.rbee.Queen1' send_member='Forget'");
  g_setenv ("DBUS_SESSION_BUS_ADDRESS", bus_daemon_get_address (bus), TRUE);
  bus_daemon_start (bus);
  client = bus_client_new (bus_daemon_get_address (bus));
  queen = queen_process_start ("--bus=session", NULL);
  bus_client_wait_for_queen (client, TRUE);
  g_free (ctl_ask ("report worker w ready"));
  line = g_strdup_printf ("DBUS_SYSTEM_BUS_ADDRESS=%s --bus=system forget w",
                          bus_daemon_get_address (bus));
  ctl_refuse (line, 1,
              "Only root and members of the group queen-rbee may do that. To become one: "
              "“sudo usermod -aG queen-rbee ");
  ctl_refuse ("--bus=session forget w", 1, "The bus does not allow that");
}

#define ADD(name, function)                                                                        \
  g_test_add ("/queenctl-http/" name, Fixture, NULL, set_up, function, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  ADD ("both-ways/the-same-said", test_same);
  ADD ("both-ways/the-same-status", test_same_status);
  ADD ("both-ways/the-same-refusals", test_refusals);
  ADD ("json/as-she-answers-it", test_answers);
  ADD ("forget/several-and-offline", test_forget);
  ADD ("forget/each-that-can-be", test_some);
  ADD ("forget/no-queen-is-said-once", test_nobody_left);
  ADD ("list/more-than-a-page", test_pages);
  ADD ("deadline/she-hangs", test_deadline);
  ADD ("watch/the-same-events", test_same_watch);
  g_test_add ("/queenctl-http/watch/her-own-are-whole-over-the-bus", Fixture,
              "--heartbeat-interval=200ms", set_up, test_whole_pulse, tear_down);
  ADD ("watch/comes-back-and-resumes", test_watch);
  ADD ("watch/a-change-of-health-is-one", test_health);
  ADD ("wait/woken-by-events", test_wait);
  g_test_add_func ("/queenctl-http/denied/who-may-and-how-to-become-one", test_denied);

  return g_test_run ();
}
