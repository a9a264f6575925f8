/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* Lists for who takes gzip: the same ones, compressed once, and nobody waits for that. */

#include "model/queen-lister.h"

#include <gio/gio.h>

#include "fake-clock.h"
#include "model/queen-local-sequencer.h"

#define FEW 10
#define MANY 3000 /* so that it is made, and compressed, in slices */

static const QueenSelection as_json;
static const QueenSelection as_gzip = { .wants_gzip = TRUE };
static const QueenSelection online = { .online = QUEEN_ANSWER_YES, .wants_gzip = TRUE };

typedef struct
{
  QueenRegistry *workers;
  QueenLister *lister;
  GPtrArray *given; /* of QueenList, to those who had ordered */
  GPtrArray *kept;  /* of GBytes */
} Fixture;

static gint64
get_ticking (void)
{
  return now += 500;
}

static const QueenClock ticking_clock = { get_ticking, get_now };

static void
beat (Fixture *f, int number, QueenStatus status)
{
  QueenComponent *worker = queen_component_new (QUEEN_COMPONENT_WORKER);

  worker->id = g_strdup_printf ("worker-%d", number);
  worker->status = status;
  g_assert_true (queen_registry_update (f->workers, worker, NULL, NULL));
}

static void
on_kept (GBytes *list, gboolean is_kept, gpointer data)
{
  Fixture *f = data;

  if (is_kept)
    g_ptr_array_add (f->kept, list);
  else
    g_assert_true (g_ptr_array_remove (f->kept, list));
}

static void
set_up (Fixture *f, gconstpointer n_workers)
{
  const QueenRegistrySettings settings = { &fake_clock, G_MAXINT64 / 2, G_MAXINT64 / 2, 100000 };
  g_autoptr (QueenEventBus) bus = queen_event_bus_new ();
  g_autoptr (QueenLocalSequencer) sequencer = queen_local_sequencer_new (bus, &fake_clock);

  now = 1;
  f->workers = queen_registry_new (QUEEN_COMPONENT_WORKER, QUEEN_SEQUENCER (sequencer), &settings);
  f->lister = queen_lister_new (&ticking_clock);
  f->given = g_ptr_array_new_with_free_func ((GDestroyNotify) queen_list_unref);
  f->kept = g_ptr_array_new ();
  queen_lister_set_kept_func (f->lister, on_kept, f);
  for (int i = 0; i < GPOINTER_TO_INT (n_workers); i++)
    beat (f, i, QUEEN_STATUS_READY);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  queen_lister_free (f->lister);
  g_assert_cmpuint (f->kept->len, ==, 0);
  g_ptr_array_unref (f->kept);
  g_ptr_array_unref (f->given);
  g_clear_object (&f->workers);
}

static void
on_list (QueenList *list, gpointer data)
{
  g_ptr_array_add (((Fixture *) data)->given, queen_list_ref (list));
}

static QueenOrder *
order (Fixture *f, const QueenSelection *selection)
{
  g_assert_null (queen_lister_list (f->lister, f->workers, selection));
  return queen_lister_order (f->lister, f->workers, selection, "one", on_list, f, NULL);
}

/* Returns: in how many turns */
static guint
work (void)
{
  guint n_turns = 0;

  while (g_main_context_iteration (NULL, FALSE))
    n_turns++;
  return n_turns;
}

static void
assert_same (const QueenList *list)
{
  g_autoptr (GConverter) unpacker =
      G_CONVERTER (g_zlib_decompressor_new (G_ZLIB_COMPRESSOR_FORMAT_GZIP));
  g_autoptr (GInputStream) packed = g_memory_input_stream_new_from_bytes (list->packed);
  g_autoptr (GInputStream) input = g_converter_input_stream_new (packed, unpacker);
  g_autoptr (GOutputStream) output = g_memory_output_stream_new_resizable ();
  g_autoptr (GBytes) text = NULL;
  g_autoptr (GError) error = NULL;

  g_output_stream_splice (output, input, G_OUTPUT_STREAM_SPLICE_CLOSE_TARGET, NULL, &error);
  g_assert_no_error (error);
  text = g_memory_output_stream_steal_as_bytes (G_MEMORY_OUTPUT_STREAM (output));
  g_assert_true (g_bytes_equal (text, list->json));
  g_assert_cmpuint (g_bytes_get_size (list->packed), <, g_bytes_get_size (list->json) / 3);
}

static void
test_few (Fixture *f, gconstpointer data)
{
  g_autoptr (QueenList) plain = queen_lister_list (f->lister, f->workers, &as_json);
  g_autoptr (QueenList) packed = NULL;
  g_autoptr (QueenList) again = NULL;
  g_autoptr (GBytes) bytes = NULL;

  g_assert_null (plain->packed);
  packed = queen_lister_list (f->lister, f->workers, &as_gzip);
  g_assert_true (packed == plain);
  assert_same (packed);
  bytes = g_bytes_ref (packed->packed);
  again = queen_lister_list (f->lister, f->workers, &as_gzip);
  g_assert_true (again->packed == bytes);
  g_assert_cmpuint (queen_lister_get_n_made (f->lister), ==, 1);
}

