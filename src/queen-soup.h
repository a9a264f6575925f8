/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <libsoup/soup.h>

G_BEGIN_DECLS

/* What libsoup would do with an answer before anybody hears of it. */

/**
 * queen_soup_prepare:
 *
 * Has libsoup speak HTTP/1 alone. With HTTP/2, which it speaks where it can, several answers are on
 * one connection, which cannot be closed for one of them; headers have no limit there; and it reads
 * on in one turn for as long as something comes. To be called while there is no other thread.
 */
void queen_soup_prepare (void);

/**
 * queen_soup_stream:
 * @message: one that is about to be sent
 * @cancellable: what it is sent with
 * @max_misdirected: bytes below which the body of a 421 may be read whole, and be asked for again
 *
 * Has its answer handed out as it comes, whatever its status is. When libsoup thinks that it will
 * ask again (401, 407, 421) it reads all of the body into memory first, however long that is.
 * Nobody is asked for a name and a password; and for 421 there is no other way than to cancel it.
 * To be called once for a message.
 */
void queen_soup_stream (SoupMessage *message, GCancellable *cancellable, gsize max_misdirected);

/**
 * queen_soup_connect:
 * @message: one that is sent with @cancellable
 *
 * As g_signal_connect_object(), but that the message keeps @cancellable. GIO has it in threads that
 * look up names and shake hands, and the last of them to let go of it would do away with it, and so
 * with this connection, while the thread of the message may do so, too: GLib is not made for that.
 */
void queen_soup_connect (SoupMessage *message,
                         const char *signal,
                         GCallback callback,
                         GCancellable *cancellable);

/** Returns: the type of what libsoup reads from without TLS; %G_TYPE_INVALID without a descriptor
 */
GType queen_soup_get_input_type (void);

/** Returns: whether it was cancelled as 421 was answered, with a body that may not be read whole */
gboolean queen_soup_is_misdirected (SoupMessage *message);

G_END_DECLS
