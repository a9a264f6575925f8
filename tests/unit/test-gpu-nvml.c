/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors
 *
 * GPUs as NVIDIA's library tells of them, which is one of ours here. */

#include <dlfcn.h>
#include <gio/gio.h>

#include "fake-clock.h"
#include "fake-nvml.h"
#include "machine-tree.h"
#include "machine/queen-gpu-source.h"

#define GIGABYTE (G_GUINT64_CONSTANT (1) << 30)
#define NEW FAKE_NVML_DIRECTORY "/fake-nvml.so"
#define OLD FAKE_NVML_DIRECTORY "/fake-nvml-old.so"

typedef struct
{
  void *library;
  FakeNvmlSet set_mode;
  char *tree;
  QueenGpuPlaces places;
  QueenGpuSource *source;
  GPtrArray *gpus;
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  const char *name = data;

  now = 1000 * G_USEC_PER_SEC;
  f->library = dlopen (name, RTLD_NOW | RTLD_LOCAL);
  g_assert_nonnull (f->library);
  *(void **) &f->set_mode = dlsym (f->library, "fake_nvml_set");
  f->set_mode (FAKE_TWO_GPUS);
  f->tree = tree_new ();
  tree_link (f->tree, "proc/self/ns/pid", "pid:[4026531836]");
  tree_write (f->tree, "proc/meminfo", "MemTotal: 1024 kB\nMemAvailable: 256 kB\n");
  f->places = (QueenGpuPlaces){ .root = f->tree, .nvml = name, .clock = &fake_clock };
  f->gpus = g_ptr_array_new_with_free_func ((GDestroyNotify) queen_gpu_free);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  if (f->source)
    f->source->class->free (f->source);
  g_ptr_array_unref (f->gpus);
  tree_free (f->tree);
  dlclose (f->library);
}

