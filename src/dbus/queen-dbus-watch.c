/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-dbus-watch.h"

#include "queen-dbus-bus.h"

struct _QueenDBusWatch
{
  GDBusConnection *connection;
  char *name;
  guint subscription_id;
  GCancellable *cancellable; /* of the question whether it is there */
  void (*on_gone) (gpointer data);
  gpointer data;
};

static void
on_owner_changed (GDBusConnection *connection,
                  const char *sender,
                  const char *path,
                  const char *interface,
                  const char *signal,
                  GVariant *parameters,
                  gpointer data)
{
  QueenDBusWatch *self = data;
  const char *owner;

  if (!g_variant_is_of_type (parameters, G_VARIANT_TYPE ("(sss)")))
    return;
  g_variant_get_child (parameters, 2, "&s", &owner);
  if (!*owner)
    self->on_gone (self->data);
}

static void
on_owner_told (GObject *source, GAsyncResult *result, gpointer data)
{
  QueenDBusWatch *self = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) answer =
      g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &error);

  /* Anything else is not about its owner: that the watch is no more, or the connection. */
  if (!answer && g_error_matches (error, G_DBUS_ERROR, G_DBUS_ERROR_NAME_HAS_NO_OWNER))
    self->on_gone (self->data);
}

static void
subscribe (QueenDBusWatch *self)
{
  self->subscription_id =
      g_dbus_connection_signal_subscribe (self->connection, QUEEN_DBUS_BUS_NAME,
                                          QUEEN_DBUS_BUS_NAME, "NameOwnerChanged",
                                          QUEEN_DBUS_BUS_PATH, self->name,
                                          G_DBUS_SIGNAL_FLAGS_NO_MATCH_RULE, on_owner_changed, self,
                                          NULL);
}

/* Nobody waits for an answer: where there is none, there is no bus any more. */
static void
tell_bus (QueenDBusWatch *self, const char *method)
{
  g_autofree char *rule =
      g_strdup_printf ("type='signal',sender='" QUEEN_DBUS_BUS_NAME "',path='" QUEEN_DBUS_BUS_PATH
                       "',interface='" QUEEN_DBUS_BUS_NAME "',member='NameOwnerChanged',arg0='%s'",
                       self->name);

  g_dbus_connection_call (self->connection, QUEEN_DBUS_BUS_NAME, QUEEN_DBUS_BUS_PATH,
                          QUEEN_DBUS_BUS_NAME, method, g_variant_new ("(s)", rule), NULL,
                          G_DBUS_CALL_FLAGS_NONE, -1, NULL, NULL, NULL);
}

QueenDBusWatch *
queen_dbus_watch_new (GDBusConnection *connection,
                      const char *name,
                      void (*on_gone) (gpointer data),
                      gpointer data)
{
  QueenDBusWatch *self = g_new0 (QueenDBusWatch, 1);

  self->connection = g_object_ref (connection);
  self->name = g_strdup (name);
  self->cancellable = g_cancellable_new ();
  self->on_gone = on_gone;
  self->data = data;
  subscribe (self);
  tell_bus (self, "AddMatch");
  /* After that, as it may have gone before. */
  g_dbus_connection_call (connection, QUEEN_DBUS_BUS_NAME, QUEEN_DBUS_BUS_PATH, QUEEN_DBUS_BUS_NAME,
                          "GetNameOwner", g_variant_new ("(s)", name), G_VARIANT_TYPE ("(s)"),
                          G_DBUS_CALL_FLAGS_NONE, G_MAXINT, self->cancellable, on_owner_told, self);
  return self;
}

void
queen_dbus_watch_free (QueenDBusWatch *self)
{
  g_cancellable_cancel (self->cancellable);
  g_object_unref (self->cancellable);
  g_dbus_connection_signal_unsubscribe (self->connection, self->subscription_id);
  tell_bus (self, "RemoveMatch");
  g_object_unref (self->connection);
  g_free (self->name);
  g_free (self);
}
