/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-via.h"

#include <string.h>

const char *
queen_via_get_own (void)
{
  static gsize own;

  if (g_once_init_enter (&own))
    g_once_init_leave (&own, (gsize) g_strdup_printf ("1.1 queen-rbee-%08x%08x", g_random_int (),
                                                      g_random_int ()));
  return (const char *) own;
}

gboolean
queen_via_is_own (const char *via)
{
  return via && strstr (via, queen_via_get_own ());
}
