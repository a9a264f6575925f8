/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "text/queen-hash.h"

#include <string.h>
#include <time.h>

#include "dbus/queen-dbus-cluster.h"
#include "dbus/queen-dbus-mailbox.h"
#include "fake-clock.h"
#include "model/queen-job-index.h"
#include "model/queen-local-sequencer.h"
#include "model/queen-placement.h"
#include "state-text.h"
#include "text/queen-shared-text.h"

/* For the bytes 0, 1, 2, … of growing number, with a key of the same bytes: by a second
 * implementation, which agrees with what others give below. The first is in Rust's tests, too. */
static const guint64 vectors[] = {
  G_GUINT64_CONSTANT (0xabac0158050fc4dc), G_GUINT64_CONSTANT (0xc9f49bf37d57ca93),
  G_GUINT64_CONSTANT (0x82cb9b024dc7d44d), G_GUINT64_CONSTANT (0x8bf80ab8e7ddf7fb),
  G_GUINT64_CONSTANT (0xcf75576088d38328), G_GUINT64_CONSTANT (0xdef9d52f49533b67),
  G_GUINT64_CONSTANT (0xc50d2b50c59f22a7), G_GUINT64_CONSTANT (0xd3927d989bb11140),
  G_GUINT64_CONSTANT (0x369095118d299a8e), G_GUINT64_CONSTANT (0x25a48eb36c063de4),
  G_GUINT64_CONSTANT (0x79de85ee92ff097f), G_GUINT64_CONSTANT (0x70c118c1f94dc352),
  G_GUINT64_CONSTANT (0x78a384b157b4d9a2), G_GUINT64_CONSTANT (0x306f760c1229ffa7),
  G_GUINT64_CONSTANT (0x605aa111c0f95d34), G_GUINT64_CONSTANT (0xd320d86d2a519956),
  G_GUINT64_CONSTANT (0xcc4fdd1a7d908b66),
};

static void
test_vectors (void)
{
  guint8 key[QUEEN_HASH_KEY_SIZE];

  for (guint8 i = 0; i < sizeof key; i++)
    key[i] = i;
  for (gsize size = 0; size < G_N_ELEMENTS (vectors); size++)
    {
      /* Memory of its own, so that a tool sees whoever reads beyond the end. */
      g_autofree guint8 *bytes = g_memdup2 (key, MIN (size, sizeof key));

      g_assert_cmphex (queen_hash_with_key (key, bytes, size), ==, vectors[size]);
    }
}

/* With a key of zeros: from OCaml's tests, made by the authors' implementation, and from CPython
 * 3.11, whose key is zero when PYTHONHASHSEED is. */
static void
test_others (void)
{
  static const struct
  {
    const char *bytes;
    gsize size;
    guint64 hash;
  } rows[] = {
    { "", 0, G_GUINT64_CONSTANT (0xd1fba762150c532c) },
    { "", 1, G_GUINT64_CONSTANT (0x68a914128e01e473) },
    { "a", 1, G_GUINT64_CONSTANT (0x407448d2b89b1813) },
    { "worker-1", 8, G_GUINT64_CONSTANT (0x5043286cbc4c7b84) },
    { "AbAbAbAbAbAbAbAbAbAbAbAbAbAbAbAbAbAbAbAb", 40, G_GUINT64_CONSTANT (0xcbc46596c34bc691) },
  };
  static const guint8 zero[QUEEN_HASH_KEY_SIZE];

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    g_assert_cmphex (queen_hash_with_key (zero, rows[i].bytes, rows[i].size), ==, rows[i].hash);
}

/* Another process hashes in another way; this one always in the same. */
static void
test_key (void)
{
  g_autofree char *mine = g_strdup_printf ("%u\n", queen_string_hash ("w"));
  const char *const arguments[] = { "/proc/self/exe", "--hash", NULL };
  g_autofree char *theirs = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_cmpuint (queen_string_hash ("w"), ==, queen_bytes_hash ("w", 1));
  g_spawn_sync (NULL, (char **) arguments, NULL, G_SPAWN_DEFAULT, NULL, NULL, &theirs, NULL, NULL,
                &error);
  g_assert_no_error (error);
  g_assert_cmpstr (theirs, !=, mine);
  g_assert_cmpuint (strlen (theirs), >, 1);
}

