/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-holds.h"

#include <string.h>

#include "loop/queen-alarm.h"
#include "loop/queen-portions.h"
#include "queen-error.h"
#include "queen-senders.h"
#include "text/queen-hash.h"
#include "text/queen-legible.h"
#include "text/queen-timestamp.h"

/* As in data/queen-rbee.catalog. */
#define ID_HELD "349d5a3b3d05474189a5874884daae45"
#define ID_RELEASED "03d15eb2248e4b6a89f3d5f1716343f2"

#define LONG_AGO G_MININT64

static const char said_elsewhere[] = "another queen says so";

/* One component that is held. */
typedef struct
{
  QueenComponentKind kind;
  char *id;
  QueenHoldList *list;
} Place;

/* One hold of it. */
typedef struct
{
  Place *place;
  QueenHold *hold;
  gint64 deadline;     /* of the hold; long ago once its caller has left */
  GSequenceIter *link; /* by deadline */
} Held;

struct _QueenHolds
{
  GObject parent_instance;

  const QueenClock *clock;
  GHashTable *places[QUEEN_COMPONENT_N_KINDS]; /* id -> Place */
  GHashTable *by_id;                           /* of a hold -> Held */
  QueenPortions *holders;                      /* asker -> how many of them it has */
  GSequence *by_deadline;                      /* of Held */
  guint n[QUEEN_COMPONENT_N_KINDS];
  QueenAlarm *alarm;
};

G_DEFINE_FINAL_TYPE (QueenHolds, queen_holds, G_TYPE_OBJECT)

static guint changed_signal, begun_signal, ended_signal;

static void
free_place (Place *place)
{
  queen_hold_list_unref (place->list);
  g_free (place->id);
  g_free (place);
}

static int
compare_deadlines (gconstpointer a, gconstpointer b, gpointer unused)
{
  gint64 first = ((const Held *) a)->deadline, second = ((const Held *) b)->deadline;

  return first < second ? -1 : first > second;
}

static Held *
get_first (QueenHolds *self)
{
  GSequenceIter *first = g_sequence_get_begin_iter (self->by_deadline);

  return g_sequence_iter_is_end (first) ? NULL : g_sequence_get (first);
}

static void
set_alarm (QueenHolds *self)
{
  const Held *first = get_first (self);
  gint64 deadline = first ? first->deadline : G_MAXINT64;

  queen_alarm_set (self->alarm, deadline == G_MAXINT64 ? -1 : MAX (deadline, 0));
}

static void
tell_changed (QueenHolds *self, QueenComponentKind kind, const char *id)
{
  g_signal_emit (self, changed_signal, 0, (guint) kind, id);
}

static Place *
ensure_place (QueenHolds *self, QueenComponentKind kind, const char *id)
{
  Place *place = g_hash_table_lookup (self->places[kind], id);

  if (!place)
    {
      place = g_new0 (Place, 1);
      place->kind = kind;
      place->id = g_strdup (id);
      g_hash_table_insert (self->places[kind], place->id, place);
    }
  return place;
}

static void
set_list (Place *place, QueenHoldList *list)
{
  queen_hold_list_unref (place->list);
  place->list = list;
}

/* Takes @hold over. */
static void
enter_hold (QueenHolds *self, QueenComponentKind kind, const char *id, QueenHold *hold)
{
  g_autofree char *asker = queen_sender_dup_asker (hold->holder);
  Held *held = g_new0 (Held, 1);

  held->place = ensure_place (self, kind, id);
  held->hold = hold;
  held->deadline = hold->deadline;
  set_list (held->place, queen_hold_list_with (held->place->list, queen_hold_ref (hold)));
  held->link = g_sequence_insert_sorted (self->by_deadline, held, compare_deadlines, NULL);
  g_hash_table_insert (self->by_id, hold->id, held);
  queen_portions_take (self->holders, asker, 1);
  self->n[kind]++;
}

static void
free_held (Held *held)
{
  queen_hold_unref (held->hold);
  g_free (held);
}

/* A place that has no holds any more stays until it has been told of. */
static void
leave_hold (QueenHolds *self, Held *held)
{
  g_autofree char *asker = queen_sender_dup_asker (held->hold->holder);
  Place *place = held->place;

  self->n[place->kind]--;
  queen_portions_give_back (self->holders, asker, 1);
  set_list (place, queen_hold_list_without (place->list, held->hold));
  g_sequence_remove (held->link);
  g_hash_table_remove (self->by_id, held->hold->id);
}

