/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "queen-config.h"

G_BEGIN_DECLS

/**
 * queen_key_file_apply:
 * @path: a key file with a group `[queen]`; at most 1 MiB is read
 * @config: whose fields are set
 * @error: %QUEEN_ERROR_SETTING or a file error, with @path and the key before it
 *
 * Returns: whether all of it can stand there
 */
gboolean queen_key_file_apply (const char *path, QueenConfig *config, GError **error);

G_END_DECLS
