/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* queenctl as a shell sees it: against a real queen on a private bus. */

#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "queenctl-fixture.h"

/* Exit status */

static void
test_no_queen (Fixture *f, gconstpointer data)
{
  static const char *const lines[] = { "status", "list",     "show x",
                                       "watch",  "find m",   "report worker x ready",
                                       "open",   "forget x", "--json list" };

  for (gsize i = 0; i < G_N_ELEMENTS (lines); i++)
    ctl_refuse (lines[i], 3, "systemctl start queen-rbee");
  ctl_refuse ("--bus=session status", 3, "session bus");
  ctl_refuse ("--bus=system status", 3, "system bus");
}

/* D3: her name alone makes no queen. */
static void
test_bus_stranger (Fixture *f, gconstpointer data)
{
  static const char *const lines[] = { "status",   "list",   "show w",
                                       "watch",    "wait w", "find m",
                                       "forget w", "open",   "report worker w ready" };
  g_autoptr (GError) error = NULL;
  GVariant *reply =
      g_dbus_connection_call_sync (bus_client_get_connection (f->client), "org.freedesktop.DBus",
                                   "/org/freedesktop/DBus", "org.freedesktop.DBus", "RequestName",
                                   g_variant_new ("(su)", "dev.rbee.Queen1", 0),
                                   G_VARIANT_TYPE ("(u)"), G_DBUS_CALL_FLAGS_NONE, -1, NULL,
                                   &error);

  g_assert_no_error (error);
  g_variant_unref (reply);
  for (gsize i = 0; i < G_N_ELEMENTS (lines); i++)
    ctl_refuse (lines[i], 3,
                "queenctl: Who has the name dev.rbee.Queen1 on the bus is no queen.\n");
}

static void
test_usage (Fixture *f, gconstpointer data)
{
  static const char *const lines[] = {
    "frobnicate",
    "--frobnicate",
    "list --kind=worker",
    "list --state=dancing",
    "list --sort=beauty",
    "list hives --model=m",
    "list -o yaml",
    "forget",
    "forget a --offline",
    "wait",
    "wait a --model=m",
    "wait a --timeout=soon",
    "wait a --for=christmas",
    "status --url=queen.example.org",
    "status --url=http://localhost --bus=session",
    "list everything",
    "show",
    "show a --kind=cat",
    "open a",
    "status --bus=omni",
    "report worker a",
    "report cat a ready",
    "report worker a ready --port=0",
    "report worker a ready --cpu=1",
    "report worker a ready --slots=four",
    "report worker a ready --slots=1.5",
    "report worker a ready --kv-usage=half",
    "report hive a ready --slots=4",
    "report hive a ready --model=m",
    "report hive a ready --reason=r",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (lines); i++)
    ctl_refuse (lines[i], 2, "queenctl --help");
}

