/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors
 *
 * GPUs as the kernel tells of them, in files as its documentation describes them: amdgpu (driver
 * api, “GPU sysfs”), i915 and xe (ABI/testing/sysfs-driver-intel-*-hwmon), drm-usage-stats. */

#include <gio/gio.h>
#include <string.h>

#include "fake-clock.h"
#include "machine-tree.h"
#include "machine/queen-gpu-source.h"

#define SECOND G_USEC_PER_SEC
#define MEGABYTE (G_GUINT64_CONSTANT (1) << 20)
#define GIGABYTE (G_GUINT64_CONSTANT (1) << 30)
#define AMD "sys/class/drm/card0/device/"
#define INTEL "sys/class/drm/card1/device/"

typedef struct
{
  char *tree;
  QueenGpuPlaces places;
  QueenGpuSource *source;
  GPtrArray *gpus;
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  now = 1000 * SECOND;
  f->tree = tree_new ();
  tree_link (f->tree, "proc/self/ns/pid", "pid:[4026531836]");
  f->places = (QueenGpuPlaces){ .root = f->tree, .clock = &fake_clock };
  f->gpus = g_ptr_array_new_with_free_func ((GDestroyNotify) queen_gpu_free);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  if (f->source)
    f->source->class->free (f->source);
  g_ptr_array_unref (f->gpus);
  tree_free (f->tree);
}

