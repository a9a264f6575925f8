/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* queenctl as it watches, and what it does on a desktop. */

#include <fcntl.h>
#include <glib/gstdio.h>
#include <json-glib/json-glib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "queenctl-fixture.h"
#include "stranger.h"

/* Watching */

static void
test_watch (Fixture *f, gconstpointer data)
{
  CtlWatch watch;
  g_autofree char *line = NULL;

  ctl_watch_start (&watch, "watch --all", G_SUBPROCESS_FLAGS_NONE);
  ctl_watch_await_first (&watch, "worker w");
  g_free (ctl_ask ("report worker x ready"));
  line = ctl_watch_await (&watch, "worker  x  ");
  g_assert_true (
      g_regex_match_simple ("^\\d\\d:\\d\\d:\\d\\d\\.\\d{3}  worker  x  ready$", line, 0, 0));
  g_free (ctl_ask ("report hive wide-hive busy"));
  g_free (ctl_watch_await (&watch, "hive    wide-hive  busy"));
  g_free (ctl_ask ("forget x"));
  g_free (ctl_watch_await (&watch, "worker  x          ready → offline"));
  ctl_watch_stop (&watch);
}

static void
test_watch_json (Fixture *f, gconstpointer data)
{
  CtlWatch watch;
  g_autofree char *line = NULL;
  g_autoptr (JsonNode) node = NULL;

  ctl_watch_start (&watch, "watch --all --json", G_SUBPROCESS_FLAGS_NONE);
  ctl_watch_await_first (&watch, "worker w");
  g_free (ctl_ask ("report worker w starting"));
  line = ctl_watch_await (&watch, "\"Starting\"");
  node = json_from_string (line, NULL);
  g_assert_nonnull (node);
  g_assert_cmpstr (json_object_get_string_member (json_node_get_object (node), "status"), ==,
                   "Starting");
  ctl_watch_stop (&watch);
}

/* D4: what is as before is no news. */
static void
test_watch_changes (Fixture *f, gconstpointer data)
{
  CtlWatch watch;
  g_autofree char *first = NULL;
  g_autofree char *next = NULL;

  ctl_watch_start (&watch, "watch", G_SUBPROCESS_FLAGS_NONE);
  ctl_watch_await_first (&watch, "worker w");
  g_free (ctl_ask ("report worker w starting"));
  g_free (ctl_watch_await (&watch, " → starting"));
  g_free (ctl_ask ("report worker w starting"));
  g_free (ctl_ask ("report worker w busy"));
  first = ctl_watch_await (&watch, "worker");
  g_assert_true (g_str_has_suffix (first, "  worker  w  starting → busy"));
  g_free (ctl_ask ("report worker x ready"));
  next = ctl_watch_await (&watch, "worker");
  g_assert_true (g_str_has_suffix (next, "  worker  x  ready"));
  ctl_watch_stop (&watch);
}

static void
test_watch_restart (Fixture *f, gconstpointer data)
{
  CtlWatch watch;
  CtlWatch json;

  ctl_watch_start (&watch, "watch", G_SUBPROCESS_FLAGS_NONE);
  ctl_watch_await_first (&watch, "worker w");
  ctl_watch_start (&json, "watch --json", G_SUBPROCESS_FLAGS_STDERR_SILENCE);
  ctl_watch_await_first (&json, "worker w");
  g_clear_pointer (&f->queen, queen_process_stop);
  g_free (ctl_watch_await (&watch, "The queen has gone."));
  start_queen (f);
  g_free (ctl_watch_await (&watch, "The queen is back."));
  /* D4: the bus keeps nothing for who was away. */
  g_free (ctl_watch_await (&watch, "Events were lost on the way"));
  g_free (ctl_watch_await (&json, "{\"type\":\"lagged\",\"dropped\":null}"));
  g_free (ctl_ask ("report worker w stopping"));
  g_free (ctl_watch_await (&watch, "stopping"));
  g_free (ctl_watch_await (&json, "Stopping"));
  ctl_watch_stop (&json);
  ctl_watch_stop (&watch);
}

/* A desktop */

