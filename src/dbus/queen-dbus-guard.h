/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "queen-dbus-outbox.h"

G_BEGIN_DECLS

/**
 * QueenDBusGuardLimits:
 * @calls: how many are not done yet, or their answers not read by the bus
 * @bytes: of all those
 */
typedef struct
{
  guint calls;
  gsize bytes;
} QueenDBusGuardLimits;

/**
 * QueenDBusGuard:
 *
 * Who keeps calls out that are too large, as #QueenDBusFrames marks them, or too many. GDBus reads
 * whatever the bus has, at once and in a thread of its own, and keeps it until the D-Bus thread has
 * come to it; and anybody on a system bus may call. A call over the limits is answered with an
 * error there and then, and one far beyond them not at all.
 *
 * Each sender has a share, which is small when there is a crowd; and calls that want no answer have
 * a part of it all. So however many one user sends, there is room for the calls of everybody else.
 */
typedef struct _QueenDBusGuard QueenDBusGuard;

/**
 * queen_dbus_guard_new:
 * @outbox: of @connection; must outlive the guard
 * @limits: likewise, and @connection, too
 */
QueenDBusGuard *queen_dbus_guard_new (GDBusConnection *connection,
                                      QueenDBusOutbox *outbox,
                                      const QueenDBusGuardLimits *limits);

void queen_dbus_guard_free (QueenDBusGuard *self);

G_END_DECLS
