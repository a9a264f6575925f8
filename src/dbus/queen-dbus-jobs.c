/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-dbus-jobs.h"

#include <string.h>

#include "queen-dbus-interfaces.h"
#include "queen-dbus-subtree.h"
#include "text/queen-hash.h"

#define SIZE_OF_FIXED 512 /* bytes of a job on the wire without its texts, or a bit more */

struct _QueenDBusJobs
{
  GHashTable *objects; /* path -> QueenDBusJobObject */
  GQueue dirty;
  guint n_owed;              /* of these, those that have gone and were only listed */
  QueenDBusSubtree *subtree; /* NULL without a connection */
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

  self->objects = g_hash_table_new_full (queen_string_hash, g_str_equal, NULL, free_object);
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

static void
set_owed (QueenDBusJobs *self, QueenDBusJobObject *object, gboolean is_owed)
{
  self->n_owed += (guint) is_owed - (guint) object->is_owed;
  object->is_owed = is_owed;
}

void
queen_dbus_jobs_set_clean (QueenDBusJobs *self, QueenDBusJobObject *object)
{
  if (object->is_dirty)
    g_queue_unlink (&self->dirty, &object->dirty_link);
  object->is_dirty = object->is_listed = FALSE;
  set_owed (self, object, FALSE);
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
  set_owed (self, object, !now && !object->sent && object->is_listed);
  if (now || object->sent || (object->is_owed && self->n_owed <= QUEEN_DBUS_JOBS_MAX_OWED))
    set_dirty (self, object);
  else
    queen_dbus_jobs_set_clean (self, object); /* nobody has heard of it, or of too many */
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
      QueenDBusJobObject *object = data;

      if (!object->now)
        continue;
      object->is_listed = TRUE;
      g_variant_builder_add (objects, "{o@a{sa{sv}}}", object->path,
                             queen_dbus_job_view_get_interfaces (object->now));
    }
}

/* Where they are shown */

static char **
list_jobs (gpointer data)
{
  QueenDBusJobs *self = data;
  g_autoptr (GPtrArray) names = g_ptr_array_new ();
  GHashTableIter iter;
  gpointer object;

  g_hash_table_iter_init (&iter, self->objects);
  while (g_hash_table_iter_next (&iter, NULL, &object))
    if (((QueenDBusJobObject *) object)->now)
      g_ptr_array_add (names, g_strdup (((QueenDBusJobObject *) object)->path +
                                        strlen (QUEEN_DBUS_JOBS_PATH "/")));
  g_ptr_array_add (names, NULL);
  return (char **) g_ptr_array_free (g_steal_pointer (&names), FALSE);
}

static gconstpointer
lookup_job (gpointer data, const char *path)
{
  QueenDBusJobs *self = data;
  QueenDBusJobObject *object = g_hash_table_lookup (self->objects, path);

  return object ? object->now : NULL;
}

static GVariant *
get_job_property (gpointer data, gconstpointer object, const char *name)
{
  return queen_dbus_job_view_get_property (object, name);
}

gboolean
queen_dbus_jobs_export (QueenDBusJobs *self, GDBusConnection *connection, GError **error)
{
  static const QueenDBusSubtreeVTable vtable = { list_jobs, lookup_job, get_job_property };

  self->subtree = queen_dbus_subtree_new (connection, QUEEN_DBUS_JOBS_PATH,
                                          queen_dbus_job_interface_info (), &vtable, self, error);
  return self->subtree != NULL;
}

void
queen_dbus_jobs_unexport (QueenDBusJobs *self)
{
  g_clear_pointer (&self->subtree, queen_dbus_subtree_free);
}

void
queen_dbus_jobs_free (QueenDBusJobs *self)
{
  queen_dbus_jobs_unexport (self);
  g_queue_init (&self->dirty); /* the links are the objects' */
  g_hash_table_unref (self->objects);
  g_free (self);
}
