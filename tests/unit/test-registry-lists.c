/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* Lists of models and GPUs, of which there is an end, however many have long ones. */

#include <string.h>

#include "fake-clock.h"
#include "model/queen-local-sequencer.h"
#include "model/queen-registry.h"
#include "queen-error.h"

#define SECOND G_USEC_PER_SEC
#define MAX_COMPONENTS 2000
#define LONG 512  /* bytes of a model's name */
#define MANY 300  /* more than are asked to make room at once */
#define LAST 1999 /* the number of one who is new */

typedef struct
{
  QueenEventBus *bus;
  QueenSequencer *sequencer;
  QueenRegistry *registry;
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  const QueenRegistrySettings settings = { &fake_clock, 90 * SECOND, 10000 * (gint64) SECOND,
                                           MAX_COMPONENTS };

  now = 1000 * (gint64) SECOND;
  f->bus = queen_event_bus_new ();
  f->sequencer = QUEEN_SEQUENCER (queen_local_sequencer_new (f->bus, &fake_clock));
  f->registry = queen_registry_new (QUEEN_COMPONENT_WORKER, f->sequencer, &settings);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  g_assert_cmpuint (queen_registry_get_n_list_bytes (f->registry), <=,
                    queen_registry_get_most_list_bytes (f->registry));
  g_clear_object (&f->registry);
  g_clear_object (&f->sequencer);
  g_clear_object (&f->bus);
}

static char **
make_models (guint n, guint number)
{
  GStrvBuilder *builder = g_strv_builder_new ();
  char **models;

  for (guint i = 0; i < n; i++)
    {
      g_autofree char *model = g_strdup_printf ("%0*u-%u", LONG - 3, number, 10 + i);

      g_strv_builder_add (builder, model);
    }
  models = g_strv_builder_end (builder);
  g_strv_builder_unref (builder);
  return models;
}

static QueenComponent *
make_worker (guint number, QueenStatus status, guint n_models)
{
  QueenComponent *worker = queen_component_new (QUEEN_COMPONENT_WORKER);

  worker->id = g_strdup_printf ("w%u", number);
  worker->status = status;
  worker->vitals = g_memdup2 (&queen_vitals_unsaid, sizeof queen_vitals_unsaid);
  if (n_models > 0)
    worker->vitals->models = make_models (n_models, number);
  return worker;
}

/* Returns: whether @worker was taken, whose owner this is */
static gboolean
take (Fixture *f, QueenComponent *worker, const char *sender)
{
  g_autoptr (GError) error = NULL;

  if (queen_registry_update (f->registry, worker, sender, &error))
    return TRUE;
  g_assert_error (error, QUEEN_ERROR, QUEEN_ERROR_REGISTRY_FULL);
  return FALSE;
}

static gboolean
beat (Fixture *f, guint number, QueenStatus status, guint n_models, const char *sender)
{
  return take (f, make_worker (number, status, n_models), sender);
}

/* Many with no lists, or with the shortest ones. */
static void
bring_many (Fixture *f, guint first, QueenStatus status, gboolean has_shortest, const char *sender)
{
  for (guint i = 0; i < MANY; i++)
    {
      QueenComponent *worker = make_worker (first + i, status, 0);

      if (has_shortest)
        worker->vitals->models = g_strsplit ("m", ",", -1);
      g_assert_true (take (f, worker, sender));
    }
}

/* Returns: how many with long lists there is room for */
static guint
fill (Fixture *f, guint first, QueenStatus status, const char *sender)
{
  guint n = 0;

  while (n < MAX_COMPONENTS / 2 && beat (f, first + n, status, QUEEN_VITALS_MAX_MODELS, sender))
    n++;
  g_assert_cmpuint (n, <, MAX_COMPONENTS / 2);
  return n;
}

