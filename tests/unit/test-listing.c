/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "model/queen-listing.h"

#include <json-glib/json-glib.h>
#include <malloc.h>
#include <string.h>

#include "fake-clock.h"
#include "model/queen-local-sequencer.h"

#define TIMEOUT 90

typedef struct
{
  QueenEventBus *bus;
  QueenRegistry *registry;
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  const QueenRegistrySettings settings = { &fake_clock, TIMEOUT, 1000, 1000 };

  now = 1;
  f->bus = queen_event_bus_new ();
  g_autoptr (QueenLocalSequencer) sequencer = queen_local_sequencer_new (f->bus, &fake_clock);
  f->registry = queen_registry_new (QUEEN_COMPONENT_WORKER, QUEEN_SEQUENCER (sequencer), &settings);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  g_clear_object (&f->registry);
  g_clear_object (&f->bus);
}

static void
beat (Fixture *f, const char *id, QueenStatus status, const char *model_id)
{
  QueenComponent *worker = queen_component_new (QUEEN_COMPONENT_WORKER);

  worker->id = g_strdup (id);
  worker->status = status;
  worker->model_id = g_strdup (model_id);
  g_assert_true (queen_registry_update (f->registry, worker, NULL, NULL));
}

static void
beat_many (Fixture *f, int first, int n)
{
  for (int i = first; i < first + n; i++)
    {
      g_autofree char *id = g_strdup_printf ("%d", i);

      beat (f, id, QUEEN_STATUS_READY, NULL);
    }
}

/* The list as `a b c of 5 more`; and what its `next` says. */
static char *
read_list (QueenListing *listing, guint64 *next)
{
  g_autoptr (GBytes) bytes = queen_listing_free_to_bytes (listing);
  const char *text = g_bytes_get_data (bytes, NULL);
  g_autoptr (JsonNode) json = json_from_string (text, NULL);
  JsonObject *object = json_node_get_object (json);
  JsonArray *array = json_object_get_array_member (object, "workers");
  GString *ids = g_string_new (NULL);

  g_assert_cmpint (text[g_bytes_get_size (bytes) - 1], ==, '\n');
  for (guint i = 0; i < json_array_get_length (array); i++)
    g_string_append_printf (ids, "%s ",
                            json_object_get_string_member (json_array_get_object_element (array, i),
                                                           "id"));
  g_string_append_printf (ids, "of %d", (int) json_object_get_int_member (object, "total"));
  *next = 0;
  if (!json_object_has_member (object, "next"))
    return g_string_free (ids, FALSE);
  if (json_object_get_null_member (object, "next"))
    g_string_append (ids, " end");
  else
    g_assert_true (queen_listing_parse_next (json_object_get_string_member (object, "next"), next));
  return g_string_free (ids, FALSE);
}

static void
assert_list (Fixture *f, const QueenSelection *selection, const char *ids, guint64 *next)
{
  QueenListing *listing = queen_listing_new (f->registry, selection);
  g_autofree char *listed = NULL;
  guint64 ignored;

  g_assert_true (queen_listing_write (listing, &fake_clock, G_MAXINT64));
  listed = read_list (listing, next ? next : &ignored);
  g_assert_cmpstr (listed, ==, ids);
}

/* What waits counts as long as its text, whatever was asked for. */
static void
test_memory (Fixture *f, gconstpointer data)
{
  static const QueenSelection selections[] = {
    { 0 }, { .limit = 900 }, { .limit = 900, .after = 990 }, { .online = QUEEN_ANSWER_NO }
  };

  beat_many (f, 0, 1000);
  for (gsize i = 0; i < G_N_ELEMENTS (selections); i++)
    {
      QueenListing *listing = queen_listing_new (f->registry, &selections[i]);
      g_autoptr (GBytes) bytes = NULL;
      gsize length;
      char *text;

      g_assert_true (queen_listing_write (listing, &fake_clock, G_MAXINT64));
      bytes = queen_listing_free_to_bytes (listing);
      text = (char *) g_bytes_get_data (bytes, &length);
      g_assert_cmpuint (malloc_usable_size (text), <=, length + 8192);
      g_assert_cmpint (text[length], ==, '\0');
    }
}

