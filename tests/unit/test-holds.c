/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors
 *
 * Who is held, and that all who list, count and give out agree on it. */

#include <string.h>

#include "fake-clock.h"
#include "model/queen-cluster.h"
#include "queen-error.h"
#include "state-text.h"

#define SECOND ((gint64) G_USEC_PER_SEC)
#define TIMEOUT (90 * SECOND)
#define N_STEPS 3000
#define N_CROWD 5000 /* more than are looked at in one turn, several times over */

typedef struct
{
  QueenCluster *cluster;
  QueenHolds *holds;
  QueenRegistry *workers;
  QueenRegistry *hives;
  guint n_held;      /* events that tell of a hold */
  guint n_numbered;  /* events that the stream hears */
  gboolean was_last; /* whether the last of the former was available before */
} Fixture;

static void
on_event_for_test (Fixture *f, QueenEvent *event)
{
  if (event->kind & QUEEN_EVENT_NUMBERED_KINDS)
    f->n_numbered++;
  if (event->kind != QUEEN_EVENT_HELD)
    return;
  f->n_held++;
  g_assert_cmpuint (event->number, ==, 0);
  g_assert_nonnull (strstr (event->json, "\"type\":\"hold\""));
  g_assert_true (event->component->holds != event->before->holds ||
                 event->component->hive_holds != event->before->hive_holds);
  f->was_last = queen_component_is_available (event->before);
}

/* µs that pass whenever somebody looks at the clock */
static gint64 cost;

static gint64
get_costly (void)
{
  return now += cost;
}

static const QueenClock costly_clock = { get_costly, get_now };

static void
set_up (Fixture *f, gconstpointer data)
{
  const QueenClusterSettings settings = {
    .registry = { &costly_clock, TIMEOUT, TIMEOUT, 2 * N_CROWD },
    .heartbeat_interval = SECOND,
  };

  now = SECOND;
  cost = 0;
  f->cluster = queen_cluster_new (&settings);
  f->holds = queen_cluster_get_holds (f->cluster);
  f->workers = queen_cluster_get_registry (f->cluster, QUEEN_COMPONENT_WORKER);
  f->hives = queen_cluster_get_registry (f->cluster, QUEEN_COMPONENT_HIVE);
  g_signal_connect_swapped (queen_cluster_get_bus (f->cluster), "event::change",
                            G_CALLBACK (on_event_for_test), f);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  g_assert_finalize_object (f->cluster);
}

static void
beat_in (Fixture *f, const char *id, const char *hive, QueenStatus status)
{
  QueenComponent *worker = queen_component_new (QUEEN_COMPONENT_WORKER);

  worker->id = g_strdup (id);
  worker->hive_id = g_strdup (hive);
  worker->model_id = g_strdup ("m");
  worker->status = status;
  g_assert_true (queen_registry_update (f->workers, worker, NULL, NULL));
}

static void
beat (Fixture *f, const char *id)
{
  beat_in (f, id, NULL, QUEEN_STATUS_READY);
}

static void
beat_hive (Fixture *f, const char *id)
{
  QueenComponent *hive = queen_component_new (QUEEN_COMPONENT_HIVE);

  hive->id = g_strdup (id);
  hive->status = QUEEN_STATUS_READY;
  g_assert_true (queen_registry_update (f->hives, hive, NULL, NULL));
}

static const char *
hold_for (Fixture *f, QueenComponentKind kind, const char *id, const char *holder, gint64 ttl)
{
  g_autoptr (GError) error = NULL;
  QueenHold *hold =
      queen_cluster_hold (f->cluster,
                          &(QueenHoldRequest){ kind, id, "new driver", holder, NULL, ttl * SECOND },
                          &error);

  g_assert_no_error (error);
  return hold->id;
}

static const char *
hold (Fixture *f, const char *id)
{
  return hold_for (f, QUEEN_COMPONENT_WORKER, id, "token:ops", 3600);
}

