/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors
 *
 * Nobody waits for a driver. */

#include "machine/queen-gpu-reader.h"

#include <dlfcn.h>
#include <stdlib.h>

#include "fake-nvml.h"
#include "machine-tree.h"

#define LIBRARY FAKE_NVML_DIRECTORY "/fake-nvml.so"
#define OFTEN (10 * 1000)                                 /* µs */
#define NEVER (G_GINT64_CONSTANT (3600) * G_USEC_PER_SEC) /* µs */
#define PATIENCE (60 * G_USEC_PER_SEC)                    /* µs: nothing here takes so long */

typedef struct
{
  void *library;
  FakeNvmlSet set_mode;
  FakeNvmlGetHanging get_hanging;
  char *tree;
  char *program;
  QueenGpuPlaces places;
  QueenGpuReader *reader;
  guint n_calls;
  GThread *called_in;
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  f->library = dlopen (LIBRARY, RTLD_NOW | RTLD_LOCAL);
  g_assert_nonnull (f->library);
  *(void **) &f->set_mode = dlsym (f->library, "fake_nvml_set");
  *(void **) &f->get_hanging = dlsym (f->library, "fake_nvml_get_hanging");
  f->set_mode (FAKE_TWO_GPUS);
  f->tree = tree_new ();
  f->places = (QueenGpuPlaces){ .root = f->tree,
                                .nvml = LIBRARY,
                                .nvidia_smi = "/nonexistent/nvidia-smi",
                                .interval = OFTEN,
                                .patience = PATIENCE };
}

/* The library stays: a thread that was left behind may be in it still. */
static void
tear_down (Fixture *f, gconstpointer data)
{
  g_clear_pointer (&f->reader, queen_gpu_reader_free);
  f->set_mode (FAKE_TWO_GPUS);
  g_free (f->program);
  tree_free (f->tree);
}

static void
on_gpus (const GPtrArray *gpus, gpointer data)
{
  Fixture *f = data;

  f->n_calls++;
  f->called_in = g_thread_self ();
  g_assert_true (gpus == queen_gpu_reader_get (f->reader));
}

static void
start (Fixture *f)
{
  f->reader = queen_gpu_reader_new (&f->places, on_gpus, f);
}

static gboolean
on_tick (gpointer data)
{
  return G_SOURCE_CONTINUE;
}

/* Turns the main loop until @condition holds. */
static void
await (gboolean (*condition) (Fixture *f), Fixture *f)
{
  const gint64 deadline = g_get_monotonic_time () + PATIENCE;
  guint tick = g_timeout_add (1, on_tick, NULL);

  while (!condition (f))
    {
      g_assert_cmpint (g_get_monotonic_time (), <, deadline);
      g_main_context_iteration (NULL, TRUE);
    }
  g_source_remove (tick);
}

static gboolean
has_gpus (Fixture *f)
{
  return queen_gpu_reader_get (f->reader) != NULL;
}

static gboolean
was_called_thrice (Fixture *f)
{
  return f->n_calls >= 3;
}

static gboolean
hangs (Fixture *f)
{
  return f->get_hanging () > 0;
}

static const QueenGpu *
get_gpu (Fixture *f, guint index)
{
  GPtrArray *gpus = queen_gpu_reader_get (f->reader);

  g_assert_cmpuint (gpus->len, >, index);
  return gpus->pdata[index];
}

static void
test_reads (Fixture *f, gconstpointer data)
{
  start (f);
  g_assert_null (queen_gpu_reader_get (f->reader)); /* nothing is known at first */
  await (was_called_thrice, f);
  g_assert_true (f->called_in == g_thread_self ());
  g_assert_cmpuint (queen_gpu_reader_get (f->reader)->len, ==, 2);
  g_assert_cmpuint (get_gpu (f, 1)->index, ==, 1);
  g_assert_cmpstr (get_gpu (f, 1)->uuid, ==, "GPU-22222222-bbbb");
  g_assert_cmpfloat (queen_gpu_get_age (get_gpu (f, 0), g_get_monotonic_time ()), <, 60);
}

/* NVIDIA's have the driver's numbers, whatever else there is. */
static void
test_order (Fixture *f, gconstpointer data)
{
  tree_write (f->tree, "sys/class/drm/card0/device/uevent",
              "DRIVER=amdgpu\nPCI_SLOT_NAME=0000:03:00.0\n");
  tree_write (f->tree, "sys/class/drm/card0/device/drm/renderD128/dev", "226:128\n");
  start (f);
  await (has_gpus, f);
  g_assert_cmpuint (queen_gpu_reader_get (f->reader)->len, ==, 3);
  g_assert_cmpstr (get_gpu (f, 0)->source, ==, "nvml");
  g_assert_cmpstr (get_gpu (f, 2)->source, ==, "amdgpu");
  g_assert_cmpuint (get_gpu (f, 2)->index, ==, 2);
}

