/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-dbus-component.h"

#include <json-glib/json-glib.h>

#include "model/queen-component-fields.h"
#include "model/queen-heartbeat.h"
#include "queen-dbus-interfaces.h"
#include "queen-dbus-wire.h"
#include "queen-error.h"

#define MAX_HEARTBEAT (64 * 1024) /* bytes, as over HTTP */

GDBusInterfaceInfo *
queen_dbus_component_get_interface (QueenComponentKind kind)
{
  return kind == QUEEN_COMPONENT_WORKER ? queen_dbus_worker_interface_info ()
                                        : queen_dbus_hive_interface_info ();
}

GVariant *
queen_dbus_component_get_property (const QueenComponent *component, const char *name)
{
  const QueenField *field = queen_component_fields_find_property (name);

  g_return_val_if_fail (field, NULL);
  return queen_field_get_variant (field, component);
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

/* Returns: how many bytes a number, or a boolean, of that type takes on the wire */
static gsize
get_number_size (const char *signature)
{
  switch (*signature)
    {
    case G_VARIANT_CLASS_BYTE:
      return 1;
    case G_VARIANT_CLASS_INT16:
    case G_VARIANT_CLASS_UINT16:
      return 2;
    case G_VARIANT_CLASS_BOOLEAN:
    case G_VARIANT_CLASS_INT32:
    case G_VARIANT_CLASS_UINT32:
      return 4;
    case G_VARIANT_CLASS_INT64:
    case G_VARIANT_CLASS_UINT64:
    case G_VARIANT_CLASS_DOUBLE:
      return 8;
    }
  g_return_val_if_reached (1);
}

static gsize
measure_value (const QueenComponent *component, const char *name, gsize offset)
{
  const QueenField *field = queen_component_fields_find_property (name);
  const char *text;

  g_return_val_if_fail (field, offset);
  if (!field->type->get_text)
    return queen_dbus_wire_number (offset, get_number_size (field->type->signature));
  text = field->type->get_text (queen_field_get_value (field, component));
  return queen_dbus_wire_string (offset, text ? text : "");
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
      offset = measure_value (component, (*property)->name, offset);
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
