/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What the service manager is told, in the protocol of sd_notify(3), by the main thread. Nothing
 * here waits for it, and nothing happens where there is none (no `NOTIFY_SOCKET`).
 *
 * sd_notify() itself waits when ten messages, or as many as the system has room for, were not read:
 * a manager that is stuck would stop her too, and some (of containers) read nothing after READY=1.
 */

/**
 * queen_notify_tell:
 * @state: (nullable): such as `READY=1`
 * @status: (nullable): what she does, for people
 *
 * What the manager has no room for is told as soon as it has, the latest @state and @status only:
 * of several states in one message, the last counts for systemd, too.
 */
void queen_notify_tell (const char *state, const char *status);

/**
 * queen_notify_feed_watchdog:
 *
 * Says that she is well; once, as that holds for the moment.
 */
void queen_notify_feed_watchdog (void);

G_END_DECLS
