/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "bus-client.h"

#include "queen-process.h"

struct _BusClient
{
  GDBusConnection *connection;
  guint subscription;
  GQueue signals; /* of BusSignal */
};

void
bus_signal_free (BusSignal *signal)
{
  g_free (signal->path);
  g_free (signal->interface);
  g_free (signal->member);
  g_variant_unref (signal->parameters);
  g_free (signal);
}

static void
on_signal (GDBusConnection *connection,
           const char *sender,
           const char *path,
           const char *interface,
           const char *member,
           GVariant *parameters,
           gpointer data)
{
  BusClient *self = data;
  BusSignal *signal = g_new0 (BusSignal, 1);

  signal->path = g_strdup (path);
  signal->interface = g_strdup (interface);
  signal->member = g_strdup (member);
  signal->parameters = g_variant_ref (parameters);
  g_queue_push_tail (&self->signals, signal);
}

BusClient *
bus_client_new (const char *address)
{
  BusClient *self = g_new0 (BusClient, 1);
  g_autoptr (GError) error = NULL;

  self->connection =
      g_dbus_connection_new_for_address_sync (address,
                                              G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT |
                                                  G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
                                              NULL, NULL, &error);
  g_assert_no_error (error);
  self->subscription =
      g_dbus_connection_signal_subscribe (self->connection, QUEEN_NAME, NULL, NULL, NULL, NULL,
                                          G_DBUS_SIGNAL_FLAGS_NONE, on_signal, self, NULL);
  return self;
}

void
bus_client_free (BusClient *self)
{
  g_dbus_connection_signal_unsubscribe (self->connection, self->subscription);
  g_dbus_connection_close_sync (self->connection, NULL, NULL);
  g_object_unref (self->connection);
  g_queue_clear_full (&self->signals, (GDestroyNotify) bus_signal_free);
  g_free (self);
}

GDBusConnection *
bus_client_get_connection (BusClient *self)
{
  return self->connection;
}

static GVariant *
call (BusClient *self,
      const char *name,
      const char *path,
      const char *interface,
      const char *method,
      GVariant *parameters,
      GError **error)
{
  return g_dbus_connection_call_sync (self->connection, name, path, interface, method, parameters,
                                      NULL, G_DBUS_CALL_FLAGS_NO_AUTO_START,
                                      queen_test_get_deadline (), NULL, error);
}

static gboolean
has_queen (BusClient *self)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) answer =
      call (self, "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
            "NameHasOwner", g_variant_new ("(s)", QUEEN_NAME), &error);
  gboolean has_owner;

  g_assert_no_error (error);
  g_variant_get (answer, "(b)", &has_owner);
  return has_owner;
}

void
bus_client_wait_for_queen (BusClient *self, gboolean is_there)
{
  queen_test_wait_until (has_queen (self) == is_there);
}

GVariant *
bus_client_call (BusClient *self,
                 const char *path,
                 const char *interface,
                 const char *method,
                 GVariant *parameters,
                 GError **error)
{
  return call (self, QUEEN_NAME, path, interface, method, parameters, error);
}

static GVariant *
call_root (BusClient *self, const char *method, const char *parameters, GError **error)
{
  return bus_client_call (self, QUEEN_PATH, QUEEN_NAME, method,
                          parameters ? g_variant_new_parsed (parameters) : NULL, error);
}

GVariant *
bus_client_ask (BusClient *self, const char *method, const char *parameters)
{
  g_autoptr (GError) error = NULL;
  GVariant *answer = call_root (self, method, parameters, &error);

  g_assert_no_error (error);
  return answer;
}

void
bus_client_fail (BusClient *self,
                 const char *method,
                 const char *parameters,
                 const char *expected,
                 const char *message)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *expected_name = g_strconcat (QUEEN_NAME ".Error.", expected, NULL);
  g_autofree char *name = NULL;

  g_assert_null (call_root (self, method, parameters, &error));
  name = g_dbus_error_get_remote_error (error);
  g_dbus_error_strip_remote_error (error);
  g_assert_cmpstr (name, ==, expected_name);
  g_assert_cmpstr (error->message, ==, message);
}

char *
bus_client_read (BusClient *self, const char *path, const char *interface, const char *property)
{
  g_autofree char *whole_interface = g_strconcat (QUEEN_NAME, interface, NULL);
  g_autoptr (GVariant) answer =
      bus_client_call (self, path, "org.freedesktop.DBus.Properties", "Get",
                       g_variant_new ("(ss)", whole_interface, property), NULL);
  g_autoptr (GVariant) value = NULL;

  if (!answer)
    return NULL;
  g_variant_get (answer, "(v)", &value);
  return g_variant_print (value, FALSE);
}

static gboolean
reads (BusClient *self,
       const char *path,
       const char *interface,
       const char *property,
       const char *value)
{
  g_autofree char *read = bus_client_read (self, path, interface, property);

  return g_strcmp0 (read, value) == 0;
}

void
bus_client_expect (BusClient *self,
                   const char *path,
                   const char *interface,
                   const char *property,
                   const char *value)
{
  queen_test_wait_until (reads (self, path, interface, property, value));
}

static BusSignal *
take_signal (BusClient *self, const char *member)
{
  for (GList *link = self->signals.head; link; link = link->next)
    {
      BusSignal *signal = link->data;

      if (!g_str_equal (signal->member, member))
        continue;
      g_queue_delete_link (&self->signals, link);
      return signal;
    }
  return NULL;
}

BusSignal *
bus_client_next_signal (BusClient *self, const char *member)
{
  gint64 end = g_get_monotonic_time () + queen_test_get_deadline () * G_TIME_SPAN_MILLISECOND;
  BusSignal *signal;

  while (!(signal = take_signal (self, member)))
    {
      if (g_get_monotonic_time () > end)
        g_error ("there never was a signal %s", member);
      if (!g_main_context_iteration (NULL, FALSE))
        g_usleep (1000);
    }
  return signal;
}

guint
bus_client_count_signals (BusClient *self, const char *path, const char *member)
{
  guint count = 0;

  while (g_main_context_iteration (NULL, FALSE))
    ;
  for (GList *link = self->signals.head; link; link = link->next)
    {
      const BusSignal *signal = link->data;

      count += g_str_equal (signal->path, path) && g_str_equal (signal->member, member);
    }
  return count;
}
