/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors
 *
 * Any bodies as heartbeats, on to the registries, the bus and the ring. A line is a step: `w` or
 * `h` and a body, `f` and the id of a worker to forget, `+` and the seconds that pass. What comes
 * out is one frame for each event, JSON by the letter, and a heartbeat itself; and the registries
 * know what their lists say. */

#include <string.h>

#include "../unit/fake-clock.h"
#include "../unit/state-text.h"
#include "fuzz.h"
#include "model/queen-component-json.h"
#include "model/queen-heartbeat.h"
#include "model/queen-local-sequencer.h"
#include "model/queen-registry.h"
#include "queen-error.h"
#include "stream/queen-frame.h"
#include "stream/queen-ring.h"
#include "stream/queen-stream.h"
#include "text/queen-json-tree.h"
#include "text/queen-json-writer.h"
#include "text/queen-legible.h"
#include "text/queen-timestamp.h"

#define START (G_GINT64_CONSTANT (1761336661) * G_USEC_PER_SEC)
#define MAX_STEPS 64

typedef struct
{
  QueenEventBus *bus;
  QueenRegistry *registries[QUEEN_COMPONENT_N_KINDS];
  QueenRing *ring;
  QueenCursor cursor;
} Cluster;

static JsonObject *
parse_object (const char *json, gsize length)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) node = queen_json_tree_parse (json, length, &error);

  g_assert_no_error (error);
  g_assert_true (JSON_NODE_HOLDS_OBJECT (node));
  return json_node_dup_object (node);
}

static void
check_names (JsonObject *object, const char *const *names)
{
  g_autoptr (GList) members = json_object_get_members (object);
  GList *link = members;

  for (; *names; names++, link = link->next)
    {
      g_assert_nonnull (link);
      g_assert_cmpstr (link->data, ==, *names);
    }
  g_assert_null (link);
}

/* An event of a component is a heartbeat in the short form: a queen could feed another. */
static void
check_is_heartbeat (const QueenEvent *event)
{
  const QueenComponent *component = event->component;
  g_autoptr (GError) error = NULL;
  g_autoptr (QueenComponent) again =
      queen_heartbeat_parse (component->kind, event->json, event->json_length, &error);

  g_assert_no_error (error);
  g_assert_cmpstr (again->id, ==, component->id);
  g_assert_cmpint (again->status, ==, component->status);
}

static void
check_event_json (const QueenEvent *event)
{
  static const char *const worker[] = { "type", "worker_id", "status", "timestamp", NULL };
  static const char *const hive[] = { "type", "hive_id", "status", "timestamp", NULL };
  static const char *const queen[] = { "type",         "workers_online",  "workers_available",
                                       "hives_online", "hives_available", "worker_ids",
                                       "hive_ids",     "timestamp",       NULL };
  g_autoptr (JsonObject) object = parse_object (event->json, event->json_length);
  const char *timestamp = json_object_get_string_member (object, "timestamp");
  g_autoptr (GString) again = g_string_new (NULL);
  gint64 time;

  check_names (object, event->kind == QUEEN_EVENT_QUEEN    ? queen
                       : event->kind == QUEEN_EVENT_WORKER ? worker
                                                           : hive);
  g_assert_true (queen_timestamp_parse (timestamp, &time));
  queen_timestamp_append (again, time);
  g_assert_cmpstr (again->str, ==, timestamp);
}

/* WHATWG HTML § 9.2.6: CR, LF or both end a line; the frame must have four, the last one empty. */
static void
check_frame (const char *frame, gsize size, const QueenEvent *event)
{
  g_autofree char *text = g_strndup (frame, size);
  g_auto (GStrv) lines = g_strsplit_set (text, "\r\n", -1);

  g_assert_cmpuint (strlen (text), ==, size);
  g_assert_cmpuint (g_strv_length (lines), ==, 5);
  g_assert_true (g_str_has_prefix (lines[0], "id: 1a2b3c-"));
  g_assert_cmpstr (lines[1], ==, "event: heartbeat");
  g_assert_true (g_str_has_prefix (lines[2], "data: "));
  g_assert_cmpstr (lines[2] + strlen ("data: "), ==, event->json);
  g_assert_cmpstr (lines[3], ==, "");
  g_assert_cmpstr (lines[4], ==, "");
}

static void
pulse (Cluster *cluster, QueenEvent *event)
{
  g_autofree char *id = queen_ring_dup_id (cluster->ring, queen_ring_get_head (cluster->ring) - 1);

  queen_ring_pulse (cluster->ring,
                    queen_frame_new (id, "heartbeat", event->json, event->json_length));
}

