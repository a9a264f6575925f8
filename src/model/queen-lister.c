/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-lister.h"

#include "loop/queen-alarm.h"
#include "queen-error.h"
#include "queen-list-stamp.h"
#include "queen-list-works.h"
#include "queen-listing.h"

#define KEPT_UNASKED (10 * G_USEC_PER_SEC)
#define LARGE (256 * 1024)      /* bytes: a list that is longer does not keep others waiting */
#define SLICE (QUEEN_SLICE / 2) /* µs: who asks for a list can wait, others cannot */

/* A list that is to be made, and who waits for it. */
typedef struct
{
  QueenLister *lister;
  QueenCostPlace place; /* in a queue of the lister; none when this one is being worked on */
  GList link;           /* in `begun`, once it is */
  char *asker;
  QueenRegistry *registry;
  QueenSelection selection;
  QueenListStamp stamp;  /* once it is begun */
  QueenListing *listing; /* while it is being written */
  QueenList *list;       /* when it is whole */
  gboolean is_too_long;  /* and so is none */
  QueenFairQueue *orders;
} Build;

struct _QueenOrder
{
  Build *build;
  QueenFairPlace place; /* among the orders of the build */
  QueenListFunc func;
  gpointer data;
};

struct _QueenLister
{
  const QueenClock *clock;
  guint64 epoch;         /* in versions, as the rest of them begins anew with each start */
  QueenListWorks *works; /* of Build */
  GQueue begun;          /* of Build: those that are being worked on, and large ones that wait */
  QueenAlarm *work_alarm;
  QueenKeptFunc on_kept;
  gpointer on_kept_data;
  guint64 n_made;

  struct
  {
    QueenList *list; /* NULL when there is none */
    QueenListStamp stamp;
    QueenListStamp too_long; /* of one that could not be made; all 0 when there was none */
    Build *next[2];          /* that wait to be begun, for JSON and for gzip; NULL when none does */
  } shared[QUEEN_COMPONENT_N_KINDS];
  QueenAlarm *drop_alarm;
};

/* The list that is shared */

static void
tell_of_kept (QueenLister *self, GBytes *list, gboolean is_kept)
{
  if (self->on_kept)
    self->on_kept (list, is_kept, self->on_kept_data);
}

static void
set_shared (QueenLister *self, QueenComponentKind kind, QueenList *list)
{
  QueenList *before = self->shared[kind].list;

  self->shared[kind].list = list ? queen_list_ref (list) : NULL;
  if (list)
    tell_of_kept (self, list->json, TRUE);
  if (before)
    tell_of_kept (self, before->json, FALSE);
  if (before && before->packed)
    tell_of_kept (self, before->packed, FALSE);
  g_clear_pointer (&before, queen_list_unref);
}

static void
drop_shared (gpointer data)
{
  for (int kind = 0; kind < QUEEN_COMPONENT_N_KINDS; kind++)
    set_shared (data, kind, NULL);
}

/* Nobody may ever ask again, and a long list is some megabytes. */
static void
put_off_drop (QueenLister *self)
{
  queen_alarm_set (self->drop_alarm, self->clock->get_monotonic () + KEPT_UNASKED);
}

static void
share_list (QueenLister *self,
            QueenRegistry *registry,
            QueenList *list,
            const QueenListStamp *stamp)
{
  QueenComponentKind kind = queen_registry_get_kind (registry);

  list->version = queen_list_stamp_dup_version (stamp, self->epoch);
  set_shared (self, kind, list);
  self->shared[kind].stamp = *stamp;
  put_off_drop (self);
}

/* Returns: (transfer none): %NULL when a new one has to be made */
static QueenList *
get_shared (QueenLister *self, QueenRegistry *registry)
{
  QueenComponentKind kind = queen_registry_get_kind (registry);

  if (!self->shared[kind].list ||
      !queen_list_stamp_is_good (&self->shared[kind].stamp, registry, self->clock))
    return NULL;
  put_off_drop (self);
  return self->shared[kind].list;
}

static void
pack_list (QueenLister *self, QueenRegistry *registry, QueenList *list, gint64 until)
{
  if (queen_list_is_ready (list, TRUE))
    return;
  queen_list_pack (list, self->clock, until);
  if (list->packed && list == self->shared[queen_registry_get_kind (registry)].list)
    tell_of_kept (self, list->packed, TRUE);
}