static void
test_none (Fixture *f, gconstpointer data)
{
  f->places.nvml = "/nonexistent/libnvidia-ml.so.1";
  start (f);
  await (has_gpus, f);
  g_assert_cmpuint (queen_gpu_reader_get (f->reader)->len, ==, 0);
}

/* A list that somebody keeps is the same for ever. */
static void
test_immutable (Fixture *f, gconstpointer data)
{
  g_autoptr (GPtrArray) kept = NULL;

  start (f);
  await (has_gpus, f);
  kept = g_ptr_array_ref (queen_gpu_reader_get (f->reader));
  f->n_calls = 0;
  await (was_called_thrice, f);
  g_assert_true (kept != queen_gpu_reader_get (f->reader));
  g_clear_pointer (&f->reader, queen_gpu_reader_free);
  g_assert_cmpuint (kept->len, ==, 2);
  g_assert_cmpstr (((QueenGpu *) kept->pdata[0])->uuid, ==, "GPU-11111111-aaaa");
}

/* The main loop goes on, and so does the age of what was read. */
static void
test_hangs (Fixture *f, gconstpointer data)
{
  const char *source = NULL;
  gint64 read_at, before;
  guint n_calls;

  start (f);
  await (has_gpus, f);
  f->set_mode (FAKE_HANGS_AT_READ);
  await (hangs, f);
  while (g_main_context_iteration (NULL, FALSE))
    continue;
  n_calls = f->n_calls;
  read_at = get_gpu (f, 0)->read_at;
  g_assert_cmpfloat (get_gpu (f, 0)->busy, ==, 0.93);
  before = queen_gpu_reader_get_wait (f->reader, &source);
  g_assert_cmpstr (source, ==, "nvml");
  g_assert_cmpint (before, >, 0);
  while (queen_gpu_reader_get_wait (f->reader, NULL) < before + 3 * OFTEN)
    g_main_context_iteration (NULL, FALSE);
  g_assert_cmpuint (f->n_calls, ==, n_calls);
  g_assert_cmpint (get_gpu (f, 0)->read_at, ==, read_at);
  g_assert_cmpfloat (queen_gpu_get_age (get_gpu (f, 0), g_get_monotonic_time ()), >=,
                     3 * OFTEN / 1e6);

  f->set_mode (FAKE_TWO_GPUS); /* it answers again */
  f->n_calls = 0;
  await (was_called_thrice, f);
  g_assert_cmpint (get_gpu (f, 0)->read_at, >, read_at);
}

static void
test_hangs_at_first (Fixture *f, gconstpointer data)
{
  const char *source = NULL;

  f->set_mode (FAKE_HANGS_AT_INIT);
  start (f);
  await (hangs, f);
  g_assert_null (queen_gpu_reader_get (f->reader));
  g_assert_cmpint (queen_gpu_reader_get_wait (f->reader, &source), >, 0);
  g_assert_cmpstr (source, ==, "nvml");
  f->set_mode (FAKE_TWO_GPUS);
  await (has_gpus, f);
}

/* Nobody waits for its end either; and when it does end, nobody is called. */
static void
test_free_while_hanging (Fixture *f, gconstpointer data)
{
  const FakeNvmlMode mode = (FakeNvmlMode) GPOINTER_TO_INT (data);
  gint64 before;

  f->set_mode (mode);
  start (f);
  await (hangs, f);
  before = g_get_monotonic_time ();
  g_clear_pointer (&f->reader, queen_gpu_reader_free);
  g_assert_cmpint (g_get_monotonic_time () - before, <, PATIENCE / 10);
  f->n_calls = 0;
  f->set_mode (FAKE_TWO_GPUS);
  for (int i = 0; i < 20; i++)
    {
      g_usleep (1000);
      g_main_context_iteration (NULL, FALSE);
    }
  g_assert_cmpuint (f->n_calls, ==, 0);
}

/* What was handed over, and not fetched yet. */
static void
test_free_before_fetched (Fixture *f, gconstpointer data)
{
  start (f);
  while (!g_main_context_pending (NULL))
    g_usleep (100);
  g_clear_pointer (&f->reader, queen_gpu_reader_free);
  while (g_main_context_iteration (NULL, FALSE))
    continue;
  g_assert_cmpuint (f->n_calls, ==, 0);
}

