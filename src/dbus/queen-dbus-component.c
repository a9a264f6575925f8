/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-dbus-component.h"

#include <json-glib/json-glib.h>

#include "model/queen-heartbeat.h"
#include "queen-dbus-interfaces.h"
#include "queen-dbus-wire.h"
#include "queen-error.h"

#define MAX_HEARTBEAT (64 * 1024) /* bytes, as over HTTP */
#define NSEC_PER_USEC 1000

typedef enum
{
  TEXT,
  PORT,
  TIME,
  COUNT,
  SKEW,
  STATUS,
  HEALTH,
  ONLINE,
  AVAILABLE,
} PropertyKind;

#define FIELD(name) G_STRUCT_OFFSET (QueenComponent, name)

/* Of both interfaces: what has the same name means the same. */
static const struct
{
  const char *name;
  PropertyKind kind;
  gsize offset; /* of the field in QueenComponent */
} properties[] = {
  { "Id", TEXT, FIELD (id) },
  { "Status", STATUS },
  { "Online", ONLINE },
  { "Available", AVAILABLE },
  { "ModelId", TEXT, FIELD (model_id) },
  { "Device", TEXT, FIELD (device) },
  { "Hostname", TEXT, FIELD (hostname) },
  { "Port", PORT, FIELD (port) },
  { "HiveId", TEXT, FIELD (hive_id) },
  { "Health", HEALTH },
  { "HealthReason", TEXT, FIELD (health_reason) },
  { "Implementation", TEXT, FIELD (implementation) },
  { "Version", TEXT, FIELD (version) },
  { "Since", TIME, FIELD (since) },
  { "FirstSeen", TIME, FIELD (first_seen) },
  { "LastSeen", TIME, FIELD (last_seen) },
  { "Heartbeats", COUNT, FIELD (heartbeats) },
  { "ClockSkew", SKEW },
};

GDBusInterfaceInfo *
queen_dbus_component_get_interface (QueenComponentKind kind)
{
  return kind == QUEEN_COMPONENT_WORKER ? queen_dbus_worker_interface_info ()
                                        : queen_dbus_hive_interface_info ();
}

static gsize
find_property (const char *name)
{
  gsize i = 0;

  while (!g_str_equal (properties[i].name, name))
    g_return_val_if_fail (++i < G_N_ELEMENTS (properties), 0);
  return i;
}

/* Returns: the property @i, as text; %NULL when it is none */
static const char *
get_text (const QueenComponent *component, gsize i)
{
  const char *text;

  switch (properties[i].kind)
    {
    case TEXT:
      text = G_STRUCT_MEMBER (char *, component, properties[i].offset);
      return text ? text : "";
    case STATUS:
      return queen_status_get_name (component->status);
    case HEALTH:
      return queen_health_get_name (component->health);
    default:
      return NULL;
    }
}

GVariant *
queen_dbus_component_get_property (const QueenComponent *component, const char *name)
{
  gsize i = find_property (name);
  gconstpointer field = G_STRUCT_MEMBER_P (component, properties[i].offset);

  switch (properties[i].kind)
    {
    case TEXT:
    case STATUS:
    case HEALTH:
      return g_variant_new_string (get_text (component, i));
    case PORT:
      return g_variant_new_uint16 (*(const guint16 *) field);
    case TIME:
      return g_variant_new_uint64 ((guint64) (*(const gint64 *) field / NSEC_PER_USEC));
    case COUNT:
      return g_variant_new_uint64 (*(const guint64 *) field);
    case SKEW:
      return g_variant_new_int64 (
          component->has_said_at ? queen_component_get_clock_skew (component) : 0);
    case ONLINE:
      return g_variant_new_boolean (queen_component_is_online (component));
    case AVAILABLE:
      return g_variant_new_boolean (queen_component_is_available (component));
    }
  g_return_val_if_reached (NULL);
}

GVariant *
queen_dbus_component_get_properties (const QueenComponent *component)
{
  GDBusInterfaceInfo *info = queen_dbus_component_get_interface (component->kind);
  GVariantBuilder builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE_VARDICT);

  for (GDBusPropertyInfo **property = info->properties; *property; property++)
    g_variant_builder_add (&builder, "{sv}", (*property)->name,
                           queen_dbus_component_get_property (component, (*property)->name));
  return g_variant_builder_end (&builder);
}

