/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-stdio.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const char *program_name;
static gboolean is_sigpipe_ignored;

gboolean
queen_stdio_fill (void)
{
  /* The lowest free descriptor is what open() gives. */
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
    if (fcntl (fd, F_GETFD) < 0 &&
        open ("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) != fd)
      return FALSE;
  return TRUE;
}

/* Returns: why stdout fails, as an errno. stdio forgets the reason of a write before the last one,
 * but what has failed once fails again. */
static int
find_reason (void)
{
  if (fflush (stdout) != 0 || putchar ('\n') == EOF || fflush (stdout) != 0)
    return errno;
  return EIO;
}

static void
check_output (void)
{
  gboolean is_written = fflush (stdout) == 0 && !ferror (stdout);
  int reason = is_written ? 0 : find_reason ();

  if (is_written)
    return;
  if (reason == EPIPE && !is_sigpipe_ignored)
    {
      signal (SIGPIPE, SIG_DFL);
      raise (SIGPIPE);
    }
  fprintf (stderr, "%s: stdout: %s\n", program_name, g_strerror (reason));
  _exit (EXIT_FAILURE);
}

void
queen_stdio_check_at_exit (const char *program)
{
  struct sigaction action = { 0 };

  program_name = program;
  is_sigpipe_ignored = sigaction (SIGPIPE, NULL, &action) == 0 && action.sa_handler == SIG_IGN;
  atexit (check_output);
}
