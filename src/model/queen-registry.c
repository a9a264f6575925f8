/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-registry.h"

#include "queen-error.h"
#include "queen-grace.h"
#include "queen-roll.h"
#include "queen-senders.h"
#include "text/queen-hash.h"

#define MAX_EXPIRED_AT_ONCE 64
#define SENDERS_PART 4 /* one sender brings no more than this part of all */

struct _QueenRegistry
{
  GObject parent_instance;

  QueenComponentKind kind;
  QueenEventBus *bus;
  QueenRegistrySettings settings;

  GHashTable *entries; /* id -> Entry */
  QueenRoll *roll; /* of Entry, in the order in which they were first seen; those online count */
  /* Of Entry, by deadline. Each heartbeat gets the same time, so whoever beats goes to the end and
   * the queues stay in order without ever being sorted. */
  GQueue online;
  GQueue offline;
  QueenSenders *senders;
  QueenGrace grace;
  gint64 looked_at; /* µs, monotonic: when it was last seen who is silent */
  guint n_available;
  gsize n_bytes; /* of the components */
  guint64 n_heartbeats;
  guint64 last_sequence;
  guint64 n_displaced;
  guint64 revision;
  QueenAlarm *alarm;
};

G_DEFINE_FINAL_TYPE (QueenRegistry, queen_registry, G_TYPE_OBJECT)

typedef struct
{
  char *id;
  QueenComponent *component;
  QueenSender *sender; /* who brought it; NULL when that is not counted */
  QueenRollPlace place;
  GList deadline_link;
  GList sender_link; /* in the sender's own queue, while it is offline */
} Entry;

/* Returns: whose place it is; %NULL if there is none */
static Entry *
get_entry (QueenRollPlace *place)
{
  return place ? (Entry *) ((char *) place - G_STRUCT_OFFSET (Entry, place)) : NULL;
}

static Entry *
get_first (QueenRegistry *self)
{
  return get_entry (queen_roll_find_behind (self->roll, 0));
}

static Entry *
get_next (Entry *entry)
{
  return get_entry (queen_roll_get_next (&entry->place));
}

static GQueue *
get_deadlines (QueenRegistry *self, const QueenComponent *component)
{
  return queen_component_is_online (component) ? &self->online : &self->offline;
}

/* Takes @component over as what is known of @entry. */
static void
enter (QueenRegistry *self, Entry *entry, QueenComponent *component)
{
  entry->component = component;
  queen_roll_set_present (self->roll, &entry->place, queen_component_is_online (component));
  g_queue_push_tail_link (get_deadlines (self, component), &entry->deadline_link);
  if (entry->sender && !queen_component_is_online (component))
    g_queue_push_tail_link (&entry->sender->offline, &entry->sender_link);
  self->n_available += queen_component_is_available (component);
  self->n_bytes += queen_component_get_size (component);
}

/* The reverse of enter(): returns what was known of @entry. */
static QueenComponent *
leave (QueenRegistry *self, Entry *entry)
{
  QueenComponent *component = g_steal_pointer (&entry->component);

  g_queue_unlink (get_deadlines (self, component), &entry->deadline_link);
  if (entry->sender && !queen_component_is_online (component))
    g_queue_unlink (&entry->sender->offline, &entry->sender_link);
  self->n_available -= queen_component_is_available (component);
  self->n_bytes -= queen_component_get_size (component);
  return component;
}

/* The wall clock makes it the same again in the queen's next life. It may jump; that it grows does
 * not depend on it. */
static guint64
make_sequence (QueenRegistry *self, gint64 first_seen)
{
  self->last_sequence = MAX (self->last_sequence + 1, (guint64) MAX (first_seen, 0));
  return self->last_sequence;
}

static Entry *
add_entry (QueenRegistry *self, const char *id, guint64 sequence)
{
  Entry *entry = g_new0 (Entry, 1);

  entry->id = g_strdup (id);
  entry->deadline_link.data = entry;
  entry->sender_link.data = entry;
  queen_roll_add (self->roll, &entry->place, entry->id, sequence);
  g_hash_table_insert (self->entries, entry->id, entry);
  return entry;
}

