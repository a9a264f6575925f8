/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "loop/queen-fair-queue.h"
#include "model/queen-event.h"

G_BEGIN_DECLS

/** The root object; the registries and all components are below it. */
#define QUEEN_DBUS_PATH "/dev/rbee/Queen1"
#define QUEEN_DBUS_INTERFACE "dev.rbee.Queen1" /* of the object there */

/**
 * QueenDBusCounts:
 *
 * What a registry counts.
 */
typedef struct
{
  guint online;
  guint available;
  guint total;
} QueenDBusCounts;

/**
 * QueenDBusObject:
 * @now: (nullable): the component as it is; %NULL when it has been forgotten
 * @sent: (nullable): the component as the bus was told last; %NULL when it was never told
 * @are_holds_news: others have held it since the bus was told last, be it that these have gone
 * again: somebody may have asked in between
 * @is_listed: somebody who asked has been told of it, be it that the bus has not: set by who
 * answers
 * @serial: greater than that of all who came before
 * @kind: of the component
 * @path: its object path
 *
 * The place of one component on the bus.
 */
typedef struct
{
  QueenComponent *now;
  QueenComponent *sent;
  guint64 serial;
  GTreeNode *node;      /* the cluster's own */
  QueenFairPlace dirty; /* likewise: among those of which the bus does not know how they are */
  gboolean are_holds_news;
  gboolean is_listed;
  gboolean is_owed; /* the cluster's own */
  QueenComponentKind kind;
  char path[];
} QueenDBusObject;

/** So many may be gone of whom the bus has heard only because somebody asked; of more it is not
 * told that they are. */
#define QUEEN_DBUS_CLUSTER_MAX_OWED 65536

/**
 * QueenDBusCluster:
 *
 * The cluster as the D-Bus thread knows it, of immutable components: it is never locked, and the
 * main thread does not know of it. It remembers what the bus has not been told yet.
 */
typedef struct _QueenDBusCluster QueenDBusCluster;

QueenDBusCluster *queen_dbus_cluster_new (void);

/**
 * queen_dbus_cluster_take:
 *
 * Takes an event into account.
 */
void queen_dbus_cluster_take (QueenDBusCluster *self, QueenEvent *event);

/**
 * queen_dbus_cluster_take_changes:
 * @changes: (element-type QueenEvent): one event for each of many components, as the values
 *
 * Takes them all, in the order in which the components were first seen.
 */
void queen_dbus_cluster_take_changes (QueenDBusCluster *self, GHashTable *changes);

/**
 * queen_dbus_cluster_get_counts:
 */
const QueenDBusCounts *queen_dbus_cluster_get_counts (QueenDBusCluster *self,
                                                      QueenComponentKind kind);

/**
 * queen_dbus_cluster_lookup:
 * @path: an object path
 *
 * Returns: (transfer none) (nullable): the component that is there now
 */
QueenComponent *queen_dbus_cluster_lookup (QueenDBusCluster *self, const char *path);

/**
 * queen_dbus_cluster_get_next:
 * @serial: that of another one, which may be there no longer; 0 for the first of all
 *
 * Goes through those that are there now, in the order in which they were first seen. One that is
 * there all the time is met exactly once, whoever comes and goes meanwhile.
 *
 * Returns: (transfer none) (nullable): the first one that came after @serial
 */
QueenDBusObject *
queen_dbus_cluster_get_next (QueenDBusCluster *self, QueenComponentKind kind, guint64 serial);

/**
 * queen_dbus_object_get_next:
 * @object: one that is known now
 *
 * Returns: (transfer none) (nullable): the first one of its kind that came after it
 */
QueenDBusObject *queen_dbus_object_get_next (const QueenDBusObject *object);

/**
 * queen_dbus_cluster_get_dirty:
 *
 * Those who brought them take turns, and of each of them the one comes first that changed first.
 *
 * Returns: (transfer none) (nullable): the first one of which the bus does not know how it is now
 */
QueenDBusObject *queen_dbus_cluster_get_dirty (QueenDBusCluster *self);

/**
 * queen_dbus_cluster_set_clean:
 * @object: as queen_dbus_cluster_get_dirty() gave it
 *
 * The bus knows now how it is.
 */
void queen_dbus_cluster_set_clean (QueenDBusCluster *self, QueenDBusObject *object);

/**
 * queen_dbus_cluster_get_registry_path:
 *
 * Returns: `/dev/rbee/Queen1/workers` or `…/hives`
 */
const char *queen_dbus_cluster_get_registry_path (QueenComponentKind kind);

/**
 * queen_dbus_cluster_dup_path:
 *
 * Returns: (transfer full): the object path of the component: every byte of the id that is neither
 *   a letter nor a digit is `_` and two hexadecimal digits
 */
char *queen_dbus_cluster_dup_path (const QueenComponent *component);

void queen_dbus_cluster_free (QueenDBusCluster *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (QueenDBusCluster, queen_dbus_cluster_free)

G_END_DECLS
