/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-lanes.h"

#include "build-config.h"
#include "loop/queen-annexes.h"
#include "queen-known-address.h"
#include "queen-trust.h"
#include "text/queen-hash.h"

#define MAX_PLACES 1024    /* that are remembered */
#define MAX_REQUESTS 32    /* in one lane */
#define MAX_CONNECTIONS 64 /* of one lane: those that end are counted a while longer */
#define MAX_ANNEXES 64     /* with all of the calls that there may be: 128 in each */
#define PER_ANNEX 512      /* descriptors that there have to be for each: it takes two of them */
#define IDLE_SEC 50        /* less than the minute after which many servers close */

/* The lanes to one place. It goes when it is forgotten and nobody is in any of them. */
typedef struct
{
  QueenLanes *lanes; /* NULL when it is forgotten */
  char *name;
  GSocketConnectable *address;
  QueenTurnstile *turnstile; /* NULL where nobody shakes hands */
  GInetAddress *first;       /* of its addresses: the one that is tried before others */
  guint16 port;
  GPtrArray *all; /* of QueenLane; the first ones are the fullest */
} Place;

struct _QueenLane
{
  Place *place;
  SoupSession *session;
  QueenAnnexes *annexes;
  GMainContext *context; /* where libsoup waits for its answers */
  guint n_requests;
};

struct _QueenLanes
{
  GTlsDatabase *trusted;
  QueenAnnexes *annexes;
  QueenTurnstile *turnstile;
  GHashTable *places; /* name -> Place, which owns the name */
  GQueue order;       /* of Place: the one that was made first */
};

static void
free_lane (QueenLane *lane)
{
  g_main_context_push_thread_default (lane->context);
  soup_session_abort (lane->session);
  g_object_unref (lane->session);
  g_main_context_pop_thread_default (lane->context);
  queen_annexes_leave (lane->annexes, lane->context);
  g_free (lane);
}

static void
free_place (Place *place)
{
  g_ptr_array_unref (place->all);
  g_object_unref (place->address);
  g_object_unref (place->first);
  g_free (place->name);
  g_free (place);
}

static gboolean
is_in_use (const Place *place)
{
  for (guint i = 0; i < place->all->len; i++)
    if (((const QueenLane *) place->all->pdata[i])->n_requests > 0)
      return TRUE;
  return FALSE;
}

/* Whoever is in one of its lanes stays there. */
static void
forget_place (gpointer data)
{
  Place *place = data;

  place->lanes = NULL;
  if (!is_in_use (place))
    free_place (place);
}

QueenLanes *
queen_lanes_new (GTlsDatabase *trusted, int brink)
{
  QueenLanes *self = g_new0 (QueenLanes, 1);

  self->trusted = trusted ? g_object_ref (trusted) : NULL;
  self->annexes = queen_annexes_new ("lanes", MIN ((guint) brink / PER_ANNEX, MAX_ANNEXES));
  self->turnstile = queen_turnstile_new (&queen_clock_system);
  self->places = g_hash_table_new_full (queen_string_hash, g_str_equal, NULL, forget_place);
  return self;
}

static char *
make_name (const QueenTarget *target, GPtrArray *addresses)
{
  g_autoptr (GString) name = g_string_new (NULL);

  g_string_printf (name, "%s %s %u", target->scheme, target->host, target->port);
  for (guint i = 0; i < addresses->len; i++)
    {
      g_autofree char *address = g_inet_address_to_string (addresses->pdata[i]);

      g_string_append_printf (name, " %s", address);
    }
  return g_string_free (g_steal_pointer (&name), FALSE);
}

static SoupSession *
make_session (const Place *place)
{
  SoupSession *session =
      soup_session_new_with_options ("remote-connectable", place->address, "max-conns",
                                     MAX_CONNECTIONS, "max-conns-per-host", MAX_CONNECTIONS,
                                     "idle-timeout", IDLE_SEC, "proxy-resolver", NULL, "user-agent",
                                     "queen-rbee/" QUEEN_VERSION, NULL);

  if (place->lanes->trusted)
    soup_session_set_tls_database (session, place->lanes->trusted);
  /* What is compressed comes in blocks. */
  soup_session_remove_feature_by_type (session, SOUP_TYPE_CONTENT_DECODER);
  return session;
}

static Place *
add_place (QueenLanes *self, const QueenTarget *target, GPtrArray *addresses, const char *name)
{
  Place *place = g_new0 (Place, 1);

  while (self->order.length >= MAX_PLACES)
    g_hash_table_remove (self->places, ((Place *) g_queue_pop_head (&self->order))->name);
  if (g_str_equal (target->scheme, "https"))
    {
      queen_trust_share_system ();
      place->turnstile = self->turnstile;
    }
  place->first = g_object_ref (addresses->pdata[0]);
  place->port = target->port;
  place->lanes = self;
  place->name = g_strdup (name);
  place->address = queen_known_address_new (target->host, target->port, addresses);
  place->all = g_ptr_array_new_with_free_func ((GDestroyNotify) free_lane);
  g_queue_push_tail (&self->order, place);
  g_hash_table_insert (self->places, place->name, place);
  return place;
}

static QueenLane *
choose_lane (Place *place)
{
  QueenLane *lane;

  for (guint i = 0; i < place->all->len; i++)
    {
      lane = place->all->pdata[i];
      if (lane->n_requests < MAX_REQUESTS)
        return lane;
    }
  lane = g_new0 (QueenLane, 1);
  lane->place = place;
  lane->annexes = place->lanes->annexes;
  lane->context = queen_annexes_enter (lane->annexes);
  g_main_context_push_thread_default (lane->context);
  lane->session = make_session (place);
  g_main_context_pop_thread_default (lane->context);
  g_ptr_array_add (place->all, lane);
  return lane;
}

QueenLane *
queen_lanes_enter (QueenLanes *self, const QueenTarget *target, GPtrArray *addresses)
{
  g_autofree char *name = make_name (target, addresses);
  Place *place = g_hash_table_lookup (self->places, name);
  QueenLane *lane = choose_lane (place ? place : add_place (self, target, addresses, name));

  lane->n_requests++;
  return lane;
}

SoupSession *
queen_lane_get_session (QueenLane *lane)
{
  return lane->session;
}

GMainContext *
queen_lane_get_context (QueenLane *lane)
{
  return lane->context;
}

QueenPassage *
queen_lane_ask_in (QueenLane *lane,
                   const QueenSource *source,
                   const QueenPassageFuncs *funcs,
                   gpointer data)
{
  const Place *place = lane->place;

  return place->turnstile ? queen_turnstile_enter (place->turnstile, place->first, place->port,
                                                   source, funcs, data)
                          : NULL;
}

/* Its connections end by themselves when nobody has needed them for long; what is left is small. */
void
queen_lane_leave (QueenLane *lane)
{
  Place *place = lane->place;

  lane->n_requests--;
  if (!place->lanes && !is_in_use (place))
    free_place (place);
}

void
queen_lanes_free (QueenLanes *self)
{
  g_queue_clear (&self->order);
  g_hash_table_unref (self->places);
  queen_turnstile_free (self->turnstile);
  queen_annexes_free (self->annexes);
  g_clear_object (&self->trusted);
  g_free (self);
}
