/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* queenctl as a shell sees it: against a real queen on a private bus. */

#include <fcntl.h>
#include <glib/gstdio.h>
#include <json-glib/json-glib.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bus-client.h"
#include "bus-daemon.h"
#include "queenctl-runner.h"

typedef struct
{
  BusDaemon *bus;
  QueenProcess *queen;
  BusClient *client;
} Fixture;

static void
start_queen (Fixture *f)
{
  f->queen = queen_process_start ("--bus=session", "--heartbeat-interval=1h", NULL);
  bus_client_wait_for_queen (f->client, TRUE);
}

static void
set_up_bus (Fixture *f, gconstpointer data)
{
  f->bus = bus_daemon_new_for_session ();
  f->client = bus_client_new (bus_daemon_get_address (f->bus));
}

static void
set_up (Fixture *f, gconstpointer data)
{
  set_up_bus (f, data);
  start_queen (f);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  g_clear_pointer (&f->queen, queen_process_stop);
  bus_client_free (f->client);
  bus_daemon_free (f->bus);
}

/* Exit status */

static void
test_no_queen (Fixture *f, gconstpointer data)
{
  static const char *const lines[] = { "status", "list",     "show x",
                                       "watch",  "find m",   "report worker x ready",
                                       "open",   "forget x", "--json list" };

  for (gsize i = 0; i < G_N_ELEMENTS (lines); i++)
    ctl_refuse (lines[i], 3, "systemctl start queen-rbee");
  ctl_refuse ("--bus=session status", 3, "session bus");
  ctl_refuse ("--bus=system status", 3, "system bus");
}

static void
test_usage (Fixture *f, gconstpointer data)
{
  static const char *const lines[] = {
    "frobnicate",
    "--frobnicate",
    "list --kind=worker",
    "list --state=dancing",
    "list --sort=beauty",
    "list hives --model=m",
    "list -o yaml",
    "forget",
    "forget a --offline",
    "wait",
    "wait a --model=m",
    "wait a --timeout=soon",
    "wait a --for=christmas",
    "status --url=queen.example.org",
    "status --url=http://localhost --bus=session",
    "list everything",
    "show",
    "show a --kind=cat",
    "open a",
    "status --bus=omni",
    "report worker a",
    "report cat a ready",
    "report worker a ready --port=0",
    "report worker a ready --health=healthy",
    "report hive a ready --model=m",
    "report hive a ready --reason=r",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (lines); i++)
    ctl_refuse (lines[i], 2, "queenctl --help");
}

static void
test_refusals (Fixture *f, gconstpointer data)
{
  ctl_refuse ("show nobody", 1, "nobody");
  ctl_refuse ("show nobody --kind=hive", 1, "hive");
  ctl_refuse ("forget nobody", 1, "nobody");
  ctl_refuse ("forget nobody --kind=worker", 1, "nobody");
  ctl_refuse ("find nothing", 1, "nothing");
  ctl_refuse ("report worker w sleeping", 1, "worker.status");
  ctl_refuse ("report hive h ready --health=sick", 1, "health_status");
  ctl_refuse ("report worker '' ready", 1, "worker.id");
}

static void
test_help (Fixture *f, gconstpointer data)
{
  ctl_expect ("--version", "queenctl ");
  ctl_expect ("--help", "forget ID");
  ctl_expect ("report --help", "--component-version");
  ctl_expect ("--help watch", "--notify");
}

/* A queen who hangs. */
static void
test_deadline (Fixture *f, gconstpointer data)
{
  queen_process_signal (f->queen, SIGSTOP);
  ctl_refuse ("status", 3, "in time");
  queen_process_signal (f->queen, SIGCONT);
  g_free (ctl_ask ("status"));
}

/* The commands */

