/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define QUEEN_HASH_KEY_SIZE 16 /* bytes */

/**
 * queen_string_hash:
 * @string: (type utf8): what ends with a NUL
 *
 * A #GHashFunc for every table whose keys come from outside, with g_str_equal() beside it. Its key
 * is made anew for each process, so nobody can know which strings share a place in a table. (GLib
 * has nothing of the kind: for g_str_hash() anybody can make up thousands of strings with one hash,
 * and each look-up would walk along all of them.) To be used in any thread.
 */
guint queen_string_hash (gconstpointer string);

/**
 * queen_bytes_hash:
 * @bytes: what does not end with a NUL, such as a number or an address
 * @size: how many
 *
 * The same for keys of another form. Bytes that are padding have no fixed value, so what has some
 * is not to be hashed as a whole.
 */
guint queen_bytes_hash (gconstpointer bytes, gsize size);

/**
 * queen_hash_with_key:
 * @key: %QUEEN_HASH_KEY_SIZE bytes that nobody else knows
 * @bytes: (nullable): what to hash; %NULL if there is nothing
 * @size: how many
 *
 * SipHash-1-3, with its 64 bits in the order of this machine: https://131002.net/siphash
 */
guint64 queen_hash_with_key (const guint8 *key, gconstpointer bytes, gsize size);

/**
 * queen_hash_is_same_secret:
 *
 * For a signature or another text that only who knows a secret can make. It takes a time that
 * depends on the lengths alone, or the right one could be found byte by byte.
 *
 * Returns: whether @a is @b
 */
gboolean queen_hash_is_same_secret (const char *a, const char *b);

G_END_DECLS
