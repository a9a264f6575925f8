/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-dbus-exporter.h"

#include <string.h>

#include "build-config.h"
#include "queen-dbus-component.h"

#define MAX_WAITING 64 /* callers of GetManagedObjects */

typedef struct
{
  QueenDBusExporter *exporter;
  QueenComponentKind kind;
  guint subtree_id;
} Registry;

struct _QueenDBusExporter
{
  GDBusConnection *connection;
  QueenDBusCluster *cluster;
  const QueenDBusFigures *figures;

  QueenDBusQueen *queen;
  guint queen_id;
  QueenDBusObjectManager *manager;
  Registry registries[QUEEN_COMPONENT_N_KINDS];

  QueenDBusCounts told_counts[QUEEN_COMPONENT_N_KINDS];
  guint told_subscribers;

  GQueue waiting; /* of GDBusMethodInvocation: who wants to know all objects */
  GCancellable *cancellable;
};

static const QueenDBusCounts *
get_counts (QueenDBusExporter *self, QueenComponentKind kind)
{
  return queen_dbus_cluster_get_counts (self->cluster, kind);
}

/* The root object */

static GVariant *
get_queen_property (QueenDBusExporter *self, const char *name)
{
  const QueenDBusCounts *workers = get_counts (self, QUEEN_COMPONENT_WORKER);
  const QueenDBusCounts *hives = get_counts (self, QUEEN_COMPONENT_HIVE);

  if (g_str_equal (name, "WorkersOnline"))
    return g_variant_new_uint32 (workers->online);
  if (g_str_equal (name, "WorkersAvailable"))
    return g_variant_new_uint32 (workers->available);
  if (g_str_equal (name, "HivesOnline"))
    return g_variant_new_uint32 (hives->online);
  if (g_str_equal (name, "HivesAvailable"))
    return g_variant_new_uint32 (hives->available);
  if (g_str_equal (name, "Version"))
    return g_variant_new_string (QUEEN_VERSION);
  if (g_str_equal (name, "Addresses"))
    return g_variant_new_strv (self->figures->addresses, -1);
  if (g_str_equal (name, "StartedAt"))
    return g_variant_new_uint64 ((guint64) self->figures->started_at);
  if (g_str_equal (name, "Subscribers"))
    return g_variant_new_uint32 (self->figures->n_subscribers);
  g_return_val_if_fail (g_str_equal (name, "EventsPublished"), NULL);
  return g_variant_new_uint64 (self->figures->n_events);
}

static GVariant *
on_get_queen_property (GDBusConnection *connection,
                       const char *sender,
                       const char *path,
                       const char *interface,
                       const char *name,
                       GError **error,
                       gpointer data)
{
  return get_queen_property (data, name);
}

/* The generated skeleton takes the arguments apart. It is not exported itself, as it would keep
 * copies of the properties that are older than what the components say. */
static void
on_queen_method (GDBusConnection *connection,
                 const char *sender,
                 const char *path,
                 const char *interface,
                 const char *name,
                 GVariant *parameters,
                 GDBusMethodInvocation *invocation,
                 gpointer data)
{
  QueenDBusExporter *self = data;
  GDBusInterfaceSkeleton *skeleton = G_DBUS_INTERFACE_SKELETON (self->queen);

  g_dbus_interface_skeleton_get_vtable (skeleton)->method_call (connection, sender, path, interface,
                                                                name, parameters, invocation,
                                                                skeleton);
}

/* The registries, and the components below them */

static GVariant *
list_ids (QueenDBusExporter *self, QueenComponentKind kind, gboolean only_available)
{
  g_autoptr (GPtrArray) objects = queen_dbus_cluster_list (self->cluster, kind);
  GVariantBuilder builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE_STRING_ARRAY);

  for (guint i = 0; i < objects->len; i++)
    {
      const QueenComponent *component = ((QueenDBusObject *) objects->pdata[i])->now;

      if (only_available ? queen_component_is_available (component)
                         : queen_component_is_online (component))
        g_variant_builder_add (&builder, "s", component->id);
    }
  return g_variant_builder_end (&builder);
}