static const char notifications_xml[] =
    "<node><interface name='org.freedesktop.Notifications'>"
    "<method name='GetServerInformation'>"
    "<arg type='s' direction='out'/><arg type='s' direction='out'/>"
    "<arg type='s' direction='out'/><arg type='s' direction='out'/></method>"
    "<method name='Notify'>"
    "<arg type='s' direction='in'/><arg type='u' direction='in'/><arg type='s' direction='in'/>"
    "<arg type='s' direction='in'/><arg type='s' direction='in'/><arg type='as' direction='in'/>"
    "<arg type='a{sv}' direction='in'/><arg type='i' direction='in'/>"
    "<arg type='u' direction='out'/></method></interface></node>";

static void
on_call (GDBusConnection *connection,
         const char *sender,
         const char *path,
         const char *interface,
         const char *method,
         GVariant *arguments,
         GDBusMethodInvocation *invocation,
         gpointer data)
{
  GPtrArray *notified = data;

  if (g_str_equal (method, "GetServerInformation"))
    {
      g_ptr_array_add (notified, g_strdup ("ready"));
      g_dbus_method_invocation_return_value (invocation,
                                             g_variant_new ("(ssss)", "d", "t", "1", "1.2"));
      return;
    }
  g_ptr_array_add (notified, g_variant_print (arguments, FALSE));
  g_dbus_method_invocation_return_value (invocation, g_variant_new ("(u)", 1));
}

static void
await_notification (GPtrArray *notified, guint number, const char *said)
{
  while (notified->len < number)
    g_main_context_iteration (NULL, TRUE);
  g_assert_nonnull (strstr (g_ptr_array_index (notified, number - 1), said));
}

/* What shows notifications, and what it was given. */
typedef struct
{
  GDBusConnection *connection;
  GPtrArray *notified;
  guint object_id;
  guint name_id;
} Desktop;

static void
on_name_acquired (GDBusConnection *connection, const char *name, gpointer data)
{
  gboolean *is_there = data;

  *is_there = TRUE;
}

static void
desktop_init (Desktop *self, Fixture *f)
{
  static const GDBusInterfaceVTable vtable = { .method_call = on_call };
  g_autoptr (GDBusNodeInfo) node = g_dbus_node_info_new_for_xml (notifications_xml, NULL);
  gboolean is_there = FALSE;

  self->connection = bus_client_get_connection (f->client);
  self->notified = g_ptr_array_new_with_free_func (g_free);
  self->object_id =
      g_dbus_connection_register_object (self->connection, "/org/freedesktop/Notifications",
                                         node->interfaces[0], &vtable, self->notified, NULL, NULL);
  self->name_id = g_bus_own_name_on_connection (self->connection, "org.freedesktop.Notifications",
                                                G_BUS_NAME_OWNER_FLAGS_NONE, on_name_acquired, NULL,
                                                &is_there, NULL);
  while (!is_there)
    g_main_context_iteration (NULL, TRUE);
}

static void
desktop_clear (Desktop *self)
{
  g_bus_unown_name (self->name_id);
  g_dbus_connection_unregister_object (self->connection, self->object_id);
  g_ptr_array_unref (self->notified);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Desktop, desktop_clear)

static void
test_notify (Fixture *f, gconstpointer data)
{
  g_auto (Desktop) desktop = { 0 };
  CtlWatch watch;

  desktop_init (&desktop, f);

  g_free (ctl_ask ("report worker a ready"));
  g_free (ctl_ask ("report hive b ready"));
  ctl_watch_start (&watch, "watch --notify", G_SUBPROCESS_FLAGS_NONE);
  await_notification (desktop.notified, 1, "ready");
  /* Somebody new is no news. */
  g_free (ctl_ask ("report worker c ready"));
  g_free (ctl_ask ("report worker a stopped"));
  await_notification (desktop.notified, 2, "'Worker a went offline', ''");
  g_free (ctl_ask ("report worker a ready"));
  await_notification (desktop.notified, 3, "'Worker a is back', ''");
  g_variant_unref (
      bus_client_ask (f->client, "ReportWorker", "({'id': <'a'>, 'status': <'stopped'>},)"));
  g_variant_unref (bus_client_ask (f->client, "ReportHive",
                                   "({'id': <'b'>, 'operational_status': <'offline'>},)"));
  await_notification (desktop.notified, 4,
                      "'2 went offline', 'Worker a went offline\\nHive b went offline'");
  ctl_watch_stop (&watch);
  g_assert_cmpuint (desktop.notified->len, ==, 4);
}

