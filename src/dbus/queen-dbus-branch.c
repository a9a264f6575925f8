/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-dbus-branch.h"

#include "queen-dbus-component.h"
#include "queen-dbus-interfaces.h"
#include "queen-dbus-roster.h"
#include "queen-dbus-subtree.h"

struct _QueenDBusBranch
{
  GDBusConnection *connection;
  QueenComponentKind kind;
  QueenDBusCluster *cluster;
  QueenDBusAnswers *answers;
  const QueenDBusLimits *limits;

  guint registry_id;
  guint introspectable_id;
  QueenDBusSubtree *components;
};

static QueenDBusObject *
get_first (QueenDBusBranch *self)
{
  return queen_dbus_cluster_get_next (self->cluster, self->kind, 0);
}

static const char *
get_path (QueenDBusBranch *self)
{
  return queen_dbus_cluster_get_registry_path (self->kind);
}

/* The registry's properties */

static QueenDBusRoster *
take_roster (QueenDBusBranch *self, const char *wanted)
{
  QueenDBusRoster *roster =
      queen_dbus_roster_new (queen_dbus_cluster_get_counts (self->cluster, self->kind), wanted,
                             self->limits->message);

  if (wanted && !queen_dbus_roster_is_list (wanted))
    return roster;
  for (QueenDBusObject *object = get_first (self); object;
       object = queen_dbus_object_get_next (object))
    queen_dbus_roster_add (roster, object->now);
  return roster;
}

static gpointer
take_online (gpointer self)
{
  return take_roster (self, "OnlineIds");
}

static gpointer
take_available (gpointer self)
{
  return take_roster (self, "AvailableIds");
}

static gpointer
take_all (gpointer self)
{
  return take_roster (self, NULL);
}

static GVariant *
answer_roster (gpointer roster, GError **error)
{
  return queen_dbus_roster_answer (roster, error);
}

static void
free_roster (gpointer roster)
{
  queen_dbus_roster_free (roster);
}

static GVariant *
answer_get (GDBusMethodInvocation *invocation, gpointer data, GError **error)
{
  const char *name = g_dbus_method_invocation_get_property_info (invocation)->name;
  g_autoptr (QueenDBusRoster) roster = take_roster (data, name);

  return queen_dbus_roster_answer (roster, error);
}

/* Of all properties only the lists of ids grow.
 *
 * Returns: (nullable): how the answer is made when it may be long */
static const QueenDBusDraft *
find_draft (GDBusMethodInvocation *invocation)
{
  static const QueenDBusDraft online = { take_online, answer_roster, free_roster };
  static const QueenDBusDraft available = { take_available, answer_roster, free_roster };
  static const QueenDBusDraft all = { take_all, answer_roster, free_roster };
  const char *method = g_dbus_method_invocation_get_method_name (invocation);
  const GDBusPropertyInfo *property = g_dbus_method_invocation_get_property_info (invocation);

  if (g_str_equal (method, "GetAll"))
    return &all;
  if (!g_str_equal (method, "Get") || !queen_dbus_roster_is_list (property->name))
    return NULL;
  return g_str_equal (property->name, "OnlineIds") ? &online : &available;
}

/* The registry in parts */

/* Returns: whether @object fits into a part of which @size bytes are taken already */
static gboolean
fits (QueenDBusBranch *self, const QueenDBusObject *object, gsize *size)
{
  gboolean is_first = *size == 0;

  *size = queen_dbus_wire_structure (*size);
  *size = queen_dbus_wire_string (*size, object->path);
  *size = queen_dbus_component_measure_properties (object->now, *size);
  return is_first || *size <= self->limits->part;
}

static GVariant *
answer_list (GDBusMethodInvocation *invocation, gpointer data, GError **error)
{
  QueenDBusBranch *self = data;
  GVariantBuilder page = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("a(oa{sv})"));
  QueenDBusObject *object;
  guint64 last;
  guint32 limit;
  gsize size = 0;

  g_variant_get (g_dbus_method_invocation_get_parameters (invocation), "(tu)", &last, &limit);
  object = queen_dbus_cluster_get_next (self->cluster, self->kind, last);
  for (guint n = 0; object && (limit == 0 || n < limit) && fits (self, object, &size); n++)
    {
      g_variant_builder_add (&page, "(o@a{sv})", object->path,
                             queen_dbus_component_get_properties (object->now));
      object->is_listed = TRUE;
      last = object->serial;
      object = queen_dbus_object_get_next (object);
    }
  return g_variant_new ("(a(oa{sv})t)", &page, object ? last : 0);
}

static void
on_registry_call (GDBusConnection *connection,
                  const char *sender,
                  const char *path,
                  const char *interface,
                  const char *method,
                  GVariant *parameters,
                  GDBusMethodInvocation *invocation,
                  gpointer data)
{
  QueenDBusBranch *self = data;
  const QueenDBusDraft *draft = find_draft (invocation);

  if (draft)
    queen_dbus_answers_draft (self->answers, invocation, draft, self);
  else
    queen_dbus_answers_add (self->answers, invocation, QUEEN_DBUS_ANSWER_PAGE,
                            g_str_equal (method, "List") ? answer_list : answer_get, self);
}

/* What the registry says that it is. GDBus would have all nodes listed for each single one of them,
 * and would set no limit. */

