/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-call-check.h"

#include "queen-error.h"
#include "queen-reach.h"
#include "queen-target.h"

#define OWN_KNOWN                                                                                  \
  (10 * G_USEC_PER_SEC) /* of thousands who come at once each would ask the kernel */

struct _QueenCallCheck
{
  QueenReach *reach;
  const QueenClock *clock;
  gint64 forget_own; /* µs, monotonic: when the queen's addresses are to be looked up anew */
};

QueenCallCheck *
queen_call_check_new (const char *const *networks, const QueenClock *clock)
{
  QueenCallCheck *self = g_new0 (QueenCallCheck, 1);

  self->reach = queen_reach_new (networks, NULL);
  self->clock = clock;
  self->forget_own = G_MININT64;
  return self;
}

void
queen_call_check_free (QueenCallCheck *self)
{
  g_clear_pointer (&self->reach, queen_reach_free);
  g_free (self);
}

static void
refresh_own (QueenCallCheck *self)
{
  gint64 now = self->clock->get_monotonic ();

  if (now < self->forget_own)
    return;
  queen_reach_keep_own (self->reach);
  self->forget_own = now + OWN_KNOWN;
}

/* Who has not said where it is need not be called, as many are there to be seen. */
char *
queen_call_check_explain (const QueenComponent *component, gpointer check)
{
  QueenCallCheck *self = check;
  g_autoptr (GError) error = NULL;
  g_autoptr (QueenTarget) target = queen_target_new (component, &error);
  g_autoptr (GInetAddress) address = NULL;

  if (!target)
    return error->code == QUEEN_ERROR_FORBIDDEN ? g_strdup (error->message) : NULL;
  address = g_inet_address_new_from_string (target->host);
  if (!address || !self->reach)
    return NULL;
  refresh_own (self);
  if (queen_reach_check (self->reach, &component->source, address, &error))
    return NULL;
  return g_strdup (error->message);
}
