/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-gpu-slot.h"

#define SHORTEST_DELAY G_USEC_PER_SEC /* µs */
#define LONGEST_DELAY (60 * G_USEC_PER_SEC)
#define LONG_ENOUGH (60 * G_USEC_PER_SEC) /* µs for which a source went well */

struct _QueenGpuSlot
{
  const QueenGpuPlaces *places;
  const QueenClock *clock;
  const QueenGpuSourceClass *classes[2];
  QueenGpuSource *source; /* (nullable) */
  gint64 found_at;        /* µs, monotonic: when it was */
  gint64 retry_at;
  gint64 delay;
  GPtrArray *gpus;
};

static GPtrArray *
make_list (void)
{
  return g_ptr_array_new_with_free_func ((GDestroyNotify) queen_gpu_free);
}

static void
delay_retry (QueenGpuSlot *self, gint64 now)
{
  self->retry_at = now + self->delay;
  self->delay = MIN (self->delay * 2, LONGEST_DELAY);
}

static void
find_source (QueenGpuSlot *self, void (*on_source) (const char *name, gpointer data), gpointer data)
{
  for (guint i = 0; i < G_N_ELEMENTS (self->classes) && !self->source; i++)
    {
      g_autoptr (GError) error = NULL;

      if (!self->classes[i])
        continue;
      on_source (self->classes[i]->name, data);
      self->source = self->classes[i]->probe (self->places, &error);
      if (!self->source)
        g_debug ("no GPU by %s: %s", self->classes[i]->name, error->message);
    }
  self->found_at = self->clock->get_monotonic ();
  if (!self->source)
    delay_retry (self, self->found_at);
}

/* They were there a moment ago: that they do not answer is news, and not that there are none. */
static void
forget_values (QueenGpuSlot *self, const char *reason, gint64 now)
{
  for (guint i = 0; i < self->gpus->len; i++)
    {
      QueenGpu *gpu = self->gpus->pdata[i];

      gpu->known = 0;
      gpu->read_at = now;
      g_array_set_size (gpu->processes, 0);
      g_free (gpu->problem);
      gpu->problem = g_strdup (reason);
    }
}

static void
lose_source (QueenGpuSlot *self, const GError *error)
{
  const gint64 now = self->clock->get_monotonic ();
  const char *name = self->source->class->name;

  self->source->class->free (self->source);
  self->source = NULL;
  g_debug ("GPUs by %s are lost: %s", name, error->message);
  if (now - self->found_at >= LONG_ENOUGH)
    self->delay = SHORTEST_DELAY;
  delay_retry (self, now);
  forget_values (self, error->message, now);
}

void
queen_gpu_slot_read (QueenGpuSlot *self,
                     void (*on_source) (const char *name, gpointer data),
                     gpointer data)
{
  g_autoptr (GPtrArray) gpus = NULL;
  g_autoptr (GError) error = NULL;

  if (!self->source && self->clock->get_monotonic () >= self->retry_at)
    find_source (self, on_source, data);
  if (!self->source)
    return;
  gpus = make_list ();
  on_source (self->source->class->name, data);
  if (self->source->class->read (self->source, gpus, &error))
    {
      g_ptr_array_unref (self->gpus);
      self->gpus = g_steal_pointer (&gpus);
    }
  else
    lose_source (self, error);
}

GPtrArray *
queen_gpu_slot_get (QueenGpuSlot *self)
{
  return self->gpus;
}

QueenGpuSlot *
queen_gpu_slot_new (const QueenGpuPlaces *places,
                    const QueenGpuSourceClass *first,
                    const QueenGpuSourceClass *second)
{
  QueenGpuSlot *self = g_new0 (QueenGpuSlot, 1);

  self->places = places;
  self->clock = places->clock ? places->clock : &queen_clock_system;
  self->classes[0] = first;
  self->classes[1] = second;
  self->delay = SHORTEST_DELAY;
  self->gpus = make_list ();
  return self;
}

void
queen_gpu_slot_free (QueenGpuSlot *self)
{
  if (self->source)
    self->source->class->free (self->source);
  g_ptr_array_unref (self->gpus);
  g_free (self);
}