static void
release (Fixture *f, QueenComponentKind kind, const char *id, const char *hold_id)
{
  g_autofree char *copy = g_strdup (hold_id);

  g_assert_cmpuint (queen_holds_release (f->holds, kind, id, copy, "token:ops", NULL), ==, 1);
}

/* Everything that says whether somebody is available says the same. */
static void
assert_available (Fixture *f, const char *id, gboolean is_available)
{
  QueenComponent *worker = queen_registry_lookup (f->workers, id);
  QueenSelection selection = { .available = is_available ? QUEEN_ANSWER_YES : QUEEN_ANSWER_NO };

  g_assert_cmpint (queen_component_is_available (worker), ==, is_available);
  g_assert_true (queen_selection_matches (&selection, worker));
}

static void
assert_counts (Fixture *f, guint online, guint available)
{
  QueenCensus census;

  queen_registry_get_census (f->workers, &census);
  g_assert_cmpuint (census.online, ==, online);
  g_assert_cmpuint (census.available, ==, available);
}

static void
turn (void)
{
  while (g_main_context_iteration (NULL, FALSE))
    ;
}

static void
on_placed (const QueenPlacementResult *result, gpointer data)
{
  char **id = data;

  *id = result->worker ? result->worker->id : NULL;
}

/* Returns: (nullable): who would get a request for the model that all of them serve */
static const char *
place (Fixture *f)
{
  static const QueenPlacementFuncs funcs = { on_placed, NULL };
  const QueenPlacementRequest request = { .model = "m", .submitter = "" };
  const char *id = NULL;

  g_assert_null (queen_placement_request (queen_cluster_get_placement (f->cluster), &request,
                                          &funcs, &id, NULL));
  return id;
}

static void
test_worker (Fixture *f, gconstpointer data)
{
  guint64 revision;
  const char *id;

  beat (f, "w");
  beat (f, "other");
  assert_counts (f, 2, 2);
  revision = queen_registry_get_revision (f->workers);
  f->n_numbered = 0;

  id = hold (f, "w");
  g_assert_true (queen_holds_is_held (f->holds, QUEEN_COMPONENT_WORKER, "w"));
  g_assert_false (queen_holds_is_held (f->holds, QUEEN_COMPONENT_WORKER, "other"));
  g_assert_false (queen_holds_is_held (f->holds, QUEEN_COMPONENT_HIVE, "w"));
  assert_available (f, "w", FALSE);
  assert_available (f, "other", TRUE);
  assert_counts (f, 2, 1);
  for (int i = 0; i < 3; i++)
    g_assert_cmpstr (place (f), ==, "other");
  g_assert_cmpuint (queen_registry_get_revision (f->workers), >, revision);
  g_assert_cmpuint (f->n_held, ==, 1);
  g_assert_cmpuint (f->n_numbered, ==, 0);
  g_assert_true (f->was_last);

  beat_in (f, "w", NULL, QUEEN_STATUS_BUSY);
  beat (f, "w");
  assert_available (f, "w", FALSE);
  assert_counts (f, 2, 1);

  release (f, QUEEN_COMPONENT_WORKER, "w", id);
  assert_available (f, "w", TRUE);
  assert_counts (f, 2, 2);
  g_assert_cmpstr (place (f), ==, "w");
  g_assert_cmpuint (f->n_held, ==, 2);
}

