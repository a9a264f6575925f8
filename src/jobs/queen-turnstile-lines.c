/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-turnstile-lines.h"

/* On whose account somebody waits, or a network with such; and in each of them, where for. */
typedef struct _QueenTurnstileNode
{
  struct _QueenTurnstileNode *group; /* NULL for all together */
  const QueenTurnstileParty *party;
  gint64 turn;          /* among those in its group; machines have theirs one after the other */
  GSequenceIter *place; /* likewise */
  GHashTable *members;  /* of a group: Party -> Node */
  GSequence *order;     /* of these: whose turn it is comes first */
  GQueue lines;         /* of a machine: of QueenTurnstileLine, likewise */
} Node;

struct _QueenTurnstileLines
{
  Node all;
};

static int
compare_turns (gconstpointer a, gconstpointer b, gpointer data)
{
  const Node *first = a, *second = b;

  return (first->turn > second->turn) - (first->turn < second->turn);
}

static void
clear_members (Node *node)
{
  g_clear_pointer (&node->members, g_hash_table_unref);
  g_clear_pointer (&node->order, g_sequence_free);
}

static void
free_node (gpointer data)
{
  Node *node = data;

  g_sequence_remove (node->place);
  clear_members (node);
  g_free (node);
}

QueenTurnstileLines *
queen_turnstile_lines_new (void)
{
  return g_new0 (QueenTurnstileLines, 1);
}

void
queen_turnstile_lines_free (QueenTurnstileLines *self)
{
  g_return_if_fail (!self->all.order || g_sequence_is_empty (self->all.order));

  clear_members (&self->all);
  g_free (self);
}

static Node *
lookup_member (const Node *group, const QueenTurnstileParty *party)
{
  return group->members ? g_hash_table_lookup (group->members, party) : NULL;
}

static Node *
ensure_member (Node *group, const QueenTurnstileParty *party, gint64 turn)
{
  Node *node = lookup_member (group, party);

  if (node)
    return node;
  if (!group->members)
    {
      group->members = g_hash_table_new_full (NULL, NULL, NULL, free_node);
      group->order = g_sequence_new (NULL);
    }
  node = g_new0 (Node, 1);
  node->group = group;
  node->party = party;
  node->turn = turn;
  node->place = g_sequence_insert_sorted (group->order, node, compare_turns, NULL);
  g_hash_table_insert (group->members, (gpointer) party, node);
  return node;
}

static Node *
ensure_payer (Node *group, const QueenTurnstileParty *party)
{
  return ensure_member (group, party, queen_turnstile_party_get_turn (party));
}

void
queen_turnstile_lines_enter (QueenTurnstileLines *self,
                             QueenTurnstileLine *line,
                             QueenTurnstileParty *payer,
                             QueenTurnstileParty *machine,
                             gpointer item)
{
  Node *group = payer->wide ? ensure_payer (&self->all, payer->wide) : &self->all;

  line->lines = self;
  line->node = ensure_member (ensure_payer (group, payer), machine, 0);
  line->link.data = item;
  g_queue_push_tail_link (&line->node->lines, &line->link);
}

static gboolean
is_empty (const Node *node)
{
  return node->lines.length == 0 && (!node->order || g_sequence_is_empty (node->order));
}

void
queen_turnstile_lines_leave (QueenTurnstileLine *line)
{
  Node *node = g_steal_pointer (&line->node), *group;

  line->lines = NULL;
  if (!node)
    return;
  g_queue_unlink (&node->lines, &line->link);
  for (; node->group && is_empty (node); node = group)
    {
      group = node->group;
      g_hash_table_remove (group->members, node->party);
    }
}

void
queen_turnstile_lines_renew (QueenTurnstileLine *line)
{
  Node *node = line->node;

  g_queue_unlink (&node->lines, &line->link);
  g_queue_push_tail_link (&node->lines, &line->link);
  g_sequence_move (node->place, g_sequence_get_end_iter (node->group->order));
}

/* @node: (nullable) */
static void
sort (Node *node)
{
  if (!node)
    return;
  node->turn = queen_turnstile_party_get_turn (node->party);
  g_sequence_sort_changed (node->place, compare_turns, NULL);
}

void
queen_turnstile_lines_sort (QueenTurnstileLines *self, const QueenTurnstileParty *payer)
{
  Node *wide = payer->wide ? lookup_member (&self->all, payer->wide) : &self->all;

  if (!wide)
    return;
  sort (lookup_member (wide, payer));
  if (wide->group)
    sort (wide);
}

/* @seen: (inout): of the line that was looked at last
 *
 * Returns: (nullable): whose line is the first in @node that may enter */
static gpointer
find_in (const Node *node, QueenTurnstileLookFunc look, QueenTurnstileLook *seen)
{
  GSequenceIter *iter = node->order ? g_sequence_get_begin_iter (node->order) : NULL;
  gpointer found = NULL;

  for (GList *link = node->lines.head; link && *seen == QUEEN_TURNSTILE_LINE_WAITS;
       link = link->next)
    if ((*seen = look (link->data)) == QUEEN_TURNSTILE_MAY_ENTER)
      return link->data;
  if (*seen == QUEEN_TURNSTILE_MACHINE_WAITS)
    *seen = QUEEN_TURNSTILE_LINE_WAITS; /* others wait for other machines */
  for (; iter && !found && *seen != QUEEN_TURNSTILE_ALL_WAIT && !g_sequence_iter_is_end (iter);
       iter = g_sequence_iter_next (iter))
    found = find_in (g_sequence_get (iter), look, seen);
  if (!node->group || !node->group->group)
    *seen = QUEEN_TURNSTILE_LINE_WAITS;
  return found;
}

gpointer
queen_turnstile_lines_find (const QueenTurnstileLines *self, QueenTurnstileLookFunc look)
{
  QueenTurnstileLook seen = QUEEN_TURNSTILE_LINE_WAITS;

  return find_in (&self->all, look, &seen);
}
