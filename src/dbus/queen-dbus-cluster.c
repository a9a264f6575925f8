/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-dbus-cluster.h"

#include <gio/gio.h>
#include <string.h>

#include "model/queen-senders.h"
#include "text/queen-hash.h"

#define HERE "here" /* who is not counted; all others begin otherwise */

struct _QueenDBusCluster
{
  GHashTable *objects; /* the path of each QueenDBusObject, which is in it; without values */
  GTree *in_order[QUEEN_COMPONENT_N_KINDS]; /* serial -> QueenDBusObject, those that are there */
  guint64 last_serial;
  QueenFairQueue *dirty; /* of QueenDBusObject, by who brought them */
  guint n_owed;          /* of these, those that have gone and were only listed */
  QueenDBusCounts counts[QUEEN_COMPONENT_N_KINDS];
};

/* Returns: (nullable): whose @path it is; %NULL for none */
static QueenDBusObject *
get_object (char *path)
{
  return path ? (QueenDBusObject *) (path - G_STRUCT_OFFSET (QueenDBusObject, path)) : NULL;
}

static QueenDBusObject *
find_object (QueenDBusCluster *self, const char *path)
{
  return get_object (g_hash_table_lookup (self->objects, path));
}

static void
free_object (char *path)
{
  QueenDBusObject *object = get_object (path);

  g_clear_pointer (&object->now, queen_component_unref);
  g_clear_pointer (&object->sent, queen_component_unref);
  queen_fair_queue_leave (&object->dirty);
  g_free (object);
}

static QueenDBusObject *
ensure_object (QueenDBusCluster *self, const QueenComponent *component)
{
  g_autofree char *path = queen_dbus_cluster_dup_path (component);
  QueenDBusObject *object = find_object (self, path);

  if (!object)
    {
      gsize size = strlen (path) + 1;

      object = g_malloc0 (sizeof *object + size);
      memcpy (object->path, path, size);
      object->kind = component->kind;
      g_hash_table_add (self->objects, object->path);
    }
  return object;
}

static int
compare_serials (gconstpointer a, gconstpointer b)
{
  guint64 first = *(const guint64 *) a, second = *(const guint64 *) b;

  return (first > second) - (first < second);
}

static void
count_component (QueenDBusCluster *self, const QueenComponent *component, int sign)
{
  QueenDBusCounts *counts = &self->counts[component->kind];

  counts->total += (guint) sign;
  counts->online += (guint) (sign * queen_component_is_online (component));
  counts->available += (guint) (sign * queen_component_is_available (component));
}

/* Its number is new each time that it comes, also when the bus has not been told that it had gone.
 */
static void
put_in_place (QueenDBusCluster *self, QueenDBusObject *object)
{
  object->serial = ++self->last_serial;
  object->node = g_tree_insert_node (self->in_order[object->now->kind], &object->serial, object);
}

static void
set_now (QueenDBusCluster *self, QueenDBusObject *object, QueenComponent *component)
{
  gboolean was_there = object->now != NULL;

  if (was_there)
    count_component (self, object->now, -1);
  if (was_there && !component)
    g_tree_remove (self->in_order[object->now->kind], &object->serial);
  object->are_holds_news |=
      was_there && component &&
      (object->now->holds != component->holds || object->now->hive_holds != component->hive_holds);
  g_clear_pointer (&object->now, queen_component_unref);
  if (!component)
    return;
  object->now = queen_component_ref (component);
  count_component (self, component, 1);
  if (!was_there)
    put_in_place (self, object);
}

/* However much of somebody's changes, that of others is told in their turns. */
static void
mark_dirty (QueenDBusCluster *self, QueenDBusObject *object, const char *sender)
{
  g_autofree char *asker = NULL;

  if (queen_fair_queue_is_waiting (&object->dirty))
    return;
  asker = sender ? queen_sender_dup_asker (sender) : g_strdup (HERE);
  queen_fair_queue_enter (self->dirty, &object->dirty, asker, object);
}

static void
set_owed (QueenDBusCluster *self, QueenDBusObject *object, gboolean is_owed)
{
  self->n_owed += (guint) is_owed - (guint) object->is_owed;
  object->is_owed = is_owed;
}

