/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * QueenTokens:
 *
 * Secrets by which clients are known. Of a token only its SHA-256 is kept in memory.
 */
typedef struct _QueenTokens QueenTokens;

/**
 * queen_tokens_new_from_file:
 * @path: one `NAME:TOKEN` in a line; empty lines and those with `#` do not count
 * @error: which line is wrong, never what it says
 *
 * Returns: (transfer full): at least one token, or %NULL
 */
QueenTokens *queen_tokens_new_from_file (const char *path, GError **error);

/**
 * queen_tokens_lookup:
 * @token: what a client says
 *
 * Takes the same time whatever @token is, as far as its bytes are concerned.
 *
 * Returns: (nullable): the name of its owner
 */
const char *queen_tokens_lookup (const QueenTokens *self, const char *token);

/**
 * queen_tokens_is_equal:
 *
 * Returns: whether two texts are the same, found out in a time that depends on their lengths alone
 */
gboolean queen_tokens_is_equal (const char *a, const char *b);

void queen_tokens_free (QueenTokens *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (QueenTokens, queen_tokens_free)

G_END_DECLS