/* D4: what is empty, and what is no word, of every option and argument. */
static void
test_values (Fixture *f, gconstpointer data)
{
  static const struct
  {
    const char *line;
    const char *said;
  } rows[] = {
    { "list --state=", "--state: “” is none of starting, ready, online, busy, stopping, stopped, "
                       "offline, available, held\n" },
    { "list --state=busy,", "--state: “” is none of starting" },
    { "list --health=", "--health: “” is none of healthy, degraded, unhealthy\n" },
    { "list --sort=", "--sort: “” is none of id, state" },
    { "list --sort=-", "--sort: “” is none of id, state" },
    { "list --output=", "--output: “” is none of wide, name, model, json\n" },
    { "list --model=", "--model: something is missing\n" },
    { "list --hive=", "--hive: something is missing\n" },
    { "wait --model=", "--model: something is missing\n" },
    { "wait a --for=", "--for: “” is none of starting" },
    { "wait a --timeout=", "--timeout: “” is not a span of time such as" },
    { "wait a --timeout=31d", "--timeout: “31d” is more than 30 days\n" },
    { "wait a --kind=", "--kind: “” is neither worker nor hive\n" },
    { "report worker a sleeping", "“sleeping” is none of starting, ready, online, busy, stopping, "
                                  "stopped, offline\n" },
    { "report worker a available", "“available” is none of starting" },
    { "report hive a ready --health=sick",
      "--health: “sick” is none of healthy, degraded, unhealthy\n" },
    { "report worker a ready --port=", "--port: “” is not a number" },
    { "status --bus=", "--bus: “” is none of auto, session, system\n" },
    { "status --url=", "--url: “” is not an address" },
    { "status --url=http://localhost --token-file=", "--token-file: something is missing\n" },
    { "status --url=https://localhost --ca-file=", "--ca-file: something is missing\n" },
    { "list --json=false", "--json takes no value\n" },
    { "show a --help=b", "--help takes no value\n" },
    { "show ''", "Something is missing: queenctl show ID…\n" },
    { "find ''", "Something is missing: queenctl find MODEL\n" },
    { "wait ''", "Something is missing: queenctl wait " },
    { "forget a ''", "Something is missing: queenctl forget " },
    { "report worker '' ready", "Something is missing: queenctl report " },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    ctl_refuse (rows[i].line, 2, rows[i].said);
}

/* D10 */
static void
test_invisible (Fixture *f, gconstpointer data)
{
  static const struct
  {
    const char *line;
    int code;
  } rows[] = {
    { "list --state=busy\u00a0", 2 },
    { "list --state busy,\u00a0ready", 2 },
    { "frobnicate\u00a0", 2 },
    { "show nobody\u00a0", 1 },
    { "report worker w ready\u00a0", 2 },
    { "--url=http://localhost:8500\u00a0", 2 },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    ctl_refuse (rows[i].line, rows[i].code, ": it has the invisible U+00A0\n");
}

static void
test_refusals (Fixture *f, gconstpointer data)
{
  ctl_refuse ("show nobody", 1, "nobody");
  ctl_refuse ("show nobody --kind=hive", 1, "hive");
  ctl_refuse ("forget nobody", 1, "nobody");
  ctl_refuse ("forget nobody --kind=worker", 1, "nobody");
  ctl_refuse ("find nothing", 1, "nothing");
  ctl_refuse ("report worker '\342\200\213' ready", 1, "worker.id");
  ctl_refuse ("report worker w ready --hive='\342\200\213'", 1, "worker.hive_id");
}

static void
test_help (Fixture *f, gconstpointer data)
{
  ctl_expect ("--version", "queenctl ");
  ctl_expect ("--help", "forget ID");
  ctl_expect ("report --help", "--component-version");
  ctl_expect ("--help watch", "--notify");
}

/* A queen who hangs. */
static void
test_deadline (Fixture *f, gconstpointer data)
{
  queen_process_signal (f->queen, SIGSTOP);
  ctl_refuse ("status", 3, "in time");
  queen_process_signal (f->queen, SIGCONT);
  g_free (ctl_ask ("status"));
}

/* The commands */

static void
populate (void)
{
  ctl_expect ("report worker w-10 busy --model=m --hive=h --port=9310 --device=GPU-1", "busy");
  ctl_expect ("report worker w-2 ready --model=m --hive=h --port=9302 --device=GPU-0", "ready");
  ctl_expect ("report hive h ready --hostname=fe80::1 --port=9200 --health=degraded "
              "--reason='disk nearly full' --component-version=1.2",
              "ready");
}

static void
test_status (Fixture *f, gconstpointer data)
{
  ctl_expect ("status", "Nothing needs attention.");
  populate ();
  ctl_expect ("status", "2 online, 1 available, 2 known");
  ctl_expect ("status", "1 online, 1 available, 1 known");
  ctl_expect ("status", "3 events so far");
  ctl_expect ("status", "http://127.0.0.1:");
  ctl_expect ("status", "disk nearly full (");
  g_free (ctl_ask ("report worker w-2 stopped"));
  g_free (ctl_ask ("report worker w-10 offline"));
  ctl_expect ("status", "w-10  offline");
}

static void
test_list (Fixture *f, gconstpointer data)
{
  g_autofree char *empty = ctl_ask ("list hives");
  g_autofree char *hives = NULL;
  g_autofree char *ids = NULL;
  g_autofree char *hive_ids = NULL;

  g_assert_cmpstr (empty, ==, "No hives are known.\n");
  populate ();
  hives = ctl_ask ("list hives");
  ids = ctl_ask ("list --ids");
  hive_ids = ctl_ask ("list --ids hives");
  g_assert_true (g_str_has_prefix (hives, "ID  STATE            ADDRESS         LAST SEEN\n"
                                          "h   ready, degraded  [fe80::1]:9200  "));
  g_assert_cmpstr (ids, ==, "w-2\nw-10\nh\n");
  g_assert_cmpstr (hive_ids, ==, "h\n");
  ctl_expect ("list", "Workers\nID    STATE  MODEL  DEVICE  HIVE OR HOST  LAST SEEN\n"
                      "w-2   ready  m      GPU-0   h             ");
  ctl_expect ("list", "\n\nHives\nID");
}

/* A8: more than fits into one message. */
static void
test_list_in_parts (Fixture *f, gconstpointer data)
{
  g_autofree char *text = g_strnfill (250, 'x');
  g_autoptr (GString) all = g_string_new (NULL);
  g_autofree char *ids = NULL;

  for (int i = 0; i < 2000; i++)
    {
      g_autofree char *heartbeat = g_strdup_printf (
          "({'id': <'w%d'>, 'status': <'ready'>, 'device': <'%s'>, 'hostname': <'%s'>, "
          "'version': <'%s'>, 'implementation': <'%s'>},)",
          i, text, text, text, text);

      g_variant_unref (bus_client_ask (f->client, "ReportWorker", heartbeat));
      g_string_append_printf (all, "w%d\n", i);
    }
  ids = ctl_ask ("list --ids");
  g_assert_cmpstr (ids, ==, all->str);
  ctl_expect ("status", "2000 online, 2000 available, 2000 known");
}

/* What is wide, and what has no width, stands in its column. */
static void
test_alignment (Fixture *f, gconstpointer data)
{
  ctl_expect ("report worker a ready --model=模型", "ready");
  ctl_expect ("report worker b ready --model=u\314\210x", "ready");
  ctl_expect ("list workers", "\na   ready  模型   -  ");
  ctl_expect ("list workers", "\nb   ready  u\314\210x     -  ");
}

static void
test_control_characters (Fixture *f, gconstpointer data)
{
  ctl_refuse ("report worker a ready --model='\033[2J\302\233'", 1,
              "worker.model_id: must be without");
  ctl_refuse ("report worker '\342\200\213' ready", 1, "worker.id: must be 1 to 128 bytes without");
  ctl_refuse ("find '\033[1m'", 1, "available");
}

static void
test_show (Fixture *f, gconstpointer data)
{
  g_autofree char *both = NULL;
  g_autofree char *hive = NULL;

  populate ();
  ctl_expect ("show w-2", "  Device          GPU-0\n");
  g_free (ctl_ask ("report worker h ready"));
  both = ctl_ask ("show h");
  hive = ctl_ask ("show h --kind=hive");
  g_assert_nonnull (strstr (both, "worker h\n"));
  g_assert_nonnull (strstr (both, "\nhive h\n"));
  g_assert_null (strstr (hive, "worker"));
  g_assert_nonnull (strstr (hive, "  Reason      disk nearly full\n"));
}

/* How one is doing, as it says and as people read it; nothing of one that says nothing. */
static void
test_vitals (Fixture *f, gconstpointer data)
{
  static const char *const shown[] = {
    "  Health             degraded\n", "  Reason             slow\n",
    "  More models        n, o\n",     "  Slots              4\n",
    "  Running            0\n",        "  KV cache           25 %\n",
    "  Tokens per second  31.5\n",     "  Address            http://10.0.0.7:8080\n",
    "  API                openai\n",   "  Progress           7\n",
    "  Loaded             2025-10-24",
  };
  g_autofree char *whole = NULL;
  g_autofree char *bare = NULL;

  g_free (ctl_ask ("report worker w busy --model=m --models=n,o --slots=4 --running=0 "
                   "--kv-usage=0.25 --tokens-per-second=31.5 --server-url=http://10.0.0.7:8080 "
                   "--api=openai --progress=7 --loaded-at=2025-10-24T12:00:00Z --health=degraded "
                   "--reason=slow"));
  g_free (ctl_ask ("report worker bare ready"));
  g_free (ctl_ask ("report hive h ready --cpu=0.5 --memory-used=0 --memory-total=64000000000"));
  whole = ctl_ask ("show w");
  for (gsize i = 0; i < G_N_ELEMENTS (shown); i++)
    {
      g_test_message ("%s", shown[i]);
      g_assert_nonnull (strstr (whole, shown[i]));
    }
  g_assert_null (strstr (whole, "Waiting"));
  bare = ctl_ask ("show bare");
  g_assert_null (strstr (bare, "Slots"));
  ctl_expect ("show h", "  Memory used  0 bytes\n");
  ctl_expect ("show h", "64.0 GB\n");
  ctl_expect ("show h", "  CPU          50 %\n");
  ctl_expect ("list --model=o --ids", "w\n");
  ctl_expect ("list --health=degraded --ids", "w\n");
  ctl_expect ("find o", "w");
  ctl_refuse ("report worker w ready --kv-usage=2", 1, "worker.kv_usage: must be from 0 to 1");
  ctl_refuse ("report worker w ready --api=soap", 1, "worker.api: is none of openai");
}

static void
test_find (Fixture *f, gconstpointer data)
{
  g_autofree char *first = NULL;
  g_autofree char *second = NULL;

  populate ();
  g_free (ctl_ask ("report worker w-3 ready --model=m --hostname=10.0.0.3 --port=9303"));
  first = ctl_ask ("find m");
  second = ctl_ask ("find m");
  g_assert_cmpstr (first, ==, "w-2  [fe80::1]:9302  GPU-0\n");
  g_assert_cmpstr (second, ==, "w-3  10.0.0.3:9303  -\n");
}

static void
test_forget (Fixture *f, gconstpointer data)
{
  populate ();
  ctl_expect ("forget w-2", "w-2");
  ctl_refuse ("show w-2", 1, "w-2");
  g_free (ctl_ask ("report worker h ready"));
  ctl_refuse ("forget h", 1, "--kind");
  ctl_expect ("forget h --kind=worker", "h");
  ctl_expect ("forget h", "h");
  ctl_refuse ("forget h", 1, "h");
}

static void
test_json (Fixture *f, gconstpointer data)
{
  static const struct
  {
    const char *line;
    const char *member;
  } rows[] = {
    { "status --json", "workers_needing_attention" },
    { "list --json", "workers" },
    { "list hives --json", "hives" },
    { "list --ids --json", "total" },
    { "show h --json", "health_status" },
    { "show h w-2 --json", "total" },
    { "find m --json", "model_id" },
    { "report worker w-2 ready --json", "status" },
    { "forget w-10 --json", "status" },
  };

  populate ();
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (JsonNode) node = ctl_ask_json (rows[i].line);

      g_assert_true (json_object_has_member (json_node_get_object (node), rows[i].member));
    }
}

static void
test_option_order (Fixture *f, gconstpointer data)
{
  populate ();
  ctl_expect ("--kind hive --bus session show h", "hive h");
  ctl_expect ("show --bus=auto h --kind hive", "hive h");
  ctl_expect ("show --kind=hive -- h", "hive h");
  ctl_expect ("--ids list", "w-10");
}

/* On a terminal */

static void
on_child_setup_without_standard (gpointer data)
{
  queen_test_die_with (GPOINTER_TO_INT (data));
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
    close (fd);
}

static gboolean
leads_nowhere (GSubprocess *process, int fd)
{
  g_autofree char *path =
      g_strdup_printf ("/proc/%s/fd/%d", g_subprocess_get_identifier (process), fd);
  g_autofree char *target = g_file_read_link (path, NULL);

  return g_strcmp0 (target, "/dev/null") == 0;
}

/* The next socket would be in the place of stdout, and the bus would get the events. */
static void
test_no_output (Fixture *f, gconstpointer data)
{
  g_autoptr (GSubprocessLauncher) launcher = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_NONE);
  g_autoptr (GSubprocess) process = NULL;

  process = ctl_spawn_with (launcher, "watch", on_child_setup_without_standard);
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
    queen_test_wait_until (leads_nowhere (process, fd));
  g_subprocess_force_exit (process);
  g_assert_true (g_subprocess_wait (process, NULL, NULL));
}

