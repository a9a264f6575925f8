/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * BusDaemon:
 *
 * A bus of the test's own with the limits of a system bus, always at the same address, that can be
 * stopped, killed and started again. It never outlives the test, however that ends, and holds none
 * of its descriptors. (GTestDBus leaves a daemon behind when a test aborts that has had another one
 * before.)
 */
typedef struct _BusDaemon BusDaemon;

/* Returns: a bus that is not running yet */
BusDaemon *bus_daemon_new (void);

/* Returns: one that is running, and that the environment names as the session bus */
BusDaemon *bus_daemon_new_for_session (void);

/* A limit other than a system bus's, such as `max_incoming_bytes`; to be said before it starts. */
void bus_daemon_set_limit (BusDaemon *self, const char *name, guint value);

/* What the bus lets nobody send, such as `send_member='Forget'` of an interface; to be said before
 * it starts. */
void bus_daemon_deny (BusDaemon *self, const char *rule);

/* Whoever they are, not only who runs the test; to be said before it starts. */
void bus_daemon_let_all_users_in (BusDaemon *self);

const char *bus_daemon_get_address (BusDaemon *self);
const char *bus_daemon_get_path (BusDaemon *self);
GPid bus_daemon_get_pid (BusDaemon *self);

void bus_daemon_start (BusDaemon *self);
void bus_daemon_signal (BusDaemon *self, int signal_number);

/* Kills it, and waits until it is dead. */
void bus_daemon_kill (BusDaemon *self);
void bus_daemon_free (BusDaemon *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BusDaemon, bus_daemon_free)

G_END_DECLS
