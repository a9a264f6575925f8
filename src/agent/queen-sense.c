/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-sense.h"

#include <string.h>

#include "loop/queen-clock.h"
#include "machine/queen-port-owners.h"
#include "machine/queen-process-tree.h"
#include "machine/queen-socket-diag.h"
#include "machine/queen-walk.h"
#include "text/queen-span.h"

#define COUNT_AGE (3 * QUEEN_SECOND) /* for so long a count is good enough: it may take 10 ms */
#define COUNT_SHARE 50             /* of a processor's time may go into it: one in so many parts */
#define FORGET (60 * QUEEN_SECOND) /* whose processes were not asked for since then */
#define BUSY_CPU 0.3               /* of one processor, on average */
#define BUSY_GPU 0.1
#define GPU_AGE 10 /* seconds: what a driver that hangs said last is no news */

/* What the processes behind a port had used. */
typedef struct
{
  pid_t pid;
  gint64 known_at;    /* µs, monotonic: since when @pid is it */
  guint64 started_at; /* in the kernel's ticks; 0 before it was seen: another one has another */
  gint64 asked_at;    /* µs, monotonic */
  gint64 searched_at; /* when its process was looked for; 0 for never */
  gint64 read_at;
  gint64 cpu_time;     /* µs */
  gboolean is_working; /* at the last reading */
  QueenSocketCount count;
  gint64 counted_at; /* 0 for never */
  gboolean is_left_out;
} Use;

/* Whether a port is open to others, as it was found. */
typedef struct
{
  gboolean is_open;
  gboolean is_stale; /* somebody asked when it was too early to find it out again */
  gint64 due_at;     /* µs, monotonic: not before that */
} Openness;

struct _QueenSense
{
  QueenGpuReader *gpus; /* not owned; NULL until it is needed, perhaps */
  QueenGpuReader *own;  /* the same, when nobody else has one */
  const QueenGpuPlaces *places;
  QueenSocketDiag *diag;
  QueenPortOwners *owners;
  QueenWalk *tree_walk;
  QueenProcessTree *tree; /* NULL before it was read */
  GHashTable *uses;       /* by port */
  GHashTable *openness;   /* likewise */
  gint64 count_due_at;    /* µs, monotonic: not before that they are counted again */
};

static gpointer
read_tree (gpointer question)
{
  return queen_process_tree_read (NULL);
}

static const QueenWalkKind tree_walk = {
  .walk = read_tree,
  .free_answer = (GDestroyNotify) queen_process_tree_free,
  .share = 300,
  .shortest = QUEEN_SECOND,
  .longest = 300 * QUEEN_SECOND,
};

static void
on_tree_read (gpointer answer, gpointer data)
{
  QueenSense *self = data;

  g_clear_pointer (&self->tree, queen_process_tree_free);
  self->tree = answer;
}

/* Returns: (nullable): the last one; a newer one may come */
static QueenProcessTree *
get_tree (QueenSense *self)
{
  if (queen_walk_is_due (self->tree_walk))
    queen_walk_begin (self->tree_walk, NULL);
  return self->tree;
}

pid_t
queen_sense_find_pid (QueenSense *self, guint16 port)
{
  return queen_port_owners_find (self->owners, port);
}

static gboolean
is_old (gpointer port, gpointer value, gpointer data)
{
  const Use *use = value;

  return *(gint64 *) data - use->asked_at > FORGET;
}

/* What another one had used says nothing of it. */
static void
set_process (Use *use, pid_t pid, gint64 now)
{
  use->pid = pid;
  use->known_at = now;
  use->started_at = 0;
  use->read_at = 0;
}

static Use *
get_use (QueenSense *self, guint16 port, pid_t pid, gint64 now)
{
  Use *use = g_hash_table_lookup (self->uses, GUINT_TO_POINTER (port));

  if (!use)
    {
      g_hash_table_foreach_remove (self->uses, is_old, &now);
      use = g_new0 (Use, 1);
      g_hash_table_insert (self->uses, GUINT_TO_POINTER (port), use);
    }
  if (pid != 0 && pid != use->pid)
    set_process (use, pid, now);
  use->asked_at = now;
  return use;
}

/* @is_working: (out): whether its processes have used the processors since the last reading
 *
 * Returns: whether that is known */
