/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-job-watches.h"

#include "text/queen-hash.h"

struct _QueenJobIndexWatch
{
  QueenJobWatches *watches;
  char *id;
  void (*func) (const QueenJobEntry *entry, gpointer data); /* NULL of one that is freed */
  gpointer data;
};

struct _QueenJobWatches
{
  GHashTable *by_id; /* id -> GPtrArray of QueenJobIndexWatch */
};

QueenJobWatches *
queen_job_watches_new (void)
{
  QueenJobWatches *self = g_new (QueenJobWatches, 1);

  self->by_id = g_hash_table_new_full (queen_string_hash, g_str_equal, g_free,
                                       (GDestroyNotify) g_ptr_array_unref);
  return self;
}

void
queen_job_watches_free (QueenJobWatches *self)
{
  g_hash_table_unref (self->by_id);
  g_free (self);
}

static void
clear_watch (gpointer data)
{
  g_free (((QueenJobIndexWatch *) data)->id);
}

static void
unref_watch (gpointer watch)
{
  g_rc_box_release_full (watch, clear_watch);
}

QueenJobIndexWatch *
queen_job_watches_add (QueenJobWatches *self,
                       const char *id,
                       void (*func) (const QueenJobEntry *entry, gpointer data),
                       gpointer data)
{
  QueenJobIndexWatch *watch = g_rc_box_new0 (QueenJobIndexWatch);
  GPtrArray *watches = g_hash_table_lookup (self->by_id, id);

  if (!watches)
    {
      watches = g_ptr_array_new_with_free_func (unref_watch);
      g_hash_table_insert (self->by_id, g_strdup (id), watches);
    }
  *watch = (QueenJobIndexWatch){ self, g_strdup (id), func, data };
  g_ptr_array_add (watches, g_rc_box_acquire (watch));
  return watch;
}

void
queen_job_index_watch_free (QueenJobIndexWatch *watch)
{
  QueenJobWatches *self = watch->watches;
  GPtrArray *watches = g_hash_table_lookup (self->by_id, watch->id);

  watch->func = NULL;
  g_ptr_array_remove (watches, watch);
  if (watches->len == 0)
    g_hash_table_remove (self->by_id, watch->id);
  unref_watch (watch);
}

void
queen_job_watches_tell (QueenJobWatches *self, const char *id, const QueenJobEntry *entry)
{
  GPtrArray *watches = g_hash_table_lookup (self->by_id, id);
  g_autoptr (GPtrArray) told = NULL;

  if (!watches)
    return;
  /* Any of them may be freed by another one. */
  told = g_ptr_array_new_with_free_func (unref_watch);
  for (guint i = 0; i < watches->len; i++)
    g_ptr_array_add (told, g_rc_box_acquire (watches->pdata[i]));
  for (guint i = 0; i < told->len; i++)
    {
      QueenJobIndexWatch *watch = told->pdata[i];

      if (watch->func)
        watch->func (entry, watch->data);
    }
}
