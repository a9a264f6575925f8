/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-gpu-reader.h"

#include "queen-gpu-slot.h"

#define USUAL_INTERVAL (5 * G_USEC_PER_SEC)
#define SHORTEST_INTERVAL (10 * 1000) /* µs */

/* What the reader and its thread have in common. Either may outlive the other. */
typedef struct
{
  gatomicrefcount refs;
  char *root;
  char *nvml;
  char *nvidia_smi;
  QueenGpuPlaces places; /* its texts are the above */
  GMainContext *context; /* of the reader */

  GMutex mutex; /* for what follows */
  GCond cond;   /* the interval has changed, or it is over */
  gint64 interval;
  gboolean is_closed;
  GPtrArray *latest;     /* (nullable): what the reader has not fetched yet */
  GSource *handing_over; /* (nullable): that will have it do so */
  const char *reading;   /* (nullable): the source that the thread is in */
  gint64 reading_since;  /* µs, monotonic */

  QueenGpuReader *reader; /* (nullable): only its own thread looks at it */
} Shared;

struct _QueenGpuReader
{
  Shared *shared;
  GPtrArray *gpus;
  QueenGpuReaderFunc func;
  gpointer data;
};

static Shared *
ref_shared (Shared *self)
{
  g_atomic_ref_count_inc (&self->refs);
  return self;
}

static void
unref_shared (gpointer data)
{
  Shared *self = data;

  if (!g_atomic_ref_count_dec (&self->refs))
    return;
  g_clear_pointer (&self->latest, g_ptr_array_unref);
  g_clear_pointer (&self->handing_over, g_source_unref);
  g_main_context_unref (self->context);
  g_mutex_clear (&self->mutex);
  g_cond_clear (&self->cond);
  g_free (self->root);
  g_free (self->nvml);
  g_free (self->nvidia_smi);
  g_free (self);
}

/* In the reader's thread. */
static gboolean
on_hand_over (gpointer data)
{
  Shared *shared = data;
  QueenGpuReader *self = shared->reader;
  g_autoptr (GPtrArray) gpus = NULL;

  g_mutex_lock (&shared->mutex);
  gpus = g_steal_pointer (&shared->latest);
  g_clear_pointer (&shared->handing_over, g_source_unref);
  g_mutex_unlock (&shared->mutex);
  if (!self || !gpus)
    return G_SOURCE_REMOVE;
  g_clear_pointer (&self->gpus, g_ptr_array_unref);
  self->gpus = g_ptr_array_ref (gpus);
  if (self->func)
    self->func (gpus, self->data);
  return G_SOURCE_REMOVE;
}

/* One that has not been fetched yet is replaced: a main loop that is busy gets the latest. */
static void
hand_over (Shared *shared, GPtrArray *gpus)
{
  g_mutex_lock (&shared->mutex);
  g_clear_pointer (&shared->latest, g_ptr_array_unref);
  shared->latest = gpus;
  if (!shared->handing_over && !shared->is_closed)
    {
      shared->handing_over = g_idle_source_new ();
      g_source_set_priority (shared->handing_over, G_PRIORITY_DEFAULT);
      g_source_set_static_name (shared->handing_over, "queen-gpu-reader");
      g_source_set_callback (shared->handing_over, on_hand_over, ref_shared (shared), unref_shared);
      g_source_attach (shared->handing_over, shared->context);
    }
  g_mutex_unlock (&shared->mutex);
}

static void
note_reading (Shared *shared, const char *name)
{
  g_mutex_lock (&shared->mutex);
  shared->reading = name;
  shared->reading_since = g_get_monotonic_time ();
  g_mutex_unlock (&shared->mutex);
}

static void
on_source (const char *name, gpointer data)
{
  note_reading (data, name);
}

static GPtrArray *
merge (QueenGpuSlot *const *slots, guint n_slots)
{
  GPtrArray *all = g_ptr_array_new_with_free_func ((GDestroyNotify) queen_gpu_free);

  for (guint i = 0; i < n_slots; i++)
    {
      GPtrArray *gpus = queen_gpu_slot_get (slots[i]);

      for (guint j = 0; j < gpus->len && all->len < QUEEN_GPU_MAX; j++)
        {
          QueenGpu *gpu = queen_gpu_copy (gpus->pdata[j]);

          gpu->index = all->len;
          g_ptr_array_add (all, gpu);
        }
    }
  return all;
}

