/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-lister.h"

#include "queen-error.h"
#include "queen-listing.h"

#define MAX_AGE G_USEC_PER_SEC                          /* when somebody has beaten */
#define MAX_AGE_OF_MANY (250 * G_TIME_SPAN_MILLISECOND) /* when something has changed */
#define MANY 1000                                       /* components */
#define KEPT_UNASKED (10 * G_USEC_PER_SEC)
#define SLICE (QUEEN_SLICE / 2) /* µs: who asks for a list can wait, others cannot */

/* Which state of a registry a list shows. */
typedef struct
{
  guint64 revision;
  guint64 n_heartbeats;
  gint64 time; /* µs, monotonic */
} Stamp;

/* A list that is to be made, and who waits for it. */
typedef struct
{
  QueenLister *lister;
  GQueue *queue; /* of the lister; NULL when this one is being worked on */
  GList link;
  QueenRegistry *registry;
  QueenSelection selection;
  Stamp stamp;           /* once it is begun */
  QueenListing *listing; /* while it is being written */
  QueenList *list;       /* when it is whole */
  GQueue orders;
} Build;

struct _QueenOrder
{
  Build *build;
  GList link; /* among the orders of the build */
  QueenListFunc func;
  gpointer data;
};

struct _QueenLister
{
  const QueenClock *clock;
  guint64 epoch;            /* in versions, as the rest of them begins anew with each start */
  GQueue to_share;          /* of Build, for all who ask */
  GQueue to_give;           /* of Build, each for one who asks */
  gboolean is_to_give_next; /* they go in turns, or one kind would wait for ever for the other */
  Build *current;           /* NULL when there is nothing to do */
  guint n_to_give;          /* the current one counted */
  QueenAlarm *work_alarm;
  guint64 n_made;

  struct
  {
    QueenList *list; /* NULL when there is none */
    Stamp stamp;
  } shared[QUEEN_COMPONENT_N_KINDS];
  QueenAlarm *drop_alarm;
};

/* Lists */

static QueenList *
new_list (GBytes *json)
{
  QueenList *list = g_rc_box_new0 (QueenList);

  list->json = json;
  return list;
}

static void
clear_list (gpointer data)
{
  QueenList *list = data;

  g_bytes_unref (list->json);
  g_free (list->version);
}

QueenList *
queen_list_ref (QueenList *self)
{
  return g_rc_box_acquire (self);
}

void
queen_list_unref (QueenList *self)
{
  g_rc_box_release_full (self, clear_list);
}

/* The list that is shared */

static Stamp
take_stamp (QueenLister *self, QueenRegistry *registry)
{
  return (Stamp){ queen_registry_get_revision (registry),
                  queen_registry_get_n_heartbeats (registry), self->clock->get_monotonic () };
}

/* Whether a list of that @stamp can be given to somebody who asks now. */
static gboolean
is_good (QueenLister *self, QueenRegistry *registry, const Stamp *stamp)
{
  Stamp now = take_stamp (self, registry);
  gint64 age = now.time - stamp->time;

  if (now.revision != stamp->revision)
    return queen_registry_get_total (registry) > MANY && age < MAX_AGE_OF_MANY;
  return now.n_heartbeats == stamp->n_heartbeats || age <= MAX_AGE;
}

static char *
make_version (QueenLister *self, const Stamp *stamp)
{
  return g_strdup_printf ("%" G_GINT64_MODIFIER "x-%" G_GINT64_MODIFIER "x-%" G_GINT64_MODIFIER "x",
                          self->epoch, stamp->revision, stamp->n_heartbeats);
}

static void
drop_shared (gpointer data)
{
  QueenLister *self = data;

  for (int kind = 0; kind < QUEEN_COMPONENT_N_KINDS; kind++)
    g_clear_pointer (&self->shared[kind].list, queen_list_unref);
}

/* Nobody may ever ask again, and a long list is some megabytes. */
static void
put_off_drop (QueenLister *self)
{
  queen_alarm_set (self->drop_alarm, self->clock->get_monotonic () + KEPT_UNASKED);
}

static void
share_list (QueenLister *self, QueenRegistry *registry, QueenList *list, const Stamp *stamp)
{
  QueenComponentKind kind = queen_registry_get_kind (registry);

  g_clear_pointer (&self->shared[kind].list, queen_list_unref);
  list->version = make_version (self, stamp);
  self->shared[kind].list = queen_list_ref (list);
  self->shared[kind].stamp = *stamp;
  put_off_drop (self);
}

