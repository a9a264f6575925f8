/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "http/queen-stream-request.h"

#include <libsoup/soup.h>

#include "model/queen-event.h"
#include "queen-error.h"

#define CAPACITY 100

static gboolean
parse (QueenStreamRequest *request, GHashTable *query, const char *last_event_id, GError **error)
{
  return queen_stream_request_parse (request, query, last_event_id, CAPACITY, error);
}

static void
test_nothing (void)
{
  QueenStreamRequest request;

  g_assert_true (parse (&request, NULL, NULL, NULL));
  g_assert_cmpuint (request.kinds, ==, QUEEN_EVENT_ALL_KINDS);
  g_assert_cmpuint (request.n_history, ==, 0);
  g_assert_null (request.last_id);
}

static void
test_valid (void)
{
  static const struct
  {
    const char *query;
    guint kinds;
    guint n_history;
  } rows[] = {
    { "types=queen", QUEEN_EVENT_QUEEN, 0 },
    { "types=worker,hive&history=100", QUEEN_EVENT_WORKER | QUEEN_EVENT_HIVE, 100 },
    { "types=hive,hive", QUEEN_EVENT_HIVE, 0 },
    { "history=0&else=x", QUEEN_EVENT_ALL_KINDS, 0 },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (GHashTable) query = soup_form_decode (rows[i].query);
      QueenStreamRequest request;

      g_assert_true (parse (&request, query, NULL, NULL));
      g_assert_cmpuint (request.kinds, ==, rows[i].kinds);
      g_assert_cmpuint (request.n_history, ==, rows[i].n_history);
    }
}

static void
test_invalid (void)
{
  static const char *const queries[] = {
    "types=",       "types=worker,",        "types=,worker",
    "types=Worker", "types=worker hive",    "types=forgotten",
    "history=",     "history=101",          "history=-1",
    "history=+1",   "history=1.0",          "history=0x1",
    "history=%201", "history=%0b1",         "history=1%20",
    "history=all",  "types=none&history=1", "types=queen&history=4294967296",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (queries); i++)
    {
      g_autoptr (GHashTable) query = soup_form_decode (queries[i]);
      g_autoptr (GError) error = NULL;
      QueenStreamRequest request;

      g_test_message ("%s", queries[i]);
      g_assert_false (parse (&request, query, NULL, &error));
      g_assert_error (error, QUEEN_ERROR, QUEEN_ERROR_BAD_REQUEST);
    }
}

static void
test_last_id (void)
{
  g_autoptr (GHashTable) query = soup_form_decode ("last_event_id=a-1");
  QueenStreamRequest request;

  g_assert_true (parse (&request, query, NULL, NULL));
  g_assert_cmpstr (request.last_id, ==, "a-1");
  g_assert_true (parse (&request, query, "a-2", NULL));
  g_assert_cmpstr (request.last_id, ==, "a-2");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/stream-request/nothing/everything-from-now-on", test_nothing);
  g_test_add_func ("/stream-request/valid/understood", test_valid);
  g_test_add_func ("/stream-request/invalid/refused", test_invalid);
  g_test_add_func ("/stream-request/last-id/the-header-goes-first", test_last_id);

  return g_test_run ();
}