/* Returns: whether to go on. */
static gboolean
wait_for_next (Shared *shared, gint64 began_at)
{
  gboolean goes_on;

  g_mutex_lock (&shared->mutex);
  while (!shared->is_closed &&
         g_cond_wait_until (&shared->cond, &shared->mutex, began_at + shared->interval))
    continue;
  goes_on = !shared->is_closed;
  g_mutex_unlock (&shared->mutex);
  return goes_on;
}

static gboolean
is_closed (Shared *shared)
{
  gboolean result;

  g_mutex_lock (&shared->mutex);
  result = shared->is_closed;
  g_mutex_unlock (&shared->mutex);
  return result;
}

/* NVIDIA's first: their numbers are the driver's then. */
static gpointer
read_all (gpointer data)
{
  Shared *shared = data;
  QueenGpuSlot *slots[] = {
    queen_gpu_slot_new (&shared->places, &queen_gpu_nvml, &queen_gpu_smi),
    queen_gpu_slot_new (&shared->places, &queen_gpu_drm, NULL),
  };
  gint64 began_at;

  do
    {
      began_at = g_get_monotonic_time ();
      for (guint i = 0; i < G_N_ELEMENTS (slots) && !is_closed (shared); i++)
        queen_gpu_slot_read (slots[i], on_source, shared);
      note_reading (shared, NULL);
      hand_over (shared, merge (slots, G_N_ELEMENTS (slots)));
    }
  while (wait_for_next (shared, began_at));
  for (guint i = 0; i < G_N_ELEMENTS (slots); i++)
    queen_gpu_slot_free (slots[i]);
  unref_shared (shared);
  return NULL;
}

static Shared *
make_shared (const QueenGpuPlaces *places)
{
  Shared *self = g_new0 (Shared, 1);

  g_atomic_ref_count_init (&self->refs);
  g_mutex_init (&self->mutex);
  g_cond_init (&self->cond);
  self->root = g_strdup (places->root);
  self->nvml = g_strdup (places->nvml);
  self->nvidia_smi = g_strdup (places->nvidia_smi);
  self->interval = places->interval > 0 ? places->interval : USUAL_INTERVAL;
  self->places = *places;
  self->places.root = self->root;
  self->places.nvml = self->nvml;
  self->places.nvidia_smi = self->nvidia_smi;
  self->context = g_main_context_ref_thread_default ();
  return self;
}

QueenGpuReader *
queen_gpu_reader_new (const QueenGpuPlaces *places, QueenGpuReaderFunc func, gpointer data)
{
  QueenGpuReader *self = g_new0 (QueenGpuReader, 1);
  g_autoptr (GError) error = NULL;
  GThread *thread;

  self->shared = make_shared (places);
  self->shared->reader = self;
  self->func = func;
  self->data = data;
  thread = g_thread_try_new ("GPUs", read_all, ref_shared (self->shared), &error);
  if (thread)
    g_thread_unref (thread);
  else
    {
      g_warning ("GPUs are not read: %s", error->message);
      unref_shared (self->shared);
    }
  return self;
}

GPtrArray *
queen_gpu_reader_get (QueenGpuReader *self)
{
  return self->gpus;
}

void
queen_gpu_reader_set_interval (QueenGpuReader *self, gint64 interval)
{
  g_mutex_lock (&self->shared->mutex);
  self->shared->interval = MAX (interval, SHORTEST_INTERVAL);
  g_cond_signal (&self->shared->cond);
  g_mutex_unlock (&self->shared->mutex);
}

gint64
queen_gpu_reader_get_wait (QueenGpuReader *self, const char **source)
{
  gint64 wait = 0;

  g_mutex_lock (&self->shared->mutex);
  if (self->shared->reading)
    wait = MAX (g_get_monotonic_time () - self->shared->reading_since, 1);
  if (source)
    *source = self->shared->reading;
  g_mutex_unlock (&self->shared->mutex);
  return wait;
}

void
queen_gpu_reader_free (QueenGpuReader *self)
{
  Shared *shared = self->shared;

  shared->reader = NULL;
  g_mutex_lock (&shared->mutex);
  shared->is_closed = TRUE;
  if (shared->handing_over)
    g_source_destroy (shared->handing_over);
  g_clear_pointer (&shared->handing_over, g_source_unref);
  g_cond_signal (&shared->cond);
  g_mutex_unlock (&shared->mutex);
  unref_shared (shared);
  g_clear_pointer (&self->gpus, g_ptr_array_unref);
  g_free (self);
}
