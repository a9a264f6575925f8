/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors
 *
 * What a machine has, and a container of it. */

#include "machine/queen-machine.h"

#include "machine-tree.h"

#define SECOND G_USEC_PER_SEC
#define MEGABYTE (G_GUINT64_CONSTANT (1024) * 1024)

typedef struct
{
  char *tree;
  QueenMachine *machine;
} Fixture;

static void
write_cpu (Fixture *f, const char *times)
{
  g_autofree char *text = g_strdup_printf ("cpu  %s\ncpu0 %s\nintr 5 4 3\n", times, times);

  tree_write (f->tree, "proc/stat", text);
}

static void
set_up (Fixture *f, gconstpointer data)
{
  f->tree = tree_new ();
  write_cpu (f, "100 0 100 800 0 0 0 0 0 0");
  tree_write (f->tree, "sys/devices/system/cpu/online", "0-3,6\n");
  tree_write (f->tree, "proc/meminfo",
              "MemTotal:        1024000 kB\nMemFree:          100000 kB\n"
              "MemAvailable:     512000 kB\n");
  tree_write (f->tree, "proc/sys/kernel/hostname", "bee-1\n");
  f->machine = queen_machine_new (f->tree);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  queen_machine_free (f->machine);
  tree_free (f->tree);
}

static QueenMachineLoad
read_at (Fixture *f, gint64 now)
{
  QueenMachineLoad load;

  queen_machine_read (f->machine, now, &load);
  return load;
}

static void
assert_near (double value, double expected)
{
  g_assert_cmpfloat_with_epsilon (value, expected, 0.0001);
}

/* A quarter of the time since then: what was before does not matter. */
static void
test_cpu (Fixture *f, gconstpointer data)
{
  QueenMachineLoad load = read_at (f, SECOND);

  g_assert_false (load.has_cpu);
  write_cpu (f, "110 5 105 860 10 1 2 7 99 99");
  load = read_at (f, 2 * SECOND);
  g_assert_true (load.has_cpu);
  assert_near (load.cpu, 30.0 / 100);
  assert_near (load.n_cpus, 5);
}

/* Ticks are coarse: in a millisecond there are none, or one. */
static void
test_too_soon (Fixture *f, gconstpointer data)
{
  read_at (f, SECOND);
  write_cpu (f, "150 0 100 850 0 0 0 0");
  assert_near (read_at (f, 2 * SECOND).cpu, 0.5);
  write_cpu (f, "151 0 100 850 0 0 0 0");
  assert_near (read_at (f, 2 * SECOND + 50000).cpu, 0.5);
}

static void
test_backwards (Fixture *f, gconstpointer data)
{
  read_at (f, SECOND);
  write_cpu (f, "90 0 90 700 0 0 0 0");
  g_assert_false (read_at (f, 2 * SECOND).has_cpu);
  write_cpu (f, "80 0 90 900 0 0 0 0"); /* more time, but less of it used */
  g_assert_true (read_at (f, 3 * SECOND).has_cpu);
  assert_near (read_at (f, 3 * SECOND).cpu, 0);
}

static void
test_no_cpu (Fixture *f, gconstpointer data)
{
  static const char *const bad[] = { "", "cpu\n", "cpu  1 2 x\n", "cp", "cpuu 1 2 3 4 5" };

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      read_at (f, (2 * i + 1) * SECOND);
      tree_write (f->tree, "proc/stat", bad[i]);
      g_assert_false (read_at (f, (2 * i + 2) * SECOND).has_cpu);
    }
  tree_remove (f->tree, "proc/stat");
  g_assert_false (read_at (f, 100 * SECOND).has_cpu);
}

static void
test_memory (Fixture *f, gconstpointer data)
{
  QueenMachineLoad load = read_at (f, SECOND);

  g_assert_true (load.has_memory);
  g_assert_cmpuint (load.memory_total, ==, 1000 * MEGABYTE);
  g_assert_cmpuint (load.memory_used, ==, 500 * MEGABYTE);
}

static void
test_no_memory (Fixture *f, gconstpointer data)
{
  static const char *const bad[] = { "", "MemTotal: 5 kB\n", "MemTotal: x kB\nMemAvailable: 1 kB\n",
                                     "MemTotal: 5 kB\nMemAvailable: 6 kB\n",
                                     "MemTotal: 99999999999999999999 kB\nMemAvailable: 6 kB\n" };

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      tree_write (f->tree, "proc/meminfo", bad[i]);
      g_assert_false (read_at (f, SECOND).has_memory);
    }
}