static void
test_hive (Fixture *f, gconstpointer data)
{
  const char *id;

  beat_hive (f, "h");
  beat_in (f, "w", "h", QUEEN_STATUS_READY);
  beat_in (f, "x", "g", QUEEN_STATUS_READY);
  id = hold_for (f, QUEEN_COMPONENT_HIVE, "h", "token:ops", 0);
  g_assert_false (queen_component_is_available (queen_registry_lookup (f->hives, "h")));
  g_assert_cmpuint (queen_registry_get_n_available (f->hives), ==, 0);
  assert_available (f, "w", FALSE);
  assert_available (f, "x", TRUE);
  g_assert_null (queen_registry_lookup (f->workers, "w")->holds);
  g_assert_nonnull (queen_registry_lookup (f->workers, "w")->hive_holds);
  assert_counts (f, 2, 1);

  beat_in (f, "new", "h", QUEEN_STATUS_READY);
  assert_available (f, "new", FALSE);
  beat_in (f, "w", "g", QUEEN_STATUS_READY); /* it has moved */
  assert_available (f, "w", TRUE);
  beat_in (f, "w", "h", QUEEN_STATUS_READY);
  assert_available (f, "w", FALSE);
  assert_counts (f, 3, 1);

  release (f, QUEEN_COMPONENT_HIVE, "h", id);
  assert_counts (f, 3, 3);
  assert_available (f, "new", TRUE);
}

/* Of very many it takes some turns, and what changes meanwhile is not lost. */
static void
test_crowd (Fixture *f, gconstpointer data)
{
  const char *id;

  beat_hive (f, "h");
  for (guint i = 0; i < N_CROWD; i++)
    {
      g_autofree char *name = g_strdup_printf ("w%u", i);

      beat_in (f, name, "h", QUEEN_STATUS_READY);
    }
  id = hold_for (f, QUEEN_COMPONENT_HIVE, "h", "token:ops", 0);
  g_assert_cmpuint (queen_registry_get_n_available (f->workers), >, 0);
  turn ();
  g_assert_cmpuint (queen_registry_get_n_available (f->workers), ==, 0);

  release (f, QUEEN_COMPONENT_HIVE, "h", id);
  g_main_context_iteration (NULL, FALSE);
  id = hold_for (f, QUEEN_COMPONENT_HIVE, "h", "token:ops", 0);
  turn ();
  g_assert_cmpuint (queen_registry_get_n_available (f->workers), ==, 0);
  release (f, QUEEN_COMPONENT_HIVE, "h", id);
  turn ();
  g_assert_cmpuint (queen_registry_get_n_available (f->workers), ==, N_CROWD);

  /* What costs more is less of a turn. */
  cost = 1000;
  hold_for (f, QUEEN_COMPONENT_HIVE, "h", "token:ops", 0);
  g_assert_cmpuint (queen_registry_get_n_available (f->workers), >=, N_CROWD - 100);
  turn ();
  g_assert_cmpuint (queen_registry_get_n_available (f->workers), ==, 0);
}

/* A hold is of an id. */
static void
test_absent (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (queen_cluster_hold (f->cluster,
                                     &(QueenHoldRequest){ QUEEN_COMPONENT_WORKER, "w", "r", "o" },
                                     &error));
  g_assert_error (error, QUEEN_ERROR, QUEEN_ERROR_NOT_FOUND);

  beat (f, "w");
  hold (f, "w");
  beat_in (f, "w", NULL, QUEEN_STATUS_STOPPED);
  g_assert_true (queen_component_is_held (queen_registry_lookup (f->workers, "w")));
  g_assert_true (queen_registry_forget (f->workers, "w", NULL, NULL));
  beat (f, "w");
  assert_available (f, "w", FALSE);

  now += TIMEOUT + 1;
  g_assert_false (queen_registry_expire (f->workers));
  g_assert_true (queen_component_is_held (queen_registry_lookup (f->workers, "w")));
  assert_counts (f, 0, 0);
}

