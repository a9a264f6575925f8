/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* The begin of an answer that ends where the connection does. */
#define STRANGER_HEAD(status, type)                                                                \
  "HTTP/1.1 " status "\r\nContent-Type: " type "\r\nConnection: close\r\n\r\n"

/* Who answers at a port of this machine, and is no queen. The first four are for the test to set.
 *
 * @answer: to everything, whatever is asked; %NULL where @choose says it
 * @choose: what is answered to @path, in the stranger's own thread; it stays the callee's
 * @data: of @choose
 * @has_no_end: whether the connections stay open behind the answer */
typedef struct
{
  const char *answer;
  const char *(*choose) (const char *path, gpointer data);
  gpointer data;
  gboolean has_no_end;

  GMainLoop *loop;
  GSocketService *service;
  GPtrArray *connections; /* that stay open */
  GThread *thread;
  guint16 port;
} Stranger;

void stranger_start (Stranger *self);
void stranger_stop (Stranger *self);

G_END_DECLS
