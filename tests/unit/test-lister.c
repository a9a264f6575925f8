/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "model/queen-lister.h"
#include "model/queen-listing.h"

#include <string.h>

#include "fake-clock.h"
#include "loop/queen-alarm.h"
#include "model/queen-heartbeat.h"
#include "model/queen-local-sequencer.h"
#include "net/queen-budgets.h"
#include "queen-error.h"

#define MSEC G_TIME_SPAN_MILLISECOND
#define SECOND G_USEC_PER_SEC

static const QueenSelection everybody;
static const QueenSelection online = { .online = QUEEN_ANSWER_YES };
static const QueenSelection some_page = { .limit = 290 };

typedef struct
{
  QueenEventBus *bus;
  QueenRegistry *workers;
  QueenRegistry *hives;
  QueenLister *lister;
  GPtrArray *given; /* of QueenList, to those who had ordered */
} Fixture;

static void
beat (QueenRegistry *registry, int number, QueenStatus status)
{
  QueenComponent *component = queen_component_new (queen_registry_get_kind (registry));

  component->id = g_strdup_printf ("%d", number);
  component->status = status;
  g_assert_true (queen_registry_update (registry, component, NULL, NULL));
}

static void
set_up (Fixture *f, gconstpointer n_workers)
{
  const QueenRegistrySettings settings = { &fake_clock, G_MAXINT64 / 2, G_MAXINT64 / 2, 400000 };

  now = 1;
  f->bus = queen_event_bus_new ();
  g_autoptr (QueenLocalSequencer) sequencer = queen_local_sequencer_new (f->bus, &fake_clock);
  f->workers = queen_registry_new (QUEEN_COMPONENT_WORKER, QUEEN_SEQUENCER (sequencer), &settings);
  f->hives = queen_registry_new (QUEEN_COMPONENT_HIVE, QUEEN_SEQUENCER (sequencer), &settings);
  f->lister = queen_lister_new (&fake_clock);
  f->given = g_ptr_array_new_with_free_func ((GDestroyNotify) queen_list_unref);
  for (int i = 0; i < GPOINTER_TO_INT (n_workers); i++)
    beat (f->workers, i, QUEEN_STATUS_READY);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  queen_lister_free (f->lister);
  g_ptr_array_unref (f->given);
  g_clear_object (&f->workers);
  g_clear_object (&f->hives);
  g_clear_object (&f->bus);
}

static void
on_list (QueenList *list, gpointer data)
{
  g_ptr_array_add (((Fixture *) data)->given, queen_list_ref (list));
}

static QueenOrder *
order (Fixture *f, const QueenSelection *selection)
{
  g_autoptr (QueenList) list = queen_lister_list (f->lister, f->workers, selection);

  g_assert_null (list);
  return queen_lister_order (f->lister, f->workers, selection, "one", on_list, f, NULL);
}

static void
work (void)
{
  while (g_main_context_iteration (NULL, FALSE))
    ;
}

/* The list of everybody, now or in the end. */
static QueenList *
get_list (Fixture *f)
{
  QueenList *list = queen_lister_list (f->lister, f->workers, &everybody);

  if (list)
    return list;
  order (f, &everybody);
  work ();
  g_assert_cmpuint (f->given->len, ==, 1);
  list = queen_list_ref (f->given->pdata[0]);
  g_ptr_array_set_size (f->given, 0);
  return list;
}

static void
assert_n_made (Fixture *f, guint64 n)
{
  g_assert_cmpuint (queen_lister_get_n_made (f->lister), ==, n);
}

/* They are few, but there is much to say of each. */
static void
test_large_ones (Fixture *f, gconstpointer data)
{
  const QueenSelection first = { .limit = 10 };
  const QueenSelection second = { .limit = 10,
                                  .after = queen_registry_get_last_sequence (f->workers) };
  g_autoptr (QueenList) usual = queen_lister_list (f->lister, f->workers, &everybody);
  g_autoptr (QueenList) page = NULL;

  g_assert_nonnull (usual);
  for (guint i = 0; i < 20; i++)
    {
      QueenComponent *large = queen_component_new (QUEEN_COMPONENT_WORKER);

      large->id = g_strdup_printf ("large%u", i);
      large->status = QUEEN_STATUS_READY;
      large->model_id = g_strnfill (QUEEN_LISTING_AT_ONCE_BYTES / 4, '"');
      g_assert_true (queen_registry_update (f->workers, large, NULL, NULL));
    }
  for (int i = 1000; i < 50000; i++)
    beat (f->workers, i, QUEEN_STATUS_READY);
  order (f, &second);
  work ();
  g_assert_cmpuint (f->given->len, ==, 1);
  page = queen_lister_list (f->lister, f->workers, &first); /* has none of them */
  g_assert_nonnull (page);
}

