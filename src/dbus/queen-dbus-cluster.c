/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-dbus-cluster.h"

#include <gio/gio.h>

#include "model/queen-hash.h"

struct _QueenDBusCluster
{
  GHashTable *objects; /* path -> QueenDBusObject */
  GQueue untold;       /* of QueenDBusObject, in the order in which they changed */
  QueenDBusCounts counts[QUEEN_COMPONENT_N_KINDS];
};

static void
free_object (QueenDBusObject *object)
{
  g_free (object->path);
  g_clear_pointer (&object->now, queen_component_unref);
  g_clear_pointer (&object->told, queen_component_unref);
  g_free (object);
}

static QueenDBusObject *
ensure_object (QueenDBusCluster *self, const QueenComponent *component)
{
  g_autofree char *path = queen_dbus_cluster_dup_path (component);
  QueenDBusObject *object = g_hash_table_lookup (self->objects, path);

  if (!object)
    {
      object = g_new0 (QueenDBusObject, 1);
      object->path = g_steal_pointer (&path);
      object->untold_link.data = object;
      g_hash_table_insert (self->objects, object->path, object);
    }
  return object;
}

static void
count (QueenDBusCluster *self, const QueenComponent *component, int sign)
{
  QueenDBusCounts *counts = &self->counts[component->kind];

  counts->total += (guint) sign;
  counts->online += (guint) (sign * queen_component_is_online (component));
  counts->available += (guint) (sign * queen_component_is_available (component));
}

QueenDBusCluster *
queen_dbus_cluster_new (void)
{
  QueenDBusCluster *self = g_new0 (QueenDBusCluster, 1);

  self->objects =
      g_hash_table_new_full (queen_string_hash, g_str_equal, NULL, (GDestroyNotify) free_object);
  return self;
}

void
queen_dbus_cluster_take (QueenDBusCluster *self, QueenEvent *event)
{
  QueenDBusObject *object;

  if (!event->component)
    return;
  object = ensure_object (self, event->component);
  if (object->now)
    count (self, object->now, -1);
  g_clear_pointer (&object->now, queen_component_unref);
  if (event->kind != QUEEN_EVENT_FORGOTTEN)
    {
      object->now = queen_component_ref (event->component);
      count (self, object->now, 1);
    }
  if (!object->is_untold)
    g_queue_push_tail_link (&self->untold, &object->untold_link);
  object->is_untold = TRUE;
}

const QueenDBusCounts *
queen_dbus_cluster_get_counts (QueenDBusCluster *self, QueenComponentKind kind)
{
  return &self->counts[kind];
}

QueenComponent *
queen_dbus_cluster_lookup (QueenDBusCluster *self, const char *path)
{
  QueenDBusObject *object = g_hash_table_lookup (self->objects, path);

  return object ? object->now : NULL;
}

static int
compare_first_seen (gconstpointer a, gconstpointer b)
{
  const QueenComponent *first = (*(QueenDBusObject *const *) a)->now;
  const QueenComponent *second = (*(QueenDBusObject *const *) b)->now;

  if (first->first_seen != second->first_seen)
    return first->first_seen < second->first_seen ? -1 : 1;
  return g_strcmp0 (first->id, second->id);
}

GPtrArray *
queen_dbus_cluster_list (QueenDBusCluster *self, QueenComponentKind kind)
{
  GPtrArray *objects = g_ptr_array_sized_new (self->counts[kind].total);
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, self->objects);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      QueenDBusObject *object = value;

      if (object->now && object->now->kind == kind)
        g_ptr_array_add (objects, object);
    }
  g_ptr_array_sort (objects, compare_first_seen);
  return objects;
}

QueenDBusObject *
queen_dbus_cluster_get_untold (QueenDBusCluster *self)
{
  return g_queue_peek_head (&self->untold);
}

void
queen_dbus_cluster_set_told (QueenDBusCluster *self, QueenDBusObject *object)
{
  g_queue_unlink (&self->untold, &object->untold_link);
  object->is_untold = FALSE;
  g_clear_pointer (&object->told, queen_component_unref);
  if (object->now)
    object->told = queen_component_ref (object->now);
  else
    g_hash_table_remove (self->objects, object->path);
}

const char *
queen_dbus_cluster_get_registry_path (QueenComponentKind kind)
{
  return kind == QUEEN_COMPONENT_WORKER ? QUEEN_DBUS_PATH "/workers" : QUEEN_DBUS_PATH "/hives";
}

char *
queen_dbus_cluster_dup_path (const QueenComponent *component)
{
  g_autofree char *name = g_dbus_escape_object_path (component->id);

  return g_strconcat (queen_dbus_cluster_get_registry_path (component->kind), "/", name, NULL);
}

void
queen_dbus_cluster_free (QueenDBusCluster *self)
{
  g_hash_table_unref (self->objects);
  g_free (self);
}