/* The lines of the log */

static void
log_held (const Place *place, const QueenHold *hold)
{
  const char *kind = queen_component_kind_get_name (place->kind);
  g_autoptr (GString) until = g_string_new (NULL);

  if (hold->until > 0)
    {
      g_string_append (until, ", until ");
      queen_timestamp_append (until, hold->until);
    }
  g_log_structured (G_LOG_DOMAIN, G_LOG_LEVEL_MESSAGE, "MESSAGE_ID", ID_HELD,
                    "QUEEN_COMPONENT_KIND", kind, "QUEEN_COMPONENT_ID", place->id, "QUEEN_HOLD_ID",
                    hold->id, "QUEEN_HOLDER", hold->holder, "MESSAGE", "%s held: %s, by %s%s: %s",
                    kind, place->id, hold->holder, until->str, hold->reason);
}

static void
log_released (const Place *place, const QueenHold *hold, const char *how)
{
  const char *kind = queen_component_kind_get_name (place->kind);

  g_log_structured (G_LOG_DOMAIN, G_LOG_LEVEL_MESSAGE, "MESSAGE_ID", ID_RELEASED,
                    "QUEEN_COMPONENT_KIND", kind, "QUEEN_COMPONENT_ID", place->id, "QUEEN_HOLD_ID",
                    hold->id, "QUEEN_HOLDER", hold->holder, "MESSAGE",
                    "%s released: %s, held by %s: %s", kind, place->id, hold->holder, how);
}

/* Ending */

/* How it was is told before it is so: whoever listens may look at all there is. */
static void
end_hold (QueenHolds *self, Held *held, const char *how)
{
  Place *place = held->place;

  log_released (place, held->hold, how);
  if (how != said_elsewhere)
    g_signal_emit (self, ended_signal, 0, (guint) place->kind, place->id, held->hold);
  leave_hold (self, held);
  tell_changed (self, place->kind, place->id);
  if (!place->list)
    g_hash_table_remove (self->places[place->kind], place->id);
}

/* Thousands may end at once, each with a line in the log: what is left when there is no more time
 * has its turn at once. */
static void
on_deadline_of_hold (gpointer data)
{
  QueenHolds *self = data;
  gint64 begun = self->clock->get_monotonic ();
  Held *first;

  while ((first = get_first (self)) && first->deadline <= begun &&
         self->clock->get_monotonic () - begun < QUEEN_SLICE)
    end_hold (self, first,
              first->deadline == LONG_AGO ? "who held it has left the bus" : "its time is over");
  set_alarm (self);
}

static void
leave_to_its_end (Held *held)
{
  held->deadline = LONG_AGO;
  g_sequence_sort_changed (held->link, compare_deadlines, NULL);
}

void
queen_holds_end_caller (QueenHolds *self, const char *caller)
{
  GHashTableIter iter;
  gpointer held;

  g_hash_table_iter_init (&iter, self->by_id);
  while (g_hash_table_iter_next (&iter, NULL, &held))
    {
      const char *name = ((Held *) held)->hold->caller;

      if (name && (!caller || g_str_equal (name, caller)))
        leave_to_its_end (held);
    }
  on_deadline_of_hold (self);
}

static gboolean
refuse_release (QueenComponentKind kind,
                const char *id,
                const char *hold,
                const QueenHoldList *list,
                GError **error)
{
  const char *name = queen_component_kind_get_name (kind);
  g_autoptr (GString) holds = g_string_new (NULL);

  for (guint i = 0; list && i < list->n; i++)
    g_string_append_printf (holds, "%s%s by %s", i > 0 ? ", " : "", list->holds[i]->id,
                            list->holds[i]->holder);
  if (!list)
    g_set_error (error, QUEEN_ERROR, QUEEN_ERROR_NOT_FOUND, "nothing holds the %s “%s”", name, id);
  else if (hold && *hold)
    g_set_error (error, QUEEN_ERROR, QUEEN_ERROR_NOT_FOUND,
                 "the %s “%s” has no hold “%s”; it has %s", name, id, hold, holds->str);
  else
    g_set_error (error, QUEEN_ERROR, QUEEN_ERROR_NOT_FOUND,
                 "you do not hold the %s “%s”; to end somebody else's hold, name it: %s", name, id,
                 holds->str);
  return FALSE;
}