/* Sharing */

static void
test_shared (Fixture *f, gconstpointer data)
{
  g_autoptr (QueenList) first = get_list (f);
  g_autoptr (QueenList) same = get_list (f);
  g_autoptr (QueenList) hours_later = NULL;

  g_assert_true (same->json == first->json);
  now += 9 * SECOND; /* as long as nobody beats, there is no other one */
  hours_later = get_list (f);
  g_assert_true (hours_later->json == first->json);
  assert_n_made (f, 1);
}

static void
test_beats (Fixture *f, gconstpointer data)
{
  g_autoptr (QueenList) first = get_list (f);
  g_autoptr (QueenList) same = NULL;
  g_autoptr (QueenList) next = NULL;

  beat (f->workers, 0, QUEEN_STATUS_READY); /* it says the same */
  now += SECOND;
  same = get_list (f);
  g_assert_true (same->json == first->json);
  now += 1;
  next = get_list (f);
  g_assert_false (next->json == first->json);
  g_assert_cmpstr (next->version, !=, first->version);
  assert_n_made (f, 2);
}

static void
test_changes (Fixture *f, gconstpointer n_workers)
{
  gboolean are_many = GPOINTER_TO_INT (n_workers) > 1000;
  g_autoptr (QueenList) first = get_list (f);
  g_autoptr (QueenList) next = NULL;
  g_autoptr (QueenList) last = NULL;

  beat (f->workers, 0, QUEEN_STATUS_BUSY);
  next = get_list (f);
  g_assert_cmpint (next->json == first->json, ==, are_many);
  now += 250 * MSEC - 1;
  beat (f->workers, 1, QUEEN_STATUS_BUSY);
  g_clear_pointer (&next, queen_list_unref);
  next = get_list (f);
  g_assert_cmpint (next->json == first->json, ==, are_many);
  now += 1;
  last = get_list (f);
  g_assert_cmpint (last->json == next->json, ==, !are_many);
  assert_n_made (f, are_many ? 2 : 3);
}

static void
test_forgotten (Fixture *f, gconstpointer data)
{
  g_autoptr (QueenList) first = get_list (f);
  g_autoptr (QueenList) next = NULL;

  queen_registry_forget (f->workers, "0", NULL, NULL);
  next = get_list (f);
  g_assert_false (next->json == first->json);
}

static void
test_dropped (Fixture *f, gconstpointer data)
{
  g_autoptr (QueenList) first = get_list (f);
  g_autoptr (QueenList) second = NULL;
  g_autofree char *version = NULL;

  now += 11 * SECOND;
  work ();
  version = queen_lister_dup_version (f->lister, f->workers);
  g_assert_cmpstr (version, ==, first->version); /* who has it need not get it anew */
  second = get_list (f);
  g_assert_cmpstr (second->version, ==, first->version);
  assert_n_made (f, 2);
}

static void
test_version (Fixture *f, gconstpointer data)
{
  g_autofree char *before = queen_lister_dup_version (f->lister, f->workers);
  g_autoptr (QueenList) list = get_list (f);
  g_autofree char *still = NULL;
  g_autofree char *later = NULL;
  Fixture other;
  g_autofree char *others = NULL;

  g_assert_cmpstr (before, ==, list->version);
  beat (f->workers, 0, QUEEN_STATUS_READY);
  still = queen_lister_dup_version (f->lister, f->workers);
  g_assert_cmpstr (still, ==, list->version); /* that is what one would get */
  now += 2 * SECOND;
  later = queen_lister_dup_version (f->lister, f->workers);
  g_assert_cmpstr (later, !=, list->version);
  set_up (&other, data); /* the queen is started anew, and everything happens again */
  others = queen_lister_dup_version (other.lister, other.workers);
  g_assert_cmpstr (others, !=, before);
  tear_down (&other, NULL);
}

static void
test_kinds (Fixture *f, gconstpointer data)
{
  g_autoptr (QueenList) workers = get_list (f);
  g_autoptr (QueenList) hives = NULL;
  g_autoptr (QueenList) same = NULL;

  beat (f->hives, 0, QUEEN_STATUS_READY);
  hives = queen_lister_list (f->lister, f->hives, &everybody);
  same = get_list (f);
  g_assert_false (hives->json == workers->json);
  g_assert_true (same->json == workers->json);
}

