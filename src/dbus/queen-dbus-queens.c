/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-dbus-queens.h"

#include <string.h>

#define SIZE_OF_FIXED 512 /* bytes of a queen on the wire without her texts, or a bit more */

struct _QueenDBusQueens
{
  GDBusConnection *connection;
  QueenDBusObjectManager *manager;
  QueenDBusEngine *shown; /* NULL without an engine */
  guint n_own;
  GHashTable *registered; /* path -> the object's number */
};

QueenDBusQueens *
queen_dbus_queens_new (GDBusConnection *connection, QueenDBusObjectManager *manager)
{
  QueenDBusQueens *self = g_new0 (QueenDBusQueens, 1);

  self->connection = g_object_ref (connection);
  self->manager = g_object_ref (manager);
  self->registered = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  return self;
}

static GVariant *
on_get_sibling_property (GDBusConnection *connection,
                         const char *sender,
                         const char *path,
                         const char *interface,
                         const char *name,
                         GError **error,
                         gpointer data)
{
  QueenDBusQueens *self = data;

  return queen_dbus_sibling_view_get_property (queen_dbus_engine_lookup (self->shown, path), name,
                                               self->n_own);
}

static gboolean
register_sibling (QueenDBusQueens *self, const QueenDBusSiblingView *sibling, GError **error)
{
  static const GDBusInterfaceVTable vtable = { .get_property = on_get_sibling_property };
  guint id = g_dbus_connection_register_object (self->connection, sibling->path,
                                                queen_dbus_sibling_interface_info (), &vtable, self,
                                                NULL, error);

  if (id != 0)
    g_hash_table_insert (self->registered, g_strdup (sibling->path), GUINT_TO_POINTER (id));
  return id != 0;
}

static void
unregister_sibling (QueenDBusQueens *self, const char *path)
{
  guint id = GPOINTER_TO_UINT (g_hash_table_lookup (self->registered, path));

  if (id != 0)
    g_dbus_connection_unregister_object (self->connection, id);
  g_hash_table_remove (self->registered, path);
}

static void
set_shown (QueenDBusQueens *self, QueenDBusEngine *engine, guint n_own)
{
  g_clear_pointer (&self->shown, queen_dbus_engine_unref);
  self->shown = engine ? queen_dbus_engine_ref (engine) : NULL;
  self->n_own = n_own;
}

gboolean
queen_dbus_queens_show (QueenDBusQueens *self, QueenDBusEngine *engine, guint n_own, GError **error)
{
  set_shown (self, engine, n_own);
  for (guint i = 0; engine && i < engine->siblings->len; i++)
    if (!register_sibling (self, engine->siblings->pdata[i], error))
      return FALSE;
  return TRUE;
}

/* Those of @before who are not in @now: nobody is asked for them any more. */
static void
remove_gone (QueenDBusQueens *self, const QueenDBusEngine *before, const QueenDBusEngine *now)
{
  const char *interfaces[] = { queen_dbus_sibling_interface_info ()->name, NULL };

  for (guint i = 0; before && i < before->siblings->len; i++)
    {
      const QueenDBusSiblingView *sibling = before->siblings->pdata[i];

      if (queen_dbus_engine_lookup (now, sibling->path))
        continue;
      unregister_sibling (self, sibling->path);
      queen_dbus_object_manager_emit_interfaces_removed (self->manager, sibling->path, interfaces);
    }
}

static void
announce_new (QueenDBusQueens *self, const QueenDBusSiblingView *sibling)
{
  g_autoptr (GError) error = NULL;

  if (!register_sibling (self, sibling, &error))
    g_warning ("a queen cannot be shown on the bus: %s", error->message);
  queen_dbus_object_manager_emit_interfaces_added (
      self->manager, sibling->path, queen_dbus_sibling_view_get_interfaces (sibling, self->n_own));
}

static void
announce_sibling (QueenDBusQueens *self,
                  const QueenDBusSiblingView *sibling,
                  const QueenDBusSiblingView *sent,
                  guint n_sent)
{
  static const char *const none[] = { NULL };
  g_autoptr (GVariant) changes =
      queen_dbus_sibling_view_get_changes (sibling, self->n_own, sent, n_sent);

  if (changes)
    g_dbus_connection_emit_signal (self->connection, NULL, sibling->path,
                                   "org.freedesktop.DBus.Properties", "PropertiesChanged",
                                   g_variant_new ("(s@a{sv}^as)",
                                                  queen_dbus_sibling_interface_info ()->name,
                                                  changes, none),
                                   NULL);
}

void
queen_dbus_queens_announce (QueenDBusQueens *self, QueenDBusEngine *engine, guint n_own)
{
  g_autoptr (QueenDBusEngine) before = g_steal_pointer (&self->shown);
  guint n_before = self->n_own;

  set_shown (self, engine, n_own);
  remove_gone (self, before, engine);
  for (guint i = 0; engine && i < engine->siblings->len; i++)
    {
      const QueenDBusSiblingView *sibling = engine->siblings->pdata[i];
      const QueenDBusSiblingView *sent = queen_dbus_engine_lookup (before, sibling->path);

      if (sent)
        announce_sibling (self, sibling, sent, n_before);
      else
        announce_new (self, sibling);
    }
}

const QueenDBusEngine *
queen_dbus_queens_get (QueenDBusQueens *self)
{
  return self->shown;
}

gsize
queen_dbus_queens_measure (QueenDBusQueens *self, gsize offset)
{
  for (guint i = 0; self->shown && i < self->shown->siblings->len; i++)
    {
      const QueenDBusSiblingView *sibling = self->shown->siblings->pdata[i];

      offset += SIZE_OF_FIXED + 2 * strlen (sibling->path) + strlen (sibling->address) +
                strlen (sibling->version);
    }
  return offset;
}

void
queen_dbus_queens_add_to (QueenDBusQueens *self, GVariantBuilder *objects)
{
  for (guint i = 0; self->shown && i < self->shown->siblings->len; i++)
    {
      const QueenDBusSiblingView *sibling = self->shown->siblings->pdata[i];

      g_variant_builder_add (objects, "{o@a{sa{sv}}}", sibling->path,
                             queen_dbus_sibling_view_get_interfaces (sibling, self->n_own));
    }
}

void
queen_dbus_queens_free (QueenDBusQueens *self)
{
  GHashTableIter iter;
  gpointer id;

  g_hash_table_iter_init (&iter, self->registered);
  while (g_hash_table_iter_next (&iter, NULL, &id))
    g_dbus_connection_unregister_object (self->connection, GPOINTER_TO_UINT (id));
  g_hash_table_unref (self->registered);
  g_clear_pointer (&self->shown, queen_dbus_engine_unref);
  g_object_unref (self->manager);
  g_object_unref (self->connection);
  g_free (self);
}
