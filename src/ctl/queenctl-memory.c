/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queenctl-memory.h"

#include <string.h>

#include "text/queen-hash.h"

#define MOST_BYTES (256 * 1024 * 1024)
#define ENTRY_SIZE 256 /* bytes, beside the texts */

struct _QueenctlMemory
{
  GHashTable *conditions; /* by kind and id, with a slash between */
  gsize n_bytes;          /* of all that */
};

static gsize
measure_entry (const char *key, const QueenctlCondition *condition)
{
  return ENTRY_SIZE + strlen (key) + strlen (condition->status) + strlen (condition->health) +
         strlen (condition->reason);
}

/* Of more than that all is forgotten: it can only come of names that are made up without end.
 *
 * @key, @condition: (transfer full) */
static void
keep_condition (QueenctlMemory *self, char *key, QueenctlCondition *condition)
{
  const QueenctlCondition *before = g_hash_table_lookup (self->conditions, key);

  self->n_bytes += measure_entry (key, condition);
  if (before)
    self->n_bytes -= measure_entry (key, before);
  if (self->n_bytes > MOST_BYTES)
    {
      g_hash_table_remove_all (self->conditions);
      self->n_bytes = measure_entry (key, condition);
    }
  g_hash_table_replace (self->conditions, key, condition);
}

QueenctlMemory *
queenctl_memory_new (void)
{
  QueenctlMemory *self = g_new0 (QueenctlMemory, 1);

  self->conditions = g_hash_table_new_full (queen_string_hash, g_str_equal, g_free,
                                            (GDestroyNotify) queenctl_condition_free);
  return self;
}

void
queenctl_memory_free (QueenctlMemory *self)
{
  g_hash_table_unref (self->conditions);
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
      const char *status = queenctl_component_get_string (component, "status");

      keep_condition (self, g_strdup_printf ("%s/%s", kind, id),
                      queenctl_condition_new (status, component));
    }
}

static char *
dup_key (const QueenctlEvent *event)
{
  return g_strdup_printf ("%s/%s", event->kind, event->id);
}

const QueenctlCondition *
queenctl_memory_get (QueenctlMemory *self, const QueenctlEvent *event)
{
  g_autofree char *key = dup_key (event);

  return g_hash_table_lookup (self->conditions, key);
}

void
queenctl_memory_set (QueenctlMemory *self, const QueenctlEvent *event, QueenctlCondition *now)
{
  keep_condition (self, dup_key (event), now);
}
