/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "queen-target.h"

G_BEGIN_DECLS

/**
 * QueenWorkerTokens:
 *
 * What the queen shows to workers that ask for a token. It is immutable, for any thread.
 */
typedef struct _QueenWorkerTokens QueenWorkerTokens;

/**
 * queen_worker_tokens_new_from_file:
 * @path: has `HOST TOKEN` in a line: a host as it stands in the url of a worker or hive, with or
 *   without its port; or `id=ID TOKEN`, the id of one, wherever it is; empty lines and those with
 *   `#` say nothing
 * @error: %QUEEN_ERROR_SETTING, or what the system says; never with a token in it
 *
 * Returns: (transfer full): the tokens, or %NULL
 */
QueenWorkerTokens *queen_worker_tokens_new_from_file (const char *path, GError **error);

/**
 * queen_worker_tokens_find:
 * @id: of the worker or hive that is called
 *
 * A host's goes before a worker's: an id is what a heartbeat says, and the host is where the token
 * goes to.
 *
 * Returns: (transfer none) (nullable): what to show there
 */
const char *
queen_worker_tokens_find (const QueenWorkerTokens *self, const char *id, const QueenTarget *target);

/** How many there are. */
guint queen_worker_tokens_get_n (const QueenWorkerTokens *self);

QueenWorkerTokens *queen_worker_tokens_ref (QueenWorkerTokens *self);
void queen_worker_tokens_unref (QueenWorkerTokens *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (QueenWorkerTokens, queen_worker_tokens_unref)

G_END_DECLS
