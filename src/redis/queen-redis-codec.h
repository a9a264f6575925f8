/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "queen-redis-reply.h"

G_BEGIN_DECLS

/** Bytes of one text. What is longer is read over, and nil; queens write a tenth of that at most.
 */
#define QUEEN_REDIS_MAX_TEXT (1024 * 1024)

/**
 * QueenRedisReader:
 *
 * Makes replies of the bytes that Redis sends, in pieces of any size. What it holds has limits, so
 * that nobody who sits in Redis's place makes her hold more.
 */
typedef struct _QueenRedisReader QueenRedisReader;

/** Whether she was built with one; without, no reader and no command is ever made. */
extern const gboolean queen_redis_codec_is_there;

/**
 * queen_redis_reader_new:
 * @max_bytes: what one whole reply may have
 * @max_elements: elements of all its arrays together
 */
QueenRedisReader *queen_redis_reader_new (gsize max_bytes, gsize max_elements);

/**
 * queen_redis_reader_feed:
 *
 * Takes bytes in. queen_redis_reader_take() is to be called then until there is no reply left, and
 * says whether they were good.
 */
void queen_redis_reader_feed (QueenRedisReader *self, const char *bytes, gsize length);

/**
 * queen_redis_reader_take:
 * @reply: (out) (transfer full) (nullable): the next one; %NULL when it is not whole yet
 * @error: %QUEEN_REDIS_ERROR_PROTOCOL: it is no reply, or over a limit; the reader is of no use
 * then
 *
 * Returns: whether all was good so far
 */
gboolean queen_redis_reader_take (QueenRedisReader *self, QueenRedisReply **reply, GError **error);

void queen_redis_reader_free (QueenRedisReader *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (QueenRedisReader, queen_redis_reader_free)

/**
 * queen_redis_command_append:
 * @lengths: (nullable): bytes of each argument; %NULL if all end with a NUL
 *
 * Writes a command behind @bytes, as Redis reads it.
 */
void queen_redis_command_append (GByteArray *bytes,
                                 guint argc,
                                 const char *const *argv,
                                 const gsize *lengths);

G_END_DECLS
