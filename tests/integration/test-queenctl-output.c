/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* What queenctl prints, and where: filters, order, terminals of any width, disks that are full. */

#include <fcntl.h>
#include <glib-unix.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "queenctl-runner.h"

typedef struct
{
  QueenProcess *queen;
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  g_autofree char *url = NULL;

  f->queen = queen_process_start ("--heartbeat-interval=1h", NULL);
  url = g_strdup_printf ("http://localhost:%u", queen_process_get_port (f->queen));
  g_setenv ("CTL_TEST_URL", url, TRUE);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  queen_process_stop (f->queen);
}

/* Returns: @line for this queen; variables of the environment go first */
static char *
to_her (const char *variables, const char *line)
{
  return g_strdup_printf ("%s QUEEN_RBEE_URL=%s %s", variables, g_getenv ("CTL_TEST_URL"), line);
}

static char *
ask (const char *line)
{
  g_autofree char *whole = to_her ("", line);

  return ctl_ask (whole);
}

static void
populate (void)
{
  g_free (ask ("report worker w-10 busy --model=a --hive=h --device=GPU-1"));
  g_free (ask ("report worker w-2 ready --model=b --hive=h --device=GPU-0"));
  g_free (ask ("report worker w-1 stopped --model=b --hive=i --device=GPU-2"));
  g_free (ask ("report hive h ready --health=degraded"));
  g_free (ask ("report hive i busy"));
}

/* D4 */
static void
test_filters (Fixture *f, gconstpointer data)
{
  static const struct
  {
    const char *options;
    const char *ids;
  } rows[] = {
    { "", "w-1\nw-2\nw-10\nh\ni\n" },
    { "worker", "w-1\nw-2\nw-10\n" },
    { "workers", "w-1\nw-2\nw-10\n" },
    { "hive", "h\ni\n" },
    { "--model=b", "w-1\nw-2\n" },
    { "--hive=h", "w-2\nw-10\n" },
    { "--hive=h --model=b", "w-2\n" },
    { "--health=degraded", "h\n" },
    { "--health=DEGRADED", "h\n" },
    { "--state=busy", "w-10\ni\n" },
    { "--state=ready,busy workers", "w-2\nw-10\n" },
    { "--state=offline", "w-1\n" },
    { "--state=online", "w-2\nw-10\nh\ni\n" },
    { "--state=available", "w-2\nh\ni\n" },
    { "--sort=-id", "w-10\nw-2\nw-1\ni\nh\n" },
    { "--sort=model workers", "w-10\nw-1\nw-2\n" },
    { "--sort=device workers", "w-2\nw-10\nw-1\n" },
    { "--sort=-Device workers", "w-1\nw-10\nw-2\n" },
    { "--sort=state workers", "w-10\nw-2\nw-1\n" },
    { "--sort=first-seen workers", "w-10\nw-2\nw-1\n" },
    { "--sort=-last-seen workers", "w-1\nw-2\nw-10\n" },
    { "--model=nix", "" },
  };

  populate ();
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *line = g_strdup_printf ("list -o name %s", rows[i].options);
      g_autofree char *ids = ask (line);

      g_test_message ("%s", line);
      g_assert_cmpstr (ids, ==, rows[i].ids);
    }
}

static void
test_forms (Fixture *f, gconstpointer data)
{
  g_autofree char *none = NULL;
  g_autofree char *bare = NULL;
  g_autofree char *wide = NULL;
  g_autofree char *json = NULL;
  g_autofree char *equal = NULL;
  g_autofree char *models = NULL;

  populate ();
  none = ask ("list --state=starting workers");
  bare = ask ("list --no-legend --state=starting");
  wide = ask ("list workers -o wide --no-legend");
  json = ask ("list hives -ojson");
  equal = ask ("list hives -o=json");
  models = ask ("list -o model");
  g_assert_cmpstr (models, ==, "b\na\n");
  g_assert_true (g_str_has_prefix (equal, "{\"hives\":[{\"id\":\"h\""));
  g_assert_cmpstr (none, ==, "There are none of that kind.\n");
  g_assert_cmpstr (bare, ==, "");
  g_assert_true (g_str_has_prefix (wide, "w-1   stopped  b  GPU-2  i  "));
  g_assert_null (strstr (wide, "HEARTBEATS"));
  g_assert_true (g_str_has_prefix (json, "{\"hives\":[{\"id\":\"h\",\"status\":\"Ready\""));
}

