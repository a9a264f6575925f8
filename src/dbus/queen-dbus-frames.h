/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <gio/gio.h>

#include "queen-dbus-descriptors.h"
#include "queen-dbus-outbox.h"

G_BEGIN_DECLS

/**
 * QUEEN_DBUS_FRAMES_CUT:
 *
 * The header field of a message that has lost its body. It holds the signature.
 * The D-Bus Specification does not use the number, and what it does not know must be ignored.
 */
#define QUEEN_DBUS_FRAMES_CUT 0x51

/**
 * QueenDBusFramesLimits:
 * @body: bytes of a message without its header
 * @values: likewise, of a call whose arguments may be any number of values, as an array is
 * @depth: how many arrays, structures and variants a value of a call may be in
 * @path: of the object whose methods such arguments are for
 * @interface: theirs. A bus lets everybody call some interfaces, and goes by no more than their
 *   names; any method may be called there, whether it exists or not
 * @rich_methods: (array zero-terminated=1): names of those methods; their calls may have as much as
 *   @body
 * @descriptor_methods: (array zero-terminated=1): likewise, of those that want a descriptor
 * @descriptors: how many there may be with calls that are not done yet
 * @waiting: bytes of calls that GDBus has not been given yet
 * @age: for how many callers one is remembered, as queen_dbus_turns_new() has it
 * @errors: (nullable): what the names of others' errors begin with that are read as they are, when
 *   they have a text and nothing else, of no more than @body
 */
typedef struct
{
  gsize body;
  gsize values;
  guint depth;
  const char *path;
  const char *interface;
  const char *const *rich_methods;
  const char *const *descriptor_methods;
  guint descriptors;
  gsize waiting;
  guint age;
  const char *errors;
} QueenDBusFramesLimits;

/**
 * QueenDBusFrames:
 *
 * What a bus sends, without what is too much to be read. GDBus makes a value of its own of each
 * that a message has, before anybody may look at the message: of 31 MiB on the wire it makes more
 * than 2 GB, and it needs a second for 5 MB; and anybody on a system bus may send that. So each
 * message is judged by its header, while it is still bytes. A call that has too large a body gets
 * through without it, and is marked by %QUEEN_DBUS_FRAMES_CUT, so that it can be refused; any other
 * message that is too large is left out, and all signals but those of the bus itself. What is left
 * out is never in memory as a whole.
 *
 * Answers and signals are given out first, and calls as their callers' turn comes
 * (#QueenDBusTurns); those for which there is no room are left out.
 *
 * A bus lets values be nested deeper than GDBus reads them, and a message that GDBus cannot read is
 * the end of its connection. So a call that is too deep loses its body as well; and so does each
 * answer but those of the bus itself, as she asks others only for a sign of life. Their errors keep
 * no name that means anything, as GDBus would not forget what is in some of them; but there may be
 * some that are wanted.
 *
 * Descriptors come with any message, whether somebody wants them or not. But for the calls that do
 * they are closed as soon as the message is judged; it gets through without them.
 */
#define QUEEN_TYPE_DBUS_FRAMES (queen_dbus_frames_get_type ())
G_DECLARE_FINAL_TYPE (QueenDBusFrames, queen_dbus_frames, QUEEN, DBUS_FRAMES, GInputStream)

/**
 * queen_dbus_frames_new:
 * @connection: where the first message is about to begin; closed when the frames are
 * @limits: must outlive the frames
 *
 * Returns: (transfer full): the messages, one after the other
 */
GInputStream *queen_dbus_frames_new (GSocketConnection *connection,
                                     const QueenDBusFramesLimits *limits);

/** Returns: (transfer none) (nullable): the frames that @connection reads from; %NULL without any
 */
QueenDBusFrames *queen_dbus_frames_find (GDBusConnection *connection);

/**
 * queen_dbus_frames_let_calls_in:
 *
 * Until then calls are left out: GDBus would answer them itself while the connection is not ready
 * for that, and nobody knows her name yet. Nor is anything said of what is left out. To be called
 * in the thread that does calls, in whose default main context that is.
 */
void queen_dbus_frames_let_calls_in (QueenDBusFrames *self);

/**
 * queen_dbus_frames_set_outbox:
 * @outbox: (nullable): as queen_dbus_desk_set_outbox() has it
 */
void queen_dbus_frames_set_outbox (QueenDBusFrames *self, QueenDBusOutbox *outbox);

/**
 * queen_dbus_frames_leave_unanswered_out:
 * @is_wanted: whether calls that want no answer are to be left out from now on
 *
 * Nobody waits for these; and to leave them out is a small part of the work that it is to read
 * them. May be called in any thread.
 */
void queen_dbus_frames_leave_unanswered_out (QueenDBusFrames *self, gboolean is_wanted);

/**
 * queen_dbus_frames_enclose:
 * @message: the one that was given out last; to be called in the thread that reads
 *
 * Gives it what has come with it, if that is wanted. Of a message that is never given it, it is
 * closed when the next one is read.
 */
void queen_dbus_frames_enclose (QueenDBusFrames *self, GDBusMessage *message);

/**
 * queen_dbus_frames_take_out:
 *
 * Takes what has come with @message out of it. What nobody takes is closed with the last reference
 * to the message.
 *
 * Returns: what that is; without a descriptor in it although one has come when there were too many
 *   already
 */
QueenDBusArrival queen_dbus_frames_take_out (GDBusMessage *message);

G_END_DECLS
