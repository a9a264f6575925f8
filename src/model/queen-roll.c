/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-roll.h"

#include "text/queen-json-writer.h"

#define MAX_PLACES 64 /* of one block */

struct _QueenRollBlock
{
  GList link; /* among the blocks of its roll */
  GQueue places;
  guint64 last; /* no sequence in it is larger */
  /* Where its part of the roll's JSON is: its ids with a comma behind each. */
  gsize offset;
  gsize length;
  GString *fresh; /* what takes the place of that part; NULL when nothing has changed there */
};

struct _QueenRoll
{
  GQueue blocks;
  GString *json;
  GString
      *last; /* what that was before; kept, as fresh memory of this size costs more than a copy */
  gboolean is_stale; /* a block has something fresh, or one has gone */
};

static QueenRollBlock *
add_block (QueenRoll *self)
{
  QueenRollBlock *block = g_new0 (QueenRollBlock, 1);

  block->link.data = block;
  g_queue_push_tail_link (&self->blocks, &block->link);
  return block;
}

static void
remove_block (QueenRoll *self, QueenRollBlock *block)
{
  g_queue_unlink (&self->blocks, &block->link);
  if (block->fresh)
    g_string_free (block->fresh, TRUE);
  g_free (block);
  self->is_stale = TRUE;
}

static void
write_place (QueenRollPlace *place, GString *json)
{
  gsize start = json->len;

  queen_json_append_string (json, place->id);
  g_string_append_c (json, ',');
  place->length = (guint) (json->len - start);
}

/* This is not left to whoever asks for the whole: then all blocks might have to be written in one
 * turn of the main loop.
 *
 * Returns: (transfer none): what is written of @block so far, to be changed */
static GString *
open_block (QueenRoll *self, QueenRollBlock *block)
{
  self->is_stale = TRUE;
  if (block->fresh)
    return block->fresh;
  block->fresh = g_string_new_len (self->json->str + block->offset, (gssize) block->length);
  /* The last comma of the whole was none. */
  if (block->length > 0)
    block->fresh->str[block->length - 1] = ',';
  return block->fresh;
}

/* Returns: where in its block's part of the JSON @place is, or would be */
static gsize
find_offset (const QueenRollPlace *place)
{
  gsize offset = 0;

  for (GList *link = place->link.prev; link; link = link->prev)
    offset += ((QueenRollPlace *) link->data)->length;
  return offset;
}

static void
insert_place (QueenRollPlace *place, GString *json)
{
  g_autoptr (GString) text = NULL;

  if (!place->link.next) /* as those who are new are */
    {
      write_place (place, json);
      return;
    }
  text = g_string_new (NULL);
  write_place (place, text);
  g_string_insert_len (json, (gssize) find_offset (place), text->str, (gssize) text->len);
}

/* Blocks that shrink become one, or after years of coming and going there would be one for each
 * id. */
static void
merge_if_small (QueenRoll *self, GList *first_link, GList *second_link)
{
  QueenRollBlock *first = first_link ? first_link->data : NULL;
  QueenRollBlock *second = second_link ? second_link->data : NULL;
  GString *json, *more;
  GList *link;

  if (!first || !second || first->places.length + second->places.length > MAX_PLACES / 2)
    return;
  json = open_block (self, first);
  more = open_block (self, second);
  while ((link = g_queue_pop_head_link (&second->places)))
    {
      QueenRollPlace *place = link->data;

      place->block = first;
      g_queue_push_tail_link (&first->places, link);
    }
  g_string_append_len (json, more->str, (gssize) more->len);
  first->last = second->last;
  remove_block (self, second);
}

QueenRoll *
queen_roll_new (void)
{
  QueenRoll *self = g_new0 (QueenRoll, 1);

  self->json = g_string_new ("[]");
  self->last = g_string_new (NULL);
  return self;
}

void
queen_roll_add (QueenRoll *self, QueenRollPlace *place, const char *id, guint64 sequence)
{
  QueenRollBlock *last = g_queue_peek_tail (&self->blocks);

  *place = (QueenRollPlace){ .id = id, .sequence = sequence, .link.data = place };
  place->block = last && last->places.length < MAX_PLACES ? last : add_block (self);
  place->block->last = sequence;
  g_queue_push_tail_link (&place->block->places, &place->link);
}

void
queen_roll_remove (QueenRoll *self, QueenRollPlace *place)
{
  QueenRollBlock *block = place->block;

  queen_roll_set_present (self, place, FALSE);
  g_queue_unlink (&block->places, &place->link);
  if (block->places.length == 0)
    {
      remove_block (self, block);
      return;
    }
  merge_if_small (self, &block->link, block->link.next);
  merge_if_small (self, block->link.prev, &block->link);
}

void
queen_roll_set_present (QueenRoll *self, QueenRollPlace *place, gboolean is_present)
{
  GString *json;

  if (place->is_present == is_present)
    return;
  json = open_block (self, place->block);
  place->is_present = is_present;
  if (is_present)
    {
      insert_place (place, json);
      return;
    }
  g_string_erase (json, (gssize) find_offset (place), (gssize) place->length);
  place->length = 0;
}

/* A block is never empty. */
static QueenRollPlace *
get_first (GList *link)
{
  return link ? g_queue_peek_head (&((QueenRollBlock *) link->data)->places) : NULL;
}

QueenRollPlace *
queen_roll_get_next (QueenRollPlace *place)
{
  return place->link.next ? place->link.next->data : get_first (place->block->link.next);
}

QueenRollPlace *
queen_roll_find_behind (QueenRoll *self, guint64 sequence)
{
  GList *link = self->blocks.head;
  QueenRollPlace *place;

  while (link && ((QueenRollBlock *) link->data)->last <= sequence)
    link = link->next;
  place = get_first (link);
  while (place && place->sequence <= sequence)
    place = queen_roll_get_next (place);
  return place;
}

/* Appends a block's part of the whole, of which @last was the last. */
static void
append_block (QueenRollBlock *block, const GString *last, GString *json)
{
  g_autoptr (GString) fresh = g_steal_pointer (&block->fresh);
  gsize offset = json->len;

  if (fresh)
    g_string_append_len (json, fresh->str, (gssize) fresh->len);
  else
    g_string_append_len (json, last->str + block->offset, (gssize) block->length);
  block->offset = offset;
  block->length = json->len - offset;
  /* The last comma of the whole was none. */
  if (block->length > 0)
    json->str[json->len - 1] = ',';
}

static void
write_json (QueenRoll *self)
{
  GString *last = self->json;

  self->json = g_steal_pointer (&self->last);
  self->last = last;
  g_string_assign (self->json, "[");
  for (GList *link = self->blocks.head; link; link = link->next)
    append_block (link->data, last, self->json);
  /* The last comma belongs to nobody. */
  g_string_truncate (self->json, MAX (self->json->len - 1, 1));
  g_string_append_c (self->json, ']');
  self->is_stale = FALSE;
}

const char *
queen_roll_get_json (QueenRoll *self, gsize *length)
{
  if (self->is_stale)
    write_json (self);
  *length = self->json->len;
  return self->json->str;
}

void
queen_roll_free (QueenRoll *self)
{
  QueenRollBlock *block;

  while ((block = g_queue_peek_head (&self->blocks)))
    remove_block (self, block);
  g_string_free (self->json, TRUE);
  g_string_free (self->last, TRUE);
  g_free (self);
}