static void
test_ttl (Fixture *f, gconstpointer data)
{
  static const struct
  {
    gint64 ttl;
    gint64 passed;
    gboolean is_held;
  } rows[] = {
    { 1, 1, FALSE },
    { 3600, 3599, TRUE },
    { 3600, 3600, FALSE },
    { 31536000, 31535999, TRUE },
    { 31536000, 31536000, FALSE },
    { 0, 40 * 31536000, TRUE },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      gint64 wall = now;
      QueenHold *held;

      beat (f, "w");
      hold_for (f, QUEEN_COMPONENT_WORKER, "w", "token:ops", rows[i].ttl);
      held = queen_holds_lookup (f->holds, QUEEN_COMPONENT_WORKER, "w")->holds[0];
      g_assert_cmpint (held->since, ==, wall);
      g_assert_cmpint (held->until, ==, rows[i].ttl ? wall + rows[i].ttl * SECOND * 1000 : 0);
      now += rows[i].passed * SECOND;
      beat (f, "w");
      turn ();
      beat (f, "w");
      assert_available (f, "w", !rows[i].is_held);
      if (rows[i].is_held)
        g_assert_cmpuint (queen_holds_release (f->holds, QUEEN_COMPONENT_WORKER, "w", NULL,
                                               "token:ops", NULL),
                          ==, 1);
      g_assert_cmpuint (queen_holds_get_n (f->holds, QUEEN_COMPONENT_WORKER), ==, 0);
    }
}

static void
test_bad (Fixture *f, gconstpointer data)
{
  g_autofree char *longest = g_strnfill (QUEEN_HOLDS_MAX_REASON, 'x');
  g_autofree char *longer = g_strnfill (QUEEN_HOLDS_MAX_REASON + 1, 'x');
  const struct
  {
    const char *reason;
    gint64 ttl;
    const char *kept; /* NULL when it is refused */
  } rows[] = {
    { "", 1, NULL },
    { " \t\n", 1, NULL },
    { "\xe2\x80\x8b", 1, NULL }, /* nobody would see it */
    { longer, 1, NULL },
    { longest, 1, longest },
    { " a\033[2Jb\n", 1, "a [2Jb" },
    { "r", -1, NULL },
    { "r", QUEEN_HOLDS_MAX_TTL + 1, NULL },
    { "r", QUEEN_HOLDS_MAX_TTL, "r" },
    { "r", 0, "r" },
  };

  beat (f, "w");
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (GError) error = NULL;
      const QueenHoldRequest request = { QUEEN_COMPONENT_WORKER, "w", rows[i].reason, "o", NULL,
                                         rows[i].ttl * SECOND };
      QueenHold *made = queen_cluster_hold (f->cluster, &request, &error);

      g_assert_cmpstr (made ? made->reason : NULL, ==, rows[i].kept);
      if (!made)
        g_assert_error (error, QUEEN_ERROR, QUEEN_ERROR_UNPROCESSABLE);
    }
}

/* Returns: how many holds of workers with that holder there is room for, up to @most */
static guint
fill (Fixture *f, const char *prefix, const char *holder, guint most)
{
  for (guint i = 0; i < most; i++)
    {
      g_autofree char *id = g_strdup_printf ("%s%u", prefix, prefix[1] ? i : 0);
      g_autoptr (GError) error = NULL;
      const QueenHoldRequest request = { QUEEN_COMPONENT_WORKER, id, "r", holder, NULL, 0 };

      if (queen_holds_add (f->holds, &request, &error))
        continue;
      g_assert_error (error, QUEEN_ERROR, QUEEN_ERROR_UNAVAILABLE);
      return i;
    }
  return most;
}

static void
test_bounds (Fixture *f, gconstpointer data)
{
  guint n = fill (f, "w", "a", 100), n_others = 0;

  g_assert_cmpuint (fill (f, "xa", "a", 2000), ==, QUEEN_HOLDS_MAX_PER_HOLDER - n);
  for (char other[] = "b"; *other <= 'z'; (*other)++)
    n_others += fill (f, "w", other, 1);
  g_assert_cmpuint (n_others, ==, QUEEN_HOLDS_MAX_PER_COMPONENT - n);
  g_assert_cmpuint (queen_holds_release (f->holds, QUEEN_COMPONENT_WORKER, "xa0", "", "a", NULL),
                    ==, 1);
  g_assert_cmpuint (fill (f, "xa", "a", 2000), ==, 1);
}

