/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-dbus-jobs.h"

#include <string.h>

#include "queen-dbus-interfaces.h"

#define SIZE_OF_FIXED 512 /* bytes of a job on the wire without its texts, or a bit more */

/* On one connection. A call waits in the main context with nothing but the subtree to hold on to,
 * even if that has been unregistered meanwhile: so the subtree has this. */
typedef struct
{
  GDBusConnection *connection;
  QueenDBusJobs *jobs; /* NULL once they are not shown there any more */
} Showing;

struct _QueenDBusJobs
{
  GHashTable *objects; /* path -> QueenDBusJobObject */
  GQueue dirty;
  Showing *showing; /* NULL without a connection */
  guint subtree_id;
};

/* What they are */

static void
free_object (gpointer data)
{
  QueenDBusJobObject *object = data;

  g_clear_pointer (&object->now, queen_dbus_job_view_unref);
  g_clear_pointer (&object->sent, queen_dbus_job_view_unref);
  g_free (object->path);
  g_free (object);
}

QueenDBusJobs *
queen_dbus_jobs_new (void)
{
  QueenDBusJobs *self = g_new0 (QueenDBusJobs, 1);

  self->objects = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, free_object);
  return self;
}

static QueenDBusJobObject *
add_object (QueenDBusJobs *self, char *path)
{
  QueenDBusJobObject *object = g_new0 (QueenDBusJobObject, 1);

  object->path = path;
  object->dirty_link.data = object;
  g_hash_table_insert (self->objects, path, object);
  return object;
}

static void
set_dirty (QueenDBusJobs *self, QueenDBusJobObject *object)
{
  if (!object->is_dirty)
    g_queue_push_tail_link (&self->dirty, &object->dirty_link);
  object->is_dirty = TRUE;
}

void
queen_dbus_jobs_set_clean (QueenDBusJobs *self, QueenDBusJobObject *object)
{
  if (object->is_dirty)
    g_queue_unlink (&self->dirty, &object->dirty_link);
  object->is_dirty = FALSE;
  g_clear_pointer (&object->sent, queen_dbus_job_view_unref);
  if (object->now)
    object->sent = queen_dbus_job_view_ref (object->now);
  else
    g_hash_table_remove (self->objects, object->path);
}

/* @now: (nullable) */
static void
take_job (QueenDBusJobs *self, const char *id, QueenDBusJobView *now)
{
  g_autofree char *path = queen_dbus_job_view_dup_path (id);
  QueenDBusJobObject *object = g_hash_table_lookup (self->objects, path);

  if (!object && !now)
    return;
  if (!object)
    object = add_object (self, g_steal_pointer (&path));
  g_clear_pointer (&object->now, queen_dbus_job_view_unref);
  object->now = now ? queen_dbus_job_view_ref (now) : NULL;
  if (now || object->sent)
    set_dirty (self, object);
  else
    queen_dbus_jobs_set_clean (self, object); /* it came and went, and nobody has heard of it */
}

void
queen_dbus_jobs_take (QueenDBusJobs *self, GHashTable *changes)
{
  GHashTableIter iter;
  gpointer id, now;

  g_hash_table_iter_init (&iter, changes);
  while (g_hash_table_iter_next (&iter, &id, &now))
    take_job (self, id, now);
}

QueenDBusJobObject *
queen_dbus_jobs_get_dirty (QueenDBusJobs *self)
{
  return g_queue_peek_head (&self->dirty);
}

gsize
queen_dbus_jobs_measure (QueenDBusJobs *self, gsize offset)
{
  GHashTableIter iter;
  gpointer data;

  g_hash_table_iter_init (&iter, self->objects);
  while (g_hash_table_iter_next (&iter, NULL, &data))
    {
      const QueenDBusJobObject *object = data;

      if (object->now)
        offset += SIZE_OF_FIXED + 2 * strlen (object->path) + strlen (object->now->model) +
                  strlen (object->now->worker);
    }
  return offset;
}

void
queen_dbus_jobs_add_to (QueenDBusJobs *self, GVariantBuilder *objects)
{
  GHashTableIter iter;
  gpointer data;

  g_hash_table_iter_init (&iter, self->objects);
  while (g_hash_table_iter_next (&iter, NULL, &data))
    {
      const QueenDBusJobObject *object = data;

      if (object->now)
        g_variant_builder_add (objects, "{o@a{sa{sv}}}", object->path,
                               queen_dbus_job_view_get_interfaces (object->now));
    }
}

