/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors
 *
 * Any bytes in Redis's place. What they mean does not depend on the pieces in which they come, all
 * of it is within the limits, and what is said as a command is read as the same words. */

#include <string.h>

#include "fuzz.h"
#include "redis/queen-redis-codec.h"
#include "redis/queen-redis-error.h"

#define MAX_BYTES (64 * 1024)
#define MAX_ELEMENTS 1000

typedef struct
{
  gsize bytes;
  gsize elements;
} Sum;

static void
write_reply (GString *text, const QueenRedisReply *reply, Sum *sum)
{
  gint64 integer;
  gsize length;

  sum->bytes += sizeof *reply;
  g_string_append_printf (text, "%d:%" G_GSIZE_FORMAT ":%" G_GINT64_FORMAT ":", reply->type,
                          reply->length, reply->integer);
  if (reply->type == QUEEN_REDIS_ARRAY)
    {
      sum->elements += reply->length;
      for (gsize i = 0; i < reply->length; i++)
        write_reply (text, queen_redis_reply_get_element (reply, i), sum);
    }
  else if (reply->type != QUEEN_REDIS_NIL && reply->type != QUEEN_REDIS_INTEGER)
    {
      sum->bytes += reply->length;
      g_assert_cmpint (reply->text[reply->length], ==, '\0');
      g_string_append_len (text, reply->text, (gssize) reply->length);
    }
  g_assert_null (queen_redis_reply_get_element (reply, reply->length));
  g_assert_true (!queen_redis_reply_get_text (reply, &length) || length == reply->length);
  if (queen_redis_reply_get_integer (reply, &integer) && reply->type == QUEEN_REDIS_INTEGER)
    g_assert_cmpint (integer, ==, reply->integer);
}

/* It becomes words that can be shown. */
static void
check_failure (const QueenRedisReply *reply)
{
  g_autoptr (GError) error = NULL;

  if (reply->type != QUEEN_REDIS_FAILURE)
    return;
  error = queen_redis_error_new_from_answer (reply->text);
  g_assert_true (g_utf8_validate (error->message, -1, NULL));
  g_assert_null (strpbrk (error->message, "\r\n\033"));
}

/* Returns: (transfer full): all that they mean; what was wrong stands last */
static GString *
read_in_pieces (const guint8 *data, gsize size, gsize piece)
{
  g_autoptr (QueenRedisReader) reader = queen_redis_reader_new (MAX_BYTES, MAX_ELEMENTS);
  GString *text = g_string_new (NULL);

  for (gsize i = 0; i < size; i += piece)
    {
      queen_redis_reader_feed (reader, (const char *) data + i, MIN (piece, size - i));
      for (;;)
        {
          g_autoptr (QueenRedisReply) reply = NULL;
          g_autoptr (GError) error = NULL;
          Sum sum = { 0 };

          if (!queen_redis_reader_take (reader, &reply, &error))
            {
              g_assert_error (error, QUEEN_REDIS_ERROR, QUEEN_REDIS_ERROR_PROTOCOL);
              g_assert_null (reply);
              g_string_append (text, "!");
              return text;
            }
          if (!reply)
            break;
          write_reply (text, reply, &sum);
          check_failure (reply);
          g_assert_cmpuint (sum.bytes, <=, MAX_BYTES);
          g_assert_cmpuint (sum.elements, <=, MAX_ELEMENTS);
          g_string_append_c (text, '\n');
        }
    }
  return text;
}

/* Redis reads a command as this reader reads an array of texts. */
static void
check_command (const guint8 *data, gsize size)
{
  const char *const words[] = { (const char *) data, (const char *) data + size / 2 };
  const gsize lengths[] = { size / 2, size - size / 2 };
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  g_autoptr (QueenRedisReader) reader = queen_redis_reader_new (MAX_BYTES, MAX_ELEMENTS);
  g_autoptr (QueenRedisReply) reply = NULL;

  queen_redis_command_append (bytes, 2, words, lengths);
  queen_redis_reader_feed (reader, (const char *) bytes->data, bytes->len);
  g_assert_true (queen_redis_reader_take (reader, &reply, NULL));
  g_assert_cmpuint (reply->length, ==, 2);
  for (guint i = 0; i < 2; i++)
    g_assert_cmpmem (reply->elements[i]->text, reply->elements[i]->length, words[i], lengths[i]);
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_autoptr (GString) whole = read_in_pieces (data, size, MAX (size, 1));
  g_autoptr (GString) torn = read_in_pieces (data, size, size > 0 ? data[0] % 7 + 1 : 1);

  g_assert_true (g_string_equal (whole, torn));
  if (size > 0 && size < MAX_BYTES / 2)
    check_command (data, size);
  return 0;
}
