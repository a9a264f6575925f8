/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "stream/queen-stream-request.h"

#include <string.h>

#include "model/queen-event.h"
#include "queen-error.h"

#define CAPACITY 100

static gboolean
parse (QueenStreamRequest *request, const char *query, const char *last_event_id, GError **error)
{
  return queen_stream_request_parse (request, query, last_event_id, CAPACITY, error);
}

static void
test_nothing (void)
{
  g_auto (QueenStreamRequest) request = { 0 };

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
    { "history=0", QUEEN_EVENT_ALL_KINDS, 0 },
    { "", QUEEN_EVENT_ALL_KINDS, 0 },
    { "types=worker&types=hive", QUEEN_EVENT_WORKER | QUEEN_EVENT_HIVE, 0 }, /* B10 */
    { "types=worker&history=7&types=queen", QUEEN_EVENT_WORKER | QUEEN_EVENT_QUEEN, 7 },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_auto (QueenStreamRequest) request = { 0 };

      g_assert_true (parse (&request, rows[i].query, NULL, NULL));
      g_assert_cmpuint (request.kinds, ==, rows[i].kinds);
      g_assert_cmpuint (request.n_history, ==, rows[i].n_history);
    }
}

static void
test_invalid (void)
{
  static const char *const queries[] = {
    "types=",
    "types=worker,",
    "types=,worker",
    "types=Worker",
    "types=worker hive",
    "types=forgotten",
    "history=",
    "history=101",
    "history=-1",
    "history=+1",
    "history=1.0",
    "history=0x1",
    "history=%201",
    "history=%0b1",
    "history=1%20",
    "history=all",
    "types=none&history=1",
    "types=queen&history=4294967296",
    "types=%ff",
    "types=worker&types=x",
    "history=1&history=1",
    "types",
    "last_event_id=a-1&last_event_id=a-1",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (queries); i++)
    {
      g_autoptr (GError) error = NULL;
      g_auto (QueenStreamRequest) request = { 0 };

      g_test_message ("%s", queries[i]);
      g_assert_false (parse (&request, queries[i], NULL, &error));
      g_assert_error (error, QUEEN_ERROR, QUEEN_ERROR_BAD_REQUEST);
    }
}

/* B10: who mistypes would get what it has not asked for. */
static void
test_unknown (void)
{
  static const char *const rows[][2] = {
    { "type=worker", "types" },
    { "types[]=worker", "types" },
    { "hist=3", "history" },
    { "Types=worker", "types" },
    { "last_event=a-1", "last_event_id" },
    { "types=worker&tipes=hive", "types" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *nearest = g_strdup_printf ("the nearest is “%s”", rows[i][1]);
      g_autoptr (GError) error = NULL;
      g_auto (QueenStreamRequest) request = { 0 };

      g_assert_false (parse (&request, rows[i][0], NULL, &error));
      g_assert_error (error, QUEEN_ERROR, QUEEN_ERROR_BAD_REQUEST);
      g_assert_nonnull (strstr (error->message, nearest));
    }
}

static void
test_last_id (void)
{
  static const char *const queries[] = { "last_event_id=a-1", "lastEventId=a-1",
                                         "types=queen&last_event_id=a%2D1" };

  for (gsize i = 0; i < G_N_ELEMENTS (queries); i++)
    {
      g_auto (QueenStreamRequest) request = { 0 };
      g_auto (QueenStreamRequest) with_header = { 0 };

      g_assert_true (parse (&request, queries[i], NULL, NULL));
      g_assert_cmpstr (request.last_id, ==, "a-1");
      g_assert_true (parse (&with_header, queries[i], "a-2", NULL));
      g_assert_cmpstr (with_header.last_id, ==, "a-2");
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/stream-request/nothing/everything-from-now-on", test_nothing);
  g_test_add_func ("/stream-request/valid/understood", test_valid);
  g_test_add_func ("/stream-request/invalid/refused", test_invalid);
  g_test_add_func ("/stream-request/last-id/the-header-goes-first", test_last_id);

  g_test_add_func ("/stream-request/unknown/names-the-nearest", test_unknown);

  return g_test_run ();
}
