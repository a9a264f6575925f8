/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-readers.h"

#include "net/queen-shares.h"
#include "text/queen-hash.h"
#include "text/queen-network.h"

/* One address, or network, as queen_shares_dup_network() has it; or one of 48 bits with all that
 * are in it, which are one to all others. */
typedef struct _QueenReaderPlace Place;

struct _QueenReaderPlace
{
  char *network;
  guint n_readers;
  gsize n_held;    /* bytes */
  guint64 began;   /* to hold something: a number that grows */
  GQueue texts;    /* of Text: that it holds; none of a wide one */
  GArray *holders; /* those in a wide one who hold something, as those of all; else NULL */
  Place *wide;     /* NULL for what is in none */
};

/* Who holds most of thousands is looked for along all of them, for each of dozens that have to go.
 * So what that takes is here, side by side, and not in as many places of the memory. */
typedef struct
{
  gsize n_held;
  guint64 began;
  Place *place;
} Holder;

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
  GArray *holders;    /* of Holder: those who hold something and are in no wide one, in the order in
                         which they began */
  guint64 last_began;
  GQueue kept; /* of Text: what the queen keeps, or did when that was last looked at */
};

static void
free_place (gpointer data)
{
  Place *place = data;

  g_clear_pointer (&place->holders, g_array_unref);
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
  self->holders = g_array_new (FALSE, FALSE, sizeof (Holder));
  return self;
}

void
queen_readers_free (QueenReaders *self)
{
  g_hash_table_unref (self->texts);
  g_hash_table_unref (self->places);
  g_array_unref (self->holders);
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

static int
compare_holders (gconstpointer a, gconstpointer b)
{
  const Holder *first = a, *second = b;

  return (first->began > second->began) - (first->began < second->began);
}

/* @before: what @place had, which has something else now */
static void
update_holder (QueenReaders *self, GArray *holders, Place *place, gsize before)
{
  Holder holder = { place->n_held, place->began, place };
  guint i;

  if (before == 0)
    {
      holder.began = place->began = ++self->last_began;
      g_array_append_val (holders, holder);
    }
  else if (g_array_binary_search (holders, &holder, compare_holders, &i))
    {
      g_array_index (holders, Holder, i) = holder;
      if (holder.n_held == 0)
        g_array_remove_index (holders, i);
    }
}

/* What @place and the network around it hold becomes more, or less. */
static void
count_held (QueenReaders *self, Place *place, gssize n_bytes)
{
  GArray *holders = place->wide ? place->wide->holders : self->holders;
  gsize before = place->n_held;

  place->n_held += (gsize) n_bytes;
  if (place->n_held != before)
    update_holder (self, holders, place, before);
  if (place->wide)
    count_held (self, place->wide, n_bytes);
}

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
  g_queue_push_tail_link (&place->texts, &text->link);
  count_held (self, place, (gssize) g_bytes_get_size (text->bytes));
  text->holder = place;
}

static void
take_holder (QueenReaders *self, Text *text)
{
  Place *place = g_steal_pointer (&text->holder);

  g_queue_unlink (place ? &place->texts : &self->kept, &text->link);
  if (place)
    count_held (self, place, -(gssize) g_bytes_get_size (text->bytes));
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
get_place (QueenReaders *self, const char *network)
{
  Place *place = g_hash_table_lookup (self->places, network);
  g_autofree char *wide = NULL;

  if (place)
    return place;
  place = g_new0 (Place, 1);
  place->network = g_strdup (network);
  g_hash_table_insert (self->places, place->network, place);
  wide = queen_network_dup_wide (network);
  place->wide = wide ? get_place (self, wide) : NULL;
  if (place->wide && !place->wide->holders)
    place->wide->holders = g_array_new (FALSE, FALSE, sizeof (Holder));
  return place;
}

/* One more, or one less, in @place and the network around it. */
static void
count_reader (QueenReaders *self, Place *place, int sign)
{
  Place *wide = place->wide;

  place->n_readers += (guint) sign;
  if (place->n_readers == 0)
    g_hash_table_remove (self->places, place->network);
  if (wide)
    count_reader (self, wide, sign);
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
  g_autofree char *network = dup_network (client);

  reader->place = get_place (self, network);
  reader->text = get_text (self, bytes);
  reader->owner = owner;
  reader->link.data = reader;
  count_reader (self, reader->place, 1);
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
  count_reader (self, place, -1);
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
find_most (const GArray *holders)
{
  gsize most = 0;

  for (guint i = 0; i < holders->len; i++)
    most = MAX (most, g_array_index (holders, Holder, i).n_held);
  return most;
}

static gboolean
holds_about (const Holder *holder, gsize most)
{
  return holder->n_held >= most - most / 4;
}

/* Of a network, of whoever holds most in it. */
static gpointer
get_first_owner (const Place *place)
{
  gsize most = place->holders ? find_most (place->holders) : 0;
  const Text *text;

  for (guint i = 0; most > 0; i++)
    {
      const Holder *holder = &g_array_index (place->holders, Holder, i);

      if (holds_about (holder, most))
        return get_first_owner (holder->place);
    }
  text = place->texts.head->data;
  return ((QueenReader *) text->readers.head->data)->owner;
}

/* @own: (nullable): one of @holders, or like these */
static gpointer
find_greedier (const GArray *holders, const Place *own, gsize size, QueenReaderFunc is_slow)
{
  gsize n_own = own ? own->n_held : 0, most = find_most (holders);

  for (guint i = 0; i < holders->len && n_own < most; i++)
    {
      const Holder *holder = &g_array_index (holders, Holder, i);

      if (holds_about (holder, most) &&
          (n_own + size < holder->n_held || is_slow (get_first_owner (holder->place))))
        return get_first_owner (holder->place);
    }
  return NULL;
}

gpointer
queen_readers_find_greediest (QueenReaders *self,
                              const struct sockaddr_storage *client,
                              gsize size,
                              QueenReaderFunc is_slow)
{
  g_autofree char *network = dup_network (client);
  g_autofree char *wide_name = queen_network_dup_wide (network);
  const Place *own = g_hash_table_lookup (self->places, network);
  const Place *wide = wide_name ? g_hash_table_lookup (self->places, wide_name) : NULL;
  gpointer owner;

  look_at_kept (self);
  owner = find_greedier (self->holders, wide_name ? wide : own, size, is_slow);
  return owner || !wide ? owner : find_greedier (wide->holders, own, size, is_slow);
}
