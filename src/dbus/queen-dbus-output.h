/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <gio/gio.h>
#include <gio/gunixoutputstream.h>

G_BEGIN_DECLS

/**
 * QueenDBusOutput:
 *
 * What GDBus has for a bus; a message may have a descriptor with it. GDBus sends those only by a
 * socket that it reads from, too, and that #QueenDBusFrames keeps it from. So such a message has a
 * header field of hers in the place of the one that says that there is a descriptor; the two change
 * places on the way out.
 */
#define QUEEN_TYPE_DBUS_OUTPUT (queen_dbus_output_get_type ())
G_DECLARE_FINAL_TYPE (QueenDBusOutput, queen_dbus_output, QUEEN, DBUS_OUTPUT, GUnixOutputStream)

/**
 * queen_dbus_output_new:
 * @socket: non-blocking; it must outlive the output
 * @passes_descriptors: whether the bus has agreed to that
 */
GOutputStream *queen_dbus_output_new (int socket, gboolean passes_descriptors);

/** Returns: (transfer none) (nullable): what @connection writes to; %NULL with any other stream */
QueenDBusOutput *queen_dbus_output_find (GDBusConnection *connection);

/** Returns: whether queen_dbus_output_enclose() may be used */
gboolean queen_dbus_output_passes_descriptors (QueenDBusOutput *self);

/** Returns: how many bytes have been written ever; it may be asked in any thread */
gsize queen_dbus_output_get_n_written (QueenDBusOutput *self);

/**
 * queen_dbus_output_enclose:
 * @message: one that is about to be sent, once. In its body the descriptor is the handle 0
 * @fd: (transfer full): is closed when it has been sent; else with the output
 *
 * Has @fd sent with @message. May be called in any thread.
 */
void queen_dbus_output_enclose (QueenDBusOutput *self, GDBusMessage *message, int fd);

/**
 * queen_dbus_output_enclose_message:
 * @stand_in: one that is about to be sent, once; it has no body
 * @message: another one, as it goes to the bus, of which nobody else makes use
 *
 * Has @message sent in the place of @stand_in, whose number it gets. May be called in any thread.
 */
void
queen_dbus_output_enclose_message (QueenDBusOutput *self, GDBusMessage *stand_in, GBytes *message);

G_END_DECLS