static void
test_own (Fixture *f, gconstpointer data)
{
  QueenSelection page = { .limit = 10 };
  g_autoptr (QueenList) first = queen_lister_list (f->lister, f->workers, &online);
  g_autoptr (QueenList) second = queen_lister_list (f->lister, f->workers, &online);
  g_autoptr (QueenList) third = queen_lister_list (f->lister, f->workers, &page);

  g_assert_false (first->json == second->json);
  g_assert_null (first->version);
  g_assert_null (third->version);
}

/* Waiting */

static void
test_joined (Fixture *f, gconstpointer data)
{
  for (int i = 0; i < 100; i++)
    order (f, &everybody);
  work ();
  g_assert_cmpuint (f->given->len, ==, 100);
  for (int i = 1; i < 100; i++)
    g_assert_true (f->given->pdata[i] == f->given->pdata[0]);
  assert_n_made (f, 1);
}

static gint64 tick; /* µs that pass with each look at the clock */

static gint64
get_ticking (void)
{
  return now += tick;
}

static const QueenClock ticking_clock = { get_ticking, get_now };

static void
set_up_ticking (Fixture *f, gconstpointer n_workers)
{
  set_up (f, n_workers);
  queen_lister_free (f->lister);
  tick = 500;
  f->lister = queen_lister_new (&ticking_clock);
}

/* One turn of the loop. Returns FALSE when there was nothing to do. */
static gboolean
turn (void)
{
  return g_main_context_iteration (NULL, FALSE);
}

/* A newcomer may get what is being made only if nothing is in it that it must not get any more. */
static void
test_joined_late (Fixture *f, gconstpointer n_workers)
{
  gboolean are_many = GPOINTER_TO_INT (n_workers) > 1000;

  order (f, &everybody);
  turn ();
  g_assert_cmpuint (f->given->len, ==, 0);
  order (f, &everybody); /* nothing has changed */
  beat (f->workers, 0, QUEEN_STATUS_READY);
  order (f, &everybody); /* nor has anything of importance */
  beat (f->workers, 0, QUEEN_STATUS_BUSY);
  order (f, &everybody);
  work ();
  g_assert_cmpuint (f->given->len, ==, 4);
  g_assert_true (f->given->pdata[1] == f->given->pdata[0]);
  g_assert_true (f->given->pdata[2] == f->given->pdata[0]);
  g_assert_cmpint (f->given->pdata[3] == f->given->pdata[0], ==, are_many);
  assert_n_made (f, are_many ? 1 : 2);
}

static void
on_turn (gpointer data)
{
  (*(guint *) data)++;
}

/* A long list does not keep anybody else from having a turn. */
static void
test_slices (Fixture *f, gconstpointer data)
{
  guint n_others = 0, n_turns = 0;
  QueenAlarm *other =
      queen_alarm_new (&fake_clock, "another", G_PRIORITY_DEFAULT, on_turn, &n_others);

  order (f, &everybody);
  while (f->given->len == 0)
    {
      queen_alarm_set (other, 0);
      g_assert_true (turn ());
      g_assert_cmpuint (n_others, ==, ++n_turns);
    }
  g_assert_cmpuint (n_turns, >, 10);
  queen_alarm_free (other);
}

/* To answer takes time, too. */
static void
test_handed_out (Fixture *f, gconstpointer data)
{
  guint n_turns = 0, n_before = 0;

  for (int i = 0; i < 100; i++)
    order (f, &everybody);
  while (turn ())
    {
      g_assert_cmpuint (f->given->len - n_before, <=, QUEEN_SLICE / tick);
      n_before = f->given->len;
      n_turns++;
    }
  g_assert_cmpuint (f->given->len, ==, 100);
  g_assert_cmpuint (n_turns, >, 100 * tick / QUEEN_SLICE);
}

static void
test_cancelled (Fixture *f, gconstpointer data)
{
  QueenOrder *first = order (f, &everybody);
  QueenOrder *second = order (f, &everybody);
  QueenOrder *third = order (f, &online);

  turn ();
  queen_order_cancel (first); /* one goes on waiting */
  queen_order_cancel (third); /* its turn has not come */
  work ();
  g_assert_cmpuint (f->given->len, ==, 1);
  assert_n_made (f, 1);

  beat (f->workers, 0, QUEEN_STATUS_BUSY);
  second = order (f, &everybody);
  turn ();
  queen_order_cancel (second); /* nobody does */
  g_assert_false (turn () && turn ());
  g_assert_cmpuint (f->given->len, ==, 1);
  assert_n_made (f, 1);
}

static QueenOrder *neighbour;

static void
cancel_neighbour (QueenList *list, gpointer data)
{
  on_list (list, data);
  queen_order_cancel (neighbour);
}

