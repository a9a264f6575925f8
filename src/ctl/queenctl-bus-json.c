/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queenctl-bus-json.h"

#include "model/queen-component-fields.h"
#include "model/queen-component-json.h"
#include "queenctl-error.h"
#include "text/queen-json-tree.h"
#include "text/queen-timestamp.h"

#define LAST_TIME (G_MAXINT64 / QUEEN_NSEC_PER_USEC)

static guint64
get_number (GVariant *value)
{
  switch (g_variant_classify (value))
    {
    case G_VARIANT_CLASS_UINT32:
      return g_variant_get_uint32 (value);
    case G_VARIANT_CLASS_UINT64:
      return g_variant_get_uint64 (value);
    default:
      return 0;
    }
}

/* Returns: ns since 1970 */
static gint64
get_time (GVariant *value)
{
  return (gint64) MIN (get_number (value), LAST_TIME) * QUEEN_NSEC_PER_USEC;
}

static QueenComponent *
read_component (QueenComponentKind kind, GVariant *properties)
{
  QueenComponent *component = queen_component_new (kind);
  GVariantIter iter;
  const char *name;
  GVariant *value;

  g_variant_iter_init (&iter, properties);
  while (g_variant_iter_loop (&iter, "{&sv}", &name, &value))
    {
      const QueenField *field = queen_component_fields_find_property (name);

      if (field)
        queen_field_take_variant (field, component, value);
    }

  /* On the bus 0 is said of one that has not told the time. */
  component->has_said_at = component->said_at != 0;
  component->said_at += component->last_seen / QUEEN_NSEC_PER_USEC;
  return component;
}

QueenctlComponent *
queenctl_bus_json_get_component (QueenComponentKind kind, GVariant *properties, GError **error)
{
  g_autoptr (QueenComponent) component = read_component (kind, properties);
  g_autoptr (GString) json = g_string_new (NULL);
  QueenctlComponent *told;
  JsonNode *node;

  queen_component_append_json (component, json);
  node = queen_json_tree_parse (json->str, json->len, NULL);
  told = queenctl_component_new (kind, node ? node : json_node_new (JSON_NODE_NULL));
  if (!told)
    queenctl_error_bus_stranger (error);
  return told;
}

static void
set_time (JsonObject *status, const char *member, gint64 time)
{
  g_autoptr (GString) text = g_string_new (NULL);

  queen_timestamp_append (text, time);
  json_object_set_string_member (status, member, text->str);
}

static void
set_texts (JsonObject *status, const char *member, GVariant *value)
{
  g_autofree const char **texts = g_variant_get_strv (value, NULL);
  JsonArray *array = json_array_new ();

  for (const char **text = texts; *text; text++)
    json_array_add_string_element (array, *text);
  json_object_set_array_member (status, member, array);
}

/* What both ways to her tell; see queenctl_queen_get_status(). */
static const struct
{
  const char *property;
  const char *member;
} of_queen[] = {
  { "WorkersOnline", "workers_online" },
  { "WorkersAvailable", "workers_available" },
  { "HivesOnline", "hives_online" },
  { "HivesAvailable", "hives_available" },
  { "Version", "version" },
  { "Addresses", "addresses" },
  { "StartedAt", "started_at" },
  { "Subscribers", "subscribers" },
  { "EventsPublished", "events_published" },
};

JsonObject *
queenctl_bus_json_get_status (GVariant *properties)
{
  JsonObject *status = json_object_new ();

  for (gsize i = 0; i < G_N_ELEMENTS (of_queen); i++)
    {
      const char *name = of_queen[i].property;
      const char *member = of_queen[i].member;
      g_autoptr (GVariant) value = g_variant_lookup_value (properties, name, NULL);

      if (!value)
        json_object_set_null_member (status, member);
      else if (g_str_equal (name, "StartedAt"))
        set_time (status, member, get_time (value));
      else if (g_variant_is_of_type (value, G_VARIANT_TYPE_STRING))
        json_object_set_string_member (status, member, g_variant_get_string (value, NULL));
      else if (g_variant_is_of_type (value, G_VARIANT_TYPE_STRING_ARRAY))
        set_texts (status, member, value);
      else
        json_object_set_int_member (status, member, (gint64) MIN (get_number (value), G_MAXINT64));
    }
  return status;
}
