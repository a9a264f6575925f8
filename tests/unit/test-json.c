/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "text/queen-json-tree.h"

#include <math.h>
#include <string.h>

#include "queen-error.h"
#include "text/queen-json-nesting.h"
#include "text/queen-json-split.h"
#include "text/queen-json-writer.h"

/* A copy of exactly that size, so that a sanitizer sees whoever reads on. */
static JsonNode *
parse_wanted (const char *text, gsize length, const char *const *wanted, GError **error)
{
  g_autofree char *copy = g_memdup2 (text, length);
  g_autoptr (QueenJson) json = queen_json_new (copy ? copy : "", length, wanted, error);

  return json ? queen_json_tree_new (queen_json_get_root (json)) : NULL;
}

/* The same of what is read where it stands, of which nothing is written to. */
static JsonNode *
parse_ended (const char *text, gsize length, const char *const *wanted, GError **error)
{
  g_autofree char *copy = g_malloc (length + 1);
  g_autoptr (QueenJson) json = NULL;

  memcpy (copy, text, length);
  copy[length] = '\0';
  json = queen_json_new_ended (copy, length, wanted, error);
  g_assert_cmpmem (copy, length, text, length);
  return json ? queen_json_tree_new (queen_json_get_root (json)) : NULL;
}

static JsonNode *
parse (const char *text, gsize length, GError **error)
{
  return parse_wanted (text, length, NULL, error);
}

static void
assert_error (const GError *error, const char *start, const char *problem)
{
  g_assert_error (error, QUEEN_ERROR, QUEEN_ERROR_BAD_REQUEST);
  g_test_message ("%s", error->message);
  g_assert_true (g_str_has_prefix (error->message, start));
  if (problem)
    g_assert_nonnull (strstr (error->message, problem));
}

static void
assert_invalid (const char *text, gsize length, const char *problem)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) node = parse (text, length, &error);

  g_assert_null (node);
  assert_error (error, "not valid JSON: byte ", problem);
}

/* What is valid is never called invalid. */
static void
assert_refused (const char *text, const char *problem)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) node = parse (text, strlen (text), &error);

  g_assert_null (node);
  assert_error (error, "JSON as it is not taken here: byte ", problem);
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
    { "[[[[[[[[]]]]]]],[[]]]", "[[[[[[[[]]]]]]],[[]]]" },
    { "[1234567890123456,-1.5e25]", "[1234567890123456.0,-1.5e+25]" },
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
    assert_invalid (texts[i], strlen (texts[i]), NULL);
}