static void
on_event (QueenEventBus *bus, QueenEvent *event, Cluster *cluster)
{
  struct iovec vectors[2];
  QueenCursor end;
  QueenDigest digest = { 0 };

  if (event->kind == QUEEN_EVENT_FORGOTTEN)
    {
      g_assert_null (event->json);
      g_assert_false (queen_component_is_online (event->component));
      return;
    }
  check_event_json (event);
  if (event->component)
    check_is_heartbeat (event);

  if (event->kind == QUEEN_EVENT_QUEEN)
    pulse (cluster, event);
  else
    queen_ring_publish (cluster->ring, event->number, event->kind, "heartbeat", event->json,
                        event->json_length);
  cluster->cursor.encoding = QUEEN_ENCODING_PLAIN;
  g_assert_cmpuint (queen_ring_gather (cluster->ring, &cluster->cursor, vectors, 2, &end, &digest),
                    ==, 1);
  check_frame (vectors[0].iov_base, vectors[0].iov_len, event);
  cluster->cursor = end;
}

/* What the registries know without counting is what one finds by counting. */

static void
check_deadlines (const QueenComponent *component)
{
  g_assert_cmpint (component->deadline, >, now);
  g_assert_cmpint (component->first_seen, <=, component->last_seen);
  g_assert_cmpint (component->last_seen, <=, now);
  g_assert_cmpuint (component->heartbeats, >, 0);
}

static void
check_component_json (const QueenComponent *component)
{
  g_autoptr (GString) json = g_string_new (NULL);
  g_autoptr (JsonObject) object = NULL;

  queen_component_append_json (component, json);
  g_assert_true (queen_legible_check (json->str));
  object = parse_object (json->str, json->len);
  g_assert_cmpstr (json_object_get_string_member (object, "id"), ==, component->id);
  g_assert_cmpstr (json_object_get_string_member_with_default (object, "version", NULL), ==,
                   component->version);
  g_assert_cmpstr (json_object_get_string_member_with_default (object, "hostname", NULL), ==,
                   component->hostname);
}

static void
check_registry (QueenRegistry *registry)
{
  g_autoptr (GArray) all = queen_registry_list_state_entries (registry);
  g_autoptr (GString) ids = g_string_new ("[");
  guint n_online = 0, n_available = 0;
  QueenCensus census;

  for (guint i = 0; i < all->len; i++)
    {
      const QueenComponent *component = g_array_index (all, QueenStateEntry, i).component;

      g_assert_true (queen_registry_lookup (registry, component->id) == component);
      check_deadlines (component);
      check_component_json (component);
      n_available += queen_component_is_available (component);
      if (!queen_component_is_online (component))
        continue;
      if (n_online++ > 0)
        g_string_append_c (ids, ',');
      queen_json_append_string (ids, component->id);
    }
  g_string_append_c (ids, ']');

  queen_registry_get_census (registry, &census);
  g_assert_cmpuint (queen_registry_get_total (registry), ==, all->len);
  g_assert_cmpuint (census.online, ==, n_online);
  g_assert_cmpuint (census.available, ==, n_available);
  g_assert_cmpstr (census.ids, ==, ids->str);
}

static void
check_cluster (Cluster *cluster)
{
  g_autoptr (QueenEvent) beat = NULL;
  QueenCensus censuses[QUEEN_COMPONENT_N_KINDS];

  for (int kind = 0; kind < QUEEN_COMPONENT_N_KINDS; kind++)
    {
      check_registry (cluster->registries[kind]);
      queen_registry_get_census (cluster->registries[kind], &censuses[kind]);
    }
  beat = queen_event_new_queen (&censuses[QUEEN_COMPONENT_WORKER], &censuses[QUEEN_COMPONENT_HIVE],
                                now);
  queen_event_bus_emit (cluster->bus, beat);
}

/* What is saved for the next epoch can be read there, whatever the heartbeats have said. */
static void
check_state (Cluster *cluster)
{
  g_autoptr (QueenState) state = queen_state_new ();
  g_autoptr (QueenState) again = NULL;
  g_autoptr (GString) text = NULL;
  g_autoptr (GString) same = NULL;
  g_autoptr (GError) error = NULL;

  state->epoch = g_strdup ("1a2b3c");
  state->next = 1;
  state->written_at = now;
  for (int kind = 0; kind < QUEEN_COMPONENT_N_KINDS; kind++)
    queen_state_set_entries (state, cluster->registries[kind]);
  text = write_state (state);
  again = parse_state (text->str, text->len, &error);
  g_assert_no_error (error);
  same = write_state (again);
  g_assert_cmpstr (same->str, ==, text->str);
}

/* Steps */

static void
check_id (const char *id)
{
  g_assert_true (*id != '\0' && strlen (id) <= 128 && g_utf8_validate (id, -1, NULL));
  g_assert_true (queen_legible_check (id));
}

/* What a heartbeat of a batch is taken for is taken by itself, too, and the same. */
static void
check_any (const char *body, gsize length)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (QueenComponent) any = queen_heartbeat_parse_any (body, length, &error);
  g_autoptr (QueenComponent) alone = NULL;

  if (!any)
    {
      g_assert_true (g_error_matches (error, QUEEN_ERROR, QUEEN_ERROR_BAD_REQUEST) ||
                     g_error_matches (error, QUEEN_ERROR, QUEEN_ERROR_UNPROCESSABLE));
      return;
    }
  alone = queen_heartbeat_parse (any->kind, body, length, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (alone->id, ==, any->id);
  g_assert_true (queen_component_says_same (alone, any));
}

