/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-agent.h"

#include <glib/gi18n.h>

#include "queen-error.h"
#include "queen-hive.h"
#include "queen-sense.h"
#include "text/queen-hash.h"
#include "text/queen-safe-text.h"
#include "text/queen-span.h"

struct _QueenAgent
{
  QueenFetcher *fetcher;
  QueenCourier *courier;
  QueenHive *hive; /* NULL unless the machine is one */
  QueenSense *sense;
  GHashTable *wards;    /* by id */
  GPtrArray *dismissed; /* wards that the queen has not been told of yet */
  gsize n_told;         /* of these, how many are in the delivery that goes on */
  char *hive_id;
  void (*say) (const char *text, gpointer data);
  void (*looked) (QueenWard *ward, gpointer data);
  gpointer data;
};

/* What becomes of the wards */

/* What people are told of a status. */
static const struct
{
  const char *status;
  const char *sentence;
} sentences[] = {
  { "starting", N_ ("%s is starting.") }, { "ready", N_ ("%s is ready.") },
  { "busy", N_ ("%s is ready.") },        { "stopping", N_ ("%s is about to stop.") },
  { "stopped", N_ ("%s has stopped.") },  { "offline", N_ ("%s is offline.") },
};

static void
say_status (QueenAgent *self, QueenWard *ward)
{
  const char *url = queen_ward_get_url (ward);
  const char *reason = queen_ward_get_reason (ward);
  const char *sentence = NULL;
  g_autofree char *name = url ? g_strdup_printf ("%s (%s)", queen_ward_get_id (ward), url)
                              : g_strdup (queen_ward_get_id (ward));
  g_autoptr (GString) text = g_string_new (NULL);
  g_autofree char *safe = NULL;

  for (gsize i = 0; i < G_N_ELEMENTS (sentences); i++)
    if (g_str_equal (sentences[i].status, queen_ward_get_status (ward)))
      sentence = sentences[i].sentence;
  g_return_if_fail (sentence);
  g_string_printf (text, _ (sentence), name);
  if (reason)
    g_string_append_printf (text, " %s", reason);
  safe = queen_safe_text_dup (text->str, -1);
  self->say (safe, self->data);
}

static void
on_ward_changed (QueenWard *ward, gpointer data)
{
  QueenAgent *self = data;
  guint16 port = queen_ward_get_local_port (ward);

  if (port != 0)
    queen_ward_set_open (ward, queen_sense_is_open (self->sense, g_get_monotonic_time (), port));
  queen_courier_push (self->courier);
  if (queen_ward_has_turned (ward))
    say_status (self, ward);
}

/* Its end is known by its process before anybody asks it again. */
static void
watch_process (QueenAgent *self, QueenWard *ward)
{
  pid_t pid;

  if (!queen_ward_wants_process (ward, g_get_monotonic_time ()))
    return;
  pid = queen_sense_find_pid (self->sense, queen_ward_get_local_port (ward));
  if (pid != QUEEN_PORT_OWNERS_LATER)
    queen_ward_watch_process (ward, pid);
}

static void
on_ward_looked (QueenWard *ward, gpointer data)
{
  QueenAgent *self = data;
  const gint64 now = g_get_monotonic_time ();
  guint16 port = queen_ward_get_local_port (ward);

  /* The next beat tells it. */
  if (queen_sense_is_stale (self->sense, now, port))
    queen_ward_set_open (ward, queen_sense_is_open (self->sense, now, port));
  watch_process (self, ward);
  if (self->looked)
    self->looked (ward, self->data);
}

/* Who is being asked has a connection of ours. */
static void
leave_out_own (QueenAgent *self)
{
  GHashTableIter iter;
  gpointer ward;

  g_hash_table_iter_init (&iter, self->wards);
  while (g_hash_table_iter_next (&iter, NULL, &ward))
    if (queen_ward_is_looking (ward))
      queen_sense_leave_out (self->sense, queen_ward_get_local_port (ward));
}

static const char *
sense_ward (QueenWard *ward, gboolean *is_busy, gpointer data)
{
  QueenAgent *self = data;
  const gint64 now = g_get_monotonic_time ();
  guint16 port = queen_ward_get_local_port (ward);

  if (port == 0)
    return NULL;
  if (queen_sense_is_to_count (self->sense, now, port))
    leave_out_own (self);
  return queen_sense_look (self->sense, now, port, queen_ward_get_pid (ward),
                           queen_ward_count_connections (ward), is_busy);
}

static const QueenWardEvents ward_events = {
  .changed = on_ward_changed,
  .looked = on_ward_looked,
  .sense = sense_ward,
};

/* What is told */

static void
collect_beats (const QueenBeatContext *context, GPtrArray *beats, gpointer data)
{
  QueenAgent *self = data;
  const QueenBeatContext own = { context->is_queen_here, self->hive_id };
  GHashTableIter iter;
  gpointer ward;

  if (self->hive)
    queen_hive_add_beat (self->hive, beats);
  g_hash_table_iter_init (&iter, self->wards);
  while (g_hash_table_iter_next (&iter, NULL, &ward))
    queen_ward_add_beats (ward, &own, beats);
  for (guint i = 0; i < self->dismissed->len; i++)
    queen_ward_add_beats (g_ptr_array_index (self->dismissed, i), &own, beats);
  self->n_told = self->dismissed->len;
}