/* Returns: (transfer full) (element-type Held): what is meant */
static GPtrArray *
choose_holds (QueenHolds *self, const QueenHoldList *list, const char *hold, const char *by)
{
  GPtrArray *chosen = g_ptr_array_new ();

  for (guint i = 0; list && i < list->n; i++)
    if (hold && *hold ? g_str_equal (list->holds[i]->id, hold)
                      : g_str_equal (list->holds[i]->holder, by))
      g_ptr_array_add (chosen, g_hash_table_lookup (self->by_id, list->holds[i]->id));
  return chosen;
}

guint
queen_holds_release (QueenHolds *self,
                     QueenComponentKind kind,
                     const char *id,
                     const char *hold,
                     const char *by,
                     GError **error)
{
  QueenHoldList *list = queen_holds_lookup (self, kind, id);
  g_autoptr (GPtrArray) chosen = choose_holds (self, list, hold, by);
  g_autofree char *how = g_strconcat ("by ", by, NULL);

  if (chosen->len == 0)
    return refuse_release (kind, id, hold, list, error);
  for (guint i = 0; i < chosen->len; i++)
    end_hold (self, chosen->pdata[i], how);
  set_alarm (self);
  return chosen->len;
}

/* Beginning */

static gboolean
check_request (const QueenHoldRequest *request, const char *reason, GError **error)
{
  if (*reason == '\0')
    return queen_error_refuse (error, QUEEN_ERROR_UNPROCESSABLE, "reason must say why");
  if (strlen (request->reason) > QUEEN_HOLDS_MAX_REASON)
    return queen_error_refuse (error, QUEEN_ERROR_UNPROCESSABLE,
                               "reason must have at most 1024 bytes");
  if (request->ttl < 0 || request->ttl > QUEEN_HOLDS_MAX_TTL * G_USEC_PER_SEC)
    return queen_error_refuse (error, QUEEN_ERROR_UNPROCESSABLE,
                               "ttl must be seconds, from 0 (until it is released) to 31536000");
  return TRUE;
}

static gboolean
has_room (
    QueenHolds *self, QueenComponentKind kind, const char *id, const char *holder, GError **error)
{
  const QueenHoldList *list = queen_holds_lookup (self, kind, id);
  g_autofree char *asker = queen_sender_dup_asker (holder);

  if (list && list->n >= QUEEN_HOLDS_MAX_PER_COMPONENT)
    return queen_error_refuse (error, QUEEN_ERROR_UNAVAILABLE,
                               "it is held 16 times already: one of those must be released first");
  if (queen_portions_get (self->holders, asker) >= QUEEN_HOLDS_MAX_PER_HOLDER)
    return queen_error_refuse (error, QUEEN_ERROR_UNAVAILABLE,
                               "you have 1024 holds already: one of those must be released first");
  if (g_hash_table_size (self->by_id) >= QUEEN_HOLDS_MAX)
    return queen_error_refuse (error, QUEEN_ERROR_UNAVAILABLE,
                               "there are 4096 holds already: one of those must be released first");
  return TRUE;
}

/* Of new ones only: what was granted here or elsewhere stays, however little is left by now. */
static gboolean
is_fair (QueenHolds *self, const QueenHoldRequest *request, GError **error)
{
  const QueenHoldList *list = queen_holds_lookup (self, request->kind, request->id);
  g_autofree char *asker = queen_sender_dup_asker (request->holder);

  return (queen_portions_may_take (self->holders, asker, 1) &&
          queen_hold_list_leaves_room (list, QUEEN_HOLDS_MAX_PER_COMPONENT, request->holder)) ||
         queen_error_refuse (error, QUEEN_ERROR_UNAVAILABLE,
                             "you have as many holds as are left for others: release one first");
}

/* Returns: (transfer full): an id that no other hold has. It is no secret. */
static char *
dup_new_id (QueenHolds *self)
{
  for (;;)
    {
      g_autofree char *id =
          g_strdup_printf ("hold-%04x%08x", g_random_int () & 0xffff, g_random_int ());

      if (!g_hash_table_contains (self->by_id, id))
        return g_steal_pointer (&id);
    }
}

