/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-offers.h"

#include <string.h>

#include "text/queen-hash.h"

#define MAX_PART_OF_MEAN 1.25 /* that one may be loaded which is preferred */
#define BONUS 0.5             /* requests, or parts of the mean, that it may be above the least */

/* Where somebody stands in the ring must be the same in all queens, so that all of them send the
 * same text to the same worker. Nobody gains from a place that was chosen. */
static guint64
hash_text (const char *text, const char *more)
{
  static const guint8 key[QUEEN_HASH_KEY_SIZE] = "queen placement";
  guint64 hash = queen_hash_with_key (key, text, strlen (text));

  return more ? hash ^ queen_hash_with_key (key, more, strlen (more)) * 31 : hash;
}

QueenOffers *
queen_offers_new (const char *model)
{
  QueenOffers *self = g_new0 (QueenOffers, 1);

  self->model = g_strdup (model);
  self->fit = g_sequence_new (NULL);
  self->serving = g_sequence_new (NULL);
  return self;
}

void
queen_offers_free (QueenOffers *self)
{
  g_return_if_fail (queen_offers_get_n (self) == 0);

  g_sequence_free (self->fit);
  g_sequence_free (self->serving);
  g_free (self->model);
  g_free (self);
}

guint
queen_offers_get_n (const QueenOffers *self)
{
  return (guint) g_sequence_get_length (self->fit) + self->unfit.length;
}

double
queen_offers_get_load (const QueenOffers *self)
{
  return self->capacity > 0 ? (double) self->use / (double) self->capacity : 0;
}

guint64
queen_offers_hash_affinity (const QueenOffers *self, const char *affinity)
{
  return hash_text (affinity, self->model);
}

/* Choosing */

/* Vigna's SplitMix64: each bit of the outcome depends on all. */
static guint64
mix_hashes (guint64 a, guint64 b)
{
  guint64 x = a ^ (b + G_GUINT64_CONSTANT (0x9e3779b97f4a7c15));

  x = (x ^ x >> 30) * G_GUINT64_CONSTANT (0xbf58476d1ce4e5b9);
  x = (x ^ x >> 27) * G_GUINT64_CONSTANT (0x94d049bb133111eb);
  return x ^ x >> 31;
}

static int
compare_hashes (gconstpointer a, gconstpointer b, gpointer unused)
{
  const QueenOffer *first = a, *second = b;

  return first->hash < second->hash ? -1 : first->hash > second->hash;
}

/* Returns: the first offer of the ring from @where on; there is one */
static GSequenceIter *
enter_ring (QueenOffers *self, guint64 where)
{
  QueenOffer offer = { .hash = where };

  return g_sequence_search (self->fit, &offer, compare_hashes, NULL);
}

static GSequenceIter *
go_round (GSequence *ring, GSequenceIter *at)
{
  return g_sequence_iter_is_end (at) ? g_sequence_get_begin_iter (ring) : at;
}

gboolean
queen_offers_excludes (const char *const *list, const char *id)
{
  return list && g_strv_contains (list, id);
}

static gboolean
rests (const QueenCandidate *candidate, const QueenChoice *choice)
{
  return queen_faults_get_rest (&candidate->record.faults, choice->party, choice->now) > 0;
}

/* One slot has no half. */
static gboolean
has_no_half_left (const QueenCandidate *candidate, const QueenChoice *choice)
{
  guint capacity = queen_worker_record_get_capacity (&candidate->record);

  return choice->leaves_half && choice->now < candidate->half_until && capacity > 1 &&
         candidate->n_kept >= capacity / 2;
}

/* Who is not looked at. */
typedef enum
{
  PASSES_NOBODY,
  PASSES_FAILING, /* workers that fail for who asks */
  PASSES_DOUBTED, /* these, and those of a supplier who is doubted, or has been tried */
  PASSES_BUSY,    /* these, and those of one who has enough of it in flight */
} Passes;