static void
test_filters (Fixture *f, gconstpointer data)
{
  g_autoptr (GPtrArray) llama = g_ptr_array_new ();
  g_autoptr (GPtrArray) both = g_ptr_array_new ();
  g_autoptr (GPtrArray) more = g_ptr_array_new ();
  g_autoptr (GPtrArray) hive = g_ptr_array_new ();
  QueenComponent *bee = queen_component_new (QUEEN_COMPONENT_WORKER);
  const struct
  {
    QueenSelection selection;
    const char *ids;
  } rows[] = {
    { { 0 }, "ready busy stopped bee of 4" },
    { { .online = QUEEN_ANSWER_YES }, "ready busy bee of 3" },
    { { .online = QUEEN_ANSWER_NO }, "stopped of 1" },
    { { .online = QUEEN_ANSWER_NO | QUEEN_ANSWER_YES }, "ready busy stopped bee of 4" },
    { { .available = QUEEN_ANSWER_YES }, "ready bee of 2" },
    { { .online = QUEEN_ANSWER_YES, .available = QUEEN_ANSWER_NO }, "busy of 1" },
    { { .model_ids = llama }, "ready stopped of 2" },
    { { .model_ids = llama, .online = QUEEN_ANSWER_YES }, "ready of 1" },
    { { .model_ids = both }, "ready stopped bee of 3" },
    { { .model_ids = more }, "bee of 1" },
    { { .hive_ids = hive }, "bee of 1" },
    { { .hive_ids = hive, .model_ids = llama }, "of 0" },
  };

  g_ptr_array_add (llama, (char *) "llama");
  g_ptr_array_add (both, (char *) "llama");
  g_ptr_array_add (both, (char *) "bee");
  g_ptr_array_add (more, (char *) "more");
  g_ptr_array_add (hive, (char *) "hive-1");
  assert_list (f, &rows[0].selection, "of 0", NULL);
  beat (f, "ready", QUEEN_STATUS_READY, "llama");
  beat (f, "busy", QUEEN_STATUS_BUSY, NULL);
  beat (f, "stopped", QUEEN_STATUS_STOPPED, "llama");
  bee->id = g_strdup ("bee");
  bee->status = QUEEN_STATUS_READY;
  bee->model_id = g_strdup ("bee");
  bee->hive_id = g_strdup ("hive-1");
  bee->vitals = g_memdup2 (&queen_vitals_unsaid, sizeof queen_vitals_unsaid);
  bee->vitals->models = g_strsplit ("even more", " ", -1);
  g_assert_true (queen_registry_update (f->registry, bee, NULL, NULL));
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    assert_list (f, &rows[i].selection, rows[i].ids, NULL);
}

static void
test_pages (Fixture *f, gconstpointer data)
{
  QueenSelection selection = { .limit = 2 };

  assert_list (f, &selection, "of 0 end", NULL);
  beat_many (f, 0, 5);
  assert_list (f, &selection, "0 1 of 5", &selection.after);
  assert_list (f, &selection, "2 3 of 5", &selection.after);
  assert_list (f, &selection, "4 of 5 end", NULL);
  selection.limit = 3; /* the last page may be full */
  assert_list (f, &selection, "4 of 5 end", NULL);
  selection = (QueenSelection){ .limit = 5 };
  assert_list (f, &selection, "0 1 2 3 4 of 5 end", NULL);
  selection.limit = 4;
  assert_list (f, &selection, "0 1 2 3 of 5", &selection.after);
  selection.limit = 0; /* all that is left */
  assert_list (f, &selection, "4 of 5 end", NULL);
}

static void
test_pages_of_some (Fixture *f, gconstpointer data)
{
  QueenSelection selection = { .limit = 2, .online = QUEEN_ANSWER_YES };

  for (int i = 0; i < 6; i++)
    {
      g_autofree char *id = g_strdup_printf ("%d", i);

      beat (f, id, i % 2 ? QUEEN_STATUS_STOPPED : QUEEN_STATUS_READY, NULL);
    }
  assert_list (f, &selection, "0 2 of 3", &selection.after);
  assert_list (f, &selection, "4 of 3 end", NULL);
  beat (f, "3", QUEEN_STATUS_READY, NULL); /* what comes back is where it always was */
  assert_list (f, &selection, "3 4 of 4 end", NULL);
}

