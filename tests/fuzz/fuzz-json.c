/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors
 *
 * Any bytes to the JSON parser. What it takes is within the limits, json-glib takes it too and
 * means the same by it, and so does the parser itself once it is written out again. When only some
 * members are wanted, it takes whatever it takes when all are. An array falls into its elements. */

#include <math.h>
#include <string.h>

#include "fuzz.h"
#include "queen-error.h"
#include "text/queen-json-split.h"
#include "text/queen-json-tree.h"
#include "text/queen-json-writer.h"

static void
check_error (const GError *error, gsize size)
{
  const char *at = strstr (error->message, ": byte ");
  guint64 byte;

  g_assert_error (error, QUEEN_ERROR, QUEEN_ERROR_BAD_REQUEST);
  g_assert_nonnull (at);
  byte = g_ascii_strtoull (at + strlen (": byte "), NULL, 10);
  g_assert_cmpuint (byte, >=, 1);
  g_assert_cmpuint (byte, <=, size + 1);
}

/* What a tree is written to. */
typedef struct
{
  GString *json;
  gboolean is_exact; /* nothing in it stands for something else */
} Writer;

static void write_node (JsonNode *node, guint depth, Writer *writer);

static void
write_string (const char *text, Writer *writer)
{
  g_assert_true (g_utf8_validate (text, -1, NULL));
  queen_json_append_string (writer->json, text);
  writer->is_exact = writer->is_exact && !strchr (text, 0x1a);
}

static void
write_object (JsonObject *object, guint depth, Writer *writer)
{
  g_autoptr (GList) names = json_object_get_members (object);

  g_assert_cmpuint (json_object_get_size (object), <=, QUEEN_JSON_MAX_MEMBERS);
  g_string_append_c (writer->json, '{');
  for (GList *link = names; link; link = link->next)
    {
      write_string (link->data, writer);
      g_string_append_c (writer->json, ':');
      write_node (json_object_get_member (object, link->data), depth, writer);
      if (link->next)
        g_string_append_c (writer->json, ',');
    }
  g_string_append_c (writer->json, '}');
}

static void
write_array (JsonArray *array, guint depth, Writer *writer)
{
  g_string_append_c (writer->json, '[');
  for (guint i = 0; i < json_array_get_length (array); i++)
    {
      if (i > 0)
        g_string_append_c (writer->json, ',');
      write_node (json_array_get_element (array, i), depth, writer);
    }
  g_string_append_c (writer->json, ']');
}

static void
write_double (double number, Writer *writer)
{
  char text[G_ASCII_DTOSTR_BUF_SIZE];

  g_assert_false (isnan (number));
  if (isinf (number))
    g_strlcpy (text, number < 0 ? "-1e999" : "1e999", sizeof text);
  else
    g_ascii_dtostr (text, sizeof text, number);
  g_string_append (writer->json, text);
  if (!strpbrk (text, ".e"))
    g_string_append (writer->json, ".0");
  /* json-glib reads a long integer as another one. */
  writer->is_exact = writer->is_exact && fabs (number) < 1e15;
}

static void
write_value (JsonNode *node, Writer *writer)
{
  GType type = json_node_get_value_type (node);

  if (type == G_TYPE_STRING)
    write_string (json_node_get_string (node), writer);
  else if (type == G_TYPE_BOOLEAN)
    g_string_append (writer->json, json_node_get_boolean (node) ? "true" : "false");
  else if (type == G_TYPE_INT64)
    g_string_append_printf (writer->json, "%" G_GINT64_FORMAT, json_node_get_int (node));
  else
    {
      g_assert_true (type == G_TYPE_DOUBLE);
      write_double (json_node_get_double (node), writer);
    }
}

static void
write_node (JsonNode *node, guint depth, Writer *writer)
{
  if (JSON_NODE_HOLDS_NULL (node))
    g_string_append (writer->json, "null");
  else if (JSON_NODE_HOLDS_VALUE (node))
    write_value (node, writer);
  else
    {
      g_assert_cmpuint (depth, <, QUEEN_JSON_MAX_DEPTH);
      if (JSON_NODE_HOLDS_OBJECT (node))
        write_object (json_node_get_object (node), depth + 1, writer);
      else
        write_array (json_node_get_array (node), depth + 1, writer);
    }
}

/* Returns: whether the tree holds all of the text exactly */
static gboolean
check_round_trip (JsonNode *node)
{
  g_autoptr (GString) json = g_string_new (NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) again = NULL;
  Writer writer = { json, TRUE };

  write_node (node, 0, &writer);
  again = queen_json_tree_parse (json->str, json->len, &error);
  g_assert_no_error (error);
  g_assert_true (json_node_equal (node, again));
  return writer.is_exact;
}