/* A few who hold all they can leave something for whoever has to hold a machine now. */
static void
test_fair (Fixture *f, gconstpointer data)
{
  static const char *const greedy[] = { "a", "b", "c", "d" };

  for (gsize i = 0; i < G_N_ELEMENTS (greedy); i++)
    {
      g_autofree char *prefix = g_strconcat ("x", greedy[i], NULL);

      g_assert_cmpuint (fill (f, prefix, greedy[i], 2000), >=, QUEEN_HOLDS_MAX / 8);
    }
  for (gsize i = 0; i < G_N_ELEMENTS (greedy); i++)
    g_assert_cmpuint (fill (f, "y", greedy[i], 1), ==, 0);
  g_assert_cmpuint (fill (f, "xe", "e", QUEEN_HOLDS_MAX / 16), ==, QUEEN_HOLDS_MAX / 16);
}

/* Nor do those who hold the same one again and again, be it from many networks in a wide one. */
static void
test_fair_of_one (Fixture *f, gconstpointer data)
{
  static const char *const greedy[] = { "address:2001:db8:0:1::/64", "address:2001:db8:0:2::/64",
                                        "b", "c", "d" };

  for (gsize i = 0; i < G_N_ELEMENTS (greedy); i++)
    g_assert_cmpuint (fill (f, "w", greedy[i], 100), <=, QUEEN_HOLDS_MAX_PER_COMPONENT / 2);
  g_assert_cmpuint (fill (f, "w", "operator", 1), ==, 1);
}

/* Nor do the thousands of addresses of one who has an IPv6 network of 48 bits. */
static void
test_fair_wide (Fixture *f, gconstpointer data)
{
  guint n = 0;

  for (guint i = 0; i < 64; i++)
    {
      g_autofree char *holder = g_strdup_printf ("address:2001:db8:0:%x::/64", i);
      g_autofree char *prefix = g_strdup_printf ("x%u-", i);

      n += fill (f, prefix, holder, QUEEN_HOLDS_MAX);
    }
  g_assert_cmpuint (n, >, QUEEN_HOLDS_MAX / 2);
  g_assert_cmpuint (fill (f, "ye", "e", QUEEN_HOLDS_MAX / 16), ==, QUEEN_HOLDS_MAX / 16);
}

/* What somebody was granted while much was left stays, in whatever order others hear of it. */
static void
test_fair_elsewhere (Fixture *f, gconstpointer data)
{
  g_autoptr (GArray) entries = NULL;
  g_autoptr (QueenHolds) other = queen_holds_new (&fake_clock);

  for (char name[] = "xa"; name[1] <= 'e'; name[1]++)
    fill (f, name, name + 1, 2000);
  entries = queen_holds_list_entries (f->holds);
  for (guint i = entries->len; i-- > 0;)
    g_assert_true (queen_holds_apply (other, &g_array_index (entries, QueenHoldEntry, i)));
}

static void
assert_not_released (Fixture *f, const char *id, const char *hold_id, const char *said)
{
  g_autoptr (GError) error = NULL;

  g_assert_cmpuint (queen_holds_release (f->holds, QUEEN_COMPONENT_WORKER, id, hold_id, "token:ops",
                                         &error),
                    ==, 0);
  g_assert_error (error, QUEEN_ERROR, QUEEN_ERROR_NOT_FOUND);
  if (!strstr (error->message, said))
    g_error ("“%s” does not say “%s”", error->message, said);
}

