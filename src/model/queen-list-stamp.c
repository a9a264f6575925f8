/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-list-stamp.h"

#define MAX_AGE G_USEC_PER_SEC                          /* when somebody has beaten */
#define MAX_AGE_OF_MANY (250 * G_TIME_SPAN_MILLISECOND) /* when something has changed */
#define MANY 1000                                       /* components */

QueenListStamp
queen_list_stamp_take (QueenRegistry *registry, const QueenClock *clock)
{
  return (QueenListStamp){ queen_registry_get_revision (registry),
                           queen_registry_get_n_heartbeats (registry), clock->get_monotonic () };
}

gboolean
queen_list_stamp_is_good (const QueenListStamp *self,
                          QueenRegistry *registry,
                          const QueenClock *clock)
{
  QueenListStamp now = queen_list_stamp_take (registry, clock);
  gint64 age = now.time - self->time;

  if (now.revision != self->revision)
    return queen_registry_get_total (registry) > MANY && age < MAX_AGE_OF_MANY;
  return now.n_heartbeats == self->n_heartbeats || age <= MAX_AGE;
}

char *
queen_list_stamp_dup_version (const QueenListStamp *self, guint64 epoch)
{
  return g_strdup_printf ("%" G_GINT64_MODIFIER "x-%" G_GINT64_MODIFIER "x-%" G_GINT64_MODIFIER "x",
                          epoch, self->revision, self->n_heartbeats);
}
