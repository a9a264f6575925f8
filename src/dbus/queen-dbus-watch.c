/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-dbus-watch.h"

#include "queen-dbus-bus.h"

/* A system bus lets a connection have 512 rules, and refuses those that are too many: then nobody
 * would hear that one has gone. So those who come behind that many share one, by which the bus
 * tells of whoever leaves it. */
#define MAX_ALONE 64
#define CROWD "queen-dbus-watch-crowd"
#define RULE                                                                                       \
  "type='signal',sender='" QUEEN_DBUS_BUS_NAME "',path='" QUEEN_DBUS_BUS_PATH                      \
  "',interface='" QUEEN_DBUS_BUS_NAME "',member='NameOwnerChanged',"

/* Who is watched on one connection. */
typedef struct
{
  guint n_alone;  /* by a rule of their own */
  guint n_shared; /* by the one that is for everybody */
} Crowd;

struct _QueenDBusWatch
{
  GDBusConnection *connection;
  Crowd *crowd; /* the connection's */
  gboolean is_alone;
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
tell_bus (QueenDBusWatch *self, const char *method, const char *rule)
{
  g_dbus_connection_call (self->connection, QUEEN_DBUS_BUS_NAME, QUEEN_DBUS_BUS_PATH,
                          QUEEN_DBUS_BUS_NAME, method, g_variant_new ("(s)", rule), NULL,
                          G_DBUS_CALL_FLAGS_NONE, -1, NULL, NULL, NULL);
}

static Crowd *
find_crowd (GDBusConnection *connection)
{
  Crowd *crowd = g_object_get_data (G_OBJECT (connection), CROWD);

  if (crowd)
    return crowd;
  crowd = g_new0 (Crowd, 1);
  g_object_set_data_full (G_OBJECT (connection), CROWD, crowd, g_free);
  return crowd;
}

static void
tell_bus_of_one (QueenDBusWatch *self, const char *method)
{
  g_autofree char *rule = g_strdup_printf (RULE "arg0='%s'", self->name);

  tell_bus (self, method, rule);
}

static void
enter_crowd (QueenDBusWatch *self)
{
  Crowd *crowd = self->crowd = find_crowd (self->connection);

  self->is_alone = crowd->n_alone < MAX_ALONE;
  if (self->is_alone)
    {
      crowd->n_alone++;
      tell_bus_of_one (self, "AddMatch");
    }
  else if (crowd->n_shared++ == 0)
    tell_bus (self, "AddMatch", RULE "arg2=''");
}

static void
leave_crowd (QueenDBusWatch *self)
{
  Crowd *crowd = self->crowd;

  if (self->is_alone)
    {
      crowd->n_alone--;
      tell_bus_of_one (self, "RemoveMatch");
    }
  else if (--crowd->n_shared == 0)
    tell_bus (self, "RemoveMatch", RULE "arg2=''");
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
  enter_crowd (self);
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
  leave_crowd (self);
  g_object_unref (self->connection);
  g_free (self->name);
  g_free (self);
}