/* What two readers could understand differently. */
static void
test_twice (void)
{
  static const char *const texts[] = {
    "{\"a\":1,\"a\":2}",
    "{\"a\":1,\"b\":2,\"\\u0061\":3}",
    "[{\"a\":{},\"a\":{}}]",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    assert_refused (texts[i], "“a” stands there twice");
}

/* B14: what the tree cannot hold as it is. */
static void
test_substitutes (void)
{
  static const char *const rows[][2] = {
    { "\"\\u0000\"", "\x1a" },
    { "\"a\\u0000b\"", "a\x1a"
                       "b" },
    { "\"\\ud800\"", "\x1a" },
    { "\"\\ud800\\u0041\"", "\x1a"
                            "A" },
    { "\"\\ud800\\ud800\"", "\x1a\x1a" },
    { "\"\\ud800\\ud83d\\ude00\"", "\x1a😀" },
    { "\"\\udc00\"", "\x1a" },
    { "\"\\udc00\\ud800\"", "\x1a\x1a" },
    { "\"\\ud800\\n\"", "\x1a\n" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (JsonNode) node = parse (rows[i][0], strlen (rows[i][0]), NULL);

      g_assert_nonnull (node);
      g_assert_cmpstr (json_node_get_string (node), ==, rows[i][1]);
    }
}

static void
test_big_numbers (void)
{
  static const struct
  {
    const char *text;
    double number;
  } rows[] = {
    { "9007199254740991", 9007199254740991.0 },
    { "9223372036854775808", 9223372036854775808.0 },
    { "-18446744073709551616", -18446744073709551616.0 },
    { "1e400", HUGE_VAL },
    { "-1e400", -HUGE_VAL },
  };
  g_autofree char *digits = g_strnfill (50000, '1');
  g_autofree char *fraction = g_strconcat ("0.", digits, NULL);
  g_autoptr (JsonNode) huge = parse (digits, strlen (digits), NULL);
  g_autoptr (JsonNode) ninth = parse (fraction, strlen (fraction), NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (JsonNode) node = parse (rows[i].text, strlen (rows[i].text), NULL);

      g_assert_true (json_node_get_value_type (node) == G_TYPE_DOUBLE);
      g_assert_true (json_node_get_double (node) == rows[i].number);
    }
  g_assert_true (json_node_get_double (huge) == HUGE_VAL);
  g_assert_cmpfloat_with_epsilon (json_node_get_double (ninth), 1.0 / 9, 1e-9);
}

static char *
nest (gsize depth)
{
  g_autofree char *opening = g_strnfill (depth, '[');
  g_autofree char *closing = g_strnfill (depth, ']');

  return g_strconcat (opening, closing, NULL);
}

static void
test_sizes (void)
{
  g_autofree char *long_text = g_strnfill (60000, 'x');
  g_autofree char *long_string = g_strdup_printf ("\"%s\\n\"", long_text);
  g_autofree char *deepest = nest (QUEEN_JSON_MAX_DEPTH);
  g_autofree char *too_deep = nest (QUEEN_JSON_MAX_DEPTH + 1);
  g_autofree char *brackets = g_strnfill (100000, '[');

  assert_becomes (long_string, long_string);
  assert_becomes (deepest, deepest);
  assert_refused (too_deep, "32 deep");
  assert_refused (brackets, "32 deep");
}

/* B14: what is not wanted is only read over, but that by the letter. */
static void
test_unwanted (void)
{
  static const char *const wanted[] = { "a", "id", QUEEN_JSON_IN_ARRAY "in", NULL };
  static const char *const rows[][2] = {
    { "{\"x\":1234567890123456789,\"a\":1,\"y\":[\"\\u0000\",1e400]}", "{\"a\":1}" },
    { "{\"x\":1,\"x\":2,\"a\":{\"x\":{},\"id\":[{\"x\":0}]}}", "{\"a\":{\"id\":[{}]}}" },
    { "{\"x\":{\"a\":1,\"a\":2},\"\\u0061\":null}", "{\"a\":null}" },
    { "{\"\\u0000\":{},\"A\":true}", "{}" },
    { "{\"in\":1,\"a\":[{\"in\":2,\"id\":3,\"x\":[]}],\"id\":4}", "{\"a\":[{\"in\":2}],\"id\":4}" },
  };
  static const char *const invalid[] = { "{\"x\":01}",     "{\"x\":[1,]}",    "{\"x\":{\"y\"}}",
                                         "{\"x\":nul}",    "{\"x\":\"\\q\"}", "{\"x\":\"\\u12\"}",
                                         "{\"x\":\"\n\"}", "{\"x\":{\"y\":1}" };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (JsonNode) node = parse_wanted (rows[i][0], strlen (rows[i][0]), wanted, &error);
      g_autofree char *back = NULL;

      g_assert_no_error (error);
      back = json_to_string (node, FALSE);
      g_assert_cmpstr (back, ==, rows[i][1]);
    }
  for (gsize i = 0; i < G_N_ELEMENTS (invalid); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_null (parse_wanted (invalid[i], strlen (invalid[i]), wanted, &error));
      assert_error (error, "not valid JSON: byte ", NULL);
    }
}

/* To build them takes a hundred times as long as to read them over. */
static void
test_many_wanted (void)
{
  static const char *const wanted[] = { "a", NULL };

  for (guint n = QUEEN_JSON_MAX_VALUES - 3; n <= QUEEN_JSON_MAX_VALUES + 1; n++)
    {
      g_autoptr (GString) text = g_string_new ("{\"a\":[0");
      g_autoptr (JsonNode) node = NULL;
      g_autoptr (GError) error = NULL;

      for (guint i = 1; i < n; i++)
        g_string_append (text, ",0");
      g_string_append (text, "]}");
      node = parse_wanted (text->str, text->len, wanted, &error);
      g_assert_true ((node != NULL) ==
                     (n + 2 <= QUEEN_JSON_MAX_VALUES)); /* with object and array */
      g_assert_true (node || strstr (error->message, "1024 values"));
      g_clear_pointer (&node, json_node_unref);
      node = parse (text->str, text->len, NULL);
      g_assert_nonnull (node);
    }
}

/* Where all is wanted, too, there is an end to it. */
static void
test_very_many (void)
{
  for (guint n = QUEEN_JSON_MAX_ALL_VALUES - 1; n <= QUEEN_JSON_MAX_ALL_VALUES; n++)
    {
      g_autoptr (GString) text = g_string_new ("[[]");
      g_autoptr (JsonNode) node = NULL;
      g_autoptr (GError) error = NULL;

      for (guint i = 1; i < n; i++)
        g_string_append (text, ",[]");
      g_string_append_c (text, ']');
      node = parse (text->str, text->len, &error);
      g_assert_true ((node != NULL) == (n < QUEEN_JSON_MAX_ALL_VALUES)); /* with the outer one */
      g_assert_true (node || strstr (error->message, "1000000 values"));
    }
}

static void
test_many_unwanted (void)
{
  static const char *const wanted[] = { "a", NULL };
  g_autoptr (GString) text = g_string_new ("{");
  g_autofree char *nested = nest (QUEEN_JSON_MAX_DEPTH - 1);
  g_autoptr (JsonNode) node = NULL;
  g_autofree char *back = NULL;

  for (guint i = 0; i < 3000; i++)
    g_string_append_printf (text, "\"m%u\":%s,", i, nested);
  g_string_append (text, "\"a\":7}");
  node = parse_wanted (text->str, text->len, wanted, NULL);
  back = json_to_string (node, FALSE);
  g_assert_cmpstr (back, ==, "{\"a\":7}");
}

/* To the byte: what each is in one way of reading, it is in the other. That it is no JSON is known
 * sooner. */
static void
assert_same (const char *text, gsize length)
{
  static const char *const wanted[] = { "a", "model", QUEEN_JSON_IN_ARRAY "in", NULL };
  g_autoptr (GError) error = NULL, ended_error = NULL;
  g_autoptr (JsonNode) node = parse_wanted (text, length, wanted, &error);
  g_autoptr (JsonNode) ended = parse_ended (text, length, wanted, &ended_error);

  if (error && ended_error && g_str_has_prefix (error->message, "JSON as") &&
      g_str_has_prefix (ended_error->message, "not valid JSON"))
    return;
  if (error || ended_error)
    g_assert_cmpstr (error ? error->message : "", ==, ended_error ? ended_error->message : "");
  else if (JSON_NODE_HOLDS_OBJECT (node))
    g_assert_true (json_node_equal (node, ended));
  else
    g_assert_true (JSON_NODE_TYPE (node) == JSON_NODE_TYPE (ended));
}

static void
test_ended (void)
{
  static const char *const texts[] = {
    "{}",
    " { } ",
    "{\"a\":1}",
    ("{ \"b\" : [1,{\"a\":2}] , \"a\" :\t[{\"in\":3,\"out\":4}], "
     "\"model\":\"x\\ud83d\\ude00\\u0000y\" }"),
    "{\"\\u0061\":\"by another name\",\"\\ud83d\":0,\"mode\":1,\"modell\":2,\"\\u006dodel\":3}",
    ("{\"\\/\\/\":1,\"mo\\u0064e\":2,\"mode\\u006cx\":3,\"\\u0061\\u0000\":4,"
     "\"\\u0161\":5,\"mode\\u006C\":6}"),
    "{\"x\":{\"a\":1},\"a\":2,\"a\":3}",
    "{\"x\":0,\"a\":{\"model\":1,\"y\":2,\"model\":3}}",
    "{\"x\":[\"\\q\"],\"a\":1}",
    "{\"a\":1,\"x\":01}",
    "{\"a\":1,\"x\":-}",
    "{\"a\":1,\"x\":1.}",
    "{\"a\":1,\"x\":1e+}",
    "{\"a\":1,\"x\":nul}",
    "{\"a\":1,\"x\":\"\\u12\"}",
    "{\"a\":1,\"x\":[1 2]}",
    "{\"x\":[0,12,0 ,345, 6,-7,8,9.5,1e2,10],\"a\":1}",
    "{\"a\":1,\"x\":[0,12,]}",
    "{\"a\":1,\"x\":[0,,12]}",
    "{\"a\":1,\"x\":[0,12,01]}",
    "{\"a\":1,\"x\":[0,{\"y\":1,2,3}]}",
    "{\"a\":1,\"x\":{\"y\" 1}}",
    "{\"a\":1,\"x\":{y:1}}",
    "{\"a\":1,\"x\":{\"y\":1,}}",
    "{\"a\":1} 2",
    "{\"a\":1",
    "{\"a\":\"\xff\"}",
    "[1,{\"a\":2}]",
    "\"text\"",
    "-12.5e3",
    "true",
    "null",
    "",
    "  ",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    for (gsize length = 0; length <= strlen (texts[i]); length++)
      assert_same (texts[i], length);
}

static void
test_ended_limits (void)
{
  g_autofree char *nested = nest (QUEEN_JSON_MAX_DEPTH);
  g_autofree char *deep = g_strdup_printf ("{\"a\":1,\"x\":%s}", nested);
  g_autofree char *as_deep =
      g_strdup_printf ("{\"a\":1,\"x\":%.*s}", (int) strlen (nested) - 2, nested + 1);
  g_autoptr (GString) again = g_string_new ("{\"x\":[]");
  g_autoptr (GString) many = g_string_new ("{\"x\":{},\"a\":[0");

  for (guint i = 0; i < 2000; i++)
    {
      g_string_append (again, ",\"a\":1");
      g_string_append (many, ",1");
    }
  g_string_append_c (again, '}');
  g_string_append (many, "]}");
  assert_same (deep, strlen (deep));
  assert_same (as_deep, strlen (as_deep));
  assert_same (again->str, again->len);
  assert_same (many->str, many->len);
}

/* Megabytes of what is wanted are no more of use than a megabyte, and to copy them takes long. */
static void
test_ended_most (void)
{
  static const char *const wanted[] = { "a", NULL };
  g_autofree char *most = g_strnfill (QUEEN_JSON_MAX_PICKED - strlen ("{'a':''}"), 'x');

  for (guint n = 0; n < 2; n++)
    {
      g_autofree char *text = g_strdup_printf ("{\"a\":\"%s%s\"}", most, n == 1 ? "x" : "");
      g_autoptr (GError) error = NULL;
      g_autoptr (JsonNode) node = parse_ended (text, strlen (text), wanted, &error);

      g_assert_cmpint (node != NULL, ==, n == 0);
      if (n == 1)
        assert_error (error, "JSON as it is not taken here: byte 2: ", "over 1 MiB");
    }
}

/* Nor are millions of members, each of which is compared with what is wanted. Within one of them
 * there may be more. */
static void
test_ended_members (void)
{
  static const char *const wanted[] = { "a", NULL };

  for (guint n = QUEEN_JSON_MAX_PASSED; n <= QUEEN_JSON_MAX_PASSED + 1; n++)
    {
      g_autoptr (GString) text = g_string_new ("{\"\":{\"\":0");
      g_autoptr (GError) error = NULL;
      g_autoptr (JsonNode) node = NULL;

      for (guint i = 0; i < n; i++)
        g_string_append (text, ",\"\":0");
      g_string_append (text, "},\"a\":1");
      for (guint i = 2; i < n; i++)
        g_string_append (text, ",\"\":0");
      g_string_append_c (text, '}');
      node = parse_ended (text->str, text->len, wanted, &error);
      g_assert_cmpint (node != NULL, ==, n == QUEEN_JSON_MAX_PASSED);
      if (!node)
        assert_error (error, "JSON as it is not taken here: byte ", "more than 65536 members");
    }
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
        assert_refused (text->str, "64 members");
    }
}

static void
test_members_of_none (void)
{
  const char *text = "[1,{\"a\":2}]";
  g_autoptr (QueenJson) json = queen_json_new (text, strlen (text), NULL, NULL);

  g_assert_null (queen_json_get_member (queen_json_get_root (json), "a"));
}

static void
test_truncated (void)
{
  static const char text[] = "{\"a\":[1.5e3,\"\\u00e9\\ud83d\\ude00é\",{\"b\":null}],\"c\":true}";

  for (gsize length = 0; length < strlen (text); length++)
    assert_invalid (text, length, NULL);
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
        assert_invalid (broken->str, broken->len, "not UTF-8");
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
          assert_invalid (broken->str, broken->len, NULL);
        else
          assert_becomes (broken->str, text);
      }
}

