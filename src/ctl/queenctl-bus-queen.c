/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queenctl-client.h"

#include "model/queen-hash.h"
#include "queenctl-bus.h"

#define QUEEN_NAME "dev.rbee.Queen1"
#define QUEEN_PATH "/dev/rbee/Queen1"

struct _QueenctlClient
{
  const char *bus_name; /* static */
  GDBusConnection *connection;
  QueenDBusQueen *queen;
};

static QueenctlClient *
connect_to_queen (const char *bus_name, GError **error)
{
  g_autoptr (QueenctlClient) self = g_new0 (QueenctlClient, 1);
  g_autofree char *owner = NULL;
  GError *cause = NULL;

  self->bus_name = bus_name;
  self->connection = queenctl_bus_connect (bus_name, error);
  if (!self->connection)
    return NULL;

  /* The proxy would load properties with GLib's deadline instead of ours. */
  self->queen = queen_dbus_queen_proxy_new_sync (self->connection,
                                                 G_DBUS_PROXY_FLAGS_DO_NOT_AUTO_START |
                                                     G_DBUS_PROXY_FLAGS_DO_NOT_LOAD_PROPERTIES,
                                                 QUEEN_NAME, QUEEN_PATH, NULL, &cause);
  if (!self->queen)
    {
      queenctl_client_explain (self, cause, error);
      return NULL;
    }
  g_dbus_proxy_set_default_timeout (G_DBUS_PROXY (self->queen), QUEENCTL_DEADLINE_MSEC);

  owner = g_dbus_proxy_get_name_owner (G_DBUS_PROXY (self->queen));
  if (!owner)
    {
      queenctl_error_no_queen (bus_name, error);
      return NULL;
    }
  return g_steal_pointer (&self);
}

QueenctlClient *
queenctl_client_new (const char *bus, GError **error)
{
  QueenctlClient *self;

  if (g_str_equal (bus, "session"))
    return connect_to_queen ("session", error);
  if (g_str_equal (bus, "system"))
    return connect_to_queen ("system", error);

  self = queenctl_bus_has_session () ? connect_to_queen ("session", NULL) : NULL;
  if (!self)
    self = connect_to_queen ("system", NULL);
  if (!self)
    queenctl_error_no_queen (NULL, error);
  return self;
}

void
queenctl_client_free (QueenctlClient *self)
{
  g_clear_object (&self->queen);
  g_clear_object (&self->connection);
  g_free (self);
}

QueenDBusQueen *
queenctl_client_get_queen (QueenctlClient *self)
{
  return self->queen;
}

const char *
queenctl_client_get_bus_name (QueenctlClient *self)
{
  return self->bus_name;
}

gboolean
queenctl_client_explain (QueenctlClient *self, GError *cause, GError **error)
{
  queenctl_error_from_bus (self->bus_name, cause, error);
  return FALSE;
}

static GVariant *
call (QueenctlClient *self,
      const char *path,
      const char *interface,
      const char *method,
      GVariant *arguments,
      const char *reply_type,
      GError **cause)
{
  return g_dbus_connection_call_sync (self->connection, QUEEN_NAME, path, interface, method,
                                      arguments, G_VARIANT_TYPE (reply_type),
                                      G_DBUS_CALL_FLAGS_NO_AUTO_START, QUEENCTL_DEADLINE_MSEC, NULL,
                                      cause);
}

static GVariant *
get_all (QueenctlClient *self, const char *path, const char *interface, GError **cause)
{
  g_autoptr (GVariant) reply = call (self, path, "org.freedesktop.DBus.Properties", "GetAll",
                                     g_variant_new ("(s)", interface), "(a{sv})", cause);

  return reply ? g_variant_get_child_value (reply, 0) : NULL;
}

GVariant *
queenctl_client_dup_properties (QueenctlClient *self, GError **error)
{
  GError *cause = NULL;
  GVariant *properties = get_all (self, QUEEN_PATH, QUEEN_NAME, &cause);

  if (!properties)
    queenctl_client_explain (self, cause, error);
  return properties;
}

/* Returns: where the next part begins; 0 after the last one, and with @cause when it failed */
static guint64
add_part (
    QueenctlClient *self, QueenctlKind kind, guint64 after, GHashTable *components, GError **cause)
{
  g_autofree char *path = queenctl_kind_dup_registry_path (kind);
  g_autoptr (GVariant) reply = call (self, path, QUEEN_NAME ".Registry", "List",
                                     g_variant_new ("(tu)", after, 0), "(a(oa{sv})t)", cause);
  g_autoptr (GVariantIter) part = NULL;
  GVariant *properties;
  guint64 next;

  if (!reply)
    return 0;
  g_variant_get (reply, "(a(oa{sv})t)", &part, &next);
  while (g_variant_iter_loop (part, "(o@a{sv})", NULL, &properties))
    {
      QueenctlComponent *component = queenctl_component_new (kind, properties);

      /* One that has come back meanwhile is there twice, and the newer one is later. */
      g_hash_table_replace (components, (gpointer) queenctl_component_get_string (component, "Id"),
                            component);
    }
  return next > after ? next : 0;
}

static gboolean
add_all (QueenctlClient *self, QueenctlKind kind, GPtrArray *components, GError **error)
{
  g_autoptr (GHashTable) known = g_hash_table_new_full (queen_string_hash, g_str_equal, NULL,
                                                        (GDestroyNotify) queenctl_component_free);
  GHashTableIter iter;
  gpointer component;
  GError *cause = NULL;
  guint64 after = 0;

  do
    after = add_part (self, kind, after, known, &cause);
  while (after != 0);
  if (cause)
    return queenctl_client_explain (self, cause, error);

  g_hash_table_iter_init (&iter, known);
  while (g_hash_table_iter_next (&iter, NULL, &component))
    {
      g_hash_table_iter_steal (&iter);
      g_ptr_array_add (components, component);
    }
  return TRUE;
}

GPtrArray *
queenctl_client_list (QueenctlClient *self, GError **error)
{
  g_autoptr (GPtrArray) components =
      g_ptr_array_new_with_free_func ((GDestroyNotify) queenctl_component_free);

  for (guint kind = 0; kind < QUEENCTL_N_KINDS; kind++)
    if (!add_all (self, kind, components, error))
      return NULL;
  g_ptr_array_sort (components, queenctl_component_compare);
  return g_steal_pointer (&components);
}

/* What GDBus, and other implementations, say of an object or an interface that is not there. */
static gboolean
is_absent (const GError *cause)
{
  return g_error_matches (cause, G_DBUS_ERROR, G_DBUS_ERROR_UNKNOWN_METHOD) ||
         g_error_matches (cause, G_DBUS_ERROR, G_DBUS_ERROR_UNKNOWN_OBJECT) ||
         g_error_matches (cause, G_DBUS_ERROR, G_DBUS_ERROR_UNKNOWN_INTERFACE) ||
         g_error_matches (cause, G_DBUS_ERROR, G_DBUS_ERROR_INVALID_ARGS);
}

gboolean
queenctl_client_lookup (QueenctlClient *self,
                        QueenctlKind kind,
                        const char *id,
                        QueenctlComponent **component,
                        GError **error)
{
  g_autofree char *path = queenctl_kind_dup_path (kind, id);
  g_autoptr (GVariant) properties = NULL;
  GError *cause = NULL;

  *component = NULL;
  properties = get_all (self, path, queenctl_kind_get_interface (kind)->name, &cause);
  if (properties)
    *component = queenctl_component_new (kind, properties);
  else if (!is_absent (cause))
    return queenctl_client_explain (self, cause, error);
  g_clear_error (&cause);
  return TRUE;
}