static void
take_heartbeat (QueenRegistry *registry, const char *body, gsize length)
{
  g_autoptr (GError) error = NULL;
  QueenComponentKind kind = queen_registry_get_kind (registry);
  g_autofree char *exact = g_memdup2 (body, length);
  g_autoptr (QueenComponent) component =
      queen_heartbeat_parse (kind, exact ? exact : "", length, &error);

  check_any (exact ? exact : "", length);
  if (!component)
    {
      g_assert_true (g_error_matches (error, QUEEN_ERROR, QUEEN_ERROR_BAD_REQUEST) ||
                     g_error_matches (error, QUEEN_ERROR, QUEEN_ERROR_UNPROCESSABLE));
      return;
    }
  g_assert_no_error (error);
  check_id (component->id);
  if (queen_registry_update (registry, queen_component_ref (component), NULL, &error))
    g_assert_true (queen_registry_lookup (registry, component->id) == component);
  else
    g_assert_error (error, QUEEN_ERROR, QUEEN_ERROR_REGISTRY_FULL);
}

static void
forget (QueenRegistry *registry, const char *id)
{
  g_autoptr (GError) error = NULL;

  if (!queen_registry_forget (registry, id, NULL, &error))
    g_assert_error (error, QUEEN_ERROR, QUEEN_ERROR_NOT_FOUND);
  g_assert_null (queen_registry_lookup (registry, id));
}

/* Returns: when something has to happen next, but no later than @end */
static gint64
find_deadline (Cluster *cluster, gint64 end)
{
  for (int kind = 0; kind < QUEEN_COMPONENT_N_KINDS; kind++)
    {
      g_autoptr (GArray) all = queen_registry_list_state_entries (cluster->registries[kind]);

      for (guint i = 0; i < all->len; i++)
        end = MIN (end, g_array_index (all, QueenStateEntry, i).component->deadline);
    }
  return end;
}

/* As with a main loop that is never late. */
static void
let_pass (Cluster *cluster, const char *seconds)
{
  gint64 end = now + (gint64) (g_ascii_strtoull (seconds, NULL, 10) % 10000) * G_USEC_PER_SEC;

  do
    {
      now = find_deadline (cluster, end);
      for (int kind = 0; kind < QUEEN_COMPONENT_N_KINDS; kind++)
        while (queen_registry_expire (cluster->registries[kind]))
          ;
    }
  while (now < end);
}

static void
do_step (Cluster *cluster, GBytes *line)
{
  gsize size;
  const char *data = g_bytes_get_data (line, &size);
  g_autofree char *text = size > 0 ? g_strndup (data + 1, size - 1) : NULL;

  switch (size > 0 ? *data : 0)
    {
    case 'w':
      take_heartbeat (cluster->registries[QUEEN_COMPONENT_WORKER], data + 1, size - 1);
      break;
    case 'h':
      take_heartbeat (cluster->registries[QUEEN_COMPONENT_HIVE], data + 1, size - 1);
      break;
    case 'f':
      forget (cluster->registries[QUEEN_COMPONENT_WORKER], text);
      break;
    case '+':
      let_pass (cluster, text);
      break;
    default:
      return;
    }
  check_cluster (cluster);
}

static void
set_up (Cluster *cluster)
{
  const QueenRegistrySettings settings = {
    .clock = &fake_clock,
    .timeout = 90 * G_USEC_PER_SEC,
    .forget_after = 3600 * (gint64) G_USEC_PER_SEC,
    .max_components = 3,
  };
  const QueenRingSettings ring_settings = {
    .capacity = 4,
    .max_bytes = G_MAXSIZE,
    .epoch = "1a2b3c",
    .kinds = QUEEN_EVENT_NUMBERED_KINDS,
    .pulse_kind = QUEEN_EVENT_QUEEN,
  };

  now = START;
  cluster->bus = queen_event_bus_new ();
  g_autoptr (QueenLocalSequencer) sequencer = queen_local_sequencer_new (cluster->bus, &fake_clock);
  cluster->ring = queen_ring_new (&ring_settings);
  queen_ring_start (cluster->ring, QUEEN_EVENT_ALL_KINDS, &cluster->cursor);
  for (int kind = 0; kind < QUEEN_COMPONENT_N_KINDS; kind++)
    cluster->registries[kind] = queen_registry_new (kind, QUEEN_SEQUENCER (sequencer), &settings);
  g_signal_connect (cluster->bus, "event", G_CALLBACK (on_event), cluster);
}

static void
tear_down (Cluster *cluster)
{
  for (int kind = 0; kind < QUEEN_COMPONENT_N_KINDS; kind++)
    g_assert_finalize_object (cluster->registries[kind]);
  g_assert_finalize_object (cluster->bus);
  queen_ring_free (cluster->ring);
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  const guint8 *at = data;
  Cluster cluster;

  set_up (&cluster);
  for (guint i = 0; at && i < MAX_STEPS; i++)
    {
      g_autoptr (GBytes) line = fuzz_cut_line (&at, data + size);

      do_step (&cluster, line);
    }
  check_state (&cluster);
  tear_down (&cluster);
  return 0;
}
