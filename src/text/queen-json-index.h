/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * QueenJsonIndex:
 * @names: (array zero-terminated=1): of members, in the order of strcmp()
 * @first: for each letter, one more than the place in @names of the first that begins so
 *
 * Finds names among many: those of a heartbeat are a few of dozens.
 */
typedef struct
{
  const char *const *names;
  guint8 first[256];
} QueenJsonIndex;

/**
 * queen_json_index_init:
 * @names: (array zero-terminated=1): fewer than 256, which it sorts; they outlive the index
 */
void queen_json_index_init (QueenJsonIndex *self, char **names);

/** Returns: whether @name is among the names */
static inline gboolean
queen_json_index_has (const QueenJsonIndex *self, const char *name)
{
  guint8 first = self->first[(guchar) *name];

  if (first == 0)
    return FALSE;
  for (const char *const *at = self->names + first - 1; *at && **at == *name; at++)
    if (g_str_equal (*at, name))
      return TRUE;
  return FALSE;
}

G_END_DECLS