static void
test_release (Fixture *f, gconstpointer data)
{
  g_autofree char *others = NULL;

  beat (f, "w");
  assert_not_released (f, "w", NULL, "nothing holds the worker “w”");
  others = g_strdup (hold_for (f, QUEEN_COMPONENT_WORKER, "w", "token:night", 0));
  assert_not_released (f, "w", NULL, others);
  assert_not_released (f, "w", "hold-0", "by token:night");
  assert_not_released (f, "other", others, "nothing holds");
  hold (f, "w");
  hold (f, "w");
  g_assert_cmpuint (queen_holds_release (f->holds, QUEEN_COMPONENT_WORKER, "w", NULL, "token:ops",
                                         NULL),
                    ==, 2);
  assert_available (f, "w", FALSE);
  release (f, QUEEN_COMPONENT_WORKER, "w", others);
  assert_available (f, "w", TRUE);
}

static void
hold_by_caller (Fixture *f, const char *id, const char *caller)
{
  const QueenHoldRequest request = { QUEEN_COMPONENT_WORKER, id, "r", "user:0", caller, 0 };

  g_assert_nonnull (queen_cluster_hold (f->cluster, &request, NULL));
}

static void
test_callers (Fixture *f, gconstpointer data)
{
  g_auto (GStrv) callers = NULL;

  beat (f, "a");
  beat (f, "b");
  beat (f, "c");
  hold_by_caller (f, "a", "bus/:1.1");
  hold_by_caller (f, "b", "bus/:1.1");
  hold_by_caller (f, "b", "bus/:1.2");
  hold_by_caller (f, "c", NULL);
  callers = queen_holds_list_callers (f->holds);
  g_assert_cmpuint (g_strv_length (callers), ==, 2);

  queen_holds_end_caller (f->holds, "bus/:1.1");
  assert_available (f, "a", TRUE);
  assert_available (f, "b", FALSE);
  queen_holds_end_caller (f->holds, NULL);
  assert_available (f, "b", TRUE);
  assert_available (f, "c", FALSE);
}

/* Each has a line in the log and an event; others have their turns meanwhile. */
static void
test_callers_crowd (Fixture *f, gconstpointer data)
{
  guint n_before;

  for (int i = 0; i < 100; i++)
    {
      g_autofree char *id = g_strdup_printf ("w%d", i);

      beat (f, id);
      hold_by_caller (f, id, "bus/:1.1");
    }
  f->n_held = n_before = 0;
  cost = 1000;
  queen_holds_end_caller (f->holds, "bus/:1.1");
  for (; f->n_held < 100; g_main_context_iteration (NULL, FALSE))
    {
      g_assert_cmpuint (f->n_held - n_before, <, 10);
      g_assert_cmpuint (f->n_held, >, 0);
      n_before = f->n_held;
    }
  assert_counts (f, 100, 100);
}

/* From one epoch to the next: the ages go on. */
static void
test_restored (Fixture *f, gconstpointer data)
{
  g_autoptr (QueenState) saved = queen_state_new ();
  g_autoptr (QueenState) state = NULL;
  g_autoptr (GString) text = NULL;
  Fixture next = { 0 };

  beat_hive (f, "h");
  beat_in (f, "w", "h", QUEEN_STATUS_READY);
  beat (f, "x");
  beat (f, "y");
  hold_for (f, QUEEN_COMPONENT_HIVE, "h", "token:ops", 0);
  hold_for (f, QUEEN_COMPONENT_WORKER, "x", "token:ops", 60);
  hold_for (f, QUEEN_COMPONENT_WORKER, "y", "token:ops", 10);
  for (int kind = 0; kind < QUEEN_COMPONENT_N_KINDS; kind++)
    queen_cluster_save (f->cluster, (QueenComponentKind) kind, saved);
  saved->epoch = g_strdup ("0");
  saved->next = 1;
  text = write_state (saved);
  state = parse_state (text->str, text->len, NULL);
  g_assert_nonnull (state);

  set_up (&next, NULL);
  queen_cluster_load (next.cluster, state, 20 * SECOND, 0);
  assert_available (&next, "w", FALSE);
  assert_available (&next, "x", FALSE);
  assert_available (&next, "y", TRUE);
  assert_counts (&next, 3, 1);
  g_assert_false (queen_component_is_available (queen_registry_lookup (next.hives, "h")));
  now += 39 * SECOND;
  turn ();
  assert_available (&next, "x", FALSE);
  now += SECOND;
  turn ();
  assert_available (&next, "x", TRUE);
  tear_down (&next, NULL);
}

