/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-model-lister.h"

#include <string.h>

#include "loop/queen-alarm.h"
#include "loop/queen-fair-queue.h"
#include "loop/queen-slice.h"
#include "queen-error.h"
#include "queen-listing.h"
#include "text/queen-json-writer.h"

#define SLICE (QUEEN_SLICE / 2) /* µs: who asks for a list can wait, others cannot */
#define KEPT_UNASKED (10 * G_USEC_PER_SEC)
#define MANY 1000                                       /* models */
#define MAX_AGE_OF_MANY (250 * G_TIME_SPAN_MILLISECOND) /* when something has changed */

/* Which state of the models a list shows. */
typedef struct
{
  guint64 revision;
  gint64 time; /* µs, monotonic */
} Stamp;

/* Those who wait for the same list. */
typedef struct
{
  QueenFairQueue *orders;
  gboolean wants_gzip; /* one of them does */
} Crowd;

struct _QueenModelOrder
{
  QueenModelLister *lister;
  QueenFairPlace place;
  QueenListFunc func;
  gpointer data;
};

struct _QueenModelLister
{
  const QueenModels *models;
  const QueenClock *clock;
  QueenList *kept; /* that all share; NULL when there is none */
  Stamp kept_stamp;

  /* What is being made. There is nothing when neither text nor list is there. */
  GString *json; /* while it is written */
  Stamp stamp;   /* of that */
  char *last;    /* id of the last one that is listed; NULL of none */
  guint n;
  gsize n_id_bytes;
  QueenList *list; /* when it is whole, and compressed or handed out */
  Crowd *crowd;    /* who waits for it */
  Crowd *next;     /* who came when it was too late for it: they need another one */

  QueenAlarm *work_alarm;
  QueenAlarm *drop_alarm;
};

void
queen_model_lister_append (GString *json, const char *id, const QueenModel *model)
{
  g_string_append (json, "{\"id\":");
  queen_json_append_string (json, id);
  g_string_append_printf (json,
                          ",\"object\":\"model\",\"created\":%" G_GINT64_FORMAT
                          ",\"owned_by\":\"queen-rbee\",\"workers\":%u,\"available\":%u}",
                          model->since / G_GINT64_CONSTANT (1000000000), model->n_workers,
                          model->n_available);
}

/* The list that is shared */

static gboolean
is_good (const QueenModelLister *self, const Stamp *stamp)
{
  return stamp->revision == queen_models_get_revision (self->models) ||
         (queen_models_get_n (self->models) > MANY &&
          self->clock->get_monotonic () - stamp->time < MAX_AGE_OF_MANY);
}

static void
drop_kept (gpointer data)
{
  g_clear_pointer (&((QueenModelLister *) data)->kept, queen_list_unref);
}

/* Returns: (transfer none) (nullable) */
static QueenList *
get_kept (QueenModelLister *self)
{
  if (!self->kept || !is_good (self, &self->kept_stamp))
    return NULL;
  queen_alarm_set (self->drop_alarm, self->clock->get_monotonic () + KEPT_UNASKED);
  return self->kept;
}

static void
keep_list (QueenModelLister *self, QueenList *list)
{
  drop_kept (self);
  self->kept = queen_list_ref (list);
  self->kept_stamp = self->stamp;
  queen_alarm_set (self->drop_alarm, self->clock->get_monotonic () + KEPT_UNASKED);
}

/* Writing one */

static void
begin_writing (QueenModelLister *self)
{
  self->json = g_string_new ("{\"object\":\"list\",\"data\":[");
  self->stamp = (Stamp){ queen_models_get_revision (self->models), self->clock->get_monotonic () };
  self->n = 0;
  self->n_id_bytes = 0;
}

/* Returns: (transfer full): what is written */
static GString *
stop_writing (QueenModelLister *self)
{
  g_clear_pointer (&self->last, g_free);
  return g_steal_pointer (&self->json);
}

static void
finish_writing (QueenModelLister *self)
{
  GString *json = stop_writing (self);

  g_string_append (json, "]}\n");
  self->list = queen_list_new (g_string_free_to_bytes (json));
  keep_list (self, self->list);
}

/* Which ones are listed may change while a list is written, so there might be more than may be.
 *
 * Returns: (nullable): the id of the one behind @last, if there is room for it in the list */
static const char *
get_next (QueenModelLister *self, const char *last)
{
  const char *id =
      self->n < QUEEN_MODELS_MAX_LISTED ? queen_models_get_next (self->models, last) : NULL;

  if (!id || self->n_id_bytes + strlen (id) > QUEEN_MODELS_MAX_LISTED_IDS)
    return NULL;
  self->n++;
  self->n_id_bytes += strlen (id);
  return id;
}

static void
write_some (QueenModelLister *self, gint64 until)
{
  QueenSlice slice = { .clock = self->clock, .end = until };
  const char *id = self->last;
  char *last;
  gsize n_bytes;

  do
    {
      n_bytes = self->json->len;
      id = get_next (self, id);
      if (!id)
        {
          finish_writing (self);
          return;
        }
      if (self->n > 1)
        g_string_append_c (self->json, ',');
      queen_model_lister_append (self->json, id, queen_models_lookup (self->models, id));
    }
  while (!queen_slice_is_over (&slice, self->json->len - n_bytes));
  last = g_strdup (id);
  g_free (self->last);
  self->last = last;
}

/* Who waits */

static Crowd *
new_crowd (void)
{
  Crowd *crowd = g_new0 (Crowd, 1);

  crowd->orders = queen_fair_queue_new (QUEEN_MODEL_LISTER_MAX_WAITING);
  return crowd;
}

static void
free_order (QueenModelOrder *order)
{
  queen_fair_queue_leave (&order->place);
  g_free (order);
}

