/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* queenctl place, and find --wait: the same over the bus and over HTTP. */

#include <string.h>

#include "http-client.h"
#include "queenctl-fixture.h"

/* Returns: @line, as it is asked over HTTP */
static char *
over_http (Fixture *f, const char *line)
{
  return g_strdup_printf ("%s --url=http://127.0.0.1:%d", line, queen_process_get_port (f->queen));
}

/* @lines: for those two ways */
static void
make_both (Fixture *f, const char *line, char *lines[2])
{
  lines[0] = g_strdup (line);
  lines[1] = over_http (f, line);
}

static void
beat (Fixture *f, const char *status, int slots, int running)
{
  g_autofree char *json =
      g_strdup_printf ("{\"worker\":{\"id\":\"w\",\"status\":\"%s\",\"model_id\":\"m\",\"port\":80,"
                       "\"hostname\":\"10.0.0.3\",\"slots\":%d,\"running\":%d}}",
                       status, slots, running);
  g_autoptr (HttpAnswer) answer =
      http_post (queen_process_get_port (f->queen), "/v1/worker-heartbeat", json);

  g_assert_cmpuint (answer->status, ==, 200);
}

static void
refuse_both (Fixture *f, const char *line, int code, const char *said)
{
  char *lines[2];

  make_both (f, line, lines);
  for (int i = 0; i < 2; i++)
    {
      ctl_refuse (lines[i], code, said);
      g_free (lines[i]);
    }
}

static void
test_place (Fixture *f, gconstpointer data)
{
  char *lines[2];

  beat (f, "ready", 8, 0);
  make_both (f, "place --model=m --affinity=x --reserve=30s", lines);
  for (int i = 0; i < 2; i++)
    {
      g_autofree char *said = ctl_ask (lines[i]);

      g_assert_true (g_str_has_prefix (said, "w  http://10.0.0.3:80  "));
      g_assert_cmpuint (strlen (said), ==, strlen ("w  http://10.0.0.3:80  ") + 37);
      g_free (lines[i]);
    }
  ctl_expect_exactly ("place --model=m --reserve=0", "w  http://10.0.0.3:80  -\n");
}

/* Both print what HTTP answers, member by member. */
static void
test_json (Fixture *f, gconstpointer data)
{
  static const char *const members[] = { "worker", "url",        "reservation", "reason",
                                         "waited", "considered", "counts" };
  char *lines[2];

  beat (f, "ready", 8, 0);
  make_both (f, "place --model=m --json", lines);
  for (int i = 0; i < 2; i++)
    {
      g_autoptr (JsonNode) node = ctl_ask_json (lines[i]);
      g_autoptr (GList) names = json_object_get_members (json_node_get_object (node));
      GList *name = names;

      for (gsize j = 0; j < G_N_ELEMENTS (members); j++, name = name->next)
        g_assert_cmpstr (name->data, ==, members[j]);
      g_assert_null (name);
      g_free (lines[i]);
    }
}

static void
test_refused (Fixture *f, gconstpointer data)
{
  beat (f, "ready", 1, 1);
  refuse_both (f, "place --model=m", 1,
               "Nobody takes that now: no worker can take “m” now: 1 full.");
  refuse_both (f, "place --model=m --wait --timeout=10ms", 1, "Nobody takes that now:");
  refuse_both (f, "find m --timeout=10ms", 1, "Nobody takes that now:");
  refuse_both (f, "place --model=nothing", 1, "No worker with the model “nothing” is available.");
  refuse_both (f, "find nothing --wait", 1, "No worker with the model “nothing” is available.");
  refuse_both (f, "place", 2, "Say for which model: --model=MODEL");
  refuse_both (f, "place --model=", 2, "--model");
  refuse_both (f, "place --model=m --affinity=", 2, "--affinity");
  refuse_both (f, "place --model=m --timeout=61s", 2,
               "--timeout: “61s” is not a span of time up to 60 s");
  refuse_both (f, "place --model=m --timeout=-1s", 2, "--timeout: “-1s” is not a span of time");
  refuse_both (f, "find m --timeout=soon", 2, "--timeout: “soon” is not a span of time");
  refuse_both (f, "place --model=m --reserve=31", 2, "--reserve: “31” is not a span of time");
}

/* Asks, and makes it free when it is known that somebody waits. */
static void
wait_for (Fixture *f, const char *line, const char *expected)
{
  g_autoptr (GSubprocessLauncher) launcher =
      g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDOUT_PIPE);
  g_autoptr (GSubprocess) process = NULL;
  g_autofree char *said = NULL;
  g_autoptr (GError) error = NULL;

  beat (f, "ready", 8, 8);
  process = ctl_spawn (launcher, line);
  queen_test_wait_until (
      http_read_metric (queen_process_get_port (f->queen), "queen_placements_waiting") == 1);
  beat (f, "ready", 8, 7);
  g_subprocess_communicate_utf8 (process, NULL, NULL, &said, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (g_subprocess_get_successful (process));
  g_assert_true (g_str_has_prefix (said, expected));
}

static void
test_wait (Fixture *f, gconstpointer data)
{
  char *placing[2], *finding[2];

  make_both (f, "place --model=m --wait --reserve=0", placing);
  make_both (f, "find m --wait --timeout=30s", finding);
  for (int i = 0; i < 2; i++)
    {
      wait_for (f, placing[i], "w  http://10.0.0.3:80  -\n");
      wait_for (f, finding[i], "w  10.0.0.3:80  -\n");
      g_free (placing[i]);
      g_free (finding[i]);
    }
}

#define add(path, function)                                                                        \
  g_test_add ("/queenctl-place/" path, Fixture, NULL, set_up, function, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  add ("place/worker-address-and-reservation", test_place);
  add ("place/json-as-http-answers", test_json);
  add ("place/refused-says-why", test_refused);
  add ("wait/until-there-is-one", test_wait);

  return g_test_run ();
}
