/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queenctl-gpu.h"

#include <glib/gi18n.h>

#include "queenctl-json.h"

/* Returns: (nullable): a number that is said */
static JsonNode *
get_number (JsonObject *gpu, const char *member)
{
  JsonNode *node = json_object_get_member (gpu, member);
  GType type =
      node && JSON_NODE_HOLDS_VALUE (node) ? json_node_get_value_type (node) : G_TYPE_INVALID;

  return type == G_TYPE_INT64 || type == G_TYPE_DOUBLE ? node : NULL;
}

static char *
dup_name (JsonObject *gpu)
{
  const char *name = queenctl_json_get_text (gpu, "name");
  JsonNode *index = get_number (gpu, "index");

  if (*name != '\0')
    return g_strdup (name);
  return index ? g_strdup_printf (_ ("GPU %d"), (int) json_node_get_int (index))
               : g_strdup (_ ("GPU"));
}

static char *
dup_memory (JsonObject *gpu)
{
  JsonNode *used = get_number (gpu, "memory_used");
  JsonNode *total = get_number (gpu, "memory_total");
  g_autofree char *size_used = used ? g_format_size ((guint64) json_node_get_int (used)) : NULL;
  g_autofree char *size_total = total ? g_format_size ((guint64) json_node_get_int (total)) : NULL;

  if (used && total)
    return g_strdup_printf (_ ("%s of %s"), size_used, size_total);
  return used ? g_steal_pointer (&size_used) : g_steal_pointer (&size_total);
}

char *
queenctl_gpu_describe (JsonNode *node)
{
  JsonObject *gpu = JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;
  g_autoptr (GPtrArray) facts = g_ptr_array_new_with_free_func (g_free);
  g_autofree char *name = NULL;
  g_autofree char *all = NULL;
  JsonNode *number;

  if (!gpu)
    return g_strdup ("");
  name = dup_name (gpu);
  if ((number = get_number (gpu, "busy")))
    g_ptr_array_add (facts, g_strdup_printf (_ ("%.0f %%"), json_node_get_double (number) * 100));
  g_ptr_array_add (facts, dup_memory (gpu));
  if (!facts->pdata[facts->len - 1])
    g_ptr_array_set_size (facts, (int) facts->len - 1);
  if ((number = get_number (gpu, "temperature")))
    g_ptr_array_add (facts, g_strdup_printf (_ ("%.0f °C"), json_node_get_double (number)));
  if ((number = get_number (gpu, "power")))
    g_ptr_array_add (facts, g_strdup_printf (_ ("%.0f W"), json_node_get_double (number)));
  if (facts->len == 0)
    return g_steal_pointer (&name);
  g_ptr_array_add (facts, NULL);
  all = g_strjoinv (", ", (char **) facts->pdata);
  return g_strdup_printf ("%s: %s", name, all);
}
