/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Small files in which the kernel tells something: /proc and /sys. They are made at the moment in
 * which they are read, so their beginning is enough, and any of them may be missing or answer with
 * an error: which means that the value is unknown. */

/**
 * queen_kernel_file_read:
 * @buffer: (out caller-allocates) (array length=size): the beginning of the file, and a NUL
 * @size: bytes of @buffer, the NUL included; what is more is not read
 * @format: of the path
 *
 * What is no regular file is not read, as nothing here may wait.
 *
 * Returns: how many bytes were read; -1 when none could be (`errno`)
 */
gssize queen_kernel_file_read (char *buffer, gsize size, const char *format, ...)
    G_GNUC_PRINTF (3, 4);

/**
 * queen_kernel_file_read_number:
 * @number: (out): the number that the file consists of
 * @format: of the path
 *
 * Returns: whether there is such a file, with a whole number and nothing else in it
 */
gboolean queen_kernel_file_read_number (gint64 *number, const char *format, ...)
    G_GNUC_PRINTF (2, 3);

/**
 * queen_kernel_file_find:
 * @text: lines that begin with a key, such as those of `/proc/meminfo`
 * @key: one of them, with what follows it: `MemTotal:` or `usage_usec `
 * @number: (out): the whole number behind the key; with `kB`, `KiB` or `MiB` behind it in bytes
 *
 * Returns: whether there is such a line with a number
 */
gboolean queen_kernel_file_find (const char *text, const char *key, guint64 *number);

/**
 * queen_kernel_file_parse:
 * @text: a whole number, perhaps with a unit, up to the end of the line
 * @number: (out): as for queen_kernel_file_find()
 *
 * Returns: whether it is one
 */
gboolean queen_kernel_file_parse (const char *text, guint64 *number);

G_END_DECLS
