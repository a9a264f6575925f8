/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-process-end.h"

#include <glib-unix.h>
#include <unistd.h>

#include "machine/queen-process-tree.h"

struct _QueenProcessEnd
{
  int fd;
  guint source;
  void (*func) (gpointer data);
  gpointer data;
};

static gboolean
on_process_ended (int fd, GIOCondition condition, gpointer data)
{
  QueenProcessEnd *self = data;

  self->source = 0;
  self->func (self->data);
  return G_SOURCE_REMOVE;
}

QueenProcessEnd *
queen_process_end_new (pid_t pid, void (*func) (gpointer data), gpointer data, GError **error)
{
  int fd = queen_process_open (pid, 0, error);
  QueenProcessEnd *self;

  if (fd < 0)
    return NULL;
  self = g_new0 (QueenProcessEnd, 1);
  self->fd = fd;
  self->func = func;
  self->data = data;
  self->source = g_unix_fd_add (fd, G_IO_IN, on_process_ended, self);
  return self;
}

void
queen_process_end_free (QueenProcessEnd *self)
{
  g_clear_handle_id (&self->source, g_source_remove);
  close (self->fd);
  g_free (self);
}
