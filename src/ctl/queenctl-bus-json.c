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

/* Empty on the bus, where there is no null. */
static void
set_text_as (JsonObject *object, const char *member, GVariant *properties, const char *name)
{
  const char *text;

  if (g_variant_lookup (properties, name, "&s", &text) && *text != '\0')
    json_object_set_string_member (object, member, text);
  else
    json_object_set_null_member (object, member);
}

static JsonArray *
get_considered (GVariant *placement)
{
  JsonArray *array = json_array_new ();
  g_autoptr (GVariantIter) iter = NULL;
  const char *id, *verdict, *detail;

  if (!g_variant_lookup (placement, "considered", "a(sss)", &iter))
    return array;
  while (g_variant_iter_next (iter, "(&s&s&s)", &id, &verdict, &detail))
    {
      JsonObject *one = json_object_new ();

      json_object_set_string_member (one, "id", id);
      json_object_set_string_member (one, "verdict", verdict);
      json_object_set_string_member (one, "detail", detail);
      json_array_add_object_element (array, one);
    }
  return array;
}

static JsonObject *
get_counts (GVariant *placement)
{
  JsonObject *counts = json_object_new ();
  g_autoptr (GVariantIter) iter = NULL;
  const char *verdict;
  guint n;

  if (!g_variant_lookup (placement, "counts", "a{su}", &iter))
    return counts;
  while (g_variant_iter_next (iter, "{&su}", &verdict, &n))
    json_object_set_int_member (counts, verdict, n);
  return counts;
}

JsonNode *
queenctl_bus_json_get_placement (GVariant *placement, GError **error)
{
  g_autoptr (GVariant) properties =
      g_variant_lookup_value (placement, "properties", G_VARIANT_TYPE_VARDICT);
  g_autoptr (QueenctlComponent) worker = NULL;
  JsonObject *object;
  double waited = 0;

  if (properties)
    worker = queenctl_bus_json_get_component (QUEEN_COMPONENT_WORKER, properties, error);
  else
    queenctl_error_bus_stranger (error);
  if (!worker)
    return NULL;
  object = json_object_new ();
  json_object_set_member (object, "worker", json_node_ref (queenctl_component_get_node (worker)));
  set_text_as (object, "url", placement, "url");
  set_text_as (object, "reservation", placement, "reservation");
  set_text_as (object, "reason", placement, "reason");
  g_variant_lookup (placement, "waited", "d", &waited);
  json_object_set_double_member (object, "waited", waited);
  json_object_set_array_member (object, "considered", get_considered (placement));
  json_object_set_object_member (object, "counts", get_counts (placement));
  return json_node_init_object (json_node_alloc (), object);
}

/* Several queens */

static void
set_number_as (JsonObject *object, const char *member, GVariant *properties, const char *name)
{
  g_autoptr (GVariant) value = g_variant_lookup_value (properties, name, NULL);
  guint64 number = value ? get_number (value) : 0;

  json_object_set_int_member (object, member, (gint64) MIN (number, G_MAXINT64));
}

/* Nobody knows of 0. */
static void
set_time_as (JsonObject *object, const char *member, GVariant *properties, const char *name)
{
  g_autoptr (GVariant) value = g_variant_lookup_value (properties, name, NULL);

  if (value && get_number (value) > 0)
    set_time (object, member, get_time (value));
  else
    json_object_set_null_member (object, member);
}

JsonObject *
queenctl_bus_json_get_queen (GVariant *properties)
{
  JsonObject *queen = json_object_new ();
  gboolean is_self = FALSE;

  g_variant_lookup (properties, "Self", "b", &is_self);
  json_object_set_boolean_member (queen, "self", is_self);
  set_text_as (queen, "id", properties, "Id");
  set_text_as (queen, "address", properties, "Address");
  set_text_as (queen, "version", properties, "Version");
  set_time_as (queen, "started_at", properties, "StartedAt");
  set_number_as (queen, "subscribers", properties, "Subscribers");
  set_number_as (queen, "lag", properties, "Behind");
  set_text_as (queen, "engine", properties, "State");
  return queen;
}

/* One who has no engine is alone among the queens, but not left alone. */
static JsonObject *
get_only_queen (GVariant *properties)
{
  JsonObject *queen = queenctl_bus_json_get_queen (properties);
  g_autofree const char **addresses = NULL;

  json_object_set_boolean_member (queen, "self", TRUE);
  if (g_variant_lookup (properties, "Addresses", "^a&s", &addresses) && addresses[0])
    json_object_set_string_member (queen, "address", addresses[0]);
  return queen;
}

JsonNode *
queenctl_bus_json_get_queens (GVariant *properties, JsonArray *queens)
{
  g_autoptr (GVariant) engine =
      g_variant_lookup_value (properties, "Engine", G_VARIANT_TYPE_VARDICT);
  JsonObject *answer = json_object_new ();
  JsonObject *standing;

  if (json_array_get_length (queens) == 0)
    json_array_add_object_element (queens, get_only_queen (properties));
  json_object_set_array_member (answer, "queens", queens);
  json_object_set_null_member (answer, "engine");
  if (engine && g_variant_n_children (engine) > 0)
    {
      standing = json_object_new ();
      set_text_as (standing, "state", engine, "state");
      set_text_as (standing, "reason", engine, "reason");
      set_time_as (standing, "since", engine, "since");
      set_text_as (standing, "epoch", engine, "epoch");
      json_object_set_object_member (answer, "engine", standing);
    }
  return json_node_init_object (json_node_alloc (), answer);
}
