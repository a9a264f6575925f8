/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-registry-private.h"

#include "loop/queen-alarm.h"
#include "loop/queen-slice.h"
#include "queen-dispatch.h"
#include "queen-error.h"

#define MAX_EXPIRED_AT_ONCE 64
#define ASK_AGAIN (10 * G_USEC_PER_SEC)

G_DEFINE_FINAL_TYPE (QueenRegistry, queen_registry, G_TYPE_OBJECT)

/* Returns: whose place it is; %NULL if there is none */
static QueenEntry *
get_entry (QueenRollPlace *place)
{
  return place ? (QueenEntry *) ((char *) place - G_STRUCT_OFFSET (QueenEntry, place)) : NULL;
}

QueenEntry *
queen_registry_get_first (QueenRegistry *self)
{
  return get_entry (queen_roll_find_behind (self->roll, 0));
}

QueenEntry *
queen_registry_get_next (QueenEntry *entry)
{
  return get_entry (queen_roll_get_next (&entry->place));
}

/* Returns: until when what is known of @entry holds; %G_MAXINT64 when there is none */
static gint64
get_deadline (QueenRegistry *self, const QueenEntry *entry)
{
  if (!entry)
    return G_MAXINT64;
  return queen_component_is_online (entry->component)
             ? queen_grace_put_off (&self->grace, entry->deadline)
             : entry->deadline;
}

/* Returns: (nullable): who is online and missed first; %NULL when nobody is online */
static QueenEntry *
get_first_missed (QueenRegistry *self)
{
  QueenEntry *usual = g_queue_peek_head (&self->online);
  GSequenceIter *first = g_sequence_get_begin_iter (self->patient);
  QueenEntry *patient = g_sequence_iter_is_end (first) ? NULL : g_sequence_get (first);

  return get_deadline (self, patient) < get_deadline (self, usual) ? patient : usual;
}

/* Returns: %G_MAXINT64 when there is none. One of a former epoch may be before the clock began. */
static gint64
get_first_deadline (QueenRegistry *self)
{
  return MIN (get_deadline (self, get_first_missed (self)),
              get_deadline (self, g_queue_peek_head (&self->offline)));
}

void
queen_registry_set_alarm (QueenRegistry *self)
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
publish_event (QueenRegistry *self, QueenEvent *event, QueenComponent *before)
{
  event->before = before;
  queen_sequencer_publish (self->sequencer, event);
}

static void
go_offline (QueenRegistry *self, QueenEntry *entry, gint64 now)
{
  g_autoptr (QueenComponent) last = queen_registry_leave (self, entry);
  gint64 time = self->settings.clock->get_wall ();
  QueenComponent *gone =
      queen_component_copy_offline (last, time, now + self->settings.forget_after);
  g_autoptr (QueenEvent) event = queen_event_new_component (gone, time);

  queen_registry_enter (self, entry, gone);
  self->revision++;
  publish_event (self, event, g_steal_pointer (&last));
}

static void
forget (QueenRegistry *self, QueenEntry *entry, const char *by)
{
  g_autoptr (QueenComponent) last = queen_registry_remove_entry (self, entry);
  g_autoptr (QueenEvent) event = queen_event_new_forgotten (last);

  event->by = g_strdup (by);
  publish_event (self, event, g_steal_pointer (&last));
}

static void
on_deadline (gpointer data)
{
  QueenRegistry *self = data;

  /* What was left for the next turn has a deadline that is past, so its alarm goes off at once. */
  queen_registry_expire (self);
  queen_registry_set_alarm (self);
}

static void
queen_registry_dispose (GObject *object)
{
  QueenRegistry *self = QUEEN_REGISTRY (object);

  g_clear_pointer (&self->alarm, queen_alarm_free);
  g_clear_pointer (&self->sweep_alarm, queen_alarm_free);
  g_clear_object (&self->sequencer);

  G_OBJECT_CLASS (queen_registry_parent_class)->dispose (object);
}

static void
queen_registry_finalize (GObject *object)
{
  QueenRegistry *self = QUEEN_REGISTRY (object);

  g_sequence_free (self->patient);
  g_sequence_free (self->offline_order);
  g_sequence_free (self->offline_lists);
  queen_sharded_table_free (self->entries);
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
  self->entries = queen_registry_new_entries ();
  self->patient = g_sequence_new (NULL);
  self->offline_order = g_sequence_new (NULL);
  self->offline_lists = g_sequence_new (NULL);
  self->roll = queen_roll_new ();
  self->senders = queen_senders_new ();
}

