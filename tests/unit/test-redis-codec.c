/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "redis/queen-redis-codec.h"

#include <string.h>

#include "loop/queen-clock.h"
#include "redis/queen-redis-error.h"

/* Small limits, so that they are reached. */
#define MAX_BYTES (256 * 1024)
#define MAX_ELEMENTS 1000

static void
write_reply (GString *text, const QueenRedisReply *reply)
{
  switch (reply->type)
    {
    case QUEEN_REDIS_NIL:
      g_string_append (text, "nil");
      break;
    case QUEEN_REDIS_INTEGER:
      g_string_append_printf (text, "%" G_GINT64_FORMAT, reply->integer);
      break;
    case QUEEN_REDIS_ARRAY:
      g_string_append_c (text, '[');
      for (gsize i = 0; i < reply->length; i++)
        {
          if (i > 0)
            g_string_append_c (text, ' ');
          write_reply (text, queen_redis_reply_get_element (reply, i));
        }
      g_string_append_c (text, ']');
      break;
    case QUEEN_REDIS_TEXT:
    case QUEEN_REDIS_STATUS:
    case QUEEN_REDIS_FAILURE:
    default:
      g_string_append_c (text, reply->type == QUEEN_REDIS_TEXT     ? '$'
                               : reply->type == QUEEN_REDIS_STATUS ? '+'
                                                                   : '-');
      g_assert_cmpint (reply->text[reply->length], ==, '\0');
      g_string_append_len (text, reply->text, (gssize) reply->length);
    }
}

/* Returns: (transfer full): the replies, with commas between; what is wrong with them stands last
 */
static char *
read_in_pieces (const char *bytes, gsize length, gsize size)
{
  g_autoptr (QueenRedisReader) reader = queen_redis_reader_new (MAX_BYTES, MAX_ELEMENTS);
  GString *text = g_string_new (NULL);

  for (gsize i = 0; i < length; i += size)
    {
      queen_redis_reader_feed (reader, bytes + i, MIN (size, length - i));
      for (;;)
        {
          g_autoptr (QueenRedisReply) reply = NULL;
          g_autoptr (GError) error = NULL;

          if (!queen_redis_reader_take (reader, &reply, &error))
            {
              g_assert_error (error, QUEEN_REDIS_ERROR, QUEEN_REDIS_ERROR_PROTOCOL);
              g_string_append (text, strstr (error->message, "larger than") ? "large" : "bad");
              return g_string_free (text, FALSE);
            }
          if (!reply)
            break;
          write_reply (text, reply);
          g_string_append_c (text, ',');
        }
    }
  return g_string_free (text, FALSE);
}

static void
assert_read (const char *bytes, gsize length, const char *expected)
{
  for (gsize size = 1; size <= 16; size++)
    {
      g_autofree char *text = read_in_pieces (bytes, length, size);

      g_assert_cmpstr (text, ==, expected);
    }
}

