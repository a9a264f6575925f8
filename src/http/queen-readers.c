/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-readers.h"

#include "net/queen-shares.h"
#include "text/queen-hash.h"

/* One address, or network, as queen_shares_dup_network() has it. */
typedef struct _QueenReaderPlace
{
  char *network;
  guint n_readers;
  gsize n_held; /* bytes */
  GQueue texts; /* of Text: that it holds */
  GList link;   /* among those who hold something */
} Place;

/* What waits for one or several. */
typedef struct _QueenReaderText
{
  GBytes *bytes;
  GQueue readers; /* the one that came first before all others */
  Place *holder;  /* of the first of these; NULL when the queen keeps it */
  GList link;     /* among the texts of its holder, or those without one */
} Text;

struct _QueenReaders
{
  const QueenBudgets *budgets;
  GHashTable *places; /* network -> Place */
  GHashTable *texts;  /* GBytes -> Text */
  GQueue holders;     /* of Place: those who hold something, in the order in which they began */
  GQueue kept;        /* of Text: what the queen keeps, or did when that was last looked at */
};

static void
free_place (gpointer data)
{
  Place *place = data;

  g_free (place->network);
  g_free (place);
}

QueenReaders *
queen_readers_new (const QueenBudgets *budgets)
{
  QueenReaders *self = g_new0 (QueenReaders, 1);

  self->budgets = budgets;
  self->places = g_hash_table_new_full (queen_string_hash, g_str_equal, NULL, free_place);
  self->texts = g_hash_table_new_full (NULL, NULL, NULL, g_free);
  return self;
}

void
queen_readers_free (QueenReaders *self)
{
  g_hash_table_unref (self->texts);
  g_hash_table_unref (self->places);
  g_free (self);
}

/* Those who come by something else than the internet are one. */
static char *
dup_network (const struct sockaddr_storage *client)
{
  char *network = queen_shares_dup_network (client);

  return network ? network : g_strdup ("");
}

/* Who holds what */

/* Whoever came first for it, unless the queen keeps it. */
static void
give_holder (QueenReaders *self, Text *text)
{
  Place *place = ((QueenReader *) text->readers.head->data)->place;

  if (queen_budgets_is_kept (self->budgets, text->bytes))
    {
      g_queue_push_tail_link (&self->kept, &text->link);
      return;
    }
  if (place->texts.length == 0)
    g_queue_push_tail_link (&self->holders, &place->link);
  g_queue_push_tail_link (&place->texts, &text->link);
  place->n_held += g_bytes_get_size (text->bytes);
  text->holder = place;
}

static void
take_holder (QueenReaders *self, Text *text)
{
  Place *place = g_steal_pointer (&text->holder);

  g_queue_unlink (place ? &place->texts : &self->kept, &text->link);
  if (!place)
    return;
  place->n_held -= g_bytes_get_size (text->bytes);
  if (place->texts.length == 0)
    g_queue_unlink (&self->holders, &place->link);
}

/* What the queen kept and does no longer is held by those who wait for it. */
static void
look_at_kept (QueenReaders *self)
{
  for (GList *link = self->kept.head, *next; link; link = next)
    {
      Text *text = link->data;

      next = link->next;
      if (!queen_budgets_is_kept (self->budgets, text->bytes))
        {
          take_holder (self, text);
          give_holder (self, text);
        }
    }
}

/* Coming and going */

static Place *
get_place (QueenReaders *self, const struct sockaddr_storage *client)
{
  g_autofree char *network = dup_network (client);
  Place *place = g_hash_table_lookup (self->places, network);

  if (place)
    return place;
  place = g_new0 (Place, 1);
  place->network = g_steal_pointer (&network);
  place->link.data = place;
  g_hash_table_insert (self->places, place->network, place);
  return place;
}

static Text *
get_text (QueenReaders *self, GBytes *bytes)
{
  Text *text = g_hash_table_lookup (self->texts, bytes);

  if (text)
    return text;
  text = g_new0 (Text, 1);
  text->bytes = bytes;
  text->link.data = text;
  g_hash_table_insert (self->texts, bytes, text);
  return text;
}

void
queen_readers_enter (QueenReaders *self,
                     QueenReader *reader,
                     const struct sockaddr_storage *client,
                     GBytes *bytes,
                     gpointer owner)
{
  reader->place = get_place (self, client);
  reader->text = get_text (self, bytes);
  reader->owner = owner;
  reader->link.data = reader;
  reader->place->n_readers++;
  g_queue_push_tail_link (&reader->text->readers, &reader->link);
  if (reader->text->readers.length == 1)
    give_holder (self, reader->text);
}

void
queen_readers_release (QueenReaders *self, QueenReader *reader)
{
  Place *place = g_steal_pointer (&reader->place);
  Text *text = g_steal_pointer (&reader->text);
  gboolean was_first;

  if (!place)
    return;
  was_first = text->readers.head == &reader->link;
  g_queue_unlink (&text->readers, &reader->link);
  if (was_first)
    take_holder (self, text);
  if (text->readers.length == 0)
    g_hash_table_remove (self->texts, text->bytes);
  else if (was_first)
    give_holder (self, text);
  if (--place->n_readers == 0)
    g_hash_table_remove (self->places, place->network);
}

/* Making room */

void
queen_readers_foreach_of_text (const QueenReader *reader, void (*func) (gpointer owner))
{
  for (const GList *link = reader->text ? reader->text->readers.head : NULL; link;
       link = link->next)
    func (((QueenReader *) link->data)->owner);
}

static gsize
find_most (const QueenReaders *self)
{
  gsize most = 0;

  for (const GList *link = self->holders.head; link; link = link->next)
    most = MAX (most, ((const Place *) link->data)->n_held);
  return most;
}

static gpointer
get_first_owner (const Place *place)
{
  const Text *text = place->texts.head->data;

  return ((QueenReader *) text->readers.head->data)->owner;
}

gpointer
queen_readers_find_greediest (QueenReaders *self,
                              const struct sockaddr_storage *client,
                              gsize size,
                              QueenReaderFunc is_slow)
{
  g_autofree char *network = dup_network (client);
  const Place *own = g_hash_table_lookup (self->places, network);
  gsize n_own, most;

  look_at_kept (self);
  n_own = own ? own->n_held : 0;
  most = find_most (self);
  for (const GList *link = self->holders.head; link && n_own < most; link = link->next)
    {
      const Place *place = link->data;

      if (place->n_held >= most - most / 4 &&
          (n_own + size < place->n_held || is_slow (get_first_owner (place))))
        return get_first_owner (place);
    }
  return NULL;
}
