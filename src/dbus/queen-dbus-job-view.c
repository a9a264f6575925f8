/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-dbus-job-view.h"

#include <gio/gio.h>
#include <string.h>

#include "queen-dbus-cluster.h"
#include "queen-dbus-interfaces.h"
#include "queen-dbus-jobs.h"

QueenDBusJobView *
queen_dbus_job_view_new (QueenJob *job)
{
  QueenDBusJobView *self = g_atomic_rc_box_new0 (QueenDBusJobView);
  const char *model = queen_job_get_model (job);
  const char *worker = queen_job_get_worker (job);

  self->id = g_strdup (queen_job_get_id (job));
  self->model = g_strdup (model ? model : "");
  self->worker = g_strdup (worker ? worker : "");
  self->state = queen_job_get_state (job);
  self->position = queen_job_get_position (job);
  self->created_at = queen_job_get_created_at (job) / 1000;
  self->n_events = queen_job_get_n_events (job);
  return self;
}

QueenDBusJobView *
queen_dbus_job_view_ref (QueenDBusJobView *self)
{
  return g_atomic_rc_box_acquire (self);
}

static void
clear_job (gpointer data)
{
  QueenDBusJobView *self = data;

  g_free (self->id);
  g_free (self->model);
  g_free (self->worker);
}

void
queen_dbus_job_view_unref (QueenDBusJobView *self)
{
  g_atomic_rc_box_release_full (self, clear_job);
}

char *
queen_dbus_job_view_dup_path (const char *id)
{
  g_autofree char *name = g_dbus_escape_object_path (id);

  return g_strconcat (QUEEN_DBUS_JOBS_PATH "/", name, NULL);
}

char *
queen_dbus_job_view_dup_id (const char *path)
{
  g_autofree guint8 *id = NULL;

  if (!g_str_has_prefix (path, QUEEN_DBUS_JOBS_PATH "/"))
    return NULL;
  id = g_dbus_unescape_object_path (path + strlen (QUEEN_DBUS_JOBS_PATH "/"));
  return id && g_utf8_validate ((const char *) id, -1, NULL) ? g_strdup ((const char *) id) : NULL;
}

GVariant *
queen_dbus_job_view_get_property (const QueenDBusJobView *self, const char *name)
{
  if (g_str_equal (name, "Id"))
    return g_variant_new_string (self->id);
  if (g_str_equal (name, "Model"))
    return g_variant_new_string (self->model);
  if (g_str_equal (name, "Worker"))
    return g_variant_new_string (self->worker);
  if (g_str_equal (name, "State"))
    return g_variant_new_string (queen_job_state_get_name (self->state));
  if (g_str_equal (name, "Position"))
    return g_variant_new_uint32 (self->position);
  if (g_str_equal (name, "CreatedAt"))
    return g_variant_new_uint64 ((guint64) self->created_at);
  g_return_val_if_fail (g_str_equal (name, "Events"), NULL);
  return g_variant_new_uint64 (self->n_events);
}

static void
add_property (GVariantBuilder *builder, const QueenDBusJobView *self, const char *name)
{
  g_variant_builder_add (builder, "{sv}", name, queen_dbus_job_view_get_property (self, name));
}

GVariant *
queen_dbus_job_view_get_interfaces (const QueenDBusJobView *self)
{
  GDBusInterfaceInfo *info = queen_dbus_job_interface_info ();
  GVariantBuilder interfaces = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("a{sa{sv}}"));
  GVariantBuilder properties = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE_VARDICT);

  for (GDBusPropertyInfo **property = info->properties; *property; property++)
    add_property (&properties, self, (*property)->name);
  g_variant_builder_add (&interfaces, "{sa{sv}}", info->name, &properties);
  return g_variant_builder_end (&interfaces);
}

GVariant *
queen_dbus_job_view_get_changes (const QueenDBusJobView *self, const QueenDBusJobView *before)
{
  GVariantBuilder builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE_VARDICT);
  g_autoptr (GVariant) changes = NULL;

  if (self->state != before->state)
    add_property (&builder, self, "State");
  if (!g_str_equal (self->worker, before->worker))
    add_property (&builder, self, "Worker");
  if (self->position != before->position)
    add_property (&builder, self, "Position");
  changes = g_variant_ref_sink (g_variant_builder_end (&builder));
  return g_variant_n_children (changes) > 0 ? g_steal_pointer (&changes) : NULL;
}
