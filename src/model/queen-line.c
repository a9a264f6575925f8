/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-line.h"

#include "loop/queen-fair-queue.h"
#include "text/queen-hash.h"

/* Somebody who waits, or a group of those. */
typedef struct _QueenLineAsker
{
  QueenLine *line;
  struct _QueenLineAsker *group; /* NULL for all together */
  char *name;
  GHashTable *members; /* of a group: name -> Asker */
  GQueue turns;        /* likewise, but for those that were passed over: whose turn it is first */
  GQueue places;       /* of one that is no group: of QueenLinePlace, oldest first */
  guint n;             /* places, those of members as well */
  GList link;          /* among the turns of its group, or in its line's passed */
  gboolean is_passed;
} Asker;

struct _QueenLine
{
  Asker all;
  GQueue passed; /* of Asker, in the order of their turns; a group behind the last one of it */
};

static GQueue *
get_queue (const Asker *asker)
{
  return asker->is_passed ? &asker->line->passed : &asker->group->turns;
}

static void
free_asker (gpointer data)
{
  Asker *asker = data;

  g_queue_unlink (get_queue (asker), &asker->link);
  g_clear_pointer (&asker->members, g_hash_table_unref);
  g_free (asker->name);
  g_free (asker);
}

QueenLine *
queen_line_new (void)
{
  QueenLine *self = g_new0 (QueenLine, 1);

  self->all.line = self;
  return self;
}

void
queen_line_free (QueenLine *self)
{
  g_return_if_fail (self->all.n == 0);

  g_clear_pointer (&self->all.members, g_hash_table_unref);
  g_free (self);
}

static Asker *
lookup_member (const Asker *group, const char *name)
{
  return group->members ? g_hash_table_lookup (group->members, name) : NULL;
}

/* A group that was passed over has somebody new, whose turn it may be. */
static void
unpass (Asker *asker)
{
  if (!asker->is_passed)
    return;
  g_queue_unlink (&asker->line->passed, &asker->link);
  asker->is_passed = FALSE;
  g_queue_push_head_link (&asker->group->turns, &asker->link);
}

static Asker *
get_member (Asker *group, const char *name)
{
  Asker *member = lookup_member (group, name);

  if (member)
    return member;
  unpass (group);
  if (!group->members)
    group->members = g_hash_table_new_full (queen_string_hash, g_str_equal, NULL, free_asker);
  member = g_new0 (Asker, 1);
  member->line = group->line;
  member->group = group;
  member->name = g_strdup (name);
  member->link.data = member;
  g_queue_push_tail_link (&group->turns, &member->link);
  g_hash_table_insert (group->members, member->name, member);
  return member;
}

void
queen_line_enter (QueenLine *self, QueenLinePlace *place, const char *name, gpointer item)
{
  const char *names[3];
  g_autofree char *group = NULL;
  Asker *asker = &self->all;

  g_return_if_fail (!place->asker);

  queen_fair_queue_split (name, &group, names);
  for (guint i = 0; names[i]; i++)
    asker = get_member (asker, names[i]);
  place->asker = asker;
  place->item = item;
  place->link.data = place;
  g_queue_push_tail_link (&asker->places, &place->link);
  for (; asker; asker = asker->group)
    asker->n++;
}

/* Where only those are left that were passed over, their group is. */
static void
pass_over (Asker *asker)
{
  for (; asker->group && !asker->is_passed && !asker->turns.head; asker = asker->group)
    {
      g_queue_unlink (&asker->group->turns, &asker->link);
      asker->is_passed = TRUE;
      g_queue_push_tail_link (&asker->line->passed, &asker->link);
    }
}

void
queen_line_leave (QueenLinePlace *place)
{
  Asker *asker = g_steal_pointer (&place->asker);
  Asker *group;

  if (!asker)
    return;
  g_queue_unlink (&asker->places, &place->link);
  for (; asker; asker = group)
    {
      group = asker->group;
      if (--asker->n == 0 && group)
        g_hash_table_remove (group->members, asker->name);
      else if (asker->members)
        pass_over (asker);
    }
}

void
queen_line_take (QueenLinePlace *place)
{
  g_return_if_fail (place->asker && !place->asker->is_passed);

  for (Asker *asker = place->asker; asker->group; asker = asker->group)
    {
      g_queue_unlink (&asker->group->turns, &asker->link);
      g_queue_push_tail_link (&asker->group->turns, &asker->link);
    }
  queen_line_leave (place);
}