static GVariant *
get_registry_property (QueenDBusExporter *self, QueenComponentKind kind, const char *name)
{
  const QueenDBusCounts *counts = get_counts (self, kind);

  if (g_str_equal (name, "Online"))
    return g_variant_new_uint32 (counts->online);
  if (g_str_equal (name, "Available"))
    return g_variant_new_uint32 (counts->available);
  if (g_str_equal (name, "Total"))
    return g_variant_new_uint32 (counts->total);
  return list_ids (self, kind, g_str_equal (name, "AvailableIds"));
}

static GVariant *
get_registry_interfaces (QueenDBusExporter *self, QueenComponentKind kind)
{
  GDBusInterfaceInfo *info = queen_dbus_registry_interface_info ();
  GVariantBuilder values = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE_VARDICT);
  GVariantBuilder builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("a{sa{sv}}"));

  for (GDBusPropertyInfo **property = info->properties; *property; property++)
    g_variant_builder_add (&values, "{sv}", (*property)->name,
                           get_registry_property (self, kind, (*property)->name));
  g_variant_builder_add (&builder, "{s@a{sv}}", info->name, g_variant_builder_end (&values));
  return g_variant_builder_end (&builder);
}

static char **
on_enumerate (GDBusConnection *connection, const char *sender, const char *path, gpointer data)
{
  const Registry *registry = data;
  g_autoptr (GPtrArray) objects =
      queen_dbus_cluster_list (registry->exporter->cluster, registry->kind);
  gsize prefix = strlen (queen_dbus_cluster_get_registry_path (registry->kind)) + 1;
  char **names = g_new0 (char *, objects->len + 1);

  for (guint i = 0; i < objects->len; i++)
    names[i] = g_strdup (((QueenDBusObject *) objects->pdata[i])->path + prefix);
  return names;
}

/* From the node's name, as GDBus is not of one mind about which path it hands over. */
static QueenComponent *
lookup_node (const Registry *registry, const char *node)
{
  g_autofree char *path =
      g_strconcat (queen_dbus_cluster_get_registry_path (registry->kind), "/", node, NULL);

  return queen_dbus_cluster_lookup (registry->exporter->cluster, path);
}

static GDBusInterfaceInfo **
on_introspect (GDBusConnection *connection,
               const char *sender,
               const char *path,
               const char *node,
               gpointer data)
{
  const Registry *registry = data;
  GDBusInterfaceInfo **infos;

  if (node && !lookup_node (registry, node))
    return NULL;
  infos = g_new0 (GDBusInterfaceInfo *, 2);
  infos[0] = g_dbus_interface_info_ref (node ? queen_dbus_component_get_interface (registry->kind)
                                             : queen_dbus_registry_interface_info ());
  return infos;
}

static GVariant *
on_get_node_property (GDBusConnection *connection,
                      const char *sender,
                      const char *path,
                      const char *interface,
                      const char *name,
                      GError **error,
                      gpointer data)
{
  const Registry *registry = data;
  QueenComponent *component;

  if (g_str_equal (path, queen_dbus_cluster_get_registry_path (registry->kind)))
    return get_registry_property (registry->exporter, registry->kind, name);
  component = queen_dbus_cluster_lookup (registry->exporter->cluster, path);
  if (component)
    return queen_dbus_component_get_property (component, name);
  /* Forgotten between the question and its turn. */
  g_set_error (error, G_DBUS_ERROR, G_DBUS_ERROR_UNKNOWN_OBJECT, "there is no %s any longer", path);
  return NULL;
}

static const GDBusInterfaceVTable *
on_dispatch (GDBusConnection *connection,
             const char *sender,
             const char *path,
             const char *interface,
             const char *node,
             gpointer *interface_data,
             gpointer data)
{
  static const GDBusInterfaceVTable vtable = { .get_property = on_get_node_property };

  *interface_data = data;
  return &vtable;
}

