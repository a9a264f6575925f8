/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* How this process calls others through TLS, whoever makes the connection: libsoup does, too. Those
 * others may say any amount of what is nothing to who reads, and glib-networking would read all of
 * it in one call that is not to block; and it would keep each ticket that they give, for an hour,
 * however many. With this a read takes no more than some, who says more and more of it is cut off,
 * and no tickets are kept: each connection begins with a handshake of its own. */

/**
 * queen_tls_calls_prepare:
 *
 * To be called before anything is done that has to do with TLS; the first call prepares it, and
 * others do nothing. In any thread.
 */
void queen_tls_calls_prepare (void);

/** Returns: the type of what is read from in each of these connections */
GType queen_tls_calls_get_input_type (void);

G_END_DECLS