/* The elements, with a bar between them.
 *
 * @n_bytes: to look at before it goes on in another place */
static char *
split_by (const char *text, guint max, gsize n_bytes, GError **error)
{
  g_autoptr (GArray) elements = g_array_new (FALSE, FALSE, sizeof (QueenStretch));
  GString *all = g_string_new (NULL);
  QueenJsonSplit parts = { 0 };

  while (!parts.is_done)
    {
      g_autofree char *copy = g_memdup2 (text, strlen (text));

      if (!queen_json_split_go_on (&parts, (QueenText){ copy, strlen (text) }, n_bytes, max,
                                   elements, error))
        return g_string_free (all, TRUE);
    }
  for (guint i = 0; i < elements->len; i++)
    {
      const QueenStretch *element = &g_array_index (elements, QueenStretch, i);

      g_string_append_len (all, text + element->at, (gssize) element->length);
      g_string_append_c (all, '|');
    }
  return g_string_free (all, FALSE);
}

/* However little it looks at in one go. */
static char *
split (const char *text, guint max, GError **error)
{
  char *all = split_by (text, max, G_MAXSIZE, error);

  for (gsize n_bytes = 1; n_bytes < 9; n_bytes++)
    {
      g_autoptr (GError) other_error = NULL;
      g_autofree char *other = split_by (text, max, n_bytes, &other_error);

      g_assert_cmpstr (other, ==, all);
      g_assert_cmpstr (other_error ? other_error->message : NULL, ==,
                       all ? NULL : (*error)->message);
    }
  return all;
}