/* Building */

static gboolean
is_to_share (const Build *build)
{
  return queen_selection_is_everybody (&build->selection);
}

/* Whether it can be handed out. */
static gboolean
is_whole (const Build *build)
{
  return build->is_too_long ||
         (build->list && queen_list_is_ready (build->list, build->selection.wants_gzip));
}

/* Where the list of everybody is that waits to be made, of the same registry and for the same. */
static Build **
find_next (const Build *build)
{
  return &build->lister->shared[queen_registry_get_kind (build->registry)]
              .next[build->selection.wants_gzip];
}

static Build *
add_build (QueenLister *self,
           QueenRegistry *registry,
           const QueenSelection *selection,
           const char *asker)
{
  QueenListWork work = queen_list_work_choose (selection);
  Build *build = g_new0 (Build, 1);

  build->lister = self;
  build->link.data = build;
  build->asker = g_strdup (asker);
  build->registry = g_object_ref (registry);
  build->selection = queen_selection_copy (selection);
  build->orders = queen_fair_queue_new (QUEEN_LISTER_MAX_SHARING);
  if (work == QUEEN_LIST_WORK_SHARED)
    *find_next (build) = build;
  queen_list_works_enter (self->works, work, &build->place, asker, build);
  queen_alarm_set (self->work_alarm, 0);
  return build;
}

static gboolean
is_begun (const Build *build)
{
  return build->listing || build->list || build->is_too_long;
}

static void
remove_build (Build *build)
{
  QueenLister *self = build->lister;

  queen_cost_queue_leave (&build->place);
  if (*find_next (build) == build)
    *find_next (build) = NULL;
  if (is_begun (build))
    g_queue_unlink (&self->begun, &build->link);
  queen_list_works_end (self->works, build);
  queen_fair_queue_free (build->orders);
  g_clear_pointer (&build->listing, queen_listing_free);
  g_clear_pointer (&build->list, queen_list_unref);
  queen_selection_clear (&build->selection);
  g_object_unref (build->registry);
  g_free (build->asker);
  g_free (build);
}

/* Returns: whether the list is there meanwhile, and has at most to be compressed */
static gboolean
resume_shared (QueenLister *self, Build *build)
{
  QueenList *list = get_shared (self, build->registry);

  if (!list)
    return FALSE;
  build->list = queen_list_ref (list);
  build->stamp = self->shared[queen_registry_get_kind (build->registry)].stamp;
  return TRUE;
}

static void
begin_build (QueenLister *self, Build *build)
{
  if (*find_next (build) == build)
    *find_next (build) = NULL;
  g_queue_push_tail_link (&self->begun, &build->link);
  if (is_to_share (build) && resume_shared (self, build))
    return;
  build->stamp = queen_list_stamp_take (build->registry, self->clock);
  build->listing = queen_listing_new (build->registry, &build->selection);
}

static QueenList *
finish_listing (QueenLister *self, QueenListing *listing)
{
  self->n_made++;
  return queen_list_new (queen_listing_free_to_bytes (listing));
}

/* Whoever asks for the list of everybody next would have it begun anew. */
static void
give_up (QueenLister *self, Build *build)
{
  g_clear_pointer (&build->listing, queen_listing_free);
  build->is_too_long = TRUE;
  if (is_to_share (build))
    self->shared[queen_registry_get_kind (build->registry)].too_long = build->stamp;
}

/* Orders */

/* Takes @order out of its build. */
static void
free_order (QueenOrder *order)
{
  queen_fair_queue_leave (&order->place);
  g_free (order);
}

void
queen_order_cancel (QueenOrder *self)
{
  Build *build = self->build;

  free_order (self);
  /* One that is whole is being handed out, perhaps at this moment. */
  if (queen_fair_queue_get_length (build->orders) == 0 && !is_whole (build))
    remove_build (build);
}

/* Sees that there is room for one more order: in the queue that it will wait in, or among those who
 * wait for the same @build. Returns FALSE when there is none. @refused has to make room. */
static gboolean
find_room (QueenLister *self,
           QueenListWork work,
           const Build *build,
           const char *asker,
           QueenOrder **refused)
{
  gpointer greediest;

  if (build ? !queen_fair_queue_find_place (build->orders, asker, &greediest)
            : !queen_list_works_find_place (self->works, work, asker, &greediest))
    return FALSE;
  *refused =
      build || !greediest ? greediest : queen_fair_queue_peek (((Build *) greediest)->orders);
  return TRUE;
}

