/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-drm-clients.h"

#include <string.h>

#include "queen-drm-client.h"
#include "queen-kernel-file.h"
#include "queen-process-files.h"
#include "text/queen-hash.h"

#define FDINFO_SIZE 8192
#define MAX_CLIENTS 4096
#define WALK_INTERVAL (15 * G_USEC_PER_SEC) /* µs between two looks at all processes */
#define NS_PER_USEC 1000

/* An open file of a GPU. */
typedef struct
{
  QueenDrmClient client;
  pid_t pid;
  gboolean has_shares; /* it was read before, too */
  double shares[QUEEN_DRM_ENGINES_MAX];
} Entry;

struct _QueenDrmClients
{
  char *root;
  gboolean is_host;
  gboolean sees_all;
  gboolean has_differences; /* this is not the first reading */
  gint64 walked_at;
  gint64 read_at;
  GHashTable *pids;    /* those that had one open at the last walk */
  GHashTable *entries; /* “pci id” → Entry */
  GHashTable *before;  /* only while reading */
  gint64 elapsed;      /* ns, only while reading */
};

/* How busy each engine was, with all that are summed up. */
typedef struct
{
  guint n;
  const char *names[QUEEN_DRM_ENGINES_MAX];
  double shares[QUEEN_DRM_ENGINES_MAX];
} Engines;

typedef struct
{
  QueenGpuProcess process;
  Engines engines;
} Use;

static GHashTable *
make_entries (void)
{
  return g_hash_table_new_full (queen_string_hash, g_str_equal, g_free, g_free);
}

static void
compare_entry (Entry *entry, const Entry *before, gint64 elapsed)
{
  entry->has_shares = elapsed > 0;
  for (guint i = 0; i < entry->client.n_engines; i++)
    entry->shares[i] = queen_drm_client_get_share (&entry->client, &before->client, i, elapsed);
}

/* A file may be open several times, and in several processes: it counts once. */
static void
on_open_file (pid_t pid, int fd, const char *target, gpointer data)
{
  QueenDrmClients *self = data;
  g_autofree char *key = NULL;
  char text[FDINFO_SIZE];
  const Entry *before;
  Entry entry = { .pid = pid };

  if (!g_str_has_prefix (target, "/dev/dri/") || g_hash_table_size (self->entries) >= MAX_CLIENTS ||
      queen_kernel_file_read (text, sizeof text, "%s/proc/%d/fdinfo/%d", self->root, (int) pid,
                              fd) <= 0 ||
      !queen_drm_client_parse (text, &entry.client))
    return;
  g_hash_table_add (self->pids, GINT_TO_POINTER (pid));
  key = g_strdup_printf ("%s %" G_GUINT64_FORMAT, entry.client.pci, entry.client.id);
  if (g_hash_table_contains (self->entries, key))
    return;
  before = self->before ? g_hash_table_lookup (self->before, key) : NULL;
  if (before)
    compare_entry (&entry, before, self->elapsed);
  g_hash_table_insert (self->entries, g_steal_pointer (&key), g_memdup2 (&entry, sizeof entry));
}

static void
walk_all (QueenDrmClients *self, gint64 now)
{
  g_hash_table_remove_all (self->pids);
  self->sees_all = queen_process_files_each (self->root, on_open_file, self) && self->is_host;
  self->walked_at = now;
}

static void
walk_known (QueenDrmClients *self)
{
  g_autoptr (GList) pids = g_hash_table_get_keys (self->pids);

  for (GList *pid = pids; pid; pid = pid->next)
    if (!queen_process_files_each_of (self->root, GPOINTER_TO_INT (pid->data), on_open_file, self))
      g_hash_table_remove (self->pids, pid->data);
}

