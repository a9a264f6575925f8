/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-redis-reply.h"

#include <string.h>

QueenRedisReply *
queen_redis_reply_take (const QueenRedisReply *reply)
{
  QueenRedisReply *taken = g_memdup2 (reply, sizeof *reply);

  *(QueenRedisReply *) reply = (QueenRedisReply){ .type = QUEEN_REDIS_NIL };
  return taken;
}

static gboolean
has_text (const QueenRedisReply *reply)
{
  return reply->type == QUEEN_REDIS_TEXT || reply->type == QUEEN_REDIS_STATUS;
}

const char *
queen_redis_reply_get_text (const QueenRedisReply *reply, gsize *length)
{
  if (length)
    *length = has_text (reply) ? reply->length : 0;
  return has_text (reply) ? reply->text : NULL;
}

const QueenRedisReply *
queen_redis_reply_get_element (const QueenRedisReply *reply, gsize n)
{
  return reply->type == QUEEN_REDIS_ARRAY && n < reply->length ? reply->elements[n] : NULL;
}

gboolean
queen_redis_reply_get_integer (const QueenRedisReply *reply, gint64 *integer)
{
  *integer = reply->integer;
  return reply->type == QUEEN_REDIS_INTEGER ||
         (has_text (reply) && strlen (reply->text) == reply->length &&
          (g_ascii_isdigit (*reply->text) || *reply->text == '-') &&
          g_ascii_string_to_signed (reply->text, 10, G_MININT64, G_MAXINT64, integer, NULL));
}

/* As deep as the reader lets arrays be in arrays, which is a few. An array that has not become
 * whole has elements that are missing. */
void
queen_redis_reply_free (QueenRedisReply *reply)
{
  if (reply->type == QUEEN_REDIS_ARRAY)
    {
      for (gsize i = 0; i < reply->length; i++)
        g_clear_pointer (&reply->elements[i], queen_redis_reply_free);
      g_free (reply->elements);
    }
  else
    g_free (reply->text);
  g_free (reply);
}