static void
test_short (Fixture *f, gconstpointer data)
{
  g_autoptr (QueenList) list = queen_lister_list (f->lister, f->workers, &as_gzip);

  g_assert_nonnull (list);
  g_assert_null (list->packed);
}

/* In slices of 2 ms, or four looks at the clock. */
static void
test_slices (Fixture *f, gconstpointer data)
{
  guint n_turns;

  order (f, &as_json);
  work ();
  order (f, &as_gzip);
  order (f, &as_gzip);
  n_turns = work ();
  g_assert_cmpuint (n_turns, >, 10);
  g_assert_cmpuint (f->given->len, ==, 3);
  g_assert_true (f->given->pdata[1] == f->given->pdata[0]);
  g_assert_true (f->given->pdata[2] == f->given->pdata[0]);
  assert_same (f->given->pdata[0]);
  g_assert_cmpuint (queen_lister_get_n_made (f->lister), ==, 1);
}

/* Who takes it as it is has it as soon as it is whole. */
static void
test_json_first (Fixture *f, gconstpointer data)
{
  g_autoptr (QueenList) list = NULL;

  order (f, &as_gzip);
  while (!list)
    {
      g_assert_true (g_main_context_iteration (NULL, FALSE));
      list = queen_lister_list (f->lister, f->workers, &as_json);
    }
  g_assert_cmpuint (f->given->len, ==, 0);
  g_assert_null (list->packed);
  work ();
  g_assert_cmpuint (f->given->len, ==, 1);
  g_assert_true (f->given->pdata[0] == list);
  assert_same (list);
}

/* It is not made twice when both are asked for at once. */
static void
test_both (Fixture *f, gconstpointer data)
{
  order (f, &as_gzip);
  order (f, &as_json);
  work ();
  g_assert_cmpuint (f->given->len, ==, 2);
  g_assert_true (f->given->pdata[1] == f->given->pdata[0]);
  g_assert_cmpuint (queen_lister_get_n_made (f->lister), ==, 1);
}

static void
test_own (Fixture *f, gconstpointer data)
{
  order (f, &online);
  work ();
  assert_same (f->given->pdata[0]);
  g_assert_cmpuint (f->kept->len, ==, 0);
}

/* What was compressed for one who has gone is not compressed again. */
static void
test_cancelled (Fixture *f, gconstpointer data)
{
  QueenOrder *first;
  guint n_rest;

  order (f, &as_json);
  work ();
  first = order (f, &as_gzip);
  for (guint i = 0; i < 3; i++)
    g_main_context_iteration (NULL, FALSE);
  g_assert_cmpuint (f->given->len, ==, 1);
  queen_order_cancel (first);
  work ();
  order (f, &as_gzip);
  n_rest = work ();
  g_assert_cmpuint (f->given->len, ==, 2);
  assert_same (f->given->pdata[1]);
  order (f, &online);
  g_assert_cmpuint (n_rest, <, work ());
}

static void
test_kept (Fixture *f, gconstpointer data)
{
  g_autoptr (QueenList) list = queen_lister_list (f->lister, f->workers, &as_gzip);
  g_autoptr (QueenList) next = NULL;
  gsize n_bytes = g_bytes_get_size (list->json) + g_bytes_get_size (list->packed);

  g_assert_cmpuint (f->kept->len, ==, 2);
  g_assert_true (g_ptr_array_find (f->kept, list->packed, NULL));
  g_assert_cmpuint (queen_lister_get_n_bytes (f->lister), ==, n_bytes);
  beat (f, 0, QUEEN_STATUS_BUSY);
  next = queen_lister_list (f->lister, f->workers, &as_json);
  g_assert_cmpuint (f->kept->len, ==, 1);
  now += 11 * G_USEC_PER_SEC;
  work ();
  g_assert_cmpuint (f->kept->len, ==, 0);
  g_assert_cmpuint (queen_lister_get_n_bytes (f->lister), ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define ADD(path, n_workers, function)                                                             \
  g_test_add ("/lister/gzip/" path, Fixture, GINT_TO_POINTER (n_workers), set_up, function,        \
              tear_down)

  ADD ("few/at-once-and-once-for-all", FEW, test_few);
  ADD ("short/as-it-is", 1, test_short);
  ADD ("many/in-slices-once-for-all", MANY, test_slices);
  ADD ("many/nobody-else-waits-for-it", MANY, test_json_first);
  ADD ("many/one-list-for-both", MANY, test_both);
  ADD ("own/compressed-too", MANY, test_own);
  ADD ("cancelled/goes-on-where-it-was", MANY, test_cancelled);
  ADD ("kept/counted-and-dropped-with-its-list", FEW, test_kept);

  return g_test_run ();
}
