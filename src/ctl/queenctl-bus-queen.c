/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queenctl-bus-queen.h"

#include <glib/gi18n.h>
#include <string.h>

#include "queen-dbus-interfaces.h"
#include "queenctl-bus-json.h"
#include "queenctl-bus-queens.h"
#include "queenctl-bus.h"
#include "queenctl-component-set.h"
#include "queenctl-deadline.h"
#include "queenctl-error.h"
#include "queenctl-json.h"

#define QUEEN_NAME "dev.rbee.Queen1"
#define QUEEN_PATH "/dev/rbee/Queen1"
#define PROPERTIES "org.freedesktop.DBus.Properties"
#define RECONNECT_SEC 1
#define N_HELD 2 /* interfaces of what may be held */

struct _QueenctlBusQueen
{
  QueenctlQueen parent_instance;

  const char *bus_name; /* static */
  GDBusConnection *connection;
  QueenDBusQueen *proxy; /* NULL while there is no bus */
  guint reconnect_id;
  QueenctlWatch wanted;
  guint holds_ids[N_HELD];
  int patience; /* ms that the next question may take on top */
};

G_DEFINE_FINAL_TYPE (QueenctlBusQueen, queenctl_bus_queen, QUEENCTL_TYPE_QUEEN)

/* Asking */

static gboolean
explain (QueenctlBusQueen *self, GError *cause, GError **error)
{
  return queenctl_error_from_bus (self->bus_name, cause, error);
}

/* Returns: ms that the next question may take */
static int
limit_question (QueenctlBusQueen *self)
{
  return (int) queenctl_deadline_limit ((guint) (QUEENCTL_DEADLINE_MSEC + self->patience));
}

static GVariant *
call (QueenctlBusQueen *self,
      const char *path,
      const char *interface,
      const char *method,
      GVariant *arguments,
      const char *reply_type,
      GError **cause)
{
  return g_dbus_connection_call_sync (self->connection, QUEEN_NAME, path, interface, method,
                                      arguments, G_VARIANT_TYPE (reply_type),
                                      G_DBUS_CALL_FLAGS_NO_AUTO_START, limit_question (self), NULL,
                                      cause);
}

static GVariant *
get_all (QueenctlBusQueen *self, const char *path, const char *interface, GError **cause)
{
  g_autoptr (GVariant) reply = call (self, path, "org.freedesktop.DBus.Properties", "GetAll",
                                     g_variant_new ("(s)", interface), "(a{sv})", cause);

  return reply ? g_variant_get_child_value (reply, 0) : NULL;
}

static JsonObject *
bus_get_status (QueenctlQueen *queen, GError **error)
{
  QueenctlBusQueen *self = QUEENCTL_BUS_QUEEN (queen);
  GError *cause = NULL;
  g_autoptr (GVariant) properties = get_all (self, QUEEN_PATH, QUEEN_NAME, &cause);

  if (properties)
    return queenctl_bus_json_get_status (properties);
  explain (self, cause, error);
  return NULL;
}

static JsonNode *
bus_list_queens (QueenctlQueen *queen, GError **error)
{
  QueenctlBusQueen *self = QUEENCTL_BUS_QUEEN (queen);
  GError *cause = NULL;
  JsonNode *answer =
      queenctl_bus_queens_list (self->connection, QUEEN_NAME, limit_question (self), &cause);

  if (!answer)
    explain (self, cause, error);
  return answer;
}

static char *
dup_registry_path (QueenComponentKind kind)
{
  return g_strdup_printf (QUEEN_PATH "/%s", queen_component_kind_get_plural (kind));
}

static gboolean
add_components (QueenComponentKind kind,
                GVariantIter *part,
                QueenctlComponentSet *components,
                GError **error)
{
  GVariant *properties;

  while (g_variant_iter_loop (part, "(o@a{sv})", NULL, &properties))
    {
      QueenctlComponent *component = queenctl_bus_json_get_component (kind, properties, error);

      if (!component)
        {
          g_variant_unref (properties);
          return FALSE;
        }
      /* One that has come back meanwhile is there twice, and the newer one is later. */
      queenctl_component_set_add (components, component);
    }
  return TRUE;
}

