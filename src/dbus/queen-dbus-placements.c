/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-dbus-placements.h"

#include <string.h>

#include "model/queen-component-url.h"
#include "model/queen-heartbeat.h"
#include "model/queen-senders.h"
#include "queen-dbus-calls.h"
#include "queen-dbus-cluster.h"
#include "queen-dbus-component.h"
#include "queen-error.h"

#define USUAL_RESERVE (2 * G_USEC_PER_SEC)
#define MAX_AFFINITY (16 * 1024)

struct _QueenDBusPlacements
{
  GMainContext *context; /* the D-Bus thread's */
  QueenPlacement *placement;
  QueenDBusQueen *skeleton;
  QueenDBusCalls *calls;
};

/* A call on its way to the main thread and back, with a reference of each of the two. */
typedef struct
{
  GMainContext *context;
  QueenPlacement *placement;
  char *model;
  char *affinity;
  char *submitter;
  char *reservation; /* that is given back; NULL of one who asks for a worker */
  gint64 patience;
  gint64 reserve;

  QueenDBusCall *call; /* for the D-Bus thread only; NULL when there is nobody to be answered */

  /* For the main thread only, until the call goes back. */
  QueenPlacementWait *wait;
  gboolean is_given_up;
  GVariant *answer;
  GError *error;
} Place;

static void
clear_place (Place *place)
{
  g_main_context_unref (place->context);
  g_object_unref (place->placement);
  g_free (place->model);
  g_free (place->affinity);
  g_free (place->submitter);
  g_free (place->reservation);
  g_clear_pointer (&place->answer, g_variant_unref);
  g_clear_error (&place->error);
}

static void
unref_place (gpointer place)
{
  g_atomic_rc_box_release_full (place, (GDestroyNotify) clear_place);
}

static void
send_place (GMainContext *to, GSourceFunc func, Place *place)
{
  g_main_context_invoke_full (to, G_PRIORITY_DEFAULT, func, g_atomic_rc_box_acquire (place),
                              unref_place);
}

/* Back in the D-Bus thread */

static gboolean
on_place_answered (gpointer data)
{
  Place *place = data;
  GDBusMethodInvocation *invocation;

  if (!place->call)
    return G_SOURCE_REMOVE;
  invocation = queen_dbus_call_end (g_steal_pointer (&place->call));
  if (place->error)
    g_dbus_method_invocation_return_dbus_error (invocation, queen_error_dbus_name (place->error),
                                                place->error->message);
  else
    g_dbus_method_invocation_return_value (invocation, place->answer);
  unref_place (place); /* the call's */
  return G_SOURCE_REMOVE;
}

/* In the main thread */

static GVariant *
make_considered (const QueenPlacementResult *result)
{
  QueenConsidered considered[QUEEN_PLACEMENT_MAX_CONSIDERED];
  guint n = queen_placement_result_list_considered (result, considered);
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("a(sss)"));
  for (guint i = 0; i < n; i++)
    g_variant_builder_add (&builder, "(sss)", considered[i].worker->id,
                           queen_verdict_get_name (considered[i].verdict), considered[i].detail);
  return g_variant_builder_end (&builder);
}

static GVariant *
make_counts (const QueenPlacementResult *result)
{
  guint counts[QUEEN_N_VERDICTS];
  GVariantBuilder builder;

  queen_placement_result_count (result, counts);
  g_variant_builder_init (&builder, G_VARIANT_TYPE ("a{su}"));
  for (int i = 0; i < QUEEN_N_VERDICTS; i++)
    g_variant_builder_add (&builder, "{su}", queen_verdict_get_name ((QueenVerdict) i), counts[i]);
  return g_variant_builder_end (&builder);
}

/* Returns: (transfer full): the answer's tuple */
static GVariant *
make_answer (const QueenPlacementResult *result)
{
  g_autofree char *path = queen_dbus_cluster_dup_path (result->worker);
  g_autofree char *url = queen_component_dup_url (result->worker);
  g_auto (GVariantDict) dict = G_VARIANT_DICT_INIT (NULL);
  GVariant *members;

  g_variant_dict_insert (&dict, "worker", "o", path);
  g_variant_dict_insert_value (&dict, "properties",
                               queen_dbus_component_get_properties (result->worker));
  g_variant_dict_insert (&dict, "url", "s", url ? url : "");
  g_variant_dict_insert (&dict, "reservation", "s", result->reservation ? result->reservation : "");
  g_variant_dict_insert (&dict, "reason", "s", queen_placement_reason_get_name (result->reason));
  g_variant_dict_insert (&dict, "waited", "d", (double) result->waited / G_USEC_PER_SEC);
  g_variant_dict_insert_value (&dict, "considered", make_considered (result));
  g_variant_dict_insert_value (&dict, "counts", make_counts (result));
  members = g_variant_dict_end (&dict);
  return g_variant_ref_sink (g_variant_new_tuple (&members, 1));
}

