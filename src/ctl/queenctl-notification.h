/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* The desktop's server of notifications, https://specifications.freedesktop.org/notification-spec:
 * its name, and its interface's. */
#define QUEENCTL_NOTIFICATION_NAME "org.freedesktop.Notifications"
#define QUEENCTL_NOTIFICATION_PATH "/org/freedesktop/Notifications"

/**
 * queenctl_notification_new:
 * @summary: one line
 * @body: more of it; markup
 *
 * Returns: (transfer floating): the arguments of `Notify`
 */
GVariant *queenctl_notification_new (const char *summary, const char *body);

G_END_DECLS
