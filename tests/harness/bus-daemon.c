/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "bus-daemon.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "queen-process.h"

/* What it does not say is as on a system bus: 32 MiB a message, 127 MiB for one connection. */
static const char config[] = "<busconfig>\n"
                             "  <type>session</type>\n"
                             "  <listen>%s</listen>\n"
                             "  <policy context='default'>\n"
                             "    <allow send_destination='*' eavesdrop='true'/>\n"
                             "    <allow eavesdrop='true'/>\n"
                             "    <allow own='*'/>\n"
                             "  </policy>\n"
                             "%s"
                             "</busconfig>\n";

struct _BusDaemon
{
  char *folder;
  char *socket;
  char *config;
  char *address;
  GString *more; /* limits and rules */
  GPid pid;
};

BusDaemon *
bus_daemon_new (void)
{
  BusDaemon *self = g_new0 (BusDaemon, 1);
  g_autoptr (GError) error = NULL;

  self->folder = g_dir_make_tmp ("queen-bus-XXXXXX", &error);
  g_assert_no_error (error);
  self->socket = g_build_filename (self->folder, "bus", NULL);
  self->config = g_build_filename (self->folder, "config", NULL);
  self->address = g_strconcat ("unix:path=", self->socket, NULL);
  self->more = g_string_new (NULL);
  return self;
}

void
bus_daemon_set_limit (BusDaemon *self, const char *name, guint value)
{
  g_string_append_printf (self->more, "  <limit name='%s'>%u</limit>\n", name, value);
}

void
bus_daemon_deny (BusDaemon *self, const char *rule)
{
  g_string_append_printf (self->more, "  <policy context='mandatory'><deny %s/></policy>\n", rule);
}

void
bus_daemon_let_all_users_in (BusDaemon *self)
{
  g_string_append (self->more, "  <policy context='default'><allow user='*'/></policy>\n");
  g_assert_cmpint (g_chmod (self->folder, 0711), ==, 0);
}

BusDaemon *
bus_daemon_new_for_session (void)
{
  BusDaemon *self = bus_daemon_new ();

  g_setenv ("DBUS_SESSION_BUS_ADDRESS", self->address, TRUE);
  bus_daemon_start (self);
  return self;
}

const char *
bus_daemon_get_address (BusDaemon *self)
{
  return self->address;
}

const char *
bus_daemon_get_path (BusDaemon *self)
{
  return self->socket;
}

GPid
bus_daemon_get_pid (BusDaemon *self)
{
  return self->pid;
}

static void
on_child_setup (gpointer data)
{
  queen_test_die_with (GPOINTER_TO_INT (data));
}

void
bus_daemon_start (BusDaemon *self)
{
  g_autofree char *option = g_strconcat ("--config-file=", self->config, NULL);
  const char *command[] = {
    "dbus-daemon", "--nofork", "--nosyslog", "--print-address", option, NULL
  };
  g_autofree char *text = g_strdup_printf (config, self->address, self->more->str);
  g_autoptr (GError) error = NULL;
  char byte;
  int pipe_fd;

  g_file_set_contents (self->config, text, -1, &error);
  g_assert_no_error (error);
  g_unlink (self->socket);
  g_spawn_async_with_pipes (NULL, (char **) command, NULL,
                            G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_SEARCH_PATH |
                                G_SPAWN_STDERR_TO_DEV_NULL,
                            on_child_setup, GINT_TO_POINTER (getpid ()), &self->pid, NULL, &pipe_fd,
                            NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpint (read (pipe_fd, &byte, 1), ==, 1); /* it prints when it listens */
  close (pipe_fd);
}

void
bus_daemon_signal (BusDaemon *self, int signal_number)
{
  g_assert_cmpint (kill (self->pid, signal_number), ==, 0);
}

void
bus_daemon_kill (BusDaemon *self)
{
  if (self->pid == 0)
    return;
  bus_daemon_signal (self, SIGKILL);
  g_assert_cmpint (waitpid (self->pid, NULL, 0), ==, self->pid);
  self->pid = 0;
}

void
bus_daemon_free (BusDaemon *self)
{
  bus_daemon_kill (self);
  g_unlink (self->socket);
  g_unlink (self->config);
  g_rmdir (self->folder);
  g_free (self->folder);
  g_free (self->socket);
  g_free (self->config);
  g_free (self->address);
  g_string_free (self->more, TRUE);
  g_free (self);
}