/* D4: the nearest word, of every kind of word. */
static void
test_suggestions (Fixture *f, gconstpointer data)
{
  static const struct
  {
    const char *line;
    const char *said;
  } rows[] = {
    { "lits", "did you mean “list”?" },
    { "get workers", "There is no command “get”: did you mean “list”?\n" },
    { "help list", "There is no command “help”: did you mean “--help”?\n" },
    { "stauts", "did you mean “status”?" },
    { "list --sate=busy", "did you mean “--state”?" },
    { "list --state=bussy", "did you mean “busy”?" },
    { "list --sort=modle", "did you mean “model”?" },
    { "list wrkers", "did you mean “workers”?" },
    { "list -o jsn", "did you mean “json”?" },
    { "list -o yaml", "“yaml” is none of wide, name, model, json\n" },
    { "list --josn", "did you mean “--json”?" },
    { "list --json -o name", "--json and --output=name are two forms: take one\n" },
    { "list -j -o table", "--json and --output=table are two forms: take one\n" },
    { "list --ids -o wide", "--ids and --output=wide are two forms: take one\n" },
    { "list --ids -o model", "--ids and --output=model are two forms: take one\n" },
    { "report hvie h ready", "did you mean “hive”?" },
    { "show x --kind=workre", "did you mean “worker”?" },
    { "status --bus=sesion", "did you mean “session”?" },
    { "report worker a raedy", "did you mean “ready”?" },
    { "report hive h ready --health=degarded", "did you mean “degraded”?" },
    { "--kind hive shwo x", "did you mean “show”?" },
    { "wait x --timeot=3", "“wait” takes no option --timeot: did you mean “--timeout”?\n" },
    { "list --hlep", "did you mean “--help”?" },
    { "status --foo", "“status” takes no option --foo\n" },
    { "--foo", "“status” takes no option --foo\n" },
    { "watch --offlin", "“watch” takes no option --offlin\n" },
    { "list -A", "“list” takes no option -A\n" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    ctl_refuse (rows[i].line, 2, rows[i].said);
}

/* A terminal of any width */

static guint
measure (const char *text)
{
  g_auto (GStrv) lines = g_strsplit (text, "\r\n", -1);
  guint widest = 0;

  for (char **line = lines; *line; line++)
    widest = MAX (widest, (guint) g_utf8_strlen (*line, -1));
  return widest;
}

static char *
ask_at_width (guint width, const char *line)
{
  g_autofree char *variables = g_strdup_printf ("COLUMNS=%u NO_COLOR=1 TERM=dumb", width);
  g_autofree char *whole = to_her (variables, line);

  return ctl_ask_on_terminal (whole);
}

static void
test_width (Fixture *f, gconstpointer data)
{
  g_autofree char *narrow = NULL;
  g_autofree char *full = NULL;
  g_autofree char *usual = NULL;
  g_autofree char *wide = NULL;
  g_autofree char *least = NULL;

  g_free (ask ("report worker llama-worker-on-the-big-machine-7 ready --port=9301 "
               "--model=meta-llama/Meta-Llama-3.1-70B-Instruct-GPTQ-INT4 "
               "--hive=gpu-rack-3.example.org --device=GPU-0"));
  g_free (ask ("report worker llama-worker-on-the-big-machine-8 ready "
               "--model=meta-llama/Meta-Llama-3.1-70B-Instruct-GPTQ-INT8"));
  narrow = ask_at_width (80, "list workers");
  full = ask_at_width (80, "list workers --full");
  usual = ask_at_width (140, "list workers");
  wide = ask_at_width (220, "list workers");
  least = ask_at_width (40, "list workers");

  g_test_message ("%s", narrow);
  g_assert_cmpuint (measure (narrow), <=, 80);
  g_assert_nonnull (strstr (narrow, "…"));
  g_assert_nonnull (strstr (narrow, "e-7  "));
  g_assert_nonnull (strstr (narrow, "e-8  "));
  g_assert_nonnull (strstr (narrow, "INT4  "));
  g_assert_nonnull (strstr (narrow, "INT8  "));
  g_assert_null (strstr (full, "…"));
  g_assert_cmpuint (measure (full), >, 80);
  g_assert_null (strstr (usual, "…"));
  g_assert_cmpuint (measure (usual), <=, 140);
  g_assert_null (strstr (usual, "FIRST SEEN"));
  g_assert_nonnull (strstr (wide, "?:9301"));
  g_assert_nonnull (strstr (wide, "FIRST SEEN"));
  g_assert_cmpuint (measure (wide), <=, 220);
  g_test_message ("%s", least);
  g_assert_cmpuint (measure (least), <=, 40);
}

/* Somebody who wants to know how wide it may be says nothing to a pipe. */
static void
test_no_width (Fixture *f, gconstpointer data)
{
  g_autofree char *line = to_her ("COLUMNS=20", "list workers");
  g_autofree char *out = NULL;

  g_free (ask ("report worker a-worker-with-quite-a-long-name ready"));
  out = ctl_ask (line);
  g_assert_nonnull (strstr (out, "a-worker-with-quite-a-long-name"));
}

/* D5 */

static void
expect_broken (const char *line, int out, gboolean is_sigpipe_ignored, int code, const char *said)
{
  g_autofree char *err = NULL;

  g_test_message ("%s", line);
  g_assert_cmpint (ctl_run_to (line, out, is_sigpipe_ignored, &err), ==, code);
  if (*said == '\0')
    g_assert_cmpstr (err, ==, "");
  else
    g_assert_nonnull (strstr (err, said));
}

static int
open_unread_pipe (void)
{
  int ends[2];

  g_assert_true (g_unix_open_pipe (ends, FD_CLOEXEC, NULL));
  close (ends[0]);
  return ends[1];
}

static void
test_full_disk (Fixture *f, gconstpointer data)
{
  static const char *const lines[] = {
    "--version",
    "--help",
    "list --help",
    "status",
    "status --json",
    "list",
    "list --json",
    "list -o name",
    "show w0",
    "show w0 --json",
    "wait w0",
    "report worker w0 ready",
    "report worker w0 ready --json",
    "forget w1",
  };

  for (int i = 0; i < 60; i++)
    {
      g_autofree char *report = g_strdup_printf ("report worker w%d ready --model=m", i);

      g_free (ask (report));
    }
  for (gsize i = 0; i < G_N_ELEMENTS (lines); i++)
    {
      g_autofree char *line = to_her ("", lines[i]);

      expect_broken (line, open ("/dev/full", O_WRONLY | O_CLOEXEC), FALSE, 1,
                     "queenctl: stdout: No space left on device");
      if (g_str_has_prefix (lines[i], "forget")) /* it goes once */
        break;
      expect_broken (line, open_unread_pipe (), TRUE, 1, "queenctl: stdout: Broken pipe");
      expect_broken (line, open_unread_pipe (), FALSE, 128 + SIGPIPE, "");
    }
}

static void
test_full_disk_watched (Fixture *f, gconstpointer data)
{
  static const char *const lines[] = { "watch --all", "watch --all --json" };

  for (gsize i = 0; i < G_N_ELEMENTS (lines); i++)
    {
      g_autofree char *line = to_her ("", lines[i]);

      /* The stream begins with a heartbeat of the queen. */
      expect_broken (line, open ("/dev/full", O_WRONLY | O_CLOEXEC), FALSE, 1,
                     "No space left on device");
    }
}

#define ADD(name, function)                                                                        \
  g_test_add ("/queenctl-output/" name, Fixture, NULL, set_up, function, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  ADD ("list/filtered-and-sorted", test_filters);
  ADD ("list/wide-names-json-without-legend", test_forms);
  ADD ("terminal/fits-and-uses-its-width", test_width);
  ADD ("terminal/a-pipe-has-no-width", test_no_width);
  ADD ("words/the-nearest-is-named", test_suggestions);
  ADD ("broken/every-command-says-so", test_full_disk);
  ADD ("broken/watch-ends", test_full_disk_watched);

  return g_test_run ();
}