/* Returns: (transfer none): %NULL when a new one has to be made */
static QueenList *
get_shared (QueenLister *self, QueenRegistry *registry)
{
  QueenComponentKind kind = queen_registry_get_kind (registry);

  if (!self->shared[kind].list || !is_good (self, registry, &self->shared[kind].stamp))
    return NULL;
  put_off_drop (self);
  return self->shared[kind].list;
}

/* Building */

static gboolean
is_to_share (const Build *build)
{
  return queen_selection_is_everybody (&build->selection);
}

static Build *
add_build (QueenLister *self, QueenRegistry *registry, const QueenSelection *selection)
{
  Build *build = g_new0 (Build, 1);

  build->lister = self;
  build->link.data = build;
  build->registry = g_object_ref (registry);
  build->selection = *selection;
  if (selection->model_ids)
    g_ptr_array_ref (selection->model_ids);
  build->queue = is_to_share (build) ? &self->to_share : &self->to_give;
  self->n_to_give += !is_to_share (build);
  g_queue_push_tail_link (build->queue, &build->link);
  queen_alarm_set (self->work_alarm, 0);
  return build;
}

static void
remove_build (Build *build)
{
  QueenLister *self = build->lister;

  self->n_to_give -= !is_to_share (build);
  if (build->queue)
    g_queue_unlink (build->queue, &build->link);
  else
    self->current = NULL;
  g_clear_pointer (&build->listing, queen_listing_free);
  g_clear_pointer (&build->list, queen_list_unref);
  queen_selection_clear (&build->selection);
  g_object_unref (build->registry);
  g_free (build);
}

static void
begin_build (QueenLister *self)
{
  gboolean is_to_give = self->to_give.head && (self->is_to_give_next || !self->to_share.head);
  GQueue *queue = is_to_give ? &self->to_give : &self->to_share;
  Build *build = g_queue_peek_head (queue);

  self->is_to_give_next = !is_to_give;
  g_queue_unlink (queue, &build->link);
  build->queue = NULL;
  build->stamp = take_stamp (self, build->registry);
  build->listing = queen_listing_new (build->registry, &build->selection);
  self->current = build;
}

static QueenList *
finish_listing (QueenLister *self, QueenListing *listing)
{
  self->n_made++;
  return new_list (queen_listing_free_to_bytes (listing));
}

static void
write_some (QueenLister *self, Build *build, gint64 until)
{
  if (!queen_listing_write (build->listing, self->clock, until))
    return;
  build->list = finish_listing (self, g_steal_pointer (&build->listing));
  if (is_to_share (build))
    share_list (self, build->registry, build->list, &build->stamp);
}

/* Orders */

/* Takes @order out of its build. */
static void
free_order (QueenOrder *order)
{
  g_queue_unlink (&order->build->orders, &order->link);
  g_free (order);
}

/* Thousands may have waited, and each takes as long as an answer does. */
static void
hand_out (QueenLister *self, Build *build, gint64 until)
{
  QueenOrder *order;

  while ((order = g_queue_peek_head (&build->orders)))
    {
      QueenListFunc func = order->func;
      gpointer data = order->data;

      free_order (order);
      func (build->list, data);
      if (self->clock->get_monotonic () >= until)
        return;
    }
  remove_build (build);
}

/* Working */

static gboolean
has_work (const QueenLister *self)
{
  return self->current || self->to_share.head || self->to_give.head;
}

/* One step, which ends about @until. */
static void
work_some (QueenLister *self, gint64 until)
{
  if (!self->current)
    begin_build (self);
  else if (!self->current->list)
    write_some (self, self->current, until);
  else
    hand_out (self, self->current, until);
}

static void
on_work (gpointer data)
{
  QueenLister *self = data;
  gint64 until = self->clock->get_monotonic () + SLICE;

  /* All who waited may have gone. */
  while (has_work (self))
    {
      work_some (self, until);
      if (self->clock->get_monotonic () >= until)
        break;
    }
  if (has_work (self))
    queen_alarm_set (self->work_alarm, 0);
}

