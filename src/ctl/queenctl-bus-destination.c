/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queenctl-bus-destination.h"

#include <glib/gi18n.h>
#include <json-glib/json-glib.h>
#include <string.h>

#include "dbus/queen-dbus-stream.h"
#include "queen-error.h"
#include "queenctl-bus.h"
#include "text/queen-json-tree.h"
#include "text/queen-legible.h"

#define QUEEN_NAME "dev.rbee.Queen1"
#define QUEEN_PATH "/dev/rbee/Queen1"
#define QUEEN_ERRORS QUEEN_NAME ".Error."

/* Calls without a reply: a system bus has room for 128 of one connection, and refuses more. */
#define MAX_CALLS 64

/* Whoever is on the bus may send signals to all others, as large as the bus lets them be; and who
 * has the queen's name is perhaps no queen. Of all that comes her refusals have some words. */
static const char *const no_methods[] = { NULL };
static const QueenDBusFramesLimits frames_limits = {
  .body = 16 * 1024,
  .path = "",
  .interface = "",
  .rich_methods = no_methods,
  .descriptor_methods = no_methods,
  .errors = QUEEN_ERRORS,
};

struct _QueenctlBusDestination
{
  GObject parent_instance;

  gboolean is_session;
  GDBusConnection *connection; /* NULL while there is none */
};

static void bus_destination_init_interface (QueenDestinationInterface *interface);

G_DEFINE_FINAL_TYPE_WITH_CODE (QueenctlBusDestination,
                               queenctl_bus_destination,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (QUEEN_TYPE_DESTINATION,
                                                      bus_destination_init_interface))

/* A delivery: a call for each beat. */
typedef struct
{
  GPtrArray *beats;
  GPtrArray *refusals;
  guint n_sent;    /* of the beats */
  guint n_waiting; /* calls without a reply */
  GError *error;   /* why nobody has the beats */
  GCancellable *cancellable;
  GCancellable *outer; /* (nullable) */
  gulong outer_id;
  guint timer;
  gboolean is_late;
} Round;

static void
round_free (gpointer data)
{
  Round *round = data;

  g_clear_handle_id (&round->timer, g_source_remove);
  if (round->outer)
    g_cancellable_disconnect (round->outer, round->outer_id);
  g_clear_object (&round->outer);
  g_clear_object (&round->cancellable);
  g_ptr_array_unref (round->beats);
  g_ptr_array_unref (round->refusals);
  g_clear_error (&round->error);
  g_free (round);
}

static const char *
get_bus_label (QueenctlBusDestination *self)
{
  return self->is_session ? _ ("the session bus") : _ ("the system bus");
}

static const char *
get_words (const Round *round, const GError *error)
{
  return round->is_late ? _ ("no answer in time") : error->message;
}

/* One call of a round, with whose beat it was. */
typedef struct
{
  GTask *task;
  char *id;
} Call;

/* What she says herself is of that beat alone; everything else means that nobody has it. */
static void
take_call_error (Call *call, GError *error)
{
  QueenctlBusDestination *self = g_task_get_source_object (call->task);
  Round *round = g_task_get_task_data (call->task);
  g_autofree char *remote = g_dbus_error_get_remote_error (error);
  g_autofree char *words = NULL;

  g_dbus_error_strip_remote_error (error);
  words = queen_legible_dup (get_words (round, error), QUEEN_DESTINATION_MAX_WORDS);
  if (remote && g_str_has_prefix (remote, QUEEN_ERRORS))
    g_ptr_array_add (round->refusals, queen_beat_refusal_new (call->id, words));
  else if (!round->error)
    round->error = g_error_new (QUEEN_ERROR, QUEEN_ERROR_NOT_FOUND, _ ("no queen on %s: %s"),
                                get_bus_label (self), words);
}

static void send_beats (GTask *task);

static void
on_reported (GObject *source, GAsyncResult *result, gpointer data)
{
  Call *call = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply =
      g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &error);

  if (!reply)
    take_call_error (call, error);
  ((Round *) g_task_get_task_data (call->task))->n_waiting--;
  send_beats (call->task);
  g_object_unref (call->task);
  g_free (call->id);
  g_free (call);
}