/* What a queen who knows of nobody answers; both are as long. */
#define NOBODY(list)                                                                               \
  "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n"                     \
  "Content-Length: 36\r\n\r\n{" list ":[],\"total\":0,\"next\":null}"

static const char *
answer_with_stream (const char *path, gpointer data)
{
  const GString *stream = data;

  if (strstr (path, "/stream"))
    return stream->str;
  return g_str_has_prefix (path, "/v1/workers") ? NOBODY ("\"workers\"") : NOBODY ("\"hives\"  ");
}

static void
append_event (GString *stream, const char *id, const char *status)
{
  g_string_append_printf (
      stream,
      "event: heartbeat\ndata: {\"type\":\"worker\",\"worker_id\":\"%s\",\"status\":\"%s\"}\n\n",
      id, status);
}

/* Of those that have such names half a million would be more than there is memory. */
static void
test_notify_long_ids (Fixture *f, gconstpointer data)
{
  g_autoptr (GString) stream = g_string_new (STRANGER_HEAD ("200 OK", "text/event-stream"));
  g_autofree char *id = g_strnfill (1000, 'x');
  Stranger stranger = { .choose = answer_with_stream, .data = stream, .has_no_end = TRUE };
  g_auto (Desktop) desktop = { 0 };
  g_autofree char *line = NULL;
  CtlWatch watch;

  append_event (stream, id, "Ready");
  append_event (stream, id, "Offline");
  append_event (stream, "a", "Ready");
  append_event (stream, "a", "Offline");
  desktop_init (&desktop, f);
  stranger_start (&stranger);
  line = g_strdup_printf ("--url=http://127.0.0.1:%u watch --notify", stranger.port);
  ctl_watch_start (&watch, line, G_SUBPROCESS_FLAGS_NONE);
  await_notification (desktop.notified, 2, "'Worker a went offline', ''");
  ctl_watch_stop (&watch);
  stranger_stop (&stranger);
}

static void
test_notify_no_desktop (Fixture *f, gconstpointer data)
{
  CtlWatch watch;
  g_autoptr (GDataInputStream) errors = NULL;
  g_autofree char *warning = NULL;

  ctl_watch_start (&watch, "watch --notify", G_SUBPROCESS_FLAGS_STDERR_PIPE);
  errors = g_data_input_stream_new (g_subprocess_get_stderr_pipe (watch.process));
  warning = g_data_input_stream_read_line_utf8 (errors, NULL, NULL, NULL);
  g_assert_nonnull (strstr (warning, "cannot be notified"));
  g_free (ctl_ask ("report worker w ready"));
  g_free (ctl_watch_await (&watch, "ready"));
  ctl_watch_stop (&watch);
}

/* A desktop with a browser that says, to a pipe, what it is to show. */
typedef struct
{
  char *folder;
  int pipe;
} Browser;

static void
install_file (const Browser *browser, const char *name, const char *text)
{
  g_autofree char *path = g_build_filename (browser->folder, "applications", name, NULL);
  g_autoptr (GError) error = NULL;

  g_file_set_contents (path, text, -1, &error);
  g_assert_no_error (error);
}

static void
browser_init (Browser *self)
{
  g_autofree char *applications = NULL;
  g_autofree char *desktop_file = NULL;
  g_autofree char *pipe = NULL;
  g_autoptr (GError) error = NULL;

  self->folder = g_dir_make_tmp ("queen-browser-XXXXXX", &error);
  g_assert_no_error (error);
  pipe = g_build_filename (self->folder, "shown", NULL);
  g_assert_cmpint (mkfifo (pipe, 0600), ==, 0);
  self->pipe =
      open (pipe, O_RDWR | O_CLOEXEC); /* with both ends, so that nobody waits to open it */
  g_assert_cmpint (self->pipe, >=, 0);
  applications = g_build_filename (self->folder, "applications", NULL);
  g_assert_cmpint (g_mkdir (applications, 0700), ==, 0);
  desktop_file = g_strdup_printf ("[Desktop Entry]\nType=Application\nName=Browser\n"
                                  "Exec=sh -c 'echo \"$0\" >%s' %%u\n"
                                  "MimeType=x-scheme-handler/http;\n",
                                  pipe);
  install_file (self, "browser.desktop", desktop_file);
  install_file (self, "mimeapps.list",
                "[Default Applications]\nx-scheme-handler/http=browser.desktop\n");
}