/* The object manager */

static void answer_next_lister (QueenDBusExporter *self);

static void
on_flushed (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GError) error = NULL;

  if (g_dbus_connection_flush_finish (G_DBUS_CONNECTION (source), result, &error))
    answer_next_lister (data);
}

static GVariant *
list_all (QueenDBusExporter *self)
{
  GVariantBuilder builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("a{oa{sa{sv}}}"));

  for (int kind = 0; kind < QUEEN_COMPONENT_N_KINDS; kind++)
    {
      g_autoptr (GPtrArray) objects = queen_dbus_cluster_list (self->cluster, kind);

      g_variant_builder_add (&builder, "{o@a{sa{sv}}}", queen_dbus_cluster_get_registry_path (kind),
                             get_registry_interfaces (self, kind));
      for (guint i = 0; i < objects->len; i++)
        {
          const QueenDBusObject *object = objects->pdata[i];

          g_variant_builder_add (&builder, "{o@a{sa{sv}}}", object->path,
                                 queen_dbus_component_get_interfaces (object->now));
        }
    }
  return g_variant_builder_end (&builder);
}

/* One answer at a time, as each may be megabytes: the next is made when the bus has taken it. */
static void
answer_next_lister (QueenDBusExporter *self)
{
  GDBusMethodInvocation *invocation = g_queue_pop_head (&self->waiting);

  if (!invocation)
    {
      g_clear_object (&self->cancellable);
      return;
    }
  queen_dbus_object_manager_complete_get_managed_objects (self->manager, invocation,
                                                          list_all (self));
  if (!self->cancellable)
    self->cancellable = g_cancellable_new ();
  g_dbus_connection_flush (self->connection, self->cancellable, on_flushed, self);
}

static gboolean
on_get_managed_objects (QueenDBusObjectManager *manager,
                        GDBusMethodInvocation *invocation,
                        gpointer data)
{
  QueenDBusExporter *self = data;

  if (self->waiting.length >= MAX_WAITING)
    {
      g_dbus_method_invocation_return_error_literal (
          invocation, G_DBUS_ERROR, G_DBUS_ERROR_LIMITS_EXCEEDED,
          "too many want to know all objects at once; try again later");
      return TRUE;
    }
  g_queue_push_tail (&self->waiting, invocation);
  if (!self->cancellable)
    answer_next_lister (self);
  return TRUE;
}

/* Telling what has changed */

static void
emit_changed (QueenDBusExporter *self,
              const char *path,
              const char *interface,
              GVariant *changed,
              const char *const *invalidated)
{
  g_dbus_connection_emit_signal (self->connection, NULL, path, "org.freedesktop.DBus.Properties",
                                 "PropertiesChanged",
                                 g_variant_new ("(s@a{sv}^as)", interface, changed, invalidated),
                                 NULL);
}

static void
announce_removed (QueenDBusExporter *self, const QueenDBusObject *object)
{
  const char *interfaces[] = { queen_dbus_component_get_interface (object->told->kind)->name,
                               NULL };

  queen_dbus_object_manager_emit_interfaces_removed (self->manager, object->path, interfaces);
}

static void
announce_added (QueenDBusExporter *self, const QueenDBusObject *object)
{
  queen_dbus_object_manager_emit_interfaces_added (self->manager, object->path,
                                                   queen_dbus_component_get_interfaces (
                                                       object->now));
}

static void
announce_object (QueenDBusExporter *self, const QueenDBusObject *object)
{
  static const char *const none[] = { NULL };
  /* Forgotten and back again since the bus was told: it is another one. */
  gboolean is_same =
      object->now && object->told && object->now->first_seen == object->told->first_seen;
  GVariant *changes;

  if (object->told && !is_same)
    announce_removed (self, object);
  if (object->now && !is_same)
    announce_added (self, object);
  if (!is_same)
    return;
  changes = queen_dbus_component_get_changes (object->now, object->told);
  if (changes)
    emit_changed (self, object->path, queen_dbus_component_get_interface (object->now->kind)->name,
                  changes, none);
}

