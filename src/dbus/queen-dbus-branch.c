/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-dbus-branch.h"

#include "queen-dbus-component.h"
#include "queen-dbus-interfaces.h"
#include "queen-dbus-subtree.h"
#include "queen-error.h"

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

static QueenDBusObject *
get_next (QueenDBusBranch *self, const QueenDBusObject *object)
{
  return queen_dbus_cluster_get_next (self->cluster, self->kind, object->serial);
}

static const char *
get_path (QueenDBusBranch *self)
{
  return queen_dbus_cluster_get_registry_path (self->kind);
}

/* The registry's properties */

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

static gsize
measure_ids (QueenDBusBranch *self, Filter filter, gsize offset)
{
  offset = queen_dbus_wire_array (offset, sizeof (guint32));
  for (QueenDBusObject *object = get_first (self); object; object = get_next (self, object))
    if (filter (object->now))
      offset = queen_dbus_wire_string (offset, object->now->id);
  return offset;
}

static GVariant *
list_ids (QueenDBusBranch *self, Filter filter)
{
  GVariantBuilder builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE_STRING_ARRAY);

  for (QueenDBusObject *object = get_first (self); object; object = get_next (self, object))
    if (filter (object->now))
      g_variant_builder_add (&builder, "s", object->now->id);
  return g_variant_builder_end (&builder);
}

static gsize
measure_property (QueenDBusBranch *self, const char *name, gsize offset)
{
  Filter filter = get_filter (name);

  return filter ? measure_ids (self, filter, offset)
                : queen_dbus_wire_number (offset, sizeof (guint32));
}

static GVariant *
get_property (QueenDBusBranch *self, const char *name)
{
  const QueenDBusCounts *counts = queen_dbus_cluster_get_counts (self->cluster, self->kind);
  Filter filter = get_filter (name);

  if (filter)
    return list_ids (self, filter);
  if (g_str_equal (name, "Online"))
    return g_variant_new_uint32 (counts->online);
  if (g_str_equal (name, "Available"))
    return g_variant_new_uint32 (counts->available);
  g_return_val_if_fail (g_str_equal (name, "Total"), NULL);
  return g_variant_new_uint32 (counts->total);
}

static gsize
measure_properties (QueenDBusBranch *self, gsize offset)
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

static GVariant *
get_properties (QueenDBusBranch *self)
{
  GDBusInterfaceInfo *info = queen_dbus_registry_interface_info ();
  GVariantBuilder builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE_VARDICT);

  for (GDBusPropertyInfo **property = info->properties; *property; property++)
    g_variant_builder_add (&builder, "{sv}", (*property)->name,
                           get_property (self, (*property)->name));
  return g_variant_builder_end (&builder);
}

static gboolean
check_size (QueenDBusBranch *self, gsize size, GError **error)
{
  if (size <= self->limits->message)
    return TRUE;
  g_set_error (error, QUEEN_ERROR, QUEEN_ERROR_CONTENT_TOO_LARGE,
               "the answer would have more than %" G_GSIZE_FORMAT " bytes; List gives it in parts",
               self->limits->message);
  return FALSE;
}

static GVariant *
answer_get (GDBusMethodInvocation *invocation, gpointer data, GError **error)
{
  QueenDBusBranch *self = data;
  const char *name = g_dbus_method_invocation_get_property_info (invocation)->name;

  return check_size (self, measure_property (self, name, 0), error)
             ? g_variant_new ("(v)", get_property (self, name))
             : NULL;
}

static GVariant *
answer_get_all (GDBusMethodInvocation *invocation, gpointer data, GError **error)
{
  QueenDBusBranch *self = data;

  return check_size (self, measure_properties (self, 0), error)
             ? g_variant_new ("(@a{sv})", get_properties (self))
             : NULL;
}

/* The registry in parts */

/* Returns: whether @object fits onto a page of which @size bytes are taken already */
static gboolean
fits (QueenDBusBranch *self, const QueenDBusObject *object, gsize *size)
{
  gboolean is_first = *size == 0;

  *size = queen_dbus_wire_structure (*size);
  *size = queen_dbus_wire_string (*size, object->path);
  *size = queen_dbus_component_measure_properties (object->now, *size);
  return is_first || *size <= self->limits->page;
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
      object = queen_dbus_cluster_get_next (self->cluster, self->kind, last);
    }
  return g_variant_new ("(a(oa{sv})t)", &page, object ? last : 0);
}

/* Of all properties only the lists of ids grow. */
static QueenDBusAnswerSize
judge_size (GDBusMethodInvocation *invocation)
{
  const char *method = g_dbus_method_invocation_get_method_name (invocation);
  const GDBusPropertyInfo *property = g_dbus_method_invocation_get_property_info (invocation);

  if (g_str_equal (method, "List") || (g_str_equal (method, "Get") && !get_filter (property->name)))
    return QUEEN_DBUS_ANSWER_PAGE;
  return QUEEN_DBUS_ANSWER_WHOLE;
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
  static const struct
  {
    const char *method;
    QueenDBusAnswerFunc answer;
  } answers[] = { { "Get", answer_get }, { "GetAll", answer_get_all }, { "List", answer_list } };
  QueenDBusBranch *self = data;
  gsize i = 0;

  while (!g_str_equal (answers[i].method, method))
    g_return_if_fail (++i < G_N_ELEMENTS (answers));
  queen_dbus_answers_add (self->answers, invocation, judge_size (invocation), answers[i].answer,
                          self);
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

  for (QueenDBusObject *object = get_first (self); object; object = get_next (self, object))
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

static gsize
measure_registry (QueenDBusBranch *self)
{
  gsize offset = queen_dbus_wire_string (0, get_path (self));

  offset = queen_dbus_wire_array (offset, 8);
  offset = queen_dbus_wire_structure (offset);
  offset = queen_dbus_wire_string (offset, queen_dbus_registry_interface_info ()->name);
  return measure_properties (self, offset);
}

static GVariant *
list_registry (QueenDBusBranch *self)
{
  GVariantBuilder interfaces = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("a{sa{sv}}"));
  GVariantBuilder objects = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("a{oa{sa{sv}}}"));

  g_variant_builder_add (&interfaces, "{s@a{sv}}", queen_dbus_registry_interface_info ()->name,
                         get_properties (self));
  g_variant_builder_add (&objects, "{oa{sa{sv}}}", get_path (self), &interfaces);
  return g_variant_builder_end (&objects);
}

void
queen_dbus_branch_add_to (QueenDBusBranch *self, QueenDBusInventory *inventory)
{
  queen_dbus_inventory_add (inventory, list_registry (self), measure_registry (self));
  for (QueenDBusObject *object = get_first (self); object; object = get_next (self, object))
    {
      object->is_listed = TRUE;
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
