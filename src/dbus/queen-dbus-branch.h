/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "queen-dbus-answers.h"
#include "queen-dbus-cluster.h"
#include "queen-dbus-inventory.h"
#include "queen-dbus-wire.h"

G_BEGIN_DECLS

/**
 * QueenDBusBranch:
 *
 * One registry on a connection, and the components below it.
 */
typedef struct _QueenDBusBranch QueenDBusBranch;

/**
 * queen_dbus_branch_new:
 * @cluster: what to show; must outlive the branch, as @answers and @limits must
 * @answers: who gives the answers that may be large
 * @error: why the connection refuses the objects
 */
QueenDBusBranch *queen_dbus_branch_new (GDBusConnection *connection,
                                        QueenComponentKind kind,
                                        QueenDBusCluster *cluster,
                                        QueenDBusAnswers *answers,
                                        const QueenDBusLimits *limits,
                                        GError **error);

/** queen_dbus_branch_add_to: adds all of the branch's objects. */
void queen_dbus_branch_add_to (QueenDBusBranch *self, QueenDBusInventory *inventory);

/**
 * queen_dbus_branch_free:
 *
 * Shows nothing any more, and uses nothing that was to outlive the branch.
 */
void queen_dbus_branch_free (QueenDBusBranch *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (QueenDBusBranch, queen_dbus_branch_free)

G_END_DECLS
