/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* Who has how much to do, as queenctl tells it. */

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "queenctl-fixture.h"

static void
populate (void)
{
  g_free (ctl_ask ("report worker idle ready --model=m --hive=h --slots=4 --running=0"));
  g_free (ctl_ask ("report worker full busy --model=m --slots=2 --running=2 --waiting=3 "
                   "--kv-usage=0.93 --tokens-per-second=31.5"));
  g_free (ctl_ask ("report worker half busy --model=m --slots=4 --running=2 --waiting=0"));
  g_free (ctl_ask ("report worker silent busy"));
  g_free (ctl_ask ("report worker gone stopped --slots=1 --running=1 --waiting=9"));
  g_free (ctl_ask ("report hive h ready --cpu=0.5 --memory-used=16000000000"));
}

static const char by_load[] = "WORKER  STATE    LOAD    KV CACHE  TOKENS/S  MODEL  HIVE\n"
                              "full    busy     2/2 +3  93 %      31.5      m      -\n"
                              "half    busy     2/4     -         -         m      -\n"
                              "idle    ready    0/4     -         -         m      h\n"
                              "gone    stopped  1/1 +9  -         -         -      -\n"
                              "silent  busy     -       -         -         -      -\n"
                              "\n"
                              "HIVE  STATE  CPU   MEMORY USED  GPUS\n"
                              "h     ready  50 %  16.0\u00a0GB      -\n";

static void
test_once (Fixture *f, gconstpointer data)
{
  g_autofree char *over_http =
      g_strdup_printf ("--url=http://localhost:%u top", queen_process_get_port (f->queen));

  populate ();
  ctl_expect_exactly ("top", by_load);
  ctl_expect_exactly (over_http, by_load);
}

static void
test_json (Fixture *f, gconstpointer data)
{
  g_autoptr (JsonNode) node = NULL;
  g_autoptr (GString) ids = g_string_new (NULL);
  JsonArray *workers;

  populate ();
  node = ctl_ask_json ("top --json");
  workers = json_object_get_array_member (json_node_get_object (node), "workers");
  for (guint i = 0; i < json_array_get_length (workers); i++)
    g_string_append_printf (
        ids, "%s ",
        json_object_get_string_member (json_array_get_object_element (workers, i), "id"));
  g_assert_cmpstr (ids->str, ==, "full half idle gone silent ");
}

static void
test_nobody (Fixture *f, gconstpointer data)
{
  ctl_expect_exactly ("top", "No workers are known.\n\nNo hives are known.\n");
}

/* Reads until @said was shown, be it with what was shown before.
 *
 * @shown: what came behind that */
static void
await (int terminal, GString *shown, const char *said)
{
  char buffer[4096];
  const char *found;

  while (!(found = strstr (shown->str, said)))
    {
      gssize n = read (terminal, buffer, sizeof buffer);

      g_assert_cmpint (n, >, 0);
      g_string_append_len (shown, buffer, n);
    }
  g_string_erase (shown, 0, found + strlen (said) - shown->str);
}

/* It is there again whenever something has happened, and no line more than there is room for. */
static void
test_live (Fixture *f, gconstpointer data)
{
  g_autoptr (GSubprocessLauncher) launcher = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_NONE);
  g_autoptr (GSubprocess) process = NULL;
  g_autoptr (GString) shown = g_string_new (NULL);
  struct winsize size = { .ws_row = 10, .ws_col = 80 };
  int terminal = posix_openpt (O_RDWR | O_NOCTTY | O_CLOEXEC);

  populate ();
  g_assert_cmpint (grantpt (terminal), ==, 0);
  g_assert_cmpint (unlockpt (terminal), ==, 0);
  g_assert_cmpint (ioctl (terminal, TIOCSWINSZ, &size), ==, 0);
  g_subprocess_launcher_take_stdout_fd (launcher,
                                        open (ptsname (terminal), O_RDWR | O_NOCTTY | O_CLOEXEC));
  g_subprocess_launcher_setenv (launcher, "NO_COLOR", "1", TRUE);
  process = ctl_spawn (launcher, "top");
  g_subprocess_launcher_close (launcher);
  await (terminal, shown, "… and 2 more");
  await (terminal, shown, "50 %");
  g_free (ctl_ask ("report worker half busy --model=m --slots=4 --running=3 --waiting=7"));
  await (terminal, shown, "3/4 +7");
  g_free (ctl_ask ("report hive h ready --cpu=0.75"));
  await (terminal, shown, "75 %");
  g_clear_pointer (&f->queen, queen_process_stop);
  await (terminal, shown, "queen");
  start_queen (f);
  await (terminal, shown, "No workers are known.");
  g_subprocess_send_signal (process, SIGINT);
  g_subprocess_wait (process, NULL, NULL);
  close (terminal);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define ADD(path, function)                                                                        \
  g_test_add ("/queenctl-top/" path, Fixture, NULL, set_up, function, tear_down)

  ADD ("once/the-busiest-first-whichever-way", test_once);
  ADD ("once/as-json", test_json);
  ADD ("once/nobody", test_nobody);
  ADD ("terminal/anew-when-something-happens", test_live);

  return g_test_run ();
}