static void
test_free_at_once (Fixture *f, gconstpointer data)
{
  for (int i = 0; i < 50; i++)
    {
      start (f);
      g_clear_pointer (&f->reader, queen_gpu_reader_free);
    }
  g_assert_cmpuint (f->n_calls, ==, 0);
}

static void
test_interval (Fixture *f, gconstpointer data)
{
  f->places.interval = NEVER;
  start (f);
  await (has_gpus, f);
  g_assert_cmpint (queen_gpu_reader_get_wait (f->reader, NULL), ==, 0);
  for (int i = 0; i < 5; i++)
    {
      queen_gpu_reader_set_interval (f->reader, NEVER);
      g_usleep (3 * OFTEN); /* it waits by now */
      f->n_calls = 0;
      queen_gpu_reader_set_interval (f->reader, OFTEN);
      await (was_called_thrice, f);
    }
}

/* It belongs to the context that it was made in. */
static void
test_context (Fixture *f, gconstpointer data)
{
  g_autoptr (GMainContext) context = g_main_context_new ();

  g_main_context_push_thread_default (context);
  start (f);
  g_main_context_pop_thread_default (context);
  while (!f->n_calls)
    g_main_context_iteration (context, TRUE);
  g_assert_false (g_main_context_pending (NULL));
  g_assert_cmpuint (queen_gpu_reader_get (f->reader)->len, ==, 2);
  g_clear_pointer (&f->reader, queen_gpu_reader_free);
}

static gboolean
has_problem (Fixture *f)
{
  return queen_gpu_reader_get (f->reader) && get_gpu (f, 0)->problem;
}

static gboolean
has_no_problem (Fixture *f)
{
  return !has_problem (f);
}

/* They were there a moment ago: so they are still told of, but not what they do. */
static void
test_lost (Fixture *f, gconstpointer data)
{
  start (f);
  await (has_gpus, f);
  f->set_mode (FAKE_COUNT_FAILS);
  await (has_problem, f);
  g_assert_cmpuint (queen_gpu_reader_get (f->reader)->len, ==, 2);
  g_assert_cmpstr (get_gpu (f, 0)->problem, ==, "NVML error 999");
  g_assert_cmpstr (get_gpu (f, 1)->uuid, ==, "GPU-22222222-bbbb");
  g_assert_cmpint (get_gpu (f, 1)->known, ==, 0);
  f->set_mode (FAKE_TWO_GPUS);
  await (has_no_problem, f);
  g_assert_true (queen_gpu_knows (get_gpu (f, 1), QUEEN_GPU_POWER));
}

/* Where the library may not be loaded, or has no driver, the program may do. */
static void
test_fallback (Fixture *f, gconstpointer data)
{
  f->set_mode (FAKE_NO_DRIVER);
  f->program = tree_script (f->tree, "nvidia-smi",
                            "echo '0, GPU-cc, 00000000:17:00.0, 61, 93, 1, 2, 3, From smi'\n"
                            "exec sleep 600");
  f->places.nvidia_smi = f->program;
  start (f);
  await (has_gpus, f);
  g_assert_cmpstr (get_gpu (f, 0)->source, ==, "nvidia-smi");
  g_assert_cmpstr (get_gpu (f, 0)->name, ==, "From smi");
}

#define ADD(promise, data, function)                                                               \
  g_test_add ("/gpu-reader/" promise, Fixture, data, set_up, function, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  ADD ("reads-again-and-again", NULL, test_reads);
  ADD ("nvidia-s-have-the-driver-s-numbers", NULL, test_order);
  ADD ("no-gpu-is-known-to-be-none", NULL, test_none);
  ADD ("what-was-handed-over-never-changes", NULL, test_immutable);
  ADD ("hung/nobody-waits-and-the-age-grows", NULL, test_hangs);
  ADD ("hung/at-first-nothing-is-known", NULL, test_hangs_at_first);
  ADD ("hung/end-does-not-wait-for-reading", GINT_TO_POINTER (FAKE_HANGS_AT_READ),
       test_free_while_hanging);
  ADD ("hung/end-does-not-wait-for-the-beginning", GINT_TO_POINTER (FAKE_HANGS_AT_INIT),
       test_free_while_hanging);
  ADD ("end/what-was-not-fetched-is-not-told", NULL, test_free_before_fetched);
  ADD ("end/at-once", NULL, test_free_at_once);
  ADD ("interval-is-heeded-at-once", NULL, test_interval);
  ADD ("belongs-to-its-context", NULL, test_context);
  ADD ("lost/keeps-names-and-has-a-reason", NULL, test_lost);
  ADD ("lost/nvidia-smi-does-for-the-library", NULL, test_fallback);

  return g_test_run ();
}
