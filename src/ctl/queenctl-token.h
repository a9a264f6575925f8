/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * queenctl_token_read:
 * @path: a file that holds a token, or a line of the queen's own file of tokens
 * @origin: where @path is from, such as `--token-file`
 *
 * Returns: (transfer full) (nullable): the token; %NULL with %QUEENCTL_ERROR_USAGE
 */
char *queenctl_token_read (const char *path, const char *origin, GError **error);

G_END_DECLS
