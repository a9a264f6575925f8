/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors
 *
 * GPUs as nvidia-smi tells of them, which is a script of ours here. */

#include <gio/gio.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "machine-tree.h"
#include "machine/queen-gpu-source.h"
#include "machine/queen-process-tree.h"
#include "machine/queen-smi-line.h"

#define MEGABYTE (G_GUINT64_CONSTANT (1) << 20)
#define ONE "0, GPU-aa, 00000000:17:00.0, 61, 93, 22528, 81559, 280.50, NVIDIA H100 80GB HBM3"
#define TWO "1, GPU-bb, 00000000:C1:00.0, 35, 0, 4, 81559, 60.12, NVIDIA H100 80GB HBM3"
#define PATIENT (60 * G_USEC_PER_SEC) /* µs: nothing here takes so long */

typedef struct
{
  char *tree;
  char *program;
  QueenGpuPlaces places;
  QueenGpuSource *source;
  GPtrArray *gpus;
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  f->tree = tree_new ();
  f->places = (QueenGpuPlaces){ .patience = PATIENT };
  f->gpus = g_ptr_array_new_with_free_func ((GDestroyNotify) queen_gpu_free);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  if (f->source)
    f->source->class->free (f->source);
  g_ptr_array_unref (f->gpus);
  g_free (f->program);
  tree_free (f->tree);
}

static gboolean
probe (Fixture *f, const char *script, GError **error)
{
  f->program = tree_script (f->tree, "nvidia-smi", script);
  f->places.nvidia_smi = f->program;
  f->source = queen_gpu_smi.probe (&f->places, error);
  return f->source != NULL;
}

static gboolean
read_gpus (Fixture *f, GError **error)
{
  g_ptr_array_set_size (f->gpus, 0);
  return f->source->class->read (f->source, f->gpus, error);
}

/* Reads until there are @n. */
static QueenGpu **
await_gpus (Fixture *f, guint n)
{
  g_autoptr (GError) error = NULL;

  do
    g_assert_true (read_gpus (f, &error));
  while (f->gpus->len != n);
  return (QueenGpu **) f->gpus->pdata;
}

static void
assert_gpu (const char *line, guint index, QueenGpuValues known, const char *name)
{
  guint found;
  g_autoptr (QueenGpu) gpu = queen_smi_line_parse (line, 5, &found);

  g_assert_nonnull (gpu);
  g_assert_cmpuint (found, ==, index);
  g_assert_cmpint (gpu->known, ==, known);
  g_assert_cmpstr (gpu->name, ==, name);
}

static void
test_line (void)
{
  const QueenGpuValues all = QUEEN_GPU_BUSY | QUEEN_GPU_MEMORY_USED | QUEEN_GPU_MEMORY_TOTAL |
                             QUEEN_GPU_TEMPERATURE | QUEEN_GPU_POWER;

  assert_gpu (ONE, 0, all, "NVIDIA H100 80GB HBM3");
  assert_gpu ("2,u,p,61,93,1,2,3,Name, with commas, in it", 2, all, "Name, with commas, in it");
  assert_gpu ("2, GPU-1, x, 61, [N/A], [N/A], [N/A], [N/A], NVIDIA GB10", 2, QUEEN_GPU_TEMPERATURE,
              "NVIDIA GB10");
  assert_gpu ("2, GPU-1, x, N/A, [Not Supported], ERR!, -, 1e, [N/A]", 2, 0, NULL);
  assert_gpu ("2, GPU-1, x, 700, 101, 3, 2, 99999999, N", 2, QUEEN_GPU_MEMORY_TOTAL, "N");
  assert_gpu ("2, GPU-1, x, nan, inf, 1e300, -5, 0x10, N", 2, 0, "N");
  assert_gpu ("2, GPU-1, x, 61 C, 93 %, 1, 2 MiB, 3, \xff\x1b[2J", 2,
              QUEEN_GPU_MEMORY_USED | QUEEN_GPU_POWER, "\xef\xbf\xbd [2J");
}