/* The bus knows how @object is; it may be gone then. */
static void
clean (QueenDBusCluster *self, QueenDBusObject *object)
{
  queen_fair_queue_leave (&object->dirty);
  object->are_holds_news = object->is_listed = FALSE;
  set_owed (self, object, FALSE);
  g_clear_pointer (&object->sent, queen_component_unref);
  if (object->now)
    object->sent = queen_component_ref (object->now);
  else
    g_hash_table_remove (self->objects, object->path);
}

QueenDBusCluster *
queen_dbus_cluster_new (void)
{
  QueenDBusCluster *self = g_new0 (QueenDBusCluster, 1);

  for (int kind = 0; kind < QUEEN_COMPONENT_N_KINDS; kind++)
    self->in_order[kind] = g_tree_new (compare_serials);
  self->dirty = queen_fair_queue_new (G_MAXUINT);
  self->objects =
      g_hash_table_new_full (queen_string_hash, g_str_equal, (GDestroyNotify) free_object, NULL);
  return self;
}

void
queen_dbus_cluster_take (QueenDBusCluster *self, QueenEvent *event)
{
  QueenDBusObject *object;

  if (!event->component)
    return;
  object = ensure_object (self, event->component);
  set_now (self, object, event->kind == QUEEN_EVENT_FORGOTTEN ? NULL : event->component);
  mark_dirty (self, object, event->component->sender);
  set_owed (self, object, FALSE);
  if (object->now || object->sent)
    return;
  /* Of one that the bus never heard of there is nothing to be told, and it must not wait until the
   * bus listens: there is no end to those who come and go. But whoever asked has heard of it, and
   * would have it for ever. */
  if (object->is_listed && self->n_owed < QUEEN_DBUS_CLUSTER_MAX_OWED)
    set_owed (self, object, TRUE);
  else
    clean (self, object);
}

static int
compare_first_seen (gconstpointer a, gconstpointer b)
{
  const QueenComponent *first = (*(QueenEvent *const *) a)->component;
  const QueenComponent *second = (*(QueenEvent *const *) b)->component;

  if (first->first_seen != second->first_seen)
    return first->first_seen < second->first_seen ? -1 : 1;
  return g_strcmp0 (first->id, second->id);
}

void
queen_dbus_cluster_take_changes (QueenDBusCluster *self, GHashTable *changes)
{
  g_autoptr (GPtrArray) events = g_ptr_array_sized_new (g_hash_table_size (changes));
  GHashTableIter iter;
  gpointer event;

  g_hash_table_iter_init (&iter, changes);
  while (g_hash_table_iter_next (&iter, NULL, &event))
    g_ptr_array_add (events, event);
  g_ptr_array_sort (events, compare_first_seen);
  for (guint i = 0; i < events->len; i++)
    queen_dbus_cluster_take (self, events->pdata[i]);
}

const QueenDBusCounts *
queen_dbus_cluster_get_counts (QueenDBusCluster *self, QueenComponentKind kind)
{
  return &self->counts[kind];
}

QueenComponent *
queen_dbus_cluster_lookup (QueenDBusCluster *self, const char *path)
{
  const QueenDBusObject *object = find_object (self, path);

  return object ? object->now : NULL;
}

QueenDBusObject *
queen_dbus_cluster_get_next (QueenDBusCluster *self, QueenComponentKind kind, guint64 serial)
{
  GTreeNode *node = g_tree_upper_bound (self->in_order[kind], &serial);

  return node ? g_tree_node_value (node) : NULL;
}

QueenDBusObject *
queen_dbus_object_get_next (const QueenDBusObject *object)
{
  GTreeNode *next = g_tree_node_next (object->node);

  return next ? g_tree_node_value (next) : NULL;
}

QueenDBusObject *
queen_dbus_cluster_get_dirty (QueenDBusCluster *self)
{
  return queen_fair_queue_peek (self->dirty);
}

void
queen_dbus_cluster_set_clean (QueenDBusCluster *self, QueenDBusObject *object)
{
  queen_fair_queue_take_place (&object->dirty);
  clean (self, object);
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
  for (int kind = 0; kind < QUEEN_COMPONENT_N_KINDS; kind++)
    g_tree_unref (self->in_order[kind]);
  g_hash_table_unref (self->objects);
  queen_fair_queue_free (self->dirty);
  g_free (self);
}
