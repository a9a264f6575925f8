/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include <glib/gi18n.h>
#include <locale.h>
#include <stdio.h>
#include <sys/resource.h>

#include "build-config.h"
#include "queen-daemon.h"
#include "queen-error.h"
#include "queen-memory.h"
#include "queen-stdio.h"

#define EXIT_USAGE 2

static GLogLevelFlags least_level;
static gboolean is_journal;

static GLogWriterOutput
write_log (GLogLevelFlags level, const GLogField *fields, gsize n_fields, gpointer data)
{
  const char *message = NULL;

  /* The more important a level, the smaller its number. */
  if ((level & G_LOG_LEVEL_MASK) > least_level)
    return G_LOG_WRITER_HANDLED;
  if (is_journal && g_log_writer_journald (level, fields, n_fields, NULL) == G_LOG_WRITER_HANDLED)
    return G_LOG_WRITER_HANDLED;

  for (gsize i = 0; i < n_fields && !message; i++)
    if (g_str_equal (fields[i].key, "MESSAGE"))
      message = fields[i].value;
  fprintf (stderr, "queen-rbee: %s%s\n",
           level & G_LOG_LEVEL_ERROR      ? "ERROR: "
           : level & G_LOG_LEVEL_CRITICAL ? "CRITICAL: "
           : level & G_LOG_LEVEL_WARNING  ? "WARNING: "
                                          : "",
           message ? message : "(no message)");
  return G_LOG_WRITER_HANDLED;
}

static void
start_logging (const QueenConfig *config)
{
  least_level = config->log_level;
  is_journal = g_log_writer_is_journald (fileno (stderr));
  g_log_set_debug_enabled (config->log_level == G_LOG_LEVEL_DEBUG);
  g_log_set_writer_func (write_log, NULL, NULL);
}

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

static int
complain (const GError *error)
{
  fprintf (stderr, "queen-rbee: %s\n", error->message);
  if (!g_error_matches (error, QUEEN_ERROR, QUEEN_ERROR_USAGE))
    return EXIT_FAILURE;
  fprintf (stderr, "%s\n", _ ("Try “queen-rbee --help”."));
  return EXIT_USAGE;
}

int
main (int argc, char **argv)
{
  g_autoptr (QueenConfig) config = NULL;
  g_autoptr (QueenDaemon) daemon = NULL;
  g_autoptr (GError) error = NULL;

  queen_memory_keep_blocks_apart ();
  if (!queen_stdio_fill ())
    return EXIT_FAILURE;
  setlocale (LC_ALL, "");
  bindtextdomain (GETTEXT_PACKAGE, QUEEN_LOCALE_DIR);
  bind_textdomain_codeset (GETTEXT_PACKAGE, "UTF-8");
  textdomain (GETTEXT_PACKAGE);

  config = queen_config_new (&argc, &argv, &error);
  if (!config)
    return complain (error);
  if (config->is_version_wanted)
    {
      printf ("queen-rbee %s\n", QUEEN_VERSION);
      return EXIT_SUCCESS;
    }

  start_logging (config);
  raise_descriptor_limit ();
  daemon = queen_daemon_new (config);
  return queen_daemon_run (daemon, &error) ? EXIT_SUCCESS : complain (error);
}
