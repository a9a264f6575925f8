/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queenctl-json.h"

#include <math.h>
#include <string.h>

#include "text/queen-json-tree.h"
#include "text/queen-json-writer.h"

#define COMPACT (-1)
#define VALUE_SIZE 128 /* bytes: json-glib's node, and its place in what holds it */

JsonNode *
queenctl_json_parse_object (const char *text)
{
  g_autoptr (JsonNode) node = queen_json_tree_parse (text, strlen (text), NULL);

  return node && JSON_NODE_HOLDS_OBJECT (node) ? g_steal_pointer (&node) : NULL;
}

const char *
queenctl_json_get_string (JsonObject *object, const char *name)
{
  JsonNode *node = json_object_get_member (object, name);

  return node && json_node_get_value_type (node) == G_TYPE_STRING ? json_node_get_string (node)
                                                                  : NULL;
}

const char *
queenctl_json_get_text (JsonObject *object, const char *name)
{
  const char *text = queenctl_json_get_string (object, name);

  return text ? text : "";
}

guint64
queenctl_json_get_number (JsonObject *object, const char *name)
{
  JsonNode *node = json_object_get_member (object, name);
  gint64 number =
      node && json_node_get_value_type (node) == G_TYPE_INT64 ? json_node_get_int (node) : 0;

  return (guint64) MAX (number, 0);
}

guint
queenctl_json_get_count (JsonObject *object, const char *name)
{
  return (guint) MIN (queenctl_json_get_number (object, name), G_MAXUINT);
}

static gsize
measure_object (JsonObject *object)
{
  JsonObjectIter iter;
  const char *name;
  JsonNode *member;
  gsize size = 0;

  json_object_iter_init (&iter, object);
  while (json_object_iter_next (&iter, &name, &member))
    size += strlen (name) + queenctl_json_measure (member);
  return size;
}

static gsize
measure_array (JsonArray *array)
{
  guint length = json_array_get_length (array);
  gsize size = 0;

  for (guint i = 0; i < length; i++)
    size += queenctl_json_measure (json_array_get_element (array, i));
  return size;
}

JsonArray *
queenctl_json_get_objects (JsonObject *object, const char *name)
{
  JsonNode *member = json_object_get_member (object, name);
  JsonArray *list = member && JSON_NODE_HOLDS_ARRAY (member) ? json_node_get_array (member) : NULL;

  for (guint i = 0; list && i < json_array_get_length (list); i++)
    if (!JSON_NODE_HOLDS_OBJECT (json_array_get_element (list, i)))
      return NULL;
  return list;
}

void
queenctl_json_build_text (JsonBuilder *builder, const char *name, const char *text)
{
  json_builder_set_member_name (builder, name);
  if (text)
    json_builder_add_string_value (builder, text);
  else
    json_builder_add_null_value (builder);
}

gsize
queenctl_json_measure (JsonNode *node)
{
  if (JSON_NODE_HOLDS_OBJECT (node))
    return VALUE_SIZE + measure_object (json_node_get_object (node));
  if (JSON_NODE_HOLDS_ARRAY (node))
    return VALUE_SIZE + measure_array (json_node_get_array (node));
  if (json_node_get_value_type (node) == G_TYPE_STRING)
    return VALUE_SIZE + strlen (json_node_get_string (node));
  return VALUE_SIZE;
}

static void append_node (GString *json, JsonNode *node, int depth);

/* @depth: of what follows; COMPACT when all stands on one line */
static void
begin_line (GString *json, int depth)
{
  if (depth != COMPACT)
    g_string_append_printf (json, "\n%*s", depth * 2, "");
}

static int
get_inner (int depth)
{
  return depth == COMPACT ? COMPACT : depth + 1;
}

static void
append_object (GString *json, JsonObject *object, int depth)
{
  const char *separator = "";
  JsonObjectIter iter;
  const char *name;
  JsonNode *member;

  g_string_append_c (json, '{');
  json_object_iter_init_ordered (&iter, object);
  while (json_object_iter_next_ordered (&iter, &name, &member))
    {
      g_string_append (json, separator);
      begin_line (json, get_inner (depth));
      queen_json_append_string (json, name);
      g_string_append (json, depth == COMPACT ? ":" : ": ");
      append_node (json, member, get_inner (depth));
      separator = ",";
    }
  if (json_object_get_size (object) > 0)
    begin_line (json, depth);
  g_string_append_c (json, '}');
}

static void
append_array (GString *json, JsonArray *array, int depth)
{
  guint length = json_array_get_length (array);

  g_string_append_c (json, '[');
  for (guint i = 0; i < length; i++)
    {
      g_string_append (json, i > 0 ? "," : "");
      begin_line (json, get_inner (depth));
      append_node (json, json_array_get_element (array, i), get_inner (depth));
    }
  if (length > 0)
    begin_line (json, depth);
  g_string_append_c (json, ']');
}

/* A number too large for a double is infinite, which JSON has no word for. */
static void
append_double (GString *json, double number)
{
  if (isfinite (number))
    queen_json_append_real (json, number);
  else
    g_string_append (json, "null");
}

static void
append_value (GString *json, JsonNode *node)
{
  GType type = json_node_get_value_type (node);

  if (type == G_TYPE_STRING)
    queen_json_append_string (json, json_node_get_string (node));
  else if (type == G_TYPE_BOOLEAN)
    g_string_append (json, json_node_get_boolean (node) ? "true" : "false");
  else if (type == G_TYPE_INT64)
    g_string_append_printf (json, "%" G_GINT64_FORMAT, json_node_get_int (node));
  else
    append_double (json, json_node_get_double (node));
}

static void
append_node (GString *json, JsonNode *node, int depth)
{
  switch (json_node_get_node_type (node))
    {
    case JSON_NODE_OBJECT:
      append_object (json, json_node_get_object (node), depth);
      return;
    case JSON_NODE_ARRAY:
      append_array (json, json_node_get_array (node), depth);
      return;
    case JSON_NODE_VALUE:
      append_value (json, node);
      return;
    case JSON_NODE_NULL:
      g_string_append (json, "null");
      return;
    }
}

void
queenctl_json_append (GString *json, JsonNode *node, gboolean is_pretty)
{
  append_node (json, node, is_pretty ? 0 : COMPACT);
}