static void
test_pages_over_changes (Fixture *f, gconstpointer data)
{
  QueenSelection selection = { .limit = 2 };

  beat_many (f, 0, 6);
  assert_list (f, &selection, "0 1 of 6", &selection.after);
  queen_registry_forget (f->registry, "1", NULL, NULL); /* the one that the page ended with */
  queen_registry_forget (f->registry, "2", NULL, NULL);
  beat_many (f, 6, 1);
  assert_list (f, &selection, "3 4 of 5", &selection.after);
  beat_many (f, 1, 1); /* it comes back, as a newcomer */
  assert_list (f, &selection, "5 6 of 6", &selection.after);
  assert_list (f, &selection, "1 of 6 end", NULL);
  for (int i = 0; i < 7; i++)
    {
      g_autofree char *id = g_strdup_printf ("%d", i);

      queen_registry_forget (f->registry, id, NULL, NULL);
    }
  assert_list (f, &selection, "of 0 end", NULL);
}

static gint64 tick; /* µs that pass with each look at the clock */

static gint64
get_ticking (void)
{
  return now += tick;
}

static const QueenClock ticking_clock = { get_ticking, get_now };

/* The list as it was begun, but for those who were forgotten before they were written. */
static void
test_slices (Fixture *f, gconstpointer data)
{
  const QueenSelection all = { 0 };
  QueenListing *listing;
  g_autofree char *listed = NULL;
  guint64 next;
  guint n_slices = 1;

  tick = 100;
  beat_many (f, 0, 300);
  listing = queen_listing_new (f->registry, &all);
  g_assert_false (queen_listing_write (listing, &ticking_clock, now + 2 * tick));
  queen_registry_forget (f->registry, "0", NULL, NULL);   /* it is written already */
  queen_registry_forget (f->registry, "299", NULL, NULL); /* it is not */
  beat_many (f, 300, 50);                                 /* they have come too late */
  beat_many (f, 0, 1);
  while (!queen_listing_write (listing, &ticking_clock, now + 2 * tick))
    n_slices++;
  g_assert_cmpuint (n_slices, >=, 3);
  listed = read_list (listing, &next);
  g_assert_true (g_str_has_prefix (listed, "0 1 2 "));
  g_assert_true (g_str_has_suffix (listed, " 297 298 of 299"));
}

static void
test_next (void)
{
  static const char *const nonsense[] = {
    "",
    "0",
    "1",
    "0000000000000000",
    "000000000000000g",
    "00000000000000001",
    "+000000000000001",
    "000000000000000A",
    " 00000000000001",
  };
  static const guint64 numbers[] = { 1, 1761336661123456789, G_MAXUINT64 };
  guint64 sequence;

  for (gsize i = 0; i < G_N_ELEMENTS (nonsense); i++)
    g_assert_false (queen_listing_parse_next (nonsense[i], &sequence));
  for (gsize i = 0; i < G_N_ELEMENTS (numbers); i++)
    {
      g_autoptr (GString) text = g_string_new (NULL);

      queen_listing_append_next (text, numbers[i]);
      g_assert_true (queen_listing_parse_next (text->str, &sequence));
      g_assert_cmpuint (sequence, ==, numbers[i]);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define ADD(path, function)                                                                        \
  g_test_add ("/listing/" path, Fixture, NULL, set_up, function, tear_down)

  ADD ("memory/no-more-than-its-text", test_memory);
  ADD ("filters/combine-in-order", test_filters);
  ADD ("pages/all-of-them-end-to-end", test_pages);
  ADD ("pages/of-those-that-match", test_pages_of_some);
  ADD ("pages/go-on-over-changes", test_pages_over_changes);
  ADD ("slices/nobody-twice-whoever-comes-and-goes", test_slices);
  g_test_add_func ("/listing/next/taken-as-it-was-given-and-nothing-else", test_next);

  return g_test_run ();
}