static void
test_split (void)
{
  static const char *const rows[][2] = {
    { "[]", "" },
    { " [ ] ", "" },
    { "[1]", "1|" },
    { "[ {\"a\":[1,{}],\"b\":\"],}\\\",\"} , \"[\\\\\",[[],[\",\"]]\t]\n",
      "{\"a\":[1,{}],\"b\":\"],}\\\",\"} |\"[\\\\\"|[[],[\",\"]]\t|" },
    { "[,]", "||" },
    { "[1,]", "1||" },
    { "[nonsense,{\"a\"}]", "nonsense|{\"a\"}|" },
    { "[\"\\\"\\\"\\\\\",\"\\\\\\\",]\", \"\"]", "\"\\\"\\\"\\\\\"|\"\\\\\\\",]\"|\"\"|" },
  };
  static const char *const invalid[] = { "",    " ",   "1",  "{}",  "[",    "[1",   "[1,",  "[\"]",
                                         "[{]", "[[]", "[}", "[1}", "[] 1", "[][]", "[\"\\" };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autofree char *elements = split (rows[i][0], 100, &error);

      g_assert_no_error (error);
      g_assert_cmpstr (elements, ==, rows[i][1]);
    }
  for (gsize i = 0; i < G_N_ELEMENTS (invalid); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_null (split (invalid[i], 100, &error));
      assert_error (error, "not valid JSON: byte ", NULL);
    }
}

