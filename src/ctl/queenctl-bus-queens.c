/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queenctl-bus-queens.h"

#include "queenctl-bus-json.h"
#include "queenctl-bus.h"

#define ROOT "/dev/rbee/Queen1"
#define ROOT_INTERFACE "dev.rbee.Queen1"
#define MAX_QUEENS 256 /* that are asked for */

typedef struct
{
  GDBusConnection *connection;
  const char *name;
  gint64 deadline; /* µs, monotonic */
} Inquiry;

/* Returns: (transfer full) (nullable): all properties of one object, `a{sv}` */
static GVariant *
ask_object (const Inquiry *inquiry, const char *path, const char *interface, GError **error)
{
  gint64 left = (inquiry->deadline - g_get_monotonic_time ()) / G_TIME_SPAN_MILLISECOND;
  g_autoptr (GVariant) reply =
      g_dbus_connection_call_sync (inquiry->connection, inquiry->name, path,
                                   "org.freedesktop.DBus.Properties", "GetAll",
                                   g_variant_new ("(s)", interface), G_VARIANT_TYPE ("(a{sv})"),
                                   G_DBUS_CALL_FLAGS_NO_AUTO_START, (int) MAX (left, 1), NULL,
                                   error);

  return reply ? g_variant_get_child_value (reply, 0) : NULL;
}

/* One who has gone meanwhile is left out.
 *
 * Returns: whether the bus could be asked */
static gboolean
add_queen (const Inquiry *inquiry, const char *path, JsonArray *queens, GError **error)
{
  g_autoptr (GError) cause = NULL;
  g_autoptr (GVariant) properties = ask_object (inquiry, path, ROOT_INTERFACE ".Sibling", &cause);

  if (properties)
    json_array_add_object_element (queens, queenctl_bus_json_get_queen (properties));
  else if (!queenctl_bus_is_absent (cause))
    {
      g_propagate_error (error, g_steal_pointer (&cause));
      return FALSE;
    }
  return TRUE;
}

JsonNode *
queenctl_bus_queens_list (GDBusConnection *connection,
                          const char *name,
                          int timeout,
                          GError **error)
{
  const Inquiry inquiry = { connection, name,
                            g_get_monotonic_time () + timeout * G_TIME_SPAN_MILLISECOND };
  g_autoptr (GVariant) properties = ask_object (&inquiry, ROOT, ROOT_INTERFACE, error);
  g_autoptr (JsonArray) queens = json_array_new ();
  g_autofree const char **paths = NULL;

  if (!properties)
    return NULL;
  g_variant_lookup (properties, "Queens", "^a&o", &paths);
  for (guint i = 0; paths && paths[i] && i < MAX_QUEENS; i++)
    if (!add_queen (&inquiry, paths[i], queens, error))
      return NULL;
  return queenctl_bus_json_get_queens (properties, g_steal_pointer (&queens));
}