QueenHold *
queen_holds_add (QueenHolds *self, const QueenHoldRequest *request, GError **error)
{
  g_autofree char *legible = queen_legible_dup (request->reason, QUEEN_HOLDS_MAX_REASON + 4);
  const char *reason = g_strstrip (legible);
  gint64 wall = self->clock->get_wall ();
  g_autofree char *id = NULL;
  QueenHold *hold;

  if (!check_request (request, reason, error) ||
      !has_room (self, request->kind, request->id, request->holder, error) ||
      !is_fair (self, request, error))
    return NULL;
  id = dup_new_id (self);
  hold = queen_hold_new (&(QueenHold){
      .id = id,
      .reason = (char *) reason,
      .holder = (char *) request->holder,
      .caller = (char *) request->caller,
      .since = wall,
      .until = request->ttl > 0 ? wall + request->ttl * 1000 : 0,
      .deadline = request->ttl > 0 ? self->clock->get_monotonic () + request->ttl : G_MAXINT64,
  });
  enter_hold (self, request->kind, request->id, hold);
  log_held (g_hash_table_lookup (self->places[request->kind], request->id), hold);
  set_alarm (self);
  g_signal_emit (self, begun_signal, 0, (guint) request->kind, request->id, hold);
  tell_changed (self, request->kind, request->id);
  return hold;
}

/* Looking */

QueenHoldList *
queen_holds_lookup (QueenHolds *self, QueenComponentKind kind, const char *id)
{
  const Place *place = g_hash_table_lookup (self->places[kind], id);

  return place ? place->list : NULL;
}

gboolean
queen_holds_is_held (QueenHolds *self, QueenComponentKind kind, const char *id)
{
  return queen_holds_lookup (self, kind, id) != NULL;
}

guint
queen_holds_get_n (QueenHolds *self, QueenComponentKind kind)
{
  return self->n[kind];
}

char **
queen_holds_list_callers (QueenHolds *self)
{
  g_autoptr (GHashTable) callers = g_hash_table_new (queen_string_hash, g_str_equal);
  GHashTableIter iter;
  gpointer held;
  g_autofree char **names = NULL;

  g_hash_table_iter_init (&iter, self->by_id);
  while (g_hash_table_iter_next (&iter, NULL, &held))
    if (((Held *) held)->hold->caller)
      g_hash_table_add (callers, ((Held *) held)->hold->caller);
  names = (char **) g_hash_table_get_keys_as_array (callers, NULL);
  return g_strdupv (names);
}

static QueenHoldList *
lookup_of_hive (QueenHolds *self, const QueenComponent *component)
{
  return component->kind == QUEEN_COMPONENT_WORKER && component->hive_id
             ? queen_holds_lookup (self, QUEEN_COMPONENT_HIVE, component->hive_id)
             : NULL;
}

/* Once for each heartbeat; nearly always there is no hold at all. */
void
queen_holds_stamp (QueenHolds *self, QueenComponent *component)
{
  if (g_hash_table_size (self->by_id) == 0)
    return;
  component->holds =
      queen_hold_list_ref (queen_holds_lookup (self, component->kind, component->id));
  component->hive_holds = queen_hold_list_ref (lookup_of_hive (self, component));
}

QueenComponent *
queen_holds_restamp (QueenHolds *self, const QueenComponent *component)
{
  QueenHoldList *own = queen_holds_lookup (self, component->kind, component->id);
  QueenHoldList *of_hive = lookup_of_hive (self, component);

  if (own == component->holds && of_hive == component->hive_holds)
    return NULL;
  return queen_component_copy_held (component, own, of_hive);
}

/* From one epoch to the next */

void
queen_hold_entry_clear (QueenHoldEntry *self)
{
  g_clear_pointer (&self->component_id, g_free);
  g_clear_pointer (&self->hold, queen_hold_unref);
}

GArray *
queen_hold_entries_new (void)
{
  GArray *entries = g_array_new (FALSE, FALSE, sizeof (QueenHoldEntry));

  g_array_set_clear_func (entries, (GDestroyNotify) queen_hold_entry_clear);
  return entries;
}

