/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <glib.h>

/**
 * Unpacker:
 *
 * A body in chunks that is gzip, as it comes. Whoever writes it ends the process: this is no place
 * to be forgiving.
 */
typedef struct _Unpacker Unpacker;

Unpacker *unpacker_new (void);

/**
 * unpacker_take:
 * @bytes: the next ones of the body
 *
 * Returns: (transfer none): what they are unpacked, with a NUL behind it; until the next call
 */
const GString *unpacker_take (Unpacker *self, const char *bytes, gsize length);