static void
test_values (void)
{
  guint index;
  g_autoptr (QueenGpu) gpu = queen_smi_line_parse (ONE, 5, &index);

  g_assert_cmpstr (gpu->vendor, ==, "nvidia");
  g_assert_cmpstr (gpu->source, ==, "nvidia-smi");
  g_assert_cmpstr (gpu->uuid, ==, "GPU-aa");
  g_assert_cmpstr (gpu->pci, ==, "0000:17:00.0");
  g_assert_cmpfloat (gpu->temperature, ==, 61);
  g_assert_cmpfloat (gpu->busy, ==, 0.93);
  g_assert_cmpuint (gpu->memory_used, ==, 22528 * MEGABYTE);
  g_assert_cmpuint (gpu->memory_total, ==, 81559 * MEGABYTE);
  g_assert_cmpfloat (gpu->power, ==, 280.5);
  g_assert_cmpint (gpu->read_at, ==, 5);
  g_assert_null (gpu->problem);
}

static void
test_problem (void)
{
  guint index;
  g_autoptr (QueenGpu) gpu = queen_smi_line_parse (
      "1, GPU-bb, 00000000:C1:00.0, [GPU is lost], [GPU is lost], [GPU is lost], [GPU is lost], "
      "[GPU is lost], [GPU is lost]",
      5, &index);

  g_assert_cmpint (gpu->known, ==, 0);
  g_assert_cmpstr (gpu->problem, ==, "[GPU is lost]");
  g_assert_null (gpu->name);
}

static void
test_no_line (void)
{
  static const char *const bad[] = {
    "",
    "No devices were found",
    "0, GPU-aa, 00000000:17:00.0, 61, 93",
    ("x" ONE),
    "-1, u, p, 1, 2, 3, 4, 5, n",
    "64, u, p, 1, 2, 3, 4, 5, n",
    ", , , , , , , , ",
    "99999999999999999999, u, p, 1, 2, 3, 4, 5, n",
  };

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      guint index;

      g_assert_null (queen_smi_line_parse (bad[i], 5, &index));
    }
}

static void
test_two (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  QueenGpu **gpus;

  g_assert_true (probe (f, "echo '" ONE "'; echo '" TWO "'; exec sleep 600", &error));
  g_assert_no_error (error);
  gpus = await_gpus (f, 2);
  g_assert_cmpstr (gpus[0]->uuid, ==, "GPU-aa");
  g_assert_cmpstr (gpus[1]->uuid, ==, "GPU-bb");
  gpus = await_gpus (f, 2); /* they stay until there are others */
  g_assert_cmpfloat (gpus[0]->busy, ==, 0.93);
}

/* It is asked for what is read, in the order in which it is. */
static void
test_arguments (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  f->places.interval = 3 * G_USEC_PER_SEC;
  g_assert_true (probe (f,
                        "test \"$1 $2 $3 $4 $#\" = \"--query-gpu=" QUEEN_SMI_QUERY
                        " --format=csv,noheader,nounits -l 3 4\" && echo '" ONE "'\n"
                        "exec sleep 600",
                        &error));
  g_assert_no_error (error);
}

/* The rest of a line comes when it comes. */
static void
test_halves (Fixture *f, gconstpointer data)
{
  g_autofree char *go = g_build_filename (f->tree, "go", NULL);
  g_autofree char *script =
      g_strdup_printf ("echo '" ONE "'; printf '1, GPU-bb, 0000'; mkfifo %s; echo; read x < %s; "
                       "echo '" TWO "'; exec sleep 600",
                       go, go);
  g_autoptr (GError) error = NULL;
  FILE *fifo;

  g_assert_true (probe (f, script, &error));
  await_gpus (f, 1);
  while (!g_file_test (go, G_FILE_TEST_EXISTS))
    g_usleep (100);
  await_gpus (f, 1);
  fifo = fopen (go, "we");
  g_assert_nonnull (fifo);
  fputs ("x\n", fifo);
  fclose (fifo);
  await_gpus (f, 2);
}