/* @next: where the next part begins; 0 after the last one */
static gboolean
add_part (QueenctlBusQueen *self,
          QueenComponentKind kind,
          guint64 after,
          QueenctlComponentSet *components,
          guint64 *next,
          GError **error)
{
  GError *cause = NULL;
  g_autofree char *path = dup_registry_path (kind);
  g_autoptr (GVariant) reply = call (self, path, QUEEN_NAME ".Registry", "List",
                                     g_variant_new ("(tu)", after, 0), "(a(oa{sv})t)", &cause);
  g_autoptr (GVariantIter) part = NULL;

  if (!reply)
    return explain (self, cause, error);
  g_variant_get (reply, "(a(oa{sv})t)", &part, next);
  if (*next <= after)
    *next = 0;
  return add_components (kind, part, components, error);
}

static gboolean
may_go_on (QueenctlBusQueen *self, const QueenctlComponentSet *components, GError **error)
{
  if (queenctl_component_set_is_full (components))
    {
      queenctl_error_bus_stranger (error);
      return FALSE;
    }
  return !queenctl_component_set_is_late (components, g_get_monotonic_time ()) ||
         explain (self,
                  g_error_new_literal (G_IO_ERROR, G_IO_ERROR_TIMED_OUT, _ ("no answer in time")),
                  error);
}

static gboolean
bus_list (QueenctlQueen *queen, QueenComponentKind kind, GPtrArray *components, GError **error)
{
  QueenctlBusQueen *self = QUEENCTL_BUS_QUEEN (queen);
  g_autoptr (QueenctlComponentSet) known = queenctl_component_set_new (g_get_monotonic_time ());
  guint64 after = 0;

  do
    if (!add_part (self, kind, after, known, &after, error) ||
        (after != 0 && !may_go_on (self, known, error)))
      return FALSE;
  while (after != 0);

  queenctl_component_set_move (known, components);
  return TRUE;
}

static gboolean
bus_lookup (QueenctlQueen *queen,
            QueenComponentKind kind,
            const char *id,
            QueenctlComponent **component,
            GError **error)
{
  QueenctlBusQueen *self = QUEENCTL_BUS_QUEEN (queen);
  g_autofree char *registry = dup_registry_path (kind);
  g_autofree char *element = g_dbus_escape_object_path (id);
  g_autofree char *path = g_strdup_printf ("%s/%s", registry, element);
  const char *interface =
      kind == QUEEN_COMPONENT_WORKER ? QUEEN_NAME ".Worker" : QUEEN_NAME ".Hive";
  GError *cause = NULL;
  g_autoptr (GVariant) properties = get_all (self, path, interface, &cause);

  if (properties)
    return (*component = queenctl_bus_json_get_component (kind, properties, error)) != NULL;
  if (!queenctl_bus_is_absent (cause))
    return explain (self, cause, error);
  g_clear_error (&cause);
  /* Whoever is no queen has no worker either. */
  properties = get_all (self, QUEEN_PATH, QUEEN_NAME, &cause);
  return properties || explain (self, cause, error);
}

static QueenctlComponent *
bus_find (QueenctlQueen *queen, const char *model, GError **error)
{
  QueenctlBusQueen *self = QUEENCTL_BUS_QUEEN (queen);
  GError *cause = NULL;
  g_autoptr (GVariant) reply = call (self, QUEEN_PATH, QUEEN_NAME, "FindWorker",
                                     g_variant_new ("(s)", model), "(oa{sv})", &cause);
  g_autoptr (GVariant) properties = reply ? g_variant_get_child_value (reply, 1) : NULL;
  g_autofree char *remote = cause ? g_dbus_error_get_remote_error (cause) : NULL;

  if (properties)
    return queenctl_bus_json_get_component (QUEEN_COMPONENT_WORKER, properties, error);
  if (g_strcmp0 (remote, QUEEN_NAME ".Error.NotFound") != 0)
    {
      explain (self, cause, error);
      return NULL;
    }
  g_error_free (cause);
  queenctl_error_no_worker (model, error);
  return NULL;
}

static GVariant *
make_placing (const QueenctlPlacing *request)
{
  g_auto (GVariantDict) options = G_VARIANT_DICT_INIT (NULL);

  g_variant_dict_insert (&options, "model", "s", request->model);
  if (request->affinity)
    g_variant_dict_insert (&options, "affinity", "s", request->affinity);
  g_variant_dict_insert (&options, "wait", "d", (double) request->wait / G_USEC_PER_SEC);
  g_variant_dict_insert (&options, "reserve", "d", (double) request->reserve / G_USEC_PER_SEC);
  return g_variant_new ("(@a{sv})", g_variant_dict_end (&options));
}

