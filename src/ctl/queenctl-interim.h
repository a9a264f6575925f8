/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <libsoup/soup.h>

G_BEGIN_DECLS

/* What libsoup would read on its own account without an end: answers that are none yet (1xx), while
 * neither a deadline nor a signal is seen, and bodies of those after which it would ask again. */

/**
 * queenctl_interim_limit:
 * @cancellable: with which @message is about to be sent
 *
 * Cancels it when there is no end of that. To be called once for a message.
 */
void queenctl_interim_limit (SoupMessage *message, GCancellable *cancellable);

/** Returns: whether that has happened */
gboolean queenctl_interim_has_stalled (SoupMessage *message);

G_END_DECLS