/* Its end may look like a line, wherever it is cut. */
static void
test_endless_line (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (probe (f,
                        "echo '" ONE "'; i=0; while [ $i -lt 8200 ]; do "
                        "printf '5,u,p,1,2,3,4,5,'; i=$((i+1)); done; echo; "
                        "echo '" TWO "'; exec sleep 600",
                        &error));
  g_assert_no_error (error);
  g_assert_cmpstr (await_gpus (f, 2)[1]->uuid, ==, "GPU-bb");
}

/* However much it writes, a reading takes little of it. */
static void
test_flood (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (probe (f, "echo '" ONE "'; tr '\\0' x < /dev/zero", &error));
  for (int i = 0; i < 100; i++)
    g_assert_cmpuint (await_gpus (f, 1)[0]->index, ==, 0);
  f->source->class->free (f->source);
  f->source = queen_gpu_smi.probe (&f->places, &error);
  for (int i = 0; i < 100; i++)
    await_gpus (f, 1);
}

static void
test_flood_of_lines (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (probe (f, "exec yes '" ONE "'", &error));
  for (int i = 0; i < 100; i++)
    await_gpus (f, 1);
}

static void
test_ends (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (probe (f, "echo '" ONE "'", &error));
  while (read_gpus (f, &error))
    continue;
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
}

/* What it says when there is nothing to say, and what it is when there is none. */
static void
test_no_gpu (Fixture *f, gconstpointer data)
{
  static const char *const scripts[] = {
    "echo 'No devices were found'; exit 6",
    "echo 'NVIDIA-SMI has failed because it could not communicate with the NVIDIA driver.'; exit 9",
    "exit 0",
    "kill -SEGV $$",
  };

  for (guint i = 0; i < G_N_ELEMENTS (scripts); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_false (probe (f, scripts[i], &error));
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_FAILED);
      g_clear_pointer (&f->program, g_free);
    }
  {
    g_autoptr (GError) error = NULL;

    f->places.nvidia_smi = "/nonexistent/nvidia-smi";
    g_assert_null (queen_gpu_smi.probe (&f->places, &error));
    g_assert_nonnull (error);
  }
}