static void
leave_nulls_out (JsonNode *node)
{
  JsonObject *object = JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;
  JsonArray *array = JSON_NODE_HOLDS_ARRAY (node) ? json_node_get_array (node) : NULL;
  g_autoptr (GList) names = object ? json_object_get_members (object) : NULL;

  for (GList *name = names; name; name = name->next)
    if (json_object_get_null_member (object, name->data))
      json_object_remove_member (object, name->data);
    else
      leave_nulls_out (json_object_get_member (object, name->data));
  for (guint i = 0; array && i < json_array_get_length (array); i++)
    leave_nulls_out (json_array_get_element (array, i));
}

/* D-Bus has no null: what is not known is not there. */
static GVariant *
dup_members (const QueenBeat *beat)
{
  g_autofree char *json = queen_beat_dup_members (beat);
  g_autoptr (JsonNode) node = queen_json_tree_parse (json, strlen (json), NULL);

  if (!node)
    return NULL;
  leave_nulls_out (node);
  return json_gvariant_deserialize (node, "a{sv}", NULL);
}

static void
send_beat (GTask *task, const QueenBeat *beat)
{
  QueenctlBusDestination *self = g_task_get_source_object (task);
  Round *round = g_task_get_task_data (task);
  GVariant *members = dup_members (beat);
  Call *call;

  g_return_if_fail (members);
  call = g_new0 (Call, 1);
  call->task = g_object_ref (task);
  call->id = g_strdup (beat->id);
  round->n_waiting++;
  g_dbus_connection_call (self->connection, QUEEN_NAME, QUEEN_PATH, QUEEN_NAME,
                          beat->is_hive ? "ReportHive" : "ReportWorker",
                          g_variant_new ("(@a{sv})", members), NULL,
                          G_DBUS_CALL_FLAGS_NO_AUTO_START, QUEEN_DESTINATION_DEADLINE_MSEC,
                          round->cancellable, on_reported, call);
}

/* As many as there may be now; when nobody has them the others are not sent. */
static void
send_beats (GTask *task)
{
  Round *round = g_task_get_task_data (task);

  while (!round->error && round->n_sent < round->beats->len && round->n_waiting < MAX_CALLS)
    send_beat (task, g_ptr_array_index (round->beats, round->n_sent++));
  if (round->n_waiting > 0)
    return;
  if (round->error)
    g_task_return_error (task, g_steal_pointer (&round->error));
  else
    g_task_return_boolean (task, TRUE);
}

/* The bus */

static void
fail_to_connect (GTask *task, const GError *cause)
{
  g_task_return_new_error (task, QUEEN_ERROR, QUEEN_ERROR_NOT_FOUND, "%s: %s",
                           get_bus_label (g_task_get_source_object (task)),
                           get_words (g_task_get_task_data (task), cause));
}

static void
on_bus_connected (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  QueenctlBusDestination *self = g_task_get_source_object (task);
  g_autoptr (GError) cause = NULL;

  g_clear_object (&self->connection);
  self->connection = g_dbus_connection_new_finish (result, &cause);
  if (self->connection)
    {
      g_dbus_connection_set_exit_on_close (self->connection, FALSE);
      send_beats (task);
      return;
    }
  fail_to_connect (task, cause);
}

static void
on_stream_opened (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  Round *round = g_task_get_task_data (task);
  g_autoptr (GError) cause = NULL;
  g_autoptr (GIOStream) stream = queen_dbus_stream_open_finish (result, &cause);

  if (stream)
    g_dbus_connection_new (stream, NULL, G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION, NULL,
                           round->cancellable, on_bus_connected, g_object_ref (task));
  else
    fail_to_connect (task, cause);
}

static void
connect_to_bus (QueenctlBusDestination *self, GTask *task)
{
  Round *round = g_task_get_task_data (task);
  g_autoptr (GError) cause = NULL;
  g_autofree char *address = queenctl_bus_dup_address (self->is_session, &cause);

  if (!address)
    {
      g_task_return_new_error (task, QUEEN_ERROR, QUEEN_ERROR_NOT_FOUND, "%s", cause->message);
      return;
    }
  queen_dbus_stream_open (address, &frames_limits, round->cancellable, on_stream_opened,
                          g_object_ref (task));
}