static void
test_colors (Fixture *f, gconstpointer data)
{
  static const struct
  {
    const char *line;
    gboolean is_colored;
  } rows[] = {
    { "TERM=xterm list", TRUE },
    { "TERM=xterm NO_COLOR= list", TRUE },
    { "TERM=xterm NO_COLOR=1 list", FALSE },
    { "TERM=xterm list --no-color", FALSE },
    { "TERM=dumb list", FALSE },
    { "TERM=xterm list --json", FALSE },
  };

  populate ();
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *out = ctl_ask_on_terminal (rows[i].line);

      g_assert_nonnull (strstr (out, "w-10"));
      g_assert_true ((strchr (out, '\033') != NULL) == rows[i].is_colored);
    }
}

#define ADD(name, set_up_function, function)                                                       \
  g_test_add ("/queenctl/" name, Fixture, NULL, set_up_function, function, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  ADD ("exit-status/3-and-how-to-start-her", set_up_bus, test_no_queen);
  ADD ("exit-status/3-when-she-hangs", set_up, test_deadline);
  ADD ("exit-status/3-when-another-has-her-name", set_up_bus, test_bus_stranger);
  ADD ("exit-status/2-and-where-help-is", set_up_bus, test_usage);
  ADD ("exit-status/1-when-refused", set_up, test_refusals);
  ADD ("usage/what-cannot-be-seen-is-named", set_up, test_invisible);
  ADD ("usage/values-that-are-none", set_up_bus, test_values);
  ADD ("help/of-the-program-and-of-commands", set_up_bus, test_help);
  ADD ("options/before-and-after-the-command", set_up, test_option_order);
  ADD ("status/counts-and-troubles", set_up, test_status);
  ADD ("list/tables-and-ids", set_up, test_list);
  ADD ("list/more-than-fits-into-a-message", set_up, test_list_in_parts);
  ADD ("list/aligned-by-columns", set_up, test_alignment);
  ADD ("list/nothing-a-terminal-obeys", set_up, test_control_characters);
  ADD ("list/colors-where-wanted", set_up, test_colors);
  ADD ("show/both-kinds-or-one", set_up, test_show);
  ADD ("show/how-it-is-doing-if-it-says-so", set_up, test_vitals);
  ADD ("find/in-turn-with-address", set_up, test_find);
  ADD ("forget/never-by-guess", set_up, test_forget);
  ADD ("json/every-command", set_up, test_json);
  ADD ("watch/closed-descriptors-are-taken-by-nobody-else", set_up, test_no_output);

  return g_test_run ();
}
