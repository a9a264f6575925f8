/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* A registry that is full, and where all are online: who makes room for whom; and who has few. */

#include <string.h>

#include "fake-clock.h"
#include "model/queen-cluster.h"
#include "queen-error.h"
#include "text/queen-network.h"

#define SECOND ((gint64) G_USEC_PER_SEC)
#define ROOM 8 /* of which one sender has two */

typedef struct
{
  QueenCluster *cluster;
  QueenRegistry *registry;
  GString *heard; /* `id:Status ` for each event */
} Fixture;

static void
on_event (Fixture *f, QueenEvent *event)
{
  if (event->kind == QUEEN_EVENT_QUEEN || event->kind == QUEEN_EVENT_HELD ||
      event->kind == QUEEN_EVENT_RESTORED)
    return;
  g_string_append_printf (f->heard, "%s:%s ", event->component->id,
                          event->kind == QUEEN_EVENT_FORGOTTEN
                              ? "forgotten"
                              : queen_status_get_name (event->component->status));
}

static void
begin (Fixture *f)
{
  const QueenClusterSettings settings = {
    .registry = { &fake_clock, 90 * SECOND, 3600 * SECOND, ROOM },
    .heartbeat_interval = SECOND,
  };

  f->cluster = queen_cluster_new (&settings);
  f->registry = queen_cluster_get_registry (f->cluster, QUEEN_COMPONENT_WORKER);
  g_signal_connect_swapped (queen_cluster_get_bus (f->cluster), "event", G_CALLBACK (on_event), f);
}

static void
set_up (Fixture *f, gconstpointer data)
{
  now = 1000 * SECOND;
  f->heard = g_string_new (NULL);
  begin (f);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  g_assert_cmpuint (queen_registry_get_total (f->registry), <=, ROOM);
  g_assert_finalize_object (f->cluster);
  g_string_free (f->heard, TRUE);
}

static QueenComponent *
make_worker (const char *id, QueenStatus status)
{
  QueenComponent *worker = queen_component_new (QUEEN_COMPONENT_WORKER);

  worker->id = g_strdup (id);
  worker->status = status;
  return worker;
}

/* Each is heard a second after the one before.
 *
 * Returns: whether it was taken */
static gboolean
say (Fixture *f, const char *id, QueenStatus status, const char *sender)
{
  g_autoptr (GError) error = NULL;

  now += SECOND;
  if (queen_registry_update (f->registry, make_worker (id, status), sender, &error))
    return TRUE;
  g_assert_error (error, QUEEN_ERROR, QUEEN_ERROR_REGISTRY_FULL);
  return FALSE;
}

static gboolean
beat (Fixture *f, const char *id, const char *sender)
{
  return say (f, id, QUEEN_STATUS_READY, sender);
}

static const char *const four[] = { "token:a", "token:b", "address:192.0.2.3",
                                    "address:192.0.2.4" };

/* a1, a2, b1, … d2: all online, of four senders. */
static void
fill (Fixture *f, const char *const senders[4])
{
  for (int i = 0; i < ROOM; i++)
    {
      char id[] = { (char) ('a' + i / 2), (char) ('1' + i % 2), '\0' };

      g_assert_true (beat (f, id, senders[i / 2]));
    }
  g_string_truncate (f->heard, 0);
}

static gboolean
is_known (Fixture *f, const char *id)
{
  return queen_registry_lookup (f->registry, id) != NULL;
}

/* All of the four beat once more, the last one first: a2 is heard before a1. */
static guint
beat_backwards (Fixture *f)
{
  guint n = 0;

  for (int i = ROOM - 1; i >= 0; i--)
    {
      char id[] = { (char) ('a' + i / 2), (char) ('1' + i % 2), '\0' };

      n += beat (f, id, four[i / 2]);
    }
  return n;
}

/* Nobody starves: of who has most, the one gives way who has gone unheard for longest. */
static void
test_fifth (Fixture *f, gconstpointer data)
{
  g_autofree char *expected = NULL;

  fill (f, four);
  g_assert_cmpuint (beat_backwards (f), ==, ROOM);
  g_string_truncate (f->heard, 0);
  g_assert_true (beat (f, "new", "token:new"));
  g_assert_cmpint (f->heard->str[1], ==, '2');
  expected =
      g_strdup_printf ("%.2s:Offline %.2s:forgotten new:Ready ", f->heard->str, f->heard->str);
  g_assert_cmpstr (f->heard->str, ==, expected);
  g_assert_cmpuint (queen_registry_get_n_displaced (f->registry), ==, 1);
}

