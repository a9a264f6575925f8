/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-dbus-queens.h"

#include <string.h>

#include "queen-dbus-subtree.h"

#define SIZE_OF_FIXED 512 /* bytes of a queen on the wire without her texts, or a bit more */

struct _QueenDBusQueens
{
  GDBusConnection *connection;
  QueenDBusObjectManager *manager;
  QueenDBusEngine *shown; /* NULL without an engine */
  guint n_own;
  QueenDBusSubtree *subtree; /* of them; NULL without an engine */
};

QueenDBusQueens *
queen_dbus_queens_new (GDBusConnection *connection, QueenDBusObjectManager *manager)
{
  QueenDBusQueens *self = g_new0 (QueenDBusQueens, 1);

  self->connection = g_object_ref (connection);
  self->manager = g_object_ref (manager);
  return self;
}

static char **
list_siblings (gpointer data)
{
  QueenDBusQueens *self = data;
  guint n = self->shown ? self->shown->siblings->len : 0;
  char **names = g_new0 (char *, n + 1);

  for (guint i = 0; i < n; i++)
    {
      const QueenDBusSiblingView *sibling = self->shown->siblings->pdata[i];

      names[i] = g_strdup (sibling->path + strlen (QUEEN_DBUS_QUEENS_PATH "/"));
    }
  return names;
}

static gconstpointer
lookup_sibling (gpointer data, const char *path)
{
  QueenDBusQueens *self = data;

  return queen_dbus_engine_lookup (self->shown, path);
}

static GVariant *
get_sibling_property (gpointer data, gconstpointer object, const char *name)
{
  QueenDBusQueens *self = data;

  return queen_dbus_sibling_view_get_property (object, name, self->n_own);
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
  static const QueenDBusSubtreeVTable vtable = { list_siblings, lookup_sibling,
                                                 get_sibling_property };

  set_shown (self, engine, n_own);
  if (!engine)
    return TRUE;
  self->subtree =
      queen_dbus_subtree_new (self->connection, QUEEN_DBUS_QUEENS_PATH,
                              queen_dbus_sibling_interface_info (), &vtable, self, error);
  return self->subtree != NULL;
}

/* Those of @before who are not in @now. */
static void
remove_gone (QueenDBusQueens *self, const QueenDBusEngine *before, const QueenDBusEngine *now)
{
  const char *interfaces[] = { queen_dbus_sibling_interface_info ()->name, NULL };

  for (guint i = 0; before && i < before->siblings->len; i++)
    {
      const QueenDBusSiblingView *sibling = before->siblings->pdata[i];

      if (!queen_dbus_engine_lookup (now, sibling->path))
        queen_dbus_object_manager_emit_interfaces_removed (self->manager, sibling->path,
                                                           interfaces);
    }
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
        queen_dbus_object_manager_emit_interfaces_added (
            self->manager, sibling->path,
            queen_dbus_sibling_view_get_interfaces (sibling, self->n_own));
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
  g_clear_pointer (&self->subtree, queen_dbus_subtree_free);
  g_clear_pointer (&self->shown, queen_dbus_engine_unref);
  g_object_unref (self->manager);
  g_object_unref (self->connection);
  g_free (self);
}
