/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-courier.h"

#include <glib/gi18n.h>

#include "queen-error.h"
#include "text/queen-hash.h"
#include "text/queen-span.h"

#define REGULAR_MSEC 10000
#define GAP_MSEC 50 /* between two deliveries: what changes meanwhile goes together */
#define FIRST_BACKOFF_MSEC 500
#define LAST_BACKOFF_MSEC 10000
#define MAX_BEATS 512 /* in one delivery: the queen takes 1 024, and 1 MiB */
#define MAX_BYTES (512 * 1024)
#define MAX_SAID 1024   /* refusals that are remembered, so that each is said once */
#define MAX_REFUSALS 16 /* that are said of one delivery */
#define RETURN                                                                                     \
  (30 * QUEEN_SECOND) /* how often one who comes before is asked whether she is back               \
                       */

/* A queen. */
typedef struct
{
  QueenDestination *destination; /* the array's */
  gboolean has_failed;           /* since one of them had the beats, or all had failed */
  gint64 rests_until;            /* µs, monotonic: she has asked to be left alone */
} Queen;

struct _QueenCourier
{
  GPtrArray *destinations;
  Queen *queens; /* one for each */
  guint current;
  const QueenCourierEvents *events;
  gpointer data;

  GPtrArray *beats;          /* of this round that are still to be delivered */
  GCancellable *cancellable; /* while there is a delivery */
  guint timer;
  gint64 sent_at;      /* µs, monotonic: the last delivery's begin */
  gboolean is_changed; /* since the beats were collected */
  guint n_failed;      /* deliveries in a row */
  guint backoff;       /* ms; 0 while all is well */
  GHashTable *said;
  gboolean are_guesses;
  GString *failures; /* of this round that nobody has been told of */

  GCancellable *probe; /* while one who comes before the current one is asked */
  guint probed;        /* which one */
  gint64 probed_at;    /* µs, monotonic: when that was, or when she was left */

  guint flush_timer;
  void (*on_flushed) (gpointer); /* NULL unless somebody waits for it */
  gpointer flush_data;
  gboolean is_of_flush; /* what is being delivered was collected after that */
};

static void schedule_round (QueenCourier *self, guint msec);

static QueenDestination *
get_destination (QueenCourier *self)
{
  return self->queens[self->current].destination;
}

static void
say_once (QueenCourier *self, const char *text)
{
  if (g_hash_table_contains (self->said, text))
    return;
  if (g_hash_table_size (self->said) >= MAX_SAID)
    g_hash_table_remove_all (self->said);
  g_hash_table_add (self->said, g_strdup (text));
  self->events->say (text, self->data);
}

static void
end_flush (QueenCourier *self)
{
  void (*func) (gpointer) = g_steal_pointer (&self->on_flushed);

  g_clear_handle_id (&self->flush_timer, g_source_remove);
  if (func)
    func (self->flush_data);
}

/* ±10 %, so that agents that were started together do not beat together. */
static guint
spread (guint msec)
{
  return (guint) g_random_int_range ((gint32) (msec - msec / 10), (gint32) (msec + msec / 10 + 1));
}

/* What came of it */

static void
say_well (QueenCourier *self)
{
  const char *name = queen_destination_get_name (get_destination (self));
  g_autofree char *text = g_strdup_printf (_ ("The queen (%s) hears the beats."), name);

  self->events->say (text, self->data);
}

static void
say_refusals (QueenCourier *self, GPtrArray *refusals)
{
  /* Whoever answers may have a word for each beat, and another one each time. */
  for (guint i = 0; i < MIN (refusals->len, MAX_REFUSALS); i++)
    {
      const QueenBeatRefusal *refusal = g_ptr_array_index (refusals, i);
      g_autofree char *text = g_strdup_printf (_ ("The queen does not take the beat of %s: %s"),
                                               refusal->id, refusal->message);

      say_once (self, text);
    }
}

static void deliver_next (QueenCourier *self);

/* All of them may be asked again. */
static void
forgive_all (QueenCourier *self)
{
  for (guint i = 0; i < self->destinations->len; i++)
    self->queens[i].has_failed = FALSE;
}

static void
take_success (QueenCourier *self, GPtrArray *refusals)
{
  forgive_all (self);
  if (self->n_failed > 0 || self->backoff > 0 || g_hash_table_size (self->said) == 0)
    {
      g_hash_table_remove_all (self->said);
      g_hash_table_add (self->said, g_strdup ("")); /* once is enough while all is well */
      say_well (self);
    }
  self->n_failed = 0;
  self->backoff = 0;
  g_string_truncate (self->failures, 0);
  say_refusals (self, refusals);
  if (self->beats->len > 0)
    {
      deliver_next (self);
      return;
    }
  if (self->events->delivered)
    self->events->delivered (self->data);
  schedule_round (self, self->is_changed ? GAP_MSEC : spread (REGULAR_MSEC));
  if (self->on_flushed && self->is_of_flush)
    end_flush (self);
}

