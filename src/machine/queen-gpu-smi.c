/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include <gio/gio.h>

#include "queen-gpu-source.h"
#include "queen-smi-child.h"
#include "queen-smi-line.h"

#define PROGRAM "nvidia-smi"
#define USUAL_INTERVAL (5 * G_USEC_PER_SEC)
#define USUAL_PATIENCE (20 * G_USEC_PER_SEC) /* the driver may have to be loaded first */
#define MAX_MISSED 5                         /* rounds */
#define MAX_LINES 256                        /* at one reading */

typedef struct
{
  QueenGpuSource parent;
  const QueenClock *clock;
  gint64 interval; /* µs */
  gint64 patience; /* µs */
  QueenSmiChild *child;
  gint64 heard_at; /* µs, monotonic: the last good line, or the start */
  QueenGpu *latest[QUEEN_GPU_MAX];
  gboolean has_any;
} SmiSource;

static void
take_line (SmiSource *self, const char *line)
{
  const gint64 now = self->clock->get_monotonic ();
  guint index;
  QueenGpu *gpu = queen_smi_line_parse (line, now, &index);

  if (!gpu)
    return;
  g_clear_pointer (&self->latest[index], queen_gpu_free);
  self->latest[index] = gpu;
  self->heard_at = now;
  self->has_any = TRUE;
}

/* Returns: whether the child goes on. */
static gboolean
take_lines (SmiSource *self)
{
  gboolean has_ended = FALSE;

  for (int i = 0; i < MAX_LINES; i++)
    {
      g_autofree char *line = queen_smi_child_read_line (self->child, &has_ended);

      if (!line)
        break;
      take_line (self, line);
    }
  return !has_ended;
}

/* One that is not listed any more is not there any more. */
static void
list_latest (SmiSource *self, GPtrArray *gpus)
{
  for (guint i = 0; i < QUEEN_GPU_MAX; i++)
    {
      QueenGpu *gpu = self->latest[i];

      if (gpu && self->heard_at - gpu->read_at > MAX_MISSED * self->interval)
        g_clear_pointer (&self->latest[i], queen_gpu_free);
      else if (gpu)
        g_ptr_array_add (gpus, queen_gpu_copy (gpu));
    }
}

/* Returns: whether it has written the first line that makes sense, in time. */
static gboolean
await_first_line (SmiSource *self)
{
  const gint64 deadline = g_get_monotonic_time () + self->patience;
  gboolean goes_on = TRUE;

  while (goes_on && !self->has_any)
    {
      const gint64 left = deadline - g_get_monotonic_time ();

      if (left <= 0 || !queen_smi_child_wait (self->child, (int) (left / 1000) + 1))
        break;
      goes_on = take_lines (self);
    }
  return self->has_any;
}

static gboolean
smi_read (QueenGpuSource *source, GPtrArray *gpus, GError **error)
{
  SmiSource *self = (SmiSource *) source;
  const gboolean goes_on = take_lines (self);
  const gint64 silence = self->clock->get_monotonic () - self->heard_at;

  if (!goes_on)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED, "nvidia-smi has ended");
  else if (silence > self->patience)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT, "nvidia-smi does not answer");
  else
    {
      list_latest (self, gpus);
      return TRUE;
    }
  return FALSE;
}

static void
smi_free (QueenGpuSource *source)
{
  SmiSource *self = (SmiSource *) source;

  g_clear_pointer (&self->child, queen_smi_child_free);
  for (guint i = 0; i < QUEEN_GPU_MAX; i++)
    g_clear_pointer (&self->latest[i], queen_gpu_free);
  g_free (self);
}

static QueenGpuSource *
smi_probe (const QueenGpuPlaces *places, GError **error)
{
  SmiSource *self = g_new0 (SmiSource, 1);

  self->parent.class = &queen_gpu_smi;
  self->clock = places->clock ? places->clock : &queen_clock_system;
  self->interval = places->interval > 0 ? places->interval : USUAL_INTERVAL;
  self->interval = MAX (self->interval, G_USEC_PER_SEC); /* it knows whole seconds only */
  self->patience =
      places->patience > 0 ? places->patience : MAX (MAX_MISSED * self->interval, USUAL_PATIENCE);
  self->heard_at = self->clock->get_monotonic ();
  self->child = queen_smi_child_new (places->nvidia_smi ? places->nvidia_smi : PROGRAM,
                                     (guint) (self->interval / G_USEC_PER_SEC), error);
  if (self->child && await_first_line (self))
    return &self->parent;
  if (self->child)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED, "nvidia-smi tells of no GPU");
  smi_free (&self->parent);
  return NULL;
}

const QueenGpuSourceClass queen_gpu_smi = { "nvidia-smi", smi_probe, smi_read, smi_free };