static void
populate (void)
{
  ctl_expect ("report worker w-10 busy --model=m --hive=h --port=9310 --device=GPU-1", "busy");
  ctl_expect ("report worker w-2 ready --model=m --hive=h --port=9302 --device=GPU-0", "ready");
  ctl_expect ("report hive h ready --hostname=fe80::1 --port=9200 --health=degraded "
              "--reason='disk nearly full' --component-version=1.2",
              "ready");
}

static void
test_status (Fixture *f, gconstpointer data)
{
  ctl_expect ("status", "Nothing needs attention.");
  populate ();
  ctl_expect ("status", "2 online, 1 available, 2 known");
  ctl_expect ("status", "1 online, 1 available, 1 known");
  ctl_expect ("status", "3 events so far");
  ctl_expect ("status", "http://127.0.0.1:");
  ctl_expect ("status", "disk nearly full");
  g_free (ctl_ask ("report worker w-2 stopped"));
  g_free (ctl_ask ("report worker w-10 offline"));
  ctl_expect ("status", "w-10  offline");
}

static void
test_list (Fixture *f, gconstpointer data)
{
  g_autofree char *empty = ctl_ask ("list hives");
  g_autofree char *hives = NULL;
  g_autofree char *ids = NULL;
  g_autofree char *hive_ids = NULL;

  g_assert_cmpstr (empty, ==, "No hives are known.\n");
  populate ();
  hives = ctl_ask ("list hives");
  ids = ctl_ask ("list --ids");
  hive_ids = ctl_ask ("list --ids hives");
  g_assert_true (g_str_has_prefix (hives, "ID  STATE            ADDRESS         LAST SEEN\n"
                                          "h   ready, degraded  [fe80::1]:9200  "));
  g_assert_cmpstr (ids, ==, "w-2\nw-10\nh\n");
  g_assert_cmpstr (hive_ids, ==, "h\n");
  ctl_expect ("list", "Workers\nID    STATE  MODEL  DEVICE  HIVE OR HOST  LAST SEEN\n"
                      "w-2   ready  m      GPU-0   h             ");
  ctl_expect ("list", "\n\nHives\nID");
}

/* A8: more than fits into one message. */
static void
test_list_in_parts (Fixture *f, gconstpointer data)
{
  g_autofree char *text = g_strnfill (250, 'x');
  g_autoptr (GString) all = g_string_new (NULL);
  g_autofree char *ids = NULL;

  for (int i = 0; i < 2000; i++)
    {
      g_autofree char *heartbeat = g_strdup_printf (
          "({'id': <'w%d'>, 'status': <'ready'>, 'device': <'%s'>, 'hostname': <'%s'>, "
          "'version': <'%s'>, 'implementation': <'%s'>},)",
          i, text, text, text, text);

      g_variant_unref (bus_client_ask (f->client, "ReportWorker", heartbeat));
      g_string_append_printf (all, "w%d\n", i);
    }
  ids = ctl_ask ("list --ids");
  g_assert_cmpstr (ids, ==, all->str);
  ctl_expect ("status", "2000 online, 2000 available, 2000 known");
}

/* What is wide, and what has no width, stands in its column. */
static void
test_alignment (Fixture *f, gconstpointer data)
{
  ctl_expect ("report worker a ready --model=模型", "ready");
  ctl_expect ("report worker b ready --model=u\314\210x", "ready");
  ctl_expect ("list workers", "\na   ready  模型   -  ");
  ctl_expect ("list workers", "\nb   ready  u\314\210x     -  ");
}

static void
test_control_characters (Fixture *f, gconstpointer data)
{
  ctl_refuse ("report worker a ready --model='\033[2J\302\233'", 1,
              "worker.model_id: must be without");
  ctl_refuse ("report worker '\342\200\213' ready", 1, "worker.id: must be 1 to 128 bytes without");
  ctl_refuse ("find '\033[1m'", 1, "available");
}

