/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Stands for the service manager: what the daemon says by sd_notify(3) comes in here. */
typedef struct _NotifySocket NotifySocket;

NotifySocket *notify_socket_new (void);
void notify_socket_free (NotifySocket *self);

/* Returns: `NOTIFY_SOCKET=…`, for the daemon's environment */
const char *notify_socket_get_variable (NotifySocket *self);

/* Returns: the next message, lines and all; %NULL when there is none for @timeout_msec */
char *notify_socket_read (NotifySocket *self, int timeout_msec);

/* Waits for a message with that line, such as `READY=1`, and returns it. */
char *notify_socket_wait_for (NotifySocket *self, const char *line);

/* Leaves no room in it for another message until one is read. */
void notify_socket_fill (NotifySocket *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (NotifySocket, notify_socket_free)

G_END_DECLS
