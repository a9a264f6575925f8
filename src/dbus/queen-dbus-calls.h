/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <gio/gio.h>

#include "loop/queen-clock.h"

G_BEGIN_DECLS

/**
 * QueenDBusCallsSettings:
 * @clock: what deadlines go by
 * @calls: how many may be open at once; for queen_dbus_calls_has_room()
 * @calls_per_caller: how many of these one caller may have; likewise
 * @leaves_room: whether one user, by however many connections, may have no more of those that are
 *   answered later than there is room left for: the next is refused as soon as it is known whose it
 *   is. So no user has more than half, and there is room for others
 * @patience: µs for which a caller may be kept waiting; for those that are answered later
 */
typedef struct
{
  const QueenClock *clock;
  guint calls;
  guint calls_per_caller;
  gboolean leaves_room;
  gint64 patience;
} QueenDBusCallsSettings;

/**
 * QueenDBusCalls:
 *
 * Calls that are open: they have come, and have no answer yet. It belongs to the thread that the
 * calls come in.
 */
typedef struct _QueenDBusCalls QueenDBusCalls;

/**
 * QueenDBusCall:
 *
 * One of them. It may be answered after the function that was called has returned.
 */
typedef struct _QueenDBusCall QueenDBusCall;

/**
 * QueenDBusUserFunc:
 * @user: whose call it is: the user's number, as the bus says it; where it does not, as @caller
 * @caller: the caller's unique name; empty without a bus
 */
typedef void (*QueenDBusUserFunc) (const char *user, const char *caller, gpointer data);

/**
 * queen_dbus_calls_new:
 * @settings: copied
 */
QueenDBusCalls *queen_dbus_calls_new (const QueenDBusCallsSettings *settings);

/** Returns: whether @caller may have one more, as the settings say */
gboolean queen_dbus_calls_has_room (QueenDBusCalls *self, const char *caller);

/**
 * queen_dbus_calls_begin:
 * @invocation: (transfer full): a call that has come
 * @on_gone: (nullable): called when there is nobody to be answered any more, before
 *   queen_dbus_call_end(): the caller has left the bus, it has been told that its time is over or
 *   that its user has too many, or the queen leaves the bus. The call is then no more
 * @data: of @on_gone, and of what queen_dbus_call_answer_later() calls
 *
 * Returns: (transfer none): the same as an open one, until queen_dbus_call_end() or its @on_gone
 */
QueenDBusCall *queen_dbus_calls_begin (QueenDBusCalls *self,
                                       GDBusMethodInvocation *invocation,
                                       void (*on_gone) (gpointer data),
                                       gpointer data);

/**
 * queen_dbus_call_answer_later:
 * @on_user: called once it is known whose call it is; at once where there is no bus to be asked
 *
 * The call stays open while others have their turn. Only of such a call the bus is asked whose it
 * is, as that costs a message.
 */
void queen_dbus_call_answer_later (QueenDBusCall *self, QueenDBusUserFunc on_user);

/**
 * queen_dbus_call_watch_caller:
 * @self: one that is answered later
 *
 * Has the call's on_gone called as soon as its caller leaves the bus. That costs messages; so it is
 * not for one that may be refused still.
 */
void queen_dbus_call_watch_caller (QueenDBusCall *self);

/**
 * queen_dbus_call_end:
 *
 * The call is no more.
 *
 * Returns: (transfer full): what is to be answered now
 */
GDBusMethodInvocation *queen_dbus_call_end (QueenDBusCall *self);

/** queen_dbus_calls_free: those that are open get no answer; the bus tells them so. */
void queen_dbus_calls_free (QueenDBusCalls *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (QueenDBusCalls, queen_dbus_calls_free)

G_END_DECLS
