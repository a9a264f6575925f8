/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queenctl-component-set.h"

#include "queenctl-json.h"
#include "text/queen-hash.h"
#include "text/queen-span.h"

#define MOST_BYTES (1024 * 1024 * 1024)
#define LONGEST_TIME (120 * QUEEN_SECOND)

struct _QueenctlComponentSet
{
  GHashTable *components; /* by their ids */
  gsize n_bytes;          /* of all that have come */
  gint64 begin;           /* µs, monotonic */
};

QueenctlComponentSet *
queenctl_component_set_new (gint64 now)
{
  QueenctlComponentSet *self = g_new0 (QueenctlComponentSet, 1);

  self->components = g_hash_table_new_full (queen_string_hash, g_str_equal, NULL,
                                            (GDestroyNotify) queenctl_component_free);
  self->begin = now;
  return self;
}

void
queenctl_component_set_free (QueenctlComponentSet *self)
{
  g_hash_table_unref (self->components);
  g_free (self);
}

void
queenctl_component_set_add (QueenctlComponentSet *self, QueenctlComponent *component)
{
  const char *id = queenctl_component_get_string (component, "id");

  self->n_bytes += queenctl_json_measure (queenctl_component_get_node (component));
  g_hash_table_replace (self->components, (gpointer) id, component);
}

guint
queenctl_component_set_get_size (const QueenctlComponentSet *self)
{
  return g_hash_table_size (self->components);
}

gboolean
queenctl_component_set_is_full (const QueenctlComponentSet *self)
{
  return self->n_bytes > MOST_BYTES;
}

gboolean
queenctl_component_set_is_late (const QueenctlComponentSet *self, gint64 now)
{
  return now - self->begin > LONGEST_TIME;
}

void
queenctl_component_set_move (QueenctlComponentSet *self, GPtrArray *components)
{
  GHashTableIter iter;
  gpointer component;

  g_hash_table_iter_init (&iter, self->components);
  while (g_hash_table_iter_next (&iter, NULL, &component))
    {
      g_hash_table_iter_steal (&iter);
      g_ptr_array_add (components, component);
    }
}