static void
browser_clear (Browser *self)
{
  g_autofree char *command = g_strdup_printf ("rm -r '%s'", self->folder);

  g_assert_true (g_spawn_command_line_sync (command, NULL, NULL, NULL, NULL));
  g_free (self->folder);
  close (self->pipe);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Browser, browser_clear)

/* Returns: the command line that has this desktop, and no other */
static char *
on_desktop (const Browser *self, const char *line)
{
  return g_strdup_printf ("XDG_DATA_HOME='%s' XDG_DATA_DIRS='%s' XDG_CONFIG_HOME='%s' "
                          "XDG_CONFIG_DIRS='%s' %s",
                          self->folder, self->folder, self->folder, self->folder, line);
}

static void
test_open (Fixture *f, gconstpointer data)
{
  g_auto (Browser) browser = { 0 };
  g_autofree char *line = NULL;
  g_autofree char *address = NULL;
  g_autoptr (JsonNode) node = NULL;
  char shown[128] = "";

  browser_init (&browser);
  line = on_desktop (&browser, "open --json");
  node = ctl_ask_json (line);
  g_assert_cmpint (read (browser.pipe, shown, sizeof shown - 1), >, 0);
  g_strchomp (shown);
  address = g_strdup_printf ("http://127.0.0.1:%u/", queen_process_get_port (f->queen));
  g_assert_cmpstr (shown, ==, address);
  g_assert_cmpstr (json_object_get_string_member (json_node_get_object (node), "page"), ==, shown);
}

static void
test_open_no_browser (Fixture *f, gconstpointer data)
{
  ctl_refuse ("XDG_DATA_HOME=/nonexistent XDG_DATA_DIRS=/nonexistent XDG_CONFIG_HOME=/nonexistent "
              "XDG_CONFIG_DIRS=/nonexistent open",
              1, "no browser to show http://127.0.0.1:");
}

/* D8: the address is what helps then. */
static void
test_open_no_browser_json (Fixture *f, gconstpointer data)
{
  g_autofree char *page =
      g_strdup_printf ("{\"page\":\"http://127.0.0.1:%u/\"}\n", queen_process_get_port (f->queen));
  g_autofree char *out = NULL;
  g_autofree char *err = NULL;
  int code = ctl_run ("XDG_DATA_HOME=/nonexistent XDG_DATA_DIRS=/nonexistent "
                      "XDG_CONFIG_HOME=/nonexistent XDG_CONFIG_DIRS=/nonexistent open --json",
                      &out, &err);

  g_assert_cmpint (code, ==, 1);
  g_assert_cmpstr (out, ==, page);
  g_assert_nonnull (strstr (err, "no browser"));
}

/* Nobody sees the stderr of what an icon starts. */
static void
test_open_notify (Fixture *f, gconstpointer data)
{
  g_auto (Desktop) desktop = { 0 };
  CtlWatch watch;

  desktop_init (&desktop, f);
  ctl_watch_start (&watch, "open --notify", G_SUBPROCESS_FLAGS_STDERR_SILENCE);
  await_notification (desktop.notified, 1, "'The page cannot be opened', 'There is no queen");
  g_assert_true (g_subprocess_wait (watch.process, NULL, NULL));
  g_assert_cmpint (g_subprocess_get_exit_status (watch.process), ==, 3);
  g_object_unref (watch.lines);
  g_object_unref (watch.process);
}

#define ADD(name, set_up_function, function)                                                       \
  g_test_add ("/queenctl-watch/" name, Fixture, NULL, set_up_function, function, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  ADD ("open/the-page-where-she-serves-it", set_up, test_open);
  ADD ("open/no-browser-and-the-address", set_up, test_open_no_browser);
  ADD ("open/no-browser-and-json", set_up, test_open_no_browser_json);
  ADD ("open/an-icon-that-fails-says-why", set_up_bus, test_open_notify);
  ADD ("events-until-nobody-reads", set_up, test_watch);
  ADD ("changes-alone", set_up, test_watch_changes);
  ADD ("json-lines", set_up, test_watch_json);
  ADD ("queen-restarted", set_up, test_watch_restart);
  ADD ("notifications", set_up, test_notify);
  ADD ("notifications-are-of-no-endless-names", set_up_bus, test_notify_long_ids);
  ADD ("no-desktop-is-a-warning", set_up, test_notify_no_desktop);

  return g_test_run ();
}
