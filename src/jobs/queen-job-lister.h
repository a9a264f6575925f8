/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "queen-jobs.h"

G_BEGIN_DECLS

#define QUEEN_JOB_LISTER_MAX_PAGE 1000  /* jobs */
#define QUEEN_JOB_LISTER_MAX_WAITING 64 /* lists */
#define QUEEN_JOB_LISTER_AT_ONCE 256    /* jobs: as many are looked at while one waits */

/**
 * QueenJobSelection:
 * @submitter: (nullable) (owned): whose; %NULL for all
 * @limit: how many a page has at the most; 0 for %QUEEN_JOB_LISTER_MAX_PAGE
 * @after: the sequence behind which it begins, as the page before says; 0 for the first one
 * @states: a bit for each state; 0 for any
 * @models: (owned): a set of names; empty for any: each job is looked up, and they are many
 * @workers: (owned): likewise
 *
 * Which jobs are listed. queen_job_selection_init() makes one of all.
 */
typedef struct
{
  char *submitter;
  guint limit;
  guint64 after;
  guint states;
  GHashTable *models;
  GHashTable *workers;
} QueenJobSelection;

void queen_job_selection_init (QueenJobSelection *selection);

/** It may be all zero. */
void queen_job_selection_clear (QueenJobSelection *selection);

/**
 * QueenJobLister:
 *
 * What makes lists of jobs, as JSON: the newest first. To say how many match, all jobs have to be
 * looked at, and they may be tens of thousands. So it is done one list at a time, in slices of 2
 * ms; the main loop turns between them. Each job is listed as it is when it is looked at, and none
 * that comes meanwhile.
 *
 * Whoever asks waits as a #QueenJobOrder, and those who ask take turns.
 */

/** QueenJobOrder: somebody who waits for a list. */
typedef struct _QueenJobOrder QueenJobOrder;

/**
 * QueenJobListFunc:
 * @json: (transfer full) (nullable): `{"jobs":[…],"total":1,"next":null}`; %NULL when it had to
 * make room for somebody else's, and is not to be had now
 *
 * Is called once for each order, which is then no more.
 */
typedef void (*QueenJobListFunc) (GString *json, gpointer data);

/** For @jobs, which have one and outlive it. */
QueenJobLister *queen_job_lister_new (QueenJobs *jobs);

/**
 * queen_job_lister_list:
 *
 * Returns: (transfer full) (nullable): the list, if it is made in no time; %NULL if it is to be
 *   ordered
 */
GString *queen_job_lister_list (QueenJobLister *self, const QueenJobSelection *selection);

/**
 * queen_job_lister_order:
 * @selection: what is in it is taken
 * @asker: who orders, for taking turns: those with the same text are one
 * @func: gets the list in a later turn of the main loop, or %NULL as soon as another order takes
 *   the place of this one
 * @error: %QUEEN_ERROR_UNAVAILABLE when as many lists are asked for as may be, and nobody has more
 *   orders than @asker would have
 *
 * Returns: (transfer none) (nullable): the order, which lives until @func is called or it is
 *   cancelled
 */
QueenJobOrder *queen_job_lister_order (QueenJobLister *self,
                                       QueenJobSelection *selection,
                                       const char *asker,
                                       QueenJobListFunc func,
                                       gpointer data,
                                       GError **error);

/**
 * queen_job_order_cancel:
 * @self: (transfer full): an order that is not fulfilled
 *
 * Its function is not called, and its list is not made.
 */
void queen_job_order_cancel (QueenJobOrder *self);

/** Frees it, and the orders that still wait, whose functions are not called. */
void queen_job_lister_free (QueenJobLister *self);

G_END_DECLS
