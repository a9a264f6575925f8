/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-registry-private.h"

#include <string.h>

#include "queen-error.h"

#define PER_COMPONENT 3072 /* bytes; a machine with sixteen graphics cards says as much */
#define LEAST (4 * 1024 * 1024)
/* Bytes for each model of each worker, beside its name, by which it is found: it is twice as much
 * for one that nobody else has, and little for one that many have. */
#define INDEX_SIZE 640

static gsize
get_most (const QueenRegistry *self)
{
  return MAX ((gsize) self->settings.max_components * PER_COMPONENT, LEAST);
}

/* Whoever gives work out by models has each of them twice. */
static gsize
measure_index (char **models)
{
  gsize size = 0;

  for (; models && *models; models++)
    size += INDEX_SIZE + 2 * strlen (*models);
  return size;
}

gsize
queen_registry_measure_lists (const QueenComponent *component)
{
  const QueenVitals *vitals = component->vitals;

  if (!vitals)
    return 0;
  return queen_field_models.get_size (&vitals->models) + measure_index (vitals->models) +
         queen_field_gpus.get_size (&vitals->gpus);
}

/* Somebody's lists, or everybody's. */
typedef struct
{
  const gsize *n_bytes; /* that they take now */
  gsize most;           /* that they may take */
  GSequence *lists;     /* NULL where there are none; who is offline may make room, and is first */
} Holder;

static gboolean
has_room (const Holder *holder, gsize n_less, gsize n_more)
{
  return *holder->n_bytes - n_less + n_more <= holder->most;
}

/* Returns: (nullable): who is offline, not @entry, and has the longest lists of all these */
static QueenEntry *
find_offline (GSequence *lists, const QueenEntry *entry)
{
  GSequenceIter *iter = lists ? g_sequence_get_begin_iter (lists) : NULL;
  QueenEntry *first;

  if (iter && !g_sequence_iter_is_end (iter) && g_sequence_get (iter) == entry)
    iter = g_sequence_iter_next (iter);
  if (!iter || g_sequence_iter_is_end (iter))
    return NULL;
  first = g_sequence_get (iter);
  return queen_component_is_online (first->component) ? NULL : first;
}

/* One component has much less than there may be, so a sender that makes room for it keeps others.
 *
 * @n_less: bytes of @entry's that go
 * @n_more: and that come */
static gboolean
make_room_for_lists (
    QueenRegistry *self, const Holder *holder, const QueenEntry *entry, gsize n_less, gsize n_more)
{
  QueenEntry *other;

  for (guint i = 0; i < QUEEN_REGISTRY_MAX_TRIED && !has_room (holder, n_less, n_more) &&
                    (other = find_offline (holder->lists, entry));
       i++)
    queen_registry_displace (self, other);
  return has_room (holder, n_less, n_more);
}

static gboolean
refuse_lists (const QueenRegistry *self, gsize most, GError **error)
{
  g_set_error (error, QUEEN_ERROR, QUEEN_ERROR_REGISTRY_FULL,
               "no room for so long lists of models or GPUs: those of %ss take %" G_GSIZE_FORMAT
               " KiB already",
               queen_component_kind_get_name (self->kind), most / 1024);
  return FALSE;
}

/* What somebody's lists take, and all that count as one with it. */
static gsize
measure_party (QueenRegistry *self, const QueenSender *party, const char *name)
{
  if (!name)
    return self->n_list_bytes - queen_senders_get_n_list_bytes (self->senders);
  return party ? party->n_list_bytes : 0;
}

/* Who would make room. */
typedef struct
{
  const QueenEntry *entry; /* for whose lists; NULL for a new one's */
  gsize wanted;            /* bytes */
  gsize found;             /* bytes of @entries */
  guint n_tried;
  GPtrArray *entries; /* of QueenEntry */
} Gathering;

static gboolean
wants_more (const Gathering *gathering)
{
  return gathering->found < gathering->wanted && gathering->n_tried < QUEEN_REGISTRY_MAX_TRIED;
}

static void
gather_one (Gathering *gathering, QueenEntry *entry)
{
  g_ptr_array_add (gathering->entries, entry);
  gathering->found += entry->n_list_bytes;
}

/* Of those of @sender, who is held comes last. */
static void
gather_some (Gathering *gathering, const QueenSender *sender)
{
  g_autoptr (GPtrArray) held = g_ptr_array_new ();
  GSequenceIter *iter = sender->lists ? g_sequence_get_begin_iter (sender->lists) : NULL;

  for (; iter && wants_more (gathering) && !g_sequence_iter_is_end (iter);
       iter = g_sequence_iter_next (iter))
    {
      QueenEntry *other = g_sequence_get (iter);

      gathering->n_tried++;
      if (other == gathering->entry)
        continue;
      if (queen_component_is_held (other->component))
        g_ptr_array_add (held, other);
      else
        gather_one (gathering, other);
    }
  for (guint i = 0; i < held->len && gathering->found < gathering->wanted; i++)
    gather_one (gathering, held->pdata[i]);
}

