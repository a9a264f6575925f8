/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* A registry that is full. Whoever is offline makes room first; when all are online, whoever has
 * most makes it for who has clearly less: among all parties, and then among those who are one. So a
 * newcomer finds a place however many others have brought, and it ends: who has given way has no
 * less than the newcomer then, and so does not come back in its stead. */

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

guint
queen_registry_count_party (QueenRegistry *self, const char *name)
{
  const QueenSender *party = queen_senders_find_party (self->senders, name);

  if (!name)
    return queen_registry_get_total (self) - queen_senders_get_n_brought (self->senders);
  return party ? party->n_brought : 0;
}

/* Returns: (nullable): who of @sender gives way: nobody who is held, while there are others among
 * those that have been unheard for longest */
static QueenEntry *
find_first (const QueenSender *sender)
{
  GList *link = sender->online.head;

  for (guint i = 0; link && i < QUEEN_REGISTRY_MAX_TRIED; i++, link = link->next)
    if (!queen_component_is_held (((QueenEntry *) link->data)->component))
      return link->data;
  return g_queue_peek_head ((GQueue *) &sender->online);
}

/* With one more one has no more than @greediest with one less, so it is not its turn then. */
static gboolean
is_greedier (const QueenSender *greediest, guint n)
{
  return greediest && n + 1 < greediest->n_brought;
}

/* Returns: (nullable): who would give way to one more of @name: of the party that has most, and
 * there of who has most; when that has not clearly more, of who has most in the own party */
static QueenEntry *
find_greediest (QueenRegistry *self, const char *name)
{
  const QueenSender *own = queen_senders_lookup (self->senders, name);
  const QueenSender *party = queen_senders_find_party (self->senders, name);
  const QueenSender *greediest =
      queen_sender_order_get_greediest (queen_senders_get_parties (self->senders));
  const QueenSender *member;

  if (is_greedier (greediest, queen_registry_count_party (self, name)))
    {
      member = queen_sender_order_get_greediest (&greediest->members);
      return find_first (member ? member : greediest);
    }
  member = party ? queen_sender_order_get_greediest (&party->members) : NULL;
  return is_greedier (member, own ? own->n_brought : 0) ? find_first (member) : NULL;
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