/* What is not wanted is no reason to refuse anything. */
static void
check_wanted (const guint8 *data, gsize size)
{
  static const char *const wanted[] = { "id", "a", "", NULL };
  g_autoptr (GError) error = NULL;
  g_autoptr (QueenJson) json = queen_json_new ((const char *) data, size, wanted, &error);
  g_autoptr (JsonNode) node = NULL;

  g_assert_no_error (error);
  node = queen_json_tree_new (queen_json_get_root (json));
  check_round_trip (node);
}

/* What is read where it stands is what a copy of it would be. Which of two faults is told of may
 * differ. */
static void
check_ended (const guint8 *data, gsize size)
{
  static const char *const wanted[] = { "id", "a", "", NULL };
  g_autofree char *ended = g_strndup ("", size);
  g_autoptr (QueenJson) json = queen_json_new ((const char *) data, size, wanted, NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (QueenJson) picked = NULL;

  memcpy (ended, data, size);
  picked = queen_json_new_ended (ended, size, wanted, &error);
  if (error)
    check_error (error, size);
  if (!json && picked) /* what is within an array at the top is not looked at */
    g_assert_cmpint (queen_json_get_root (picked)->type, !=, QUEEN_JSON_OBJECT);
  else
    g_assert_cmpint (json != NULL, ==, picked != NULL);
  if (json && queen_json_get_root (json)->type == QUEEN_JSON_OBJECT)
    {
      g_autoptr (JsonNode) first = queen_json_tree_new (queen_json_get_root (json));
      g_autoptr (JsonNode) second = queen_json_tree_new (queen_json_get_root (picked));

      g_assert_true (json_node_equal (first, second));
    }
}

static void
check_against_json_glib (JsonNode *node, const guint8 *data, gsize size)
{
  g_autoptr (JsonParser) parser = json_parser_new ();
  g_autoptr (GError) error = NULL;

  json_parser_load_from_data (parser, (const char *) data, (gssize) size, &error);
  g_assert_no_error (error);
  g_assert_true (json_node_equal (node, json_parser_get_root (parser)));
}

/* Whatever has an end is nothing without it. */
static void
check_truncated (JsonNode *node, const guint8 *data, gsize size)
{
  g_autofree guint8 *less = NULL;
  g_autoptr (GError) error = NULL;

  if (JSON_NODE_HOLDS_NULL (node) ||
      (JSON_NODE_HOLDS_VALUE (node) && json_node_get_value_type (node) != G_TYPE_STRING))
    return;
  while (strchr (" \t\r\n", data[size - 1]))
    size--;
  less = g_memdup2 (data, size - 1);
  g_assert_null (queen_json_tree_parse ((const char *) less, size - 1, &error));
  check_error (error, size - 1);
}

/* An array falls into the elements that it has, each valid by itself. */
static void
check_split (JsonNode *node, const guint8 *data, gsize size)
{
  const QueenText text = { (const char *) data, size };
  g_autoptr (GArray) elements = g_array_new (FALSE, FALSE, sizeof (QueenStretch));
  QueenJsonSplit split = { 0 };
  JsonArray *array;

  while (!split.is_done)
    if (!queen_json_split_go_on (&split, text, size % 7 + 1, QUEEN_JSON_MAX_ALL_VALUES, elements,
                                 NULL))
      {
        g_assert_false (node && JSON_NODE_HOLDS_ARRAY (node));
        return;
      }
  if (!node || !JSON_NODE_HOLDS_ARRAY (node))
    return;
  array = json_node_get_array (node);
  g_assert_cmpuint (elements->len, ==, json_array_get_length (array));
  for (guint i = 0; i < elements->len; i++)
    {
      const QueenStretch *element = &g_array_index (elements, QueenStretch, i);
      g_autoptr (JsonNode) alone =
          queen_json_tree_parse (text.at + element->at, element->length, NULL);

      g_assert_nonnull (alone);
      g_assert_true (json_node_equal (alone, json_array_get_element (array, i)));
    }
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) node = queen_json_tree_parse ((const char *) data, size, &error);

  check_split (node, data, size);
  check_ended (data, size);
  if (!node)
    {
      check_error (error, size);
      return 0;
    }
  g_assert_no_error (error);
  check_wanted (data, size);
  if (check_round_trip (node))
    check_against_json_glib (node, data, size);
  check_truncated (node, data, size);
  return 0;
}