static void
test_show (Fixture *f, gconstpointer data)
{
  g_autofree char *both = NULL;
  g_autofree char *hive = NULL;

  populate ();
  ctl_expect ("show w-2", "  Device          GPU-0\n");
  g_free (ctl_ask ("report worker h ready"));
  both = ctl_ask ("show h");
  hive = ctl_ask ("show h --kind=hive");
  g_assert_nonnull (strstr (both, "worker h\n"));
  g_assert_nonnull (strstr (both, "\nhive h\n"));
  g_assert_null (strstr (hive, "worker"));
  g_assert_nonnull (strstr (hive, "  Reason      disk nearly full\n"));
}

static void
test_find (Fixture *f, gconstpointer data)
{
  g_autofree char *first = NULL;
  g_autofree char *second = NULL;

  populate ();
  g_free (ctl_ask ("report worker w-3 ready --model=m --hostname=10.0.0.3 --port=9303"));
  first = ctl_ask ("find m");
  second = ctl_ask ("find m");
  g_assert_cmpstr (first, ==, "w-2  [fe80::1]:9302  GPU-0\n");
  g_assert_cmpstr (second, ==, "w-3  10.0.0.3:9303  -\n");
}

static void
test_forget (Fixture *f, gconstpointer data)
{
  populate ();
  ctl_expect ("forget w-2", "w-2");
  ctl_refuse ("show w-2", 1, "w-2");
  g_free (ctl_ask ("report worker h ready"));
  ctl_refuse ("forget h", 1, "--kind");
  ctl_expect ("forget h --kind=worker", "h");
  ctl_expect ("forget h", "h");
  ctl_refuse ("forget h", 1, "h");
}

static void
test_json (Fixture *f, gconstpointer data)
{
  static const struct
  {
    const char *line;
    const char *member;
  } rows[] = {
    { "status --json", "workers_needing_attention" },
    { "list --json", "workers" },
    { "list hives --json", "hives" },
    { "list --ids --json", "total" },
    { "show h --json", "health_status" },
    { "show h w-2 --json", "total" },
    { "find m --json", "model_id" },
    { "report worker w-2 ready --json", "status" },
    { "forget w-10 --json", "status" },
  };

  populate ();
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (JsonNode) node = ctl_ask_json (rows[i].line);

      g_assert_true (json_object_has_member (json_node_get_object (node), rows[i].member));
    }
}

static void
test_option_order (Fixture *f, gconstpointer data)
{
  populate ();
  ctl_expect ("--kind hive --bus session show h", "hive h");
  ctl_expect ("show --bus=auto h --kind hive", "hive h");
  ctl_expect ("show --kind=hive -- h", "hive h");
  ctl_expect ("--ids list", "w-10");
}

/* On a terminal */

static void
on_child_setup_without_standard (gpointer data)
{
  queen_test_die_with (GPOINTER_TO_INT (data));
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
    close (fd);
}

static gboolean
leads_nowhere (GSubprocess *process, int fd)
{
  g_autofree char *path =
      g_strdup_printf ("/proc/%s/fd/%d", g_subprocess_get_identifier (process), fd);
  g_autofree char *target = g_file_read_link (path, NULL);

  return g_strcmp0 (target, "/dev/null") == 0;
}

/* The next socket would be in the place of stdout, and the bus would get the events. */
static void
test_no_output (Fixture *f, gconstpointer data)
{
  g_autoptr (GSubprocessLauncher) launcher = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_NONE);
  g_autoptr (GSubprocess) process = NULL;

  process = ctl_spawn_with (launcher, "watch", on_child_setup_without_standard);
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
    queen_test_wait_until (leads_nowhere (process, fd));
  g_subprocess_force_exit (process);
  g_assert_true (g_subprocess_wait (process, NULL, NULL));
}

static void
test_colors (Fixture *f, gconstpointer data)
{
  static const struct
  {
    const char *line;
    gboolean is_colored;
  } rows[] = {
    { "TERM=xterm list", TRUE },
    { "TERM=xterm NO_COLOR= list", TRUE },
    { "TERM=xterm NO_COLOR=1 list", FALSE },
    { "TERM=xterm list --no-color", FALSE },
    { "TERM=dumb list", FALSE },
    { "TERM=xterm list --json", FALSE },
  };

  populate ();
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *out = ctl_ask_on_terminal (rows[i].line);

      g_assert_nonnull (strstr (out, "w-10"));
      g_assert_true ((strchr (out, '\033') != NULL) == rows[i].is_colored);
    }
}