static gboolean
is_doubted (const QueenSupplier *supplier, const QueenChoice *choice)
{
  return supplier && (supplier == choice->avoided ||
                      queen_supplier_is_doubted_by (supplier, choice->party, choice->now));
}

static gboolean
is_of_one_passed_by (const QueenSupplier *supplier, const QueenChoice *choice, Passes passes)
{
  return (passes >= PASSES_DOUBTED && is_doubted (supplier, choice)) ||
         (passes == PASSES_BUSY && queen_supplier_is_busy_for (supplier, choice->party));
}

gboolean
queen_candidate_may_serve (const QueenCandidate *self, const QueenChoice *choice)
{
  gboolean is_avoided = choice->avoided && self->supplier == choice->avoided &&
                        queen_supplier_is_doubted (choice->avoided, choice->now);

  return !queen_offers_excludes (choice->excluded, self->id) && !rests (self, choice) &&
         !is_avoided && !has_no_half_left (self, choice) &&
         !(choice->is_last && is_of_one_passed_by (self->supplier, choice, PASSES_BUSY));
}

typedef struct
{
  QueenCandidate *candidate;
  double load;
  guint64 rank; /* by rendezvous hashing */
} Finalist;

typedef struct
{
  double mean;
  Finalist least;
  Finalist favourite;
  gboolean has_rests;
} Look;

static gboolean
is_less_loaded (const QueenCandidate *candidate, double load, const Finalist *least)
{
  if (!least->candidate || load < least->load)
    return TRUE;
  return load <= least->load && candidate->turn < least->candidate->turn;
}

/* Rendezvous hashing: Thaler and Ravishankar, “Using name-based mappings to increase hit rates”.
 * Who comes or goes takes or gives away its own texts only. */
static void
look_at (Look *look, QueenCandidate *candidate, const QueenChoice *choice)
{
  double load = queen_worker_record_get_weighed_load (&candidate->record, choice->now);
  guint64 rank;

  if (queen_offers_excludes (choice->excluded, candidate->id) ||
      has_no_half_left (candidate, choice))
    return;
  if (rests (candidate, choice))
    {
      look->has_rests = TRUE;
      return;
    }
  if (is_less_loaded (candidate, load, &look->least))
    look->least = (Finalist){ candidate, load, 0 };
  if (!choice->has_affinity ||
      queen_worker_record_get_load (&candidate->record) > MAX_PART_OF_MEAN * look->mean)
    return;
  rank = mix_hashes (choice->where, candidate->hash);
  if (!look->favourite.candidate || rank > look->favourite.rank)
    look->favourite = (Finalist){ candidate, load, rank };
}

static gboolean
is_preferred (const Look *look)
{
  const Finalist *favourite = &look->favourite;
  double slot;

  if (!favourite->candidate)
    return FALSE;
  slot = 1. / queen_worker_record_get_capacity (&favourite->candidate->record);
  return favourite->load - BONUS * MAX (slot, look->mean) <= look->least.load;
}

/* What has failed for one party is no fault of the worker's where others have had what they wanted;
 * but this one need not ask there again and again. */
static gboolean
is_passed_by (const QueenCandidate *candidate, const QueenChoice *choice, Passes passes)
{
  return is_of_one_passed_by (candidate->supplier, choice, passes) ||
         (passes != PASSES_NOBODY &&
          queen_faults_has_enough_of (&candidate->record.faults, choice->party, choice->now));
}

static void
look_round (Look *look, QueenOffers *self, const QueenChoice *choice, Passes passes)
{
  guint n = MIN ((guint) g_sequence_get_length (self->fit), QUEEN_OFFERS_MAX_LOOKED_AT);
  GSequenceIter *at = enter_ring (self, choice->where);

  for (guint i = 0; i < n; i++, at = g_sequence_iter_next (at))
    {
      QueenOffer *offer;

      at = go_round (self->fit, at);
      offer = g_sequence_get (at);
      if (!is_passed_by (offer->candidate, choice, passes))
        look_at (look, offer->candidate, choice);
    }
}

