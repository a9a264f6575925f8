/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors
 *
 * Any bytes as what stands in the engine, of a component, a hold or a job. What is taken is written
 * again as something that means the same, and a cluster that hears of it stays whole. */

#include <string.h>

#include "../unit/fake-clock.h"
#include "fuzz.h"
#include "model/queen-cluster.h"
#include "model/queen-component-json.h"
#include "model/queen-dispatch.h"
#include "model/queen-hold-dispatch.h"
#include "model/queen-job-dispatch.h"
#include "text/queen-timestamp.h"

#define TIMEOUT (90 * (gint64) G_USEC_PER_SEC)
#define OWNER "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define NOW (G_GINT64_CONSTANT (1761336660) * 1000000000)

static void
check_same (const QueenDispatch *one, const char *before)
{
  g_autoptr (GString) text = g_string_new (NULL), after = g_string_new (NULL);
  g_auto (QueenDispatch) again = { 0 };
  char stamp[QUEEN_DISPATCH_STAMP_LENGTH + 1];

  queen_dispatch_write (text, one->component, one->sender, one->queen);
  queen_dispatch_write_stamp (stamp, one->component, one->queen);
  g_assert_true (g_str_has_prefix (text->str, stamp));
  g_assert_true (queen_dispatch_read (one->component->kind, text->str, text->len, &again, NULL));
  queen_component_append_json (again.component, after);
  g_assert_cmpstr (before, ==, after->str);
  g_assert_cmpstr (one->sender, ==, again.sender);
}

static void
apply (QueenCluster *cluster, QueenDispatch *dispatch)
{
  QueenRegistry *registry = queen_cluster_get_registry (cluster, dispatch->component->kind);
  g_autoptr (QueenComponent) before = NULL;
  QueenComponent *known = queen_registry_apply (registry, queen_component_ref (dispatch->component),
                                                dispatch->sender, TIMEOUT / 2, &before, NULL);

  g_assert_true (known == queen_registry_lookup (registry, dispatch->component->id));
  g_assert_cmpuint (queen_registry_get_n_online (registry), ==,
                    known && queen_component_is_online (known));
  now += 2 * TIMEOUT;
  queen_registry_expire (registry);
}

static void
read_component (QueenCluster *cluster, QueenComponentKind kind, const char *text, gsize size)
{
  g_auto (QueenDispatch) dispatch = { 0 };
  g_autoptr (GError) error = NULL;
  g_autoptr (GString) json = g_string_new (NULL);

  if (!queen_dispatch_read (kind, text, size, &dispatch, &error))
    {
      g_assert_nonnull (error);
      return;
    }
  /* A clock that is centuries away is not told. */
  if (dispatch.component->said_at < 0 ||
      dispatch.component->said_at > G_MAXINT64 / QUEEN_NSEC_PER_USEC)
    dispatch.component->has_said_at = FALSE;
  queen_component_append_json (dispatch.component, json);
  check_same (&dispatch, json->str);
  apply (cluster, &dispatch);
}

static void
read_hold (QueenCluster *cluster, const char *text, gsize size)
{
  g_auto (QueenHoldEntry) entry = { 0 }, again = { 0 };
  g_autoptr (GError) error = NULL;
  g_autoptr (GString) json = g_string_new (NULL);
  QueenHolds *holds = queen_cluster_get_holds (cluster);

  if (!queen_hold_dispatch_read (text, size, NOW, &entry, &error))
    {
      g_assert_nonnull (error);
      return;
    }
  queen_hold_dispatch_write (json, entry.kind, entry.component_id, entry.hold);
  g_assert_true (queen_hold_dispatch_read (json->str, json->len, NOW, &again, NULL));
  g_assert_cmpstr (entry.hold->reason, ==, again.hold->reason);
  g_assert_cmpint (entry.left, ==, again.left);
  if (queen_holds_apply (holds, &entry))
    g_assert_true (queen_holds_drop (holds, entry.hold->id));
}

/* What one queen has heard of another is what she would tell herself. */
static void
check_same_job (QueenJobIndex *index, const QueenJobEntry *entry, gpointer data)
{
  g_autoptr (QueenJobIndex) again = queen_job_index_new (&fake_clock);
  g_autoptr (GString) json = g_string_new (NULL);
  const QueenJobIndexNews news = { .job_id = entry->id, .entry = entry };
  const QueenJobEntry *same;

  queen_job_dispatch_write (json, &news);
  g_assert_cmpuint (json->len, <=, QUEEN_JOB_DISPATCH_MAX_LINE);
  g_assert_true (queen_job_dispatch_apply (again, OWNER, json->str, json->len, NULL));
  same = queen_job_index_lookup (again, entry->id);
  g_assert_cmpstr (entry->model, ==, same->model);
  g_assert_cmpstr (entry->worker_id, ==, same->worker_id);
  g_assert_cmpint (entry->state, ==, same->state);
  g_assert_cmpuint (entry->party, ==, same->party);
}

static void
read_job (const char *text, gsize size)
{
  g_autoptr (QueenJobIndex) index = queen_job_index_new (&fake_clock);
  g_autoptr (GError) error = NULL;

  g_signal_connect (index, "changed", G_CALLBACK (check_same_job), NULL);
  if (!queen_job_dispatch_apply (index, OWNER, text, size, &error))
    g_assert_nonnull (error);
  queen_job_index_lose_owner (index, OWNER);
  g_assert_cmpuint (queen_job_index_get_figures (index)->n_in_flight, ==, 0);
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  const QueenClusterSettings settings = {
    .registry = { &fake_clock, TIMEOUT, TIMEOUT, 4 },
    .heartbeat_interval = TIMEOUT,
  };
  g_autoptr (QueenCluster) cluster = NULL;
  g_autofree char *text = g_memdup2 (data, size); /* of exactly its size */

  now = 1000 * TIMEOUT;
  cluster = queen_cluster_new (&settings);
  for (int kind = 0; kind < QUEEN_COMPONENT_N_KINDS; kind++)
    read_component (cluster, (QueenComponentKind) kind, text, size);
  read_hold (cluster, text, size);
  read_job (text, size);
  return 0;
}