/* An answer may push somebody else out who waits for the same. */
static void
test_cancelled_by_another (Fixture *f, gconstpointer data)
{
  queen_lister_order (f->lister, f->workers, &everybody, "one", cancel_neighbour, f, NULL);
  neighbour = order (f, &everybody);
  work ();
  g_assert_cmpuint (f->given->len, ==, 1);
}

/* Neither who asks for the list that all share waits for all those of single ones, nor they for it,
 * however often it is asked for. */
static void
test_turns (Fixture *f, gconstpointer data)
{
  for (int i = 0; i < 3; i++)
    order (f, &online);
  turn (); /* the first is begun */
  for (guint i = 0; i < 3; i++)
    {
      order (f, &everybody);
      while (f->given->len < 2 * i + 2)
        g_assert_true (turn ());
      beat (f->workers, i, QUEEN_STATUS_BUSY); /* the next who asks wants another one */
      g_assert_null (((QueenList *) f->given->pdata[2 * i])->version);
      g_assert_nonnull (((QueenList *) f->given->pdata[2 * i + 1])->version);
    }
}

static void
test_bounded (Fixture *f, gconstpointer data)
{
  QueenOrder *first = order (f, &online);
  g_autoptr (GError) error = NULL;

  for (int i = 1; i < QUEEN_LISTER_MAX_WAITING; i++)
    order (f, &online);
  g_assert_null (queen_lister_order (f->lister, f->workers, &online, "one", on_list, f, &error));
  g_assert_error (error, QUEEN_ERROR, QUEEN_ERROR_UNAVAILABLE);
  order (f, &everybody); /* one more of these costs nothing */
  queen_order_cancel (first);
  order (f, &online);
  work ();
  g_assert_cmpuint (f->given->len, ==, QUEEN_LISTER_MAX_WAITING + 1);
  order (f, &online);
}

static void
test_shared_bounded (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  for (int i = 0; i < QUEEN_LISTER_MAX_SHARING; i++)
    order (f, &everybody);
  g_assert_null (queen_lister_order (f->lister, f->workers, &everybody, "one", on_list, f, &error));
  g_assert_error (error, QUEEN_ERROR, QUEEN_ERROR_UNAVAILABLE);
  work ();
  g_assert_cmpuint (f->given->len, ==, QUEEN_LISTER_MAX_SHARING);
}

/* Several who ask */

/* What became of one order. */
typedef struct
{
  guint n_given;
  guint n_refused;
  guint place; /* as which it was given, of all; from 1 on */
} Outcome;

static guint n_given;

static void
on_outcome (QueenList *list, gpointer data)
{
  Outcome *outcome = data;

  outcome->n_given += list != NULL;
  outcome->n_refused += list == NULL;
  if (list)
    outcome->place = ++n_given;
}

/* Returns whether it was taken. */
static gboolean
order_as (Fixture *f, const QueenSelection *selection, const char *asker, Outcome *outcome)
{
  g_autoptr (GError) error = NULL;

  *outcome = (Outcome){ 0 };
  if (queen_lister_order (f->lister, f->workers, selection, asker, on_outcome, outcome, &error))
    return TRUE;
  g_assert_error (error, QUEEN_ERROR, QUEEN_ERROR_UNAVAILABLE);
  return FALSE;
}

/* A page is little work, however much work others have ordered. */
static void
test_pages (Fixture *f, gconstpointer data)
{
  Outcome long_ones[QUEEN_LISTER_MAX_WAITING], pages[2];

  n_given = 0;
  for (int i = 0; i < QUEEN_LISTER_MAX_WAITING; i++)
    g_assert_true (order_as (f, &online, "one", &long_ones[i]));
  turn (); /* the first is begun */
  g_assert_true (order_as (f, &some_page, "one", &pages[0]));
  g_assert_true (order_as (f, &some_page, "one", &pages[1]));
  work ();
  g_assert_cmpuint (pages[0].place, ==, 2);
  g_assert_cmpuint (pages[1].place, ==, 4);
  g_assert_cmpuint (n_given, ==, QUEEN_LISTER_MAX_WAITING + 2);
}

static void
test_filtered_page (Fixture *f, gconstpointer data)
{
  const QueenSelection page = { .limit = 290, .online = QUEEN_ANSWER_YES };
  Outcome long_ones[3], filtered;

  n_given = 0;
  for (int i = 0; i < 3; i++)
    g_assert_true (order_as (f, &online, "one", &long_ones[i]));
  g_assert_true (order_as (f, &page, "one", &filtered)); /* all have to be looked at all the same */
  work ();
  g_assert_cmpuint (filtered.place, ==, 4);
}