/* One more than there may be tells that there are too many; what follows is not looked at. */
static void
test_split_many (void)
{
  g_autofree char *all = split ("[1,2,3]", 3, NULL);
  g_autofree char *some = split ("[1,2,3,4,5", 3, NULL);

  g_assert_cmpstr (all, ==, "1|2|3|");
  g_assert_cmpstr (some, ==, "1|2|3|4|");
}

static void
test_append_string (void)
{
  g_autoptr (GString) json = g_string_new (NULL);

  queen_json_append_string (json, "a\"b\\c\nd\x01é");
  g_assert_cmpstr (json->str, ==, "\"a\\\"b\\\\c\\nd\\u0001é\"");
  assert_becomes (json->str, "\"a\\\"b\\\\c\\nd\\u0001é\"");
}

/* A25, B17: what a terminal might obey, and at what a reader might cut a line. */
static void
test_append_hidden (void)
{
  static const char *const rows[][2] = {
    { "a\x7f", "\"a\\u007f\"" },
    { "\xc2\x80\xc2\x9f\xc2\xa0", "\"\\u0080\\u009f\xc2\xa0\"" },
    { "\u2027\u2028\u2029\u202f", "\"\u2027\\u2028\\u2029\u202f\"" },
    { "\u202a\u202e\u2065\u2066\u2069\u206a", "\"\\u202a\\u202e\u2065\\u2066\\u2069\u206a\"" },
    { "\xc2", "\"\xc2\"" },
    { "\xe2\x80", "\"\xe2\x80\"" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (GString) json = g_string_new (NULL);

      queen_json_append_string (json, rows[i][0]);
      g_assert_cmpstr (json->str, ==, rows[i][1]);
      g_string_assign (json, "\"");
      queen_json_append_part (json, rows[i][0]);
      queen_json_append_part (json, "");
      g_string_append_c (json, '"');
      g_assert_cmpstr (json->str, ==, rows[i][1]);
    }
}

static void
test_numbers (void)
{
  static const guint64 numbers[] = { 0, 7, 10, 9301, 1000000, G_MAXUINT64 - 1, G_MAXUINT64 };

  for (gsize i = 0; i < G_N_ELEMENTS (numbers); i++)
    {
      g_autofree char *expected = g_strdup_printf (",%" G_GUINT64_FORMAT, numbers[i]);
      g_autoptr (GString) json = g_string_new (",");

      queen_json_append_number (json, numbers[i]);
      g_assert_cmpstr (json->str, ==, expected);
    }
}

/* Whatever is written is JSON, and the same number when it is read again. */
static void
test_reals (void)
{
  static const struct
  {
    double number;
    const char *text;
  } rows[] = {
    { 0, "0.000" },
    { 0.93, "0.930" },
    { -120.004, "-120.004" },
    { 0.9312, "0.9312" },
    { 0.1 + 0.2, "0.30000000000000004" },
    { 999999999999999., "999999999999999.000" },
    { 1e15, "1e+15" },
    { 1e36, "1e+36" },
    { 1.5e300, "1.5e+300" },
    { 1e-300, "1e-300" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (GString) json = g_string_new (NULL);
      g_autoptr (QueenJson) read = NULL;
      g_autoptr (GError) error = NULL;

      queen_json_append_real (json, rows[i].number);
      g_assert_cmpstr (json->str, ==, rows[i].text);
      read = queen_json_new (json->str, json->len, NULL, &error);
      g_assert_no_error (error);
      g_assert_cmpint (queen_json_get_root (read)->type, ==, QUEEN_JSON_DOUBLE);
      g_assert_cmpfloat (queen_json_get_root (read)->number, ==, rows[i].number);
    }
}

/* One that is handed on is whole at its end, and nowhere before. */
static void
test_nesting (void)
{
  static const char *const texts[] = { "{}",
                                       "[1,{\"a\":[]}]",
                                       "{\"a\":\"}\"}",
                                       "{\"a\\\"}\":\"\\\\\"}",
                                       " [\"]\",[[]]]",
                                       "{\"]\":{\"[\":[\"{\"]}}" };
  static const char *const never[] = { "", " ", "7", "null", "\"{}\"", "}{", "{]]{" };

  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      QueenJsonNesting bit_by_bit = { 0 }, at_once = { 0 };

      for (const char *at = texts[i]; *at != '\0'; at++)
        {
          g_assert_false (queen_json_nesting_is_whole (&bit_by_bit));
          queen_json_nesting_take (&bit_by_bit, at, 1);
        }
      g_assert_true (queen_json_nesting_is_whole (&bit_by_bit));
      queen_json_nesting_take (&at_once, texts[i], strlen (texts[i]));
      g_assert_true (queen_json_nesting_is_whole (&at_once));
      queen_json_nesting_take (&at_once, "\n ", 2);
      g_assert_true (queen_json_nesting_is_whole (&at_once));
    }
  for (gsize i = 0; i < G_N_ELEMENTS (never); i++)
    {
      QueenJsonNesting nesting = { 0 };

      queen_json_nesting_take (&nesting, never[i], strlen (never[i]));
      g_assert_false (queen_json_nesting_is_whole (&nesting));
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/json/valid/becomes-the-tree", test_valid);
  g_test_add_func ("/json/invalid/refused-by-the-letter", test_invalid);
  g_test_add_func ("/json/member-twice/refused-by-name", test_twice);
  g_test_add_func ("/json/beyond-the-tree/substituted", test_substitutes);
  g_test_add_func ("/json/beyond-the-tree/numbers-become-doubles", test_big_numbers);
  g_test_add_func ("/json/sizes/only-the-depth-is-limited", test_sizes);
  g_test_add_func ("/json/reals/read-again-as-they-were", test_reals);
  g_test_add_func ("/json/unwanted/read-over-by-the-letter", test_unwanted);
  g_test_add_func ("/json/unwanted/however-many", test_many_unwanted);
  g_test_add_func ("/json/wanted/1024-values-and-no-more", test_many_wanted);
  g_test_add_func ("/json/limits/all-values", test_very_many);
  g_test_add_func ("/json/ended/the-same-to-the-byte", test_ended);
  g_test_add_func ("/json/ended/with-the-same-limits", test_ended_limits);
  g_test_add_func ("/json/ended/no-more-than-is-of-use", test_ended_most);
  g_test_add_func ("/json/ended/no-more-members-than-are-of-use", test_ended_members);
  g_test_add_func ("/json/members/64-and-no-more", test_members);
  g_test_add_func ("/json/members/none-in-an-array", test_members_of_none);
  g_test_add_func ("/json/truncated/refused-at-every-byte", test_truncated);
  g_test_add_func ("/json/bytes/no-foreign-byte-anywhere", test_utf_8);
  g_test_add_func ("/json/control-characters/only-as-space", test_control_characters);
  g_test_add_func ("/json/split/without-a-look-inside", test_split);
  g_test_add_func ("/json/split/no-more-than-there-may-be", test_split_many);
  g_test_add_func ("/json/write/strings-escaped", test_append_string);
  g_test_add_func ("/json/write/nothing-hidden-as-it-is", test_append_hidden);

  g_test_add_func ("/json/numbers/written-as-printf-does", test_numbers);

  g_test_add_func ("/json/nesting/whole-at-its-end-and-not-before", test_nesting);

  return g_test_run ();
}
