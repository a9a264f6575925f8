/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-distance.h"

#include <string.h>

#define MAX_COMPARED 32 /* bytes of a name */

guint
queen_distance_get (const char *a, const char *b)
{
  gsize a_length = MIN (strlen (a), MAX_COMPARED);
  gsize b_length = MIN (strlen (b), MAX_COMPARED);
  guint rows[3][MAX_COMPARED + 1]; /* from the first letters of @a to each beginning of @b */

  for (gsize j = 0; j <= b_length; j++)
    rows[0][j] = (guint) j;
  for (gsize i = 1; i <= a_length; i++)
    {
      guint *row = rows[i % 3];
      const guint *above = rows[(i - 1) % 3];

      row[0] = (guint) i;
      for (gsize j = 1; j <= b_length; j++)
        {
          row[j] = MIN (above[j - 1] + (a[i - 1] != b[j - 1]), MIN (row[j - 1], above[j]) + 1);
          if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
            row[j] = MIN (row[j], rows[(i - 2) % 3][j - 2] + 1);
        }
    }
  return rows[a_length % 3][b_length];
}
