/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include <glib/gi18n.h>

#include "queenctl-bus.h"
#include "queenctl-command.h"
#include "queenctl-connect.h"
#include "queenctl-deadline.h"
#include "queenctl-error.h"
#include "queenctl-notification.h"
#include "queenctl-output.h"

/* “All addresses of this machine” is one to listen at, and none to go to. */
static const char *
get_reachable_host (const char *host)
{
  if (g_str_equal (host, "0.0.0.0"))
    return "127.0.0.1";
  return g_str_equal (host, "::") ? "::1" : host;
}

/* Returns: (nullable): where the page is when she serves at @address; %NULL for what no browser can
 * go to */
static char *
make_page (const char *address)
{
  g_autoptr (GUri) uri = g_uri_parse (address, G_URI_FLAGS_NONE, NULL);
  g_autofree char *path = NULL;

  if (!uri || !g_str_has_prefix (g_uri_get_scheme (uri), "http") || !g_uri_get_host (uri))
    return NULL;
  path = g_strconcat (g_uri_get_path (uri), "/", NULL);
  return g_uri_join (G_URI_FLAGS_NONE, g_uri_get_scheme (uri), NULL,
                     get_reachable_host (g_uri_get_host (uri)), g_uri_get_port (uri), path, NULL,
                     NULL);
}

/* Returns: the address of the page, at the first address that a browser can go to */
static char *
find_page (JsonObject *status, GError **error)
{
  JsonArray *addresses = json_object_get_array_member (status, "addresses");

  for (guint i = 0; addresses && i < json_array_get_length (addresses); i++)
    {
      char *page = make_page (json_array_get_string_element (addresses, i));

      if (page)
        return page;
    }
  g_set_error_literal (error, QUEENCTL_ERROR, QUEENCTL_ERROR_REFUSED,
                       _ ("The queen has no address that a browser could go to."));
  return NULL;
}

static void
on_launched (GObject *source, GAsyncResult *result, gpointer data)
{
  GAsyncResult **launched = data;

  *launched = g_object_ref (result);
}

/* A browser that the bus starts is not there before the bus has answered. */
static gboolean
launch_browser (const char *page, GError **error)
{
  g_autoptr (GAsyncResult) launched = NULL;
  g_autoptr (GError) cause = NULL;

  g_app_info_launch_default_for_uri_async (page, NULL, NULL, on_launched, &launched);
  while (!launched)
    g_main_context_iteration (NULL, TRUE);
  if (g_app_info_launch_default_for_uri_finish (launched, &cause))
    return TRUE;
  g_set_error (error, QUEENCTL_ERROR, QUEENCTL_ERROR_REFUSED,
               _ ("There is no browser to show %s: %s"), page, cause->message);
  return FALSE;
}

static char *
look_up_page (const QueenctlOptions *options, GError **error)
{
  g_autoptr (QueenctlQueen) queen = queenctl_connect (options, error);
  g_autoptr (JsonObject) status = queen ? queenctl_queen_get_status (queen, error) : NULL;

  return status ? find_page (status, error) : NULL;
}

/* Whoever has clicked an icon does not see stderr, where this goes in any case. */
static void
notify (const char *message)
{
  g_autoptr (GDBusConnection) connection = queenctl_bus_connect ("session", NULL);
  g_autofree char *body = g_markup_escape_text (message, -1);
  g_autoptr (GVariant) answer = NULL;

  if (connection)
    answer = g_dbus_connection_call_sync (
        connection, QUEENCTL_NOTIFICATION_NAME, QUEENCTL_NOTIFICATION_PATH,
        QUEENCTL_NOTIFICATION_NAME, "Notify",
        queenctl_notification_new (_ ("The page cannot be opened"), body), NULL,
        G_DBUS_CALL_FLAGS_NONE, QUEENCTL_DEADLINE_MSEC, NULL, NULL);
}

static void
print_json (const char *page)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();

  json_builder_begin_object (builder);
  json_builder_set_member_name (builder, "page");
  json_builder_add_string_value (builder, page);
  json_builder_end_object (builder);
  queenctl_output_print_json (builder);
}

gboolean
queenctl_command_run_open (const QueenctlOptions *options, char **arguments, GError **error)
{
  GError *cause = NULL;
  g_autofree char *page = look_up_page (options, &cause);

  /* Where there is no browser, the address is what helps. */
  if (page && options->is_json)
    print_json (page);
  if (page && launch_browser (page, &cause))
    return TRUE;
  if (options->is_notifying)
    notify (cause->message);
  g_propagate_error (error, cause);
  return FALSE;
}