static void
free_entry (Entry *entry)
{
  g_clear_pointer (&entry->component, queen_component_unref);
  g_free (entry->id);
  g_free (entry);
}

/* How long a state of @component holds by itself, µs. */
static gint64
get_span (QueenRegistry *self, const QueenComponent *component)
{
  return queen_component_is_online (component) ? self->settings.timeout
                                               : self->settings.forget_after;
}

/* Returns: until when what is known of @entry holds; %G_MAXINT64 when there is none */
static gint64
get_deadline (QueenRegistry *self, const Entry *entry)
{
  if (!entry)
    return G_MAXINT64;
  return queen_component_is_online (entry->component)
             ? queen_grace_put_off (&self->grace, entry->component->deadline)
             : entry->component->deadline;
}

/* Returns: %G_MAXINT64 when there is none. One of a former life may be before the clock began. */
static gint64
get_first_deadline (QueenRegistry *self)
{
  return MIN (get_deadline (self, g_queue_peek_head (&self->online)),
              get_deadline (self, g_queue_peek_head (&self->offline)));
}

static void
set_alarm (QueenRegistry *self)
{
  gint64 deadline = get_first_deadline (self);

  queen_alarm_set (self->alarm, deadline == G_MAXINT64 ? -1 : MAX (deadline, 0));
}

static void
log_heartbeat (const QueenComponent *component)
{
  /* GLib formats a message before it asks whether anybody wants it. */
  if (g_log_get_debug_enabled ())
    g_log_structured (G_LOG_DOMAIN, G_LOG_LEVEL_DEBUG, "QUEEN_COMPONENT_ID", component->id,
                      "MESSAGE", "%s heartbeat: %s %s",
                      queen_component_kind_get_name (component->kind), component->id,
                      queen_status_get_name (component->status));
}

/* Takes @before over; it is NULL for one that is new. */
static void
emit (QueenRegistry *self, QueenEvent *event, QueenComponent *before)
{
  event->before = before;
  queen_event_bus_emit (self->bus, event);
}

static void
go_offline (QueenRegistry *self, Entry *entry, gint64 now)
{
  g_autoptr (QueenComponent) last = leave (self, entry);
  gint64 time = self->settings.clock->get_wall ();
  QueenComponent *gone =
      queen_component_copy_offline (last, time, now + self->settings.forget_after);
  g_autoptr (QueenEvent) event = queen_event_new_component (gone, time);

  enter (self, entry, gone);
  self->revision++;
  emit (self, event, g_steal_pointer (&last));
}

static void
forget (QueenRegistry *self, Entry *entry, const char *by)
{
  g_autoptr (QueenComponent) last = leave (self, entry);
  g_autoptr (QueenEvent) event = queen_event_new_forgotten (last);

  event->by = g_strdup (by);
  queen_senders_leave (self->senders, entry->sender);
  queen_roll_remove (self->roll, &entry->place);
  g_hash_table_remove (self->entries, entry->id);
  self->revision++;
  emit (self, event, g_steal_pointer (&last));
}

static void
on_deadline (gpointer data)
{
  QueenRegistry *self = data;

  /* What was left for the next turn has a deadline that is past, so its alarm goes off at once. */
  queen_registry_expire (self);
  set_alarm (self);
}

static void
queen_registry_dispose (GObject *object)
{
  QueenRegistry *self = QUEEN_REGISTRY (object);

  g_clear_pointer (&self->alarm, queen_alarm_free);
  g_clear_object (&self->bus);

  G_OBJECT_CLASS (queen_registry_parent_class)->dispose (object);
}

static void
queen_registry_finalize (GObject *object)
{
  QueenRegistry *self = QUEEN_REGISTRY (object);

  g_hash_table_unref (self->entries);
  queen_roll_free (self->roll);
  queen_senders_free (self->senders);

  G_OBJECT_CLASS (queen_registry_parent_class)->finalize (object);
}

static void
queen_registry_class_init (QueenRegistryClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = queen_registry_dispose;
  object_class->finalize = queen_registry_finalize;
}

