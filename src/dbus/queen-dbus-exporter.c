/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-dbus-exporter.h"

#include <string.h>

#include "build-config.h"
#include "queen-dbus-branch.h"
#include "queen-dbus-component.h"
#include "queen-dbus-inventory.h"
#include "queen-dbus-queens.h"

struct _QueenDBusExporter
{
  GDBusConnection *connection;
  QueenDBusCluster *cluster;
  const QueenDBusFigures *figures;
  const QueenDBusLimits *limits;
  QueenDBusJobs *jobs;

  QueenDBusQueen *queen;
  guint queen_id;
  QueenDBusObjectManager *manager;
  QueenDBusBranch *branches[QUEEN_COMPONENT_N_KINDS];
  QueenDBusAnswers *answers;
  QueenDBusQueens *queens;

  QueenDBusCounts sent_counts[QUEEN_COMPONENT_N_KINDS];
  guint sent_subscribers;
  QueenDBusJobCounts sent_jobs;
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
  if (g_str_equal (name, "JobsQueued"))
    return g_variant_new_uint32 (self->figures->jobs.queued);
  if (g_str_equal (name, "JobsRunning"))
    return g_variant_new_uint32 (self->figures->jobs.running);
  if (g_str_equal (name, "Engine"))
    return queen_dbus_engine_get_standing (queen_dbus_queens_get (self->queens));
  if (g_str_equal (name, "Queens"))
    return queen_dbus_engine_list_paths (queen_dbus_queens_get (self->queens));
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

/* The object manager */

/* Whoever asks for what is too much anyhow makes nobody wait. */
static gboolean
may_fit (QueenDBusExporter *self, QueenDBusInventory *inventory)
{
  gboolean may = TRUE;

  for (int kind = 0; kind < QUEEN_COMPONENT_N_KINDS; kind++)
    may = queen_dbus_inventory_expect (inventory, kind, get_counts (self, kind)->total);
  return may;
}

static gpointer
take_inventory (gpointer data)
{
  QueenDBusExporter *self = data;
  QueenDBusInventory *inventory = queen_dbus_inventory_new (self->limits->message);
  GVariantBuilder others = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("a{oa{sa{sv}}}"));
  gsize size = queen_dbus_jobs_measure (self->jobs, 0);
  gboolean fits = may_fit (self, inventory);

  for (int kind = 0; kind < QUEEN_COMPONENT_N_KINDS && fits; kind++)
    queen_dbus_branch_add_to (self->branches[kind], inventory);
  queen_dbus_jobs_add_to (self->jobs, &others);
  queen_dbus_queens_add_to (self->queens, &others);
  queen_dbus_inventory_add (inventory, g_variant_builder_end (&others),
                            queen_dbus_queens_measure (self->queens, size));
  return inventory;
}

static GVariant *
list_inventory (gpointer inventory, GError **error)
{
  return queen_dbus_inventory_list (inventory, error);
}

static void
free_inventory (gpointer inventory)
{
  queen_dbus_inventory_free (inventory);
}

static gboolean
on_get_managed_objects (QueenDBusObjectManager *manager,
                        GDBusMethodInvocation *invocation,
                        gpointer data)
{
  static const QueenDBusDraft draft = { take_inventory, list_inventory, free_inventory };
  QueenDBusExporter *self = data;

  queen_dbus_answers_draft (self->answers, invocation, &draft, self);
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
  const char *interfaces[] = { queen_dbus_component_get_interface (object->kind)->name, NULL };

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
      object->now && object->sent && object->now->first_seen == object->sent->first_seen;
  GVariant *changes;

  if (!is_same && (object->sent || !object->now))
    announce_removed (self, object);
  if (object->now && !is_same)
    announce_added (self, object);
  if (!is_same)
    return;
  changes = queen_dbus_component_get_changes (object->now, object->sent, object->are_holds_news);
  if (changes)
    emit_changed (self, object->path, queen_dbus_component_get_interface (object->now->kind)->name,
                  changes, none);
}

/* What the bus is told of a job. */
static void
announce_job (QueenDBusExporter *self, const QueenDBusJobObject *object)
{
  static const char *const none[] = { NULL };
  const char *interfaces[] = { queen_dbus_job_interface_info ()->name, NULL };
  g_autoptr (GVariant) changes = NULL;

  if (!object->now)
    queen_dbus_object_manager_emit_interfaces_removed (self->manager, object->path, interfaces);
  else if (!object->sent)
    queen_dbus_object_manager_emit_interfaces_added (self->manager, object->path,
                                                     queen_dbus_job_view_get_interfaces (
                                                         object->now));
  else if ((changes = queen_dbus_job_view_get_changes (object->now, object->sent)))
    emit_changed (self, object->path, interfaces[0], changes, none);
}

