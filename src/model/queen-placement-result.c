/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-placement-private.h"

const char *
queen_placement_reason_get_name (QueenPlacementReason reason)
{
  static const char *const names[QUEEN_N_PLACEMENT_REASONS] = {
    [QUEEN_PLACEMENT_LEAST_LOADED] = "least_loaded",
    [QUEEN_PLACEMENT_AFFINITY] = "affinity",
    [QUEEN_PLACEMENT_WISHED] = "wished",
    [QUEEN_PLACEMENT_RESERVED] = "reserved",
    [QUEEN_PLACEMENT_NONE_FIT] = "none_fit",
    [QUEEN_PLACEMENT_OTHERS_FIRST] = "others_first",
    [QUEEN_PLACEMENT_SHARE] = "share",
    [QUEEN_PLACEMENT_DISPLACED] = "displaced",
  };

  g_return_val_if_fail ((guint) reason < QUEEN_N_PLACEMENT_REASONS, NULL);

  return names[reason];
}

/* Returns: µs, monotonic: until when it rests for the one who asks; 0 when it does not */
static gint64
get_rest (const QueenPlacementResult *result, const QueenCandidate *candidate)
{
  gint64 now = result->placement->clock->get_monotonic ();

  return MAX (candidate->record.rests_until,
              queen_faults_get_rest (&candidate->record.faults, result->party, now));
}

/* What is found of it for this request. */
static QueenVerdict
judge_for (const QueenPlacementResult *result, const QueenCandidate *candidate)
{
  if (candidate->verdict != QUEEN_VERDICT_FIT)
    return candidate->verdict;
  if (queen_offers_excludes (result->request->excluded, candidate->id))
    return QUEEN_VERDICT_TRIED;
  return get_rest (result, candidate) > 0 ? QUEEN_VERDICT_EJECTED : QUEEN_VERDICT_FIT;
}

static void
write_load (const QueenWorkerRecord *record, char *detail, gsize size)
{
  guint64 use = queen_worker_record_get_use (record);

  if (record->slots > 0)
    g_snprintf (detail, size, "%" G_GUINT64_FORMAT " of %u slots", use, record->slots);
  else
    g_snprintf (detail, size, "%" G_GUINT64_FORMAT " there", use);
}

static void
write_rest (const QueenWorkerRecord *record, gint64 span, char *detail, gsize size)
{
  gint64 left = (span + G_USEC_PER_SEC - 1) / G_USEC_PER_SEC;

  g_snprintf (detail, size, "%s; again in %" G_GINT64_FORMAT " s",
              record->is_ejected ? "failed too often" : "refused the last one", MAX (left, 0));
}

static gboolean
consider_candidate (const QueenPlacementResult *result,
                    const QueenCandidate *candidate,
                    QueenConsidered *considered)
{
  QueenPlacement *self = result->placement;

  considered->worker = queen_placement_get_worker (self, candidate);
  considered->verdict = judge_for (result, candidate);
  considered->detail[0] = '\0';
  if (considered->verdict == QUEEN_VERDICT_EJECTED)
    write_rest (&candidate->record, get_rest (result, candidate) - self->clock->get_monotonic (),
                considered->detail, sizeof considered->detail);
  else if (considered->verdict == QUEEN_VERDICT_FIT || considered->verdict == QUEEN_VERDICT_FULL)
    write_load (&candidate->record, considered->detail, sizeof considered->detail);
  return considered->worker != NULL;
}

static QueenOffers *
get_offers (const QueenPlacementResult *result)
{
  QueenPlacementModel *model =
      queen_placement_lookup_model (result->placement, result->request->model);

  return model ? model->offers : NULL;
}

/* Who got it comes first, whatever is found of it now. */
static guint
consider_worker (const QueenPlacementResult *result, QueenConsidered *considered)
{
  const QueenCandidate *candidate =
      result->worker
          ? queen_sharded_table_lookup (result->placement->candidates, result->worker->id)
          : NULL;

  if (!candidate || !consider_candidate (result, candidate, considered))
    return 0;
  considered->verdict = QUEEN_VERDICT_FIT;
  write_load (&candidate->record, considered->detail, sizeof considered->detail);
  return 1;
}