static int
compare_serving (gconstpointer a, gconstpointer b, gpointer unused)
{
  const QueenOffer *first = a, *second = b;

  if (first->supplier != second->supplier)
    return first->supplier < second->supplier ? -1 : 1;
  if (first->is_full != second->is_full)
    return first->is_full ? 1 : -1;
  return compare_hashes (a, b, NULL);
}

/* Returns: where those begin that are behind it, by compare_serving() */
static GSequenceIter *
find_behind (QueenOffers *self, guint64 supplier, gboolean is_full, guint64 hash)
{
  QueenOffer offer = { .supplier = supplier, .is_full = is_full, .hash = hash };

  return g_sequence_search (self->serving, &offer, compare_serving, NULL);
}

static gboolean
can_take (GSequenceIter *at, guint64 supplier)
{
  const QueenOffer *offer = g_sequence_iter_is_end (at) ? NULL : g_sequence_get (at);

  return offer && offer->supplier == supplier && !offer->is_full;
}

/* Looks at those of one supplier that can take it, of whom the first is at @at: of many at some,
 * which may be any. */
static void
look_along (
    Look *look, QueenOffers *self, const QueenChoice *choice, GSequenceIter *at, guint *left)
{
  guint64 supplier = ((const QueenOffer *) g_sequence_get (at))->supplier;
  GSequenceIter *any = find_behind (self, supplier, FALSE, choice->where);

  if (can_take (any, supplier))
    at = any;
  for (; *left > 0 && can_take (at, supplier); at = g_sequence_iter_next (at), --*left)
    look_at (look, ((const QueenOffer *) g_sequence_get (at))->candidate, choice);
}

/* Goes from supplier to supplier, once round.
 *
 * Returns: whether there are some who are not doubted, be they full or not */
static gboolean
look_at_others (Look *look, QueenOffers *self, const QueenChoice *choice, Passes passes)
{
  GSequenceIter *at = find_behind (self, choice->where, FALSE, 0);
  guint left = QUEEN_OFFERS_MAX_LOOKED_AT;
  guint64 first = 0;
  gboolean are_there = FALSE;

  for (guint i = 0;
       i < QUEEN_OFFERS_MAX_LOOKED_AT && left > 0 && !g_sequence_is_empty (self->serving); i++)
    {
      const QueenOffer *offer;

      at = go_round (self->serving, at);
      offer = g_sequence_get (at);
      if (i == 0)
        first = offer->supplier;
      else if (offer->supplier == first)
        break;
      are_there |= !is_doubted (offer->candidate->supplier, choice);
      if (!is_of_one_passed_by (offer->candidate->supplier, choice, passes))
        look_along (look, self, choice, at, &left);
      at = find_behind (self, offer->supplier, TRUE, G_MAXUINT64);
    }
  return are_there;
}

QueenCandidate *
queen_offers_choose (QueenOffers *self, QueenChoice *choice)
{
  Look look = { .mean = queen_offers_get_load (self) };
  gboolean was_in_vain = queen_supplier_is_doubted (choice->avoided, choice->now);
  gboolean waits_for_others = FALSE;

  for (int passes = PASSES_BUSY; !look.least.candidate && passes >= PASSES_DOUBTED; passes--)
    {
      choice->is_last = passes < PASSES_BUSY;
      if (!was_in_vain)
        look_round (&look, self, choice, (Passes) passes);
      if (!look.least.candidate)
        waits_for_others = look_at_others (&look, self, choice, (Passes) passes) && was_in_vain;
    }
  for (int passes = PASSES_FAILING; !look.least.candidate && !waits_for_others && passes >= 0;
       passes--)
    look_round (&look, self, choice, (Passes) passes);
  choice->is_last &= look.least.candidate != NULL;
  choice->has_rests = look.has_rests;
  choice->is_by_affinity = is_preferred (&look);
  return choice->is_by_affinity ? look.favourite.candidate : look.least.candidate;
}