static gpointer
copy_beat (gconstpointer source, gpointer data)
{
  const QueenBeat *other = source;
  QueenBeat *beat = g_new0 (QueenBeat, 1);

  beat->is_hive = other->is_hive;
  beat->id = g_strdup (other->id);
  beat->members = g_string_new (other->members->str);
  return beat;
}

/* As long as others fill a bus, who comes to it is not heard; and it may hang. */
static gboolean
on_round_late (gpointer data)
{
  Round *round = data;

  round->timer = 0;
  round->is_late = TRUE;
  g_cancellable_cancel (round->cancellable);
  return G_SOURCE_REMOVE;
}

static void
on_outer_cancelled (GCancellable *outer, gpointer data)
{
  g_cancellable_cancel (data);
}

static Round *
new_round (GPtrArray *beats, GCancellable *outer)
{
  Round *round = g_new0 (Round, 1);

  round->beats = g_ptr_array_copy (beats, copy_beat, NULL);
  g_ptr_array_set_free_func (round->beats, (GDestroyNotify) queen_beat_free);
  round->refusals = g_ptr_array_new_with_free_func ((GDestroyNotify) queen_beat_refusal_free);
  round->cancellable = g_cancellable_new ();
  round->timer = g_timeout_add (QUEEN_DESTINATION_DEADLINE_MSEC, on_round_late, round);
  if (!outer)
    return round;
  round->outer = g_object_ref (outer);
  round->outer_id = g_cancellable_connect (outer, G_CALLBACK (on_outer_cancelled),
                                           g_object_ref (round->cancellable), g_object_unref);
  return round;
}

static void
bus_deliver_async (QueenDestination *destination,
                   GPtrArray *beats,
                   GCancellable *cancellable,
                   GAsyncReadyCallback callback,
                   gpointer data)
{
  QueenctlBusDestination *self = QUEENCTL_BUS_DESTINATION (destination);
  g_autoptr (GTask) task = g_task_new (self, NULL, callback, data);

  g_task_set_task_data (task, new_round (beats, cancellable), round_free);
  if (self->connection && !g_dbus_connection_is_closed (self->connection))
    send_beats (task);
  else
    connect_to_bus (self, task);
}

static gboolean
bus_deliver_finish (QueenDestination *destination,
                    GAsyncResult *result,
                    GPtrArray *refusals,
                    GError **error)
{
  Round *round = g_task_get_task_data (G_TASK (result));

  if (!g_task_propagate_boolean (G_TASK (result), error))
    return FALSE;
  g_ptr_array_extend_and_steal (refusals, g_steal_pointer (&round->refusals));
  round->refusals = g_ptr_array_new ();
  return TRUE;
}

static const char *
bus_get_name (QueenDestination *destination)
{
  return get_bus_label (QUEENCTL_BUS_DESTINATION (destination));
}

static gboolean
bus_is_here (QueenDestination *destination)
{
  return TRUE;
}

static void
bus_destination_init_interface (QueenDestinationInterface *interface)
{
  interface->deliver_async = bus_deliver_async;
  interface->deliver_finish = bus_deliver_finish;
  interface->get_name = bus_get_name;
  interface->is_here = bus_is_here;
}

/* The object */

static void
queenctl_bus_destination_finalize (GObject *object)
{
  g_clear_object (&QUEENCTL_BUS_DESTINATION (object)->connection);
  G_OBJECT_CLASS (queenctl_bus_destination_parent_class)->finalize (object);
}

static void
queenctl_bus_destination_class_init (QueenctlBusDestinationClass *class)
{
  G_OBJECT_CLASS (class)->finalize = queenctl_bus_destination_finalize;
}

static void
queenctl_bus_destination_init (QueenctlBusDestination *self)
{
}

QueenDestination *
queenctl_bus_destination_new (const char *bus_name)
{
  QueenctlBusDestination *self = g_object_new (QUEENCTL_TYPE_BUS_DESTINATION, NULL);

  self->is_session = g_str_equal (bus_name, "session");
  return QUEEN_DESTINATION (self);
}