static void
test_in_turns (Fixture *f, const QueenSelection *selection)
{
  Outcome greedy[10], other[2];

  n_given = 0;
  for (int i = 0; i < 10; i++)
    g_assert_true (order_as (f, selection, "greedy", &greedy[i]));
  for (int i = 0; i < 2; i++)
    g_assert_true (order_as (f, selection, "other", &other[i]));
  work ();
  g_assert_cmpuint (greedy[0].place, ==, 1);
  g_assert_cmpuint (other[0].place, ==, 2);
  g_assert_cmpuint (greedy[1].place, ==, 3);
  g_assert_cmpuint (other[1].place, ==, 4);
  g_assert_cmpuint (greedy[9].place, ==, 12);
}

static void
test_askers_in_turns (Fixture *f, gconstpointer data)
{
  test_in_turns (f, &online);
}

static void
test_pages_in_turns (Fixture *f, gconstpointer data)
{
  test_in_turns (f, &some_page);
}

/* It is full, but whoever has most makes room for who has less. */
static void
test_greediest (Fixture *f, const QueenSelection *selection, guint max)
{
  g_autofree Outcome *greedy = g_new (Outcome, max);
  g_autofree Outcome *others = g_new (Outcome, max);
  guint n = 0;

  n_given = 0;
  for (guint i = 0; i < max; i++)
    g_assert_true (order_as (f, selection, "greedy", &greedy[i]));
  while (order_as (f, selection, "other", &others[n]))
    n++;
  g_assert_cmpuint (n, ==, max / 2);                   /* now they have the same */
  g_assert_cmpuint (greedy[max - 1].n_refused, ==, 1); /* the newest first */
  g_assert_cmpuint (greedy[max / 2].n_refused, ==, 1);
  g_assert_cmpuint (greedy[max / 2 - 1].n_refused, ==, 0);
  g_assert_true (order_as (f, selection, "third", &others[n]));
  g_assert_false (order_as (f, selection, "greedy", &greedy[max - 1]));
  work ();
  g_assert_cmpuint (n_given, ==, max);
  g_assert_cmpuint (greedy[0].n_given, ==, 1);
  g_assert_cmpuint (others[0].n_given, ==, 1);
  g_assert_cmpuint (others[n].n_given, ==, 1);
}

static void
test_greediest_of_others (Fixture *f, gconstpointer data)
{
  test_greediest (f, &online, QUEEN_LISTER_MAX_WAITING);
}

static void
test_greediest_of_pages (Fixture *f, gconstpointer data)
{
  test_greediest (f, &some_page, QUEEN_LISTER_MAX_WAITING);
}

static void
test_greediest_of_shared (Fixture *f, gconstpointer data)
{
  test_greediest (f, &everybody, QUEEN_LISTER_MAX_SHARING);
}

/* Who waits where each has one is not pushed out by whoever comes. */
static void
test_equals (Fixture *f, gconstpointer data)
{
  Outcome outcomes[QUEEN_LISTER_MAX_WAITING], last;

  for (int i = 0; i < QUEEN_LISTER_MAX_WAITING; i++)
    {
      g_autofree char *asker = g_strdup_printf ("%d", i);

      g_assert_true (order_as (f, &online, asker, &outcomes[i]));
    }
  g_assert_false (order_as (f, &online, "last", &last));
  work ();
  for (int i = 0; i < QUEEN_LISTER_MAX_WAITING; i++)
    g_assert_cmpuint (outcomes[i].n_given, ==, 1);
}

/* A worker with as many models as a stranger can have her write.
 *
 * @length: bytes of their names, each of which is two in JSON */
static void
beat_long (Fixture *f, int number, gsize length)
{
  QueenComponent *component = queen_component_new (QUEEN_COMPONENT_WORKER);
  GStrvBuilder *models = g_strv_builder_new ();
  g_autofree char *model = g_strnfill (length, '"');

  for (guint i = 0; i < QUEEN_VITALS_MAX_MODELS; i++)
    g_strv_builder_add (models, model);
  component->id = g_strdup_printf ("long %d", number);
  component->status = QUEEN_STATUS_READY;
  component->vitals = g_memdup2 (&queen_vitals_unsaid, sizeof queen_vitals_unsaid);
  component->vitals->models = g_strv_builder_end (models);
  g_strv_builder_unref (models);
  g_assert_true (queen_registry_update (f->workers, component, NULL, NULL));
}

static void
bring_long (Fixture *f)
{
  for (int i = 0; i < 1200; i++)
    beat_long (f, i, 64);
}

