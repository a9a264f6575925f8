/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* A registry that is full. Whoever is offline makes room first; when all are online, whoever has
 * most makes it for who has clearly less. So a newcomer finds a place however many others have
 * brought, and it ends: who has given way has no less than the newcomer then, and so does not come
 * back in its stead. */

#include "queen-error.h"
#include "queen-registry-private.h"

gboolean
queen_registry_make_room (QueenRegistry *self, GQueue *queue)
{
  QueenEntry *entry = g_queue_peek_head (queue);

  if (!entry)
    return FALSE;
  queen_registry_displace (self, entry);
  return TRUE;
}

/* What somebody has, and all that count as one with it; those who are not counted are one. */
static guint
count_party (QueenRegistry *self, const char *name)
{
  const QueenSender *party = queen_senders_find_party (self->senders, name);

  if (!name)
    return queen_registry_get_total (self) - queen_senders_get_n_brought (self->senders);
  return party ? party->n_brought : 0;
}

/* Returns: (nullable): who would give way to one more of @name: nobody who is held, while others
 *   are there */
static QueenEntry *
find_greediest (QueenRegistry *self, const char *name)
{
  QueenSender *party = queen_senders_get_greediest (self->senders);

  /* With one more it has no more than the other with one less, so it is not the other's turn then.
   */
  if (!party || count_party (self, name) + 1 >= party->n_brought)
    return NULL;
  return g_queue_peek_head (&party->online[party->online[FALSE].length == 0]);
}

static gboolean
has_place (QueenRegistry *self)
{
  return queen_registry_get_total (self) < self->settings.max_components;
}

gboolean
queen_registry_check_place (QueenRegistry *self,
                            const QueenComponent *component,
                            const char *name,
                            GError **error)
{
  if (has_place (self) || self->offline.length > 0 ||
      (queen_component_is_online (component) && find_greediest (self, name)))
    return TRUE;
  g_set_error (error, QUEEN_ERROR, QUEEN_ERROR_REGISTRY_FULL,
               "the registry is full: %u %ss are online already", self->settings.max_components,
               queen_component_kind_get_name (self->kind));
  return FALSE;
}

void
queen_registry_clear_place (QueenRegistry *self, const char *name)
{
  QueenEntry *greediest;

  if (has_place (self) || queen_registry_make_room (self, &self->offline))
    return;
  greediest = find_greediest (self, name);
  if (greediest)
    queen_registry_displace (self, greediest);
}
