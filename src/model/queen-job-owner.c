/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-job-owner.h"

#include "text/queen-hash.h"
#include "text/queen-shared-text.h"

static void
free_load (QueenJobLoad *load)
{
  g_free (load->worker_id);
  g_free (load);
}

QueenJobOwner *
queen_job_owner_new (const char *name)
{
  QueenJobOwner *self = g_new0 (QueenJobOwner, 1);

  self->name = queen_shared_text_ref (name);
  self->loads =
      g_hash_table_new_full (queen_string_hash, g_str_equal, NULL, (GDestroyNotify) free_load);
  self->link.data = self;
  return self;
}

void
queen_job_owner_free (QueenJobOwner *self)
{
  g_hash_table_unref (self->loads);
  queen_shared_text_unref (self->name);
  g_free (self);
}

guint
queen_job_owner_get_load (const QueenJobOwner *self, const char *worker_id)
{
  const QueenJobLoad *load = g_hash_table_lookup (self->loads, worker_id);

  return load ? load->n : 0;
}

static QueenJobLoad *
add_load (QueenJobOwner *self, const char *worker_id)
{
  QueenJobLoad *load = g_new0 (QueenJobLoad, 1);

  load->worker_id = g_strdup (worker_id);
  load->link.data = load;
  g_hash_table_insert (self->loads, load->worker_id, load);
  return load;
}

void
queen_job_owner_set_load (QueenJobOwner *self, const char *worker_id, guint n)
{
  QueenJobLoad *load = g_hash_table_lookup (self->loads, worker_id);

  if (load)
    g_queue_unlink (&self->named, &load->link);
  if (n == 0)
    {
      g_hash_table_remove (self->loads, worker_id);
      return;
    }
  if (!load)
    load = add_load (self, worker_id);
  load->n = n;
  load->round = self->round;
  g_queue_push_tail_link (&self->named, &load->link);
}

const QueenJobLoad *
queen_job_owner_peek_old_load (const QueenJobOwner *self)
{
  const QueenJobLoad *load = self->named.head ? self->named.head->data : NULL;

  return load && load->round < self->kept_from ? load : NULL;
}
