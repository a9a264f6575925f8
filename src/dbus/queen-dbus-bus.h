/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

/* The bus itself: its name, which is also that of its interface, and its object (D-Bus
 * Specification, § Message Bus Messages). */
#define QUEEN_DBUS_BUS_NAME "org.freedesktop.DBus"
#define QUEEN_DBUS_BUS_PATH "/org/freedesktop/DBus"
