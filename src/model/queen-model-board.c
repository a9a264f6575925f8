/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-model-board.h"

#include <string.h>

#include "loop/queen-fair-queue.h"
#include "queen-senders.h"
#include "text/queen-hash.h"
#include "text/queen-sharded-table.h"

#define HERE "here"   /* who is not counted; all others begin otherwise */
#define NOBODY ""     /* who has brought nothing */
#define MAX_TRIED 32  /* who have brought a model as well, and may have room for it */
#define MAX_MOVED 32  /* models, in one go, from one who has most to one who has less */
#define MAX_INVITED 2 /* of those left out, in one go */

struct _QueenModelBoard
{
  guint most;
  gsize most_bytes;
  gsize n_bytes;             /* of the ids that are named */
  QueenShardedTable *items;  /* id -> Item, whose it is */
  QueenShardedTable *claims; /* of Claim: who has brought what */
  GTree *named;              /* id -> Item, in the order of the letters */
  QueenFairQueue *shown;     /* of Item: the same */
  QueenFairQueue *hidden; /* of Item: all others, which take turns when it may be that there is room
                           */
};

/* A model. */
typedef struct
{
  const char *id;
  GQueue claims;        /* of Claim: it counts for the first of them */
  QueenFairPlace place; /* among those that are named, or among the others */
  gboolean is_named;
} Item;

/* What somebody has of a model. */
typedef struct
{
  Item *item;
  char *sender; /* NULL for who is not counted */
  guint n;      /* workers */
  GList link;   /* among the claims of the model */
} Claim;

static guint
hash_claim (gconstpointer data)
{
  const Claim *claim = data;
  const gsize words[] = { GPOINTER_TO_SIZE (claim->item),
                          claim->sender ? queen_string_hash (claim->sender) : 0 };

  return queen_bytes_hash (words, sizeof words);
}

static gboolean
is_same_claim (gconstpointer a, gconstpointer b)
{
  const Claim *first = a, *second = b;

  return first->item == second->item && g_strcmp0 (first->sender, second->sender) == 0;
}

static void
free_claim (gpointer data)
{
  Claim *claim = data;

  g_queue_unlink (&claim->item->claims, &claim->link);
  g_clear_pointer (&claim->sender, g_ref_string_release);
  g_free (claim);
}

static int
compare_board_ids (gconstpointer a, gconstpointer b, gpointer data)
{
  return strcmp (a, b);
}

QueenModelBoard *
queen_model_board_new (guint most, gsize most_bytes)
{
  QueenModelBoard *self = g_new0 (QueenModelBoard, 1);

  self->most = most;
  self->most_bytes = most_bytes;
  self->items = queen_sharded_table_new (queen_string_hash, g_str_equal, NULL, g_free);
  self->claims = queen_sharded_table_new (hash_claim, is_same_claim, free_claim, NULL);
  self->named = g_tree_new_full (compare_board_ids, NULL, NULL, NULL);
  self->shown = queen_fair_queue_new (G_MAXUINT);
  self->hidden = queen_fair_queue_new (G_MAXUINT);
  return self;
}

void
queen_model_board_free (QueenModelBoard *self)
{
  QueenShardedTableIter iter;
  gpointer item;

  queen_sharded_table_iter_init (&iter, self->items);
  while (queen_sharded_table_iter_next (&iter, NULL, &item))
    queen_fair_queue_leave (&((Item *) item)->place);
  queen_fair_queue_free (self->shown);
  queen_fair_queue_free (self->hidden);
  g_tree_unref (self->named);
  queen_sharded_table_free (self->claims);
  queen_sharded_table_free (self->items);
  g_free (self);
}

/* Returns: (transfer full): as whom a queue knows who the model counts for */
static char *
dup_payer (const Item *item)
{
  const Claim *claim = item->claims.head->data;

  return claim->sender ? queen_sender_dup_asker (claim->sender) : g_strdup (HERE);
}

/* In parts of what one may take for all to find room. */
static guint
weigh_item (const QueenModelBoard *self, const Item *item)
{
  return 1 + (guint) (strlen (item->id) * self->most / self->most_bytes);
}

static void
take_off (QueenModelBoard *self, Item *item)
{
  queen_fair_queue_leave (&item->place);
  if (!item->is_named)
    return;
  item->is_named = FALSE;
  self->n_bytes -= strlen (item->id);
  g_tree_remove (self->named, item->id);
}

/* However little room there is. */
static void
show_item (QueenModelBoard *self, Item *item)
{
  g_autofree char *payer = dup_payer (item);

  take_off (self, item);
  item->is_named = TRUE;
  self->n_bytes += strlen (item->id);
  g_tree_insert (self->named, (gpointer) item->id, item);
  queen_fair_queue_enter (self->shown, &item->place, payer, item);
  queen_fair_queue_weigh (&item->place, weigh_item (self, item));
}

