/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-job-whole.h"

#include <string.h>

#define SPARE_PART 16  /* one in so many bytes may be for what has yet to come */
#define LEAST_SPARE 64 /* bytes */

struct _QueenJobWhole
{
  char *bytes;
  gsize length;
  gsize n_allocated;
  GBytes *shared; /* NULL as long as something may come; then it has the bytes */
};

QueenJobWhole *
queen_job_whole_new (void)
{
  return g_new0 (QueenJobWhole, 1);
}

void
queen_job_whole_free (QueenJobWhole *self)
{
  if (self->shared)
    g_bytes_unref (self->shared);
  else
    g_free (self->bytes);
  g_free (self);
}

/* Not to twice the size, as it counts as long as it is kept. */
static void
make_room (QueenJobWhole *self, gsize n_more)
{
  gsize needed = self->length + n_more;

  if (needed <= self->n_allocated)
    return;
  self->n_allocated = self->length == 0 ? needed : needed + needed / SPARE_PART + LEAST_SPARE;
  self->bytes = g_realloc (self->bytes, self->n_allocated);
}

void
queen_job_whole_append (QueenJobWhole *self, GBytes *part)
{
  gsize length;
  gconstpointer bytes = g_bytes_get_data (part, &length);

  g_return_if_fail (!self->shared);

  if (length == 0)
    return;
  make_room (self, length);
  memcpy (self->bytes + self->length, bytes, length);
  self->length += length;
}

gsize
queen_job_whole_get_length (const QueenJobWhole *self)
{
  return self->length;
}

gsize
queen_job_whole_get_n_bytes (const QueenJobWhole *self)
{
  return sizeof *self + self->n_allocated;
}

GBytes *
queen_job_whole_share (QueenJobWhole *self)
{
  if (!self->shared)
    self->shared = g_bytes_new_take (self->bytes, self->length);
  return self->shared;
}
