/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-signals.h"

#include <glib-unix.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#define MAX_AT_ONCE 16

struct _QueenSignals
{
  int fd; /* -1 where the kernel has none to give */
  guint source;
  void (*func) (int signal_number, gpointer data);
  gpointer data;
};

static const int always[] = { SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2, SIGWINCH };

/* Left as they are: what says that we ourselves are broken, what a terminal stops us with, and what
 * is about a limit of ours. */
static const int of_program[] = { SIGQUIT, SIGCONT, SIGALRM, SIGURG, SIGIO, SIGPWR };

static gboolean
on_signals_ready (int fd, GIOCondition condition, gpointer data)
{
  QueenSignals *self = data;
  struct signalfd_siginfo infos[MAX_AT_ONCE];
  gssize n_bytes = read (fd, infos, sizeof infos);

  for (gssize i = 0; (i + 1) * (gssize) sizeof infos[0] <= n_bytes; i++)
    self->func ((int) infos[i].ssi_signo, self->data);
  return G_SOURCE_CONTINUE;
}

QueenSignals *
queen_signals_new (gboolean has_program,
                   void (*func) (int signal_number, gpointer data),
                   gpointer data)
{
  QueenSignals *self = g_new0 (QueenSignals, 1);
  sigset_t set;

  /* Whoever ignores it has that from whoever started it: then the kernel keeps no child's end, and
   * nobody could wait for it. */
  signal (SIGCHLD, SIG_DFL);
  sigemptyset (&set);
  for (gsize i = 0; i < G_N_ELEMENTS (always); i++)
    sigaddset (&set, always[i]);
  for (gsize i = 0; has_program && i < G_N_ELEMENTS (of_program); i++)
    sigaddset (&set, of_program[i]);
  for (int number = SIGRTMIN; has_program && number <= SIGRTMAX; number++)
    sigaddset (&set, number);
  if (getpid () == 1)
    sigaddset (&set, SIGCHLD);
  self->func = func;
  self->data = data;
  self->fd = signalfd (-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
  if (self->fd < 0)
    return self; /* they end us, as they would end whoever takes none */
  pthread_sigmask (SIG_BLOCK, &set, NULL);
  self->source = g_unix_fd_add (self->fd, G_IO_IN, on_signals_ready, self);
  return self;
}

/* They stay blocked: one that comes now is for a process that ends anyway. */
void
queen_signals_free (QueenSignals *self)
{
  g_clear_handle_id (&self->source, g_source_remove);
  if (self->fd >= 0)
    close (self->fd);
  g_free (self);
}