static void
on_caller_placed (const QueenPlacementResult *result, gpointer data)
{
  Place *place = data;
  g_autofree char *message = NULL;

  if (result->worker)
    place->answer = make_answer (result);
  else
    {
      message = queen_placement_result_dup_message (result);
      place->error = g_error_new_literal (QUEEN_ERROR, QUEEN_ERROR_UNAVAILABLE, message);
    }
  send_place (place->context, on_place_answered, place);
  if (g_steal_pointer (&place->wait)) /* or who leaves now would cancel what is no more */
    unref_place (place);              /* the wait's */
}

static gboolean
on_place_asked (gpointer data)
{
  static const QueenPlacementFuncs funcs = { on_caller_placed, NULL };
  Place *place = data;
  const QueenPlacementRequest request = {
    .model = place->model,
    .affinity = place->affinity,
    .submitter = place->submitter,
    .patience = place->patience,
    .reserve = place->reserve,
  };
  GError *error = NULL;

  if (place->is_given_up)
    return G_SOURCE_REMOVE;
  place->wait = queen_placement_request (place->placement, &request, &funcs, place, &error);
  if (place->wait)
    g_atomic_rc_box_acquire (place);
  else if (error)
    {
      place->error = error;
      send_place (place->context, on_place_answered, place);
    }
  return G_SOURCE_REMOVE;
}

static gboolean
on_return_asked (gpointer data)
{
  Place *place = data;

  queen_placement_release (place->placement, place->reservation, place->submitter, &place->error);
  send_place (place->context, on_place_answered, place);
  return G_SOURCE_REMOVE;
}

static gboolean
on_place_given_up (gpointer data)
{
  Place *place = data;

  place->is_given_up = TRUE;
  if (!place->wait)
    return G_SOURCE_REMOVE;
  queen_placement_wait_cancel (g_steal_pointer (&place->wait));
  unref_place (place); /* the wait's */
  return G_SOURCE_REMOVE;
}

/* In the D-Bus thread */

static void
on_caller_left (gpointer data)
{
  Place *place = data;

  place->call = NULL;
  send_place (NULL, on_place_given_up, place);
  unref_place (place); /* the call's */
}

static void
on_submitter_known (const char *user, const char *caller, gpointer data)
{
  Place *place = data;

  place->submitter = g_strconcat (QUEEN_SENDER_USER, user, NULL); /* as of jobs */
  queen_dbus_call_watch_caller (place->call);
  send_place (NULL, place->reservation ? on_return_asked : on_place_asked, place);
}

static void
refuse_options (GDBusMethodInvocation *invocation, QueenError code, const char *message)
{
  g_autoptr (GError) error = g_error_new_literal (QUEEN_ERROR, code, message);

  g_dbus_method_invocation_return_dbus_error (invocation, queen_error_dbus_name (error), message);
}

/* @max: µs
 * @span: (inout): what is left when nothing is said */
static gboolean
read_seconds (GVariant *options, const char *name, gint64 max, gint64 *span)
{
  g_autoptr (GVariant) said = g_variant_lookup_value (options, name, NULL);
  double seconds;

  if (!said)
    return TRUE;
  if (g_variant_is_of_type (said, G_VARIANT_TYPE_DOUBLE))
    seconds = g_variant_get_double (said);
  else if (g_variant_is_of_type (said, G_VARIANT_TYPE_INT32))
    seconds = g_variant_get_int32 (said);
  else if (g_variant_is_of_type (said, G_VARIANT_TYPE_UINT32))
    seconds = g_variant_get_uint32 (said);
  else
    return FALSE;
  if (!(seconds >= 0 && seconds * G_USEC_PER_SEC <= (double) max))
    return FALSE;
  *span = (gint64) (seconds * G_USEC_PER_SEC);
  return TRUE;
}