static void
queen_registry_init (QueenRegistry *self)
{
  self->entries =
      g_hash_table_new_full (queen_string_hash, g_str_equal, NULL, (GDestroyNotify) free_entry);
  self->roll = queen_roll_new ();
  self->senders = queen_senders_new ();
  self->alarm = queen_alarm_new ("registry deadline", G_PRIORITY_DEFAULT, on_deadline, self);
}

QueenRegistry *
queen_registry_new (QueenComponentKind kind,
                    QueenEventBus *bus,
                    const QueenRegistrySettings *settings)
{
  QueenRegistry *self = g_object_new (QUEEN_TYPE_REGISTRY, NULL);

  self->kind = kind;
  self->bus = g_object_ref (bus);
  self->settings = *settings;
  self->grace.timeout = settings->timeout;
  return self;
}

QueenComponentKind
queen_registry_get_kind (QueenRegistry *self)
{
  return self->kind;
}

static int
compare_deadlines (gconstpointer a, gconstpointer b)
{
  gint64 first = (*(Entry *const *) a)->component->deadline;
  gint64 second = (*(Entry *const *) b)->component->deadline;

  return first < second ? -1 : first > second;
}

static void
tell_restored (QueenRegistry *self)
{
  for (Entry *entry = get_first (self); entry; entry = get_next (entry))
    {
      g_autoptr (QueenEvent) event = queen_event_new_restored (entry->component);

      queen_event_bus_emit (self->bus, event);
    }
}

guint
queen_registry_restore (QueenRegistry *self, GArray *sightings, gint64 elapsed)
{
  gint64 now = self->settings.clock->get_monotonic ();
  guint n_taken = MIN (sightings->len, self->settings.max_components);
  g_autoptr (GPtrArray) entries = g_ptr_array_sized_new (n_taken);

  g_return_val_if_fail (queen_registry_get_total (self) == 0, 0);

  for (guint i = 0; i < n_taken; i++)
    {
      QueenSighting *sighting = &g_array_index (sightings, QueenSighting, i);
      QueenComponent *component = sighting->component;
      Entry *entry;

      component->sequence = make_sequence (self, component->first_seen);
      component->deadline = now - sighting->age - elapsed + get_span (self, component);
      entry = add_entry (self, component->id, component->sequence);
      entry->component = component;
      entry->sender = queen_senders_enter (self->senders, sighting->sender);
      g_ptr_array_add (entries, entry);
    }
  /* The one time that they come in another order than that of their deadlines. */
  g_ptr_array_sort (entries, compare_deadlines);
  for (guint i = 0; i < n_taken; i++)
    {
      Entry *entry = entries->pdata[i];

      enter (self, entry, queen_component_ref (entry->component));
    }
  self->revision++;
  self->looked_at = G_MAXINT64; /* what is overdue was so before she was there to look */
  set_alarm (self);
  tell_restored (self);
  return n_taken;
}

/* The one in @queue that has been offline longest makes room for another. */
static gboolean
make_room (QueenRegistry *self, GQueue *queue)
{
  Entry *entry = g_queue_peek_head (queue);

  if (!entry)
    return FALSE;
  g_debug ("%s forgotten, to make room: %s", queen_component_kind_get_name (self->kind), entry->id);
  self->n_displaced++;
  forget (self, entry, NULL);
  return TRUE;
}

/* A sender that has brought all that it may makes room among what is its own. */
static gboolean
admit_sender (QueenRegistry *self, const char *name, GError **error)
{
  guint share = MAX (self->settings.max_components / SENDERS_PART, 1);
  QueenSender *sender = queen_senders_lookup (self->senders, name);

  if (!sender || sender->n_brought < share || make_room (self, &sender->offline))
    return TRUE;
  g_set_error (error, QUEEN_ERROR, QUEEN_ERROR_REGISTRY_FULL,
               "one sender has no room for more: %u %ss of yours are online already", share,
               queen_component_kind_get_name (self->kind));
  return FALSE;
}