static void
add_if_changed (GVariantBuilder *builder, const char *name, guint now, guint sent)
{
  if (now != sent)
    g_variant_builder_add (builder, "{sv}", name, g_variant_new_uint32 (now));
}

static void
announce_registry (QueenDBusExporter *self, QueenComponentKind kind)
{
  static const char *const lists[] = { "OnlineIds", "AvailableIds", NULL };
  const QueenDBusCounts *now = get_counts (self, kind);
  const QueenDBusCounts *sent = &self->sent_counts[kind];
  GVariantBuilder builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE_VARDICT);

  add_if_changed (&builder, "Online", now->online, sent->online);
  add_if_changed (&builder, "Available", now->available, sent->available);
  add_if_changed (&builder, "Total", now->total, sent->total);
  emit_changed (self, queen_dbus_cluster_get_registry_path (kind),
                queen_dbus_registry_interface_info ()->name, g_variant_builder_end (&builder),
                lists);
}

/* The objects first: whoever reads `Queens` finds them. */
static void
announce_queens (QueenDBusExporter *self, GVariantBuilder *builder)
{
  QueenDBusEngine *now = self->figures->engine;
  const QueenDBusEngine *sent = queen_dbus_queens_get (self->queens);

  if (!queen_dbus_engine_stands_as (now, sent))
    g_variant_builder_add (builder, "{sv}", "Engine", queen_dbus_engine_get_standing (now));
  if (!queen_dbus_engine_has_same (now, sent))
    g_variant_builder_add (builder, "{sv}", "Queens", queen_dbus_engine_list_paths (now));
  queen_dbus_queens_announce (self->queens, now, self->figures->n_subscribers);
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
      const QueenDBusCounts *sent = &self->sent_counts[kind];

      add_if_changed (&builder, online[kind], now->online, sent->online);
      add_if_changed (&builder, available[kind], now->available, sent->available);
      if (memcmp (now, sent, sizeof *now) != 0)
        announce_registry (self, kind);
      self->sent_counts[kind] = *now;
    }
  add_if_changed (&builder, "Subscribers", self->figures->n_subscribers, self->sent_subscribers);
  self->sent_subscribers = self->figures->n_subscribers;
  add_if_changed (&builder, "JobsQueued", self->figures->jobs.queued, self->sent_jobs.queued);
  add_if_changed (&builder, "JobsRunning", self->figures->jobs.running, self->sent_jobs.running);
  self->sent_jobs = self->figures->jobs;
  announce_queens (self, &builder);

  changes = g_variant_ref_sink (g_variant_builder_end (&builder));
  if (g_variant_n_children (changes) > 0)
    emit_changed (self, QUEEN_DBUS_PATH, queen_dbus_queen_interface_info ()->name, changes, none);
}

gboolean
queen_dbus_exporter_is_behind (QueenDBusExporter *self)
{
  for (int kind = 0; kind < QUEEN_COMPONENT_N_KINDS; kind++)
    if (memcmp (get_counts (self, kind), &self->sent_counts[kind], sizeof (QueenDBusCounts)) != 0)
      return TRUE;
  return queen_dbus_cluster_get_dirty (self->cluster) || queen_dbus_jobs_get_dirty (self->jobs) ||
         memcmp (&self->sent_jobs, &self->figures->jobs, sizeof self->sent_jobs) != 0 ||
         self->sent_subscribers != self->figures->n_subscribers ||
         queen_dbus_queens_get (self->queens) != self->figures->engine;
}

/* There are few of them at any time. */
static void
announce_jobs (QueenDBusExporter *self)
{
  QueenDBusJobObject *job;

  while ((job = queen_dbus_jobs_get_dirty (self->jobs)))
    {
      announce_job (self, job);
      queen_dbus_jobs_set_clean (self->jobs, job);
    }
}

gboolean
queen_dbus_exporter_announce (QueenDBusExporter *self, guint most)
{
  QueenDBusObject *object;

  for (guint i = 0; i < most && (object = queen_dbus_cluster_get_dirty (self->cluster)); i++)
    {
      announce_object (self, object);
      queen_dbus_cluster_set_clean (self->cluster, object);
    }
  announce_jobs (self);
  announce_figures (self);
  return queen_dbus_cluster_get_dirty (self->cluster) != NULL;
}

/* No NUL ends it: the stream may have written its own behind it. */
static GVariant *
dup_json (QueenDBusExporter *self, const QueenEvent *event)
{
  gboolean fits = event->json_length <= self->limits->message;

  return g_variant_new_take_string (g_strndup (event->json, fits ? event->json_length : 0));
}