QueenRegistry *
queen_registry_new (QueenComponentKind kind,
                    QueenSequencer *sequencer,
                    const QueenRegistrySettings *settings)
{
  QueenRegistry *self = g_object_new (QUEEN_TYPE_REGISTRY, NULL);

  self->kind = kind;
  self->sequencer = g_object_ref (sequencer);
  self->settings = *settings;
  self->grace.timeout = settings->timeout;
  self->alarm =
      queen_alarm_new (settings->clock, "registry deadline", G_PRIORITY_DEFAULT, on_deadline, self);
  if (settings->holds)
    self->sweep_alarm = queen_alarm_new (settings->clock, "held with a hive", G_PRIORITY_DEFAULT,
                                         queen_registry_on_sweep, self);
  return self;
}

QueenComponentKind
queen_registry_get_kind (QueenRegistry *self)
{
  return self->kind;
}

void
queen_registry_displace (QueenRegistry *self, QueenEntry *entry)
{
  g_debug ("%s forgotten, to make room: %s", queen_component_kind_get_name (self->kind), entry->id);
  self->n_displaced++;
  if (queen_component_is_online (entry->component))
    go_offline (self, entry, self->settings.clock->get_monotonic ());
  forget (self, entry, NULL);
}

/* A sender that has brought all that it may makes room among what is its own. */
static gboolean
admit_sender (QueenRegistry *self, const char *name, GError **error)
{
  guint share = MAX (self->settings.max_components / QUEEN_REGISTRY_SENDERS_PART, 1);
  QueenSender *sender = queen_senders_lookup (self->senders, name);

  if (!sender || sender->n_brought < share || queen_registry_make_room (self, &sender->offline))
    return TRUE;
  g_set_error (error, QUEEN_ERROR, QUEEN_ERROR_REGISTRY_FULL,
               "one sender has no room for more: %u %ss of yours are online already", share,
               queen_component_kind_get_name (self->kind));
  return FALSE;
}

/* Whether a heartbeat may come from the sender of that name. @entry is NULL for a new component. */
static gboolean
admit (QueenRegistry *self,
       QueenEntry *entry,
       const QueenComponent *heartbeat,
       const char *name,
       GError **error)
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
  return admit_sender (self, name, error) &&
         (entry || queen_registry_check_place (self, heartbeat, name, error));
}

void
queen_registry_set_sender (QueenRegistry *self, QueenEntry *entry, const char *name)
{
  QueenSender *before = entry->sender;

  if (queen_sender_is_called (before, name))
    return;
  if (before)
    g_debug ("%s “%s” comes from another sender: %s instead of %s",
             queen_component_kind_get_name (self->kind), entry->id, name ? name : "this machine",
             before->name);
  queen_registry_unlink_lists (entry);
  entry->sender = queen_senders_enter (self->senders, name);
  queen_senders_release (self->senders, before);
}

void
queen_registry_sign (const QueenEntry *entry, QueenComponent *component)
{
  g_clear_pointer (&component->sender, g_ref_string_release);
  if (entry->sender)
    component->sender = g_ref_string_acquire (entry->sender->name);
}

void
queen_registry_settle (QueenRegistry *self,
                       QueenComponent *component,
                       const QueenComponent *last,
                       gint64 heard)
{
  component->sequence =
      last ? last->sequence : queen_registry_make_sequence (self, component->first_seen);
  component->deadline = heard + queen_registry_get_span (self, component);
  if (self->settings.holds)
    queen_holds_stamp (self->settings.holds, component);
  queen_registry_check_call (self, component, last);
}

void
queen_registry_take (QueenRegistry *self,
                     QueenEntry *entry,
                     QueenComponent *component,
                     const QueenComponent *last,
                     const char *sender)
{
  if (!entry)
    entry = queen_registry_add_entry (self, component->id, component->sequence);
  queen_registry_set_sender (self, entry, sender);
  queen_registry_sign (entry, component);
  queen_registry_enter (self, entry, queen_component_ref (component));
  self->revision += !last || !queen_component_says_same (last, component);
  /* Other deadlines have only moved away: an alarm that goes off too early sets itself anew. */
  queen_alarm_set_earlier (self->alarm, MAX (component->deadline, 0));
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
  QueenEntry *entry = queen_registry_find_entry (self, heartbeat->id);

  if (!admit (self, entry, heartbeat, sender, error) ||
      !queen_registry_admit_lists (self, entry, heartbeat, sender, error))
    return FALSE;

  if (entry)
    last = queen_registry_leave (self, entry);
  else
    queen_registry_clear_place (self, sender);
  heartbeat->last_seen = clock->get_wall ();
  heartbeat->since = last && is_as_before (heartbeat, last) ? last->since : heartbeat->last_seen;
  heartbeat->first_seen = last ? last->first_seen : heartbeat->last_seen;
  heartbeat->heartbeats = last ? MIN (last->heartbeats + 1, QUEEN_DISPATCH_MAX_COUNT) : 1;
  queen_registry_settle (self, heartbeat, last, now);
  queen_registry_take (self, entry, heartbeat, last, sender);
  self->n_heartbeats++;

  log_heartbeat (heartbeat);
  event = queen_event_new_heartbeat (heartbeat);
  publish_event (self, event, g_steal_pointer (&last));
  return TRUE;
}

