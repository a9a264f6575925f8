/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors
 *
 * What is known of a GPU, and what cannot be. */

#include <math.h>
#include <string.h>

#include "machine/queen-gpu.h"

#define SECOND G_USEC_PER_SEC

static void
test_unknown (void)
{
  g_autoptr (QueenGpu) gpu = queen_gpu_new ("amd", "amdgpu", 0);

  g_assert_cmpint (gpu->known, ==, 0);
  g_assert_false (queen_gpu_knows (gpu, QUEEN_GPU_BUSY));
  queen_gpu_set_busy (gpu, 0);
  g_assert_true (queen_gpu_knows (gpu, QUEEN_GPU_BUSY));
  g_assert_false (queen_gpu_knows (gpu, QUEEN_GPU_BUSY | QUEEN_GPU_POWER));
}

static void
test_impossible (void)
{
  g_autoptr (QueenGpu) gpu = queen_gpu_new ("amd", "amdgpu", 0);

  queen_gpu_set_busy (gpu, 1.01);
  queen_gpu_set_busy (gpu, -0.1);
  queen_gpu_set_busy (gpu, NAN);
  queen_gpu_set_memory_total (gpu, 0);
  queen_gpu_set_memory_total (gpu, G_MAXUINT64);
  queen_gpu_set_memory_used (gpu, G_MAXUINT64);
  queen_gpu_set_temperature (gpu, 511);
  queen_gpu_set_temperature (gpu, NAN);
  queen_gpu_set_power (gpu, -1);
  queen_gpu_set_power (gpu, 4294967.295);
  g_assert_cmpint (gpu->known, ==, 0);
}

/* In whatever order they come. */
static void
test_used_of_total (void)
{
  g_autoptr (QueenGpu) one = queen_gpu_new ("amd", "amdgpu", 0);
  g_autoptr (QueenGpu) two = queen_gpu_new ("amd", "amdgpu", 0);

  queen_gpu_set_memory_used (one, 11);
  queen_gpu_set_memory_total (one, 10);
  queen_gpu_set_memory_total (two, 10);
  queen_gpu_set_memory_used (two, 11);
  g_assert_cmpint (one->known, ==, QUEEN_GPU_MEMORY_TOTAL);
  g_assert_cmpint (two->known, ==, QUEEN_GPU_MEMORY_TOTAL);
  queen_gpu_set_memory_used (two, 10);
  g_assert_true (queen_gpu_knows (two, QUEEN_GPU_MEMORY_USED));
}

static void
test_age (void)
{
  g_autoptr (QueenGpu) gpu = queen_gpu_new ("amd", "amdgpu", 10 * SECOND);

  g_assert_cmpfloat (queen_gpu_get_age (gpu, 10 * SECOND), ==, 0);
  g_assert_cmpfloat (queen_gpu_get_age (gpu, 12 * SECOND + SECOND / 2), ==, 2.5);
  g_assert_cmpfloat (queen_gpu_get_age (gpu, 9 * SECOND), ==, 0);
}

static void
test_processes (void)
{
  g_autoptr (QueenGpu) gpu = queen_gpu_new ("amd", "amdgpu", 0);
  const QueenGpuProcess *found;

  queen_gpu_add_process (gpu, &(QueenGpuProcess){ 7, QUEEN_GPU_MEMORY_USED, 0, 100 });
  queen_gpu_add_process (gpu, &(QueenGpuProcess){ 7, QUEEN_GPU_MEMORY_USED, 0, 90 });
  queen_gpu_add_process (gpu, &(QueenGpuProcess){ 7, QUEEN_GPU_BUSY, 0.5, 0 });
  g_assert_null (queen_gpu_lookup_process (gpu, 7)); /* it was not said that they are known */
  gpu->known |= QUEEN_GPU_PROCESSES;
  found = queen_gpu_lookup_process (gpu, 7);
  g_assert_cmpint (found->known, ==, QUEEN_GPU_MEMORY_USED | QUEEN_GPU_BUSY);
  g_assert_cmpuint (found->memory_used, ==, 100);
  g_assert_cmpfloat (found->busy, ==, 0.5);
  queen_gpu_add_process (gpu, &(QueenGpuProcess){ 8, QUEEN_GPU_MEMORY_USED, 0, G_MAXUINT64 });
  g_assert_cmpint (queen_gpu_lookup_process (gpu, 8)->known, ==, 0);
  for (int i = 1; i <= 2 * QUEEN_GPU_PROCESSES_MAX; i++)
    queen_gpu_add_process (gpu, &(QueenGpuProcess){ i, 0, 0, 0 });
  g_assert_cmpuint (gpu->processes->len, ==, QUEEN_GPU_PROCESSES_MAX);
}

static void
test_copy (void)
{
  QueenGpu *gpu = queen_gpu_new ("amd", "amdgpu", 5);
  g_autoptr (QueenGpu) copy = NULL;

  gpu->name = g_strdup ("one");
  gpu->problem = g_strdup ("none");
  gpu->known = QUEEN_GPU_PROCESSES;
  queen_gpu_add_process (gpu, &(QueenGpuProcess){ 7, 0, 0, 0 });
  copy = queen_gpu_copy (gpu);
  queen_gpu_free (gpu);
  g_assert_cmpstr (copy->name, ==, "one");
  g_assert_cmpstr (copy->problem, ==, "none");
  g_assert_cmpstr (copy->vendor, ==, "amd");
  g_assert_cmpint (copy->read_at, ==, 5);
  g_assert_nonnull (queen_gpu_lookup_process (copy, 7));
}

static void
test_text (void)
{
  static const struct
  {
    const char *bytes;
    gsize size;
    const char *text;
  } cases[] = {
    { "Tesla", 96, "Tesla" },
    { "Tesla", 3, "Tes" },
    { "  Tesla \n", 96, "Tesla" },
    { "", 96, NULL },
    { " \n\t", 96, NULL },
    { "a\x1b[31mb", 96, "a [31mb" },
    { "a\xff", 96, "a\xef\xbf\xbd" },
    { "\xe2\x80\xae"
      "b",
      96, "b" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *text = queen_gpu_text_dup (cases[i].bytes, cases[i].size);

      g_assert_cmpstr (text, ==, cases[i].text);
    }
}

static void
test_pci (void)
{
  static const char *const cases[][2] = {
    { "0000:c1:00.0", "0000:c1:00.0" },
    { "00000000:C1:00.0", "0000:c1:00.0" },
    { "10000:01:1f.7", "10000:01:1f.7" },
    { "c1:00.0", NULL },
    { "", NULL },
    { "0000:c1:00.0 ", NULL },
    { "[N/A]", NULL },
    { "../../../..", NULL },
    { "0000:-3:00.0", NULL },
    { "0000: 3:00.0", NULL },
    { "ffffffff:ff:ff.f", "ffffffff:ff:ff.f" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *pci = queen_gpu_pci_dup (cases[i][0]);

      g_assert_cmpstr (pci, ==, cases[i][1]);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/gpu/unknown-is-not-0", test_unknown);
  g_test_add_func ("/gpu/what-cannot-be-is-unknown", test_impossible);
  g_test_add_func ("/gpu/no-more-is-used-than-there-is", test_used_of_total);
  g_test_add_func ("/gpu/age-grows", test_age);
  g_test_add_func ("/gpu/processes-are-told-of-once", test_processes);
  g_test_add_func ("/gpu/copy-stands-for-itself", test_copy);
  g_test_add_func ("/gpu/texts-are-legible", test_text);
  g_test_add_func ("/gpu/addresses-are-written-in-one-way", test_pci);

  return g_test_run ();
}
