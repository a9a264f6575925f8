/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * QueenReadiness:
 *
 * When there is something to be read from the sockets of a thread that waits for thousands of
 * answers at once. libsoup has GLib wait for each head by the socket itself; and GLib walks along
 * all the sockets whenever one of them begins to wait or ends that: with 4 000 whose heads come
 * byte by byte, a turn of the loop took a third of a second. So in such a thread all of these wait
 * by one descriptor, and so many of them are ready in one turn as others can wait for.
 */
typedef struct _QueenReadiness QueenReadiness;

/**
 * queen_readiness_new:
 *
 * For the thread whose main context is the default one here, as soon as it enters.
 *
 * Returns: (transfer full) (nullable): %NULL where GLib is to wait as it does: there is no
 *   descriptor for it
 */
QueenReadiness *queen_readiness_new (void);

/** From now on it is for all that this thread waits for. */
void queen_readiness_enter (QueenReadiness *self);

/** In the thread that has entered it. Nobody waits any more. */
void queen_readiness_free (QueenReadiness *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (QueenReadiness, queen_readiness_free)

G_END_DECLS