static void
explain_placing (QueenctlBusQueen *self, const char *model, GError *cause, GError **error)
{
  g_autofree char *remote = g_dbus_error_get_remote_error (cause);

  if (g_strcmp0 (remote, QUEEN_NAME ".Error.NotFound") == 0)
    queenctl_error_no_worker (model, error);
  else if (g_strcmp0 (remote, QUEEN_NAME ".Error.Unavailable") == 0)
    {
      g_dbus_error_strip_remote_error (cause);
      queenctl_error_not_placed (cause->message, error);
    }
  else
    {
      explain (self, cause, error);
      return;
    }
  g_error_free (cause);
}

static JsonNode *
bus_place (QueenctlQueen *queen, const QueenctlPlacing *request, GError **error)
{
  QueenctlBusQueen *self = QUEENCTL_BUS_QUEEN (queen);
  GError *cause = NULL;
  g_autoptr (GVariant) reply = NULL, placement = NULL;

  self->patience = (int) (request->wait / G_TIME_SPAN_MILLISECOND);
  reply = call (self, QUEEN_PATH, QUEEN_NAME, "Place", make_placing (request), "(a{sv})", &cause);
  self->patience = 0;
  if (!reply)
    {
      explain_placing (self, request->model, cause, error);
      return NULL;
    }
  placement = g_variant_get_child_value (reply, 0);
  return queenctl_bus_json_get_placement (placement, error);
}

/* Telling */

static gboolean
tell (QueenctlBusQueen *self, const char *method, GVariant *arguments, GError **error)
{
  GError *cause = NULL;
  g_autoptr (GVariant) reply = call (self, QUEEN_PATH, QUEEN_NAME, method, arguments, "()", &cause);

  return reply || explain (self, cause, error);
}

static gboolean
bus_report (QueenctlQueen *queen, QueenComponentKind kind, JsonNode *heartbeat, GError **error)
{
  GVariant *members = json_gvariant_deserialize (heartbeat, "a{sv}", error);

  return members && tell (QUEENCTL_BUS_QUEEN (queen),
                          kind == QUEEN_COMPONENT_WORKER ? "ReportWorker" : "ReportHive",
                          g_variant_new ("(@a{sv})", members), error);
}

static gboolean
bus_forget (QueenctlQueen *queen, QueenComponentKind kind, const char *id, GError **error)
{
  return tell (QUEENCTL_BUS_QUEEN (queen), "Forget",
               g_variant_new ("(ss)", queen_component_kind_get_name (kind), id), error);
}

static char *
bus_hold (QueenctlQueen *queen,
          QueenComponentKind kind,
          const char *id,
          const char *reason,
          guint ttl,
          GError **error)
{
  QueenctlBusQueen *self = QUEENCTL_BUS_QUEEN (queen);
  GError *cause = NULL;
  g_autoptr (GVariant) reply = call (self, QUEEN_PATH, QUEEN_NAME, "Hold",
                                     g_variant_new ("(sssx)", queen_component_kind_get_name (kind),
                                                    id, reason, (gint64) ttl),
                                     "(s)", &cause);
  char *hold = NULL;

  if (reply)
    g_variant_get (reply, "(s)", &hold);
  else
    explain (self, cause, error);
  return hold;
}

static gboolean
bus_release (
    QueenctlQueen *queen, QueenComponentKind kind, const char *id, const char *hold, GError **error)
{
  QueenctlBusQueen *self = QUEENCTL_BUS_QUEEN (queen);
  GError *cause = NULL;
  g_autoptr (GVariant) reply =
      call (self, QUEEN_PATH, QUEEN_NAME, "Release",
            g_variant_new ("(sss)", queen_component_kind_get_name (kind), id, hold ? hold : ""),
            "(u)", &cause);

  return reply || explain (self, cause, error);
}

/* Watching */

static gboolean connect_to_queen (QueenctlBusQueen *self, GError **error);

static void
on_heartbeat (QueenDBusQueen *proxy,
              const char *kind,
              const char *id,
              const char *status,
              const char *json,
              gpointer data)
{
  g_autoptr (JsonNode) node = queenctl_json_parse_object (json);

  if (node)
    queenctl_queen_emit_event (data, &(QueenctlEvent){ kind, id, status, node });
}

