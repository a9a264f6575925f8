/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define QUEEN_WORKER_KEY_MAX 512 /* bytes */

/**
 * queen_worker_key_read:
 * @path: a file whose first line is the key that a server wants to be shown
 * @error: %QUEEN_ERROR_SETTING, or what the system says
 *
 * Returns: (transfer full) (nullable): the key
 */
char *queen_worker_key_read (const char *path, GError **error);

/**
 * queen_worker_key_check:
 * @key: (nullable): that is shown to a server
 * @url: (nullable): where that is
 * @error: %QUEEN_ERROR_SETTING; the key is not in it
 *
 * Returns: whether it can be sent, and is not sent over a network in the clear
 */
gboolean queen_worker_key_check (const char *key, const char *url, GError **error);

G_END_DECLS
