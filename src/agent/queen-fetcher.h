/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <gio/gio.h>

#include "queen-answer-room.h"

G_BEGIN_DECLS

/**
 * QueenFetcher:
 *
 * How servers are connected to: no proxy is asked, and their certificates are checked. And what all
 * lines to them share.
 */
typedef struct _QueenFetcher QueenFetcher;

/**
 * queen_fetcher_new:
 * @trusted: (nullable): certificates to trust in place of the system's. On this machine itself any
 * is taken, as nobody is between
 */
QueenFetcher *queen_fetcher_new (GTlsDatabase *trusted);

void queen_fetcher_free (QueenFetcher *self);

/** Returns: how many lines there are: who has many asks on each of them less often */
guint queen_fetcher_count_lines (QueenFetcher *self);

/** There is a line more, or less. */
void queen_fetcher_add_line (QueenFetcher *self, int n);

/** Returns: (transfer none): the room of all answers that come on its lines */
QueenAnswerRoom *queen_fetcher_get_room (QueenFetcher *self);

/** Connects to where @uri says, as g_socket_client_connect_async(). */
void queen_fetcher_connect_async (QueenFetcher *self,
                                  GUri *uri,
                                  GCancellable *cancellable,
                                  GAsyncReadyCallback callback,
                                  gpointer data);

/** Returns: (transfer full) (nullable): the connection */
GSocketConnection *
queen_fetcher_connect_finish (GObject *source, GAsyncResult *result, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (QueenFetcher, queen_fetcher_free)

G_END_DECLS