/* What a hold is, and how many there are, is all the same: whoever waits asks anew. */
static void
on_properties_changed (GDBusConnection *connection,
                       const char *sender,
                       const char *path,
                       const char *interface,
                       const char *signal,
                       GVariant *parameters,
                       gpointer data)
{
  g_autoptr (GVariant) changed = NULL;
  g_autoptr (GVariant) holds = NULL;
  const char *of = NULL;
  g_autofree guint8 *id = NULL;

  if (!g_variant_is_of_type (parameters, G_VARIANT_TYPE ("(sa{sv}as)")))
    return;
  g_variant_get_child (parameters, 0, "&s", &of);
  changed = g_variant_get_child_value (parameters, 1);
  holds = g_variant_lookup_value (changed, "Holds", NULL);
  id = holds ? g_dbus_unescape_object_path (strrchr (path, '/') + 1) : NULL;
  if (id)
    queenctl_queen_emit_held (data, g_str_has_suffix (of, ".Hive") ? "hive" : "worker",
                              (const char *) id);
}

static void
on_lagged_signal (QueenDBusQueen *proxy, guint64 dropped, gpointer data)
{
  queenctl_queen_emit_lagged (data, (gint64) MIN (dropped, G_MAXINT64));
}

/* The bus keeps nothing for who was not there. */
static void
come_back (QueenctlQueen *self)
{
  queenctl_queen_emit_back (self);
  queenctl_queen_emit_lagged (self, -1);
}

static void
on_subscribed (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (QueenctlQueen) self = data;
  g_autoptr (GError) error = NULL;

  if (queen_dbus_queen_call_subscribe_finish (QUEEN_DBUS_QUEEN (source), result, &error))
    come_back (self);
  else if (!g_error_matches (error, G_DBUS_ERROR, G_DBUS_ERROR_NO_REPLY))
    queenctl_queen_emit_gone (self, error->message);
  /* If she has gone again, the change of owner says so. */
}

static void
on_owner_changed (GObject *proxy, GParamSpec *spec, gpointer data)
{
  g_autofree char *owner = g_dbus_proxy_get_name_owner (G_DBUS_PROXY (proxy));

  if (owner)
    queen_dbus_queen_call_subscribe (QUEEN_DBUS_QUEEN (proxy), NULL, on_subscribed,
                                     g_object_ref (data));
  else if (!g_dbus_connection_is_closed (g_dbus_proxy_get_connection (G_DBUS_PROXY (proxy))))
    queenctl_queen_emit_gone (data, _ ("The queen has gone. Waiting for her to come back."));
}

static void
bus_detach (QueenctlBusQueen *self)
{
  if (self->connection)
    g_signal_handlers_disconnect_by_data (self->connection, self);
  for (guint i = 0; i < N_HELD; i++)
    if (self->holds_ids[i] != 0)
      {
        g_dbus_connection_signal_unsubscribe (self->connection, self->holds_ids[i]);
        self->holds_ids[i] = 0;
      }
  if (self->proxy)
    g_signal_handlers_disconnect_by_data (self->proxy, self);
  g_clear_object (&self->proxy);
  g_clear_object (&self->connection);
}

static gboolean bus_attach (QueenctlBusQueen *self, GError **error);

static gboolean
on_reconnect_due (gpointer data)
{
  QueenctlBusQueen *self = data;

  if (!connect_to_queen (self, NULL) || !bus_attach (self, NULL))
    {
      bus_detach (self);
      return G_SOURCE_CONTINUE;
    }
  self->reconnect_id = 0;
  come_back (QUEENCTL_QUEEN (self));
  return G_SOURCE_REMOVE;
}

static void
on_bus_closed (GDBusConnection *connection, gboolean is_remote, GError *error, gpointer data)
{
  QueenctlBusQueen *self = data;

  bus_detach (self);
  if (self->reconnect_id == 0)
    self->reconnect_id = g_timeout_add_seconds (RECONNECT_SEC, on_reconnect_due, self);
  queenctl_queen_emit_gone (QUEENCTL_QUEEN (self),
                            _ ("The bus has gone. Waiting for it to come back."));
}

