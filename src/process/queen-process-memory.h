/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * queen_process_memory_get:
 * @size: (out) (nullable): bytes that the process could address
 * @resident: (out): bytes of it that are in memory
 *
 * Returns: %FALSE when the kernel does not tell; both are left alone then
 */
gboolean queen_process_memory_get (gsize *size, gsize *resident);

G_END_DECLS