/* Returns: the GPUs, which are @n. */
static QueenGpu **
read_some (Fixture *f, guint n)
{
  g_autoptr (GError) error = NULL;

  if (!f->source)
    f->source = queen_gpu_drm.probe (&f->places, &error);
  g_assert_no_error (error);
  g_ptr_array_set_size (f->gpus, 0);
  g_assert_true (f->source->class->read (f->source, f->gpus, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (f->gpus->len, ==, n);
  return (QueenGpu **) f->gpus->pdata;
}

static void
add_amd (Fixture *f)
{
  tree_write (f->tree, AMD "uevent",
              "DRIVER=amdgpu\nPCI_CLASS=38000\nPCI_ID=1002:744C\nPCI_SUBSYS_ID=1DA2:471E\n"
              "PCI_SLOT_NAME=0000:03:00.0\nMODALIAS=pci:v1\n");
  tree_write (f->tree, AMD "drm/renderD128/dev", "226:128\n");
  tree_write (f->tree, AMD "gpu_busy_percent", "87\n");
  tree_write (f->tree, AMD "mem_info_vram_total", "25753026560\n");
  tree_write (f->tree, AMD "mem_info_vram_used", "21474836480\n");
  tree_write (f->tree, AMD "mem_info_gtt_total", "67420762112\n");
  tree_write (f->tree, AMD "mem_info_gtt_used", "17301504\n");
  tree_write (f->tree, AMD "unique_id", "f4b9b8f8b5b8d3a0\n");
  tree_write (f->tree, AMD "power/runtime_status", "active\n");
  tree_write (f->tree, AMD "hwmon/hwmon3/name", "amdgpu\n");
  tree_write (f->tree, AMD "hwmon/hwmon3/temp1_input", "54000\n");
  tree_write (f->tree, AMD "hwmon/hwmon3/power1_average", "312000000\n");
}

static void
test_amd (Fixture *f, gconstpointer data)
{
  QueenGpu *gpu;

  add_amd (f);
  tree_write (f->tree, "usr/share/misc/pci.ids",
              "# comment\n1001  Kolter\n\t744c  Something else\n1002  AMD/ATI\n"
              "\t744b  Another\n\t744c  Navi 31 [Radeon RX 7900 XTX]\n\t\t1da2 471e  Nitro+\n");
  gpu = read_some (f, 1)[0];
  g_assert_cmpstr (gpu->vendor, ==, "amd");
  g_assert_cmpstr (gpu->source, ==, "amdgpu");
  g_assert_cmpstr (gpu->name, ==, "Navi 31 [Radeon RX 7900 XTX]");
  g_assert_cmpstr (gpu->uuid, ==, "f4b9b8f8b5b8d3a0");
  g_assert_cmpstr (gpu->pci, ==, "0000:03:00.0");
  g_assert_true (queen_gpu_knows (gpu, QUEEN_GPU_BUSY | QUEEN_GPU_MEMORY_USED |
                                           QUEEN_GPU_MEMORY_TOTAL | QUEEN_GPU_TEMPERATURE |
                                           QUEEN_GPU_POWER | QUEEN_GPU_PROCESSES));
  g_assert_cmpfloat (gpu->busy, ==, 0.87);
  g_assert_cmpuint (gpu->memory_total, ==, G_GUINT64_CONSTANT (25753026560));
  g_assert_cmpuint (gpu->memory_used, ==, 20 * GIGABYTE);
  g_assert_cmpfloat (gpu->temperature, ==, 54);
  g_assert_cmpfloat (gpu->power, ==, 312);
  g_assert_cmpint (gpu->read_at, ==, now);
  g_assert_false (gpu->is_unified || gpu->is_asleep);
}

/* A processor with a GPU in it says so by the form of its metrics; what models are in is the
 * machine's memory then. */
static void
test_apu (Fixture *f, gconstpointer data)
{
  QueenGpu *gpu;

  add_amd (f);
  tree_write (f->tree, AMD "mem_info_vram_total", "536870912\n");
  tree_write (f->tree, AMD "mem_info_vram_used", "268435456\n");
  tree_write (f->tree, AMD "gpu_metrics", "\x78\x01\x03\x01");
  gpu = read_some (f, 1)[0];
  g_assert_true (gpu->is_unified);
  g_assert_cmpuint (gpu->memory_total, ==, G_GUINT64_CONSTANT (67420762112 + 536870912));
  g_assert_cmpuint (gpu->memory_used, ==, 17301504 + 268435456);
  tree_remove (f->tree, AMD "mem_info_gtt_used");
  g_assert_false (queen_gpu_knows (read_some (f, 1)[0], QUEEN_GPU_MEMORY_USED));
}

/* Files that are missing, that answer with an error, that have something else in them. */
static void
test_unknown (Fixture *f, gconstpointer data)
{
  QueenGpu *gpu;

  add_amd (f);
  tree_break (f->tree, AMD "gpu_busy_percent");
  tree_write (f->tree, AMD "mem_info_vram_used", "\n");
  tree_write (f->tree, AMD "mem_info_vram_total", "99999999999999999999\n");
  tree_write (f->tree, AMD "hwmon/hwmon3/temp1_input", "511000\n");
  tree_remove (f->tree, AMD "hwmon/hwmon3/power1_average");
  tree_write (f->tree, AMD "unique_id", "\n");
  gpu = read_some (f, 1)[0];
  g_assert_cmpint (gpu->known, ==, QUEEN_GPU_PROCESSES);
  g_assert_null (gpu->name);
  g_assert_null (gpu->uuid);

  tree_write (f->tree, AMD "hwmon/hwmon3/power1_input", "45000000\n");
  tree_break (f->tree, AMD "hwmon/hwmon3/temp1_input");
  tree_write (f->tree, AMD "hwmon/hwmon3/temp2_input", "61000\n");
  gpu = read_some (f, 1)[0];
  g_assert_cmpfloat (gpu->power, ==, 45);
  g_assert_cmpfloat (gpu->temperature, ==, 61);
}

static void
test_asleep (Fixture *f, gconstpointer data)
{
  QueenGpu *gpu;

  add_amd (f);
  tree_write (f->tree, AMD "power/runtime_status", "suspended\n");
  gpu = read_some (f, 1)[0];
  g_assert_true (gpu->is_asleep);
  g_assert_cmpint (gpu->known, ==, QUEEN_GPU_BUSY | QUEEN_GPU_PROCESSES);
  g_assert_cmpfloat (gpu->busy, ==, 0);
  g_assert_cmpstr (gpu->uuid, ==, "f4b9b8f8b5b8d3a0");
}

static void
add_intel (Fixture *f, const char *driver)
{
  g_autofree char *uevent =
      g_strdup_printf ("DRIVER=%s\nPCI_ID=8086:56A0\nPCI_SLOT_NAME=0000:04:00.0\n", driver);
  g_autofree char *name = g_strdup_printf ("%s\n", driver);

  tree_write (f->tree, INTEL "uevent", uevent);
  tree_write (f->tree, INTEL "drm/renderD129/dev", "226:129\n");
  tree_write (f->tree, INTEL "hwmon/hwmon4/name", "i915_gt0\n");
  tree_write (f->tree, INTEL "hwmon/hwmon4/energy1_input", "5\n");
  tree_write (f->tree, INTEL "hwmon/hwmon5/name", name);
  tree_write (f->tree, INTEL "hwmon/hwmon5/energy1_input", "1000000000\n");
  tree_write (f->tree, INTEL "hwmon/hwmon5/power1_max", "190000000\n");
}

/* The power is what was used between two readings, and so is how busy it was. */
static void
test_i915 (Fixture *f, gconstpointer data)
{
  QueenGpu *gpu;

  add_intel (f, "i915");
  tree_write (f->tree, "sys/class/drm/card1/gt/gt0/rc6_enable", "1\n");
  tree_write (f->tree, "sys/class/drm/card1/gt/gt0/rc6_residency_ms", "100000\n");
  gpu = read_some (f, 1)[0];
  g_assert_cmpstr (gpu->vendor, ==, "intel");
  g_assert_cmpstr (gpu->source, ==, "i915");
  g_assert_false (gpu->known & (QUEEN_GPU_POWER | QUEEN_GPU_MEMORY_TOTAL | QUEEN_GPU_TEMPERATURE));

  now += 10 * SECOND;
  tree_write (f->tree, INTEL "hwmon/hwmon5/energy1_input", "2500000000\n");
  gpu = read_some (f, 1)[0];
  g_assert_true (queen_gpu_knows (gpu, QUEEN_GPU_POWER));
  g_assert_cmpfloat_with_epsilon (gpu->power, 150, 0.001);

  tree_write (f->tree, INTEL "hwmon/hwmon5/energy1_input", "5\n"); /* it began anew */
  now += SECOND;
  g_assert_false (queen_gpu_knows (read_some (f, 1)[0], QUEEN_GPU_POWER));
}

/* Nobody but root sees what all use, so how long it slept has to do. */
static void
test_residency (Fixture *f, gconstpointer data)
{
  QueenGpu *gpu;

  if (data)
    {
      add_intel (f, "xe");
      tree_write (f->tree, INTEL "tile0/gt0/gtidle/idle_residency_ms", "100000\n");
    }
  else
    {
      add_intel (f, "i915");
      tree_write (f->tree, "sys/class/drm/card1/gt/gt0/rc6_enable", "1\n");
      tree_write (f->tree, "sys/class/drm/card1/gt/gt0/rc6_residency_ms", "100000\n");
    }
  tree_link (f->tree, "proc/self/ns/pid", "pid:[4026532001]");
  g_assert_false (queen_gpu_knows (read_some (f, 1)[0], QUEEN_GPU_BUSY));
  now += 10 * SECOND;
  tree_write (f->tree,
              data ? INTEL "tile0/gt0/gtidle/idle_residency_ms"
                   : "sys/class/drm/card1/gt/gt0/rc6_residency_ms",
              "107500\n");
  gpu = read_some (f, 1)[0];
  g_assert_true (queen_gpu_knows (gpu, QUEEN_GPU_BUSY));
  g_assert_cmpfloat_with_epsilon (gpu->busy, 0.25, 0.0001);
}

/* It never sleeps then, and is not busy for that. */
static void
test_no_residency (Fixture *f, gconstpointer data)
{
  add_intel (f, "i915");
  tree_link (f->tree, "proc/self/ns/pid", "pid:[4026532001]");
  tree_write (f->tree, "sys/class/drm/card1/gt/gt0/rc6_enable", "0\n");
  tree_write (f->tree, "sys/class/drm/card1/gt/gt0/rc6_residency_ms", "0\n");
  read_some (f, 1);
  now += 10 * SECOND;
  g_assert_false (queen_gpu_knows (read_some (f, 1)[0], QUEEN_GPU_BUSY));
}

static void
test_xe_temperature (Fixture *f, gconstpointer data)
{
  add_intel (f, "xe");
  tree_write (f->tree, INTEL "hwmon/hwmon5/temp2_input", "43000\n");
  tree_write (f->tree, INTEL "hwmon/hwmon5/temp3_input", "52000\n");
  g_assert_cmpfloat (read_some (f, 1)[0]->temperature, ==, 43);
}

/* A server's management shows a picture, and computes nothing; NVIDIA's tell of themselves. */
static void
test_others (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  tree_write (f->tree, AMD "uevent", "DRIVER=ast\nPCI_SLOT_NAME=0000:03:00.0\n");
  tree_write (f->tree, AMD "drm/card0/dev", "226:0\n");
  tree_write (f->tree, INTEL "uevent", "DRIVER=nvidia\nPCI_SLOT_NAME=0000:04:00.0\n");
  tree_write (f->tree, INTEL "drm/renderD129/dev", "226:129\n");
  tree_write (f->tree, "sys/class/drm/card4/device/uevent", "DRIVER=virtio_gpu\n");
  tree_write (f->tree, "sys/class/drm/card4/device/drm/renderD130/dev", "226:130\n");
  tree_write (f->tree, "sys/class/drm/card2-HDMI-A-1/status", "connected\n");
  tree_write (f->tree, "sys/class/drm/card3/device/uevent", "nothing\n");
  tree_write (f->tree, "sys/class/drm/renderD128/device/uevent", "DRIVER=amdgpu\n");
  g_assert_null (queen_gpu_drm.probe (&f->places, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
}

static void
test_none (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (queen_gpu_drm.probe (&f->places, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
}

/* One more is plugged in, and the first one out. */
static void
test_plugged (Fixture *f, gconstpointer data)
{
  add_amd (f);
  read_some (f, 1);
  add_intel (f, "xe");
  g_assert_cmpstr (read_some (f, 2)[1]->source, ==, "xe");
  {
    g_autofree char *from = tree_path (f->tree, "sys/class/drm/card0");
    g_autofree char *to = tree_path (f->tree, "sys/gone");

    g_assert_no_errno (rename (from, to));
  }
  g_assert_cmpstr (read_some (f, 1)[0]->source, ==, "xe");
}

/* A client of a GPU, as amdgpu writes it. */
static void
write_client (Fixture *f, int pid, int fd, guint id, const char *pci, const char *rest)
{
  g_autofree char *link = g_strdup_printf ("proc/%d/fd/%d", pid, fd);
  g_autofree char *info = g_strdup_printf ("proc/%d/fdinfo/%d", pid, fd);
  g_autofree char *text =
      g_strdup_printf ("pos:\t0\nflags:\t02100002\nmnt_id:\t27\nino:\t1\ndrm-driver:\tamdgpu\n"
                       "drm-client-id:\t%u\ndrm-pdev:\t%s\n%s",
                       id, pci, rest);

  tree_link (f->tree, link, "/dev/dri/renderD128");
  tree_write (f->tree, info, text);
}

#define AMD_PCI "0000:03:00.0"
#define INTEL_PCI "0000:04:00.0"

static void
test_clients (Fixture *f, gconstpointer data)
{
  const QueenGpuProcess *one, *two;
  QueenGpu *gpu;

  add_amd (f);
  write_client (f, 100, 3, 7, AMD_PCI,
                "drm-memory-vram:\t4194304 KiB\ndrm-memory-gtt: \t2048 KiB\n"
                "drm-engine-gfx:\t1000 ns\ndrm-engine-compute:\t5000000000 ns\n");
  write_client (f, 100, 9, 7, AMD_PCI, "drm-memory-vram:\t4194304 KiB\n"); /* the same again */
  write_client (f, 101, 3, 7, AMD_PCI, "drm-memory-vram:\t4194304 KiB\n"); /* and inherited */
  write_client (f, 100, 4, 8, AMD_PCI, "drm-resident-vram:\t1 MiB\ndrm-memory-vram:\t9 MiB\n");
  write_client (f, 200, 5, 9, AMD_PCI, "drm-engine-gfx:\t0 ns\n");
  write_client (f, 300, 5, 10, INTEL_PCI, "drm-memory-vram:\t5 MiB\n"); /* another GPU's */
  tree_link (f->tree, "proc/400/fd/1", "/dev/dri/renderD128");
  tree_write (f->tree, "proc/400/fdinfo/1", "pos:\t0\n"); /* none that says anything */
  gpu = read_some (f, 1)[0];
  one = queen_gpu_lookup_process (gpu, 100);
  if (!one)
    one = queen_gpu_lookup_process (gpu, 101);
  two = queen_gpu_lookup_process (gpu, 200);
  g_assert_true (one && two);
  g_assert_cmpint (one->known, ==, QUEEN_GPU_MEMORY_USED); /* it was read once */
  g_assert_cmpint (two->known, ==, 0);
  g_assert_null (queen_gpu_lookup_process (gpu, 300));
  g_assert_null (queen_gpu_lookup_process (gpu, 400));
}

static guint64
sum_memory (const QueenGpu *gpu)
{
  guint64 sum = 0;

  for (guint i = 0; i < gpu->processes->len; i++)
    sum += g_array_index (gpu->processes, QueenGpuProcess, i).memory_used;
  return sum;
}

/* Whoever of its holders it is counted for, it is counted once. */
static void
test_counted_once (Fixture *f, gconstpointer data)
{
  add_intel (f, "xe");
  write_client (f, 100, 3, 7, INTEL_PCI, "drm-total-vram0:\t100 MiB\ndrm-total-vram1:\t1 MiB\n");
  write_client (f, 100, 9, 7, INTEL_PCI, "drm-total-vram0:\t100 MiB\ndrm-total-vram1:\t1 MiB\n");
  write_client (f, 101, 3, 7, INTEL_PCI, "drm-total-vram0:\t100 MiB\ndrm-total-vram1:\t1 MiB\n");
  write_client (f, 102, 3, 8, INTEL_PCI, "drm-total-vram0:\t10 MiB\ndrm-total-gtt:\t77 MiB\n");
  g_assert_cmpuint (sum_memory (read_some (f, 1)[0]), ==, 111 * MEGABYTE);
  /* And as all are seen here, that is what is used of it. */
  g_assert_cmpuint (read_some (f, 1)[0]->memory_used, ==, 111 * MEGABYTE);
}

/* Half of the time of one engine, and a tenth of another one's. */
static void
test_engines (Fixture *f, gconstpointer data)
{
  QueenGpu *gpu;

  add_intel (f, "i915");
  write_client (f, 100, 3, 7, INTEL_PCI,
                "drm-engine-render:\t500 ns\ndrm-engine-video:\t0 ns\n"
                "drm-engine-capacity-video:\t2\ndrm-resident-system0:\t3 MiB\n");
  write_client (f, 200, 3, 8, INTEL_PCI, "drm-engine-render:\t900000000000 ns\n");
  gpu = read_some (f, 1)[0];
  g_assert_false (queen_gpu_knows (gpu, QUEEN_GPU_BUSY));
  now += 2 * SECOND;
  write_client (f, 100, 3, 7, INTEL_PCI,
                "drm-engine-render:\t1000000500 ns\ndrm-engine-video:\t400000000 ns\n"
                "drm-engine-capacity-video:\t2\ndrm-resident-system0:\t3 MiB\n");
  write_client (f, 200, 3, 8, INTEL_PCI, "drm-engine-render:\t900400000000 ns\n");
  gpu = read_some (f, 1)[0];
  g_assert_cmpfloat_with_epsilon (queen_gpu_lookup_process (gpu, 100)->busy, 0.5, 0.0001);
  g_assert_cmpuint (queen_gpu_lookup_process (gpu, 100)->memory_used, ==, 3 * MEGABYTE);
  g_assert_cmpfloat_with_epsilon (queen_gpu_lookup_process (gpu, 200)->busy, 0.2, 0.0001);
  g_assert_true (queen_gpu_knows (gpu, QUEEN_GPU_BUSY));
  g_assert_cmpfloat_with_epsilon (gpu->busy, 0.7, 0.0001);
  g_assert_false (queen_gpu_knows (gpu, QUEEN_GPU_MEMORY_USED)); /* that is the machine's */
}

/* They may fall for a while; and a process that began meanwhile has no difference yet. */
static void
test_falling (Fixture *f, gconstpointer data)
{
  QueenGpu *gpu;

  add_intel (f, "i915");
  write_client (f, 100, 3, 7, INTEL_PCI, "drm-engine-render:\t1000 ns\n");
  read_some (f, 1);
  now += 20 * SECOND;
  write_client (f, 100, 3, 7, INTEL_PCI, "drm-engine-render:\t900 ns\n");
  write_client (f, 101, 3, 8, INTEL_PCI, "drm-engine-render:\t900000000000 ns\n");
  gpu = read_some (f, 1)[0];
  g_assert_cmpfloat (queen_gpu_lookup_process (gpu, 100)->busy, ==, 0);
  g_assert_cmpint (queen_gpu_lookup_process (gpu, 101)->known & QUEEN_GPU_BUSY, ==, 0);
  g_assert_cmpfloat (gpu->busy, ==, 0);
}

/* xe counts cycles of the GPU; panfrost and its like tell of both, and then time counts. */
static void
test_cycles (Fixture *f, gconstpointer data)
{
  QueenGpu *gpu;

  add_intel (f, "xe");
  write_client (f, 100, 3, 7, INTEL_PCI,
                "drm-cycles-ccs:\t100\ndrm-total-cycles-ccs:\t1000\ndrm-engine-capacity-ccs:\t4\n");
  write_client (f, 200, 3, 8, INTEL_PCI, "drm-engine-f:\t0 ns\ndrm-cycles-f:\t0\n");
  read_some (f, 1);
  now += SECOND;
  write_client (
      f, 100, 3, 7, INTEL_PCI,
      "drm-cycles-ccs:\t1100\ndrm-total-cycles-ccs:\t2000\ndrm-engine-capacity-ccs:\t4\n");
  write_client (f, 200, 3, 8, INTEL_PCI, "drm-engine-f:\t300000000 ns\ndrm-cycles-f:\t999999999\n");
  gpu = read_some (f, 1)[0];
  g_assert_cmpfloat_with_epsilon (queen_gpu_lookup_process (gpu, 100)->busy, 0.25, 0.0001);
  g_assert_cmpfloat_with_epsilon (queen_gpu_lookup_process (gpu, 200)->busy, 0.3, 0.0001);
}

/* Who has no GPU open is not looked at each time, but soon. */
static void
test_newcomer (Fixture *f, gconstpointer data)
{
  add_amd (f);
  write_client (f, 100, 3, 7, AMD_PCI, "");
  read_some (f, 1);
  write_client (f, 100, 4, 8, AMD_PCI, "drm-memory-vram:\t1 MiB\n");
  write_client (f, 200, 3, 9, AMD_PCI, "");
  now += 5 * SECOND;
  g_assert_cmpuint (sum_memory (read_some (f, 1)[0]), ==, MEGABYTE);
  g_assert_null (queen_gpu_lookup_process (read_some (f, 1)[0], 200));
  now += 10 * SECOND;
  g_assert_nonnull (queen_gpu_lookup_process (read_some (f, 1)[0], 200));
  tree_remove (f->tree, "proc/200/fd/3");
  now += SECOND;
  g_assert_null (queen_gpu_lookup_process (read_some (f, 1)[0], 200));
}

#define ADD(promise, data, function)                                                               \
  g_test_add ("/gpu-drm/" promise, Fixture, data, set_up, function, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  ADD ("amdgpu/all-that-it-tells", NULL, test_amd);
  ADD ("amdgpu/a-processor-s-gpu-has-the-machine-s-memory", NULL, test_apu);
  ADD ("amdgpu/what-cannot-be-read-is-unknown", NULL, test_unknown);
  ADD ("amdgpu/sleeping-one-is-not-woken", NULL, test_asleep);
  ADD ("i915/power-is-the-energy-since-the-last-reading", NULL, test_i915);
  ADD ("i915/busy-while-not-asleep", NULL, test_residency);
  ADD ("i915/one-that-may-not-sleep-is-not-busy-for-that", NULL, test_no_residency);
  ADD ("xe/busy-while-not-asleep", "xe", test_residency);
  ADD ("xe/temperature-is-the-chip-s", NULL, test_xe_temperature);
  ADD ("cards/that-do-not-compute-are-left-out", NULL, test_others);
  ADD ("cards/none-has-a-reason", NULL, test_none);
  ADD ("cards/come-and-go", NULL, test_plugged);
  ADD ("clients/have-memory", NULL, test_clients);
  ADD ("clients/are-counted-once", NULL, test_counted_once);
  ADD ("clients/are-as-busy-as-their-busiest-engine", NULL, test_engines);
  ADD ("clients/counters-that-fall-are-no-work", NULL, test_falling);
  ADD ("clients/cycles-count-where-they-are-told", NULL, test_cycles);
  ADD ("clients/new-ones-are-found-soon", NULL, test_newcomer);

  return g_test_run ();
}
