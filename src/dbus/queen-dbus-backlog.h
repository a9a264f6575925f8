/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/**
 * QueenDBusBacklogLimits:
 * @look_every: bytes that are written between two looks
 * @most: bytes that the bus may have
 * @patience: ms, for it to say
 */
typedef struct
{
  gsize look_every;
  guint32 most;
  int patience;
} QueenDBusBacklogLimits;

/**
 * QueenDBusBacklogFunc:
 * @is_full: whether the bus has more of hers than it may have
 */
typedef void (*QueenDBusBacklogFunc) (gboolean is_full, gpointer data);

/**
 * QueenDBusBacklog:
 *
 * What the bus has read from the queen, and somebody else has not read from the bus. A signal is
 * for whoever wants to listen, and who does not read what it listens to cannot be told from the
 * others. But dbus-daemon says how much it has of one connection's: at its limit (127 MiB on a
 * system bus) it stops to read from that, and does not even see any more that it is closed. A bus
 * that does not say is not asked again.
 */
typedef struct _QueenDBusBacklog QueenDBusBacklog;

/**
 * queen_dbus_backlog_new:
 * @connection: must outlive the backlog
 * @limits: likewise
 *
 * To be used by one thread, in its default main context.
 */
QueenDBusBacklog *queen_dbus_backlog_new (GDBusConnection *connection,
                                          const QueenDBusBacklogLimits *limits);

/**
 * queen_dbus_backlog_look:
 * @func: called when the bus has answered, once; it may free the backlog. Never, when the
 *   connection or the backlog goes before
 *
 * Asks the bus, if so much has been written since it was asked last. Not to be called while it is
 * being asked.
 *
 * Returns: whether it is asked; if not, @func is not called
 */
gboolean queen_dbus_backlog_look (QueenDBusBacklog *self, QueenDBusBacklogFunc func, gpointer data);

void queen_dbus_backlog_free (QueenDBusBacklog *self);

G_END_DECLS