GArray *
queen_holds_list_entries (QueenHolds *self)
{
  GArray *entries = queen_hold_entries_new ();
  gint64 now = self->clock->get_monotonic ();

  for (GSequenceIter *iter = g_sequence_get_begin_iter (self->by_deadline);
       !g_sequence_iter_is_end (iter); iter = g_sequence_iter_next (iter))
    {
      const Held *held = g_sequence_get (iter);
      gint64 deadline = held->hold->deadline;
      QueenHoldEntry entry = { held->place->kind, g_strdup (held->place->id),
                               queen_hold_ref (held->hold),
                               deadline == G_MAXINT64 ? -1 : MAX (deadline - now, 0) };

      g_array_append_val (entries, entry);
    }
  return entries;
}

static gboolean
take_over (QueenHolds *self, const QueenHoldEntry *entry, gint64 elapsed)
{
  QueenHold hold = *entry->hold;

  if (g_hash_table_contains (self->by_id, hold.id) ||
      (entry->left >= 0 && entry->left <= elapsed) ||
      !has_room (self, entry->kind, entry->component_id, hold.holder, NULL))
    return FALSE;
  hold.deadline =
      entry->left < 0 ? G_MAXINT64 : self->clock->get_monotonic () + entry->left - elapsed;
  enter_hold (self, entry->kind, entry->component_id, queen_hold_new (&hold));
  return TRUE;
}

guint
queen_holds_restore (QueenHolds *self, GArray *entries, gint64 elapsed)
{
  for (guint i = 0; i < entries->len; i++)
    take_over (self, &g_array_index (entries, QueenHoldEntry, i), elapsed);
  set_alarm (self);
  return g_hash_table_size (self->by_id);
}

gboolean
queen_holds_apply (QueenHolds *self, const QueenHoldEntry *entry)
{
  if (!take_over (self, entry, 0))
    return FALSE;
  log_held (g_hash_table_lookup (self->places[entry->kind], entry->component_id), entry->hold);
  set_alarm (self);
  tell_changed (self, entry->kind, entry->component_id);
  return TRUE;
}

gboolean
queen_holds_drop (QueenHolds *self, const char *hold)
{
  Held *held = g_hash_table_lookup (self->by_id, hold);

  if (!held)
    return FALSE;
  end_hold (self, held, said_elsewhere);
  set_alarm (self);
  return TRUE;
}

/* The object */

static void
queen_holds_finalize (GObject *object)
{
  QueenHolds *self = QUEEN_HOLDS (object);

  queen_alarm_free (self->alarm);
  g_hash_table_unref (self->by_id);
  queen_portions_free (self->holders);
  g_sequence_free (self->by_deadline);
  for (int kind = 0; kind < QUEEN_COMPONENT_N_KINDS; kind++)
    g_hash_table_unref (self->places[kind]);

  G_OBJECT_CLASS (queen_holds_parent_class)->finalize (object);
}

static void
queen_holds_class_init (QueenHoldsClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = queen_holds_finalize;
  changed_signal =
      g_signal_new ("changed", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                    G_TYPE_NONE, 2, G_TYPE_UINT, G_TYPE_STRING | G_SIGNAL_TYPE_STATIC_SCOPE);
  begun_signal = g_signal_new ("begun", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                               NULL, G_TYPE_NONE, 3, G_TYPE_UINT,
                               G_TYPE_STRING | G_SIGNAL_TYPE_STATIC_SCOPE, G_TYPE_POINTER);
  ended_signal = g_signal_new ("ended", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                               NULL, G_TYPE_NONE, 3, G_TYPE_UINT,
                               G_TYPE_STRING | G_SIGNAL_TYPE_STATIC_SCOPE, G_TYPE_POINTER);
}

static void
queen_holds_init (QueenHolds *self)
{
  self->by_id =
      g_hash_table_new_full (queen_string_hash, g_str_equal, NULL, (GDestroyNotify) free_held);
  self->holders = queen_portions_new (QUEEN_HOLDS_MAX);
  self->by_deadline = g_sequence_new (NULL);
  for (int kind = 0; kind < QUEEN_COMPONENT_N_KINDS; kind++)
    self->places[kind] =
        g_hash_table_new_full (queen_string_hash, g_str_equal, NULL, (GDestroyNotify) free_place);
}

QueenHolds *
queen_holds_new (const QueenClock *clock)
{
  QueenHolds *self = g_object_new (QUEEN_TYPE_HOLDS, NULL);

  self->clock = clock;
  self->alarm = queen_alarm_new (clock, "hold", G_PRIORITY_DEFAULT, on_deadline_of_hold, self);
  return self;
}
