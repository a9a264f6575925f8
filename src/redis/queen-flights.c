/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-flights.h"

#include "text/queen-hash.h"

typedef struct
{
  QueenEvent *event;
  gboolean is_waiting;
  gsize n_bytes;
  gint64 begun; /* µs, monotonic */
} Flight;

/* A component about which something is on its way. */
typedef struct
{
  guint n_flights;
  QueenComponent *last; /* that the bus was told; NULL when it is not there */
} Told;

struct _QueenFlights
{
  void (*tell) (QueenEvent *event, gpointer data);
  gpointer data;
  GQueue flights;                            /* of Flight */
  GHashTable *told[QUEEN_COMPONENT_N_KINDS]; /* id -> Told */
  guint n_waiting;
  gsize n_bytes;
  guint64 n_landed;
};

static void
free_told (Told *told)
{
  g_clear_pointer (&told->last, queen_component_unref);
  g_free (told);
}

static void
free_flight (Flight *flight)
{
  queen_event_unref (flight->event);
  g_free (flight);
}

QueenFlights *
queen_flights_new (void (*tell) (QueenEvent *event, gpointer data), gpointer data)
{
  QueenFlights *self = g_new0 (QueenFlights, 1);

  self->tell = tell;
  self->data = data;
  for (int kind = 0; kind < QUEEN_COMPONENT_N_KINDS; kind++)
    self->told[kind] =
        g_hash_table_new_full (queen_string_hash, g_str_equal, g_free, (GDestroyNotify) free_told);
  return self;
}

void
queen_flights_free (QueenFlights *self)
{
  g_queue_clear_full (&self->flights, (GDestroyNotify) free_flight);
  for (int kind = 0; kind < QUEEN_COMPONENT_N_KINDS; kind++)
    g_hash_table_unref (self->told[kind]);
  g_free (self);
}

static Told *
lookup_told (QueenFlights *self, const QueenComponent *component)
{
  return component ? g_hash_table_lookup (self->told[component->kind], component->id) : NULL;
}

static void
await_component (QueenFlights *self, const QueenEvent *event)
{
  const QueenComponent *component = event->component;
  Told *told = lookup_told (self, component);

  if (!component)
    return;
  if (!told)
    {
      told = g_new0 (Told, 1);
      told->last = event->before ? queen_component_ref (event->before) : NULL;
      g_hash_table_insert (self->told[component->kind], g_strdup (component->id), told);
    }
  told->n_flights++;
}

/* Returns: whether there is anything to tell */
static gboolean
settle_before (Told *told, QueenEvent *event)
{
  QueenComponent *before;

  if (!told)
    return TRUE;
  before = told->last;
  g_clear_pointer (&event->before, queen_component_unref);
  event->before = before ? queen_component_ref (before) : NULL;
  told->last = event->kind == QUEEN_EVENT_FORGOTTEN ? NULL : queen_component_ref (event->component);
  if (before)
    queen_component_unref (before);
  return event->kind != QUEEN_EVENT_FORGOTTEN || event->before;
}

void
queen_flights_tell (QueenFlights *self, QueenEvent *event)
{
  if (settle_before (lookup_told (self, event->component), event))
    self->tell (event, self->data);
}

static void
end_wait (QueenFlights *self, Flight *flight)
{
  flight->is_waiting = FALSE;
  self->n_waiting--;
  self->n_bytes -= flight->n_bytes;
  self->n_landed++;
}

/* Returns: (transfer full) (nullable): the event, if there is anything to tell */
static QueenEvent *
end_flight (QueenFlights *self)
{
  Flight *flight = g_queue_pop_head (&self->flights);
  g_autoptr (QueenEvent) event = flight->event;
  const QueenComponent *component = event->component;
  Told *told = lookup_told (self, component);
  gboolean is_news = settle_before (told, event);

  if (told && --told->n_flights == 0)
    g_hash_table_remove (self->told[component->kind], component->id);
  if (flight->is_waiting)
    end_wait (self, flight);
  g_free (flight);
  return is_news ? g_steal_pointer (&event) : NULL;
}

static void
tell_first (QueenFlights *self)
{
  g_autoptr (QueenEvent) event = end_flight (self);

  if (event)
    self->tell (event, self->data);
}

void
queen_flights_add (
    QueenFlights *self, QueenEvent *event, gboolean is_waiting, gsize n_bytes, gint64 begun)
{
  Flight *flight = g_new (Flight, 1);

  *flight = (Flight){ queen_event_ref (event), is_waiting, n_bytes, begun };
  await_component (self, event);
  g_queue_push_tail (&self->flights, flight);
  self->n_waiting += is_waiting;
  self->n_bytes += is_waiting ? n_bytes : 0;
  if (!is_waiting && self->flights.length == 1)
    tell_first (self);
}

gboolean
queen_flights_land (QueenFlights *self, guint64 number)
{
  Flight *first = g_queue_peek_head (&self->flights);

  if (!first)
    return FALSE;
  if (first->event->kind & QUEEN_EVENT_NUMBERED_KINDS)
    first->event->number = number;
  tell_first (self);
  return TRUE;
}

gboolean
queen_flights_has_untold (const QueenFlights *self)
{
  const Flight *first = self->flights.head ? self->flights.head->data : NULL;

  return first && !first->is_waiting;
}

gboolean
queen_flights_tell_next (QueenFlights *self)
{
  if (!queen_flights_has_untold (self))
    return FALSE;
  tell_first (self);
  return TRUE;
}

void
queen_flights_give_up (QueenFlights *self,
                       void (*func) (const QueenEvent *event, gpointer data),
                       gpointer data)
{
  for (GList *item = self->flights.head; item; item = item->next)
    {
      Flight *flight = item->data;

      if (flight->is_waiting)
        end_wait (self, flight);
      func (flight->event, data);
    }
}

const QueenEvent *
queen_flights_peek (const QueenFlights *self)
{
  const Flight *first = self->flights.head ? self->flights.head->data : NULL;

  return first ? first->event : NULL;
}

QueenEvent *
queen_flights_take_first (QueenFlights *self)
{
  QueenEvent *event = NULL;

  while (!event && self->flights.length > 0)
    event = end_flight (self);
  return event;
}

gboolean
queen_flights_has (QueenFlights *self, QueenComponentKind kind, const char *id)
{
  return g_hash_table_contains (self->told[kind], id);
}

guint
queen_flights_get_n (const QueenFlights *self)
{
  return self->n_waiting;
}

gint64
queen_flights_get_begun (const QueenFlights *self)
{
  const Flight *first = self->flights.head ? self->flights.head->data : NULL;

  return first ? first->begun : G_MAXINT64;
}

gsize
queen_flights_get_n_bytes (const QueenFlights *self)
{
  return self->n_bytes;
}

guint64
queen_flights_get_n_landed (const QueenFlights *self)
{
  return self->n_landed;
}
