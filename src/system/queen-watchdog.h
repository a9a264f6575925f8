/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <gio/gio.h>
#include <sys/socket.h>

#include "loop/queen-clock.h"

G_BEGIN_DECLS

/**
 * QueenWatchdog:
 *
 * Feeds systemd's watchdog, three times in its interval, and each time only after the queen has
 * answered herself at one of her own sockets. When that fails it is silent, and systemd starts her
 * anew.
 */
typedef struct _QueenWatchdog QueenWatchdog;

/**
 * queen_watchdog_new:
 * @addresses: (element-type GSocketAddress): where she listens
 * @clock: what it goes by
 *
 * Begins as soon as the main loop runs.
 *
 * Returns: (transfer full) (nullable): %NULL when systemd has no watchdog for her
 */
QueenWatchdog *queen_watchdog_new (GPtrArray *addresses, const QueenClock *clock);

/**
 * queen_watchdog_is_own:
 * @self: (nullable): a watchdog
 * @fd: a connection that was just accepted
 * @address: where it comes from
 *
 * Returns: whether it is the watchdog's; see queen_probe_is_own()
 */
gboolean
queen_watchdog_is_own (QueenWatchdog *self, int fd, const struct sockaddr_storage *address);

void queen_watchdog_free (QueenWatchdog *self);

G_END_DECLS