GVariant *
queen_dbus_component_get_interfaces (const QueenComponent *component)
{
  GDBusInterfaceInfo *info = queen_dbus_component_get_interface (component->kind);
  GVariantBuilder builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("a{sa{sv}}"));

  g_variant_builder_add (&builder, "{s@a{sv}}", info->name,
                         queen_dbus_component_get_properties (component));
  return g_variant_builder_end (&builder);
}

static gsize
measure_value (const QueenComponent *component, gsize i, gsize offset)
{
  const char *text = get_text (component, i);

  if (text)
    return queen_dbus_wire_string (offset, text);
  switch (properties[i].kind)
    {
    case PORT:
      return queen_dbus_wire_number (offset, sizeof (guint16));
    case TIME:
    case COUNT:
    case SKEW:
      return queen_dbus_wire_number (offset, sizeof (guint64));
    default:
      return queen_dbus_wire_number (offset, sizeof (guint32)); /* a boolean */
    }
}

gsize
queen_dbus_component_measure_properties (const QueenComponent *component, gsize offset)
{
  GDBusInterfaceInfo *info = queen_dbus_component_get_interface (component->kind);

  offset = queen_dbus_wire_array (offset, 8);
  for (GDBusPropertyInfo **property = info->properties; *property; property++)
    {
      offset = queen_dbus_wire_structure (offset);
      offset = queen_dbus_wire_string (offset, (*property)->name);
      offset = queen_dbus_wire_variant (offset, (*property)->signature);
      offset = measure_value (component, find_property ((*property)->name), offset);
    }
  return offset;
}

gsize
queen_dbus_component_measure_interfaces (const QueenComponent *component, gsize offset)
{
  offset = queen_dbus_wire_array (offset, 8);
  offset = queen_dbus_wire_structure (offset);
  offset =
      queen_dbus_wire_string (offset, queen_dbus_component_get_interface (component->kind)->name);
  return queen_dbus_component_measure_properties (component, offset);
}

GVariant *
queen_dbus_component_get_changes (const QueenComponent *component, const QueenComponent *before)
{
  GDBusInterfaceInfo *info = queen_dbus_component_get_interface (component->kind);
  GVariantBuilder builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE_VARDICT);
  gboolean is_changed = FALSE;

  for (GDBusPropertyInfo **property = info->properties; *property; property++)
    {
      const char *name = (*property)->name;
      g_autoptr (GVariant) then = NULL;
      g_autoptr (GVariant) now = NULL;

      if (g_dbus_annotation_info_lookup ((*property)->annotations,
                                         "org.freedesktop.DBus.Property.EmitsChangedSignal"))
        continue;
      then = g_variant_ref_sink (queen_dbus_component_get_property (before, name));
      now = g_variant_ref_sink (queen_dbus_component_get_property (component, name));
      if (g_variant_equal (then, now))
        continue;
      g_variant_builder_add (&builder, "{sv}", name, now);
      is_changed = TRUE;
    }
  if (is_changed)
    return g_variant_builder_end (&builder);
  g_variant_builder_clear (&builder);
  return NULL;
}

/* JSON is the one language in which heartbeats are judged, so that there is one judge. */
static char *
write_json (QueenComponentKind kind, GVariant *heartbeat, gsize *length)
{
  GVariantDict members = G_VARIANT_DICT_INIT (heartbeat);
  GVariantDict body = G_VARIANT_DICT_INIT (NULL);
  g_autoptr (GVariant) timestamp = g_variant_dict_lookup_value (&members, "timestamp", NULL);
  g_autoptr (GVariant) whole = NULL;

  if (timestamp)
    {
      g_variant_dict_remove (&members, "timestamp");
      g_variant_dict_insert_value (&body, "timestamp", timestamp);
    }
  g_variant_dict_insert_value (&body, queen_component_kind_get_name (kind),
                               g_variant_dict_end (&members));
  whole = g_variant_ref_sink (g_variant_dict_end (&body));
  return json_gvariant_serialize_data (whole, length);
}

QueenComponent *
queen_dbus_component_parse (QueenComponentKind kind, GVariant *heartbeat, GError **error)
{
  g_autofree char *json = NULL;
  gsize length;

  if (g_variant_get_size (heartbeat) > MAX_HEARTBEAT)
    {
      g_set_error (error, QUEEN_ERROR, QUEEN_ERROR_CONTENT_TOO_LARGE,
                   "a heartbeat has at most %d bytes", MAX_HEARTBEAT);
      return NULL;
    }
  json = write_json (kind, heartbeat, &length);
  return queen_heartbeat_parse (kind, json, length, error);
}