static void
test_hangs_at_once (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  f->places.patience = 50 * 1000;
  g_assert_false (probe (f, "exec sleep 600", &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_FAILED);
}

static gint64 shift; /* µs by which the clock is ahead */

static gint64
get_shifted (void)
{
  return g_get_monotonic_time () + shift;
}

static void
test_hangs_later (Fixture *f, gconstpointer data)
{
  static const QueenClock clock = { get_shifted, NULL, NULL };
  g_autoptr (GError) error = NULL;

  f->places.clock = &clock;
  g_assert_true (probe (f, "echo '" ONE "'; exec sleep 600", &error));
  await_gpus (f, 1);
  shift += PATIENT;
  g_assert_false (read_gpus (f, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
}

/* Reads the pid that the script has written. */
static pid_t
read_pid (Fixture *f)
{
  g_autofree char *path = g_build_filename (f->tree, "pid", NULL);
  g_autofree char *text = NULL;

  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  return (pid_t) atoi (text);
}

static void
test_dies_with_source (Fixture *f, gconstpointer data)
{
  g_autofree char *script =
      g_strdup_printf ("echo $$ > %s/pid; trap '' TERM HUP; echo '" ONE "'; exec sleep 600",
                       f->tree);
  g_autoptr (GError) error = NULL;
  pid_t pid;

  g_assert_true (probe (f, script, &error));
  pid = read_pid (f);
  g_assert_cmpint (kill (pid, 0), ==, 0);
  f->source->class->free (f->source);
  f->source = NULL;
  g_assert_cmpint (kill (pid, 0), ==, -1);
  g_assert_cmpint (waitpid (-1, NULL, WNOHANG), ==, -1); /* and no zombie is left */
}

/* Whoever runs it may be killed, too. */
static void
test_dies_with_process (Fixture *f, gconstpointer data)
{
  g_autofree char *script =
      g_strdup_printf ("echo $$ > %s/pid; echo '" ONE "'; exec sleep 600", f->tree);
  struct pollfd item = { -1, POLLIN, 0 };
  int ready[2];
  pid_t agent;

  g_assert_no_errno (pipe (ready));
  agent = fork ();
  if (agent == 0)
    {
      if (probe (f, script, NULL) && write (ready[1], "x", 1) == 1)
        pause ();
      _exit (1);
    }
  close (ready[1]);
  {
    char byte;

    g_assert_cmpint (read (ready[0], &byte, 1), ==, 1);
  }
  close (ready[0]);
  item.fd = queen_process_open (read_pid (f), 0, NULL);
  kill (agent, SIGKILL);
  waitpid (agent, NULL, 0);
  if (item.fd < 0)
    g_test_skip ("the kernel has no descriptors of processes");
  else
    {
      g_assert_cmpint (poll (&item, 1, 60 * 1000), ==, 1);
      close (item.fd);
    }
}

/* As PID 1 of a container reaps whatever has ended. */
static void
test_reaped_by_another (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (probe (f, "echo '" ONE "'", &error));
  g_assert_cmpint (waitpid (-1, NULL, 0), >, 0);
  while (read_gpus (f, &error))
    continue;
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
}

/* One that was pulled out is not told of for ever. */
static void
test_gone (Fixture *f, gconstpointer data)
{
  static const QueenClock clock = { get_shifted, NULL, NULL };
  g_autofree char *go = g_build_filename (f->tree, "go", NULL);
  g_autofree char *script = g_strdup_printf ("mkfifo %s; echo '" ONE "'; echo '" TWO
                                             "'; read x < %s; echo '" ONE "'; exec sleep 600",
                                             go, go);
  g_autoptr (GError) error = NULL;
  FILE *fifo;

  f->places.clock = &clock;
  f->places.interval = G_USEC_PER_SEC;
  g_assert_true (probe (f, script, &error));
  await_gpus (f, 2);
  shift += 6 * G_USEC_PER_SEC;
  fifo = fopen (go, "we");
  fputs ("x\n", fifo);
  fclose (fifo);
  await_gpus (f, 1);
}

#define ADD(promise, function)                                                                     \
  g_test_add ("/gpu-smi/" promise, Fixture, NULL, set_up, function, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/gpu-smi/line/what-is-no-number-is-unknown", test_line);
  g_test_add_func ("/gpu-smi/line/all-that-it-tells", test_values);
  g_test_add_func ("/gpu-smi/line/has-a-reason-for-no-values", test_problem);
  g_test_add_func ("/gpu-smi/line/half-of-one-is-none", test_no_line);
  ADD ("two-gpus", test_two);
  ADD ("is-asked-for-what-is-read", test_arguments);
  ADD ("rest-of-a-line-comes-later", test_halves);
  ADD ("line-that-is-too-long-is-skipped", test_endless_line);
  ADD ("line-without-an-end-costs-little", test_flood);
  ADD ("lines-without-an-end-cost-little", test_flood_of_lines);
  ADD ("end-is-an-error", test_ends);
  ADD ("no-gpu-is-an-error", test_no_gpu);
  ADD ("silence-is-an-error", test_hangs_at_once);
  ADD ("silence-later-on-is-an-error", test_hangs_later);
  ADD ("dies-with-whoever-reads-it", test_dies_with_source);
  ADD ("dies-with-its-process", test_dies_with_process);
  ADD ("may-be-reaped-by-another", test_reaped_by_another);
  ADD ("gpu-that-is-gone-is-left-out", test_gone);

  return g_test_run ();
}