/* Of a network, who has most comes first. */
static void
gather_lists (Gathering *gathering, const QueenSender *party)
{
  GSequence *members = party->members.by_bytes;
  GSequenceIter *iter = members ? g_sequence_get_end_iter (members) : NULL;

  gather_some (gathering, party);
  while (members && wants_more (gathering) && !g_sequence_iter_is_begin (iter))
    {
      iter = g_sequence_iter_prev (iter);
      gather_lists (gathering, g_sequence_get (iter));
    }
}

/* Whoever has most of all gives way to who has less even then: all that is needed, or nothing.
 *
 * @own: what the other would have */
static gboolean
take_from (QueenRegistry *self, const QueenSender *most, const Gathering *wish, gsize own)
{
  g_autoptr (GPtrArray) entries = g_ptr_array_new ();
  Gathering gathering = *wish;

  if (own > most->n_list_bytes)
    return FALSE;
  gathering.entries = entries;
  gather_lists (&gathering, most);
  if (gathering.found < gathering.wanted || own > most->n_list_bytes - gathering.found)
    return FALSE;
  for (guint i = 0; i < entries->len; i++)
    queen_registry_displace (self, entries->pdata[i]);
  return TRUE;
}

/* Who has most among all parties, or else in the own one. */
static gboolean
take_from_longest_winded (
    QueenRegistry *self, const QueenEntry *entry, const char *name, gsize n_less, gsize n_more)
{
  const Gathering wish = { .entry = entry,
                           .wanted = self->n_list_bytes - n_less + n_more - get_most (self) };
  const QueenSender *last = entry ? entry->sender : NULL;
  const QueenSender *last_party = last ? queen_sender_get_party (entry->sender) : NULL;
  const QueenSender *own = queen_senders_lookup (self->senders, name);
  const QueenSender *party = queen_senders_find_party (self->senders, name);
  const QueenSender *most =
      queen_sender_order_get_longest_winded (queen_senders_get_parties (self->senders));
  gsize n_own = (own ? own->n_list_bytes : 0) - (own && last == own ? n_less : 0) + n_more;
  gsize n_party = measure_party (self, party, name) - (last_party == party ? n_less : 0) + n_more;

  if (most && most != party && take_from (self, most, &wish, n_party))
    return TRUE;
  most = party ? queen_sender_order_get_longest_winded (&party->members) : NULL;
  return most && most != own && take_from (self, most, &wish, n_own);
}

gboolean
queen_registry_find_room_for_lists (QueenRegistry *self,
                                    QueenEntry *entry,
                                    const QueenComponent *component,
                                    const char *name,
                                    GError **error)
{
  gsize n_more = queen_registry_measure_lists (component);
  gsize n_less = entry ? entry->n_list_bytes : 0;
  gsize most = get_most (self);
  const Holder everybody = { &self->n_list_bytes, most, self->offline_lists };

  return n_more <= n_less || make_room_for_lists (self, &everybody, entry, n_less, n_more) ||
         (queen_component_is_online (component) &&
          take_from_longest_winded (self, entry, name, n_less, n_more)) ||
         refuse_lists (self, most, error);
}

gboolean
queen_registry_admit_lists (QueenRegistry *self,
                            QueenEntry *entry,
                            const QueenComponent *component,
                            const char *name,
                            GError **error)
{
  gsize n_more = queen_registry_measure_lists (component);
  gsize n_less = entry ? entry->n_list_bytes : 0;
  QueenSender *sender = queen_senders_lookup (self->senders, name);
  gsize none = 0;
  const Holder own = { sender ? &sender->n_list_bytes : &none,
                       get_most (self) / QUEEN_REGISTRY_SENDERS_PART,
                       sender ? sender->lists : NULL };

  if (name && n_more > n_less &&
      !make_room_for_lists (self, &own, entry, entry && entry->sender == sender ? n_less : 0,
                            n_more))
    return refuse_lists (self, own.most, error);
  return queen_registry_find_room_for_lists (self, entry, component, name, error);
}

gsize
queen_registry_get_n_list_bytes (QueenRegistry *self)
{
  return self->n_list_bytes;
}

gsize
queen_registry_get_most_list_bytes (QueenRegistry *self)
{
  return get_most (self);
}
