/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* What was brought by those who have few. One who has thousands may be in the registry for nothing
 * else than to have others look at all of them: so nothing is looked at but what is found. */

#include <string.h>

#include "queen-registry-private.h"
#include "text/queen-hash.h"

typedef struct
{
  const char *name; /* NULL for all who are not counted */
  guint n;          /* that it has brought, of both kinds */
} Party;

static int
compare_parties (gconstpointer a, gconstpointer b)
{
  const Party *first = a, *second = b;

  if (first->n != second->n)
    return first->n < second->n ? -1 : 1;
  return g_strcmp0 (first->name, second->name);
}

/* Of so many parties that there can be room for no more; @known are those that are there already.
 */
static void
add_parties (GArray *parties, GHashTable *known, QueenRegistry *registry, guint max)
{
  GSequence *by_count = queen_senders_get_parties (registry->senders)->by_count;
  GSequenceIter *iter = g_sequence_get_begin_iter (by_count);

  for (guint n = 0; !g_sequence_iter_is_end (iter); iter = g_sequence_iter_next (iter))
    {
      const QueenSender *sender = g_sequence_get (iter);
      const Party party = { sender->name, 0 };

      n += sender->n_brought;
      if (n > QUEEN_COMPONENT_N_KINDS * max)
        return;
      if (g_hash_table_add (known, sender->name))
        g_array_append_val (parties, party);
    }
}

/* Returns: (transfer full) (element-type Party): who has least first */
static GArray *
list_parties (QueenRegistry *const registries[QUEEN_COMPONENT_N_KINDS], guint max)
{
  GArray *parties = g_array_new (FALSE, FALSE, sizeof (Party));
  g_autoptr (GHashTable) known = g_hash_table_new (queen_string_hash, g_str_equal);
  const Party nobody = { NULL, 0 };

  g_array_append_val (parties, nobody);
  for (int kind = 0; kind < QUEEN_COMPONENT_N_KINDS; kind++)
    add_parties (parties, known, registries[kind], max);
  for (guint i = 0; i < parties->len; i++)
    for (int kind = 0; kind < QUEEN_COMPONENT_N_KINDS; kind++)
      {
        Party *party = &g_array_index (parties, Party, i);

        party->n += queen_registry_count_party (registries[kind], party->name);
      }
  g_array_sort (parties, compare_parties);
  return parties;
}

static void
add_entries (GPtrArray *components, const GQueue *entries)
{
  for (const GList *link = entries->head; link; link = link->next)
    g_ptr_array_add (components, ((const QueenEntry *) link->data)->component);
}

static void
add_of_sender (gpointer sender_, gpointer components)
{
  const QueenSender *sender = sender_;

  add_entries (components, &sender->offline);
  add_entries (components, &sender->online);
  if (sender->members.by_count)
    g_sequence_foreach (sender->members.by_count, add_of_sender, components);
}

static void
add_of_party (GPtrArray *components, QueenRegistry *registry, const char *name)
{
  QueenSender *sender = queen_senders_lookup (registry->senders, name);

  if (!name)
    add_entries (components, &registry->uncounted);
  else if (sender)
    add_of_sender (sender, components);
}

static int
compare_components (gconstpointer a, gconstpointer b)
{
  const QueenComponent *first = *(const QueenComponent *const *) a;
  const QueenComponent *second = *(const QueenComponent *const *) b;

  if (first->kind != second->kind)
    return first->kind < second->kind ? -1 : 1;
  return first->sequence < second->sequence ? -1 : first->sequence > second->sequence;
}

GPtrArray *
queen_registry_list_of_few (QueenRegistry *const registries[QUEEN_COMPONENT_N_KINDS], guint max)
{
  g_autoptr (GArray) parties = list_parties (registries, max);
  GPtrArray *components = g_ptr_array_new ();

  for (guint i = 0; i < parties->len; i++)
    {
      const Party *party = &g_array_index (parties, Party, i);

      if (party->n > max - components->len)
        break;
      for (int kind = 0; kind < QUEEN_COMPONENT_N_KINDS; kind++)
        add_of_party (components, registries[kind], party->name);
    }
  g_ptr_array_sort (components, compare_components);
  return components;
}
