/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <glib.h>

#include "model/queen-component.h"
#include "queen-dbus-roster.h"

G_BEGIN_DECLS

/**
 * QueenDBusInventory:
 *
 * All objects as they are at one moment, from which another thread can make the answer to
 * GetManagedObjects.
 */
typedef struct _QueenDBusInventory QueenDBusInventory;

/**
 * queen_dbus_inventory_new:
 * @most: bytes that a message may have
 */
QueenDBusInventory *queen_dbus_inventory_new (gsize most);

/**
 * queen_dbus_inventory_expect:
 * @n: so many components of @kind are to be added
 *
 * Returns: whether all that are expected may fit; else queen_dbus_inventory_list() fails, and none
 *   need be added
 */
gboolean queen_dbus_inventory_expect (QueenDBusInventory *self, QueenComponentKind kind, guint n);

/** queen_dbus_inventory_add_component: @path is copied. */
void queen_dbus_inventory_add_component (QueenDBusInventory *self,
                                         const char *path,
                                         QueenComponent *component);

/**
 * queen_dbus_inventory_add_registry:
 * @path: static
 * @roster: (transfer full): of all properties
 */
void queen_dbus_inventory_add_registry (QueenDBusInventory *self,
                                        const char *path,
                                        QueenDBusRoster *roster);

/**
 * queen_dbus_inventory_add:
 * @objects: (transfer floating): of the type `a{oa{sa{sv}}}`
 * @size: bytes of these
 */
void queen_dbus_inventory_add (QueenDBusInventory *self, GVariant *objects, gsize size);

/**
 * queen_dbus_inventory_list:
 * @error: `org.freedesktop.DBus.Error.LimitsExceeded` when it would be more than a message may have
 *
 * Returns: (transfer floating) (nullable): what GetManagedObjects returns. May be called in any
 *   thread
 */
GVariant *queen_dbus_inventory_list (QueenDBusInventory *self, GError **error);

void queen_dbus_inventory_free (QueenDBusInventory *self);

G_END_DECLS