/* Whoever has short ones, or none, finds room all the same, and who has long ones goes on. */
static void
test_full (Fixture *f, gconstpointer data)
{
  guint n = fill (f, 0, QUEEN_STATUS_READY, NULL);

  g_assert_cmpuint (n * QUEEN_VITALS_MAX_MODELS * LONG, >, 512 * 1024);
  g_assert_true (beat (f, n, QUEEN_STATUS_READY, 0, NULL));
  g_assert_true (beat (f, 0, QUEEN_STATUS_BUSY, QUEEN_VITALS_MAX_MODELS, NULL));
  g_assert_false (beat (f, n, QUEEN_STATUS_READY, QUEEN_VITALS_MAX_MODELS, NULL));
  g_assert_true (beat (f, 0, QUEEN_STATUS_BUSY, QUEEN_VITALS_MAX_MODELS - 1, NULL));
  g_assert_cmpuint (queen_registry_get_total (f->registry), ==, n + 1);
}

static void
test_offline (Fixture *f, gconstpointer data)
{
  guint n;

  g_assert_true (beat (f, 900, QUEEN_STATUS_STOPPED, 0, NULL));
  g_assert_true (beat (f, 901, QUEEN_STATUS_STOPPED, QUEEN_VITALS_MAX_MODELS, NULL));
  n = fill (f, 0, QUEEN_STATUS_READY, NULL);
  g_assert_nonnull (queen_registry_lookup (f->registry, "w900")); /* it would make no room */
  g_assert_null (queen_registry_lookup (f->registry, "w901"));
  g_assert_cmpuint (queen_registry_get_n_displaced (f->registry), ==, 1);

  /* Nor does one make room for itself by going. */
  g_assert_true (beat (f, 1, QUEEN_STATUS_STOPPED, 1, NULL));
  g_assert_true (beat (f, 1, QUEEN_STATUS_READY, QUEEN_VITALS_MAX_MODELS, NULL));
  g_assert_false (beat (f, n, QUEEN_STATUS_READY, QUEEN_VITALS_MAX_MODELS, NULL));
}

static void
test_sender (Fixture *f, gconstpointer data)
{
  guint n = fill (f, 0, QUEEN_STATUS_READY, "token:a");

  g_assert_cmpuint (queen_registry_get_n_list_bytes (f->registry), <=,
                    queen_registry_get_most_list_bytes (f->registry) / 4);
  g_assert_true (beat (f, 200, QUEEN_STATUS_READY, QUEEN_VITALS_MAX_MODELS, "token:b"));
  g_assert_true (beat (f, 201, QUEEN_STATUS_READY, QUEEN_VITALS_MAX_MODELS, NULL));

  /* Among its own it makes room. */
  g_assert_true (beat (f, 0, QUEEN_STATUS_STOPPED, QUEEN_VITALS_MAX_MODELS, "token:a"));
  g_assert_true (beat (f, n, QUEEN_STATUS_READY, QUEEN_VITALS_MAX_MODELS, "token:a"));
  g_assert_null (queen_registry_lookup (f->registry, "w0"));
}

/* What is forgotten takes no room any longer. */
static void
test_forgotten (Fixture *f, gconstpointer data)
{
  guint n = fill (f, 0, QUEEN_STATUS_READY, "address:10.0.0.1");

  for (guint i = 0; i < n; i++)
    {
      g_autofree char *id = g_strdup_printf ("w%u", i);

      g_assert_true (queen_registry_forget (f->registry, id, NULL, NULL));
    }
  g_assert_cmpuint (queen_registry_get_n_list_bytes (f->registry), ==, 0);
  g_assert_cmpuint (fill (f, 0, QUEEN_STATUS_READY, "address:10.0.0.1"), ==, n);
}

