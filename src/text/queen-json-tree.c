/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-json-tree.h"

static JsonNode *
new_object (const QueenJsonValue *value)
{
  g_autoptr (JsonObject) object = json_object_new ();

  for (const QueenJsonValue *member = queen_json_get_first (value);
       member < queen_json_get_end (value); member = queen_json_get_end (member))
    json_object_set_member (object, member->name, queen_json_tree_new (member));
  return json_node_init_object (json_node_alloc (), object);
}

static JsonNode *
new_array (const QueenJsonValue *value)
{
  g_autoptr (JsonArray) array = json_array_new ();

  for (const QueenJsonValue *element = queen_json_get_first (value);
       element < queen_json_get_end (value); element = queen_json_get_end (element))
    json_array_add_element (array, queen_json_tree_new (element));
  return json_node_init_array (json_node_alloc (), array);
}

/* Not deeper than QUEEN_JSON_MAX_DEPTH. */
JsonNode *
queen_json_tree_new (const QueenJsonValue *value)
{
  switch (value->type)
    {
    case QUEEN_JSON_BOOLEAN:
      return json_node_init_boolean (json_node_alloc (), value->boolean);
    case QUEEN_JSON_INTEGER:
      return json_node_init_int (json_node_alloc (), value->integer);
    case QUEEN_JSON_DOUBLE:
      return json_node_init_double (json_node_alloc (), value->number);
    case QUEEN_JSON_STRING:
      return json_node_init_string (json_node_alloc (), value->string);
    case QUEEN_JSON_ARRAY:
      return new_array (value);
    case QUEEN_JSON_OBJECT:
      return new_object (value);
    default:
      return json_node_init_null (json_node_alloc ());
    }
}

JsonNode *
queen_json_tree_parse (const char *text, gsize length, GError **error)
{
  g_autoptr (QueenJson) json = queen_json_new (text, length, NULL, error);

  return json ? queen_json_tree_new (queen_json_get_root (json)) : NULL;
}
