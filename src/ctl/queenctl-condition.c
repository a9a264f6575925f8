/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queenctl-condition.h"

#include "model/queen-status.h"

static QueenctlCondition *
make_condition (const char *status, const char *health, const char *reason)
{
  QueenctlCondition *self = g_new0 (QueenctlCondition, 1);
  QueenStatus said;
  gboolean is_online = !queen_status_parse (status, &said) || queen_status_is_online (said);

  self->status = g_strdup (status);
  self->health = g_strdup (is_online ? health : "");
  self->reason = g_strdup (is_online ? reason : "");
  return self;
}

QueenctlCondition *
queenctl_condition_new (const char *status, const QueenctlComponent *component)
{
  if (!component || !queenctl_component_is_ill (component))
    return make_condition (status, "", "");
  return make_condition (status, queenctl_component_get_health (component),
                         queenctl_component_get_health_reason (component));
}

QueenctlCondition *
queenctl_condition_new_like (const QueenctlCondition *self, const char *status)
{
  return make_condition (status, self ? self->health : "", self ? self->reason : "");
}

void
queenctl_condition_free (QueenctlCondition *self)
{
  g_free (self->status);
  g_free (self->health);
  g_free (self->reason);
  g_free (self);
}

gboolean
queenctl_condition_equal (const QueenctlCondition *a, const QueenctlCondition *b)
{
  return g_str_equal (a->status, b->status) && g_str_equal (a->health, b->health);
}