/* Whose lists take most makes room for who has clearly less, as soon as all are online. */
static void
test_fair (Fixture *f, gconstpointer data)
{
  static const char *const four[] = { "token:a", "token:b", "address:192.0.2.3",
                                      "address:192.0.2.4" };
  guint n = 0, n_new = 0, n_displaced;

  for (gsize i = 0; i < G_N_ELEMENTS (four); i++)
    n += fill (f, n, QUEEN_STATUS_READY, four[i]);
  while (beat (f, 500 + n_new, QUEEN_STATUS_READY, QUEEN_VITALS_MAX_MODELS, "token:new"))
    n_new++;
  g_assert_cmpuint (n_new, >, n / 6); /* five have the same now, or nearly so */
  g_assert_cmpuint (n_new, <=, n / 5 + 1);
  g_assert_cmpuint (queen_registry_get_n_displaced (f->registry), >, 0);
  n_displaced = (guint) queen_registry_get_n_displaced (f->registry);

  /* Who gave way comes back, but with no such lists. */
  for (guint i = 0; i < n; i++)
    {
      g_autofree char *id = g_strdup_printf ("w%u", i);

      if (queen_registry_lookup (f->registry, id))
        continue;
      g_assert_false (beat (f, i, QUEEN_STATUS_READY, QUEEN_VITALS_MAX_MODELS, four[0]));
      g_assert_true (beat (f, i, QUEEN_STATUS_READY, 0, four[0]));
    }
  g_assert_true (beat (f, 500, QUEEN_STATUS_BUSY, QUEEN_VITALS_MAX_MODELS, "token:new"));
  g_assert_cmpuint (queen_registry_get_n_displaced (f->registry), ==, n_displaced);
}

/* Those in one wide network are one to all others, and are as fair to each other as all are. */
static void
test_neighbours (Fixture *f, gconstpointer data)
{
  static const char *const four[] = { "address:2001:db8:1:1::/64", "address:2001:db8:1:2::/64",
                                      "address:2001:db8:1:3::/64", "address:2001:db8:1:4::/64" };
  guint n = 0, n_new = 0;

  g_assert_true (
      beat (f, 900, QUEEN_STATUS_READY, QUEEN_VITALS_MAX_MODELS, "address:2001:db8:1:9::/64"));
  for (gsize i = 0; i < G_N_ELEMENTS (four); i++)
    n += fill (f, n, QUEEN_STATUS_READY, four[i]);
  while (beat (f, 500 + n_new, QUEEN_STATUS_READY, QUEEN_VITALS_MAX_MODELS,
               "address:2001:db8:1:8::/64"))
    n_new++;
  g_assert_cmpuint (n_new, >, n / 6);
  g_assert_cmpuint (n_new, <=, n / 5 + 1);
  g_assert_true (beat (f, 700, QUEEN_STATUS_READY, QUEEN_VITALS_MAX_MODELS, "token:new"));
  g_assert_nonnull (queen_registry_lookup (f->registry, "w900"));
}

/* What has come to another sender makes room there, and nothing is left of it where it was. */
static void
test_other_hands (Fixture *f, gconstpointer data)
{
  g_assert_true (beat (f, LAST, QUEEN_STATUS_STOPPED, QUEEN_VITALS_MAX_MODELS, "token:a"));
  g_assert_true (beat (f, LAST, QUEEN_STATUS_STOPPED, QUEEN_VITALS_MAX_MODELS, "token:b"));
  fill (f, 0, QUEEN_STATUS_READY, "token:a");
  g_assert_nonnull (queen_registry_lookup (f->registry, "w1999"));
  fill (f, 500, QUEEN_STATUS_READY, "token:b");
  g_assert_null (queen_registry_lookup (f->registry, "w1999"));
  g_assert_cmpuint (queen_registry_get_n_displaced (f->registry), ==, 1);
}

/* As many with long ones as nobody makes room for, who are offline.
 *
 * @most: bytes that all lists may take */
static void
fill_offline (Fixture *f, gsize most, const char *sender)
{
  gsize before = queen_registry_get_n_list_bytes (f->registry), size;
  guint n = 0;

  g_assert_true (beat (f, n++, QUEEN_STATUS_STOPPED, QUEEN_VITALS_MAX_MODELS, sender));
  size = queen_registry_get_n_list_bytes (f->registry) - before;
  while (queen_registry_get_n_list_bytes (f->registry) + size <= most)
    g_assert_true (beat (f, n++, QUEEN_STATUS_STOPPED, QUEEN_VITALS_MAX_MODELS, sender));
  g_assert_cmpuint (queen_registry_get_n_displaced (f->registry), ==, 0);
}