/* Whether a heartbeat may come from the sender of that name. @entry is NULL for a new component. */
static gboolean
admit (QueenRegistry *self, Entry *entry, const char *name, GError **error)
{
  if (entry && queen_sender_is_called (entry->sender, name))
    return TRUE;
  if (entry && queen_sender_owns (entry->sender) && queen_component_is_online (entry->component))
    {
      g_set_error (error, QUEEN_ERROR, QUEEN_ERROR_CONFLICT,
                   "the %s “%s” is online, and belongs to another sender",
                   queen_component_kind_get_name (self->kind), entry->id);
      return FALSE;
    }
  if (!admit_sender (self, name, error))
    return FALSE;
  if (entry || queen_registry_get_total (self) < self->settings.max_components ||
      make_room (self, &self->offline))
    return TRUE;
  g_set_error (error, QUEEN_ERROR, QUEEN_ERROR_REGISTRY_FULL,
               "the registry is full: %u %ss are online already", self->settings.max_components,
               queen_component_kind_get_name (self->kind));
  return FALSE;
}

/* While @entry is in no queue. */
static void
set_sender (QueenRegistry *self, Entry *entry, const char *name)
{
  QueenSender *before = entry->sender;

  if (queen_sender_is_called (before, name))
    return;
  if (before)
    g_debug ("%s “%s” comes from another sender: %s instead of %s",
             queen_component_kind_get_name (self->kind), entry->id, name ? name : "this machine",
             before->name);
  entry->sender = queen_senders_enter (self->senders, name);
  queen_senders_leave (self->senders, before);
}

static gboolean
is_as_before (const QueenComponent *now, const QueenComponent *before)
{
  return now->status == before->status && now->health == before->health;
}

gboolean
queen_registry_update (QueenRegistry *self,
                       QueenComponent *component,
                       const char *sender,
                       GError **error)
{
  g_autoptr (QueenComponent) heartbeat = component;
  g_autoptr (QueenComponent) last = NULL;
  g_autoptr (QueenEvent) event = NULL;
  const QueenClock *clock = self->settings.clock;
  gint64 now = clock->get_monotonic ();
  Entry *entry = g_hash_table_lookup (self->entries, heartbeat->id);

  if (!admit (self, entry, sender, error))
    return FALSE;

  if (entry)
    last = leave (self, entry);
  heartbeat->last_seen = clock->get_wall ();
  heartbeat->since = last && is_as_before (heartbeat, last) ? last->since : heartbeat->last_seen;
  heartbeat->first_seen = last ? last->first_seen : heartbeat->last_seen;
  heartbeat->heartbeats = last ? last->heartbeats + 1 : 1;
  heartbeat->sequence = last ? last->sequence : make_sequence (self, heartbeat->first_seen);
  heartbeat->deadline = now + get_span (self, heartbeat);
  if (!entry)
    entry = add_entry (self, heartbeat->id, heartbeat->sequence);
  set_sender (self, entry, sender);
  enter (self, entry, queen_component_ref (heartbeat));
  self->n_heartbeats++;
  self->revision += !last || !queen_component_says_same (last, heartbeat);

  /* Other deadlines have only moved away: an alarm that goes off too early sets itself anew. */
  queen_alarm_set_earlier (self->alarm, heartbeat->deadline);

  log_heartbeat (heartbeat);
  event = queen_event_new_heartbeat (heartbeat);
  emit (self, event, g_steal_pointer (&last));
  return TRUE;
}

gint64
queen_registry_get_longest_silence (QueenRegistry *self)
{
  const Entry *entry = g_queue_peek_head (&self->online);
  gint64 now = self->settings.clock->get_monotonic ();

  return entry ? MAX (now - (entry->component->deadline - self->settings.timeout), 0) : 0;
}

gboolean
queen_registry_forget (QueenRegistry *self, const char *id, const char *by, GError **error)
{
  Entry *entry = g_hash_table_lookup (self->entries, id);

  if (!entry)
    {
      g_set_error (error, QUEEN_ERROR, QUEEN_ERROR_NOT_FOUND, "there is no %s “%s”",
                   queen_component_kind_get_name (self->kind), id);
      return FALSE;
    }
  if (queen_component_is_online (entry->component))
    go_offline (self, entry, self->settings.clock->get_monotonic ());
  forget (self, entry, by);
  return TRUE;
}