/* Texts of one length: those that collide are all the same to g_str_hash(), as "Ab" and "BA" are.
 */
static char *
make_id (guint number, gboolean collides)
{
  char *id = g_strnfill (32, 'x');

  for (guint i = 0; i < 16; i++)
    memcpy (id + 2 * i, number >> i & 1 ? "BA" : collides ? "Ab" : "Ac", 2);
  return id;
}

/* A18 */
static void
test_spread (void)
{
  g_autoptr (GHashTable) hashes = g_hash_table_new (NULL, NULL);
  g_autofree char *first = make_id (0, TRUE);

  for (guint i = 0; i < 65536; i++)
    {
      g_autofree char *id = make_id (i, TRUE);

      g_assert_cmpuint (g_str_hash (id), ==, g_str_hash (first));
      g_hash_table_add (hashes, GUINT_TO_POINTER (queen_string_hash (id)));
    }
  g_assert_cmpuint (g_hash_table_size (hashes), >, 65500);
}

/* Everything that keeps who is known */

#define N_IDS 8192

static QueenComponent *
make_worker (guint number, gboolean collides)
{
  QueenComponent *worker = queen_component_new (QUEEN_COMPONENT_WORKER);

  worker->id = make_id (number, collides);
  worker->model_id = make_id (number, collides);
  worker->status = QUEEN_STATUS_READY;
  return worker;
}

static void
fill_registry (gboolean collides)
{
  const QueenRegistrySettings settings = { &fake_clock, 90, 1000, N_IDS };
  g_autoptr (QueenEventBus) bus = queen_event_bus_new ();
  g_autoptr (QueenLocalSequencer) sequencer = queen_local_sequencer_new (bus, &fake_clock);
  g_autoptr (QueenRegistry) registry =
      queen_registry_new (QUEEN_COMPONENT_WORKER, QUEEN_SEQUENCER (sequencer), &settings);
  g_autoptr (QueenPlacement) placement = queen_placement_new (bus, registry, &fake_clock);
  g_autofree char *last = make_id (N_IDS - 1, collides);

  for (guint i = 0; i < N_IDS; i++)
    g_assert_true (queen_registry_update (registry, make_worker (i, collides), NULL, NULL));
  g_assert_nonnull (queen_placement_find (placement, last, NULL));
}

static void
fill_bus (gboolean collides)
{
  QueenDBusMailbox *mailbox = queen_dbus_mailbox_new (g_main_context_default (), 1, 1024);
  g_autoptr (QueenDBusCluster) cluster = queen_dbus_cluster_new ();

  for (guint i = 0; i < N_IDS; i++)
    {
      g_autoptr (QueenComponent) worker = make_worker (i, collides);
      g_autoptr (QueenEvent) event = queen_event_new_component (worker, 1);

      queen_dbus_mailbox_put (mailbox, event);
      queen_dbus_cluster_take (cluster, event);
    }
  queen_dbus_mailbox_free (mailbox);
}

static void
fill_state (gboolean collides)
{
  g_autoptr (QueenState) state = queen_state_new ();
  g_autoptr (QueenState) again = NULL;
  g_autoptr (GString) text = NULL;
  g_autoptr (GError) error = NULL;

  state->epoch = g_strdup ("a");
  state->next = 1;
  for (guint i = 0; i < N_IDS; i++)
    {
      QueenStateEntry entry = { make_worker (i, collides), 1 };

      entry.component->heartbeats = 1;
      g_array_append_val (state->entries[QUEEN_COMPONENT_WORKER], entry);
    }
  text = write_state (state);
  again = parse_state (text->str, text->len, &error);
  g_assert_no_error (error);
}

