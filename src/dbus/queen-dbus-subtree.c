/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-dbus-subtree.h"

/* A call of an object waits in the main context with nothing but the subtree to hold on to: when
 * its turn comes, GDBus uses the connection and the subtree's data, even if the subtree has been
 * unregistered and the connection closed meanwhile. So GDBus has this, and this the connection. */
struct _QueenDBusSubtree
{
  GDBusConnection *connection;
  guint id;
  const char *path;
  GDBusInterfaceInfo *interface;
  const QueenDBusSubtreeVTable *vtable; /* NULL once nothing is shown any more */
  gpointer data;
};

static gconstpointer
look_up (QueenDBusSubtree *self, const char *path)
{
  return self->vtable ? self->vtable->lookup (self->data, path) : NULL;
}

static char **
on_enumerate (GDBusConnection *connection, const char *sender, const char *path, gpointer data)
{
  QueenDBusSubtree *self = data;

  return self->vtable && self->vtable->list ? self->vtable->list (self->data) : g_new0 (char *, 1);
}

/* From the node's name, as GDBus is not of one mind about which path it hands over. */
static GDBusInterfaceInfo **
on_introspect (GDBusConnection *connection,
               const char *sender,
               const char *path,
               const char *node,
               gpointer data)
{
  QueenDBusSubtree *self = data;
  g_autofree char *full = node ? g_strconcat (self->path, "/", node, NULL) : NULL;
  GDBusInterfaceInfo **infos;

  if (!full || !look_up (self, full)) /* what is at the subtree's own path is none of its objects */
    return NULL;
  infos = g_new0 (GDBusInterfaceInfo *, 2);
  infos[0] = g_dbus_interface_info_ref (self->interface);
  return infos;
}

static GVariant *
on_get_property (GDBusConnection *connection,
                 const char *sender,
                 const char *path,
                 const char *interface,
                 const char *name,
                 GError **error,
                 gpointer data)
{
  QueenDBusSubtree *self = data;
  gconstpointer object = look_up (self, path);

  if (object)
    return self->vtable->get_property (self->data, object, name);
  /* It has gone between the question and its turn. */
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
  static const GDBusInterfaceVTable vtable = { .get_property = on_get_property };

  *interface_data = data;
  return &vtable;
}

static void
drop_subtree (gpointer data)
{
  QueenDBusSubtree *self = data;

  g_object_unref (self->connection);
  g_free (self);
}

QueenDBusSubtree *
queen_dbus_subtree_new (GDBusConnection *connection,
                        const char *path,
                        GDBusInterfaceInfo *interface,
                        const QueenDBusSubtreeVTable *vtable,
                        gpointer data,
                        GError **error)
{
  static const GDBusSubtreeVTable functions = { on_enumerate, on_introspect, on_dispatch };
  QueenDBusSubtree *self = g_new0 (QueenDBusSubtree, 1);

  self->connection = g_object_ref (connection);
  self->path = path;
  self->interface = interface;
  self->vtable = vtable;
  self->data = data;
  self->id =
      g_dbus_connection_register_subtree (connection, path, &functions,
                                          G_DBUS_SUBTREE_FLAGS_DISPATCH_TO_UNENUMERATED_NODES, self,
                                          drop_subtree, error);
  if (self->id != 0)
    return self;
  drop_subtree (self);
  return NULL;
}

void
queen_dbus_subtree_free (QueenDBusSubtree *self)
{
  self->vtable = NULL;
  g_dbus_connection_unregister_subtree (self->connection, self->id);
}