/* Each event of a component has all of its holds in it, whoever has written the state. */
static void
test_restored_too_many (Fixture *f, gconstpointer data)
{
  g_autoptr (GArray) entries = queen_hold_entries_new ();

  for (guint i = 0; i < QUEEN_HOLDS_MAX_PER_COMPONENT + 100; i++)
    {
      g_autofree char *id = g_strdup_printf ("hold-%u", i);
      QueenHoldEntry entry = { QUEEN_COMPONENT_WORKER, g_strdup ("w"),
                               queen_hold_new (&(QueenHold){
                                   .id = id, .reason = (char *) "r", .holder = (char *) "h" }),
                               -1 };

      g_array_append_val (entries, entry);
    }
  g_assert_cmpuint (queen_holds_restore (f->holds, entries, 0), ==, QUEEN_HOLDS_MAX_PER_COMPONENT);
  beat (f, "w");
  assert_available (f, "w", FALSE);
}

static guint
count_available (QueenRegistry *registry)
{
  QueenComponent *all[100];
  guint n = queen_registry_list_behind (registry, 0, all, G_N_ELEMENTS (all)), n_available = 0;

  for (guint i = 0; i < n; i++)
    {
      n_available += queen_component_is_available (all[i]);
      g_assert_cmpint (queen_component_is_available (all[i]), ==,
                       queen_component_is_online (all[i]) && !queen_component_is_held (all[i]));
    }
  return n_available;
}

static void
assert_known (Fixture *f)
{
  QueenComponent *all[100];
  guint n = queen_registry_list_behind (f->workers, 0, all, G_N_ELEMENTS (all));

  for (guint i = 0; i < n; i++)
    {
      QueenHoldList *own = queen_holds_lookup (f->holds, QUEEN_COMPONENT_WORKER, all[i]->id);
      QueenHoldList *of_hive =
          all[i]->hive_id ? queen_holds_lookup (f->holds, QUEEN_COMPONENT_HIVE, all[i]->hive_id)
                          : NULL;

      g_assert_true (all[i]->holds == own);
      g_assert_true (all[i]->hive_holds == of_hive);
    }
  g_assert_cmpuint (count_available (f->workers), ==, queen_registry_get_n_available (f->workers));
  g_assert_cmpuint (count_available (f->hives), ==, queen_registry_get_n_available (f->hives));
}

static void
do_something (Fixture *f)
{
  char worker[] = { 'w', (char) g_test_rand_int_range ('0', '9'), '\0' };
  char hive[] = { 'h', (char) g_test_rand_int_range ('0', '3'), '\0' };
  QueenComponentKind kind = (QueenComponentKind) g_test_rand_int_range (0, 2);
  const char *id = kind == QUEEN_COMPONENT_WORKER ? worker : hive;
  const QueenHoldRequest request = { kind, id,
                                     "r",  g_test_rand_bit () ? "a" : "b",
                                     NULL, SECOND * g_test_rand_int_range (0, 200) };

  switch (g_test_rand_int_range (0, 7))
    {
    case 0:
      beat_hive (f, hive);
      break;
    case 1:
    case 2:
      beat_in (f, worker, g_test_rand_bit () ? hive : NULL,
               g_test_rand_bit () ? QUEEN_STATUS_READY : QUEEN_STATUS_STOPPED);
      break;
    case 3:
      queen_cluster_hold (f->cluster, &request, NULL);
      break;
    case 4:
      queen_holds_release (f->holds, kind, id, NULL, request.holder, NULL);
      break;
    case 5:
      queen_registry_forget (f->workers, worker, NULL, NULL);
      break;
    default:
      now += SECOND * g_test_rand_int_range (0, 20);
      turn ();
    }
}