static gboolean
bus_attach (QueenctlBusQueen *self, GError **error)
{
  static const char *const held[N_HELD] = { QUEEN_NAME ".Worker", QUEEN_NAME ".Hive" };
  GError *cause = NULL;

  g_signal_connect (self->proxy, "heartbeat", G_CALLBACK (on_heartbeat), self);
  g_signal_connect (self->proxy, "lagged", G_CALLBACK (on_lagged_signal), self);
  g_signal_connect (self->proxy, "notify::g-name-owner", G_CALLBACK (on_owner_changed), self);
  g_signal_connect (self->connection, "closed", G_CALLBACK (on_bus_closed), self);
  if (self->wanted & QUEENCTL_WATCH_HOLDS)
    for (guint i = 0; i < G_N_ELEMENTS (held); i++)
      self->holds_ids[i] =
          g_dbus_connection_signal_subscribe (self->connection, QUEEN_NAME, PROPERTIES,
                                              "PropertiesChanged", NULL, held[i],
                                              G_DBUS_SIGNAL_FLAGS_NONE, on_properties_changed, self,
                                              NULL);
  g_dbus_proxy_set_default_timeout (G_DBUS_PROXY (self->proxy), limit_question (self));
  return queen_dbus_queen_call_subscribe_sync (self->proxy, NULL, &cause) ||
         explain (self, cause, error);
}

static gboolean
bus_watch (QueenctlQueen *queen, QueenctlWatch wanted, GError **error)
{
  QueenctlBusQueen *self = QUEENCTL_BUS_QUEEN (queen);

  self->wanted = wanted;
  return bus_attach (self, error);
}

/* The object */

static void
queenctl_bus_queen_dispose (GObject *object)
{
  QueenctlBusQueen *self = QUEENCTL_BUS_QUEEN (object);

  g_clear_handle_id (&self->reconnect_id, g_source_remove);
  bus_detach (self);
  G_OBJECT_CLASS (queenctl_bus_queen_parent_class)->dispose (object);
}

static void
queenctl_bus_queen_class_init (QueenctlBusQueenClass *class)
{
  QueenctlQueenClass *queen_class = QUEENCTL_QUEEN_CLASS (class);

  G_OBJECT_CLASS (class)->dispose = queenctl_bus_queen_dispose;
  queen_class->get_status = bus_get_status;
  queen_class->list = bus_list;
  queen_class->list_queens = bus_list_queens;
  queen_class->lookup = bus_lookup;
  queen_class->find = bus_find;
  queen_class->place = bus_place;
  queen_class->report = bus_report;
  queen_class->forget = bus_forget;
  queen_class->hold = bus_hold;
  queen_class->release = bus_release;
  queen_class->watch = bus_watch;
}

static void
queenctl_bus_queen_init (QueenctlBusQueen *self)
{
}

/* The proxy would load properties with GLib's deadline instead of ours. */
static gpointer
make_proxy (gpointer connection, GCancellable *cancellable, GError **error)
{
  return queen_dbus_queen_proxy_new_sync (connection,
                                          G_DBUS_PROXY_FLAGS_DO_NOT_AUTO_START |
                                              G_DBUS_PROXY_FLAGS_DO_NOT_LOAD_PROPERTIES,
                                          QUEEN_NAME, QUEEN_PATH, cancellable, error);
}

static gboolean
connect_to_queen (QueenctlBusQueen *self, GError **error)
{
  gboolean is_session = g_str_equal (self->bus_name, "session");
  g_autofree char *owner = NULL;
  g_autoptr (GError) cause = NULL;

  self->connection = queenctl_bus_connect (self->bus_name, error);
  if (!self->connection)
    return FALSE;

  self->proxy = queenctl_bus_try (make_proxy, self->connection, &cause);
  if (!self->proxy)
    {
      queenctl_bus_set_none (is_session, cause, error);
      return FALSE;
    }
  owner = g_dbus_proxy_get_name_owner (G_DBUS_PROXY (self->proxy));
  if (!owner)
    g_set_error_literal (error, QUEENCTL_ERROR, QUEENCTL_ERROR_NO_QUEEN,
                         is_session ? _ ("the session bus: she is not on it")
                                    : _ ("the system bus: she is not on it"));
  return owner != NULL;
}

QueenctlQueen *
queenctl_bus_queen_new (const char *bus_name, GError **error)
{
  g_autoptr (QueenctlBusQueen) self = g_object_new (QUEENCTL_TYPE_BUS_QUEEN, NULL);

  self->bus_name = g_intern_string (bus_name);
  if (!connect_to_queen (self, error))
    return NULL;
  return QUEENCTL_QUEEN (g_steal_pointer (&self));
}
