/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-json-index.h"

#include <stdlib.h>
#include <string.h>

static int
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

void
queen_json_index_init (QueenJsonIndex *self, char **names)
{
  guint n = g_strv_length (names);

  g_return_if_fail (n < G_N_ELEMENTS (self->first));

  qsort (names, n, sizeof *names, compare_names);
  *self = (QueenJsonIndex){ .names = (const char *const *) names };
  for (guint i = n; i > 0; i--)
    self->first[(guchar) *names[i - 1]] = (guint8) i;
}
