/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queenctl-interrupt.h"

#include <errno.h>
#include <glib-unix.h>
#include <signal.h>
#include <unistd.h>

static volatile sig_atomic_t has_come;
static int fds[] = { -1, -1 };

static void
note_signal (int number)
{
  int before = errno;

  has_come = TRUE;
  (void) !write (fds[1], "", 1);
  errno = before;
}

/* Without SA_RESTART, so that a write that nobody takes ends, too. */
static void
listen_to_signal (int number)
{
  const struct sigaction noted = { .sa_handler = note_signal, .sa_flags = SA_RESETHAND };
  struct sigaction before;

  if (sigaction (number, NULL, &before) == 0 && before.sa_handler != SIG_IGN)
    sigaction (number, &noted, NULL);
}

void
queenctl_interrupt_listen (void)
{
  static const int numbers[] = { SIGINT, SIGTERM, SIGHUP };

  if (!g_unix_open_pipe (fds, FD_CLOEXEC, NULL))
    return; /* then they end it at once */
  for (gsize i = 0; i < G_N_ELEMENTS (numbers); i++)
    listen_to_signal (numbers[i]);
}

gboolean
queenctl_interrupt_has_come (void)
{
  return has_come;
}

int
queenctl_interrupt_get_fd (void)
{
  return fds[0];
}