static gboolean
look_at_cpu (QueenSense *self, Use *use, gboolean *is_working)
{
  const QueenProcessTree *tree = use->pid != 0 ? get_tree (self) : NULL;
  const gint64 tree_read_at = tree ? queen_process_tree_get_time (tree) : 0;
  gint64 read_before = use->read_at;
  QueenProcessUse sum;

  /* It may have begun after that. */
  if (!tree || tree_read_at < use->known_at)
    return FALSE;
  if (tree_read_at == read_before)
    {
      *is_working = use->is_working;
      return TRUE;
    }
  if (!queen_process_tree_sum (tree, use->pid, &sum) ||
      (use->started_at != 0 && use->started_at != sum.started_at))
    {
      set_process (use, 0, 0);
      return FALSE;
    }
  use->started_at = sum.started_at;
  use->is_working =
      read_before != 0 &&
      (double) (sum.cpu_time - use->cpu_time) / (double) (tree_read_at - read_before) > BUSY_CPU;
  use->cpu_time = sum.cpu_time;
  use->read_at = tree_read_at;
  *is_working = use->is_working;
  return read_before != 0;
}

/* Looking for it costs something, so it is for one who has a client. */
static void
find_process (QueenSense *self, guint16 port, Use *use, gint64 now)
{
  pid_t pid;

  if (use->pid != 0 || (use->searched_at != 0 && now - use->searched_at < FORGET))
    return;
  pid = queen_sense_find_pid (self, port);
  if (pid == QUEEN_PORT_OWNERS_LATER)
    return;
  use->searched_at = now;
  set_process (use, pid, now);
}

/* Who has no hive has no need of GPUs, but for this. */
static GPtrArray *
get_gpus (QueenSense *self)
{
  if (!self->gpus && self->places)
    self->gpus = self->own = queen_gpu_reader_new (self->places, NULL, NULL);
  return self->gpus ? queen_gpu_reader_get (self->gpus) : NULL;
}

static gboolean
is_on_gpu (QueenSense *self, Use *use, gint64 now)
{
  GPtrArray *gpus = use->pid != 0 ? get_gpus (self) : NULL;
  QueenProcessTree *tree = gpus && gpus->len > 0 ? get_tree (self) : NULL;

  for (guint i = 0; tree && i < gpus->len; i++)
    {
      const QueenGpu *gpu = g_ptr_array_index (gpus, i);

      if (!queen_gpu_knows (gpu, QUEEN_GPU_BUSY) || gpu->busy < BUSY_GPU ||
          queen_gpu_get_age (gpu, now) > GPU_AGE)
        continue;
      for (guint j = 0; j < gpu->processes->len; j++)
        {
          const QueenGpuProcess *process = &g_array_index (gpu->processes, QueenGpuProcess, j);

          if (process->pid != 0 && queen_process_tree_is_in (tree, process->pid, use->pid) &&
              (!(process->known & QUEEN_GPU_BUSY) || process->busy >= BUSY_GPU))
            return TRUE;
        }
    }
  return FALSE;
}

/* Connections */

static gboolean
count_all (QueenSense *self, gint64 now)
{
  const gint64 before = queen_clock_system.get_cpu ();
  guint n_ports = g_hash_table_size (self->uses);
  g_autofree guint16 *ports = g_new (guint16, n_ports);
  g_autofree QueenSocketCount *counts = g_new0 (QueenSocketCount, n_ports);
  GHashTableIter iter;
  gpointer port, value;
  guint i = 0;

  g_hash_table_iter_init (&iter, self->uses);
  while (g_hash_table_iter_next (&iter, &port, NULL))
    ports[i++] = (guint16) GPOINTER_TO_UINT (port);
  if (!queen_socket_diag_count_ports (self->diag, ports, n_ports, counts, NULL))
    return FALSE;
  self->count_due_at = now + (queen_clock_system.get_cpu () - before) * COUNT_SHARE;
  i = 0;
  g_hash_table_iter_init (&iter, self->uses);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      Use *use = value;

      if (!use->is_left_out)
        {
          use->count = counts[i];
          /* Who works among those that were counted does; where all rest, others may not. */
          use->counted_at = counts[i].is_cut && counts[i].n_active == 0 ? 0 : now;
        }
      use->is_left_out = FALSE;
      i++;
    }
  return TRUE;
}

gboolean
queen_sense_is_to_count (QueenSense *self, gint64 now, guint16 port)
{
  const Use *use = g_hash_table_lookup (self->uses, GUINT_TO_POINTER (port));

  return now >= self->count_due_at && (!use || now - use->counted_at > COUNT_AGE);
}

