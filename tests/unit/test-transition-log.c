/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "model/queen-transition-log.h"

#include <string.h>

#include "fake-clock.h"
#include "model/queen-local-sequencer.h"
#include "model/queen-registry.h"

#define TIMEOUT (90 * (gint64) G_USEC_PER_SEC)

typedef struct
{
  QueenEventBus *bus;
  QueenRegistry *registries[QUEEN_COMPONENT_N_KINDS];
  QueenTransitionLog *log;
} Fixture;

/* What was logged at the level of messages, a line each, and the fields of the last of them. */
static GString *said;
static GHashTable *last_fields;

static GLogWriterOutput
write_log (GLogLevelFlags level, const GLogField *fields, gsize n_fields, gpointer data)
{
  if (!(level & G_LOG_LEVEL_MESSAGE))
    return G_LOG_WRITER_HANDLED;
  g_hash_table_remove_all (last_fields);
  for (gsize i = 0; i < n_fields; i++)
    g_hash_table_insert (last_fields, g_strdup (fields[i].key), g_strdup (fields[i].value));
  g_string_append_printf (said, "%s\n",
                          (const char *) g_hash_table_lookup (last_fields, "MESSAGE"));
  return G_LOG_WRITER_HANDLED;
}

static void
set_up (Fixture *f, gconstpointer data)
{
  const QueenRegistrySettings settings = { &fake_clock, TIMEOUT, TIMEOUT, 100 };

  f->bus = queen_event_bus_new ();
  g_autoptr (QueenLocalSequencer) sequencer = queen_local_sequencer_new (f->bus, &fake_clock);
  for (int kind = 0; kind < QUEEN_COMPONENT_N_KINDS; kind++)
    f->registries[kind] =
        queen_registry_new ((QueenComponentKind) kind, QUEEN_SEQUENCER (sequencer), &settings);
  f->log = queen_transition_log_new (f->bus);
  g_string_truncate (said, 0);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  queen_transition_log_free (f->log);
  for (int kind = 0; kind < QUEEN_COMPONENT_N_KINDS; kind++)
    g_assert_finalize_object (f->registries[kind]);
  g_assert_finalize_object (f->bus);
}

static void
beat (Fixture *f, QueenComponentKind kind, QueenStatus status, QueenHealth health, const char *why)
{
  QueenComponent *component = queen_component_new (kind);

  component->id = g_strdup ("x");
  component->status = status;
  component->health = health;
  component->health_reason = g_strdup (why);
  g_assert_true (queen_registry_update (f->registries[kind], component, NULL, NULL));
}

static void
beat_worker (Fixture *f, QueenStatus status)
{
  beat (f, QUEEN_COMPONENT_WORKER, status, QUEEN_HEALTH_HEALTHY, NULL);
}

static void
beat_hive (Fixture *f, QueenHealth health, const char *why)
{
  beat (f, QUEEN_COMPONENT_HIVE, QUEEN_STATUS_READY, health, why);
}

/* C4 */
static void
test_presence (Fixture *f, gconstpointer data)
{
  beat_worker (f, QUEEN_STATUS_READY);
  beat_worker (f, QUEEN_STATUS_BUSY); /* no line */
  now += TIMEOUT + 1;
  g_assert_false (queen_registry_expire (f->registries[QUEEN_COMPONENT_WORKER]));
  beat_worker (f, QUEEN_STATUS_READY);
  beat_worker (f, QUEEN_STATUS_STOPPED);
  beat_worker (f, QUEEN_STATUS_STOPPED); /* no line */
  g_assert_cmpstr (said->str, ==,
                   "worker online: x\nworker offline: x\nworker online again: x\n"
                   "worker stopped: x\n");
}

static void
test_health (Fixture *f, gconstpointer data)
{
  beat_hive (f, QUEEN_HEALTH_HEALTHY, NULL);
  beat_hive (f, QUEEN_HEALTH_DEGRADED, "the disk is nearly full");
  beat_hive (f, QUEEN_HEALTH_DEGRADED, "the disk is nearly full"); /* no line */
  beat_hive (f, QUEEN_HEALTH_UNHEALTHY, NULL);
  beat_hive (f, QUEEN_HEALTH_HEALTHY, NULL);
  g_assert_cmpstr (said->str, ==,
                   "hive online: x\nhive degraded: x: the disk is nearly full\n"
                   "hive unhealthy: x\nhive healthy again: x\n");
}

static void
test_forgotten (Fixture *f, gconstpointer data)
{
  QueenRegistry *workers = f->registries[QUEEN_COMPONENT_WORKER];

  beat_worker (f, QUEEN_STATUS_STOPPED);
  g_assert_true (queen_registry_forget (workers, "x", "token:ops", NULL));
  g_assert_cmpstr (said->str, ==, "worker forgotten: x, by token:ops\n");
  g_string_truncate (said, 0);

  beat_worker (f, QUEEN_STATUS_STOPPED);
  now += TIMEOUT + 1;
  g_assert_false (queen_registry_expire (workers)); /* by itself: nobody wants to know */
  g_assert_cmpuint (queen_registry_get_total (workers), ==, 0);
  g_assert_cmpstr (said->str, ==, "");
}

static void
test_fields (Fixture *f, gconstpointer data)
{
  beat_worker (f, QUEEN_STATUS_READY);
  g_assert_cmpstr (g_hash_table_lookup (last_fields, "QUEEN_COMPONENT_ID"), ==, "x");
  g_assert_cmpstr (g_hash_table_lookup (last_fields, "QUEEN_COMPONENT_KIND"), ==, "worker");
  g_assert_cmpuint (strlen (g_hash_table_lookup (last_fields, "MESSAGE_ID")), ==, 32);
}

int
main (int argc, char **argv)
{
  int code;

  said = g_string_new (NULL);
  last_fields = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  g_log_set_writer_func (write_log, NULL, NULL);
  g_test_init (&argc, &argv, NULL);

#define ADD(path, function)                                                                        \
  g_test_add ("/transition-log/" path, Fixture, NULL, set_up, function, tear_down)
  ADD ("presence/a-line-for-each-change", test_presence);
  ADD ("health/a-line-for-each-change", test_health);
  ADD ("forgotten/says-by-whom", test_forgotten);
  ADD ("fields/to-find-it-by", test_fields);

  code = g_test_run ();
  g_string_free (said, TRUE);
  g_hash_table_unref (last_fields);
  return code;
}