/* Who has given way keeps trying, and so does everybody else: nobody else loses a place by that. */
static void
test_stable (Fixture *f, gconstpointer data)
{
  fill (f, four);
  g_assert_true (beat (f, "new", "token:new"));
  for (int i = 0; i < 100; i++)
    {
      g_assert_cmpuint (beat_backwards (f), ==, ROOM - 1);
      g_assert_true (beat (f, "new", "token:new"));
      g_assert_false (beat (f, "more", "token:new")); /* then it would have as many as the others */
    }
  g_assert_cmpuint (queen_registry_get_n_displaced (f->registry), ==, 1);
  g_assert_cmpuint (queen_registry_get_total (f->registry), ==, ROOM);
}

/* Until all have the same, and not one more. */
static void
test_equal (Fixture *f, gconstpointer data)
{
  static const char *const more[] = { "token:e", "token:f", "token:g", "token:h" };

  fill (f, four);
  for (gsize i = 0; i < G_N_ELEMENTS (more); i++)
    g_assert_true (beat (f, more[i], more[i]));
  g_assert_false (beat (f, "ninth", "token:ninth"));
  for (gsize i = 0; i < G_N_ELEMENTS (four); i++)
    {
      const char one[] = { (char) ('a' + i), '1', '\0' }, two[] = { (char) ('a' + i), '2', '\0' };

      g_assert_cmpint (is_known (f, one) + is_known (f, two), ==, 1);
    }
  g_assert_cmpuint (queen_registry_get_n_displaced (f->registry), ==, 4);
}

/* Whoever is offline goes first; and who says so takes nobody's place who is not. */
static void
test_offline (Fixture *f, gconstpointer data)
{
  fill (f, four);
  g_assert_false (say (f, "gone", QUEEN_STATUS_STOPPED, "token:new"));
  g_assert_true (say (f, "c1", QUEEN_STATUS_STOPPED, four[2]));
  g_string_truncate (f->heard, 0);
  g_assert_true (beat (f, "new", "token:new"));
  g_assert_cmpstr (f->heard->str, ==, "c1:forgotten new:Ready ");
}

static void
hold (Fixture *f, const char *id)
{
  const QueenHoldRequest request = {
    .kind = QUEEN_COMPONENT_WORKER, .id = id, .reason = "a test", .holder = "this machine", .ttl = 0
  };
  g_autoptr (GError) error = NULL;

  g_assert_nonnull (queen_holds_add (queen_cluster_get_holds (f->cluster), &request, &error));
  g_assert_no_error (error);
}

static void
release (Fixture *f, const char *id)
{
  g_assert_true (queen_holds_release (queen_cluster_get_holds (f->cluster), QUEEN_COMPONENT_WORKER,
                                      id, NULL, "this machine", NULL));
}

/* That one who is offline is held, or no longer, is no sign of life. */
static void
test_held_offline (Fixture *f, gconstpointer data)
{
  fill (f, four);
  g_assert_true (say (f, "a1", QUEEN_STATUS_STOPPED, four[0]));
  g_assert_true (say (f, "a2", QUEEN_STATUS_STOPPED, four[0]));
  hold (f, "a1");
  g_assert_true (beat (f, "a3", four[0]));
  g_assert_false (is_known (f, "a1"));
  g_assert_true (is_known (f, "a2"));
}

/* Who is held is about to be worked on: it stays while there is another one. */
static void
test_held (Fixture *f, gconstpointer data)
{
  fill (f, four);
  hold (f, "a1");
  hold (f, "b1");
  hold (f, "c1");
  hold (f, "d1");
  hold (f, "d2");
  release (f, "b1");
  g_assert_true (beat (f, "b2", four[1]));
  g_assert_true (beat (f, "b1", four[1]));
  for (int i = 0; i < 4; i++)
    {
      g_autofree char *name = g_strdup_printf ("token:new%d", i);

      g_assert_true (beat (f, name, name));
    }
  g_assert_true (is_known (f, "a1"));
  g_assert_false (is_known (f, "a2"));
  g_assert_true (is_known (f, "b1")); /* not held any longer, but heard last */
  g_assert_true (is_known (f, "c1"));
  g_assert_false (is_known (f, "d1")); /* both are held, and it was heard first */
  g_assert_true (is_known (f, "d2"));
}