/* Others ask for lists that turn out to be long. All are looked at for a short one as well, so one
 * of those may be made meanwhile. */
static void
test_short_of_others (Fixture *f, gconstpointer data)
{
  const QueenSelection of_few = { .online = QUEEN_ANSWER_NO };
  Outcome long_ones[6], short_one;

  bring_long (f);
  n_given = 0;
  for (guint i = 0; i < G_N_ELEMENTS (long_ones); i++)
    {
      const char *const askers[] = { "one", "two", "three" };

      g_assert_true (order_as (f, &online, askers[i % 3], &long_ones[i]));
    }
  turn ();
  g_assert_true (order_as (f, &of_few, "other", &short_one));
  work ();
  g_assert_cmpuint (short_one.place, <=, 2);
  g_assert_cmpuint (n_given, ==, G_N_ELEMENTS (long_ones) + 1);
}

/* Nor do pages wait for what is made at that time. */
static void
test_page_beside (Fixture *f, gconstpointer data)
{
  const QueenSelection short_page = { .limit = 20 };
  Outcome long_one, page;

  bring_long (f);
  n_given = 0;
  g_assert_true (order_as (f, &online, "one", &long_one));
  turn ();
  g_assert_true (order_as (f, &short_page, "other", &page));
  work ();
  g_assert_cmpuint (page.place, ==, 1);
  g_assert_cmpuint (long_one.place, ==, 2);
}

/* Those that have turned out to be long are as many as may wait, whoever comes meanwhile. */
static void
test_greediest_of_long (Fixture *f, gconstpointer data)
{
  Outcome greedy[3 * QUEEN_LISTER_MAX_WAITING], other;
  guint n_refused = 0, n_taken = 0;

  bring_long (f);
  n_given = 0;
  for (guint i = 0; i < G_N_ELEMENTS (greedy); i++)
    {
      n_taken += order_as (f, &online, "greedy", &greedy[i]);
      turn ();
    }
  g_assert_true (order_as (f, &online, "other", &other));
  work ();
  for (guint i = 0; i < G_N_ELEMENTS (greedy); i++)
    n_refused += greedy[i].n_refused;
  g_assert_cmpuint (n_refused, >, 0);
  g_assert_cmpuint (n_given + n_refused, ==, n_taken + 1);
  g_assert_cmpuint (other.n_given, ==, 1);
  g_assert_cmpuint (queen_lister_get_n_bytes (f->lister), ==, 0);
}

/* What is kept */

static GPtrArray *kept; /* of GBytes */

static void
on_kept (GBytes *list, gboolean is_kept, gpointer data)
{
  if (is_kept)
    g_ptr_array_add (kept, list);
  else
    g_assert_true (g_ptr_array_remove (kept, list));
}

static void
test_kept (Fixture *f, gconstpointer data)
{
  g_autoptr (QueenList) first = NULL;
  g_autoptr (QueenList) second = NULL;
  g_autoptr (QueenList) own = NULL;

  kept = g_ptr_array_new ();
  queen_lister_set_kept_func (f->lister, on_kept, NULL);
  first = get_list (f);
  own = queen_lister_list (f->lister, f->workers, &online);
  g_assert_cmpuint (kept->len, ==, 1);
  g_assert_true (kept->pdata[0] == first->json);
  beat (f->workers, 0, QUEEN_STATUS_BUSY);
  second = get_list (f);
  g_assert_cmpuint (kept->len, ==, 1);
  g_assert_true (kept->pdata[0] == second->json);
  now += 11 * SECOND;
  work ();
  g_assert_cmpuint (kept->len, ==, 0);
  g_clear_pointer (&second, queen_list_unref);
  second = get_list (f);
  queen_lister_free (f->lister);
  g_assert_cmpuint (kept->len, ==, 0);
  f->lister = queen_lister_new (&fake_clock);
  g_ptr_array_unref (kept);
}

static void
on_perhaps_list (QueenList *list, gpointer data)
{
  g_ptr_array_add (data, list ? queen_list_ref (list) : NULL);
}

static void
free_perhaps_list (gpointer list)
{
  g_clear_pointer ((QueenList **) &list, queen_list_unref);
}

