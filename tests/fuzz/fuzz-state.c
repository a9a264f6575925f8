/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors
 *
 * Any bytes as what an epoch of the queen has saved. What is loaded is written again as a text
 * that means the same, and registries go on from it with exactly those that it knows. */

#include <string.h>

#include "../unit/fake-clock.h"
#include "../unit/state-text.h"
#include "fuzz.h"
#include "model/queen-component-json.h"
#include "model/queen-local-sequencer.h"
#include "queen-error.h"

#define MAX_COMPONENTS 100

static void
assert_same_component (const QueenComponent *a, const QueenComponent *b)
{
  g_autoptr (GString) a_json = g_string_new (NULL);
  g_autoptr (GString) b_json = g_string_new (NULL);

  queen_component_append_json (a, a_json);
  queen_component_append_json (b, b_json);
  g_assert_cmpstr (a_json->str, ==, b_json->str);
}

static void
assert_same_hold (const QueenHoldEntry *a, const QueenHoldEntry *b)
{
  g_assert_cmpint (a->kind, ==, b->kind);
  g_assert_cmpint (a->left, ==, b->left);
  g_assert_cmpstr (a->component_id, ==, b->component_id);
  g_assert_cmpstr (a->hold->id, ==, b->hold->id);
  g_assert_cmpstr (a->hold->reason, ==, b->hold->reason);
  g_assert_cmpstr (a->hold->holder, ==, b->hold->holder);
  g_assert_cmpstr (a->hold->caller, ==, b->hold->caller);
  g_assert_cmpint (a->hold->since, ==, b->hold->since);
  g_assert_cmpint (a->hold->until, ==, b->hold->until);
}

/* Whatever they say, none is there twice, and each can end. */
static void
restore_holds (const QueenState *state)
{
  g_autoptr (QueenHolds) holds = queen_holds_new (&fake_clock);
  guint n = queen_holds_restore (holds, state->holds, queen_state_get_elapsed (state, now));

  g_assert_cmpuint (n, <=, state->holds->len);
  g_assert_cmpuint (n, ==,
                    queen_holds_get_n (holds, QUEEN_COMPONENT_WORKER) +
                        queen_holds_get_n (holds, QUEEN_COMPONENT_HIVE));
  queen_holds_end_caller (holds, NULL);
  for (guint i = 0; i < state->holds->len; i++)
    {
      const QueenHoldEntry *entry = &g_array_index (state->holds, QueenHoldEntry, i);

      queen_holds_release (holds, entry->kind, entry->component_id, entry->hold->id, "fuzz", NULL);
    }
  g_assert_cmpuint (queen_holds_get_n (holds, QUEEN_COMPONENT_WORKER), ==, 0);
  g_assert_cmpuint (queen_holds_get_n (holds, QUEEN_COMPONENT_HIVE), ==, 0);
}

static void
assert_same_state (const QueenState *a, const QueenState *b)
{
  g_assert_cmpint (a->is_whole, ==, b->is_whole);
  g_assert_cmpstr (a->epoch, ==, b->epoch);
  g_assert_cmpuint (a->next, ==, b->next);
  g_assert_cmpint (a->written_at, ==, b->written_at);
  for (int kind = 0; kind < QUEEN_COMPONENT_N_KINDS; kind++)
    {
      g_assert_cmpuint (a->entries[kind]->len, ==, b->entries[kind]->len);
      for (guint i = 0; i < a->entries[kind]->len; i++)
        {
          QueenStateEntry *one = &g_array_index (a->entries[kind], QueenStateEntry, i);
          QueenStateEntry *other = &g_array_index (b->entries[kind], QueenStateEntry, i);

          g_assert_cmpint (one->age, ==, other->age);
          g_assert_cmpstr (one->sender, ==, other->sender);
          assert_same_component (one->component, other->component);
        }
    }
  g_assert_cmpuint (a->holds->len, ==, b->holds->len);
  for (guint i = 0; i < a->holds->len; i++)
    assert_same_hold (&g_array_index (a->holds, QueenHoldEntry, i),
                      &g_array_index (b->holds, QueenHoldEntry, i));
}

static void
check_round_trip (const QueenState *state)
{
  g_autoptr (GString) text = write_state (state);
  g_autoptr (GError) error = NULL;
  g_autoptr (QueenState) again = parse_state (text->str, text->len, &error);

  g_assert_no_error (error);
  assert_same_state (state, again);
}

static void
check_restored (QueenRegistry *registry, char **ids)
{
  g_autoptr (GArray) all = queen_registry_list_state_entries (registry);
  guint n_online = 0;
  QueenCensus census;

  for (guint i = 0; i < all->len; i++)
    {
      const QueenComponent *component = g_array_index (all, QueenStateEntry, i).component;

      g_assert_cmpstr (component->id, ==, ids[i]);
      n_online += queen_component_is_online (component);
    }
  queen_registry_get_census (registry, &census);
  g_assert_cmpuint (census.online, ==, n_online);
  while (queen_registry_expire (registry))
    ;
}

/* The registry takes the components, so their ids are noted first. */
static void
restore (QueenState *state, QueenComponentKind kind)
{
  const QueenRegistrySettings settings = {
    .clock = &fake_clock,
    .timeout = 90 * G_USEC_PER_SEC,
    .forget_after = 3600 * (gint64) G_USEC_PER_SEC,
    .max_components = MAX_COMPONENTS,
  };
  g_autoptr (QueenEventBus) bus = queen_event_bus_new ();
  g_autoptr (QueenLocalSequencer) sequencer = queen_local_sequencer_new (bus, &fake_clock);
  g_autoptr (QueenRegistry) registry =
      queen_registry_new (kind, QUEEN_SEQUENCER (sequencer), &settings);
  g_autoptr (GPtrArray) ids = g_ptr_array_new_with_free_func (g_free);
  GArray *entries = state->entries[kind];
  guint n_restored;

  for (guint i = 0; i < entries->len; i++)
    g_ptr_array_add (ids, g_strdup (g_array_index (entries, QueenStateEntry, i).component->id));
  n_restored = queen_registry_restore (registry, entries, queen_state_get_elapsed (state, now));
  g_assert_cmpuint (n_restored, ==, MIN (ids->len, MAX_COMPONENTS));
  g_assert_cmpuint (n_restored, ==, queen_registry_get_total (registry));
  check_restored (registry, (char **) ids->pdata);
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (QueenState) state = parse_state ((const char *) data, size, &error);

  if (!state)
    {
      g_assert_error (error, QUEEN_ERROR, QUEEN_ERROR_STATE);
      g_assert_true (g_str_has_prefix (error->message, "line "));
      return 0;
    }
  g_assert_no_error (error);
  check_round_trip (state);
  now = G_GINT64_CONSTANT (1761336661) * G_USEC_PER_SEC;
  restore_holds (state);
  for (int kind = 0; kind < QUEEN_COMPONENT_N_KINDS; kind++)
    restore (state, kind);
  return 0;
}
