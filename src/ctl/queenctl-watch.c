/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include <glib-unix.h>
#include <glib/gi18n.h>
#include <stdio.h>
#include <unistd.h>

#include "queenctl-client.h"
#include "queenctl-command.h"
#include "queenctl-event-line.h"
#include "queenctl-notifier.h"
#include "queenctl-output.h"

#define RECONNECT_SEC 1

typedef struct
{
  const QueenctlOptions *options;
  GMainLoop *loop;
  QueenctlClient *client; /* NULL while there is no bus */
  QueenctlNotifier *notifier;
  QueenctlEventLine *line;
  guint stdout_id;
  guint reconnect_id;
} Watch;

static void attach (Watch *self);

/* Ends when nobody reads any more. */
static void
end_line (Watch *self)
{
  if (fflush (stdout) != 0)
    g_main_loop_quit (self->loop);
}

/* What is no event goes where it does not disturb JSON. */
static void
say (Watch *self, const char *message)
{
  if (self->options->is_json)
    fprintf (stderr, "queenctl: %s\n", message);
  else
    {
      queenctl_event_line_print_note (self->line, message);
      end_line (self);
    }
}

static void
on_heartbeat (QueenDBusQueen *queen,
              const char *kind_nick,
              const char *id,
              const char *status,
              const char *event,
              gpointer data)
{
  Watch *self = data;
  QueenctlKind kind;

  if (self->options->is_json)
    queenctl_output_print_json_text (event);
  else
    queenctl_event_line_print (self->line, kind_nick, id, status, event);
  end_line (self);
  if (self->notifier && queenctl_kind_parse (kind_nick, &kind))
    queenctl_notifier_take (self->notifier, kind, id, status);
}

static void
on_lagged (QueenDBusQueen *queen, guint64 dropped, gpointer data)
{
  Watch *self = data;
  gulong count = (gulong) dropped;
  g_autofree char *message = NULL;

  if (self->options->is_json)
    {
      printf ("{\"type\":\"lagged\",\"dropped\":%lu}\n", count);
      end_line (self);
      return;
    }
  message = g_strdup_printf (ngettext ("%lu event was lost on the way",
                                       "%lu events were lost on the way", count),
                             count);
  say (self, message);
}

static void
learn (Watch *self)
{
  g_autoptr (GPtrArray) components =
      self->notifier ? queenctl_client_list (self->client, NULL) : NULL;

  if (components)
    queenctl_notifier_learn (self->notifier, components);
}

static void
on_subscribed (GObject *source, GAsyncResult *result, gpointer data)
{
  Watch *self = data;
  g_autoptr (GError) error = NULL;

  if (!queen_dbus_queen_call_subscribe_finish (QUEEN_DBUS_QUEEN (source), result, &error))
    {
      /* If she has gone again, the change of owner says so. */
      if (!g_error_matches (error, G_DBUS_ERROR, G_DBUS_ERROR_NO_REPLY))
        say (self, error->message);
      return;
    }
  say (self, _ ("The queen is back."));
  learn (self);
}

static void
on_owner_changed (GObject *proxy, GParamSpec *spec, gpointer data)
{
  Watch *self = data;
  g_autofree char *owner = g_dbus_proxy_get_name_owner (G_DBUS_PROXY (proxy));

  if (owner)
    queen_dbus_queen_call_subscribe (QUEEN_DBUS_QUEEN (proxy), NULL, on_subscribed, self);
  else if (!g_dbus_connection_is_closed (g_dbus_proxy_get_connection (G_DBUS_PROXY (proxy))))
    say (self, _ ("The queen has gone. Waiting for her to come back."));
}

static void
detach (Watch *self)
{
  if (self->client)
    {
      QueenDBusQueen *queen = queenctl_client_get_queen (self->client);

      g_signal_handlers_disconnect_by_data (g_dbus_proxy_get_connection (G_DBUS_PROXY (queen)),
                                            self);
      g_signal_handlers_disconnect_by_data (queen, self);
    }
  g_clear_pointer (&self->client, queenctl_client_free);
}

static gboolean
subscribe (Watch *self, GError **error)
{
  GError *cause = NULL;

  return queen_dbus_queen_call_subscribe_sync (queenctl_client_get_queen (self->client), NULL,
                                               &cause) ||
         queenctl_client_explain (self->client, cause, error);
}

static gboolean
on_reconnect_due (gpointer data)
{
  Watch *self = data;

  self->client = queenctl_client_new (self->options->bus, NULL);
  if (!self->client)
    return G_SOURCE_CONTINUE;
  attach (self);
  if (!subscribe (self, NULL))
    {
      detach (self);
      return G_SOURCE_CONTINUE;
    }
  say (self, _ ("The queen is back."));
  learn (self);
  self->reconnect_id = 0;
  return G_SOURCE_REMOVE;
}

static void
on_closed (GDBusConnection *connection, gboolean is_remote, GError *error, gpointer data)
{
  Watch *self = data;

  say (self, _ ("The bus has gone. Waiting for it to come back."));
  detach (self);
  if (self->reconnect_id == 0)
    self->reconnect_id = g_timeout_add_seconds (RECONNECT_SEC, on_reconnect_due, self);
}

static void
attach (Watch *self)
{
  QueenDBusQueen *queen = queenctl_client_get_queen (self->client);

  g_signal_connect (queen, "heartbeat", G_CALLBACK (on_heartbeat), self);
  g_signal_connect (queen, "lagged", G_CALLBACK (on_lagged), self);
  g_signal_connect (queen, "notify::g-name-owner", G_CALLBACK (on_owner_changed), self);
  g_signal_connect (g_dbus_proxy_get_connection (G_DBUS_PROXY (queen)), "closed",
                    G_CALLBACK (on_closed), self);
}

static gboolean
on_stdout_closed (int fd, GIOCondition condition, gpointer data)
{
  Watch *self = data;

  self->stdout_id = 0;
  g_main_loop_quit (self->loop);
  return G_SOURCE_REMOVE;
}

static void
clear_watch (Watch *self)
{
  g_clear_handle_id (&self->stdout_id, g_source_remove);
  g_clear_handle_id (&self->reconnect_id, g_source_remove);
  detach (self);
  g_clear_pointer (&self->notifier, queenctl_notifier_free);
  g_clear_pointer (&self->line, queenctl_event_line_free);
  g_clear_pointer (&self->loop, g_main_loop_unref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Watch, clear_watch)

static gboolean
run (const QueenctlOptions *options, char **arguments, GError **error)
{
  g_auto (Watch) self = { .options = options };

  self.client = queenctl_client_new (options->bus, error);
  if (!self.client)
    return FALSE;
  self.loop = g_main_loop_new (NULL, FALSE);
  self.line = queenctl_event_line_new ();
  attach (&self);
  if (!subscribe (&self, error))
    return FALSE;
  if (options->is_notifying)
    self.notifier = queenctl_notifier_new ();
  learn (&self);

  /* A pipe that nobody reads shows here, even when there is nothing to write. */
  self.stdout_id =
      g_unix_fd_add (STDOUT_FILENO, G_IO_ERR | G_IO_HUP | G_IO_NVAL, on_stdout_closed, &self);
  g_main_loop_run (self.loop);
  return TRUE;
}

const QueenctlCommand queenctl_watch_command = {
  .name = "watch",
  .arguments = "",
  .summary = N_ ("Shows what happens, as it happens."),
  .options = (const char *const[]){ "notify", NULL },
  .run = run,
};
