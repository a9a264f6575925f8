/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* B3: chunked bodies, RFC 9112 § 7.1 */

#include "http/queen-chunks.h"

#include <string.h>

#include "queen-error.h"

#define LIMIT 64

/* Reads @text in two pieces, cut before @cut.
 *
 * Returns: an error's code; -1 for none */
static int
read_in_two (const char *text, gsize cut, GByteArray *body, gboolean *is_whole, gsize *n_left)
{
  QueenChunks chunks = { 0 };
  QueenText pieces[] = { { text, cut }, { text + cut, strlen (text) - cut } };

  for (gsize i = 0; i < G_N_ELEMENTS (pieces); i++)
    {
      g_autoptr (GError) error = NULL;

      if (!queen_chunks_take (&chunks, &pieces[i], body, LIMIT, is_whole, &error))
        {
          g_assert_true (error->domain == QUEEN_ERROR);
          return error->code;
        }
    }
  *n_left = pieces[0].length + pieces[1].length;
  return -1;
}

static void
test_bodies (void)
{
  static const struct
  {
    const char *text;
    const char *body;
    gsize n_left; /* behind the end */
  } rows[] = {
    { "0\r\n\r\n", "", 0 },
    { "5\r\nhello\r\n0\r\n\r\n", "hello", 0 },
    { "1\r\na\r\n2\r\nbc\r\n0\r\n\r\n", "abc", 0 },
    { "A\r\n0123456789\r\n0\r\n\r\n", "0123456789", 0 },
    { "a\r\n0123456789\r\n0\r\n\r\n", "0123456789", 0 },
    { "0000000000000005\r\nhello\r\n000\r\n\r\n", "hello", 0 },
    { "4\r\n\r\n\r\n\r\n0\r\n\r\n", "\r\n\r\n", 0 },
    { "5;name=value\r\nhello\r\n0;x;y=\"; z\"\r\n\r\n", "hello", 0 },
    { "5 \t;a\r\nhello\r\n0\r\n\r\n", "hello", 0 },
    { "5\r\nhello\r\n0\r\nX-Sum: 7\r\nY: z\r\n\r\n", "hello", 0 },
    { "0\r\n\r\nGET / HTTP/1.1\r\n", "", 16 },
    { "40\r\n0123456789012345678901234567890123456789012345678901234567890123\r\n0\r\n\r\n",
      "0123456789012345678901234567890123456789012345678901234567890123", 0 },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    for (gsize cut = 0; cut <= strlen (rows[i].text); cut++)
      {
        g_autoptr (GByteArray) body = g_byte_array_new ();
        gboolean is_whole;
        gsize n_left;

        g_assert_cmpint (read_in_two (rows[i].text, cut, body, &is_whole, &n_left), ==, -1);
        g_assert_true (is_whole);
        g_assert_cmpmem (body->data, body->len, rows[i].body, strlen (rows[i].body));
        g_assert_cmpuint (n_left, ==, rows[i].n_left);
      }
}

/* Whatever somebody else might read another way. */
static void
test_refused (void)
{
  static const char *const texts[] = {
    "\r\n",
    "\n",
    "5\nhello\r\n0\r\n\r\n",
    "5\rhello\r\n0\r\n\r\n",
    "5\r\nhello0\r\n\r\n",
    "5\r\nhello\n0\r\n\r\n",
    "5\r\nhello\r0\r\n\r\n",
    "5\r\nhello!\r\n0\r\n\r\n",
    "0x5\r\nhello\r\n0\r\n\r\n",
    "+5\r\nhello\r\n0\r\n\r\n",
    "-5\r\nhello\r\n0\r\n\r\n",
    " 5\r\nhello\r\n0\r\n\r\n",
    "g\r\n",
    ";x\r\n\r\n",
    "5 \r\nhello\r\n0\r\n\r\n",
    "5\t x;y\r\nhello\r\n0\r\n\r\n",
    "5,5\r\nhello\r\n0\r\n\r\n",
    "00000000000000005\r\nhello\r\n0\r\n\r\n",
    "5;a\nb\r\nhello\r\n0\r\n\r\n",
    "5;a\x01\r\nhello\r\n0\r\n\r\n",
    "5;a\x7f\r\nhello\r\n0\r\n\r\n",
    "0\n\r\n",
    "0\r\n\n",
    "0\r\n\rX",
    "0\r\nX: y\n\r\n",
    "0\r\nX: y\rz\r\n\r\n",
    "0\r\nX: \x02\r\n\r\n",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    for (gsize cut = 0; cut <= strlen (texts[i]); cut++)
      {
        g_autoptr (GByteArray) body = g_byte_array_new ();
        gboolean is_whole;
        gsize n_left;

        g_assert_cmpint (read_in_two (texts[i], cut, body, &is_whole, &n_left), ==,
                         QUEEN_ERROR_BAD_REQUEST);
      }
}

/* As soon as a size says so, and before any of it is kept. */
static void
test_limit (void)
{
  static const char *const texts[] = { "41\r", "ffffffffffffffff\r",
                                       ("20\r\n"
                                        "0123456789abcdef0123456789abcdef\r\n21\r") };

  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    for (gsize cut = 0; cut <= strlen (texts[i]); cut++)
      {
        g_autoptr (GByteArray) body = g_byte_array_new ();
        gboolean is_whole;
        gsize n_left;

        g_assert_cmpint (read_in_two (texts[i], cut, body, &is_whole, &n_left), ==,
                         QUEEN_ERROR_CONTENT_TOO_LARGE);
        g_assert_cmpuint (body->len, <=, LIMIT);
      }
}

/* What nobody looks at has a limit, too: all extensions and trailers together. */
static void
test_extra (void)
{
  for (gsize n = QUEEN_CHUNKS_MAX_EXTRA - 1; n <= QUEEN_CHUNKS_MAX_EXTRA + 1; n++)
    for (int i = 0; i < 3; i++)
      {
        static const char *const formats[] = { "1;%s\r\na\r\n0\r\n\r\n", "0\r\n%s\r\n\r\n",
                                               "1;%s\r\na\r\n0;\r\nX\r\n\r\n" };
        static const gsize more[] = { 1, 0, 3 }; /* semicolons, and the X */
        g_autofree char *extra = g_strnfill (n - more[i], 'x');
        g_autofree char *text = g_strdup_printf (formats[i], extra);
        g_autoptr (GByteArray) body = g_byte_array_new ();
        gboolean is_whole;
        gsize n_left;
        int code = read_in_two (text, n / 2, body, &is_whole, &n_left);

        g_assert_cmpint (code, ==, n <= QUEEN_CHUNKS_MAX_EXTRA ? -1 : QUEEN_ERROR_BAD_REQUEST);
      }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/chunks/bodies/however-they-are-cut", test_bodies);
  g_test_add_func ("/chunks/invalid/refused-however-it-is-cut", test_refused);
  g_test_add_func ("/chunks/limit/as-soon-as-it-shows", test_limit);
  g_test_add_func ("/chunks/extra/bounded", test_extra);

  return g_test_run ();
}