void
queen_dbus_exporter_emit_event (QueenDBusExporter *self, const QueenEvent *event)
{
  const QueenComponent *component = event->component;

  g_dbus_connection_emit_signal (
      self->connection, NULL, QUEEN_DBUS_PATH, queen_dbus_queen_interface_info ()->name,
      "Heartbeat",
      g_variant_new ("(sss@s)",
                     component ? queen_component_kind_get_name (component->kind) : "queen",
                     component ? component->id : "",
                     component ? queen_status_get_name (component->status) : "",
                     dup_json (self, event)),
      NULL);
}

void
queen_dbus_exporter_emit_lagged (QueenDBusExporter *self, guint64 n_dropped)
{
  g_dbus_connection_emit_signal (self->connection, NULL, QUEEN_DBUS_PATH,
                                 queen_dbus_queen_interface_info ()->name, "Lagged",
                                 g_variant_new ("(t)", n_dropped), NULL);
}

gboolean
queen_dbus_exporter_is_drafting (QueenDBusExporter *self)
{
  return queen_dbus_answers_is_drafting (self->answers);
}

static gboolean
register_objects (QueenDBusExporter *self, GError **error)
{
  static const GDBusInterfaceVTable queen_vtable = {
    .method_call = on_queen_method,
    .get_property = on_get_queen_property,
  };

  self->queen_id = g_dbus_connection_register_object (self->connection, QUEEN_DBUS_PATH,
                                                      queen_dbus_queen_interface_info (),
                                                      &queen_vtable, self, NULL, error);
  if (self->queen_id == 0 ||
      !g_dbus_interface_skeleton_export (G_DBUS_INTERFACE_SKELETON (self->manager),
                                         self->connection, QUEEN_DBUS_PATH, error) ||
      !queen_dbus_jobs_export (self->jobs, self->connection, error) ||
      !queen_dbus_queens_show (self->queens, self->figures->engine, self->figures->n_subscribers,
                               error))
    return FALSE;
  for (int kind = 0; kind < QUEEN_COMPONENT_N_KINDS; kind++)
    {
      self->branches[kind] = queen_dbus_branch_new (self->connection, kind, self->cluster,
                                                    self->answers, self->limits, error);
      if (!self->branches[kind])
        return FALSE;
    }
  return TRUE;
}

QueenDBusExporter *
queen_dbus_exporter_new (GDBusConnection *connection,
                         QueenDBusOutbox *outbox,
                         const QueenDBusExporterSettings *settings,
                         GError **error)
{
  g_autoptr (QueenDBusExporter) self = g_new0 (QueenDBusExporter, 1);
  QueenDBusObject *object;
  QueenDBusJobObject *job;

  self->connection = g_object_ref (connection);
  self->cluster = settings->cluster;
  self->figures = settings->figures;
  self->jobs = settings->jobs;
  self->limits = settings->limits;
  self->queen = g_object_ref (settings->queen);
  self->answers = queen_dbus_answers_new (outbox, settings->receipts, settings->clock);
  queen_dbus_answers_set_drafted (self->answers, settings->on_drafted, settings->data);
  self->manager = queen_dbus_object_manager_skeleton_new ();
  self->queens = queen_dbus_queens_new (connection, self->manager);
  g_signal_connect (self->manager, "handle-get-managed-objects",
                    G_CALLBACK (on_get_managed_objects), self);

  /* Who comes to a new connection asks how things are; there is nothing to be told yet. */
  while ((object = queen_dbus_cluster_get_dirty (self->cluster)))
    queen_dbus_cluster_set_clean (self->cluster, object);
  while ((job = queen_dbus_jobs_get_dirty (self->jobs)))
    queen_dbus_jobs_set_clean (self->jobs, job);
  self->sent_jobs = self->figures->jobs;
  for (int kind = 0; kind < QUEEN_COMPONENT_N_KINDS; kind++)
    self->sent_counts[kind] = *get_counts (self, kind);
  self->sent_subscribers = self->figures->n_subscribers;

  return register_objects (self, error) ? g_steal_pointer (&self) : NULL;
}

void
queen_dbus_exporter_free (QueenDBusExporter *self)
{
  if (self->queen_id != 0)
    g_dbus_connection_unregister_object (self->connection, self->queen_id);
  for (int kind = 0; kind < QUEEN_COMPONENT_N_KINDS; kind++)
    g_clear_pointer (&self->branches[kind], queen_dbus_branch_free);
  queen_dbus_jobs_unexport (self->jobs);
  queen_dbus_queens_free (self->queens);
  if (g_dbus_interface_skeleton_get_connection (G_DBUS_INTERFACE_SKELETON (self->manager)))
    g_dbus_interface_skeleton_unexport (G_DBUS_INTERFACE_SKELETON (self->manager));
  queen_dbus_answers_free (self->answers);
  g_object_unref (self->manager);
  g_object_unref (self->queen);
  g_object_unref (self->connection);
  g_free (self);
}