/* That there is no queen where one was only supposed is worth a word when there is none at all.
 *
 * @is_last: whether all have been asked by now */
static void
say_failure (QueenCourier *self, const char *message, gboolean is_last)
{
  g_autofree char *text = NULL;

  g_string_append_printf (self->failures, "%s%s", self->failures->len > 0 ? "; " : "", message);
  if (self->are_guesses && !is_last)
    return;
  text = g_strdup_printf (_ ("Nobody hears the beats: %s. Trying again."), self->failures->str);
  g_string_truncate (self->failures, 0);
  say_once (self, text);
}

/* Returns: whether there is one who has not failed yet and does not rest; she is the current one
 * then */
static gboolean
turn_to_next (QueenCourier *self)
{
  gint64 now = g_get_monotonic_time ();

  for (guint i = 0; i < self->destinations->len; i++)
    if (!self->queens[i].has_failed && self->queens[i].rests_until <= now)
      {
        self->current = i;
        return TRUE;
      }
  return FALSE;
}

/* Returns: ms until one of them no longer rests */
static guint
find_rest (QueenCourier *self)
{
  gint64 until = G_MAXINT64;

  for (guint i = 0; i < self->destinations->len; i++)
    until = MIN (until, self->queens[i].rests_until);
  return (guint) (MAX (until - g_get_monotonic_time (), 0) / QUEEN_MSEC);
}

static void
take_rest (Queen *queen)
{
  gint64 rest = queen_destination_get_rest (queen->destination);

  queen->rests_until = rest > 0 ? g_get_monotonic_time () + rest : 0;
}

/* The next one is asked at once; when nobody takes it, all of them a little later. */
static void
take_failure (QueenCourier *self, const GError *error)
{
  Queen *queen = &self->queens[self->current];
  gboolean is_left;
  guint wait;

  self->n_failed++;
  self->probed_at = g_get_monotonic_time ();
  queen->has_failed = TRUE;
  take_rest (queen);
  is_left = turn_to_next (self);
  say_failure (self, error->message, !is_left);
  if (is_left)
    {
      schedule_round (self, 0);
      return;
    }
  forgive_all (self);
  self->backoff = CLAMP (self->backoff * 2, FIRST_BACKOFF_MSEC, LAST_BACKOFF_MSEC);
  wait = spread (self->backoff);
  schedule_round (self, MAX (wait, find_rest (self)));
}

static void
on_delivered (GObject *source, GAsyncResult *result, gpointer data)
{
  QueenDestination *destination = QUEEN_DESTINATION (source);
  g_autoptr (GCancellable) cancellable = data;
  QueenCourier *self = g_object_get_data (G_OBJECT (cancellable), "courier");
  g_autoptr (GPtrArray) refusals =
      g_ptr_array_new_with_free_func ((GDestroyNotify) queen_beat_refusal_free);
  g_autoptr (GError) error = NULL;
  gboolean is_well = queen_destination_deliver_finish (destination, result, refusals, &error);

  if (!self)
    return; /* it has been freed */
  g_clear_object (&self->cancellable);
  if (is_well)
    take_success (self, refusals);
  else
    take_failure (self, error);
}

/* Delivering */

static void
deliver_next (QueenCourier *self)
{
  g_autoptr (GPtrArray) beats = g_ptr_array_new_with_free_func ((GDestroyNotify) queen_beat_free);
  gsize n_bytes = 0;

  while (self->beats->len > 0 && beats->len < MAX_BEATS && n_bytes < MAX_BYTES)
    {
      QueenBeat *beat = g_ptr_array_steal_index (self->beats, 0);

      n_bytes += beat->members->len;
      g_ptr_array_add (beats, beat);
    }
  self->cancellable = g_cancellable_new ();
  g_object_set_data (G_OBJECT (self->cancellable), "courier", self);
  queen_destination_deliver_async (get_destination (self), beats, self->cancellable, on_delivered,
                                   g_object_ref (self->cancellable));
}

/* Coming back */

static void
on_probed (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GCancellable) cancellable = data;
  QueenCourier *self = g_object_get_data (G_OBJECT (cancellable), "courier");
  g_autoptr (GPtrArray) refusals =
      g_ptr_array_new_with_free_func ((GDestroyNotify) queen_beat_refusal_free);
  g_autoptr (GError) error = NULL;
  gboolean is_well =
      queen_destination_deliver_finish (QUEEN_DESTINATION (source), result, refusals, &error);

  if (!self)
    return; /* it has been freed */
  g_clear_object (&self->probe);
  if (!is_well)
    {
      take_rest (&self->queens[self->probed]);
      return;
    }
  if (self->probed >= self->current || self->n_failed > 0)
    return;
  self->current = self->probed;
  say_well (self);
  queen_courier_push (self);
}

static void
collect_for (QueenCourier *self, QueenDestination *destination, GPtrArray *beats)
{
  const QueenBeatContext context = { queen_destination_is_here (destination), NULL };

  self->events->collect (&context, beats, self->data);
}