static void
on_beats_delivered (gpointer data)
{
  QueenAgent *self = data;

  if (self->n_told > 0)
    g_ptr_array_remove_range (self->dismissed, 0, (guint) self->n_told);
  self->n_told = 0;
}

static void
say_of_courier (const char *text, gpointer data)
{
  QueenAgent *self = data;

  self->say (text, self->data);
}

static void
on_hive_changed (gpointer data)
{
  QueenAgent *self = data;

  queen_courier_push (self->courier);
}

static const QueenCourierEvents courier_events = {
  .collect = collect_beats,
  .say = say_of_courier,
  .delivered = on_beats_delivered,
};

/* The object */

/* GPUs are read as often as the hive beats, and when a beat is due they are a second old or two. */
static const QueenGpuPlaces gpu_places = { .interval = 2 * QUEEN_SECOND };

QueenAgent *
queen_agent_new (const QueenAgentSettings *settings)
{
  QueenAgent *self = g_new0 (QueenAgent, 1);

  self->fetcher = queen_fetcher_new (settings->trusted);
  self->wards = g_hash_table_new_full (queen_string_hash, g_str_equal, NULL,
                                       (GDestroyNotify) queen_ward_free);
  self->dismissed = g_ptr_array_new_with_free_func ((GDestroyNotify) queen_ward_free);
  self->hive_id = g_strdup (settings->hive_id);
  if (settings->hive_id)
    self->hive = queen_hive_new (settings->hive_id, &gpu_places, on_hive_changed, self);
  self->sense = queen_sense_new (self->hive ? queen_hive_get_gpus (self->hive) : NULL, &gpu_places);
  self->say = settings->say;
  self->looked = settings->looked;
  self->data = settings->data;
  self->courier =
      queen_courier_new (settings->destinations, settings->are_guesses, &courier_events, self);
  return self;
}

void
queen_agent_free (QueenAgent *self)
{
  g_clear_pointer (&self->courier, queen_courier_free);
  g_hash_table_unref (self->wards);
  g_ptr_array_unref (self->dismissed);
  queen_sense_free (self->sense);
  g_clear_pointer (&self->hive, queen_hive_free);
  queen_fetcher_free (self->fetcher);
  g_free (self->hive_id);
  g_free (self);
}

QueenFetcher *
queen_agent_get_fetcher (QueenAgent *self)
{
  return self->fetcher;
}

/* Who comes back is not told of as having gone. */
static void
forget_dismissed (QueenAgent *self, const char *id)
{
  for (guint i = self->dismissed->len; i > 0; i--)
    if (g_str_equal (queen_ward_get_id (g_ptr_array_index (self->dismissed, i - 1)), id))
      {
        g_ptr_array_remove_index (self->dismissed, i - 1);
        if (i <= self->n_told)
          self->n_told--;
      }
}

QueenWard *
queen_agent_add (QueenAgent *self, const QueenWardSettings *settings, GError **error)
{
  QueenWard *ward;

  if (g_hash_table_contains (self->wards, settings->id))
    {
      g_set_error (error, QUEEN_ERROR, QUEEN_ERROR_CONFLICT, _ ("there are two workers “%s”"),
                   settings->id);
      return NULL;
    }
  if (g_hash_table_size (self->wards) >= QUEEN_AGENT_MAX_WARDS)
    {
      g_set_error (error, QUEEN_ERROR, QUEEN_ERROR_UNAVAILABLE,
                   _ ("there are over %d workers: “%s” is left out"), QUEEN_AGENT_MAX_WARDS,
                   settings->id);
      return NULL;
    }
  forget_dismissed (self, settings->id);
  ward = queen_ward_new (settings, self->fetcher, &ward_events, self);
  g_hash_table_insert (self->wards, (gpointer) queen_ward_get_id (ward), ward);
  return ward;
}

QueenWard *
queen_agent_lookup (QueenAgent *self, const char *id)
{
  return g_hash_table_lookup (self->wards, id);
}

void
queen_agent_dismiss (QueenAgent *self, QueenWard *ward, const char *reason)
{
  g_hash_table_steal (self->wards, queen_ward_get_id (ward));
  if (queen_ward_get_phase (ward) != QUEEN_WARD_STOPPED)
    queen_ward_set_phase (ward, QUEEN_WARD_UNWATCHED, -1, reason);
  queen_ward_set_url (ward, NULL);
  g_ptr_array_add (self->dismissed, ward);
  queen_courier_push (self->courier);
}

gboolean
queen_agent_is_at_driver (QueenAgent *self)
{
  return queen_sense_is_at_driver (self->sense);
}

void
queen_agent_push (QueenAgent *self)
{
  queen_courier_push (self->courier);
}

void
queen_agent_flush (QueenAgent *self, guint timeout_msec, void (*func) (gpointer), gpointer data)
{
  queen_courier_flush (self->courier, timeout_msec, func, data);
}

void
queen_agent_finish (QueenAgent *self, guint timeout_msec, void (*func) (gpointer), gpointer data)
{
  GHashTableIter iter;
  gpointer ward;

  if (self->hive)
    queen_hive_leave (self->hive);
  g_hash_table_iter_init (&iter, self->wards);
  while (g_hash_table_iter_next (&iter, NULL, &ward))
    if (queen_ward_get_phase (ward) != QUEEN_WARD_STOPPED &&
        !g_str_equal (queen_ward_get_status (ward), "offline"))
      queen_ward_set_phase (ward, QUEEN_WARD_UNWATCHED, -1, NULL);
  queen_courier_flush (self->courier, timeout_msec, func, data);
}