/* Returns: the GPUs, which are two. */
static QueenGpu **
read_two (Fixture *f, FakeNvmlMode mode)
{
  g_autoptr (GError) error = NULL;

  f->set_mode (mode);
  if (!f->source)
    f->source = queen_gpu_nvml.probe (&f->places, &error);
  g_assert_no_error (error);
  g_ptr_array_set_size (f->gpus, 0);
  g_assert_true (f->source->class->read (f->source, f->gpus, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (f->gpus->len, ==, 2);
  return (QueenGpu **) f->gpus->pdata;
}

static void
test_all (Fixture *f, gconstpointer data)
{
  QueenGpu **gpus = read_two (f, FAKE_TWO_GPUS);

  g_assert_cmpstr (gpus[0]->vendor, ==, "nvidia");
  g_assert_cmpstr (gpus[0]->source, ==, "nvml");
  g_assert_cmpstr (gpus[0]->name, ==, "NVIDIA H100 80GB HBM3");
  g_assert_cmpstr (gpus[0]->uuid, ==, "GPU-11111111-aaaa");
  g_assert_cmpstr (gpus[0]->pci, ==, "0000:17:00.0");
  g_assert_true (queen_gpu_knows (gpus[0], QUEEN_GPU_BUSY | QUEEN_GPU_MEMORY_USED |
                                               QUEEN_GPU_MEMORY_TOTAL | QUEEN_GPU_TEMPERATURE |
                                               QUEEN_GPU_POWER | QUEEN_GPU_PROCESSES));
  g_assert_cmpfloat (gpus[0]->busy, ==, 0.93);
  g_assert_cmpuint (gpus[0]->memory_used, ==, 22 * GIGABYTE); /* without what is reserved */
  g_assert_cmpuint (gpus[0]->memory_total, ==, 80 * GIGABYTE);
  g_assert_cmpfloat (gpus[0]->temperature, ==, 61);
  g_assert_cmpfloat (gpus[0]->power, ==, 280.5);
  g_assert_cmpint (gpus[0]->read_at, ==, now);
  g_assert_false (gpus[0]->is_unified || gpus[0]->is_partitioned || gpus[0]->is_asleep);
  g_assert_null (gpus[0]->problem);

  g_assert_cmpstr (gpus[1]->name, ==, "NVIDIA GeForce RTX 4090");
  g_assert_true (gpus[1]->is_partitioned);
  g_assert_true (queen_gpu_knows (gpus[1], QUEEN_GPU_BUSY));
  g_assert_cmpfloat (gpus[1]->busy, ==, 0); /* which is known here */
}

static void
check_processes (const QueenGpu *gpu)
{
  const QueenGpuProcess *one, *two, *three, *four;

  g_assert_cmpuint (gpu->processes->len, ==, 4);
  one = queen_gpu_lookup_process (gpu, 4001);
  two = queen_gpu_lookup_process (gpu, 4002);
  three = queen_gpu_lookup_process (gpu, 4003);
  four = queen_gpu_lookup_process (gpu, 4100);
  g_assert_true (one && two && three && four);
  g_assert_cmpuint (one->memory_used, ==, 9 * GIGABYTE);
  g_assert_cmpfloat (one->busy, ==, 0.7);
  g_assert_false (two->known & QUEEN_GPU_MEMORY_USED);
  g_assert_true (two->known & QUEEN_GPU_BUSY);
  g_assert_cmpfloat (two->busy, ==, 0);
  g_assert_cmpuint (three->memory_used, ==, GIGABYTE);
  g_assert_cmpuint (four->memory_used, ==, 2 * GIGABYTE);
}

static void
test_processes (Fixture *f, gconstpointer data)
{
  QueenGpu **gpus = read_two (f, FAKE_TWO_GPUS);

  check_processes (gpus[0]);
  g_assert_true (queen_gpu_knows (gpus[1], QUEEN_GPU_PROCESSES));
  g_assert_cmpuint (gpus[1]->processes->len, ==, 0);
  gpus = read_two (f, FAKE_LONG_PROCESSES);
  check_processes (gpus[0]);
}

/* The driver has the machine's pids, which mean others here. */
static void
test_container (Fixture *f, gconstpointer data)
{
  QueenGpu **gpus;

  tree_link (f->tree, "proc/self/ns/pid", "pid:[4026532000]");
  gpus = read_two (f, FAKE_TWO_GPUS);
  g_assert_false (queen_gpu_knows (gpus[0], QUEEN_GPU_PROCESSES));
  g_assert_null (queen_gpu_lookup_process (gpus[0], 4001));
  g_assert_cmpuint (gpus[0]->processes->len, ==, 0);
}

static void
test_old (Fixture *f, gconstpointer data)
{
  QueenGpu **gpus = read_two (f, FAKE_TWO_GPUS);

  g_assert_cmpfloat (gpus[0]->busy, ==, 0.93);
  g_assert_cmpuint (gpus[0]->memory_used, ==, 23 * GIGABYTE);
  g_assert_cmpstr (gpus[0]->uuid, ==, "GPU-11111111-aaaa");
  g_assert_null (gpus[0]->pci);
  g_assert_true (queen_gpu_knows (gpus[0], QUEEN_GPU_PROCESSES));
  g_assert_cmpuint (gpus[0]->processes->len, ==, 2);
  g_assert_cmpuint (queen_gpu_lookup_process (gpus[0], 4001)->memory_used, ==, 9 * GIGABYTE);
  g_assert_cmpint (queen_gpu_lookup_process (gpus[0], 4001)->known, ==, QUEEN_GPU_MEMORY_USED);
}

/* Unknown, and not 0; a GPU without a memory of its own has the machine's. */
static void
test_not_supported (Fixture *f, gconstpointer data)
{
  QueenGpu **gpus = read_two (f, FAKE_NOT_SUPPORTED);

  for (int i = 0; i < 2; i++)
    {
      g_assert_cmpint (gpus[i]->known, ==, QUEEN_GPU_MEMORY_USED | QUEEN_GPU_MEMORY_TOTAL);
      g_assert_true (gpus[i]->is_unified);
      g_assert_cmpuint (gpus[i]->memory_total, ==, 1024 * 1024);
      g_assert_cmpuint (gpus[i]->memory_used, ==, 768 * 1024);
      g_assert_null (gpus[i]->name);
      g_assert_null (gpus[i]->problem);
    }
  tree_remove (f->tree, "proc/meminfo");
  gpus = read_two (f, FAKE_NOT_SUPPORTED);
  g_assert_cmpint (gpus[0]->known, ==, 0);
  g_assert_false (gpus[0]->is_unified);
  gpus = read_two (f, FAKE_TWO_GPUS); /* it says more later */
  g_assert_cmpstr (gpus[0]->name, ==, "NVIDIA H100 80GB HBM3");
}

/* The other one goes on, and this one is still called what it is. */
static void
test_lost (Fixture *f, gconstpointer data)
{
  static const FakeNvmlMode modes[] = { FAKE_ONE_IS_LOST, FAKE_NO_HANDLE };
  QueenGpu **gpus = read_two (f, FAKE_TWO_GPUS);

  for (guint i = 0; i < G_N_ELEMENTS (modes); i++)
    {
      gpus = read_two (f, modes[i]);
      g_assert_cmpfloat (gpus[0]->busy, ==, 0.93);
      g_assert_cmpint (gpus[1]->known, ==, 0);
      g_assert_cmpstr (gpus[1]->problem, ==, "GPU is lost");
      g_assert_cmpstr (gpus[1]->name, ==, "NVIDIA GeForce RTX 4090");
      g_assert_cmpstr (gpus[1]->uuid, ==, "GPU-22222222-bbbb");
    }
  gpus = read_two (f, FAKE_TWO_GPUS);
  g_assert_null (gpus[1]->problem);
  g_assert_true (queen_gpu_knows (gpus[1], QUEEN_GPU_POWER));
}

/* What was number 1 is number 0 now. */
static void
test_gone (Fixture *f, gconstpointer data)
{
  read_two (f, FAKE_TWO_GPUS);
  f->set_mode (FAKE_ONE_IS_GONE);
  g_ptr_array_set_size (f->gpus, 0);
  g_assert_true (f->source->class->read (f->source, f->gpus, NULL));
  g_assert_cmpuint (f->gpus->len, ==, 1);
  g_assert_cmpstr (((QueenGpu *) f->gpus->pdata[0])->uuid, ==, "GPU-22222222-bbbb");
}

static void
test_garbage (Fixture *f, gconstpointer data)
{
  QueenGpu **gpus = read_two (f, FAKE_GARBAGE);

  g_assert_cmpint (gpus[0]->known, ==, QUEEN_GPU_MEMORY_TOTAL);
  g_assert_true (g_utf8_validate (gpus[0]->name, -1, NULL));
  g_assert_cmpuint (strlen (gpus[0]->name), <, 256);
  g_assert_cmpuint (gpus[0]->processes->len, ==, 0);
}

/* Each may cost a question to a driver that is slow. */
static void
test_many (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  read_two (f, FAKE_TWO_GPUS);
  for (int i = 0; i < 2; i++)
    {
      f->set_mode (FAKE_MANY);
      g_ptr_array_set_size (f->gpus, 0);
      g_assert_true (f->source->class->read (f->source, f->gpus, &error));
      g_assert_no_error (error);
      g_assert_cmpuint (f->gpus->len, ==, QUEEN_GPU_MAX);
    }
  g_assert_cmpstr (read_two (f, FAKE_TWO_GPUS)[0]->name, ==, "NVIDIA H100 80GB HBM3");
}

/* Only the first question would wake it: from then on its address is known. */
static void
test_asleep (Fixture *f, gconstpointer data)
{
  QueenGpu **gpus = read_two (f, FAKE_TWO_GPUS);

  tree_write (f->tree, "sys/bus/pci/devices/0000:c1:00.0/power/runtime_status", "suspended\n");
  tree_write (f->tree, "sys/bus/pci/devices/0000:17:00.0/power/runtime_status", "active\n");
  gpus = read_two (f, FAKE_TWO_GPUS);
  g_assert_false (gpus[0]->is_asleep);
  g_assert_true (gpus[1]->is_asleep);
  g_assert_cmpint (gpus[1]->known, ==, QUEEN_GPU_BUSY);
  g_assert_cmpfloat (gpus[1]->busy, ==, 0);
  g_assert_cmpstr (gpus[1]->name, ==, "NVIDIA GeForce RTX 4090");
}

static void
test_failure (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  read_two (f, FAKE_TWO_GPUS);
  f->set_mode (FAKE_COUNT_FAILS);
  g_ptr_array_set_size (f->gpus, 0);
  g_assert_false (f->source->class->read (f->source, f->gpus, &error));
  g_assert_cmpstr (error->message, ==, "NVML error 999");
  g_assert_cmpuint (f->gpus->len, ==, 0);
}

static void
test_no_driver (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  f->set_mode (FAKE_NO_DRIVER);
  g_assert_null (queen_gpu_nvml.probe (&f->places, &error));
  g_assert_nonnull (strstr (error->message, "Driver Not Loaded"));
}

/* Not there, not that library, and no library at all. */
static void
test_no_library (Fixture *f, gconstpointer data)
{
  static const char *const names[] = { "libnvidia-ml.so.nonexistent", "libm.so.6", "/proc/self/exe",
                                       "/dev/null" };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autoptr (GError) error = NULL;

      f->places.nvml = names[i];
      g_assert_null (queen_gpu_nvml.probe (&f->places, &error));
      g_assert_nonnull (error);
    }
}

#define ADD(promise, library, function)                                                            \
  g_test_add ("/gpu-nvml/" promise, Fixture, library, set_up, function, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  ADD ("all-that-it-tells", NEW, test_all);
  ADD ("processes-in-each-form-that-drivers-write", NEW, test_processes);
  ADD ("processes-of-the-machine-are-unknown-in-a-container", NEW, test_container);
  ADD ("old-library-tells-what-it-can", OLD, test_old);
  ADD ("not-supported-is-unknown-and-memory-the-machine-s", NEW, test_not_supported);
  ADD ("not-supported-by-an-old-library", OLD, test_not_supported);
  ADD ("lost-gpu-has-a-name-and-a-reason-but-no-values", NEW, test_lost);
  ADD ("gpu-that-is-gone-does-not-leave-its-name-behind", NEW, test_gone);
  ADD ("garbage-is-unknown", NEW, test_garbage);
  ADD ("more-than-there-can-be-are-not-all-asked", NEW, test_many);
  ADD ("sleeping-gpu-is-not-woken", NEW, test_asleep);
  ADD ("failure-has-a-reason", NEW, test_failure);
  ADD ("no-driver-has-a-reason", NEW, test_no_driver);
  ADD ("no-library-has-a-reason", NEW, test_no_library);

  return g_test_run ();
}