QueenLister *
queen_lister_new (const QueenClock *clock)
{
  QueenLister *self = g_new0 (QueenLister, 1);

  self->clock = clock;
  self->epoch = (guint64) g_random_int () << 32 | g_random_int ();
  self->work_alarm = queen_alarm_new_with_clock (clock, "lists", G_PRIORITY_DEFAULT, on_work, self);
  self->drop_alarm =
      queen_alarm_new_with_clock (clock, "unasked lists", G_PRIORITY_DEFAULT, drop_shared, self);
  return self;
}

/* How many components have to be looked at. */
static guint
count_work (QueenRegistry *registry, const QueenSelection *selection)
{
  guint total = queen_registry_get_total (registry);

  return queen_selection_is_filter (selection) || selection->limit == 0
             ? total
             : MIN (total, selection->limit);
}

QueenList *
queen_lister_list (QueenLister *self, QueenRegistry *registry, const QueenSelection *selection)
{
  gboolean is_everybody = queen_selection_is_everybody (selection);
  QueenList *list = is_everybody ? get_shared (self, registry) : NULL;
  Stamp stamp = take_stamp (self, registry);
  QueenListing *listing;

  if (list)
    return queen_list_ref (list);
  if (count_work (registry, selection) > QUEEN_LISTER_AT_ONCE)
    return NULL;
  listing = queen_listing_new (registry, selection);
  queen_listing_write (listing, self->clock, G_MAXINT64);
  list = finish_listing (self, listing);
  if (is_everybody)
    share_list (self, registry, list, &stamp);
  return list;
}

/* Returns: (nullable): a list of everybody on its way that will do for whoever asks now */
static Build *
find_build (QueenLister *self, QueenRegistry *registry)
{
  Build *current = self->current;

  if (current && is_to_share (current) && current->registry == registry &&
      is_good (self, registry, &current->stamp))
    return current;
  for (GList *link = self->to_share.head; link; link = link->next)
    if (((Build *) link->data)->registry == registry)
      return link->data;
  return NULL;
}

QueenOrder *
queen_lister_order (QueenLister *self,
                    QueenRegistry *registry,
                    const QueenSelection *selection,
                    QueenListFunc func,
                    gpointer data,
                    GError **error)
{
  gboolean is_everybody = queen_selection_is_everybody (selection);
  Build *build = is_everybody ? find_build (self, registry) : NULL;
  QueenOrder *order;

  if ((!is_everybody && self->n_to_give == QUEEN_LISTER_MAX_WAITING) ||
      (build && build->orders.length >= QUEEN_LISTER_MAX_SHARING))
    {
      g_set_error_literal (error, QUEEN_ERROR, QUEEN_ERROR_UNAVAILABLE,
                           "too many lists are asked for at once");
      return NULL;
    }
  order = g_new0 (QueenOrder, 1);
  order->build = build ? build : add_build (self, registry, selection);
  order->link.data = order;
  order->func = func;
  order->data = data;
  g_queue_push_tail_link (&order->build->orders, &order->link);
  return order;
}

void
queen_order_cancel (QueenOrder *self)
{
  Build *build = self->build;

  free_order (self);
  /* One that is whole is being handed out, perhaps at this moment. */
  if (build->orders.length == 0 && !build->list)
    remove_build (build);
}

char *
queen_lister_dup_version (QueenLister *self, QueenRegistry *registry)
{
  QueenList *shared = get_shared (self, registry);
  Stamp stamp = take_stamp (self, registry);

  return shared ? g_strdup (shared->version) : make_version (self, &stamp);
}

guint64
queen_lister_get_n_made (QueenLister *self)
{
  return self->n_made;
}

gsize
queen_lister_get_n_bytes (QueenLister *self)
{
  gsize n_bytes = 0;

  for (int kind = 0; kind < QUEEN_COMPONENT_N_KINDS; kind++)
    if (self->shared[kind].list)
      n_bytes += g_bytes_get_size (self->shared[kind].list->json);
  if (self->current && self->current->listing)
    n_bytes += queen_listing_get_n_bytes (self->current->listing);
  return n_bytes;
}

static void
free_build (Build *build)
{
  QueenOrder *order;

  while ((order = g_queue_peek_head (&build->orders)))
    free_order (order);
  remove_build (build);
}

void
queen_lister_free (QueenLister *self)
{
  if (self->current)
    free_build (self->current);
  while (self->to_share.head)
    free_build (self->to_share.head->data);
  while (self->to_give.head)
    free_build (self->to_give.head->data);
  drop_shared (self);
  queen_alarm_free (self->work_alarm);
  queen_alarm_free (self->drop_alarm);
  g_free (self);
}