static void
test_replies (void)
{
  static const char *const rows[][2] = {
    { "+OK\r\n", "+OK," },
    { ":-7\r\n:9223372036854775807\r\n", "-7,9223372036854775807," },
    { "$0\r\n\r\n$4\r\na\r\nb\r\n", "$,$a\r\nb," },
    { "$-1\r\n*-1\r\n", "nil,nil," },
    { "*0\r\n*2\r\n:1\r\n*2\r\n$1\r\na\r\n$-1\r\n", "[],[1 [$a nil]]," },
    { "-OOM no\r\n*1\r\n-ERR in it\r\n", "-OOM no,[-ERR in it]," },
    { "$5\r\nabc", "" },
    { "*2\r\n:1\r\n", "" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    assert_read (rows[i][0], strlen (rows[i][0]), rows[i][1]);
}

static void
test_nul (void)
{
  g_autoptr (QueenRedisReader) reader = queen_redis_reader_new (MAX_BYTES, MAX_ELEMENTS);
  g_autoptr (QueenRedisReply) reply = NULL;
  gsize length;

  queen_redis_reader_feed (reader, "$3\r\na\0b\r\n", 9);
  g_assert_true (queen_redis_reader_take (reader, &reply, NULL));
  g_assert_cmpmem (queen_redis_reply_get_text (reply, &length), 4, "a\0b", 4);
  g_assert_cmpuint (length, ==, 3);
}

static void
test_foreign (void)
{
  static const char *const rows[][2] = {
    { "HTTP/1.1 400 Bad Request\r\n", "bad" },
    { "+OK\r\nx", "+OK,bad" },
    { "\r\n", "bad" },
    { ":12a\r\n", "bad" },
    { ":\r\n", "bad" },
    { ":99999999999999999999\r\n", "bad" },
    { "$-2\r\n", "bad" },
    { "$x\r\n", "bad" },
    { "*-2\r\n", "bad" },
    { "*x\r\n", "bad" },
    /* RESP3, which takes a HELLO */
    { ",1.5\r\n", "bad" },
    { "#t\r\n", "bad" },
    { "%1\r\n+a\r\n+b\r\n", "bad" },
    { "~1\r\n+a\r\n", "bad" },
    { "_\r\n", "bad" },
    { ">1\r\n+a\r\n", "bad" },
    { "(12345\r\n", "bad" },
    { "=5\r\ntxt:a\r\n", "bad" },
    /* more than there may be */
    { "*1001\r\n", "large" },
    { "*2147483647\r\n", "large" },
    { "*3\r\n*900\r\n", "" },
    { "*2\r\n*0\r\n*999\r\n", "large" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    assert_read (rows[i][0], strlen (rows[i][0]), rows[i][1]);
}

static void
test_deep (void)
{
  g_autoptr (GString) bytes = g_string_new (NULL);

  for (guint i = 0; i < 100; i++)
    g_string_append (bytes, "*1\r\n");
  assert_read (bytes->str, bytes->len, "bad");
}

/* Each of these would be waited for without an end. */
static void
test_endless (void)
{
  static const char *const begins[] = {
    "+", "-", ":", "$", "*", "*2\r\n+", "$10000000\r\n", "*1\r\n$10000000\r\n"
  };
  g_autofree char *garbage = g_strnfill (2 * MAX_BYTES, 'a');

  for (gsize i = 0; i < G_N_ELEMENTS (begins); i++)
    {
      g_autofree char *bytes = g_strconcat (begins[i], garbage, NULL);
      g_autofree char *text = read_in_pieces (bytes, strlen (bytes), 1000);

      g_assert_cmpstr (text, ==, "large");
    }
}

/* It is read over, and what stands around it is not; but it counts as what it is. */
static void
test_long (void)
{
  const gsize lengths[] = { QUEEN_REDIS_MAX_TEXT, QUEEN_REDIS_MAX_TEXT + 1 };

  for (gsize i = 0; i < G_N_ELEMENTS (lengths); i++)
    {
      g_autoptr (QueenRedisReader) reader =
          queen_redis_reader_new (2 * QUEEN_REDIS_MAX_TEXT, MAX_ELEMENTS);
      g_autofree char *text = g_strnfill (lengths[i], 'a');
      g_autofree char *bytes =
          g_strdup_printf ("*3\r\n:1\r\n$%" G_GSIZE_FORMAT "\r\n%s\r\n:2\r\n", lengths[i], text);
      g_autoptr (QueenRedisReply) reply = NULL;
      g_autoptr (GError) error = NULL;
      const char *said;
      gint64 last;

      queen_redis_reader_feed (reader, bytes, strlen (bytes));
      g_assert_true (queen_redis_reader_take (reader, &reply, &error));
      g_assert_no_error (error);
      said = queen_redis_reply_get_text (queen_redis_reply_get_element (reply, 1), NULL);
      g_assert_cmpstr (said, ==, i == 0 ? text : NULL);
      g_assert_true (
          queen_redis_reply_get_integer (queen_redis_reply_get_element (reply, 2), &last));
      g_assert_cmpint (last, ==, 2);
    }
}

/* Many that are small are as much as one that is large; but each reply begins anew. */
static void
test_sum (void)
{
  g_autoptr (GString) array = g_string_new ("*900\r\n");
  g_autofree char *half = g_strnfill (300, 'a');
  g_autofree char *text = NULL;

  for (guint i = 0; i < 900; i++)
    g_string_append_printf (array, "$300\r\n%s\r\n", half);
  text = read_in_pieces (array->str, array->len, 4096);
  g_assert_cmpstr (text, ==, "large");

  g_string_assign (array, "");
  for (guint i = 0; i < 2000; i++)
    g_string_append (array, "*1\r\n$-1\r\n");
  g_free (text);
  text = read_in_pieces (array->str, array->len, 4096);
  g_assert_cmpuint (strlen (text), ==, 2000 * strlen ("[nil],"));
}

/* Returns: (transfer full): an array of @n arrays of @n numbers, from bytes */
static QueenRedisReply *
read_numbers (guint n)
{
  g_autoptr (QueenRedisReader) reader = queen_redis_reader_new (1 << 30, n * (n + 1));
  g_autoptr (GString) text = g_string_new (NULL);
  QueenRedisReply *reply = NULL;

  g_string_printf (text, "*%u\r\n", n);
  for (guint i = 0; i < n; i++)
    {
      g_string_append_printf (text, "*%u\r\n", n);
      for (guint j = 0; j < n; j++)
        g_string_append (text, ":1\r\n");
    }
  queen_redis_reader_feed (reader, text->str, text->len);
  g_assert_true (queen_redis_reader_take (reader, &reply, NULL));
  return reply;
}

/* A million elements take a tenth of a second, and whoever says so many says them again. */
static void
test_freed_elsewhere (void)
{
  gint64 begun = queen_clock_system.get_cpu (), taken;
  QueenRedisReply *reply = read_numbers (1000);

  taken = queen_clock_system.get_cpu () - begun;
  begun += taken;
  queen_redis_reply_free (reply);
  g_assert_cmpint (queen_clock_system.get_cpu () - begun, <, taken / 20);
}

static void
test_commands (void)
{
  const char *const words[] = { "SET", "a", "" }, *const binary[] = { "E", "a\0\r\n" };
  const gsize lengths[] = { 1, 4 };
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  const char expected[] =
      "*3\r\n$3\r\nSET\r\n$1\r\na\r\n$0\r\n\r\n*2\r\n$1\r\nE\r\n$4\r\na\0\r\n\r\n";

  queen_redis_command_append (bytes, 3, words, NULL);
  queen_redis_command_append (bytes, 2, binary, lengths);
  g_assert_cmpmem (bytes->data, bytes->len, expected, sizeof expected - 1);
}

static void
test_integers (void)
{
  static const struct
  {
    const char *bytes;
    gboolean is_integer;
    gint64 integer;
  } rows[] = {
    { ":5\r\n", TRUE, 5 },      { "$2\r\n-5\r\n", TRUE, -5 }, { "$2\r\n5a\r\n", FALSE, 0 },
    { "$0\r\n\r\n", FALSE, 0 }, { "$2\r\n 5\r\n", FALSE, 0 }, { "$-1\r\n", FALSE, 0 },
    { "*0\r\n", FALSE, 0 },     { "$2\r\n+5\r\n", FALSE, 0 },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (QueenRedisReader) reader = queen_redis_reader_new (MAX_BYTES, MAX_ELEMENTS);
      g_autoptr (QueenRedisReply) reply = NULL;
      gint64 integer;

      queen_redis_reader_feed (reader, rows[i].bytes, strlen (rows[i].bytes));
      g_assert_true (queen_redis_reader_take (reader, &reply, NULL));
      g_assert_cmpint (queen_redis_reply_get_integer (reply, &integer), ==, rows[i].is_integer);
      if (rows[i].is_integer)
        g_assert_cmpint (integer, ==, rows[i].integer);
    }
}

static void
test_codes (void)
{
  static const char *const rows[][2] = {
    { "NOAUTH Authentication required.", "auth" },
    { "WRONGPASS invalid username-password pair or user is disabled.", "auth" },
    { "ERR AUTH <password> called without any password configured for the default user. Are you "
      "sure your configuration is correct?",
      "auth" },
    { "ERR invalid password", "auth" },
    { "NOPERM this user has no permissions to run the 'role' command", "not_allowed" },
    { "DENIED Redis is running in protected mode", "not_allowed" },
    { "READONLY You can't write against a read only replica.", "read_only" },
    { "OOM command not allowed when used memory > 'maxmemory'.", "out_of_memory" },
    { "OOM command not allowed when used memory > 'maxmemory'. script: f00, on @user_script:1.",
      "out_of_memory" },
    { "ERR Error running script (call to f_00): @user_script:1: @user_script: 1: -OOM command not "
      "allowed",
      "out_of_memory" },
    { "LOADING Redis is loading the dataset in memory", "loading" },
    { "MASTERDOWN Link with MASTER is down", "master_down" },
    { "NOREPLICAS Not enough good replicas to write.", "too_few_replicas" },
    { "MISCONF Redis is configured to save RDB snapshots", "disk" },
    { "NOSCRIPT No matching script. Please use EVAL.", "no_script" },
    { "BUSY Redis is busy running a script.", "busy" },
    { "BUSYGROUP Consumer Group name already exists", "refused" },
    { "WRONGTYPE Operation against a key", "wrong_type" },
    { "ERR max number of clients reached", "too_many_clients" },
    { "MOVED 3999 127.0.0.1:6381", "cluster" },
    { "CROSSSLOT Keys in request don't hash to the same slot", "cluster" },
    { "ERR unknown command", "refused" },
    { "", "refused" },
    { "OOM", "out_of_memory" },
    { "OOMs", "refused" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (GError) error = queen_redis_error_new_from_answer (rows[i][0]);

      g_assert_true (error->domain == QUEEN_REDIS_ERROR);
      g_assert_cmpstr (queen_redis_error_get_reason (error->code), ==, rows[i][1]);
      g_assert_cmpstr (error->message, ==, rows[i][0]);
    }
  for (int code = 0; code < QUEEN_REDIS_N_ERRORS; code++)
    g_assert_nonnull (queen_redis_error_get_reason (code));
}

/* A log is read in a terminal. */
static void
test_message (void)
{
  g_autofree char *much = g_strnfill (10000, 'a');
  g_autoptr (GError) escaped = queen_redis_error_new_from_answer ("ERR \033[31mred\xff");
  g_autoptr (GError) cut = queen_redis_error_new_from_answer (much);

  g_assert_cmpstr (escaped->message, ==, "ERR \\x1B[31mred\xef\xbf\xbd");
  g_assert_cmpuint (strlen (cut->message), <, 1000);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/redis-codec/replies-in-any-pieces", test_replies);
  g_test_add_func ("/redis-codec/nul", test_nul);
  g_test_add_func ("/redis-codec/foreign-bytes-are-an-error", test_foreign);
  g_test_add_func ("/redis-codec/too-deep-is-an-error", test_deep);
  g_test_add_func ("/redis-codec/nothing-is-waited-for-without-an-end", test_endless);
  g_test_add_func ("/redis-codec/who-says-too-much-says-nothing", test_long);
  g_test_add_func ("/redis-codec/all-of-a-reply-counts", test_sum);
  g_test_add_func ("/redis-codec/very-many-are-freed-elsewhere", test_freed_elsewhere);
  g_test_add_func ("/redis-codec/commands", test_commands);
  g_test_add_func ("/redis-codec/integers", test_integers);
  g_test_add_func ("/redis-codec/each-answer-has-its-code", test_codes);
  g_test_add_func ("/redis-codec/a-message-is-safe-to-print", test_message);
  return g_test_run ();
}