static void
append_interfaces (GString *xml)
{
  GDBusInterfaceInfo *infos[] = {
    queen_dbus_introspectable_interface_info (),
    queen_dbus_peer_interface_info (),
    queen_dbus_properties_interface_info (),
    queen_dbus_registry_interface_info (),
  };

  for (gsize i = 0; i < G_N_ELEMENTS (infos); i++)
    g_dbus_interface_info_generate_xml (infos[i], 2, xml);
}

/* None rather than some when there are too many, as the rest could not be told from what is not
 * there. */
static void
append_nodes (QueenDBusBranch *self, GString *xml)
{
  gsize prefix = strlen (get_path (self)) + 1, without_nodes = xml->len;

  for (QueenDBusObject *object = get_first (self); object;
       object = queen_dbus_object_get_next (object))
    {
      g_string_append_printf (xml, "  <node name=\"%s\"/>\n", object->path + prefix);
      if (xml->len > self->limits->page)
        {
          g_string_truncate (xml, without_nodes);
          return;
        }
    }
}

static GVariant *
answer_introspect (GDBusMethodInvocation *invocation, gpointer data, GError **error)
{
  QueenDBusBranch *self = data;
  g_autoptr (GString) xml = g_string_new (
      "<!DOCTYPE node PUBLIC \"-//freedesktop//DTD D-BUS Object Introspection 1.0//EN\"\n"
      "  \"http://www.freedesktop.org/standards/dbus/1.0/introspect.dtd\">\n"
      "<node>\n");

  append_interfaces (xml);
  append_nodes (self, xml);
  g_string_append (xml, "</node>\n");
  return g_variant_new ("(s)", xml->str);
}

static void
on_introspect_call (GDBusConnection *connection,
                    const char *sender,
                    const char *path,
                    const char *interface,
                    const char *method,
                    GVariant *parameters,
                    GDBusMethodInvocation *invocation,
                    gpointer data)
{
  QueenDBusBranch *self = data;

  queen_dbus_answers_add (self->answers, invocation, QUEEN_DBUS_ANSWER_PAGE, answer_introspect,
                          self);
}

/* The components */

static gconstpointer
lookup_component (gpointer data, const char *path)
{
  QueenDBusBranch *self = data;

  return queen_dbus_cluster_lookup (self->cluster, path);
}

static GVariant *
get_component_property (gpointer data, gconstpointer object, const char *name)
{
  return queen_dbus_component_get_property (object, name);
}

/* All of it at once */

void
queen_dbus_branch_add_to (QueenDBusBranch *self, QueenDBusInventory *inventory)
{
  QueenDBusRoster *roster =
      queen_dbus_roster_new (queen_dbus_cluster_get_counts (self->cluster, self->kind), NULL,
                             self->limits->message);

  queen_dbus_inventory_add_registry (inventory, get_path (self), roster);
  for (QueenDBusObject *object = get_first (self); object;
       object = queen_dbus_object_get_next (object))
    {
      object->is_listed = TRUE;
      queen_dbus_roster_add (roster, object->now);
      queen_dbus_inventory_add_component (inventory, object->path, object->now);
    }
}

/* Beginning and end */

static gboolean
register_objects (QueenDBusBranch *self, GError **error)
{
  static const GDBusInterfaceVTable registry_vtable = { .method_call = on_registry_call };
  static const GDBusInterfaceVTable introspectable_vtable = { .method_call = on_introspect_call };
  /* That of the registry lists them. */
  static const QueenDBusSubtreeVTable component_vtable = {
    .lookup = lookup_component,
    .get_property = get_component_property,
  };

  self->registry_id = g_dbus_connection_register_object (self->connection, get_path (self),
                                                         queen_dbus_registry_interface_info (),
                                                         &registry_vtable, self, NULL, error);
  if (self->registry_id == 0)
    return FALSE;
  self->introspectable_id =
      g_dbus_connection_register_object (self->connection, get_path (self),
                                         queen_dbus_introspectable_interface_info (),
                                         &introspectable_vtable, self, NULL, error);
  if (self->introspectable_id == 0)
    return FALSE;
  self->components = queen_dbus_subtree_new (self->connection, get_path (self),
                                             queen_dbus_component_get_interface (self->kind),
                                             &component_vtable, self, error);
  return self->components != NULL;
}

QueenDBusBranch *
queen_dbus_branch_new (GDBusConnection *connection,
                       QueenComponentKind kind,
                       QueenDBusCluster *cluster,
                       QueenDBusAnswers *answers,
                       const QueenDBusLimits *limits,
                       GError **error)
{
  g_autoptr (QueenDBusBranch) self = g_new0 (QueenDBusBranch, 1);

  self->connection = g_object_ref (connection);
  self->kind = kind;
  self->cluster = cluster;
  self->answers = answers;
  self->limits = limits;
  return register_objects (self, error) ? g_steal_pointer (&self) : NULL;
}

void
queen_dbus_branch_free (QueenDBusBranch *self)
{
  if (self->registry_id != 0)
    g_dbus_connection_unregister_object (self->connection, self->registry_id);
  if (self->introspectable_id != 0)
    g_dbus_connection_unregister_object (self->connection, self->introspectable_id);
  g_clear_pointer (&self->components, queen_dbus_subtree_free);
  g_object_unref (self->connection);
  g_free (self);
}
