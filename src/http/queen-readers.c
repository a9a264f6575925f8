/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-readers.h"

#include "net/queen-peers.h"
#include "text/queen-hash.h"

/* One address, or network, as queen_peers_dup_network() has it. */
typedef struct _QueenReaderPlace
{
  char *network;
  gsize n_held;   /* bytes */
  GQueue readers; /* the one that came first before all others */
} Place;

struct _QueenReaders
{
  GHashTable *places; /* network -> Place */
};

static void
free_place (gpointer data)
{
  Place *place = data;

  g_free (place->network);
  g_free (place);
}

QueenReaders *
queen_readers_new (void)
{
  QueenReaders *self = g_new0 (QueenReaders, 1);

  self->places = g_hash_table_new_full (queen_string_hash, g_str_equal, NULL, free_place);
  return self;
}

void
queen_readers_free (QueenReaders *self)
{
  g_hash_table_unref (self->places);
  g_free (self);
}

/* Those who come by something else than the internet are one. */
static char *
dup_network (const struct sockaddr_storage *client)
{
  char *network = queen_peers_dup_network (client);

  return network ? network : g_strdup ("");
}

void
queen_readers_enter (QueenReaders *self,
                     QueenReader *reader,
                     const struct sockaddr_storage *client,
                     gsize size,
                     gpointer owner)
{
  g_autofree char *network = dup_network (client);
  Place *place = g_hash_table_lookup (self->places, network);

  if (!place)
    {
      place = g_new0 (Place, 1);
      place->network = g_steal_pointer (&network);
      g_hash_table_insert (self->places, place->network, place);
    }
  reader->place = place;
  reader->size = size;
  reader->link.data = owner;
  place->n_held += size;
  g_queue_push_tail_link (&place->readers, &reader->link);
}

void
queen_readers_leave (QueenReaders *self, QueenReader *reader)
{
  Place *place = g_steal_pointer (&reader->place);

  if (!place)
    return;
  place->n_held -= reader->size;
  g_queue_unlink (&place->readers, &reader->link);
  if (g_queue_is_empty (&place->readers))
    g_hash_table_remove (self->places, place->network);
}

gpointer
queen_readers_find_greediest (QueenReaders *self, const struct sockaddr_storage *client, gsize size)
{
  g_autofree char *network = dup_network (client);
  const Place *own = g_hash_table_lookup (self->places, network);
  Place *greediest = NULL;
  GHashTableIter iter;
  gpointer place;

  g_hash_table_iter_init (&iter, self->places);
  while (g_hash_table_iter_next (&iter, NULL, &place))
    if (!greediest || ((Place *) place)->n_held > greediest->n_held)
      greediest = place;
  if (!greediest || (own ? own->n_held : 0) + size >= greediest->n_held)
    return NULL;
  return g_queue_peek_head (&greediest->readers);
}
