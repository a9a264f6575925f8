/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/**
 * QueenDBusSubtree:
 *
 * The objects below one path of a connection. They have properties of one interface, and what is
 * read is taken from what is known at that moment. None is exported by itself, which would cost
 * 3 KB and 9 µs for each.
 */
typedef struct _QueenDBusSubtree QueenDBusSubtree;

/**
 * QueenDBusSubtreeVTable:
 * @list: (nullable): Returns: (transfer full): the last parts of their paths, for who asks what is
 *   there; %NULL if they are not told by the subtree
 * @lookup: Returns: (nullable): the object with that path
 * @get_property: Returns: a property's value; @object is what @lookup has found just now
 */
typedef struct
{
  char **(*list) (gpointer data);
  gconstpointer (*lookup) (gpointer data, const char *path);
  GVariant *(*get_property) (gpointer data, gconstpointer object, const char *name);
} QueenDBusSubtreeVTable;

/**
 * queen_dbus_subtree_new:
 * @path: (type static): of which they are below
 * @interface: what they have
 * @vtable: (type static): which there are, and how they are
 * @data: for it
 * @error: why the connection refuses them
 */
QueenDBusSubtree *queen_dbus_subtree_new (GDBusConnection *connection,
                                          const char *path,
                                          GDBusInterfaceInfo *interface,
                                          const QueenDBusSubtreeVTable *vtable,
                                          gpointer data,
                                          GError **error);

/**
 * queen_dbus_subtree_free:
 *
 * Shows nothing any more, and calls nothing of the vtable. Its memory, and the connection, go as
 * soon as the main context has done the calls that have come already.
 */
void queen_dbus_subtree_free (QueenDBusSubtree *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (QueenDBusSubtree, queen_dbus_subtree_free)

G_END_DECLS
