/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include <glib/gi18n.h>
#include <locale.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#include "build-config.h"
#include "loop/queen-threads.h"
#include "process/queen-heap.h"
#include "process/queen-log.h"
#include "process/queen-signals.h"
#include "process/queen-stdio.h"
#include "queen-daemon.h"
#include "queen-error.h"

/* A service manager need not try these again: nothing but a person can change it (sysexits.h). */
#define EXIT_USAGE 2
#define EXIT_SETTING 78
/* Two of GLib's, those for workers, the bus, the state and names, and some to spare. */
#define N_THREADS 8
#define JOURNAL "/run/systemd/journal/socket"

/* A subscriber is a descriptor, and the usual soft limit of 1024 is a matter of select(2) alone. */
static void
raise_descriptor_limit (void)
{
  struct rlimit limit;

  if (getrlimit (RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max)
    {
      limit.rlim_cur = limit.rlim_max;
      setrlimit (RLIMIT_NOFILE, &limit);
    }
}

/* An address that is not there yet, or too few descriptors or threads, may be another matter in a
 * second. */
static gboolean
may_pass (const GError *error)
{
  static const int lasting[] = { G_IO_ERROR_NOT_FOUND, G_IO_ERROR_PERMISSION_DENIED,
                                 G_IO_ERROR_ADDRESS_IN_USE, G_IO_ERROR_IS_DIRECTORY };

  for (gsize i = 0; i < G_N_ELEMENTS (lasting); i++)
    if (g_error_matches (error, G_IO_ERROR, lasting[i]))
      return FALSE;
  return error->domain == G_IO_ERROR || error->domain == G_THREAD_ERROR;
}

static gboolean
check_threads (GError **error)
{
  if (queen_threads_check (N_THREADS, error))
    return TRUE;
  g_prefix_error (error, _ ("%d threads are needed: "), N_THREADS);
  return FALSE;
}

static int
complain (QueenLog *log, const GError *error)
{
  gboolean is_usage = g_error_matches (error, QUEEN_ERROR, QUEEN_ERROR_USAGE);

  queen_log_complain (log, error->message, is_usage ? _ ("Try “queen-rbee --help”.") : NULL);
  return is_usage ? EXIT_USAGE : may_pass (error) ? EXIT_FAILURE : EXIT_SETTING;
}

static int
run_queen (QueenLog *log, int argc, char **argv)
{
  g_autoptr (QueenConfig) config = NULL;
  g_autoptr (QueenDaemon) daemon = NULL;
  g_autoptr (GError) error = NULL;

  config = queen_config_new (&argc, &argv, &error);
  if (!config)
    return complain (log, error);
  if (config->is_version_wanted)
    {
      printf ("queen-rbee %s\n", QUEEN_VERSION);
      return EXIT_SUCCESS;
    }

  queen_log_set_least_level (log, config->log_level);
  raise_descriptor_limit ();
  if (!check_threads (&error))
    return complain (log, error);
  daemon = queen_daemon_new (config);
  return queen_daemon_run (daemon, &error) ? EXIT_SUCCESS : complain (log, error);
}

int
main (int argc, char **argv)
{
  QueenLog *log;
  int code;

  queen_stdio_check_at_exit ("queen-rbee"); /* before SIGPIPE is ignored */
  queen_signals_ignore ();
  queen_heap_keep_blocks_apart ();
  if (!queen_stdio_fill ())
    return EXIT_FAILURE;

  setlocale (LC_ALL, "");
  bindtextdomain (GETTEXT_PACKAGE, QUEEN_LOCALE_DIR);
  bind_textdomain_codeset (GETTEXT_PACKAGE, "UTF-8");
  textdomain (GETTEXT_PACKAGE);

  log = queen_log_new (STDERR_FILENO, g_log_writer_is_journald (STDERR_FILENO) ? JOURNAL : NULL,
                       &queen_clock_system);
  queen_log_install (log);
  code = run_queen (log, argc, argv);
  queen_log_finish (log); /* and lives on, as threads of libraries may have something to say */
  return code;
}