static void
add_if_changed (GVariantBuilder *builder, const char *name, guint now, guint told)
{
  if (now != told)
    g_variant_builder_add (builder, "{sv}", name, g_variant_new_uint32 (now));
}

static void
announce_registry (QueenDBusExporter *self, QueenComponentKind kind)
{
  static const char *const lists[] = { "OnlineIds", "AvailableIds", NULL };
  const QueenDBusCounts *now = get_counts (self, kind);
  const QueenDBusCounts *told = &self->told_counts[kind];
  GVariantBuilder builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE_VARDICT);

  add_if_changed (&builder, "Online", now->online, told->online);
  add_if_changed (&builder, "Available", now->available, told->available);
  add_if_changed (&builder, "Total", now->total, told->total);
  emit_changed (self, queen_dbus_cluster_get_registry_path (kind),
                queen_dbus_registry_interface_info ()->name, g_variant_builder_end (&builder),
                lists);
}

static void
announce_figures (QueenDBusExporter *self)
{
  static const char *const none[] = { NULL };
  static const char *const online[] = { "WorkersOnline", "HivesOnline" };
  static const char *const available[] = { "WorkersAvailable", "HivesAvailable" };
  GVariantBuilder builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE_VARDICT);
  g_autoptr (GVariant) changes = NULL;

  for (int kind = 0; kind < QUEEN_COMPONENT_N_KINDS; kind++)
    {
      const QueenDBusCounts *now = get_counts (self, kind);
      const QueenDBusCounts *told = &self->told_counts[kind];

      add_if_changed (&builder, online[kind], now->online, told->online);
      add_if_changed (&builder, available[kind], now->available, told->available);
      if (memcmp (now, told, sizeof *now) != 0)
        announce_registry (self, kind);
      self->told_counts[kind] = *now;
    }
  add_if_changed (&builder, "Subscribers", self->figures->n_subscribers, self->told_subscribers);
  self->told_subscribers = self->figures->n_subscribers;

  changes = g_variant_ref_sink (g_variant_builder_end (&builder));
  if (g_variant_n_children (changes) > 0)
    emit_changed (self, QUEEN_DBUS_PATH, queen_dbus_queen_interface_info ()->name, changes, none);
}

GDBusConnection *
queen_dbus_exporter_get_connection (QueenDBusExporter *self)
{
  return self->connection;
}

gboolean
queen_dbus_exporter_is_behind (QueenDBusExporter *self)
{
  for (int kind = 0; kind < QUEEN_COMPONENT_N_KINDS; kind++)
    if (memcmp (get_counts (self, kind), &self->told_counts[kind], sizeof (QueenDBusCounts)) != 0)
      return TRUE;
  return queen_dbus_cluster_get_untold (self->cluster) ||
         self->told_subscribers != self->figures->n_subscribers;
}

gboolean
queen_dbus_exporter_announce (QueenDBusExporter *self, guint most)
{
  QueenDBusObject *object;

  for (guint i = 0; i < most && (object = queen_dbus_cluster_get_untold (self->cluster)); i++)
    {
      announce_object (self, object);
      queen_dbus_cluster_set_told (self->cluster, object);
    }
  announce_figures (self);
  return queen_dbus_cluster_get_untold (self->cluster) != NULL;
}

void
queen_dbus_exporter_emit_event (QueenDBusExporter *self, const QueenEvent *event)
{
  const QueenComponent *component = event->component;

  g_dbus_connection_emit_signal (
      self->connection, NULL, QUEEN_DBUS_PATH, queen_dbus_queen_interface_info ()->name,
      "Heartbeat",
      g_variant_new ("(ssss)",
                     component ? queen_component_kind_get_name (component->kind) : "queen",
                     component ? component->id : "",
                     component ? queen_status_get_name (component->status) : "", event->json),
      NULL);
}

