/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors
 *
 * Any bytes to the JSON parser. What it takes is within the limits, json-glib takes it too and
 * means the same by it, and so does the parser itself once it is written out again. */

#include <math.h>
#include <string.h>

#include "fuzz.h"
#include "model/queen-json.h"
#include "queen-error.h"

static void
check_error (const GError *error, gsize size)
{
  static const char start[] = "not valid JSON: byte ";
  guint64 byte;

  g_assert_error (error, QUEEN_ERROR, QUEEN_ERROR_BAD_REQUEST);
  g_assert_true (g_str_has_prefix (error->message, start));
  byte = g_ascii_strtoull (error->message + strlen (start), NULL, 10);
  g_assert_cmpuint (byte, >=, 1);
  g_assert_cmpuint (byte, <=, size + 1);
}

static void write_node (JsonNode *node, guint depth, GString *json);

static void
write_object (JsonObject *object, guint depth, GString *json)
{
  g_autoptr (GList) names = json_object_get_members (object);

  g_assert_cmpuint (json_object_get_size (object), <=, QUEEN_JSON_MAX_MEMBERS);
  g_string_append_c (json, '{');
  for (GList *link = names; link; link = link->next)
    {
      queen_json_append_string (json, link->data);
      g_string_append_c (json, ':');
      write_node (json_object_get_member (object, link->data), depth, json);
      if (link->next)
        g_string_append_c (json, ',');
    }
  g_string_append_c (json, '}');
}

static void
write_array (JsonArray *array, guint depth, GString *json)
{
  g_string_append_c (json, '[');
  for (guint i = 0; i < json_array_get_length (array); i++)
    {
      if (i > 0)
        g_string_append_c (json, ',');
      write_node (json_array_get_element (array, i), depth, json);
    }
  g_string_append_c (json, ']');
}

static void
write_value (JsonNode *node, GString *json)
{
  GType type = json_node_get_value_type (node);
  char number[G_ASCII_DTOSTR_BUF_SIZE];

  if (type == G_TYPE_STRING)
    {
      g_assert_true (g_utf8_validate (json_node_get_string (node), -1, NULL));
      queen_json_append_string (json, json_node_get_string (node));
    }
  else if (type == G_TYPE_BOOLEAN)
    g_string_append (json, json_node_get_boolean (node) ? "true" : "false");
  else if (type == G_TYPE_INT64)
    g_string_append_printf (json, "%" G_GINT64_FORMAT, json_node_get_int (node));
  else
    {
      g_assert_true (type == G_TYPE_DOUBLE && isfinite (json_node_get_double (node)));
      g_ascii_dtostr (number, sizeof number, json_node_get_double (node));
      g_string_append (json, number);
      if (!strpbrk (number, ".e"))
        g_string_append (json, ".0");
    }
}

static void
write_node (JsonNode *node, guint depth, GString *json)
{
  if (JSON_NODE_HOLDS_NULL (node))
    g_string_append (json, "null");
  else if (JSON_NODE_HOLDS_VALUE (node))
    write_value (node, json);
  else
    {
      g_assert_cmpuint (depth, <, QUEEN_JSON_MAX_DEPTH);
      if (JSON_NODE_HOLDS_OBJECT (node))
        write_object (json_node_get_object (node), depth + 1, json);
      else
        write_array (json_node_get_array (node), depth + 1, json);
    }
}

static void
check_round_trip (JsonNode *node)
{
  g_autoptr (GString) json = g_string_new (NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) again = NULL;

  write_node (node, 0, json);
  again = queen_json_parse (json->str, json->len, &error);
  g_assert_no_error (error);
  g_assert_true (json_node_equal (node, again));
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
  g_assert_null (queen_json_parse ((const char *) less, size - 1, &error));
  check_error (error, size - 1);
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) node = queen_json_parse ((const char *) data, size, &error);

  if (!node)
    {
      check_error (error, size);
      return 0;
    }
  g_assert_no_error (error);
  check_round_trip (node);
  check_against_json_glib (node, data, size);
  check_truncated (node, data, size);
  return 0;
}
