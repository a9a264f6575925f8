/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * QueenScopes:
 * @QUEEN_SCOPE_BEAT: send heartbeats
 * @QUEEN_SCOPE_READ: see the cluster
 * @QUEEN_SCOPE_JOBS: send work to the cluster
 * @QUEEN_SCOPE_HOLD: keep work away from workers and hives
 * @QUEEN_SCOPE_HIVES: have hives do something
 * @QUEEN_SCOPE_ADMIN: forget components, end the queen
 * @QUEEN_SCOPES_USUAL: what a token has without a word of its scopes. The others are never implied
 *
 * What the bearer of a token may do.
 */
typedef enum
{
  QUEEN_SCOPE_BEAT = 1 << 0,
  QUEEN_SCOPE_READ = 1 << 1,
  QUEEN_SCOPE_JOBS = 1 << 2,
  QUEEN_SCOPE_HOLD = 1 << 3,
  QUEEN_SCOPE_HIVES = 1 << 4,
  QUEEN_SCOPE_ADMIN = 1 << 5,
  QUEEN_SCOPES_USUAL = QUEEN_SCOPE_BEAT | QUEEN_SCOPE_READ | QUEEN_SCOPE_JOBS,
} QueenScopes;

/** Returns: the word for a single scope, such as `admin` */
const char *queen_scope_get_name (QueenScopes scope);

/**
 * QueenToken:
 * @name: whose it is
 * @scopes: what its bearer may do
 * @number: stands for this name with this token, and never for another; not 0. It stays the same
 *   for as long as every file that is read has both
 */
typedef struct
{
  const char *name;
  QueenScopes scopes;
  guint number;
} QueenToken;

/**
 * QueenTokens:
 *
 * Secrets by which clients are known. Of a token only its SHA-256 is kept in memory.
 */
typedef struct _QueenTokens QueenTokens;

/**
 * queen_tokens_new_from_file:
 * @path: a regular file of at most 1 MiB, with one `NAME:TOKEN` or `NAME:TOKEN:SCOPES` in a line;
 *   empty lines and those with `#` do not count. The scopes are words with commas between. A name
 *   may have several tokens, so that one can take the place of another without a gap
 * @former: (nullable): the tokens that these take the place of
 * @error: which line is wrong, never what it says
 *
 * Returns: (transfer full): at least one token, or %NULL
 */
QueenTokens *
queen_tokens_new_from_file (const char *path, const QueenTokens *former, GError **error);

/**
 * queen_tokens_get_change:
 *
 * Returns: (nullable): how many tokens there are, and how many of them came, went, or may do other
 *   things than those that they take the place of; for the log
 */
const char *queen_tokens_get_change (const QueenTokens *self);

/**
 * queen_tokens_lookup:
 * @token: what a client says
 *
 * How long this takes tells nothing of the tokens: what is compared are sums of theirs.
 *
 * Returns: (nullable) (transfer none): the token, until @self is freed
 */
const QueenToken *queen_tokens_lookup (const QueenTokens *self, const char *token);

/**
 * queen_tokens_find:
 * @number: of a token that was known once
 *
 * Returns: (nullable) (transfer none): the token; %NULL when it is no longer one
 */
const QueenToken *queen_tokens_find (const QueenTokens *self, guint number);

void queen_tokens_free (QueenTokens *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (QueenTokens, queen_tokens_free)

G_END_DECLS
