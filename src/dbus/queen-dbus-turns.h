/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <gio/gio.h>

#include "queen-dbus-descriptors.h"
#include "queen-dbus-desk.h"
#include "queen-dbus-head.h"

G_BEGIN_DECLS

/**
 * QueenDBusTurns:
 *
 * Calls that have come and wait, as bytes, to be read by GDBus. That takes longer than to call, so
 * they are more and more when somebody calls on and on, by one connection or by new ones all the
 * time. So users take turns, and in each of these the connections of that user, one call each; and
 * GDBus is given no more calls at once than the thread that does them has done soon. Who has called
 * before has a few calls in a turn: they are one question to most.
 *
 * Whose a connection is only the bus knows. It is asked as soon as many calls wait; until it has
 * answered, all of whom that is not known are one, and so are those who have left the bus.
 *
 * When there is no room, who has most of it makes room for who has less. Within a user's part a
 * caller may have as many bytes as are left for others. However many callers that do so there are,
 * something is left for one call of one more, and that is nearly the next one; and for some calls
 * of who is known from before, and so does not come and go. What finds no room, or has to make it,
 * is refused, which takes its turn as well; only when there are too many of these it is left out.
 *
 * To be used by one thread, but where it says so.
 */
typedef struct _QueenDBusTurns QueenDBusTurns;

/**
 * queen_dbus_turns_new:
 * @room: bytes that may wait
 * @age: callers who come, while one who has called is remembered; and as many again
 * @socket: by which they are answered
 */
QueenDBusTurns *queen_dbus_turns_new (gsize room, guint age, GSocket *socket);

/** Returns: (transfer none): where it is asked and told whose callers are */
QueenDBusDesk *queen_dbus_turns_get_desk (QueenDBusTurns *self);

/**
 * queen_dbus_turns_make_room:
 * @caller: its unique name
 * @size: bytes
 *
 * Returns: whether a call may wait; if not it is to be refused
 */
gboolean queen_dbus_turns_make_room (QueenDBusTurns *self, const char *caller, gsize size);

/**
 * queen_dbus_turns_refuse:
 * @call: one whose fields have been read
 *
 * Has it refused when its caller's turn comes, if somebody waits for that and there are not too
 * many of these.
 */
void queen_dbus_turns_refuse (QueenDBusTurns *self, const char *caller, const QueenDBusHead *call);

/**
 * queen_dbus_turns_put:
 * @call: (transfer full): for which there is room
 * @arrival: the descriptor that has come with it, which passes over
 */
void queen_dbus_turns_put (QueenDBusTurns *self,
                           const char *caller,
                           GBytes *call,
                           const QueenDBusArrival *arrival);

/**
 * queen_dbus_turns_may_have_descriptor:
 * @most: how many all may have here
 *
 * Returns: whether there may be one more that @caller sends; no user may have more than are left
 */
gboolean
queen_dbus_turns_may_have_descriptor (QueenDBusTurns *self, const char *caller, guint most);

/** Returns: whether it is the turn of a call now */
gboolean queen_dbus_turns_has_next (QueenDBusTurns *self);

/**
 * queen_dbus_turns_take_next:
 * @arrival: (out): what came with it
 *
 * Returns: (transfer full): the call whose turn it is. There must be one
 */
GBytes *queen_dbus_turns_take_next (QueenDBusTurns *self, QueenDBusArrival *arrival);

/**
 * queen_dbus_turns_create_source:
 *
 * Returns: (transfer full) (nullable): a source that is ready when it is a waiting call's turn
 *   again; %NULL when none waits for that
 */
GSource *queen_dbus_turns_create_source (QueenDBusTurns *self);

/** Closes all descriptors that are here. */
void queen_dbus_turns_free (QueenDBusTurns *self);

G_END_DECLS