static void
hide_item (QueenModelBoard *self, Item *item)
{
  g_autofree char *payer = dup_payer (item);

  take_off (self, item);
  queen_fair_queue_enter (self->hidden, &item->place, payer, item);
}

static gboolean
is_over (const QueenModelBoard *self)
{
  return (guint) g_tree_nnodes (self->named) > self->most || self->n_bytes > self->most_bytes;
}

/* Has it count for another of those who have brought it, who has clearly less than who has most.
 *
 * Returns: whether there is one */
static gboolean
find_payer (QueenModelBoard *self, Item *item)
{
  guint n = MIN (item->claims.length, MAX_TRIED);

  for (guint i = 1; i < n; i++)
    {
      g_autofree char *payer = NULL;

      g_queue_push_tail_link (&item->claims, g_queue_pop_head_link (&item->claims));
      payer = dup_payer (item);
      if (queen_fair_queue_find_greediest (self->shown, payer))
        return TRUE;
    }
  return FALSE;
}

/* Who has most gives way, be it the one that has brought @item. */
static void
try_to_show (QueenModelBoard *self, Item *item)
{
  guint n_moved = 0;

  show_item (self, item);
  while (is_over (self))
    {
      Item *last = queen_fair_queue_find_greediest (self->shown, NOBODY);

      /* Nobody has more than one. */
      if (!last)
        last = item->is_named ? item : queen_fair_queue_peek (self->shown);
      take_off (self, last);
      if (n_moved++ < MAX_MOVED && find_payer (self, last))
        show_item (self, last);
      else
        hide_item (self, last);
    }
}

/* Returns: whether it counts for one who has clearly less than who has most */
static gboolean
may_displace (gpointer item, gpointer data)
{
  g_autofree char *payer = dup_payer (item);

  return queen_fair_queue_find_greediest (((QueenModelBoard *) data)->shown, payer) != NULL;
}

static gboolean
finds_room (gpointer item, gpointer data)
{
  const QueenModelBoard *self = data;

  return (guint) g_tree_nnodes (self->named) < self->most &&
         self->n_bytes + strlen (((Item *) item)->id) <= self->most_bytes;
}

/* There may be room again. */
static void
invite_some (QueenModelBoard *self)
{
  for (int i = 0; i < MAX_INVITED; i++)
    {
      Item *item = queen_fair_queue_find (self->hidden, may_displace, self);

      if (!item)
        item = queen_fair_queue_find (self->hidden, finds_room, self);
      if (!item)
        return;
      queen_fair_queue_take_place (&item->place);
      try_to_show (self, item);
    }
}

static Item *
get_item (QueenModelBoard *self, const char *id)
{
  Item *item = queen_sharded_table_lookup (self->items, id);

  if (item)
    return item;
  item = g_new0 (Item, 1);
  item->id = id;
  queen_sharded_table_insert (self->items, (gpointer) id, item);
  return item;
}

/* Mostly there is one who has brought a model, and nobody needs to look for that. */
static Claim *
lookup_claim (QueenModelBoard *self, Item *item, char *sender)
{
  const Claim key = { .item = item, .sender = sender };
  Claim *first = g_queue_peek_head (&item->claims);

  if (!first || is_same_claim (first, &key))
    return first;
  return queen_sharded_table_lookup (self->claims, &key);
}

static Claim *
add_claim (QueenModelBoard *self, Item *item, char *sender)
{
  Claim *claim = g_new0 (Claim, 1);

  claim->item = item;
  claim->sender = sender ? g_ref_string_acquire (sender) : NULL;
  claim->link.data = claim;
  queen_sharded_table_insert (self->claims, claim, claim);
  if (item->is_named)
    g_queue_push_tail_link (&item->claims, &claim->link);
  else
    {
      g_queue_push_head_link (&item->claims, &claim->link);
      try_to_show (self, item);
    }
  return claim;
}

static void
remove_claim (QueenModelBoard *self, Claim *claim)
{
  Item *item = claim->item;

  if (item->claims.head != &claim->link)
    {
      queen_sharded_table_remove (self->claims, claim);
      return;
    }
  take_off (self, item);
  queen_sharded_table_remove (self->claims, claim);
  if (item->claims.length > 0)
    try_to_show (self, item);
  else
    queen_sharded_table_remove (self->items, item->id);
  invite_some (self);
}

void
queen_model_board_count (QueenModelBoard *self, const char *id, char *sender, int n)
{
  Item *item = get_item (self, id);
  Claim *claim = lookup_claim (self, item, sender);

  if (!claim)
    claim = add_claim (self, item, sender);
  claim->n += (guint) n;
  if (claim->n == 0)
    remove_claim (self, claim);
}

const char *
queen_model_board_get_next (const QueenModelBoard *self, const char *id)
{
  GTreeNode *node = id ? g_tree_upper_bound (self->named, id) : g_tree_node_first (self->named);

  return node ? g_tree_node_key (node) : NULL;
}