/* Returns: (nullable): what is wrong with them; static */
static const char *
read_options (GVariant *options, Place *place)
{
  g_autoptr (GVariant) affinity = g_variant_lookup_value (options, "affinity", NULL);

  if (!g_variant_lookup (options, "model", "s", &place->model))
    return "model must be a string: the id of the model";
  if (strlen (place->model) > QUEEN_HEARTBEAT_MAX_MODEL_ID)
    return "no model has such a long id";
  if (affinity && !g_variant_is_of_type (affinity, G_VARIANT_TYPE_STRING))
    return "affinity must be a string";
  place->affinity = affinity ? g_variant_dup_string (affinity, NULL) : NULL;
  if (place->affinity && strlen (place->affinity) > MAX_AFFINITY)
    return "affinity must be a string of 16384 bytes at the most";
  if (!read_seconds (options, "wait", QUEEN_PLACEMENT_MAX_PATIENCE, &place->patience))
    return "wait must be a number of seconds from 0 to 60";
  if (!read_seconds (options, "reserve", QUEEN_PLACEMENT_MAX_RESERVE, &place->reserve))
    return "reserve must be a number of seconds from 0 to 30";
  return NULL;
}

static Place *
new_place (QueenDBusPlacements *self)
{
  Place *place = g_atomic_rc_box_new0 (Place);

  place->context = g_main_context_ref (self->context);
  place->placement = g_object_ref (self->placement);
  place->reserve = USUAL_RESERVE;
  return place;
}

/* @place: (transfer full) */
static void
begin_place (QueenDBusPlacements *self, GDBusMethodInvocation *invocation, Place *place)
{
  if (!queen_dbus_calls_has_room (self->calls, g_dbus_method_invocation_get_sender (invocation)))
    refuse_options (invocation, QUEEN_ERROR_UNAVAILABLE, "too many calls at once; try again");
  else
    {
      place->call = queen_dbus_calls_begin (self->calls, invocation, on_caller_left,
                                            g_atomic_rc_box_acquire (place));
      queen_dbus_call_answer_later (place->call, on_submitter_known);
    }
  unref_place (place);
}

static gboolean
on_place_call (QueenDBusQueen *skeleton,
               GDBusMethodInvocation *invocation,
               GVariant *options,
               gpointer data)
{
  Place *place = new_place (data);
  const char *problem = read_options (options, place);

  if (!problem)
    {
      begin_place (data, invocation, place);
      return TRUE;
    }
  refuse_options (invocation, QUEEN_ERROR_BAD_REQUEST, problem);
  unref_place (place);
  return TRUE;
}

static gboolean
on_release_placement_call (QueenDBusQueen *skeleton,
                           GDBusMethodInvocation *invocation,
                           const char *reservation,
                           gpointer data)
{
  Place *place = new_place (data);

  place->reservation = g_strdup (reservation);
  begin_place (data, invocation, place);
  return TRUE;
}

QueenDBusPlacements *
queen_dbus_placements_new (QueenPlacement *placement,
                           QueenDBusQueen *skeleton,
                           const QueenClock *clock)
{
  const QueenDBusCallsSettings calls = {
    .clock = clock,
    .calls = 1024,
    .calls_per_caller = 128,
    .leaves_room = TRUE,
    .patience = QUEEN_PLACEMENT_MAX_PATIENCE + 10 * G_USEC_PER_SEC,
  };
  QueenDBusPlacements *self = g_new0 (QueenDBusPlacements, 1);

  self->context = g_main_context_ref_thread_default ();
  self->placement = g_object_ref (placement);
  self->skeleton = g_object_ref (skeleton);
  self->calls = queen_dbus_calls_new (&calls);
  g_object_connect (skeleton, "signal::handle-place", G_CALLBACK (on_place_call), self,
                    "signal::handle-release-placement", G_CALLBACK (on_release_placement_call),
                    self, NULL);
  return self;
}

void
queen_dbus_placements_free (QueenDBusPlacements *self)
{
  g_signal_handlers_disconnect_by_data (self->skeleton, self);
  queen_dbus_calls_free (self->calls);
  g_object_unref (self->skeleton);
  g_object_unref (self->placement);
  g_main_context_unref (self->context);
  g_free (self);
}