/* Those who serve */

static guint
count_of_supplier (QueenOffers *self, guint64 supplier)
{
  int first = g_sequence_iter_get_position (find_behind (self, supplier, FALSE, 0));
  int behind = g_sequence_iter_get_position (find_behind (self, supplier, TRUE, G_MAXUINT64));

  return (guint) (behind - first);
}

guint
queen_offers_count_peers (QueenOffers *self, const QueenCandidate *candidate)
{
  guint64 supplier = candidate->supplier ? candidate->supplier->hash : 0;
  guint n = count_of_supplier (self, supplier);
  GSequenceIter *at = g_sequence_get_begin_iter (self->serving);

  for (guint i = 0; i < QUEEN_OFFERS_MAX_LOOKED_AT && !g_sequence_iter_is_end (at); i++)
    {
      const QueenOffer *offer = g_sequence_get (at);

      n += offer->supplier != supplier;
      at = find_behind (self, offer->supplier, TRUE, G_MAXUINT64);
    }
  return n;
}

static gboolean
is_serving (QueenVerdict verdict)
{
  return verdict == QUEEN_VERDICT_FIT || verdict == QUEEN_VERDICT_FULL;
}

static void
link_offer (QueenOffer *offer, QueenVerdict verdict, gboolean is_sparing)
{
  QueenOffers *offers = offer->offers;

  offers->counts[verdict]++;
  offer->is_full = verdict == QUEEN_VERDICT_FULL;
  offer->supplier = offer->candidate->supplier ? offer->candidate->supplier->hash : 0;
  if (is_serving (verdict))
    offer->serving_link = g_sequence_insert_sorted (offers->serving, offer, compare_serving, NULL);
  if (verdict == QUEEN_VERDICT_FIT)
    offer->fit_link = g_sequence_insert_sorted (offers->fit, offer, compare_hashes, NULL);
  else if (verdict == QUEEN_VERDICT_OFFLINE)
    g_queue_push_tail_link (&offers->unfit, &offer->unfit_link);
  else
    g_queue_push_head_link (&offers->unfit, &offer->unfit_link);
  offer->is_sparing = is_sparing;
  if (is_sparing)
    g_queue_push_tail_link (&offers->sparing, &offer->sparing_link);
}

static void
unlink_offer (QueenOffer *offer, QueenVerdict verdict)
{
  offer->offers->counts[verdict]--;
  g_clear_pointer (&offer->serving_link, g_sequence_remove);
  if (offer->fit_link)
    g_sequence_remove (g_steal_pointer (&offer->fit_link));
  else
    g_queue_unlink (&offer->offers->unfit, &offer->unfit_link);
  if (offer->is_sparing)
    g_queue_unlink (&offer->offers->sparing, &offer->sparing_link);
}

gboolean
queen_candidate_uses (const QueenCandidate *self, guint64 reservation)
{
  return reservation <= self->heard_number && queen_worker_record_uses_all (&self->record);
}

static gboolean
is_kept_back (const QueenCandidate *candidate, QueenVerdict verdict)
{
  return verdict == QUEEN_VERDICT_FULL &&
         candidate->n_kept > queen_worker_record_get_capacity (&candidate->record) / 2;
}

gboolean
queen_offers_leave_half (QueenOffers *self, gint64 until)
{
  for (guint i = MIN (self->kept_back.length, QUEEN_OFFERS_MAX_LOOKED_AT); i > 0; i--)
    {
      GList *link = g_queue_pop_head_link (&self->kept_back);

      g_queue_push_tail_link (&self->kept_back, link);
      ((QueenOffer *) link->data)->candidate->half_until = until;
    }
  return self->kept_back.length > 0;
}