/* Returns: (transfer full) (nullable): what was ordered, which is never longer than it may be */
static QueenList *
work_on (Fixture *f, const QueenSelection *selection)
{
  g_autoptr (GPtrArray) given = g_ptr_array_new_with_free_func (free_perhaps_list);
  gsize most = 1024 * 1024 + (queen_selection_is_everybody (selection) ? QUEEN_LISTING_MAX_OF_ALL
                                                                       : QUEEN_LISTING_MAX);

  g_assert_nonnull (
      queen_lister_order (f->lister, f->workers, selection, "one", on_perhaps_list, given, NULL));
  while (given->len == 0)
    {
      g_assert_cmpuint (queen_lister_get_n_bytes (f->lister), <=, most);
      now += MSEC;
      g_main_context_iteration (NULL, FALSE);
    }
  return g_steal_pointer (&given->pdata[0]);
}

static guint
count_in (const QueenList *list, const char *text)
{
  gsize size = g_bytes_get_size (list->json);
  const char *at = g_bytes_get_data (list->json, NULL), *end = at + size;
  guint n = 0;

  while ((at = g_strstr_len (at, end - at, text)))
    at += strlen (text), n++;
  return n;
}

/* Those who say much of themselves are listed with less, and take nothing from who does not. */
static void
test_short (Fixture *f, gconstpointer data)
{
  const QueenSelection *const selections[] = { &online, &everybody };

  for (int i = 0; i < 4600; i++)
    if (i % 10 == 9)
      beat (f->workers, i, QUEEN_STATUS_READY);
    else
      beat_long (f, i, 512);
  for (gsize i = 0; i < G_N_ELEMENTS (selections); i++)
    {
      g_autoptr (QueenList) list = work_on (f, selections[i]);
      guint n_short = count_in (list, "\"shortened\":true}");

      g_assert_cmpuint (count_in (list, "{\"id\":"), ==, 4600);
      g_assert_cmpuint (count_in (list, "\"models\":["), ==, 4140 - n_short);
      g_assert_cmpuint (n_short, >, 100);
      g_assert_cmpuint (n_short, <, 4140);
    }
}

/* Returns: (transfer full): ready, and with an id that is as long as one can be in JSON */
static QueenComponent *
make_called_at_length (int number)
{
  QueenComponent *component = queen_component_new (QUEEN_COMPONENT_WORKER);
  g_autofree char *quotes = g_strnfill (QUEEN_HEARTBEAT_MAX_ID - 6, '"');

  component->id = g_strdup_printf ("%06d%s", number, quotes);
  component->status = QUEEN_STATUS_READY;
  return component;
}

static void
beat_at_length (Fixture *f, int number)
{
  QueenComponent *component = make_called_at_length (number);
  QueenVitals *vitals = g_memdup2 (&queen_vitals_unsaid, sizeof queen_vitals_unsaid);

  component->health_reason = g_strnfill (QUEEN_HEARTBEAT_MAX_REASON, '"');
  component->vitals = vitals;
  vitals->slots = vitals->running = vitals->waiting = QUEEN_VITALS_MAX_REQUESTS;
  vitals->kv_usage = vitals->tokens_per_second = 1 / 3.;
  vitals->progress = G_MAXINT64;
  g_assert_true (queen_registry_update (f->workers, component, NULL, NULL));
}

/* As many as are known at once, and each says as much as it can. */
static void
test_shortest (Fixture *f, gconstpointer data)
{
  const QueenSelection *const selections[] = { &online, &everybody };

  for (int i = 0; i < 65536; i++)
    beat_at_length (f, i);
  for (gsize i = 0; i < G_N_ELEMENTS (selections); i++)
    {
      g_autoptr (QueenList) list = work_on (f, selections[i]);

      g_assert_nonnull (list);
      if (!list->version) /* it is held for who asked, as long as it waits */
        g_assert_cmpuint (g_bytes_get_size (list->json), <,
                          queen_budget_get_most (QUEEN_BUDGET_ANSWERS) - 1024 * 1024);
      g_assert_cmpuint (count_in (list, "{\"id\":"), ==, 65536);
      g_assert_cmpuint (count_in (list, "\"online\":true,\"available\":true,"), ==, 65536);
    }
}