void
queen_sense_leave_out (QueenSense *self, guint16 port)
{
  Use *use = g_hash_table_lookup (self->uses, GUINT_TO_POINTER (port));

  if (use)
    use->is_left_out = TRUE;
}

const char *
queen_sense_look (
    QueenSense *self, gint64 now, guint16 port, pid_t pid, guint n_own, gboolean *is_busy)
{
  gboolean is_to_count = queen_sense_is_to_count (self, now, port);
  Use *use = get_use (self, port, pid, now);
  gboolean is_working = FALSE;

  use->is_left_out = FALSE;
  if ((is_to_count && !count_all (self, now)) || use->counted_at == 0)
    return NULL;
  *is_busy = use->count.n_active > 0;
  if (use->count.n_established <= n_own || use->count.n_active > 0)
    return "sockets";
  find_process (self, port, use, now);
  if (is_on_gpu (self, use, now))
    {
      *is_busy = TRUE;
      return "gpu";
    }
  if (!look_at_cpu (self, use, &is_working))
    {
      /* Somebody is connected, and that is all that is known. */
      *is_busy = TRUE;
      return "sockets";
    }
  *is_busy = is_working;
  return is_working ? "cpu" : "sockets";
}

/* Openness */

static gboolean
is_listening_for_others (QueenSense *self, guint16 port)
{
  g_autoptr (GArray) listeners = queen_socket_diag_list_at (self->diag, port, NULL);
  gboolean is_there = FALSE;

  /* Somebody else may listen beside it, at other addresses of this machine: the first is it. */
  for (guint i = 0; listeners && i < listeners->len; i++)
    {
      const QueenSocketListener *listener = &g_array_index (listeners, QueenSocketListener, i);

      if (listener->uid != g_array_index (listeners, QueenSocketListener, 0).uid)
        continue;
      if (!g_str_has_prefix (listener->address, "127.") && strcmp (listener->address, "::1") != 0 &&
          !g_str_has_prefix (listener->address, "::ffff:127."))
        return TRUE;
      is_there = TRUE;
    }
  return !is_there;
}

/* The kernel goes through all who listen for it. All ports together have their share of a
 * processor's time, however often one who is there changes. */
gboolean
queen_sense_is_open (QueenSense *self, gint64 now, guint16 port)
{
  Openness *openness = g_hash_table_lookup (self->openness, GUINT_TO_POINTER (port));
  gint64 before;

  if (!openness)
    {
      openness = g_new0 (Openness, 1);
      g_hash_table_insert (self->openness, GUINT_TO_POINTER (port), openness);
    }
  openness->is_stale = now < openness->due_at;
  if (openness->is_stale)
    return openness->is_open;
  before = queen_clock_system.get_cpu ();
  openness->is_open = is_listening_for_others (self, port);
  openness->due_at = now + (queen_clock_system.get_cpu () - before) * COUNT_SHARE *
                               g_hash_table_size (self->openness);
  return openness->is_open;
}

gboolean
queen_sense_is_stale (QueenSense *self, gint64 now, guint16 port)
{
  const Openness *openness = g_hash_table_lookup (self->openness, GUINT_TO_POINTER (port));

  return openness && openness->is_stale && now >= openness->due_at;
}

gboolean
queen_sense_is_at_driver (QueenSense *self)
{
  return self->gpus && queen_gpu_reader_get_wait (self->gpus, NULL) > 0;
}

QueenSense *
queen_sense_new (QueenGpuReader *gpus, const QueenGpuPlaces *places)
{
  QueenSense *self = g_new0 (QueenSense, 1);

  self->gpus = gpus;
  self->places = places;
  self->diag = queen_socket_diag_new (NULL);
  self->owners = queen_port_owners_new (NULL);
  self->tree_walk = queen_walk_new (&tree_walk, on_tree_read, self);
  self->uses = g_hash_table_new_full (NULL, NULL, NULL, g_free);
  self->openness = g_hash_table_new_full (NULL, NULL, NULL, g_free);
  return self;
}

void
queen_sense_free (QueenSense *self)
{
  g_clear_pointer (&self->own, queen_gpu_reader_free);
  queen_socket_diag_free (self->diag);
  queen_port_owners_free (self->owners);
  queen_walk_free (self->tree_walk);
  g_clear_pointer (&self->tree, queen_process_tree_free);
  g_hash_table_unref (self->uses);
  g_hash_table_unref (self->openness);
  g_free (self);
}
