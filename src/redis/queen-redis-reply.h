/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * QueenRedisReplyType:
 * @QUEEN_REDIS_NIL: there is nothing
 * @QUEEN_REDIS_TEXT: any bytes
 * @QUEEN_REDIS_STATUS: a word such as `OK`
 * @QUEEN_REDIS_INTEGER: a whole number
 * @QUEEN_REDIS_ARRAY: further replies
 * @QUEEN_REDIS_FAILURE: an error inside an array; a whole reply that is one becomes a #GError
 */
typedef enum
{
  QUEEN_REDIS_NIL,
  QUEEN_REDIS_TEXT,
  QUEEN_REDIS_STATUS,
  QUEEN_REDIS_INTEGER,
  QUEEN_REDIS_ARRAY,
  QUEEN_REDIS_FAILURE,
} QueenRedisReplyType;

/**
 * QueenRedisReply:
 * @type: which of the other members there are
 * @integer: of an integer
 * @length: bytes of @text, or how many @elements there are
 * @text: of a text, a status and a failure: any bytes, with a NUL behind them; never %NULL there
 * @elements: of an array; none of them is %NULL
 *
 * What Redis has answered. Immutable; whoever is handed one must not keep it, but may take what is
 * in it by queen_redis_reply_take().
 */
typedef struct _QueenRedisReply QueenRedisReply;

struct _QueenRedisReply
{
  QueenRedisReplyType type;
  gint64 integer;
  gsize length;
  union
  {
    char *text;
    QueenRedisReply **elements;
  };
};

/**
 * queen_redis_reply_take:
 * @reply: a whole one, as somebody was handed it; it is nil from then on
 *
 * For what takes more than a turn of the loop.
 *
 * Returns: (transfer full): what was in it
 */
QueenRedisReply *queen_redis_reply_take (const QueenRedisReply *reply);

/**
 * queen_redis_reply_get_text:
 * @length: (out) (optional): bytes; there may be NULs among them
 *
 * Returns: (nullable): what a text or a status says; %NULL if it is something else
 */
const char *queen_redis_reply_get_text (const QueenRedisReply *reply, gsize *length);

/**
 * queen_redis_reply_get_element:
 *
 * Returns: (nullable): one element of an array; %NULL if it has fewer, or is no array
 */
const QueenRedisReply *queen_redis_reply_get_element (const QueenRedisReply *reply, gsize n);

/**
 * queen_redis_reply_get_integer:
 * @integer: (out): the number of an integer, or of a text that is nothing but one
 *
 * Returns: whether it is one
 */
gboolean queen_redis_reply_get_integer (const QueenRedisReply *reply, gint64 *integer);

/** Frees it; but of one with very many elements, which would take many times as long as anybody may
 * take of a turn of the loop, the most is freed by another thread. */
void queen_redis_reply_free (QueenRedisReply *reply);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (QueenRedisReply, queen_redis_reply_free)

G_END_DECLS