guint
queen_placement_result_list_considered (const QueenPlacementResult *result,
                                        QueenConsidered *considered)
{
  const QueenOffers *offers = get_offers (result);
  guint n = consider_worker (result, considered);
  const char *first = n > 0 ? result->worker->id : "";
  GSequenceIter *at = offers ? g_sequence_get_begin_iter (offers->fit) : NULL;

  for (const GList *link = offers ? offers->unfit.head : NULL;
       link && n < QUEEN_PLACEMENT_MAX_CONSIDERED; link = link->next)
    {
      const QueenOffer *offer = link->data;

      if (!g_str_equal (offer->candidate->id, first))
        n += consider_candidate (result, offer->candidate, &considered[n]);
    }
  for (; at && !g_sequence_iter_is_end (at) && n < QUEEN_PLACEMENT_MAX_CONSIDERED;
       at = g_sequence_iter_next (at))
    {
      const QueenOffer *offer = g_sequence_get (at);

      if (!g_str_equal (offer->candidate->id, first))
        n += consider_candidate (result, offer->candidate, &considered[n]);
    }
  return n;
}

/* Those who were tried are few. */
static void
count_tried (const QueenPlacementResult *result, guint *counts)
{
  const char *const *id = result->request->excluded;

  for (; id && *id; id++)
    {
      const QueenCandidate *candidate =
          queen_sharded_table_lookup (result->placement->candidates, *id);

      if (candidate && judge_for (result, candidate) == QUEEN_VERDICT_TRIED &&
          counts[QUEEN_VERDICT_FIT] > 0)
        {
          counts[QUEEN_VERDICT_FIT]--;
          counts[QUEEN_VERDICT_TRIED]++;
        }
    }
}

/* Of those that rest for the one alone who asks; of many workers it is but of some. */
static void
count_resting (const QueenPlacementResult *result, const QueenOffers *offers, guint *counts)
{
  GSequenceIter *at = g_sequence_get_begin_iter (offers->fit);

  for (guint i = 0; i < QUEEN_PLACEMENT_MAX_CONSIDERED && !g_sequence_iter_is_end (at);
       i++, at = g_sequence_iter_next (at))
    if (judge_for (result, ((const QueenOffer *) g_sequence_get (at))->candidate) ==
            QUEEN_VERDICT_EJECTED &&
        counts[QUEEN_VERDICT_FIT] > 0)
      {
        counts[QUEEN_VERDICT_FIT]--;
        counts[QUEEN_VERDICT_EJECTED]++;
      }
}

void
queen_placement_result_count (const QueenPlacementResult *result, guint counts[QUEEN_N_VERDICTS])
{
  const QueenOffers *offers = get_offers (result);
  guint n_all = queen_sharded_table_get_size (result->placement->candidates);

  for (int i = 0; i < QUEEN_N_VERDICTS; i++)
    counts[i] = offers ? offers->counts[i] : 0;
  counts[QUEEN_VERDICT_OTHER_MODEL] = n_all - (offers ? queen_offers_get_n (offers) : 0);
  count_tried (result, counts);
  if (offers)
    count_resting (result, offers, counts);
}

static void
append_counts (const QueenPlacementResult *result, GString *text)
{
  guint counts[QUEEN_N_VERDICTS];
  const char *before = ": ";

  queen_placement_result_count (result, counts);
  for (int i = 0; i < QUEEN_VERDICT_OTHER_MODEL; i++)
    if (counts[i] > 0)
      {
        g_autofree char *name =
            g_strdelimit (g_strdup (queen_verdict_get_name ((QueenVerdict) i)), "_", ' ');

        g_string_append_printf (text, "%s%u %s", before, counts[i], name);
        before = ", ";
      }
}

char *
queen_placement_result_dup_message (const QueenPlacementResult *result)
{
  const char *model = result->request->model;
  GString *text = g_string_new (NULL);

  switch (result->reason)
    {
    case QUEEN_PLACEMENT_SHARE:
      g_string_printf (text,
                       "you have as many places reserved as you may: a quarter of the slots of "
                       "“%s”, and of all no more than are left for others",
                       model);
      break;
    case QUEEN_PLACEMENT_DISPLACED:
      g_string_assign (text, "too many wait, and most of them are yours");
      break;
    case QUEEN_PLACEMENT_OTHERS_FIRST:
      g_string_printf (text, "others come first for “%s”", model);
      break;
    default:
      g_string_printf (text, "no worker can take “%s” now", model);
      append_counts (result, text);
    }
  return g_string_free (text, FALSE);
}