void
queen_candidate_settle (QueenCandidate *self, QueenVerdict verdict)
{
  gboolean keeps = is_kept_back (self, verdict);
  gboolean serves = is_serving (verdict);
  guint64 use = serves ? queen_worker_record_get_use (&self->record) : 0;
  guint capacity = serves ? queen_worker_record_get_capacity (&self->record) : 0;
  guint room = serves ? queen_worker_record_get_room (&self->record) : 0;
  gboolean is_sparing = verdict == QUEEN_VERDICT_FULL && self->spare &&
                        !queen_candidate_uses (self, self->last_spare);
  gboolean moves = verdict != self->verdict || is_sparing != self->is_sparing;

  self->kept = self->n_kept;
  if (!moves && use == self->use && capacity == self->capacity && room == self->room &&
      keeps == self->is_kept_back)
    return;
  for (guint i = 0; i < self->n_offers; i++)
    {
      QueenOffers *offers = self->offers[i].offers;

      offers->use += use - self->use;
      offers->capacity += (guint64) capacity - self->capacity;
      offers->room += (guint64) room - self->room;
      if (keeps && !self->is_kept_back)
        g_queue_push_tail_link (&offers->kept_back, &self->offers[i].kept_back_link);
      else if (!keeps && self->is_kept_back)
        g_queue_unlink (&offers->kept_back, &self->offers[i].kept_back_link);
      if (moves)
        {
          unlink_offer (&self->offers[i], self->verdict);
          link_offer (&self->offers[i], verdict, is_sparing);
        }
    }
  self->verdict = verdict;
  self->use = use;
  self->capacity = capacity;
  self->room = room;
  self->is_kept_back = keeps;
  self->is_sparing = is_sparing;
}

QueenCandidate *
queen_candidate_new (const char *id, gint64 turn)
{
  QueenCandidate *self = g_new0 (QueenCandidate, 1);

  self->id = g_strdup (id);
  self->hash = hash_text (id, NULL);
  self->turn = turn;
  self->verdict = QUEEN_VERDICT_OFFLINE;
  self->record.condition = QUEEN_VERDICT_OFFLINE;
  self->heard.status = QUEEN_STATUS_OFFLINE;
  return self;
}

void
queen_candidate_set_offers (QueenCandidate *self, QueenOffers *const *offers, guint n)
{
  QueenVerdict verdict = self->verdict;

  queen_candidate_settle (self, QUEEN_VERDICT_OFFLINE);
  for (guint i = 0; i < self->n_offers; i++)
    unlink_offer (&self->offers[i], self->verdict);
  g_free (self->offers);
  self->n_offers = n;
  self->offers = g_new0 (QueenOffer, n);
  for (guint i = 0; i < n; i++)
    {
      self->offers[i].candidate = self;
      self->offers[i].offers = offers[i];
      self->offers[i].hash = self->hash;
      self->offers[i].unfit_link.data = &self->offers[i];
      self->offers[i].sparing_link.data = &self->offers[i];
      self->offers[i].kept_back_link.data = &self->offers[i];
      link_offer (&self->offers[i], self->verdict, FALSE);
    }
  queen_candidate_settle (self, verdict);
}

void
queen_candidate_set_supplier (QueenCandidate *self, QueenSupplier *supplier)
{
  QueenVerdict verdict = self->verdict;

  queen_candidate_settle (self, QUEEN_VERDICT_OFFLINE);
  self->supplier = supplier;
  queen_candidate_settle (self, verdict);
}

void
queen_candidate_free (QueenCandidate *self)
{
  g_return_if_fail (self->placed.length == 0);

  queen_candidate_set_offers (self, NULL, 0);
  queen_agenda_leave (&self->rest);
  queen_agenda_leave (&self->again);
  g_clear_pointer (&self->sender, g_ref_string_release);
  g_free (self->offers);
  g_free (self->id);
  g_free (self);
}
