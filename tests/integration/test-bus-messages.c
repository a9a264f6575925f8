/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* Messages that a bus delivers, and that GDBus cannot bear. */

#include "bus-client.h"
#include "bus-daemon.h"
#include "queen-process.h"

#define PROPERTIES "org.freedesktop.DBus.Properties"

typedef struct
{
  BusDaemon *bus;
  QueenProcess *queen;
  BusClient *client;
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  f->bus = bus_daemon_new_for_session ();
  f->queen = queen_process_start ("--bus=session", NULL);
  f->client = bus_client_new (bus_daemon_get_address (f->bus));
  bus_client_wait_for_queen (f->client, TRUE);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  queen_process_stop (f->queen);
  bus_client_free (f->client);
  bus_daemon_free (f->bus);
}

static void
expect_too_large (Fixture *f, const char *interface, const char *method, GVariant *parameters)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *name = NULL;

  g_assert_null (bus_client_call (f->client, QUEEN_PATH, interface, method, parameters, &error));
  name = g_dbus_error_get_remote_error (error);
  g_assert_cmpstr (name, ==, QUEEN_NAME ".Error.TooLarge");
}

/* As deep as a bus lets through, and a level more than GDBus reads. */
static GVariant *
new_deep (void)
{
  GVariant *value = g_variant_new_parsed ("[@ay []]");

  for (int i = 0; i < 62; i++)
    value = g_variant_new_variant (value);
  return value;
}

static void
test_deep (Fixture *f, gconstpointer data)
{
  g_autoptr (GVariant) value = g_variant_ref_sink (new_deep ());

  expect_too_large (f, "org.freedesktop.DBus.Peer", "Ping", g_variant_new ("(@v)", value));
  expect_too_large (f, PROPERTIES, "Set", g_variant_new ("(ss@v)", QUEEN_NAME, "Version", value));
  expect_too_large (f, QUEEN_NAME, "ReportWorker", g_variant_new ("(@v)", value));
  g_assert_false (queen_process_has_said (f->queen, "no session bus"));
}

/* The bus lets everybody call it. */
static void
test_rich (Fixture *f, gconstpointer data)
{
  GVariantBuilder values = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("av"));

  for (int i = 0; i < 1000; i++)
    g_variant_builder_add (&values, "v", g_variant_new_byte (7));
  expect_too_large (f, PROPERTIES, "ReportWorker", g_variant_new ("(av)", &values));
}

#define ADD(path, function)                                                                        \
  g_test_add ("/bus-messages/" path, Fixture, NULL, set_up, function, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  ADD ("deep/do-not-throw-her-off", test_deep);
  ADD ("rich/by-the-name-of-another-method", test_rich);

  return g_test_run ();
}