/* However many went offline before who have none, or hardly any. */
static void
test_behind_offline (Fixture *f, gconstpointer has_shortest)
{
  bring_many (f, 1000, QUEEN_STATUS_STOPPED, has_shortest != NULL, NULL);
  fill_offline (f, queen_registry_get_most_list_bytes (f->registry), NULL);
  g_assert_true (beat (f, LAST, QUEEN_STATUS_READY, QUEEN_VITALS_MAX_MODELS, "token:new"));
  g_assert_cmpuint (queen_registry_get_n_displaced (f->registry), ==, 1);
}

/* Likewise of what one sender may have. */
static void
test_behind_own_offline (Fixture *f, gconstpointer has_shortest)
{
  bring_many (f, 1000, QUEEN_STATUS_STOPPED, has_shortest != NULL, "token:a");
  fill_offline (f, queen_registry_get_most_list_bytes (f->registry) / 4, "token:a");
  g_assert_true (beat (f, LAST, QUEEN_STATUS_READY, QUEEN_VITALS_MAX_MODELS, "token:a"));
  g_assert_cmpuint (queen_registry_get_n_displaced (f->registry), ==, 1);
}

static void
check_behind_online (Fixture *f, const char *format, gboolean has_shortest)
{
  guint n = 0;

  for (guint i = 0; i < 4; i++)
    {
      g_autofree char *sender = g_strdup_printf (format, i);

      bring_many (f, 500 + i * MANY, QUEEN_STATUS_READY, has_shortest, sender);
      n += fill (f, n, QUEEN_STATUS_READY, sender);
    }
  for (guint i = 0; queen_registry_get_n_displaced (f->registry) == 0; i++)
    g_assert_true (beat (f, LAST - i, QUEEN_STATUS_READY, QUEEN_VITALS_MAX_MODELS, "token:new"));
  g_assert_cmpuint (queen_registry_get_n_displaced (f->registry), ==, 1);
}

/* However many were not heard for longer who have none, or hardly any. */
static void
test_behind_online (Fixture *f, gconstpointer has_shortest)
{
  check_behind_online (f, "address:192.0.2.%u", has_shortest != NULL);
}

static void
test_behind_neighbours (Fixture *f, gconstpointer has_shortest)
{
  check_behind_online (f, "address:2001:db8:1:%u::/64", has_shortest != NULL);
}

#define ADD(path, func) g_test_add ("/registry/lists/" path, Fixture, NULL, set_up, func, tear_down)
#define ADD_BOTH(path, func)                                                                       \
  g_test_add ("/registry/lists/" path "/without", Fixture, NULL, set_up, func, tear_down);         \
  g_test_add ("/registry/lists/" path "/shortest", Fixture, "", set_up, func, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  ADD ("there-is-an-end-of-long-ones", test_full);
  ADD ("who-is-offline-and-has-some-makes-room", test_offline);
  ADD ("one-sender-has-a-quarter", test_sender);
  ADD ("who-is-forgotten-has-none", test_forgotten);
  ADD ("who-has-most-makes-room", test_fair);
  ADD ("neighbours-in-a-wide-network-are-fair", test_neighbours);
  ADD ("who-comes-to-another-sender-makes-room-there", test_other_hands);
  ADD_BOTH ("who-is-offline-makes-room-behind-all-others", test_behind_offline);
  ADD_BOTH ("what-is-offline-of-a-sender-makes-room-behind-all-others", test_behind_own_offline);
  ADD_BOTH ("who-has-most-makes-room-behind-all-others", test_behind_online);
  ADD_BOTH ("neighbours-who-have-most-make-room-behind-all-others", test_behind_neighbours);

  return g_test_run ();
}
