/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-dbus-inventory.h"

#include <gio/gio.h>

#include "queen-dbus-cluster.h"
#include "queen-dbus-component.h"
#include "queen-dbus-interfaces.h"
#include "queen-dbus-wire.h"

#define SLACK 64 /* bytes: what few words, such as a status, may be shorter than those of none */

typedef struct
{
  char *path;
  QueenComponent *component;
} Item;

typedef struct
{
  const char *path;
  QueenDBusRoster *roster;
} Registry;

struct _QueenDBusInventory
{
  gsize most;
  gsize least;        /* bytes of all that are expected, as small as they can be */
  GArray *registries; /* of Registry */
  GArray *items;      /* of Item */
  GPtrArray *others;  /* of GVariant */
  gsize size;         /* of these */
};

static void
clear_item (gpointer data)
{
  Item *item = data;

  g_free (item->path);
  queen_component_unref (item->component);
}

static void
clear_registry (gpointer data)
{
  queen_dbus_roster_free (((Registry *) data)->roster);
}

QueenDBusInventory *
queen_dbus_inventory_new (gsize most)
{
  QueenDBusInventory *self = g_new0 (QueenDBusInventory, 1);

  self->most = most;
  self->registries = g_array_new (FALSE, FALSE, sizeof (Registry));
  g_array_set_clear_func (self->registries, clear_registry);
  self->items = g_array_new (FALSE, FALSE, sizeof (Item));
  g_array_set_clear_func (self->items, clear_item);
  self->others = g_ptr_array_new_with_free_func ((GDestroyNotify) g_variant_unref);
  return self;
}

void
queen_dbus_inventory_free (QueenDBusInventory *self)
{
  g_array_unref (self->registries);
  g_array_unref (self->items);
  g_ptr_array_unref (self->others);
  g_free (self);
}

static gsize
measure_least (QueenComponentKind kind)
{
  g_autoptr (QueenComponent) none = queen_component_new (kind);
  gsize offset = queen_dbus_wire_string (0, queen_dbus_cluster_get_registry_path (kind));

  none->id = g_strdup ("");
  return queen_dbus_component_measure_interfaces (none, offset) - SLACK;
}

gboolean
queen_dbus_inventory_expect (QueenDBusInventory *self, QueenComponentKind kind, guint n)
{
  self->least += n * measure_least (kind);
  return self->least <= self->most;
}

void
queen_dbus_inventory_add_component (QueenDBusInventory *self,
                                    const char *path,
                                    QueenComponent *component)
{
  Item item = { g_strdup (path), queen_component_ref (component) };

  g_array_append_val (self->items, item);
}

void
queen_dbus_inventory_add_registry (QueenDBusInventory *self,
                                   const char *path,
                                   QueenDBusRoster *roster)
{
  Registry registry = { path, roster };

  g_array_append_val (self->registries, registry);
}

void
queen_dbus_inventory_add (QueenDBusInventory *self, GVariant *objects, gsize size)
{
  g_ptr_array_add (self->others, g_variant_ref_sink (objects));
  self->size += queen_dbus_wire_align (size, 8);
}

static gsize
measure_registry (const Registry *registry, gsize offset)
{
  offset = queen_dbus_wire_structure (offset);
  offset = queen_dbus_wire_string (offset, registry->path);
  offset = queen_dbus_wire_array (offset, 8);
  offset = queen_dbus_wire_structure (offset);
  offset = queen_dbus_wire_string (offset, queen_dbus_registry_interface_info ()->name);
  return queen_dbus_roster_measure_properties (registry->roster, offset);
}

static gsize
measure_inventory (QueenDBusInventory *self)
{
  gsize offset = queen_dbus_wire_array (0, 8) + self->size;

  for (guint i = 0; i < self->registries->len; i++)
    offset = measure_registry (&g_array_index (self->registries, Registry, i), offset);
  for (guint i = 0; i < self->items->len; i++)
    {
      const Item *item = &g_array_index (self->items, Item, i);

      offset = queen_dbus_wire_structure (offset);
      offset = queen_dbus_wire_string (offset, item->path);
      offset = queen_dbus_component_measure_interfaces (item->component, offset);
    }
  return offset;
}

static void
add_registries_to (QueenDBusInventory *self, GVariantBuilder *objects)
{
  for (guint i = 0; i < self->registries->len; i++)
    {
      const Registry *registry = &g_array_index (self->registries, Registry, i);
      GVariantBuilder interfaces = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("a{sa{sv}}"));

      g_variant_builder_add (&interfaces, "{s@a{sv}}", queen_dbus_registry_interface_info ()->name,
                             queen_dbus_roster_get_properties (registry->roster));
      g_variant_builder_add (objects, "{oa{sa{sv}}}", registry->path, &interfaces);
    }
}

static void
add_others_to (QueenDBusInventory *self, GVariantBuilder *objects)
{
  for (guint i = 0; i < self->others->len; i++)
    {
      GVariantIter iter;
      GVariant *object;

      g_variant_iter_init (&iter, self->others->pdata[i]);
      while ((object = g_variant_iter_next_value (&iter)))
        {
          g_variant_builder_add_value (objects, object);
          g_variant_unref (object);
        }
    }
}

static void
add_components_to (QueenDBusInventory *self, GVariantBuilder *objects)
{
  for (guint i = 0; i < self->items->len; i++)
    {
      const Item *item = &g_array_index (self->items, Item, i);
      g_autoptr (GVariant) flat =
          g_variant_ref_sink (queen_dbus_component_get_interfaces (item->component));

      /* As a tree it would take ten times the memory of its bytes. */
      g_variant_get_data (flat);
      g_variant_builder_add (objects, "{o@a{sa{sv}}}", item->path, flat);
    }
}

GVariant *
queen_dbus_inventory_list (QueenDBusInventory *self, GError **error)
{
  gsize size = MAX (measure_inventory (self), self->least);
  GVariantBuilder objects;

  if (size > self->most)
    {
      g_set_error (error, G_DBUS_ERROR, G_DBUS_ERROR_LIMITS_EXCEEDED,
                   "all objects would be at least %" G_GSIZE_FORMAT
                   " bytes, and no message has more than %" G_GSIZE_FORMAT
                   "; the registries' List gives them in parts",
                   size, self->most);
      return NULL;
    }
  g_variant_builder_init (&objects, G_VARIANT_TYPE ("a{oa{sa{sv}}}"));
  add_others_to (self, &objects); /* in the order in which they are measured */
  add_registries_to (self, &objects);
  add_components_to (self, &objects);
  return g_variant_new ("(a{oa{sa{sv}}})", &objects);
}
