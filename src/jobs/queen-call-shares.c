/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-call-shares.h"

#include "loop/queen-fair-queue.h"
#include "model/queen-senders.h"

/* Not by the host that is called: whoever has a network, or a name server, has as many of these as
 * it likes. Of what a sender's workers may have, one who asks does not leave nothing for others. */
void
queen_call_parties_init (QueenCallParties *self, const char *submitter, const QueenSource *source)
{
  g_autofree char *sender = queen_source_dup_asker (source);

  self->submitter = queen_sender_dup_asker (submitter ? submitter : "");
  self->sender = queen_fair_queue_join (sender, self->submitter);
}

char *
queen_call_parties_dup_turn (const QueenCallParties *self)
{
  return queen_fair_queue_join (self->submitter, self->sender);
}

void
queen_call_parties_clear (QueenCallParties *self)
{
  g_clear_pointer (&self->submitter, g_free);
  g_clear_pointer (&self->sender, g_free);
}

void
queen_call_shares_init (QueenCallShares *self, gsize most)
{
  self->submitters = queen_portions_new (most);
  self->senders = queen_portions_new (most);
}

void
queen_call_shares_clear (QueenCallShares *self)
{
  g_clear_pointer (&self->submitters, queen_portions_free);
  g_clear_pointer (&self->senders, queen_portions_free);
}

gsize
queen_call_shares_get_taken (const QueenCallShares *self)
{
  return queen_portions_get_taken (self->submitters);
}

gboolean
queen_call_shares_hold (QueenCallShares *self,
                        const QueenCallParties *parties,
                        gsize n_before,
                        gsize n_now)
{
  if (n_now == n_before)
    return TRUE;
  if (n_now > n_before &&
      (!queen_portions_may_take (self->submitters, parties->submitter, n_now - n_before) ||
       !queen_portions_may_take (self->senders, parties->sender, n_now - n_before)))
    return FALSE;
  queen_portions_give_back (self->submitters, parties->submitter, n_before);
  queen_portions_take (self->submitters, parties->submitter, n_now);
  queen_portions_give_back (self->senders, parties->sender, n_before);
  queen_portions_take (self->senders, parties->sender, n_now);
  return TRUE;
}