static void
test_random (Fixture *f, gconstpointer data)
{
  for (guint i = 0; i < N_STEPS; i++)
    {
      do_something (f);
      assert_known (f);
    }
}

/* One line each, with fields. */

static GString *said;

static GLogWriterOutput
write_log (GLogLevelFlags level, const GLogField *fields, gsize n_fields, gpointer data)
{
  guint n_named = 0;

  if (!said || !(level & G_LOG_LEVEL_MESSAGE))
    return G_LOG_WRITER_HANDLED;
  for (gsize i = 0; i < n_fields; i++)
    {
      const char *value = fields[i].value;

      if (g_str_equal (fields[i].key, "MESSAGE"))
        g_string_append_printf (said, "%s\n", value);
      n_named += g_str_equal (fields[i].key, "QUEEN_COMPONENT_ID") && g_str_equal (value, "w");
      n_named +=
          g_str_equal (fields[i].key, "QUEEN_COMPONENT_KIND") && g_str_equal (value, "worker");
      n_named += g_str_equal (fields[i].key, "QUEEN_HOLDER") && g_str_equal (value, "token:ops");
      n_named += g_str_equal (fields[i].key, "QUEEN_HOLD_ID") && g_str_has_prefix (value, "hold-");
    }
  g_assert_cmpuint (n_named, ==, 4);
  return G_LOG_WRITER_HANDLED;
}

static void
test_log (Fixture *f, gconstpointer data)
{
  beat (f, "w");
  said = g_string_new (NULL);
  hold_for (f, QUEEN_COMPONENT_WORKER, "w", "token:ops", 0);
  release (f, QUEEN_COMPONENT_WORKER, "w", "");
  hold_for (f, QUEEN_COMPONENT_WORKER, "w", "token:ops", 1);
  now += SECOND;
  turn ();
  g_assert_cmpstr (said->str, ==,
                   "worker held: w, by token:ops: new driver\n"
                   "worker released: w, held by token:ops: by token:ops\n"
                   "worker held: w, by token:ops, until "
                   "1970-01-01T00:00:01.001000000+00:00: new driver\n"
                   "worker released: w, held by token:ops: its time is over\n");
  g_string_free (g_steal_pointer (&said), TRUE);
}

#define ADD(path, func) g_test_add (path, Fixture, NULL, set_up, func, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_log_set_writer_func (write_log, NULL, NULL);

  ADD ("/holds/worker/gets-nothing-until-released", test_worker);
  ADD ("/holds/hive/its-workers-get-nothing-either", test_hive);
  ADD ("/holds/hive/a-crowd-takes-turns", test_crowd);
  ADD ("/holds/absent/the-hold-stays-with-the-id", test_absent);
  ADD ("/holds/ttl/ends-by-itself", test_ttl);
  ADD ("/holds/bad/refused-or-made-legible", test_bad);
  ADD ("/holds/bounds/for-each", test_bounds);
  ADD ("/holds/bounds/no-more-than-are-left-for-others", test_fair);
  ADD ("/holds/bounds/one-that-is-held-can-be-held-by-others", test_fair_of_one);
  ADD ("/holds/bounds/a-wide-network-leaves-some-to-others", test_fair_wide);
  ADD ("/holds/bounds/what-was-granted-stays", test_fair_elsewhere);
  ADD ("/holds/release/ones-own-or-a-named-one", test_release);
  ADD ("/holds/callers/a-hold-ends-with-its-caller", test_callers);
  ADD ("/holds/callers/a-crowd-takes-turns", test_callers_crowd);
  ADD ("/holds/restored/ages-go-on", test_restored);
  ADD ("/holds/restored/no-more-than-there-may-be", test_restored_too_many);
  ADD ("/holds/random/everything-agrees", test_random);
  ADD ("/holds/log/one-line-each", test_log);

  return g_test_run ();
}
