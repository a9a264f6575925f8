/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "queen-dbus-engine.h"
#include "queen-dbus-interfaces.h"

G_BEGIN_DECLS

/**
 * QueenDBusQueens:
 *
 * The queens that share an engine, as objects on one connection. They belong to the D-Bus thread.
 */
typedef struct _QueenDBusQueens QueenDBusQueens;

/**
 * queen_dbus_queens_new:
 * @manager: tells who comes and who goes
 *
 * Returns: (transfer full): what shows nobody yet
 */
QueenDBusQueens *queen_dbus_queens_new (GDBusConnection *connection,
                                        QueenDBusObjectManager *manager);

/**
 * queen_dbus_queens_show:
 * @engine: (nullable): how it is now
 * @n_own: how many listen to this queen
 *
 * Shows that from now on. To be called once before the objects are asked for.
 *
 * Returns: whether the connection takes the objects
 */
gboolean queen_dbus_queens_show (QueenDBusQueens *self,
                                 QueenDBusEngine *engine,
                                 guint n_own,
                                 GError **error);

/**
 * queen_dbus_queens_announce:
 *
 * Shows that from now on, and tells the bus what of it is another than before.
 */
void queen_dbus_queens_announce (QueenDBusQueens *self, QueenDBusEngine *engine, guint n_own);

/** Returns: (transfer none) (nullable): what is shown */
const QueenDBusEngine *queen_dbus_queens_get (QueenDBusQueens *self);

/** Returns: where all of them would end in the answer to GetManagedObjects, or a bit before */
gsize queen_dbus_queens_measure (QueenDBusQueens *self, gsize offset);

/** queen_dbus_queens_add_to: @objects: of `a{oa{sa{sv}}}` */
void queen_dbus_queens_add_to (QueenDBusQueens *self, GVariantBuilder *objects);

void queen_dbus_queens_free (QueenDBusQueens *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (QueenDBusQueens, queen_dbus_queens_free)

G_END_DECLS
