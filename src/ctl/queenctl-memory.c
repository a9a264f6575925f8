/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queenctl-memory.h"

#include "text/queen-hash.h"

struct _QueenctlMemory
{
  GHashTable *statuses; /* by kind and id, with a slash between */
};

QueenctlMemory *
queenctl_memory_new (void)
{
  QueenctlMemory *self = g_new0 (QueenctlMemory, 1);

  self->statuses = g_hash_table_new_full (queen_string_hash, g_str_equal, g_free, g_free);
  return self;
}

void
queenctl_memory_free (QueenctlMemory *self)
{
  g_hash_table_unref (self->statuses);
  g_free (self);
}

void
queenctl_memory_learn (QueenctlMemory *self, GPtrArray *components)
{
  for (guint i = 0; i < components->len; i++)
    {
      const QueenctlComponent *component = g_ptr_array_index (components, i);
      const char *kind = queen_component_kind_get_name (queenctl_component_get_kind (component));
      const char *id = queenctl_component_get_string (component, "id");

      g_hash_table_replace (self->statuses, g_strdup_printf ("%s/%s", kind, id),
                            g_strdup (queenctl_component_get_string (component, "status")));
    }
}

gboolean
queenctl_memory_take (QueenctlMemory *self, const QueenctlEvent *event, char **before)
{
  g_autofree char *key = g_strdup_printf ("%s/%s", event->kind, event->id);
  const char *status = g_hash_table_lookup (self->statuses, key);

  *before = g_strdup (status);
  if (g_strcmp0 (status, event->status) == 0)
    return FALSE;
  g_hash_table_replace (self->statuses, g_steal_pointer (&key), g_strdup (event->status));
  return TRUE;
}
