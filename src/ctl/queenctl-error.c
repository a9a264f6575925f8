/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queenctl-error.h"

#include <glib/gi18n.h>

#define QUEEN_ERRORS "dev.rbee.Queen1.Error."

G_DEFINE_QUARK (queenctl - error - quark, queenctl_error)

void
queenctl_error_no_queen (const char *bus_name, GError **error)
{
  const char *message;

  if (g_strcmp0 (bus_name, "session") == 0)
    message = _ ("The queen is not on the session bus. Start her there with “queen-rbee”.");
  else if (g_strcmp0 (bus_name, "system") == 0)
    message = _ ("The queen is not on the system bus. "
                 "Start her there with “systemctl start queen-rbee”.");
  else
    message = _ ("The queen is not running. "
                 "Start her with “systemctl start queen-rbee”, or run “queen-rbee” yourself.");
  g_set_error_literal (error, QUEENCTL_ERROR, QUEENCTL_ERROR_NO_QUEEN, message);
}

static gboolean
is_nobody_there (const GError *cause)
{
  return g_error_matches (cause, G_DBUS_ERROR, G_DBUS_ERROR_SERVICE_UNKNOWN) ||
         g_error_matches (cause, G_DBUS_ERROR, G_DBUS_ERROR_NAME_HAS_NO_OWNER) ||
         g_error_matches (cause, G_DBUS_ERROR, G_DBUS_ERROR_NO_REPLY);
}

static gboolean
is_late (const GError *cause)
{
  return g_error_matches (cause, G_IO_ERROR, G_IO_ERROR_TIMED_OUT) ||
         g_error_matches (cause, G_DBUS_ERROR, G_DBUS_ERROR_TIMEOUT) ||
         g_error_matches (cause, G_DBUS_ERROR, G_DBUS_ERROR_TIMED_OUT);
}

void
queenctl_error_from_bus (const char *bus_name, GError *cause, GError **error)
{
  g_autoptr (GError) owned = cause;
  g_autofree char *remote = g_dbus_error_get_remote_error (owned);

  g_dbus_error_strip_remote_error (owned);
  if (remote && g_str_has_prefix (remote, QUEEN_ERRORS))
    g_set_error_literal (error, QUEENCTL_ERROR, QUEENCTL_ERROR_REFUSED, cause->message);
  else if (is_nobody_there (cause))
    queenctl_error_no_queen (bus_name, error);
  else if (is_late (cause))
    g_set_error_literal (error, QUEENCTL_ERROR, QUEENCTL_ERROR_NO_QUEEN,
                         _ ("The queen is there, but did not answer in time."));
  else if (g_error_matches (cause, G_IO_ERROR, G_IO_ERROR_CLOSED))
    g_set_error_literal (error, QUEENCTL_ERROR, QUEENCTL_ERROR_NO_QUEEN,
                         _ ("The bus has gone away."));
  else if (g_error_matches (cause, G_DBUS_ERROR, G_DBUS_ERROR_ACCESS_DENIED))
    g_set_error (error, QUEENCTL_ERROR, QUEENCTL_ERROR_REFUSED, _ ("You may not do that: %s"),
                 cause->message);
  else
    g_set_error (error, QUEENCTL_ERROR, QUEENCTL_ERROR_REFUSED, _ ("The call failed: %s"),
                 cause->message);
}
