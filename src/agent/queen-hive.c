/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-hive.h"

#include "build-config.h"
#include "machine/queen-machine.h"
#include "text/queen-json-writer.h"
#include "text/queen-span.h"

#define MAX_GPUS 16               /* that a heartbeat may tell of */
#define HANGS (20 * QUEEN_SECOND) /* what a driver takes that does not come back */

struct _QueenHive
{
  char *id;
  char *hostname;
  QueenMachine *machine;
  QueenGpuReader *gpus;
  guint n_gpus; /* when they were read last */
  void (*changed) (gpointer data);
  gpointer data;
  gboolean is_left;
};

/* What a driver does not say is null, and never 0. */
static void
add_value (GString *json, const char *name, gboolean is_known, double value, const char *format)
{
  char buffer[G_ASCII_DTOSTR_BUF_SIZE];

  g_string_append_printf (json, ",\"%s\":%s", name,
                          is_known ? g_ascii_formatd (buffer, sizeof buffer, format, value)
                                   : "null");
}

static void
add_name (GString *json, const char *name, const char *text)
{
  if (!text)
    return;
  g_string_append_printf (json, ",\"%s\":", name);
  queen_json_append_string (json, text);
}

static void
add_gpu (GString *json, const QueenGpu *gpu, gint64 now)
{
  g_string_append_printf (json, "%s{\"index\":%u", json->len > 1 ? "," : "", gpu->index);
  add_name (json, "name", gpu->name);
  add_name (json, "uuid", gpu->uuid);
  add_name (json, "vendor", gpu->vendor);
  add_value (json, "busy", queen_gpu_knows (gpu, QUEEN_GPU_BUSY), gpu->busy, "%.3f");
  add_value (json, "memory_used", queen_gpu_knows (gpu, QUEEN_GPU_MEMORY_USED),
             (double) gpu->memory_used, "%.0f");
  add_value (json, "memory_total", queen_gpu_knows (gpu, QUEEN_GPU_MEMORY_TOTAL),
             (double) gpu->memory_total, "%.0f");
  add_value (json, "temperature", queen_gpu_knows (gpu, QUEEN_GPU_TEMPERATURE), gpu->temperature,
             "%.0f");
  add_value (json, "power", queen_gpu_knows (gpu, QUEEN_GPU_POWER), gpu->power, "%.1f");
  add_value (json, "age", TRUE, queen_gpu_get_age (gpu, now), "%.1f");
  g_string_append_c (json, '}');
}

static void
add_gpus (QueenHive *self, QueenBeat *beat, gint64 now)
{
  GPtrArray *gpus = queen_gpu_reader_get (self->gpus);
  g_autoptr (GString) json = g_string_new ("[");

  if (!gpus)
    return;
  for (guint i = 0; i < MIN (gpus->len, MAX_GPUS); i++)
    add_gpu (json, g_ptr_array_index (gpus, i), now);
  g_string_append_c (json, ']');
  queen_beat_add_json (beat, "gpus", json->str);
}

static void
add_health (QueenHive *self, QueenBeat *beat)
{
  GPtrArray *gpus = queen_gpu_reader_get (self->gpus);
  const char *source = NULL;
  const char *problem = NULL;
  g_autofree char *reason = NULL;

  for (guint i = 0; gpus && i < gpus->len && !problem; i++)
    problem = ((QueenGpu *) g_ptr_array_index (gpus, i))->problem;
  if (queen_gpu_reader_get_wait (self->gpus, &source) > HANGS)
    reason = g_strdup_printf ("the driver of its GPUs does not answer (%s)", source);
  else if (problem)
    reason = g_strdup_printf ("of a GPU: %s", problem);
  queen_beat_add_health (beat, reason ? "degraded" : "healthy", reason);
}

void
queen_hive_add_beat (QueenHive *self, GPtrArray *beats)
{
  gint64 now = g_get_monotonic_time ();
  QueenBeat *beat = queen_beat_new (TRUE, self->id, self->is_left ? "offline" : "ready");
  QueenMachineLoad load;

  queen_machine_read (self->machine, now, &load);
  queen_beat_add_text (beat, "hostname", self->hostname);
  queen_beat_add_text (beat, "version", QUEEN_VERSION);
  add_health (self, beat);
  if (load.has_cpu)
    queen_beat_add_number (beat, "cpu", load.cpu);
  if (load.has_memory)
    {
      queen_beat_add_integer (beat, "memory_used", (gint64) load.memory_used);
      queen_beat_add_integer (beat, "memory_total", (gint64) load.memory_total);
    }
  add_gpus (self, beat, now);
  g_ptr_array_add (beats, beat);
}

static void
on_gpus (const GPtrArray *gpus, gpointer data)
{
  QueenHive *self = data;

  if (gpus->len == self->n_gpus)
    return;
  self->n_gpus = gpus->len;
  self->changed (self->data);
}

QueenHive *
queen_hive_new (const char *id,
                const QueenGpuPlaces *places,
                void (*changed) (gpointer data),
                gpointer data)
{
  QueenHive *self = g_new0 (QueenHive, 1);
  QueenMachineLoad load;

  self->id = g_strdup (id);
  self->changed = changed;
  self->data = data;
  self->hostname = queen_machine_dup_hostname (NULL);
  self->machine = queen_machine_new (NULL);
  /* The use of the processors is that since the last reading. */
  queen_machine_read (self->machine, g_get_monotonic_time (), &load);
  self->gpus = queen_gpu_reader_new (places, on_gpus, self);
  return self;
}

void
queen_hive_free (QueenHive *self)
{
  queen_machine_free (self->machine);
  queen_gpu_reader_free (self->gpus);
  g_free (self->hostname);
  g_free (self->id);
  g_free (self);
}

QueenGpuReader *
queen_hive_get_gpus (QueenHive *self)
{
  return self->gpus;
}

void
queen_hive_leave (QueenHive *self)
{
  self->is_left = TRUE;
}
