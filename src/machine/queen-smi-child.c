/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-smi-child.h"

#include <errno.h>
#include <glib-unix.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "queen-process-tree.h"
#include "queen-smi-line.h"

#define MAX_READS 64 /* at one go, however fast it writes */

struct _QueenSmiChild
{
  pid_t pid;
  int handle; /* that cannot become another process's as a pid can; -1 where there are none */
  int pipe;
  gboolean has_ended;
  gboolean is_skipping; /* the rest of a line that is too long */
  gsize length;
  char buffer[QUEEN_SMI_CHILD_LINE_MAX];
};

/* Between fork and exec: what is async-signal-safe, and nothing else. */
static void
prepare_child (gpointer data)
{
  const pid_t *parent = data;
  sigset_t none;

  sigemptyset (&none);
  sigprocmask (SIG_SETMASK, &none, NULL);
  /* The agent may be killed, too. That it is gone already shows in the parent's pid. */
  prctl (PR_SET_PDEATHSIG, SIGKILL);
  if (getppid () != *parent)
    _exit (127);
}

static char **
make_environment (void)
{
  char **environment = g_get_environ ();

  environment = g_environ_setenv (environment, "LC_ALL", "C", TRUE);
  return environment;
}

QueenSmiChild *
queen_smi_child_new (const char *program, guint interval, GError **error)
{
  g_autofree char *seconds = g_strdup_printf ("%u", MAX (interval, 1));
  const char *const arguments[] = {
    program, "--query-gpu=" QUEEN_SMI_QUERY, "--format=csv,noheader,nounits", "-l", seconds, NULL
  };
  g_auto (GStrv) environment = make_environment ();
  g_autofree QueenSmiChild *self = g_new0 (QueenSmiChild, 1);
  pid_t parent = getpid ();

  if (!g_spawn_async_with_pipes (NULL, (char **) arguments, environment,
                                 G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_SEARCH_PATH |
                                     G_SPAWN_STDERR_TO_DEV_NULL,
                                 prepare_child, &parent, &self->pid, NULL, &self->pipe, NULL,
                                 error))
    return NULL;
  self->handle = queen_process_open (self->pid, 0, NULL);
  g_unix_set_fd_nonblocking (self->pipe, TRUE, NULL);
  return g_steal_pointer (&self);
}

gboolean
queen_smi_child_wait (QueenSmiChild *self, int timeout_msec)
{
  struct pollfd item = { self->pipe, POLLIN, 0 };

  return poll (&item, 1, timeout_msec) > 0;
}

/* Returns: whether there is more in the buffer than before. */
static gboolean
fill_buffer (QueenSmiChild *self)
{
  gssize n_bytes;

  if (self->length == sizeof self->buffer)
    {
      self->is_skipping = TRUE;
      self->length = 0;
    }
  do
    n_bytes = read (self->pipe, self->buffer + self->length, sizeof self->buffer - self->length);
  while (n_bytes < 0 && errno == EINTR);
  if (n_bytes == 0 || (n_bytes < 0 && errno != EAGAIN))
    self->has_ended = TRUE;
  if (n_bytes > 0)
    self->length += (gsize) n_bytes;
  return n_bytes > 0;
}

/* Returns: (nullable): the first line of the buffer, which is taken out of it. */
static char *
cut_line (QueenSmiChild *self)
{
  const char *end = memchr (self->buffer, '\n', self->length);
  gsize length;
  char *line;

  if (!end)
    return NULL;
  length = (gsize) (end - self->buffer);
  line = g_strndup (self->buffer, length);
  self->length -= length + 1;
  memmove (self->buffer, end + 1, self->length);
  return line;
}

char *
queen_smi_child_read_line (QueenSmiChild *self, gboolean *has_ended)
{
  *has_ended = FALSE;
  for (int i = 0; i < MAX_READS; i++)
    {
      g_autofree char *line = cut_line (self);

      if (line && !self->is_skipping)
        return g_steal_pointer (&line);
      if (line)
        self->is_skipping = FALSE; /* it was the end of one that is too long */
      else if (!fill_buffer (self))
        {
          *has_ended = self->has_ended;
          return NULL;
        }
    }
  return NULL;
}

void
queen_smi_child_free (QueenSmiChild *self)
{
  /* Whoever reaps all children of the process may have reaped this one. */
  if (self->handle >= 0)
    syscall (SYS_pidfd_send_signal, self->handle, SIGKILL, NULL, 0);
  else if (waitpid (self->pid, NULL, WNOHANG) == 0)
    kill (self->pid, SIGKILL);
  /* One that hangs in the driver does not even die. It is waited for, as otherwise they would
   * become more and more. */
  while (waitpid (self->pid, NULL, 0) < 0 && errno == EINTR)
    continue;
  if (self->handle >= 0)
    close (self->handle);
  close (self->pipe);
  g_free (self);
}