/* That a hold ends is no sign of life: who was held is heard no later by that. */
static void
test_released (Fixture *f, gconstpointer data)
{
  fill (f, four);
  for (int i = 0; i < 4; i++)
    {
      const char id[] = { (char) ('a' + i), '1', '\0' };
      g_autofree char *name = g_strdup_printf ("token:new%d", i);

      hold (f, id);
      release (f, id);
      g_assert_true (beat (f, name, name));
    }
  for (int i = 0; i < 4; i++)
    g_assert_false (is_known (f, (char[]){ (char) ('a' + i), '1', '\0' }));
}

/* Who has an IPv6 network of 48 bits has 65 536 of those that are one sender. */
static void
test_wide (Fixture *f, gconstpointer data)
{
  static const char *const wide[] = { "address:2001:db8:1:1::/64", "address:2001:db8:1:2::/64",
                                      "address:2001:db8:1:fff3::/64", "address:2001:db8:2:1::/64" };

  fill (f, wide);
  g_assert_true (beat (f, "d3", "address:2001:db8:2:9::/64")); /* three then, and five */
  g_assert_true (beat (f, "d4", "address:2001:db8:2:8::/64")); /* and four of each */
  g_assert_false (beat (f, "d5", wide[3]));
  g_assert_true (is_known (f, "d1"));
  g_assert_true (is_known (f, "d2"));
  g_assert_true (beat (f, "new", "token:new"));
  g_assert_true (beat (f, "new2", "token:new"));
  g_assert_cmpuint (queen_registry_get_n_displaced (f->registry), ==, 4);
}