gint64
queen_registry_get_longest_silence (QueenRegistry *self)
{
  const QueenEntry *entry = g_queue_peek_head (&self->online);
  gint64 now = self->settings.clock->get_monotonic ();

  return entry ? MAX (now - (entry->component->deadline - self->settings.timeout), 0) : 0;
}

gboolean
queen_registry_forget (QueenRegistry *self, const char *id, const char *by, GError **error)
{
  QueenEntry *entry = queen_registry_find_entry (self, id);

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
queen_registry_give_grace (QueenRegistry *self, gint64 span, const char *why)
{
  gint64 now = self->settings.clock->get_monotonic ();

  if (queen_registry_get_n_online (self) == 0 || !queen_grace_begin (&self->grace, now, span))
    return;
  g_message ("%s: no %s is missed before %" G_GINT64_FORMAT " ms have passed", why,
             queen_component_kind_get_name (self->kind), self->grace.span / 1000);
}

void
queen_registry_excuse (QueenRegistry *self, gint64 lateness)
{
  char why[64];

  g_snprintf (why, sizeof why, "stood still for %" G_GINT64_FORMAT " ms or longer",
              lateness / 1000);
  queen_registry_give_grace (self, lateness, why);
}

/* By as much as this comes late, and once for each time, all deadlines are put off. */
static void
excuse_own_lateness (QueenRegistry *self)
{
  gint64 now = self->settings.clock->get_monotonic ();
  gint64 due = MAX (get_deadline (self, get_first_missed (self)), self->looked_at);

  self->looked_at = now;
  queen_registry_excuse (self, now - due);
}

/* One whose time is up; who is to say so may be somebody else. */
static void
miss (QueenRegistry *self, QueenEntry *entry, gint64 now)
{
  if (queen_sequencer_may_miss (self->sequencer, entry->component))
    go_offline (self, entry, now);
  else
    queen_registry_put_off (self, entry, now + ASK_AGAIN);
}

/* Returns: whether there is more to do at once */
gboolean
queen_registry_expire_some (QueenRegistry *self)
{
  gint64 now = self->settings.clock->get_monotonic ();
  QueenSlice slice;

  /* One that serves many models is much to do. */
  queen_slice_begin (&slice, self->settings.clock);
  for (int i = 0; i < MAX_EXPIRED_AT_ONCE; i++)
    {
      QueenEntry *silent = get_first_missed (self);
      QueenEntry *gone = g_queue_peek_head (&self->offline);

      if (get_deadline (self, silent) <= now)
        miss (self, silent, now);
      else if (get_deadline (self, gone) <= now)
        forget (self, gone, NULL);
      else
        return FALSE;
      if (queen_slice_is_over (&slice, QUEEN_SLICE_LARGE))
        break;
    }
  return get_first_deadline (self) <= now;
}

gboolean
queen_registry_expire (QueenRegistry *self)
{
  excuse_own_lateness (self);
  return queen_registry_expire_some (self);
}

QueenComponent *
queen_registry_lookup (QueenRegistry *self, const char *id)
{
  QueenEntry *entry = queen_registry_find_entry (self, id);

  return entry ? entry->component : NULL;
}

guint
queen_registry_list_behind (QueenRegistry *self,
                            guint64 sequence,
                            QueenComponent **components,
                            guint max)
{
  QueenEntry *entry = get_entry (queen_roll_find_behind (self->roll, sequence));
  guint n = 0;

  for (; entry && n < max; entry = queen_registry_get_next (entry))
    components[n++] = entry->component;
  return n;
}

void
queen_registry_get_census (QueenRegistry *self, QueenCensus *census)
{
  census->online = queen_registry_get_n_online (self);
  census->available = queen_registry_get_n_available (self);
  census->ids = queen_roll_get_json (self->roll, &census->ids_length);
}

guint
queen_registry_get_n_online (QueenRegistry *self)
{
  return self->online.length + (guint) g_sequence_get_length (self->patient);
}

guint
queen_registry_get_n_available (QueenRegistry *self)
{
  return self->n_available;
}

guint
queen_registry_get_total (QueenRegistry *self)
{
  return queen_sharded_table_get_size (self->entries);
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
