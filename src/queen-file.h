/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/** Bytes that settings, tokens or a certificate may have: nobody means more than that. */
#define QUEEN_FILE_USUAL_MAX (1024 * 1024)

/**
 * queen_file_read:
 * @path: a file that somebody named in the settings
 * @max: how many bytes it may have at the most
 * @length: (out): how many bytes it has
 * @error: %QUEEN_ERROR_SETTING, or what the system says; the message begins with @path
 *
 * Reads a small file. A pipe, a device or a directory in its place is refused at once: nothing here
 * waits for somebody to write, be it at the start or in the running queen.
 *
 * Returns: (transfer full): its bytes and a NUL behind them, or %NULL
 */
char *queen_file_read (const char *path, gsize max, gsize *length, GError **error);

/**
 * queen_file_write:
 * @fd: a regular file
 *
 * Writes all of @text, however often the system takes only a part of it.
 *
 * Returns: whether it is written; otherwise errno says why
 */
gboolean queen_file_write (int fd, const GString *text);

G_END_DECLS
