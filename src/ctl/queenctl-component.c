/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queenctl-component.h"

#include <glib/gi18n.h>
#include <string.h>

#include "queen-dbus-interfaces.h"

static const struct
{
  const char *nick;
  const char *plural;
  const char *label;
  GDBusInterfaceInfo *(*get_interface) (void);
} kinds[QUEENCTL_N_KINDS] = {
  [QUEENCTL_KIND_WORKER] = { "worker", "workers", N_ ("worker"), queen_dbus_worker_interface_info },
  [QUEENCTL_KIND_HIVE] = { "hive", "hives", N_ ("hive"), queen_dbus_hive_interface_info },
};

gboolean
queenctl_kind_parse (const char *text, QueenctlKind *kind)
{
  for (gsize i = 0; i < QUEENCTL_N_KINDS; i++)
    if (g_strcmp0 (text, kinds[i].nick) == 0)
      {
        *kind = (QueenctlKind) i;
        return TRUE;
      }
  return FALSE;
}

gboolean
queenctl_kind_parse_plural (const char *text, QueenctlKind *kind)
{
  for (gsize i = 0; i < QUEENCTL_N_KINDS; i++)
    if (g_str_equal (text, kinds[i].plural))
      {
        *kind = (QueenctlKind) i;
        return TRUE;
      }
  return FALSE;
}

const char *
queenctl_kind_get_nick (QueenctlKind kind)
{
  return kinds[kind].nick;
}

const char *
queenctl_kind_get_plural (QueenctlKind kind)
{
  return kinds[kind].plural;
}

const char *
queenctl_kind_get_label (QueenctlKind kind)
{
  return _ (kinds[kind].label);
}

GDBusInterfaceInfo *
queenctl_kind_get_interface (QueenctlKind kind)
{
  return kinds[kind].get_interface ();
}

char *
queenctl_kind_dup_registry_path (QueenctlKind kind)
{
  return g_strdup_printf ("/dev/rbee/Queen1/%s", kinds[kind].plural);
}

char *
queenctl_kind_dup_path (QueenctlKind kind, const char *id)
{
  g_autofree char *registry = queenctl_kind_dup_registry_path (kind);
  g_autofree char *element = g_dbus_escape_object_path (id);

  return g_strdup_printf ("%s/%s", registry, element);
}

struct _QueenctlComponent
{
  QueenctlKind kind;
  GVariant *properties;
  char *sort_key;
};

QueenctlComponent *
queenctl_component_new (QueenctlKind kind, GVariant *properties)
{
  QueenctlComponent *self = g_new0 (QueenctlComponent, 1);

  self->kind = kind;
  self->properties = g_variant_ref_sink (properties);
  self->sort_key = g_utf8_collate_key_for_filename (queenctl_component_get_string (self, "Id"), -1);
  return self;
}

void
queenctl_component_free (QueenctlComponent *self)
{
  g_variant_unref (self->properties);
  g_free (self->sort_key);
  g_free (self);
}

int
queenctl_component_compare (gconstpointer a, gconstpointer b)
{
  const QueenctlComponent *left = *(QueenctlComponent *const *) a;
  const QueenctlComponent *right = *(QueenctlComponent *const *) b;

  if (left->kind != right->kind)
    return left->kind < right->kind ? -1 : 1;
  return strcmp (left->sort_key, right->sort_key);
}

QueenctlKind
queenctl_component_get_kind (const QueenctlComponent *self)
{
  return self->kind;
}

GVariant *
queenctl_component_get_properties (const QueenctlComponent *self)
{
  return self->properties;
}

const char *
queenctl_component_get_string (const QueenctlComponent *self, const char *property)
{
  const char *text;

  return g_variant_lookup (self->properties, property, "&s", &text) ? text : "";
}

guint64
queenctl_component_get_number (const QueenctlComponent *self, const char *property)
{
  return queenctl_properties_get_number (self->properties, property);
}

gboolean
queenctl_component_is (const QueenctlComponent *self, const char *property)
{
  gboolean value;

  return g_variant_lookup (self->properties, property, "b", &value) && value;
}

gboolean
queenctl_component_is_ill (const QueenctlComponent *self)
{
  const char *health = queenctl_component_get_string (self, "Health");

  return *health != '\0' && !g_str_equal (health, "healthy");
}

char *
queenctl_component_dup_address (const QueenctlComponent *self, const QueenctlComponent *hive)
{
  const char *host = queenctl_component_get_string (self, "Hostname");
  guint64 port = queenctl_component_get_number (self, "Port");

  if (*host == '\0' && hive)
    host = queenctl_component_get_string (hive, "Hostname");
  if (port == 0)
    return g_strdup (host);
  if (*host == '\0')
    host = "?";
  return g_strdup_printf (strchr (host, ':') ? "[%s]:%u" : "%s:%u", host, (guint) port);
}

guint64
queenctl_properties_get_number (GVariant *properties, const char *name)
{
  g_autoptr (GVariant) value = g_variant_lookup_value (properties, name, NULL);

  if (!value)
    return 0;
  switch (g_variant_classify (value))
    {
    case G_VARIANT_CLASS_UINT16:
      return g_variant_get_uint16 (value);
    case G_VARIANT_CLASS_UINT32:
      return g_variant_get_uint32 (value);
    case G_VARIANT_CLASS_UINT64:
      return g_variant_get_uint64 (value);
    default:
      return 0;
    }
}
