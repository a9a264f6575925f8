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

/* What may be vital and is not said is left out where many properties stand together: most have
 * none of it, and there are many who have none. So it is with who is not held. */
static gboolean
is_listed (const QueenField *field, const QueenComponent *component)
{
  return (!field->is_vital && field->type != &queen_field_holds) ||
         (queen_field_has_place (field, component) && queen_field_is_said (field, component));
}

GVariant *
queen_dbus_component_get_properties (const QueenComponent *component)
{
  GVariantBuilder builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE_VARDICT);

  for (const QueenField *const *field = queen_component_fields_list (component->kind); *field;
       field++)
    if (is_listed (*field, component))
      g_variant_builder_add (&builder, "{sv}", (*field)->property,
                             queen_field_get_variant (*field, component));
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

/* Arrays, which few have: they may be made for it. */
static gsize
measure_variant (GVariant *value, gsize offset)
{
  const char *signature = g_variant_get_type_string (value);
  gboolean is_of_entries = g_str_has_prefix (signature, "a{");

  if (*signature == G_VARIANT_CLASS_STRING)
    return queen_dbus_wire_string (offset, g_variant_get_string (value, NULL));
  if (!g_variant_is_container (value))
    return queen_dbus_wire_number (offset, get_number_size (signature));
  if (*signature == G_VARIANT_CLASS_ARRAY)
    offset = queen_dbus_wire_array (offset, is_of_entries ? 8 : sizeof (guint32));
  else if (*signature == G_VARIANT_CLASS_DICT_ENTRY)
    offset = queen_dbus_wire_structure (offset);
  for (gsize i = 0; i < g_variant_n_children (value); i++)
    {
      g_autoptr (GVariant) child = g_variant_get_child_value (value, i);

      if (*signature == G_VARIANT_CLASS_VARIANT)
        offset = queen_dbus_wire_variant (offset, g_variant_get_type_string (child));
      offset = measure_variant (child, offset);
    }
  return offset;
}

static gsize
measure_value (const QueenField *field, const QueenComponent *component, gsize offset)
{
  g_autoptr (GVariant) array = NULL;
  const char *text;

  if (*field->type->signature == G_VARIANT_CLASS_ARRAY)
    {
      array = g_variant_ref_sink (queen_field_get_variant (field, component));
      return measure_variant (array, offset);
    }
  if (!field->type->get_text)
    return queen_dbus_wire_number (offset, get_number_size (field->type->signature));
  text = field->type->get_text (queen_field_get_value (field, component));
  return queen_dbus_wire_string (offset, text ? text : "");
}

gsize
queen_dbus_component_measure_properties (const QueenComponent *component, gsize offset)
{
  offset = queen_dbus_wire_array (offset, 8);
  for (const QueenField *const *field = queen_component_fields_list (component->kind); *field;
       field++)
    if (is_listed (*field, component))
      {
        offset = queen_dbus_wire_structure (offset);
        offset = queen_dbus_wire_string (offset, (*field)->property);
        offset = queen_dbus_wire_variant (offset, (*field)->type->signature);
        offset = measure_value (*field, component, offset);
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

static gboolean
is_announced (GDBusInterfaceInfo *info, const QueenField *field)
{
  GDBusPropertyInfo *property = g_dbus_interface_info_lookup_property (info, field->property);

  return !g_dbus_annotation_info_lookup (property->annotations,
                                         "org.freedesktop.DBus.Property.EmitsChangedSignal");
}

/* Returns: (transfer none) (array zero-terminated=1): those that announce their changes */
static const QueenField **
list_announced (QueenComponentKind kind)
{
  static const QueenField **lists[QUEEN_COMPONENT_N_KINDS];

  if (g_once_init_enter (&lists[kind]))
    {
      GPtrArray *list = g_ptr_array_new ();

      for (const QueenField *const *field = queen_component_fields_list (kind); *field; field++)
        if (is_announced (queen_dbus_component_get_interface (kind), *field))
          g_ptr_array_add (list, (gpointer) *field);
      g_ptr_array_add (list, NULL);
      g_once_init_leave (&lists[kind], (const QueenField **) g_ptr_array_free (list, FALSE));
    }
  return lists[kind];
}

static gboolean
is_of_holds (const QueenField *field)
{
  return g_str_equal (field->property, "Holds");
}

GVariant *
queen_dbus_component_get_changes (const QueenComponent *component,
                                  const QueenComponent *before,
                                  gboolean with_holds)
{
  GVariantBuilder builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE_VARDICT);
  gboolean is_changed = FALSE;

  for (const QueenField **field = list_announced (component->kind); *field; field++)
    {
      g_autoptr (GVariant) then = NULL;
      g_autoptr (GVariant) now = NULL;

      if (!queen_field_has_place (*field, component) && !queen_field_has_place (*field, before))
        continue;
      then = g_variant_ref_sink (queen_field_get_variant (*field, before));
      now = g_variant_ref_sink (queen_field_get_variant (*field, component));
      if (g_variant_equal (then, now) && !(with_holds && is_of_holds (*field)))
        continue;
      g_variant_builder_add (&builder, "{sv}", (*field)->property, now);
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