void
queen_drm_clients_read (QueenDrmClients *self, gint64 now)
{
  self->before = g_steal_pointer (&self->entries);
  self->has_differences = self->before != NULL && now > self->read_at;
  self->elapsed = (now - self->read_at) * NS_PER_USEC;
  self->entries = make_entries ();
  if (!self->before || now - self->walked_at >= WALK_INTERVAL)
    walk_all (self, now);
  else
    walk_known (self);
  self->read_at = now;
  g_clear_pointer (&self->before, g_hash_table_unref);
}

static void
add_shares (Engines *engines, const Entry *entry)
{
  for (guint i = 0; i < entry->client.n_engines; i++)
    {
      const char *name = entry->client.engines[i].name;
      guint place = 0;

      while (place < engines->n && strcmp (engines->names[place], name) != 0)
        place++;
      if (place == QUEEN_DRM_ENGINES_MAX)
        continue;
      engines->names[place] = name;
      engines->n = MAX (engines->n, place + 1);
      engines->shares[place] += entry->shares[i];
    }
}

/* A GPU is as busy as the busiest of its engines: the others may have nothing to do. */
static double
find_busiest (const Engines *engines)
{
  double share = 0;

  for (guint i = 0; i < engines->n; i++)
    share = MAX (share, engines->shares[i]);
  return MIN (share, 1);
}

static void
add_entry (Use *use, const Entry *entry)
{
  if (entry->client.has_memory)
    {
      use->process.known |= QUEEN_GPU_MEMORY_USED;
      use->process.memory_used += entry->client.memory;
    }
  if (entry->has_shares)
    {
      use->process.known |= QUEEN_GPU_BUSY;
      add_shares (&use->engines, entry);
    }
}

static Use *
find_use (GHashTable *uses, pid_t pid)
{
  Use *use = g_hash_table_lookup (uses, GINT_TO_POINTER (pid));

  if (!use)
    {
      use = g_new0 (Use, 1);
      use->process.pid = pid;
      g_hash_table_insert (uses, GINT_TO_POINTER (pid), use);
    }
  return use;
}

static void
set_whole (const QueenDrmClients *self, QueenGpu *gpu, const Engines *engines, guint64 memory)
{
  if (!self->sees_all)
    return;
  if (self->has_differences && !queen_gpu_knows (gpu, QUEEN_GPU_BUSY))
    queen_gpu_set_busy (gpu, find_busiest (engines));
  if (memory > 0 && !queen_gpu_knows (gpu, QUEEN_GPU_MEMORY_USED))
    queen_gpu_set_memory_used (gpu, memory);
}

void
queen_drm_clients_apply (QueenDrmClients *self, QueenGpu *gpu)
{
  g_autoptr (GHashTable) uses = g_hash_table_new_full (NULL, NULL, NULL, g_free);
  Engines engines = { 0 };
  guint64 memory = 0;
  GHashTableIter iter;
  gpointer value;

  if (!self->entries || !gpu->pci)
    return;
  gpu->known |= QUEEN_GPU_PROCESSES;
  g_hash_table_iter_init (&iter, self->entries);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      const Entry *entry = value;

      if (strcmp (entry->client.pci, gpu->pci) != 0)
        continue;
      add_entry (find_use (uses, entry->pid), entry);
      add_shares (&engines, entry);
      memory += entry->client.is_vram ? entry->client.memory : 0;
    }
  g_hash_table_iter_init (&iter, uses);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      Use *use = value;

      use->process.busy = find_busiest (&use->engines);
      queen_gpu_add_process (gpu, &use->process);
    }
  set_whole (self, gpu, &engines, memory);
}

QueenDrmClients *
queen_drm_clients_new (const char *root)
{
  QueenDrmClients *self = g_new0 (QueenDrmClients, 1);

  self->root = g_strdup (root);
  self->is_host = queen_process_files_is_host (root);
  self->pids = g_hash_table_new (NULL, NULL);
  return self;
}

void
queen_drm_clients_free (QueenDrmClients *self)
{
  g_hash_table_unref (self->pids);
  g_clear_pointer (&self->entries, g_hash_table_unref);
  g_free (self->root);
  g_free (self);
}