/* Such a network may be of many users, too: who has most there gives way, to others and to them. */
static void
test_neighbours (Fixture *f, gconstpointer data)
{
  static const char *const rows[][2] = {
    { "first", "address:2001:db8:1:5::/64" }, { "a1", "address:2001:db8:1:1::/64" },
    { "a2", "address:2001:db8:1:1::/64" },    { "b1", "address:2001:db8:1:2::/64" },
    { "b2", "address:2001:db8:1:2::/64" },    { "c1", "address:2001:db8:1:3::/64" },
    { "c2", "address:2001:db8:1:3::/64" },    { "last", "address:2001:db8:1:4::/64" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    g_assert_true (beat (f, rows[i][0], rows[i][1]));
  g_assert_true (beat (f, "new", "token:new"));
  g_assert_true (beat (f, "new2", "token:new"));
  g_assert_true (beat (f, "new3", "address:2001:db8:1:6::/64"));
  g_assert_true (is_known (f, "first")); /* though it was heard before all others */
  g_assert_true (is_known (f, "last"));
  g_assert_false (beat (f, "new4", "address:2001:db8:1:6::/64"));
  g_assert_false (beat (f, "last2", "address:2001:db8:1:4::/64"));
  g_assert_cmpuint (queen_registry_get_n_displaced (f->registry), ==, 3);
}

/* Another queen may say of anybody who has brought it. */
static void
test_called_as_network (Fixture *f, gconstpointer data)
{
  g_assert_true (beat (f, "a", "address:2001:db8:1::/48"));
  g_assert_true (beat (f, "b", "address:2001:db8:1:1::/64"));
  g_assert_true (beat (f, "c", "address:2001:db8:1:2::/64"));
  queen_registry_forget (f->registry, "b", NULL, NULL);
  queen_registry_forget (f->registry, "a", NULL, NULL);
  g_assert_true (beat (f, "d", "address:2001:db8:1::/48"));
  queen_registry_forget (f->registry, "c", NULL, NULL);
  g_assert_true (is_known (f, "d"));
}

/* This machine is no sender: it gives no way, but finds room where it has least. */
static void
test_here (Fixture *f, gconstpointer data)
{
  fill (f, four);
  g_assert_true (beat (f, "here", NULL));
  g_assert_false (beat (f, "here2", NULL));
  for (int i = 0; i < ROOM; i++)
    {
      char id[] = { (char) ('a' + i / 2), (char) ('1' + i % 2), '\0' };

      queen_registry_forget (f->registry, id, NULL, NULL);
    }
  for (int i = 1; i < ROOM; i++)
    {
      char id[] = { (char) ('0' + i), '\0' };

      g_assert_true (beat (f, id, NULL));
    }
  g_assert_false (beat (f, "new", "token:new"));
}

/* Whoever is heard from somebody else is that one's, and counts there. */
static void
test_moved (Fixture *f, gconstpointer data)
{
  fill (f, four);
  g_assert_true (queen_registry_forget (f->registry, "c1", NULL, NULL));
  g_assert_true (beat (f, "d1", four[2]));
  g_assert_true (beat (f, "d1", "address:192.0.2.5"));
  g_assert_true (beat (f, "d2", "address:192.0.2.5"));
  g_assert_true (beat (f, "c1", "address:192.0.2.6"));
  /* a: a1 a2; b: b1 b2; 192.0.2.3: c2; .5: d1 d2; .6: c1 */
  g_assert_true (queen_registry_forget (f->registry, "a1", NULL, NULL));
  g_assert_true (queen_registry_forget (f->registry, "b1", NULL, NULL));
  g_assert_true (beat (f, "e", "address:192.0.2.7"));
  g_assert_true (beat (f, "f", "address:192.0.2.8"));
  g_assert_true (beat (f, "g", "address:192.0.2.4")); /* of .5, who alone has two */
  g_assert_false (is_known (f, "d1"));
  g_assert_false (beat (f, "h", "address:192.0.2.9"));
}

static void
assert_sender (Fixture *f, const char *id, const char *sender)
{
  g_assert_cmpstr (queen_registry_lookup (f->registry, id)->sender, ==, sender);
}

/* Each knows who has brought it, and so do those who hear of it. */
static void
test_signed (Fixture *f, gconstpointer data)
{
  g_autoptr (GArray) saved = NULL;

  g_assert_true (beat (f, "a", "address:192.0.2.3"));
  g_assert_true (beat (f, "b", "address:192.0.2.3"));
  assert_sender (f, "a", "address:192.0.2.3");
  g_assert_true (queen_registry_lookup (f->registry, "a")->sender ==
                 queen_registry_lookup (f->registry, "b")->sender);
  g_assert_true (beat (f, "a", "token:a"));
  assert_sender (f, "a", "token:a");
  now += 90 * SECOND;
  queen_registry_expire (f->registry);
  assert_sender (f, "a", "token:a"); /* offline */
  g_assert_true (beat (f, "b", NULL));
  assert_sender (f, "b", NULL);
  saved = queen_registry_list_state_entries (f->registry);
  g_assert_finalize_object (f->cluster);
  begin (f);
  g_assert_cmpuint (queen_registry_restore (f->registry, saved, SECOND), ==, 2);
  assert_sender (f, "a", "token:a");
  assert_sender (f, "b", NULL);
}

/* It is as fair in her next epoch, with who brought whom. */
static void
test_restored (Fixture *f, gconstpointer data)
{
  g_autoptr (GArray) saved = NULL;

  fill (f, four);
  g_assert_true (beat (f, "a1", four[0]));
  saved = queen_registry_list_state_entries (f->registry);
  g_assert_finalize_object (f->cluster);
  begin (f);
  g_assert_cmpuint (queen_registry_restore (f->registry, saved, SECOND), ==, ROOM);
  for (int i = 0; i < 4; i++)
    {
      g_autofree char *name = g_strdup_printf ("token:new%d", i);

      g_assert_true (beat (f, name, name));
    }
  g_assert_true (is_known (f, "a1")); /* which was heard after a2 */
  g_assert_false (is_known (f, "a2"));
  g_assert_false (is_known (f, "b1"));
  g_assert_false (beat (f, "new4", "token:new4"));
}

/* Two queens made room at the same time, each for somebody else. */
static void
test_applied (Fixture *f, gconstpointer data)
{
  QueenComponent *before = NULL;
  QueenComponent *worker = make_worker ("theirs", QUEEN_STATUS_READY);
  g_autoptr (GError) error = NULL;

  fill (f, four);
  g_assert_true (beat (f, "mine", "token:mine"));
  worker->first_seen = worker->since = worker->last_seen = now;
  worker->heartbeats = 1;
  g_assert_nonnull (queen_registry_apply (f->registry, worker, "token:theirs", 0, &before, &error));
  g_assert_no_error (error);
  g_assert_null (before);
  g_assert_true (is_known (f, "mine"));
  g_assert_cmpuint (queen_registry_get_n_displaced (f->registry), ==, 2);
}

static void
test_network (void)
{
  static const char *const rows[][2] = {
    { "2001:db8:1:2::/64", "2001:db8:1::/48" },
    { "::/64", "::/48" },
    { "2001:db8:1:2::/48", NULL },
    { "2001:db8:1:2::/640", NULL },
    { "2001:db8:1:2::", NULL },
    { "10.0.0.7", NULL },
    { "10.0.0.7/64", NULL },
    { "/64", NULL },
    { "uid 1000", NULL },
    { "", NULL },
    { "2001:0db8:0001:0002:0003:0004:0005:0006:0007:0008:0009/64", NULL },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *wide = queen_network_dup_wide (rows[i][0]);

      g_assert_cmpstr (wide, ==, rows[i][1]);
    }
}

#define ADD(path, func) g_test_add ("/registry/fair/" path, Fixture, NULL, set_up, func, tear_down)

/* Who has few */

static void
assert_few (Fixture *f, guint max, const char *ids)
{
  QueenRegistry *registries[QUEEN_COMPONENT_N_KINDS];
  g_autoptr (GPtrArray) few = NULL;
  g_autoptr (GString) found = g_string_new (NULL);

  for (int kind = 0; kind < QUEEN_COMPONENT_N_KINDS; kind++)
    registries[kind] = queen_cluster_get_registry (f->cluster, (QueenComponentKind) kind);
  few = queen_registry_list_of_few (registries, max);
  for (guint i = 0; i < few->len; i++)
    g_string_append_printf (found, "%s ", ((const QueenComponent *) few->pdata[i])->id);
  g_assert_cmpstr (found->str, ==, ids);
}

/* All of somebody or nothing, of both kinds, and be they offline. */
static void
test_few (Fixture *f, gconstpointer data)
{
  QueenComponent *hive = queen_component_new (QUEEN_COMPONENT_HIVE);

  assert_few (f, 5, "");
  g_assert_true (beat (f, "a1", "token:a"));
  g_assert_true (beat (f, "n1", "address:2001:db8:1:1::/64"));
  g_assert_true (beat (f, "n2", "address:2001:db8:1:2::/64"));
  g_assert_true (beat (f, "b1", "token:b"));
  g_assert_true (say (f, "b1", QUEEN_STATUS_STOPPED, "token:b"));
  g_assert_true (beat (f, "here", NULL));
  g_assert_true (beat (f, "a2", "token:a"));
  hive->id = g_strdup ("a3");
  hive->status = QUEEN_STATUS_ONLINE;
  g_assert_true (
      queen_registry_update (queen_cluster_get_registry (f->cluster, QUEEN_COMPONENT_HIVE), hive,
                             "token:a", NULL));
  assert_few (f, 0, "");
  assert_few (f, 1, "here ");
  assert_few (f, 3, "b1 here ");
  assert_few (f, 4, "n1 n2 b1 here ");
  assert_few (f, 6, "n1 n2 b1 here ");
  assert_few (f, 7, "a1 n1 n2 b1 here a2 a3 ");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  ADD ("a-fifth-sender-finds-room", test_fifth);
  ADD ("who-gave-way-takes-nobodys-place", test_stable);
  ADD ("until-all-have-the-same", test_equal);
  ADD ("who-is-offline-goes-first", test_offline);
  ADD ("who-is-held-stays-while-others-are-there", test_held);
  ADD ("who-is-held-and-offline-stays-no-longer", test_held_offline);
  ADD ("who-is-held-no-longer-is-heard-no-later", test_released);
  ADD ("a-wide-network-is-one", test_wide);
  ADD ("a-sender-that-is-called-as-a-wide-network", test_called_as_network);
  ADD ("in-a-wide-network-who-has-most-gives-way", test_neighbours);
  ADD ("this-machine-gives-no-way", test_here);
  ADD ("taken-over-counts-for-another", test_moved);
  ADD ("each-knows-who-has-brought-it", test_signed);
  ADD ("so-it-is-after-a-restart", test_restored);
  ADD ("two-queens-at-once", test_applied);
  ADD ("who-has-few-is-found", test_few);
  g_test_add_func ("/registry/fair/which-network-is-wide", test_network);

  return g_test_run ();
}
