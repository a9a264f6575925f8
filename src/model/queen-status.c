/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-status.h"

static const char *const names[] = {
  [QUEEN_STATUS_STARTING] = "Starting", [QUEEN_STATUS_READY] = "Ready",
  [QUEEN_STATUS_ONLINE] = "Online",     [QUEEN_STATUS_BUSY] = "Busy",
  [QUEEN_STATUS_STOPPING] = "Stopping", [QUEEN_STATUS_STOPPED] = "Stopped",
  [QUEEN_STATUS_OFFLINE] = "Offline",
};

gboolean
queen_status_parse (const char *text, QueenStatus *status)
{
  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    if (g_ascii_strcasecmp (text, names[i]) == 0)
      {
        *status = (QueenStatus) i;
        return TRUE;
      }
  return FALSE;
}

const char *
queen_status_get_name (QueenStatus status)
{
  g_return_val_if_fail ((gsize) status < G_N_ELEMENTS (names), NULL);

  return names[status];
}

const char *
queen_status_get_choices (void)
{
  static char *choices;

  if (g_once_init_enter (&choices))
    {
      g_autofree char *joined = NULL;
      const char *words[G_N_ELEMENTS (names) + 1] = { NULL };

      for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
        words[i] = names[i];
      joined = g_strjoinv (", ", (char **) words);
      g_once_init_leave (&choices, g_ascii_strdown (joined, -1));
    }
  return choices;
}

gboolean
queen_status_is_online (QueenStatus status)
{
  return status != QUEEN_STATUS_STOPPED && status != QUEEN_STATUS_OFFLINE;
}
