/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-dbus-roster.h"

#include "queen-dbus-interfaces.h"
#include "queen-error.h"

struct _QueenDBusRoster
{
  QueenDBusCounts counts;
  const char *wanted; /* NULL for all */
  gsize most;
  GPtrArray *components; /* of QueenComponent */
};

typedef gboolean (*Filter) (const QueenComponent *component);

/* Returns: %NULL when the property is no list of ids */
static Filter
get_filter (const char *property)
{
  if (g_str_equal (property, "OnlineIds"))
    return queen_component_is_online;
  if (g_str_equal (property, "AvailableIds"))
    return queen_component_is_available;
  return NULL;
}

gboolean
queen_dbus_roster_is_list (const char *property)
{
  return get_filter (property) != NULL;
}

QueenDBusRoster *
queen_dbus_roster_new (const QueenDBusCounts *counts, const char *wanted, gsize most)
{
  QueenDBusRoster *self = g_new0 (QueenDBusRoster, 1);

  self->counts = *counts;
  self->wanted = wanted;
  self->most = most;
  self->components = g_ptr_array_new_with_free_func ((GDestroyNotify) queen_component_unref);
  return self;
}

void
queen_dbus_roster_add (QueenDBusRoster *self, QueenComponent *component)
{
  g_ptr_array_add (self->components, queen_component_ref (component));
}

static gsize
measure_ids (const QueenDBusRoster *self, Filter filter, gsize offset)
{
  offset = queen_dbus_wire_array (offset, sizeof (guint32));
  for (guint i = 0; i < self->components->len; i++)
    {
      const QueenComponent *component = self->components->pdata[i];

      if (filter (component))
        offset = queen_dbus_wire_string (offset, component->id);
    }
  return offset;
}

static GVariant *
list_ids (const QueenDBusRoster *self, Filter filter)
{
  GVariantBuilder builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE_STRING_ARRAY);

  for (guint i = 0; i < self->components->len; i++)
    {
      const QueenComponent *component = self->components->pdata[i];

      if (filter (component))
        g_variant_builder_add (&builder, "s", component->id);
    }
  return g_variant_builder_end (&builder);
}

static gsize
measure_property (const QueenDBusRoster *self, const char *name, gsize offset)
{
  Filter filter = get_filter (name);

  return filter ? measure_ids (self, filter, offset)
                : queen_dbus_wire_number (offset, sizeof (guint32));
}

static GVariant *
get_property (const QueenDBusRoster *self, const char *name)
{
  Filter filter = get_filter (name);

  if (filter)
    return list_ids (self, filter);
  if (g_str_equal (name, "Online"))
    return g_variant_new_uint32 (self->counts.online);
  if (g_str_equal (name, "Available"))
    return g_variant_new_uint32 (self->counts.available);
  g_return_val_if_fail (g_str_equal (name, "Total"), NULL);
  return g_variant_new_uint32 (self->counts.total);
}

gsize
queen_dbus_roster_measure_properties (const QueenDBusRoster *self, gsize offset)
{
  GDBusInterfaceInfo *info = queen_dbus_registry_interface_info ();

  offset = queen_dbus_wire_array (offset, 8);
  for (GDBusPropertyInfo **property = info->properties; *property; property++)
    {
      offset = queen_dbus_wire_structure (offset);
      offset = queen_dbus_wire_string (offset, (*property)->name);
      offset = queen_dbus_wire_variant (offset, (*property)->signature);
      offset = measure_property (self, (*property)->name, offset);
    }
  return offset;
}

GVariant *
queen_dbus_roster_get_properties (const QueenDBusRoster *self)
{
  GDBusInterfaceInfo *info = queen_dbus_registry_interface_info ();
  GVariantBuilder builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE_VARDICT);

  for (GDBusPropertyInfo **property = info->properties; *property; property++)
    g_variant_builder_add (&builder, "{sv}", (*property)->name,
                           get_property (self, (*property)->name));
  return g_variant_builder_end (&builder);
}

GVariant *
queen_dbus_roster_answer (const QueenDBusRoster *self, GError **error)
{
  gsize size = self->wanted ? measure_property (self, self->wanted, 0)
                            : queen_dbus_roster_measure_properties (self, 0);

  if (size > self->most)
    {
      g_set_error (error, QUEEN_ERROR, QUEEN_ERROR_CONTENT_TOO_LARGE,
                   "the answer would have more than %" G_GSIZE_FORMAT
                   " bytes; List gives it in parts",
                   self->most);
      return NULL;
    }
  return self->wanted ? g_variant_new ("(v)", get_property (self, self->wanted))
                      : g_variant_new ("(@a{sv})", queen_dbus_roster_get_properties (self));
}

void
queen_dbus_roster_free (QueenDBusRoster *self)
{
  g_ptr_array_unref (self->components);
  g_free (self);
}
