/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-job-room.h"

#include "queen-faults.h"
#include "queen-senders.h"

struct _QueenJobRoom
{
  QueenFairQueue *open;
  QueenFairQueue *ended; /* of each party, those first that ended first */
};

QueenJobRoom *
queen_job_room_new (void)
{
  QueenJobRoom *self = g_new0 (QueenJobRoom, 1);

  self->open = queen_fair_queue_new (QUEEN_JOB_INDEX_MAX_JOBS);
  self->ended = queen_fair_queue_new (QUEEN_JOB_INDEX_MAX_JOBS);
  return self;
}

void
queen_job_room_free (QueenJobRoom *self)
{
  queen_fair_queue_free (self->open);
  queen_fair_queue_free (self->ended);
  g_free (self);
}

/* Queens do not stand between: whoever has many at one of them is not to have those go that others
 * have few of there. */
char *
queen_job_room_dup_party (const QueenJobEntry *entry)
{
  return entry->party == QUEEN_FAULTS_OF_NOBODY ? queen_sender_dup_name_of_queen (entry->owner, 0)
                                                : g_strdup_printf ("%u", entry->party);
}

void
queen_job_room_enter (QueenJobRoom *self,
                      QueenFairPlace *place,
                      const QueenJobEntry *entry,
                      gpointer item)
{
  g_autofree char *party = queen_job_room_dup_party (entry);

  queen_fair_queue_leave (place);
  queen_fair_queue_enter (queen_job_state_is_open (entry->state) ? self->open : self->ended, place,
                          party, item);
}

static gboolean
may_always_go (gpointer item, gpointer data)
{
  return TRUE;
}

gpointer
queen_job_room_find_burden (QueenJobRoom *self, const QueenJobEntry *entry)
{
  g_autofree char *party = queen_job_room_dup_party (entry);
  gpointer ended = queen_fair_queue_find_burden (self->ended, may_always_go, NULL);

  return ended ? ended : queen_fair_queue_find_greediest (self->open, party);
}
