/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-via.h"

#include <string.h>

#include "queen-error.h"

#define PREFIX "queen-rbee-"
#define N_DIGITS 16 /* hexadecimal ones, behind that */
#define NAME_LENGTH (strlen (PREFIX) + N_DIGITS)

static const char *
get_own_name (void)
{
  static gsize own;

  if (g_once_init_enter (&own))
    g_once_init_leave (&own, (gsize) g_strdup_printf (PREFIX "%08x%08x", g_random_int (),
                                                      g_random_int ()));
  return (const char *) own;
}

/* A proxy in between may have written what stands around it in another way.
 *
 * Returns: (nullable): the first name of a queen in @via */
static const char *
find_name (const char *via)
{
  while (via && (via = strstr (via, PREFIX)))
    {
      const char *digits = via + strlen (PREFIX);
      guint n = 0;

      while (n < N_DIGITS && g_ascii_isxdigit (digits[n]))
        n++;
      if (n == N_DIGITS)
        return via;
      via = digits;
    }
  return NULL;
}

gboolean
queen_via_check (const char *via, GError **error)
{
  guint n = 0;

  for (const char *name = find_name (via); name; name = find_name (name + NAME_LENGTH))
    if (strncmp (name, get_own_name (), NAME_LENGTH) == 0)
      {
        g_set_error_literal (error, QUEEN_ERROR, QUEEN_ERROR_BAD_GATEWAY,
                             "the worker or hive that is asked is the queen herself");
        return FALSE;
      }
    else
      n++;
  if (n < QUEEN_VIA_MAX_QUEENS)
    return TRUE;
  g_set_error (error, QUEEN_ERROR, QUEEN_ERROR_BAD_GATEWAY,
               "this was handed on by %u queens already", n);
  return FALSE;
}

char *
queen_via_dup_queens (const char *via)
{
  GString *queens = g_string_new (NULL);
  guint n = 0;

  for (const char *name = find_name (via); name && n < QUEEN_VIA_MAX_QUEENS;
       name = find_name (name + NAME_LENGTH), n++)
    g_string_append_printf (queens, "1.1 %.*s, ", (int) NAME_LENGTH, name);
  return g_string_free (queens, n == 0);
}

char *
queen_via_dup_with_own (const char *queens)
{
  return g_strconcat (queens ? queens : "", "1.1 ", get_own_name (), NULL);
}