/* Where they are shown */

static QueenDBusJobView *
lookup_job (Showing *showing, const char *path)
{
  QueenDBusJobObject *object =
      showing->jobs ? g_hash_table_lookup (showing->jobs->objects, path) : NULL;

  return object ? object->now : NULL;
}

static char **
on_enumerate_jobs (GDBusConnection *connection, const char *sender, const char *path, gpointer data)
{
  Showing *showing = data;
  g_autoptr (GPtrArray) names = g_ptr_array_new ();
  GHashTableIter iter;
  gpointer object;

  if (showing->jobs)
    {
      g_hash_table_iter_init (&iter, showing->jobs->objects);
      while (g_hash_table_iter_next (&iter, NULL, &object))
        if (((QueenDBusJobObject *) object)->now)
          g_ptr_array_add (names, g_strdup (((QueenDBusJobObject *) object)->path +
                                            strlen (QUEEN_DBUS_JOBS_PATH "/")));
    }
  g_ptr_array_add (names, NULL);
  return (char **) g_ptr_array_free (g_steal_pointer (&names), FALSE);
}

static GDBusInterfaceInfo **
on_introspect_job (GDBusConnection *connection,
                   const char *sender,
                   const char *path,
                   const char *node,
                   gpointer data)
{
  g_autofree char *full = node ? g_strconcat (QUEEN_DBUS_JOBS_PATH "/", node, NULL) : NULL;
  GDBusInterfaceInfo **infos;

  if (!full || !lookup_job (data, full))
    return NULL;
  infos = g_new0 (GDBusInterfaceInfo *, 2);
  infos[0] = g_dbus_interface_info_ref (queen_dbus_job_interface_info ());
  return infos;
}

static GVariant *
on_get_job_property (GDBusConnection *connection,
                     const char *sender,
                     const char *path,
                     const char *interface,
                     const char *name,
                     GError **error,
                     gpointer data)
{
  QueenDBusJobView *job = lookup_job (data, path);

  if (job)
    return queen_dbus_job_view_get_property (job, name);
  /* It has ended between the question and its turn. */
  g_set_error (error, G_DBUS_ERROR, G_DBUS_ERROR_UNKNOWN_OBJECT, "there is no %s any longer", path);
  return NULL;
}

static const GDBusInterfaceVTable *
on_dispatch_to_job (GDBusConnection *connection,
                    const char *sender,
                    const char *path,
                    const char *interface,
                    const char *node,
                    gpointer *interface_data,
                    gpointer data)
{
  static const GDBusInterfaceVTable vtable = { .get_property = on_get_job_property };

  *interface_data = data;
  return &vtable;
}

static void
free_showing (gpointer data)
{
  Showing *showing = data;

  g_object_unref (showing->connection);
  g_free (showing);
}

gboolean
queen_dbus_jobs_export (QueenDBusJobs *self, GDBusConnection *connection, GError **error)
{
  static const GDBusSubtreeVTable vtable = { on_enumerate_jobs, on_introspect_job,
                                             on_dispatch_to_job };
  Showing *showing = g_new0 (Showing, 1);

  showing->connection = g_object_ref (connection);
  showing->jobs = self;
  self->subtree_id =
      g_dbus_connection_register_subtree (connection, QUEEN_DBUS_JOBS_PATH, &vtable,
                                          G_DBUS_SUBTREE_FLAGS_NONE, showing, free_showing, error);
  if (self->subtree_id == 0)
    free_showing (showing);
  else
    self->showing = showing;
  return self->subtree_id != 0;
}

void
queen_dbus_jobs_unexport (QueenDBusJobs *self)
{
  Showing *showing = g_steal_pointer (&self->showing);

  if (!showing)
    return;
  showing->jobs = NULL;
  g_dbus_connection_unregister_subtree (showing->connection, self->subtree_id);
}

void
queen_dbus_jobs_free (QueenDBusJobs *self)
{
  queen_dbus_jobs_unexport (self);
  g_queue_init (&self->dirty); /* the links are the objects' */
  g_hash_table_unref (self->objects);
  g_free (self);
}
