/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * queen_dbus_types_meet:
 *
 * Makes the types and classes that GDBus uses, before there is a second thread that could; and the
 * thread that it has for all connections.
 *
 * GLib 2.74 may stand still for ever when one thread registers a type that has interfaces while
 * another makes a class that names this type: the first holds the type's `g_once` and waits for
 * the lock of the classes (g_type_add_interface_static()), the second the other way around. GDBus
 * does the one in the thread that connects, and libsoup the other with the first request.
 */
void queen_dbus_types_meet (void);

G_END_DECLS