/* A page ends, and no other list is made to its end, only for nobody to have room for it. */
static void
test_too_long (Fixture *f, gconstpointer data)
{
  const QueenSelection page = { .limit = 10000 };
  const QueenSelection filter = { .online = QUEEN_ANSWER_YES };
  g_autoptr (QueenList) list = NULL;
  g_autoptr (GError) error = NULL;
  QueenOrder *order;

  for (int i = 0; i < 4200; i++)
    beat_long (f, i, 512);
  for (int i = 4200; i < 320000; i++)
    g_assert_true (queen_registry_update (f->workers, make_called_at_length (i), NULL, NULL));
  g_assert_null (work_on (f, &everybody));
  g_assert_null (queen_lister_order (f->lister, f->workers, &everybody, "one", on_list, f, &error));
  g_assert_error (error, QUEEN_ERROR, QUEEN_ERROR_UNAVAILABLE);
  g_assert_null (work_on (f, &filter));
  g_assert_cmpuint (queen_lister_get_n_bytes (f->lister), ==, 0);

  list = work_on (f, &page);
  g_assert_cmpuint (g_bytes_get_size (list->json), >, QUEEN_LISTING_MAX_PAGE);
  g_assert_cmpuint (g_bytes_get_size (list->json), <, QUEEN_LISTING_MAX_PAGE + 64 * 1024);
  g_assert_nonnull (strstr ((char *) g_bytes_get_data (list->json, NULL) + QUEEN_LISTING_MAX_PAGE,
                            "\"total\":320000,\"next\":\""));

  /* It is tried again when it may be another one. */
  beat (f->workers, 1, QUEEN_STATUS_READY);
  now += SECOND;
  order = queen_lister_order (f->lister, f->workers, &everybody, "one", on_list, f, NULL);
  g_assert_nonnull (order);
  queen_order_cancel (order);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define ADD(path, n_workers, function)                                                             \
  g_test_add ("/lister/" path, Fixture, GINT_TO_POINTER (n_workers), set_up, function, tear_down)
#define ADD_TICKING(path, n_workers, function)                                                     \
  g_test_add ("/lister/" path, Fixture, GINT_TO_POINTER (n_workers), set_up_ticking, function,     \
              tear_down)

  ADD ("shared/as-long-as-nothing-happens", 10, test_shared);
  ADD ("shared/a-second-old-when-somebody-beats", 10, test_beats);
  ADD ("at-once/not-when-they-are-large", 10, test_large_ones);
  ADD ("shared/made-anew-at-once-when-something-changes", 1000, test_changes);
  ADD ("shared/a-quarter-second-old-when-there-are-many", 1001, test_changes);
  ADD ("shared/nobody-who-is-forgotten", 10, test_forgotten);
  ADD ("shared/dropped-when-nobody-asks", 10, test_dropped);
  ADD ("shared/version-of-what-one-would-get", 10, test_version);
  ADD ("shared/one-for-each-kind", 10, test_kinds);
  ADD ("own/made-for-each-who-asks", 10, test_own);
  ADD ("waiting/all-get-the-same", 300, test_joined);
  ADD_TICKING ("waiting/who-comes-late-gets-what-is-true", 300, test_joined_late);
  ADD_TICKING ("waiting/who-comes-late-to-many-joins", 1001, test_joined_late);
  ADD_TICKING ("slices/others-have-their-turns", 3000, test_slices);
  ADD_TICKING ("slices/handing-out", 300, test_handed_out);
  ADD_TICKING ("cancelled/nobody-waits-so-nothing-is-made", 300, test_cancelled);
  ADD ("cancelled/by-another-one-s-answer", 300, test_cancelled_by_another);
  ADD_TICKING ("queue/shared-ones-and-single-ones-in-turns", 300, test_turns);
  ADD ("queue/bounded", 300, test_bounded);
  ADD ("queue/bounded-for-one-list", 300, test_shared_bounded);
  ADD_TICKING ("queue/pages-do-not-wait-behind-long-lists", 300, test_pages);
  ADD_TICKING ("queue/filtered-pages-are-long-lists", 300, test_filtered_page);
  ADD_TICKING ("queue/short-ones-do-not-wait-behind-those-that-are-long", 0, test_short_of_others);
  ADD_TICKING ("queue/nor-do-short-pages", 0, test_page_beside);
  ADD_TICKING ("queue/long-ones-are-bounded", 0, test_greediest_of_long);
  ADD ("queue/who-ask-take-turns", 300, test_askers_in_turns);
  ADD ("queue/who-ask-for-pages-take-turns", 300, test_pages_in_turns);
  ADD ("queue/who-has-most-makes-room", 300, test_greediest_of_others);
  ADD ("queue/who-has-most-pages-makes-room", 300, test_greediest_of_pages);
  ADD ("queue/who-waits-most-for-the-shared-one-makes-room", 300, test_greediest_of_shared);
  ADD ("queue/who-has-no-more-than-others-stays", 300, test_equals);
  ADD ("long/who-says-much-takes-nothing-from-others", 0, test_short);
  ADD ("long/however-many-say-much-they-are-listed", 0, test_shortest);
  ADD ("long/none-is-longer-than-there-is-room-for", 0, test_too_long);
  ADD ("kept/until-another-one-is-or-nobody-asks", 10, test_kept);

  return g_test_run ();
}