void
queen_dbus_exporter_emit_lagged (QueenDBusExporter *self, guint64 n_dropped)
{
  g_dbus_connection_emit_signal (self->connection, NULL, QUEEN_DBUS_PATH,
                                 queen_dbus_queen_interface_info ()->name, "Lagged",
                                 g_variant_new ("(t)", n_dropped), NULL);
}

static gboolean export(QueenDBusExporter *self, GError **error)
{
  static const GDBusInterfaceVTable queen_vtable = {
    .method_call = on_queen_method,
    .get_property = on_get_queen_property,
  };
  static const GDBusSubtreeVTable subtree_vtable = { on_enumerate, on_introspect, on_dispatch };

  self->queen_id = g_dbus_connection_register_object (self->connection, QUEEN_DBUS_PATH,
                                                      queen_dbus_queen_interface_info (),
                                                      &queen_vtable, self, NULL, error);
  if (self->queen_id == 0 ||
      !g_dbus_interface_skeleton_export (G_DBUS_INTERFACE_SKELETON (self->manager),
                                         self->connection, QUEEN_DBUS_PATH, error))
    return FALSE;
  for (int kind = 0; kind < QUEEN_COMPONENT_N_KINDS; kind++)
    {
      Registry *registry = &self->registries[kind];

      registry->exporter = self;
      registry->kind = kind;
      /* Otherwise GDBus would have all nodes listed for each single call. */
      registry->subtree_id = g_dbus_connection_register_subtree (
          self->connection, queen_dbus_cluster_get_registry_path (kind), &subtree_vtable,
          G_DBUS_SUBTREE_FLAGS_DISPATCH_TO_UNENUMERATED_NODES, registry, NULL, error);
      if (registry->subtree_id == 0)
        return FALSE;
    }
  return TRUE;
}

QueenDBusExporter *
queen_dbus_exporter_new (GDBusConnection *connection,
                         QueenDBusCluster *cluster,
                         const QueenDBusFigures *figures,
                         QueenDBusQueen *queen,
                         GError **error)
{
  g_autoptr (QueenDBusExporter) self = g_new0 (QueenDBusExporter, 1);
  QueenDBusObject *object;

  self->connection = g_object_ref (connection);
  self->cluster = cluster;
  self->figures = figures;
  self->queen = g_object_ref (queen);
  self->manager = queen_dbus_object_manager_skeleton_new ();
  g_signal_connect (self->manager, "handle-get-managed-objects",
                    G_CALLBACK (on_get_managed_objects), self);

  /* Who comes to a new connection asks how things are; there is nothing to be told yet. */
  while ((object = queen_dbus_cluster_get_untold (cluster)))
    queen_dbus_cluster_set_told (cluster, object);
  for (int kind = 0; kind < QUEEN_COMPONENT_N_KINDS; kind++)
    self->told_counts[kind] = *get_counts (self, kind);
  self->told_subscribers = figures->n_subscribers;

  return export(self, error) ? g_steal_pointer (&self) : NULL;
}

void
queen_dbus_exporter_free (QueenDBusExporter *self)
{
  GDBusMethodInvocation *invocation;

  if (self->queen_id != 0)
    g_dbus_connection_unregister_object (self->connection, self->queen_id);
  for (int kind = 0; kind < QUEEN_COMPONENT_N_KINDS; kind++)
    if (self->registries[kind].subtree_id != 0)
      g_dbus_connection_unregister_subtree (self->connection, self->registries[kind].subtree_id);
  g_dbus_interface_skeleton_unexport (G_DBUS_INTERFACE_SKELETON (self->manager));
  g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  while ((invocation = g_queue_pop_head (&self->waiting)))
    g_object_unref (invocation);
  g_object_unref (self->manager);
  g_object_unref (self->queen);
  g_object_unref (self->connection);
  g_free (self);
}
