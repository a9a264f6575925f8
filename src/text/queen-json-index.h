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

/** Returns: (transfer none) (nullable): @name as it is among the names: always the same pointer */
static inline const char *
queen_json_index_find (const QueenJsonIndex *self, const char *name)
{
  guint8 first = self->first[(guchar) *name];

  if (first == 0)
    return NULL;
  for (const char *const *at = self->names + first - 1; *at && **at == *name; at++)
    if (g_str_equal (*at, name))
      return *at;
  return NULL;
}

G_END_DECLS