/* Watching */

static void
test_watch (Fixture *f, gconstpointer data)
{
  CtlWatch watch;
  g_autofree char *line = NULL;

  ctl_watch_start (&watch, "watch --all", G_SUBPROCESS_FLAGS_NONE);
  ctl_watch_await_first (&watch, "worker w");
  g_free (ctl_ask ("report worker w ready"));
  line = ctl_watch_await (&watch, "worker  w  ready");
  g_assert_true (
      g_regex_match_simple ("^\\d\\d:\\d\\d:\\d\\d\\.\\d{3}  worker  w  ready$", line, 0, 0));
  g_free (ctl_ask ("report hive wide-hive busy"));
  g_free (ctl_watch_await (&watch, "hive    wide-hive  busy"));
  g_free (ctl_ask ("forget w"));
  g_free (ctl_watch_await (&watch, "worker  w          ready → offline"));
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

  ctl_watch_start (&watch, "watch", G_SUBPROCESS_FLAGS_NONE);
  ctl_watch_await_first (&watch, "worker w");
  g_clear_pointer (&f->queen, queen_process_stop);
  g_free (ctl_watch_await (&watch, "The queen has gone."));
  start_queen (f);
  g_free (ctl_watch_await (&watch, "The queen is back."));
  g_free (ctl_ask ("report worker w stopping"));
  g_free (ctl_watch_await (&watch, "stopping"));
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
  g_test_add ("/queenctl/" name, Fixture, NULL, set_up_function, function, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  ADD ("exit-status/3-and-how-to-start-her", set_up_bus, test_no_queen);
  ADD ("exit-status/3-when-she-hangs", set_up, test_deadline);
  ADD ("exit-status/2-and-where-help-is", set_up_bus, test_usage);
  ADD ("exit-status/1-when-refused", set_up, test_refusals);
  ADD ("help/of-the-program-and-of-commands", set_up_bus, test_help);
  ADD ("options/before-and-after-the-command", set_up, test_option_order);
  ADD ("status/counts-and-troubles", set_up, test_status);
  ADD ("list/tables-and-ids", set_up, test_list);
  ADD ("list/more-than-fits-into-a-message", set_up, test_list_in_parts);
  ADD ("list/aligned-by-columns", set_up, test_alignment);
  ADD ("list/nothing-a-terminal-obeys", set_up, test_control_characters);
  ADD ("list/colors-where-wanted", set_up, test_colors);
  ADD ("show/both-kinds-or-one", set_up, test_show);
  ADD ("find/in-turn-with-address", set_up, test_find);
  ADD ("forget/never-by-guess", set_up, test_forget);
  ADD ("json/every-command", set_up, test_json);
  ADD ("open/the-page-where-she-serves-it", set_up, test_open);
  ADD ("open/no-browser-and-the-address", set_up, test_open_no_browser);
  ADD ("open/no-browser-and-json", set_up, test_open_no_browser_json);
  ADD ("open/an-icon-that-fails-says-why", set_up_bus, test_open_notify);
  ADD ("watch/events-until-nobody-reads", set_up, test_watch);
  ADD ("watch/closed-descriptors-are-taken-by-nobody-else", set_up, test_no_output);
  ADD ("watch/changes-alone", set_up, test_watch_changes);
  ADD ("watch/json-lines", set_up, test_watch_json);
  ADD ("watch/queen-restarted", set_up, test_watch_restart);
  ADD ("watch/notifications", set_up, test_notify);
  ADD ("watch/no-desktop-is-a-warning", set_up, test_notify_no_desktop);

  return g_test_run ();
}
