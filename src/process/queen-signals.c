/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-signals.h"

#include <glib-unix.h>
#include <signal.h>

/* That somebody may mean well with, who rotates logs, say. */
static void
ignore_if_nobody_else_has_it (int number)
{
  struct sigaction action;

  if (sigaction (number, NULL, &action) == 0 && action.sa_handler == SIG_DFL)
    signal (number, SIG_IGN);
}

void
queen_signals_ignore (void)
{
  signal (SIGHUP, SIG_IGN);  /* to read again what is not read yet; the daemon takes it over */
  signal (SIGPIPE, SIG_IGN); /* nobody reads the log any more */
  signal (SIGXFSZ, SIG_IGN); /* the log or the state has come to a limit: then write() says so */
  signal (SIGTTOU, SIG_IGN); /* the log goes to a terminal where another job is in front */
  ignore_if_nobody_else_has_it (SIGUSR1);
  ignore_if_nobody_else_has_it (SIGUSR2);
}

/* GLib gives a signal back to the system with its last source. One that came after that would end
 * a process in the middle of its end: so there is a source that is never let go. */
guint
queen_signals_take (int number, GSourceFunc callback, gpointer data)
{
  static GSource *kept[NSIG];

  if (!kept[number])
    kept[number] = g_unix_signal_source_new (number);
  return g_unix_signal_add (number, callback, data);
}
