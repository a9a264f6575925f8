/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-child.h"

#include <glib-unix.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "machine/queen-process-tree.h"

#define POLL_MSEC 100 /* where the kernel has no descriptors of processes */

struct _QueenChild
{
  pid_t pid; /* 0 once it has ended */
  int fd;    /* of the process; -1 where there are none */
  guint source;
  QueenChildFunc func;
  gpointer data;
};

static char *
explain_signal (int number)
{
  const char *name = sigabbrev_np (number);

  /* Those of real time have none. */
  return name ? g_strdup_printf ("its process was ended by signal %d (%s)", number, name)
              : g_strdup_printf ("its process was ended by signal %d", number);
}

static void
take_end (QueenChild *self, int status)
{
  g_autofree char *reason = NULL;
  int exit_status = WIFSIGNALED (status) ? 128 + WTERMSIG (status) : WEXITSTATUS (status);

  if (WIFSIGNALED (status))
    reason = explain_signal (WTERMSIG (status));
  else if (exit_status != 0)
    reason = g_strdup_printf ("its process ended with status %d", exit_status);
  self->pid = 0;
  self->func (exit_status, reason, self->data);
}

/* Returns: whether it has ended; then nothing is left of @self, perhaps */
static gboolean
reap_child (QueenChild *self)
{
  int status;

  if (waitpid (self->pid, &status, WNOHANG) != self->pid)
    return FALSE;
  self->source = 0;
  take_end (self, status);
  return TRUE;
}

static gboolean
on_child_readable (int fd, GIOCondition condition, gpointer data)
{
  return reap_child (data) ? G_SOURCE_REMOVE : G_SOURCE_CONTINUE;
}

static gboolean
on_child_poll (gpointer data)
{
  return reap_child (data) ? G_SOURCE_REMOVE : G_SOURCE_CONTINUE;
}

/* In the child, where only what is safe in a signal handler may be called. */
static void
set_up_child (gpointer data)
{
  sigset_t none;

  sigemptyset (&none);
  sigprocmask (SIG_SETMASK, &none, NULL);
  signal (SIGPIPE, SIG_DFL);
  setpgid (0, 0);
}

static char **
make_environment (void)
{
  char **environment = g_get_environ ();

  environment = g_environ_unsetenv (environment, "NOTIFY_SOCKET");
  environment = g_environ_unsetenv (environment, "WATCHDOG_USEC");
  return g_environ_unsetenv (environment, "WATCHDOG_PID");
}

QueenChild *
queen_child_spawn (
    char **command, QueenChildFunc func, gpointer data, int *exit_status, GError **error)
{
  g_auto (GStrv) environment = make_environment ();
  g_autoptr (GError) cause = NULL;
  QueenChild *self;
  GPid pid;

  if (!g_spawn_async (NULL, command, environment,
                      G_SPAWN_SEARCH_PATH | G_SPAWN_DO_NOT_REAP_CHILD |
                          G_SPAWN_CHILD_INHERITS_STDIN | G_SPAWN_LEAVE_DESCRIPTORS_OPEN,
                      set_up_child, NULL, &pid, &cause))
    {
      *exit_status = g_error_matches (cause, G_SPAWN_ERROR, G_SPAWN_ERROR_NOENT)
                         ? QUEEN_CHILD_NOT_FOUND
                         : QUEEN_CHILD_NOT_RUN;
      g_propagate_error (error, g_steal_pointer (&cause));
      return NULL;
    }
  self = g_new0 (QueenChild, 1);
  self->pid = pid;
  self->func = func;
  self->data = data;
  self->fd = queen_process_open (pid, 0, NULL);
  self->source = self->fd >= 0 ? g_unix_fd_add (self->fd, G_IO_IN, on_child_readable, self)
                               : g_timeout_add (POLL_MSEC, on_child_poll, self);
  return self;
}

void
queen_child_free (QueenChild *self)
{
  g_clear_handle_id (&self->source, g_source_remove);
  if (self->fd >= 0)
    close (self->fd);
  g_free (self);
}

pid_t
queen_child_get_pid (QueenChild *self)
{
  return self->pid;
}

void
queen_child_signal (QueenChild *self, int signal_number)
{
  /* It has not been waited for, so nobody else has its number. */
  if (self->pid > 0)
    kill (self->pid, signal_number);
}