/* Its list goes with it if nobody else waits for that. */
static void
refuse_order (QueenOrder *order)
{
  QueenListFunc func = order->func;
  gpointer data = order->data;

  queen_order_cancel (order);
  func (NULL, data);
}

/* Thousands may have waited, and each takes as long as an answer does. */
static void
hand_out (QueenLister *self, Build *build, gint64 until)
{
  QueenOrder *order;

  while ((order = queen_fair_queue_take (build->orders)))
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

/* Who asks for little waits no longer for this one: large ones wait for each other, in their own
 * part of the time. So not more than one is much longer than that. */
static void
set_aside (QueenLister *self, Build *build)
{
  QueenOrder *refused;

  queen_list_works_end (self->works, build);
  if (find_room (self, QUEEN_LIST_WORK_LARGE, NULL, build->asker, &refused))
    queen_list_works_enter (self->works, QUEEN_LIST_WORK_LARGE, &build->place, build->asker, build);
  else
    refused = queen_fair_queue_peek (build->orders);
  if (refused)
    refuse_order (refused);
}

static void
write_some (QueenLister *self, Build *build, gint64 until)
{
  if (!queen_listing_write (build->listing, self->clock, until))
    {
      if (build == queen_list_works_get_current (self->works, QUEEN_LIST_WORK_OTHER) &&
          queen_listing_get_n_bytes (build->listing) > LARGE)
        set_aside (self, build);
      return;
    }
  if (queen_listing_is_too_long (build->listing))
    {
      give_up (self, build);
      return;
    }
  build->list = finish_listing (self, g_steal_pointer (&build->listing));
  if (is_to_share (build))
    share_list (self, build->registry, build->list, &build->stamp);
}

/* One step, which ends about @until. */
static void
work_some (QueenLister *self, gint64 until)
{
  Build *build = queen_list_works_next (self->works);

  if (!is_begun (build))
    begin_build (self, build);
  else if (!build->list && !build->is_too_long)
    write_some (self, build, until);
  else if (!is_whole (build))
    pack_list (self, build->registry, build->list, until);
  else
    hand_out (self, build, until);
}

static void
on_work (gpointer data)
{
  QueenLister *self = data;
  gint64 now = self->clock->get_monotonic ();
  const gint64 until = now + SLICE;

  /* All who waited may have gone. */
  while (queen_list_works_has_any (self->works) && now < until)
    {
      gint64 begun = now;

      work_some (self, until);
      now = self->clock->get_monotonic ();
      queen_list_works_charge (self->works, now - begun);
    }
  if (queen_list_works_has_any (self->works))
    queen_alarm_set (self->work_alarm, 0);
}

QueenLister *
queen_lister_new (const QueenClock *clock)
{
  QueenLister *self = g_new0 (QueenLister, 1);

  self->clock = clock;
  self->epoch = (guint64) g_random_int () << 32 | g_random_int ();
  self->works = queen_list_works_new (QUEEN_LISTER_MAX_WAITING, 2 * QUEEN_COMPONENT_N_KINDS);
  self->work_alarm = queen_alarm_new (clock, "lists", G_PRIORITY_DEFAULT, on_work, self);
  self->drop_alarm =
      queen_alarm_new (clock, "unasked lists", G_PRIORITY_DEFAULT, drop_shared, self);
  return self;
}

void
queen_lister_set_kept_func (QueenLister *self, QueenKeptFunc func, gpointer data)
{
  self->on_kept = func;
  self->on_kept_data = data;
}

/* Returns: (transfer full) (nullable): it, be it ready or not */
static QueenList *
find_list (QueenLister *self, QueenRegistry *registry, const QueenSelection *selection)
{
  gboolean is_everybody = queen_selection_is_everybody (selection);
  QueenList *list = is_everybody ? get_shared (self, registry) : NULL;
  QueenListStamp stamp = queen_list_stamp_take (registry, self->clock);
  QueenListing *listing;

  if (list)
    return queen_list_ref (list);
  if (!queen_listing_is_little (registry, selection))
    return NULL;
  listing = queen_listing_new (registry, selection);
  queen_listing_write (listing, self->clock, G_MAXINT64);
  list = finish_listing (self, listing);
  if (is_everybody)
    share_list (self, registry, list, &stamp);
  return list;
}

QueenList *
queen_lister_list (QueenLister *self, QueenRegistry *registry, const QueenSelection *selection)
{
  g_autoptr (QueenList) list = find_list (self, registry, selection);

  if (!list || queen_list_is_ready (list, selection->wants_gzip))
    return g_steal_pointer (&list);
  /* One that is shared can be compressed in slices as well. */
  if (list->version && g_bytes_get_size (list->json) > QUEEN_LISTING_AT_ONCE_BYTES)
    return NULL;
  pack_list (self, registry, list, G_MAXINT64);
  return g_steal_pointer (&list);
}

/* Returns: (nullable): a list of everybody on its way that will do for whoever asks now */
static Build *
find_build (QueenLister *self, QueenRegistry *registry, gboolean wants_gzip)
{
  Build *current = queen_list_works_get_current (self->works, QUEEN_LIST_WORK_SHARED);

  if (current && current->registry == registry && current->selection.wants_gzip == wants_gzip &&
      queen_list_stamp_is_good (&current->stamp, registry, self->clock))
    return current;
  return self->shared[queen_registry_get_kind (registry)].next[wants_gzip];
}

static gboolean
is_known_as_too_long (QueenLister *self, QueenRegistry *registry)
{
  const QueenListStamp *stamp = &self->shared[queen_registry_get_kind (registry)].too_long;

  return stamp->time > 0 && queen_list_stamp_is_good (stamp, registry, self->clock);
}

static QueenOrder *
add_order (Build *build, const char *asker, QueenListFunc func, gpointer data)
{
  QueenOrder *order = g_new0 (QueenOrder, 1);

  order->build = build;
  order->func = func;
  order->data = data;
  queen_fair_queue_enter (build->orders, &order->place, asker, order);
  return order;
}

QueenOrder *
queen_lister_order (QueenLister *self,
                    QueenRegistry *registry,
                    const QueenSelection *selection,
                    const char *asker,
                    QueenListFunc func,
                    gpointer data,
                    GError **error)
{
  gboolean is_everybody = queen_selection_is_everybody (selection);
  Build *build = is_everybody ? find_build (self, registry, selection->wants_gzip) : NULL;
  QueenOrder *refused;
  QueenOrder *order;

  if (is_everybody && is_known_as_too_long (self, registry))
    {
      g_set_error_literal (error, QUEEN_ERROR, QUEEN_ERROR_UNAVAILABLE,
                           "the list is too large: ask for it in pages (?limit=)");
      return NULL;
    }
  if (!find_room (self, queen_list_work_choose (selection), build, asker, &refused))
    {
      g_set_error_literal (error, QUEEN_ERROR, QUEEN_ERROR_UNAVAILABLE,
                           "too many lists are asked for at once");
      return NULL;
    }
  if (!build)
    build = add_build (self, registry, selection, is_everybody ? "" : asker);
  order = add_order (build, asker, func, data);
  if (refused)
    refuse_order (refused);
  return order;
}

char *
queen_lister_dup_version (QueenLister *self, QueenRegistry *registry)
{
  QueenList *shared = get_shared (self, registry);
  QueenListStamp stamp = queen_list_stamp_take (registry, self->clock);

  return shared ? g_strdup (shared->version) : queen_list_stamp_dup_version (&stamp, self->epoch);
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
      n_bytes += queen_list_get_n_bytes (self->shared[kind].list);
  for (const GList *link = self->begun.head; link; link = link->next)
    {
      const Build *build = link->data;

      if (build->listing)
        n_bytes += queen_listing_get_n_bytes (build->listing);
      else if (build->list && !is_to_share (build))
        n_bytes += queen_list_get_n_bytes (build->list);
    }
  return n_bytes;
}

static void
free_build (Build *build)
{
  QueenOrder *order;

  while ((order = queen_fair_queue_peek (build->orders)))
    free_order (order);
  remove_build (build);
}

void
queen_lister_free (QueenLister *self)
{
  Build *build;

  while ((build = queen_list_works_next (self->works)))
    free_build (build);
  queen_list_works_free (self->works);
  drop_shared (self);
  queen_alarm_free (self->work_alarm);
  queen_alarm_free (self->drop_alarm);
  g_free (self);
}
