/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "model/queen-json.h"

#include <string.h>

#include "queen-error.h"

/* A copy of exactly that size, so that a sanitizer sees whoever reads on. */
static JsonNode *
parse (const char *text, gsize length, GError **error)
{
  g_autofree char *copy = g_memdup2 (text, length);

  return queen_json_parse (copy ? copy : "", length, error);
}

static void
assert_refused (const char *text, gsize length, const char *problem)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) node = parse (text, length, &error);

  g_assert_null (node);
  g_assert_error (error, QUEEN_ERROR, QUEEN_ERROR_BAD_REQUEST);
  g_test_message ("%s", error->message);
  g_assert_true (g_str_has_prefix (error->message, "not valid JSON: byte "));
  if (problem)
    g_assert_nonnull (strstr (error->message, problem));
}

static void
assert_becomes (const char *text, const char *expected)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) node = parse (text, strlen (text), &error);
  g_autofree char *back = NULL;

  g_assert_no_error (error);
  back = json_to_string (node, FALSE);
  g_assert_cmpstr (back, ==, expected);
}

static void
test_valid (void)
{
  static const char *const texts[][2] = {
    { "{}", "{}" },
    { " \t\r\n[ ]\n", "[]" },
    { "null", "null" },
    { "[true,false,null]", "[true,false,null]" },
    { "[0,-0,7,-12,123456789012345]", "[0,0,7,-12,123456789012345]" },
    { "[999999999999999,-999999999999999]", "[999999999999999,-999999999999999]" },
    { "[0.5,-1.5e3,2E+2,25e-1]", "[0.5,-1500.0,200.0,2.5]" },
    { "[1e-400,0e999]", "[0.0,0.0]" },
    { "{\"a\":{\"b\":[[],{}]}}", "{\"a\":{\"b\":[[],{}]}}" },
    { "\"\"", "\"\"" },
    { "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\\"\\\\/\\b\\f\\n\\r\\t\"" },
    { "\"\\u0041\\u00e9\\u20ac\"", "\"Aé€\"" },
    { "\"\\ud83d\\ude00\"", "\"😀\"" },
    { "\"\x7f\"", "\"\\u007f\"" },
    { "{\"\":1}", "{\"\":1}" },
    { "{\"a\":1,\"A\":2}", "{\"a\":1,\"A\":2}" },
    { "[[[[[[[[]]]]]]]]", "[[[[[[[[]]]]]]]]" },
    { "[[[[[[[[]]]]]]],[[]]]", "[[[[[[[[]]]]]]],[[]]]" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    assert_becomes (texts[i][0], texts[i][1]);
}

static void
test_invalid (void)
{
  static const char *const texts[] = {
    "",           " ",           "{",
    "}",          "[",           "]",
    "[1",         "[1,",         "[1,]",
    "[,1]",       "[1 2]",       "[1]]",
    "{\"a\"}",    "{\"a\":}",    "{\"a\" 1}",
    "{\"a\":1,}", "{,}",         "{a:1}",
    "{'a':1}",    "{1:1}",       "{\"a\":1 \"b\":2}",
    "{}{}",       "{} x",        "nul",
    "nulll",      "True",        "TRUE",
    "undefined",  "NaN",         "Infinity",
    "-Infinity",  "+1",          "-",
    "--1",        "01",          "-01",
    "1.",         ".5",          "1e",
    "1e+",        "1.e1",        "0x10",
    "0777",       "1.5.2",       "[-]",
    "[1,,2]",     "1_000",       "\"",
    "\"a",        "\"\\\"",      "\"\\x41\"",
    "\"\\u12\"",  "\"\\u12g4\"", "\"\\U0041\"",
    "'a'",        "\"\\q\"",     "\"a\nb\"",
    "\"a\tb\"",   "// c\n1",     "/* c */ 1",
    "1 // c",     "var x = 1;",  "\xef\xbb\xbf{}",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    assert_refused (texts[i], strlen (texts[i]), NULL);
}

/* What the RFC leaves open, and what two readers could understand differently. */
static void
test_beyond_the_rfc (void)
{
  static const char *const rows[][2] = {
    { "{\"a\":1,\"a\":2}", "second member" },
    { "{\"a\":1,\"b\":2,\"\\u0061\":3}", "second member" },
    { "[{\"\":{},\"\":{}}]", "second member" },
    { "\"\\u0000\"", "no character" },
    { "{\"\\u0000\":1}", "no character" },
    { "\"\\ud800\"", "no character" },
    { "\"\\ud800\\u0041\"", "no character" },
    { "\"\\ud800\\ud800\"", "no character" },
    { "\"\\ud800\\\"", "no character" },
    { "\"\\udc00\"", "no character" },
    { "\"\\udc00\\ud800\"", "no character" },
    { "1234567890123456", "15 digits" },
    { "9007199254740991", "15 digits" },
    { "9007199254740993", "15 digits" },
    { "9223372036854775808", "15 digits" },
    { "18446744073709551616", "15 digits" },
    { "-9223372036854775809", "15 digits" },
    { "1e400", "out of range" },
    { "-1e400", "out of range" },
    { "[1e309]", "out of range" },
    { "[[[[[[[[[]]]]]]]]]", "8 deep" },
    { "{\"a\":[{\"a\":[{\"a\":[{\"a\":[{}]}]}]}]}", "8 deep" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    assert_refused (rows[i][0], strlen (rows[i][0]), rows[i][1]);
}

static void
test_sizes (void)
{
  g_autofree char *longest = g_strnfill (QUEEN_JSON_MAX_STRING, 'x');
  g_autofree char *fits = g_strdup_printf ("\"%s\"", longest);
  g_autofree char *too_long = g_strdup_printf ("\"%sx\"", longest);
  g_autofree char *digits = g_strnfill (QUEEN_JSON_MAX_NUMBER, '1');
  g_autofree char *number = g_strdup_printf ("0.%s", digits);
  g_autofree char *escaped = g_strdup_printf ("\"%.1022s\\n\"", longest);
  g_autofree char *escaped_too_long = g_strdup_printf ("\"%.1023s\\n\"", longest);
  g_autofree char *brackets = g_strnfill (100000, '[');

  assert_becomes (fits, fits);
  assert_refused (too_long, strlen (too_long), "1024 bytes");
  assert_becomes (escaped, escaped);
  assert_refused (escaped_too_long, strlen (escaped_too_long), "1024 bytes");
  assert_refused (number, strlen (number), "128 characters");
  assert_refused (brackets, strlen (brackets), "8 deep");
}

static void
test_members (void)
{
  for (guint n = 64; n <= 65; n++)
    {
      g_autoptr (GString) text = g_string_new ("{");

      for (guint i = 0; i < n; i++)
        g_string_append_printf (text, "%s\"m%u\":%u", i > 0 ? "," : "", i, i);
      g_string_append_c (text, '}');
      if (n == QUEEN_JSON_MAX_MEMBERS)
        assert_becomes (text->str, text->str);
      else
        assert_refused (text->str, text->len, "64 members");
    }
}

static void
test_truncated (void)
{
  static const char text[] = "{\"a\":[1.5e3,\"\\u00e9\\ud83d\\ude00é\",{\"b\":null}],\"c\":true}";

  for (gsize length = 0; length < strlen (text); length++)
    assert_refused (text, length, NULL);
  assert_becomes (text, "{\"a\":[1500.0,\"é😀é\",{\"b\":null}],\"c\":true}");
}

static void
test_utf_8 (void)
{
  static const char text[] = "{\"name\":\"héllo\"}";
  /* A byte that never is, a tail alone, overlong, a surrogate, beyond U+10FFFF, one without tail.
   */
  static const char *const wrong[] = {
    "\xff", "\x80", "\xc0\xaf", "\xe0\x80\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xf0\x9f\x98",
  };

  for (gsize i = 0; i <= strlen (text); i++)
    for (gsize j = 0; j < G_N_ELEMENTS (wrong); j++)
      {
        g_autoptr (GString) broken = g_string_new (text);

        g_string_insert (broken, (gssize) i, wrong[j]);
        assert_refused (broken->str, broken->len, "not UTF-8");
      }
}

/* Raw ones, within a string and without. */
static void
test_control_characters (void)
{
  static const char text[] = "{\"name\":\"héllo\"}";

  for (gsize i = 0; i <= strlen (text); i++)
    for (char byte = 0; byte < ' '; byte++)
      {
        g_autoptr (GString) broken = g_string_new (text);
        gboolean is_in_string = (i > 1 && i < 7) || (i > 8 && i < 16);

        g_string_insert_len (broken, (gssize) i, &byte, 1);
        if (is_in_string || byte == '\0' || !strchr ("\t\n\r", byte))
          assert_refused (broken->str, broken->len, NULL);
        else
          assert_becomes (broken->str, text);
      }
}

static void
test_append_string (void)
{
  g_autoptr (GString) json = g_string_new (NULL);

  queen_json_append_string (json, "a\"b\\c\nd\x01é");
  g_assert_cmpstr (json->str, ==, "\"a\\\"b\\\\c\\nd\\u0001é\"");
  assert_becomes (json->str, "\"a\\\"b\\\\c\\nd\\u0001é\"");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/json/valid/becomes-the-tree", test_valid);
  g_test_add_func ("/json/invalid/refused-by-the-letter", test_invalid);
  g_test_add_func ("/json/ambiguous/refused-beyond-the-rfc", test_beyond_the_rfc);
  g_test_add_func ("/json/sizes/limited", test_sizes);
  g_test_add_func ("/json/members/64-and-no-more", test_members);
  g_test_add_func ("/json/truncated/refused-at-every-byte", test_truncated);
  g_test_add_func ("/json/bytes/no-foreign-byte-anywhere", test_utf_8);
  g_test_add_func ("/json/control-characters/only-as-space", test_control_characters);
  g_test_add_func ("/json/write/strings-escaped", test_append_string);

  return g_test_run ();
}