void
queen_registry_excuse (QueenRegistry *self, gint64 lateness)
{
  gint64 now = self->settings.clock->get_monotonic ();

  if (self->online.length == 0 || !queen_grace_begin (&self->grace, now, lateness))
    return;
  g_log_structured (G_LOG_DOMAIN, G_LOG_LEVEL_MESSAGE, "MESSAGE",
                    "stood still for %" G_GINT64_FORMAT " ms or longer: no %s is missed before "
                    "%" G_GINT64_FORMAT " ms have passed",
                    lateness / 1000, queen_component_kind_get_name (self->kind),
                    self->grace.span / 1000);
}

/* By as much as this comes late, and once for each time, all deadlines are put off. */
static void
excuse_own_lateness (QueenRegistry *self)
{
  gint64 now = self->settings.clock->get_monotonic ();
  gint64 due = MAX (get_deadline (self, g_queue_peek_head (&self->online)), self->looked_at);

  self->looked_at = now;
  queen_registry_excuse (self, now - due);
}

/* Returns: whether there is more to do at once */
static gboolean
expire_some (QueenRegistry *self)
{
  gint64 now = self->settings.clock->get_monotonic ();

  for (int i = 0; i < MAX_EXPIRED_AT_ONCE; i++)
    {
      Entry *silent = g_queue_peek_head (&self->online);
      Entry *gone = g_queue_peek_head (&self->offline);

      if (get_deadline (self, silent) <= now)
        go_offline (self, silent, now);
      else if (get_deadline (self, gone) <= now)
        forget (self, gone, NULL);
      else
        return FALSE;
    }
  return get_first_deadline (self) <= now;
}

gboolean
queen_registry_expire (QueenRegistry *self)
{
  excuse_own_lateness (self);
  return expire_some (self);
}

void
queen_registry_expire_restored (QueenRegistry *self)
{
  while (expire_some (self))
    ;
}

QueenComponent *
queen_registry_lookup (QueenRegistry *self, const char *id)
{
  Entry *entry = g_hash_table_lookup (self->entries, id);

  return entry ? entry->component : NULL;
}

guint
queen_registry_list_behind (QueenRegistry *self,
                            guint64 sequence,
                            QueenComponent **components,
                            guint max)
{
  Entry *entry = get_entry (queen_roll_find_behind (self->roll, sequence));
  guint n = 0;

  for (; entry && n < max; entry = get_next (entry))
    components[n++] = entry->component;
  return n;
}

GArray *
queen_registry_list_sightings (QueenRegistry *self)
{
  GArray *sightings = queen_sightings_new (queen_registry_get_total (self));
  gint64 now = self->settings.clock->get_monotonic ();

  for (Entry *entry = get_first (self); entry; entry = get_next (entry))
    {
      const QueenComponent *component = entry->component;
      gint64 age = now - (component->deadline - get_span (self, component));
      QueenSighting sighting = { queen_component_ref (entry->component), MAX (age, 0),
                                 entry->sender ? g_ref_string_acquire (entry->sender->name)
                                               : NULL };

      g_array_append_val (sightings, sighting);
    }
  return sightings;
}

void
queen_registry_get_census (QueenRegistry *self, QueenCensus *census)
{
  census->online = queen_registry_get_n_online (self);
  census->available = queen_registry_get_n_available (self);
  census->ids = queen_roll_get_json (self->roll);
}

guint
queen_registry_get_n_online (QueenRegistry *self)
{
  return self->online.length;
}

guint
queen_registry_get_n_available (QueenRegistry *self)
{
  return self->n_available;
}

guint
queen_registry_get_total (QueenRegistry *self)
{
  return g_hash_table_size (self->entries);
}

guint64
queen_registry_get_n_displaced (QueenRegistry *self)
{
  return self->n_displaced;
}

gsize
queen_registry_get_n_bytes (QueenRegistry *self)
{
  return self->n_bytes;
}

guint64
queen_registry_get_n_heartbeats (QueenRegistry *self)
{
  return self->n_heartbeats;
}

guint64
queen_registry_get_revision (QueenRegistry *self)
{
  return self->revision;
}

guint64
queen_registry_get_last_sequence (QueenRegistry *self)
{
  return self->last_sequence;
}