static void
fill_job_index (gboolean collides)
{
  g_autoptr (QueenJobIndex) index = queen_job_index_new (&fake_clock);

  for (guint i = 0; i < N_IDS; i++)
    {
      g_autofree char *id = g_strdup_printf ("job-%u", i);
      g_autofree char *text = make_id (i, collides);
      const QueenJobEntry entry = { .id = id,
                                    .owner = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
                                    .model = text,
                                    .worker_id = text,
                                    .state = QUEEN_JOB_RUNNING };

      queen_job_index_set (index, &entry);
    }
}

/* CPU time, so that it does not matter who else is on this machine. */
static double
measure (void (*fill) (gboolean collides), gboolean collides)
{
  clock_t start = clock ();

  fill (collides);
  return (double) (clock () - start) / CLOCKS_PER_SEC;
}

/* A18. Where ids collide, the last one is compared with thousands: that takes ten to forty times as
 * long. */
static void
test_tables (gconstpointer data)
{
  void (*fill) (gboolean) = *(void (*const *) (gboolean)) data;
  double least_ratio = G_MAXDOUBLE;

  for (int i = 0; i < 3; i++)
    {
      double ordinary = measure (fill, FALSE);
      double colliding = measure (fill, TRUE);

      least_ratio = MIN (least_ratio, colliding / ordinary);
    }
  g_test_message ("%.2f times as long", least_ratio);
  g_assert_cmpfloat (least_ratio, <, 3);
}

static void
test_shared (void)
{
  g_autofree char *text = g_strdup ("a");
  const char *first = queen_shared_text_ref (text);
  const char *other = queen_shared_text_ref ("b");

  g_assert_cmpstr (first, ==, "a");
  g_assert_true (first != text);
  g_assert_true (queen_shared_text_ref ("a") == first);
  g_assert_cmpstr (other, ==, "b");
  queen_shared_text_unref (first);
  queen_shared_text_unref (other);
  g_assert_true (queen_shared_text_ref (first) == first);
  queen_shared_text_unref (first);
  queen_shared_text_unref (first);
  first = queen_shared_text_ref ("a");
  g_assert_cmpstr (first, ==, "a");
  queen_shared_text_unref (first);
}

static void
test_secrets (void)
{
  g_assert_true (queen_hash_is_same_secret ("", ""));
  g_assert_true (queen_hash_is_same_secret ("5f3a", "5f3a"));
  g_assert_false (queen_hash_is_same_secret ("5f3a", "5f3b"));
  g_assert_false (queen_hash_is_same_secret ("5f3a", "4f3a"));
  g_assert_false (queen_hash_is_same_secret ("5f3a", "5f3"));
  g_assert_false (queen_hash_is_same_secret ("", "5f3a"));
}

int
main (int argc, char **argv)
{
  static void (*const tables[]) (gboolean) = { fill_registry, fill_bus, fill_state,
                                               fill_job_index };

  if (argc == 2 && g_str_equal (argv[1], "--hash"))
    {
      g_print ("%u\n", queen_string_hash ("w"));
      return 0;
    }
  g_test_init (&argc, &argv, NULL);

  now = 1;
  g_test_add_func ("/hash/vectors/by-the-algorithm", test_vectors);
  g_test_add_func ("/hash/vectors/as-others-have-it", test_others);
  g_test_add_func ("/hash/key/each-process-has-its-own", test_key);
  g_test_add_func ("/hash/colliding-texts/spread", test_spread);
  g_test_add_func ("/hash/secrets/the-whole-of-them-counts", test_secrets);
  g_test_add_data_func ("/hash/colliding-ids/registry-and-pool-as-quick", &tables[0], test_tables);
  g_test_add_data_func ("/hash/colliding-ids/bus-as-quick", &tables[1], test_tables);
  g_test_add_data_func ("/hash/colliding-ids/state-as-quick", &tables[2], test_tables);

  g_test_add_data_func ("/hash/colliding-texts/jobs-of-others-as-quick", &tables[3], test_tables);
  g_test_add_func ("/shared-text/one-copy/as-long-as-anybody-has-it", test_shared);

  return g_test_run ();
}