/* While another one has the beats, those who come before her are asked now and then, each in turn,
 * and nobody waits for them: they may hang. Where a queen was only supposed, too: whoever was there
 * while she was away would have the beats for good. */
static void
probe_better (QueenCourier *self)
{
  gint64 now = g_get_monotonic_time ();
  g_autoptr (GPtrArray) beats = NULL;
  Queen *queen;

  if (self->current == 0 || self->probe || self->n_failed > 0 || now - self->probed_at < RETURN)
    return;
  self->probed = (self->probed + 1) % self->current;
  self->probed_at = now;
  queen = &self->queens[self->probed];
  if (queen->rests_until > now)
    return;
  beats = g_ptr_array_new_with_free_func ((GDestroyNotify) queen_beat_free);
  collect_for (self, queen->destination, beats);
  if (beats->len == 0)
    return;
  g_ptr_array_set_size (beats, (int) MIN (beats->len, MAX_BEATS / 8));
  self->probe = g_cancellable_new ();
  g_object_set_data (G_OBJECT (self->probe), "courier", self);
  queen_destination_deliver_async (queen->destination, beats, self->probe, on_probed,
                                   g_object_ref (self->probe));
}

static void
begin_round (QueenCourier *self)
{
  probe_better (self);
  if (self->n_failed > 0)
    turn_to_next (self);
  self->is_changed = FALSE;
  self->is_of_flush = self->on_flushed != NULL;
  self->sent_at = g_get_monotonic_time ();
  g_ptr_array_set_size (self->beats, 0);
  collect_for (self, get_destination (self), self->beats);
  if (self->beats->len > 0)
    deliver_next (self);
  else
    {
      schedule_round (self, spread (REGULAR_MSEC));
      end_flush (self);
    }
}

static gboolean
on_round_due (gpointer data)
{
  QueenCourier *self = data;

  self->timer = 0;
  begin_round (self);
  return G_SOURCE_REMOVE;
}

static void
schedule_round (QueenCourier *self, guint msec)
{
  g_clear_handle_id (&self->timer, g_source_remove);
  self->timer = g_timeout_add (msec, on_round_due, self);
}

void
queen_courier_push (QueenCourier *self)
{
  gint64 since = (g_get_monotonic_time () - self->sent_at) / QUEEN_MSEC;

  self->is_changed = TRUE;
  /* One who is away is not asked more often because there is more to tell. */
  if (!self->cancellable && self->n_failed == 0)
    schedule_round (self, since >= GAP_MSEC ? 0 : (guint) (GAP_MSEC - since));
}

static gboolean
on_flush_late (gpointer data)
{
  QueenCourier *self = data;

  self->flush_timer = 0;
  end_flush (self);
  return G_SOURCE_REMOVE;
}

void
queen_courier_flush (QueenCourier *self, guint timeout_msec, void (*func) (gpointer), gpointer data)
{
  g_clear_handle_id (&self->flush_timer, g_source_remove);
  self->on_flushed = func;
  self->flush_data = data;
  self->flush_timer = g_timeout_add (timeout_msec, on_flush_late, self);
  self->is_changed = TRUE;
  /* Now or never: whoever was away may be there again. */
  if (!self->cancellable)
    schedule_round (self, 0);
}

/* The object */

QueenCourier *
queen_courier_new (GPtrArray *destinations,
                   gboolean are_guesses,
                   const QueenCourierEvents *events,
                   gpointer data)
{
  QueenCourier *self = g_new0 (QueenCourier, 1);

  self->destinations = g_ptr_array_ref (destinations);
  self->queens = g_new0 (Queen, destinations->len);
  for (guint i = 0; i < destinations->len; i++)
    self->queens[i].destination = g_ptr_array_index (destinations, i);
  self->are_guesses = are_guesses;
  self->failures = g_string_new (NULL);
  self->events = events;
  self->data = data;
  self->beats = g_ptr_array_new_with_free_func ((GDestroyNotify) queen_beat_free);
  self->said = g_hash_table_new_full (queen_string_hash, g_str_equal, g_free, NULL);
  schedule_round (self, 0);
  return self;
}

/* Whoever is asked by @place may answer: nobody listens. */
static void
abandon (GCancellable **place)
{
  if (!*place)
    return;
  g_object_set_data (G_OBJECT (*place), "courier", NULL);
  g_cancellable_cancel (*place);
  g_clear_object (place);
}

void
queen_courier_free (QueenCourier *self)
{
  abandon (&self->cancellable);
  abandon (&self->probe);
  g_clear_handle_id (&self->timer, g_source_remove);
  g_clear_handle_id (&self->flush_timer, g_source_remove);
  g_free (self->queens);
  g_ptr_array_unref (self->destinations);
  g_ptr_array_unref (self->beats);
  g_hash_table_unref (self->said);
  g_string_free (self->failures, TRUE);
  g_free (self);
}
