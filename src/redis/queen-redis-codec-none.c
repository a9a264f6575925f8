/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors
 *
 * In the place of queen-redis-codec.c in a queen without an engine. No setting has a target made
 * there, so none of this is called. */

#include "queen-redis-codec.h"

const gboolean queen_redis_codec_is_there = FALSE;

QueenRedisReader *
queen_redis_reader_new (gsize max_bytes, gsize max_elements)
{
  g_assert_not_reached ();
}

void
queen_redis_reader_feed (QueenRedisReader *self, const char *bytes, gsize length)
{
  g_assert_not_reached ();
}

gboolean
queen_redis_reader_take (QueenRedisReader *self, QueenRedisReply **reply, GError **error)
{
  g_assert_not_reached ();
}

void
queen_redis_reader_free (QueenRedisReader *self)
{
  g_assert_not_reached ();
}

void
queen_redis_command_append (GByteArray *bytes,
                            guint argc,
                            const char *const *argv,
                            const gsize *lengths)
{
  g_assert_not_reached ();
}
