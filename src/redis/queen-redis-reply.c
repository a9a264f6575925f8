/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-redis-reply.h"

#include <gio/gio.h>
#include <string.h>

#define FREED_AT_ONCE (32 * 1024) /* steps, two for each element: a good ms */

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

/* But for what is in it. */
static void
free_alone (QueenRedisReply *reply)
{
  if (reply->type == QUEEN_REDIS_ARRAY)
    g_free (reply->elements);
  else
    g_free (reply->text);
  g_free (reply);
}

/* Takes the last element out of the last one in @arrays, or frees that, if there is none. An array
 * that has not become whole has elements that are missing. */
static void
free_last (GPtrArray *arrays)
{
  QueenRedisReply *reply = arrays->pdata[arrays->len - 1];
  QueenRedisReply *element;

  if (reply->type != QUEEN_REDIS_ARRAY || reply->length == 0)
    {
      g_ptr_array_set_size (arrays, (int) arrays->len - 1);
      free_alone (reply);
      return;
    }
  element = reply->elements[--reply->length];
  if (element)
    g_ptr_array_add (arrays, element);
}

/* In another thread. */
static void
free_rest (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  GPtrArray *arrays = data;

  while (arrays->len > 0)
    free_last (arrays);
  g_task_return_boolean (task, TRUE);
}

static void
free_elsewhere (GPtrArray *arrays)
{
  g_autoptr (GTask) task = g_task_new (NULL, NULL, NULL, NULL);

  g_task_set_task_data (task, arrays, (GDestroyNotify) g_ptr_array_unref);
  g_task_run_in_thread (task, free_rest);
}

void
queen_redis_reply_free (QueenRedisReply *reply)
{
  GPtrArray *arrays;

  if (reply->type != QUEEN_REDIS_ARRAY)
    {
      free_alone (reply);
      return;
    }
  arrays = g_ptr_array_new ();
  g_ptr_array_add (arrays, reply);
  for (guint n = 0; n < FREED_AT_ONCE && arrays->len > 0; n++)
    free_last (arrays);
  if (arrays->len > 0)
    free_elsewhere (arrays);
  else
    g_ptr_array_unref (arrays);
}