/* cgroup-v2: memory.max, memory.current, memory.stat. */
static void
test_container_memory (Fixture *f, gconstpointer data)
{
  QueenMachineLoad load;

  tree_write (f->tree, "sys/fs/cgroup/memory.max", "104857600\n");
  tree_write (f->tree, "sys/fs/cgroup/memory.current", "83886080\n");
  tree_write (f->tree, "sys/fs/cgroup/memory.stat",
              "anon 1\nfile 41943040\ninactive_file 10485760\nactive_file 20971520\n"
              "slab_reclaimable 10485760\n");
  load = read_at (f, SECOND);
  g_assert_true (load.has_memory);
  g_assert_cmpuint (load.memory_total, ==, 100 * MEGABYTE);
  g_assert_cmpuint (load.memory_used, ==, 40 * MEGABYTE);

  tree_remove (f->tree, "proc/meminfo");
  g_assert_cmpuint (read_at (f, SECOND).memory_total, ==, 100 * MEGABYTE);
}

/* What is written there when nobody has set a limit, or a larger one than the machine has. */
static void
test_no_limit (Fixture *f, gconstpointer data)
{
  static const char *const none[] = { "max\n", "9223372036854771712\n", "2097152000\n", "", "0\n" };

  tree_write (f->tree, "sys/fs/cgroup/memory.current", "83886080\n");
  for (guint i = 0; i < G_N_ELEMENTS (none); i++)
    {
      tree_write (f->tree, "sys/fs/cgroup/memory.max", none[i]);
      g_assert_cmpuint (read_at (f, SECOND).memory_total, ==, 1000 * MEGABYTE);
    }
}

/* It may use 1.5 processors, and has used 0.75 of a second in one. */
static void
test_container_cpu (Fixture *f, gconstpointer data)
{
  QueenMachineLoad load;

  tree_write (f->tree, "sys/fs/cgroup/cpu.max", "150000 100000\n");
  tree_write (f->tree, "sys/fs/cgroup/cpu.stat", "usage_usec 1000000\nuser_usec 1\n");
  g_assert_false (read_at (f, SECOND).has_cpu);
  tree_write (f->tree, "sys/fs/cgroup/cpu.stat", "usage_usec 1750000\nuser_usec 1\n");
  load = read_at (f, 2 * SECOND);
  g_assert_true (load.has_cpu);
  assert_near (load.n_cpus, 1.5);
  assert_near (load.cpu, 0.5);

  /* A limit that is none any more: what was measured by the old one says nothing. */
  tree_write (f->tree, "sys/fs/cgroup/cpu.max", "max 100000\n");
  load = read_at (f, 2 * SECOND + 50000);
  assert_near (load.n_cpus, 5);
  g_assert_false (load.has_cpu);
}

static void
test_hostname (Fixture *f, gconstpointer data)
{
  static const char *const bad[] = { "", "\n", "a\x1b[2J\n", "a\xff\n" };
  g_autofree char *name = queen_machine_dup_hostname (f->tree);
  g_autofree char *own = queen_machine_dup_hostname (NULL);

  g_assert_cmpstr (name, ==, "bee-1");
  g_assert_cmpstr (own, ==, g_get_host_name ());
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      tree_write (f->tree, "proc/sys/kernel/hostname", bad[i]);
      g_assert_null (queen_machine_dup_hostname (f->tree));
    }
}

static void
test_itself (void)
{
  g_autoptr (QueenMachine) machine = queen_machine_new (NULL);
  gint64 now = g_get_monotonic_time ();
  QueenMachineLoad load;

  queen_machine_read (machine, now, &load);
  g_assert_true (load.has_memory);
  g_assert_cmpuint (load.memory_used, <=, load.memory_total);
  g_assert_cmpfloat (load.n_cpus, >, 0);
  while (!load.has_cpu)
    queen_machine_read (machine, g_get_monotonic_time (), &load);
  g_assert_cmpfloat (load.cpu, >=, 0);
  g_assert_cmpfloat (load.cpu, <=, 1);
}

#define ADD(promise, function)                                                                     \
  g_test_add ("/machine/" promise, Fixture, NULL, set_up, function, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  ADD ("cpu/is-what-was-used-since-the-last-reading", test_cpu);
  ADD ("cpu/is-kept-where-ticks-are-too-coarse", test_too_soon);
  ADD ("cpu/never-below-0-when-the-kernel-counts-backwards", test_backwards);
  ADD ("cpu/unknown-when-the-kernel-does-not-tell", test_no_cpu);
  ADD ("memory/caches-are-not-used", test_memory);
  ADD ("memory/unknown-when-the-kernel-does-not-tell", test_no_memory);
  ADD ("container/has-the-memory-that-it-may-have", test_container_memory);
  ADD ("container/no-limit-is-no-limit", test_no_limit);
  ADD ("container/has-the-processors-that-it-may-have", test_container_cpu);
  ADD ("hostname/is-the-kernel-s-and-legible", test_hostname);
  g_test_add_func ("/machine/this-one-is-known", test_itself);

  return g_test_run ();
}