/* Returns: (nullable): whose turn it is */
static Asker *
get_first (const QueenLine *self)
{
  const Asker *asker = &self->all;

  while (asker->turns.head)
    asker = asker->turns.head->data;
  return asker->group ? (Asker *) asker : NULL;
}

gpointer
queen_line_peek (const QueenLine *self)
{
  const Asker *first = get_first (self);

  return first ? ((QueenLinePlace *) first->places.head->data)->item : NULL;
}

void
queen_line_pass (QueenLine *self)
{
  pass_over (get_first (self));
}

void
queen_line_pass_group (QueenLine *self)
{
  Asker *first = get_first (self);
  Asker *group = first->group;

  if (!group->group)
    pass_over (first);
  while (group->group && group->turns.head)
    pass_over (group->turns.head->data);
}

void
queen_line_restart (QueenLine *self)
{
  while (self->passed.tail)
    unpass (self->passed.tail->data);
}

guint
queen_line_get_length (const QueenLine *self)
{
  return self->all.n;
}

/* Returns: of @most and those of @group in @queue, who has most, and of those the one whose turn
 *   comes last */
static const Asker *
find_most_in (const GQueue *queue, const Asker *group, const Asker *most)
{
  for (const GList *link = queue->head; link; link = link->next)
    {
      const Asker *asker = link->data;

      if (asker->group == group && (!most || asker->n >= most->n))
        most = asker;
    }
  return most;
}

/* Returns: (nullable): who of @group has most */
static const Asker *
find_most (const Asker *group)
{
  return find_most_in (&group->turns, group, find_most_in (&group->line->passed, group, NULL));
}

gpointer
queen_line_find_greediest (const QueenLine *self, const char *name)
{
  const char *names[3];
  g_autofree char *group_name = NULL;
  const Asker *group = &self->all, *most = find_most (group);

  queen_fair_queue_split (name, &group_name, names);
  for (guint i = 0; most && names[i]; i++)
    {
      const Asker *own = lookup_member (group, names[i]);

      if ((own ? own->n : 0) + 1 < most->n)
        break;
      group = own;
      most = own && own->members ? find_most (own) : NULL;
    }
  while (most && most->members)
    most = find_most (most);
  return most ? ((QueenLinePlace *) most->places.tail->data)->item : NULL;
}

static void
add_members (const GQueue *queue, const Asker *group, GPtrArray *members)
{
  for (const GList *link = queue->head; link; link = link->next)
    if (((Asker *) link->data)->group == group)
      g_ptr_array_add (members, link->data);
}

/* Round by round; who has no more is in no further one.
 *
 * @lists: of GPtrArray of items, none of them empty
 * @items: where they go, one of each list after the other */
static void
merge_lists (const GPtrArray *lists, GPtrArray *items)
{
  g_autoptr (GPtrArray) left = g_ptr_array_sized_new (lists->len);

  for (guint i = 0; i < lists->len; i++)
    g_ptr_array_add (left, lists->pdata[i]);
  for (guint round = 0; left->len > 0; round++)
    {
      guint n_left = 0;

      for (guint i = 0; i < left->len; i++)
        {
          GPtrArray *list = left->pdata[i];

          g_ptr_array_add (items, list->pdata[round]);
          if (round + 1 < list->len)
            left->pdata[n_left++] = list;
        }
      g_ptr_array_set_size (left, (int) n_left);
    }
}

/* Returns: (transfer full): what waits of @asker, in the order in which its turns come */
static GPtrArray *
list_items (const Asker *asker)
{
  GPtrArray *items = g_ptr_array_sized_new (asker->n);
  g_autoptr (GPtrArray) members = g_ptr_array_new ();
  g_autoptr (GPtrArray) lists = g_ptr_array_new_with_free_func ((GDestroyNotify) g_ptr_array_unref);

  for (const GList *link = asker->places.head; link; link = link->next)
    g_ptr_array_add (items, ((QueenLinePlace *) link->data)->item);
  if (!asker->members)
    return items;
  add_members (&asker->line->passed, asker, members);
  add_members (&asker->turns, asker, members);
  for (guint i = 0; i < members->len; i++)
    g_ptr_array_add (lists, list_items (members->pdata[i]));
  merge_lists (lists, items);
  return items;
}

GPtrArray *
queen_line_list (const QueenLine *self)
{
  return list_items (&self->all);
}