static void
free_crowd (Crowd *crowd)
{
  QueenModelOrder *order;

  while ((order = queen_fair_queue_peek (crowd->orders)))
    free_order (order);
  queen_fair_queue_free (crowd->orders);
  g_free (crowd);
}

/* @list: (nullable) */
static void
fulfil_order (QueenModelOrder *order, QueenList *list)
{
  QueenListFunc func = order->func;
  gpointer data = order->data;

  free_order (order);
  func (list, data);
}

static gboolean
is_wanted (const Crowd *crowd)
{
  return queen_fair_queue_get_length (crowd->orders) > 0;
}

/* Working */

/* Thousands may have waited. */
static void
hand_out (QueenModelLister *self, gint64 until)
{
  while (is_wanted (self->crowd) && self->clock->get_monotonic () < until)
    fulfil_order (queen_fair_queue_peek (self->crowd->orders), self->list);
}

static gboolean
is_busy (const QueenModelLister *self)
{
  return self->json || self->list;
}

/* Those who came too late for the last one; there may be another meanwhile. */
static void
begin_next (QueenModelLister *self)
{
  Crowd *crowd = self->crowd;

  self->crowd = self->next;
  self->next = crowd;
  self->next->wants_gzip = FALSE;
  if (get_kept (self))
    self->list = queen_list_ref (self->kept);
  else
    begin_writing (self);
}

/* All who waited may have gone. */
static void
end_current (QueenModelLister *self)
{
  if (self->json)
    g_string_free (stop_writing (self), TRUE);
  g_clear_pointer (&self->list, queen_list_unref);
  self->crowd->wants_gzip = FALSE;
}

static void
work_some (QueenModelLister *self, gint64 until)
{
  if (!is_busy (self))
    begin_next (self);
  else if (!is_wanted (self->crowd))
    end_current (self);
  else if (self->json)
    write_some (self, until);
  else if (!queen_list_is_ready (self->list, self->crowd->wants_gzip))
    queen_list_pack (self->list, self->clock, until);
  else
    hand_out (self, until);
}

static gboolean
has_work (const QueenModelLister *self)
{
  return is_busy (self) || is_wanted (self->next);
}

static void
on_models_turn (gpointer data)
{
  QueenModelLister *self = data;
  gint64 until = self->clock->get_monotonic () + SLICE;

  while (has_work (self))
    {
      work_some (self, until);
      if (self->clock->get_monotonic () >= until)
        break;
    }
  if (has_work (self))
    queen_alarm_set (self->work_alarm, 0);
}

QueenModelLister *
queen_model_lister_new (const QueenModels *models, const QueenClock *clock)
{
  QueenModelLister *self = g_new0 (QueenModelLister, 1);

  self->models = models;
  self->clock = clock;
  self->crowd = new_crowd ();
  self->next = new_crowd ();
  self->work_alarm =
      queen_alarm_new (clock, "list of models", G_PRIORITY_DEFAULT, on_models_turn, self);
  self->drop_alarm =
      queen_alarm_new (clock, "unasked list of models", G_PRIORITY_DEFAULT, drop_kept, self);
  return self;
}

/* What is begun here and not whole goes on in later turns, if whoever asks orders it. */
QueenList *
queen_model_lister_list (QueenModelLister *self, gboolean wants_gzip)
{
  gint64 until = self->clock->get_monotonic () + SLICE;
  QueenList *list = get_kept (self);

  if (!list && !has_work (self))
    {
      begin_writing (self);
      write_some (self, until);
      g_clear_pointer (&self->list, queen_list_unref);
      queen_alarm_set (self->work_alarm, 0);
      list = get_kept (self);
    }
  if (list && !queen_list_is_ready (list, wants_gzip) &&
      g_bytes_get_size (list->json) <= QUEEN_LISTING_AT_ONCE_BYTES)
    queen_list_pack (list, self->clock, G_MAXINT64);
  return list && queen_list_is_ready (list, wants_gzip) ? queen_list_ref (list) : NULL;
}

/* Returns: whether what is being made will do for whoever asks now */
static gboolean
is_current_good (const QueenModelLister *self)
{
  return is_busy (self) && is_good (self, self->json ? &self->stamp : &self->kept_stamp);
}

QueenModelOrder *
queen_model_lister_order (QueenModelLister *self,
                          gboolean wants_gzip,
                          const char *asker,
                          QueenListFunc func,
                          gpointer data,
                          GError **error)
{
  Crowd *crowd = is_current_good (self) ? self->crowd : self->next;
  QueenModelOrder *order;
  gpointer refused;

  if (!queen_fair_queue_find_place (crowd->orders, asker, &refused))
    {
      queen_error_refuse (error, QUEEN_ERROR_UNAVAILABLE, "too many lists are asked for at once");
      return NULL;
    }
  order = g_new0 (QueenModelOrder, 1);
  order->lister = self;
  order->func = func;
  order->data = data;
  crowd->wants_gzip |= wants_gzip;
  queen_fair_queue_enter (crowd->orders, &order->place, asker, order);
  queen_alarm_set (self->work_alarm, 0);
  if (refused)
    fulfil_order (refused, NULL);
  return order;
}

void
queen_model_order_cancel (QueenModelOrder *self)
{
  free_order (self);
}

gsize
queen_model_lister_get_n_bytes (const QueenModelLister *self)
{
  return (self->kept ? queen_list_get_n_bytes (self->kept) : 0) +
         (self->json ? self->json->len : 0);
}

void
queen_model_lister_free (QueenModelLister *self)
{
  end_current (self);
  free_crowd (self->crowd);
  free_crowd (self->next);
  drop_kept (self);
  queen_alarm_free (self->work_alarm);
  queen_alarm_free (self->drop_alarm);
  g_free (self);
}
