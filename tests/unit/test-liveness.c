/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "agent/queen-liveness.h"

#include "text/queen-span.h"

/* What is seen of a server at a time: how many run and how far it is, or that it was silent. */
typedef struct
{
  int second;
  gint64 running;
  double progress;
  gboolean is_silent;
} Sight;

#define MAX_SIGHTS 8

typedef struct
{
  const char *name;
  Sight sights[MAX_SIGHTS]; /* the first one without a time is not one */
  int second;               /* when it is judged */
  QueenVerdict verdict;
  const char *said; /* (nullable): of the reason */
} Case;

static const Case cases[] = {
  { "idle", { { 1, 0, 5 }, { 500, 0, 5 } }, 501, QUEEN_VERDICT_HEALTHY, NULL },
  { "working", { { 1, 2, 5 }, { 60, 2, 6 }, { 119, 2, 7 } }, 120, QUEEN_VERDICT_HEALTHY, NULL },
  { "stuck/59-s", { { 1, 2, 5 }, { 60, 2, 5 } }, 60, QUEEN_VERDICT_HEALTHY, NULL },
  { "stuck/60-s", { { 1, 2, 5 }, { 61, 2, 5 } }, 61, QUEEN_VERDICT_DEGRADED, "a minute" },
  { "stuck/120-s", { { 1, 2, 5 }, { 121, 2, 5 } }, 121, QUEEN_VERDICT_UNHEALTHY, "two minutes" },
  { "stuck/moves-again",
    { { 1, 2, 5 }, { 130, 2, 5 }, { 131, 2, 6 } },
    132,
    QUEEN_VERDICT_HEALTHY,
    NULL },
  { "stuck/begins-anew", /* the counter of one that was started again */
    { { 1, 2, 5 }, { 130, 2, 5 }, { 131, 2, 0 } },
    132,
    QUEEN_VERDICT_HEALTHY,
    NULL },
  { "stuck/nothing-left-to-do",
    { { 1, 2, 5 }, { 130, 2, 5 }, { 131, 0, 5 } },
    132,
    QUEEN_VERDICT_HEALTHY,
    NULL },
  { "stuck/time-counts-from-the-first-request",
    { { 1, 0, 5 }, { 200, 1, 5 }, { 230, 1, 5 } },
    231,
    QUEEN_VERDICT_HEALTHY,
    NULL },
  { "no-counter/nothing-to-judge-by",
    { { 1, 2, -1 }, { 300, 2, -1 } },
    301,
    QUEEN_VERDICT_HEALTHY,
    NULL },
  { "not-said-how-many/nothing-to-judge-by",
    { { 1, -1, 5 }, { 300, -1, 5 } },
    301,
    QUEEN_VERDICT_HEALTHY,
    NULL },
  { "silent/once", { { 1, 0, 5 }, { 10, 0, 0, TRUE } }, 20, QUEEN_VERDICT_HEALTHY, NULL },
  { "silent/60-s",
    { { 1, 0, 5 }, { 10, 0, 0, TRUE } },
    70,
    QUEEN_VERDICT_DEGRADED,
    "not answered" },
  { "silent/120-s",
    { { 1, 0, 5 }, { 10, 0, 0, TRUE }, { 100, 0, 0, TRUE } },
    130,
    QUEEN_VERDICT_UNHEALTHY,
    "not answered for two" },
  { "silent/answers-again",
    { { 1, 0, 5 }, { 10, 0, 0, TRUE }, { 129, 0, 5 } },
    130,
    QUEEN_VERDICT_HEALTHY,
    NULL },
  /* gonka-ai/gonka#1421: an endpoint that times out now and then while the counters move */
  { "silent/now-and-then-while-it-works",
    { { 1, 2, 5 }, { 20, 0, 0, TRUE }, { 40, 2, 9 }, { 80, 0, 0, TRUE }, { 110, 2, 15 } },
    150,
    QUEEN_VERDICT_HEALTHY,
    NULL },
};

static void
test_case (gconstpointer data)
{
  const Case *c = data;
  QueenLiveness liveness = { 0 };
  const char *reason = NULL;

  for (const Sight *sight = c->sights; sight < c->sights + MAX_SIGHTS && sight->second; sight++)
    if (sight->is_silent)
      queen_liveness_take_silence (&liveness, sight->second * QUEEN_SECOND);
    else
      queen_liveness_take_answer (&liveness, sight->second * QUEEN_SECOND, sight->running,
                                  sight->progress);
  g_assert_cmpint (queen_liveness_judge (&liveness, c->second * QUEEN_SECOND, &reason), ==,
                   c->verdict);
  if (c->said)
    g_assert_nonnull (g_strstr_len (reason, -1, c->said));
  else
    g_assert_null (reason);
}

static void
test_reset (void)
{
  QueenLiveness liveness = { 0 };
  const char *reason;

  queen_liveness_take_answer (&liveness, QUEEN_SECOND, 1, 5);
  queen_liveness_reset (&liveness);
  g_assert_cmpint (queen_liveness_judge (&liveness, QUEEN_HOUR, &reason), ==,
                   QUEEN_VERDICT_HEALTHY);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path = g_strconcat ("/liveness/", cases[i].name, NULL);

      g_test_add_data_func (path, &cases[i], test_case);
    }
  g_test_add_func ("/liveness/another-server-begins-anew", test_reset);
  return g_test_run ();
}
