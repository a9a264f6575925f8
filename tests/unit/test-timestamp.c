/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "text/queen-timestamp.h"

static void
test_round_trip (void)
{
  static const char *const rows[][2] = {
    { "2025-10-24T20:11:01.123456789Z", "2025-10-24T20:11:01.123456789+00:00" },
    { "2025-10-24T20:11:01Z", "2025-10-24T20:11:01.000000000+00:00" },
    { "2025-10-24t20:11:01.5z", "2025-10-24T20:11:01.500000000+00:00" },
    { "2025-10-24 20:11:01+00:00", "2025-10-24T20:11:01.000000000+00:00" },
    { "2025-10-24T20:11:01.1234567891234Z", "2025-10-24T20:11:01.123456789+00:00" },
    { "2025-10-25T01:41:01+05:30", "2025-10-24T20:11:01.000000000+00:00" },
    { "2025-10-24T12:11:01-08:00", "2025-10-24T20:11:01.000000000+00:00" },
    { "2024-02-29T00:00:00Z", "2024-02-29T00:00:00.000000000+00:00" },
    { "2016-12-31T23:59:60Z", "2016-12-31T23:59:59.000000000+00:00" },
    { "1970-01-01T01:00:00.5+01:00", "1970-01-01T00:00:00.500000000+00:00" },
    { "1970-01-01T00:00:00Z", "1970-01-01T00:00:00.000000000+00:00" },
    { "2261-12-31T23:59:59.999999999Z", "2261-12-31T23:59:59.999999999+00:00" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (GString) text = g_string_new (NULL);
      gint64 time, usec;

      g_assert_true (queen_timestamp_parse (rows[i][0], &time));
      g_assert_true (queen_timestamp_parse_usec (rows[i][0], &usec));
      g_assert_cmpint (usec, ==, time / 1000);
      queen_timestamp_append (text, time);
      g_assert_cmpstr (text->str, ==, rows[i][1]);
    }
}

static void
test_refused (void)
{
  static const char *const texts[] = {
    "",
    "now",
    "2025-10-24",
    "2025-10-24T20:11:01",
    "2025-10-24T20:11Z",
    "2025-10-24T20:11:01.Z",
    "2025-10-24T20:11:01,5Z",
    "2025-10-24T20:11:01+0000",
    "2025-10-24T20:11:01+00",
    "2025-10-24T20:11:01+24:00",
    "2025-10-24T20:11:01+00:60",
    "2025-10-24T20:11:01Zz",
    "2025-10-24T20:11:01Z ",
    " 2025-10-24T20:11:01Z",
    "2025-10-24_20:11:01Z",
    "20251024T201101Z",
    "2025-W43-5T20:11:01Z",
    "2025-297T20:11:01Z",
    "2025-13-01T00:00:00Z",
    "2025-00-01T00:00:00Z",
    "2025-02-30T00:00:00Z",
    "2023-02-29T00:00:00Z",
    "2025-10-32T00:00:00Z",
    "2025-10-24T24:00:00Z",
    "2025-10-24T20:60:01Z",
    "2025-10-24T20:11:61Z",
    "0000-12-31T23:59:59Z",
    "0001-01-01T00:00:00+00:01",
    "9999-12-31T23:59:59-00:01",
    "+2025-10-24T20:11:01Z",
    "2o25-10-24T20:11:01Z",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      gint64 time;

      g_test_message ("%s", texts[i]);
      g_assert_false (queen_timestamp_parse_usec (texts[i], &time));
      g_assert_false (queen_timestamp_parse (texts[i], &time));
    }
}

/* B14: what no number of nanoseconds can say. */
static void
test_all_years (void)
{
  static const struct
  {
    const char *text;
    gint64 usec;
  } rows[] = {
    { "0001-01-01T00:00:00Z", G_GINT64_CONSTANT (-62135596800000000) },
    { "9999-12-31T23:59:59.999999999Z", G_GINT64_CONSTANT (253402300799999999) },
    { "1969-12-31T23:59:59.5Z", -500000 },
    { "1970-01-01T00:59:59.5+01:00", -500000 },
    { "2261-12-31T23:00:00-01:00", G_GINT64_CONSTANT (9214646400000000) },
    { "0001-01-01T00:30:00+00:30", G_GINT64_CONSTANT (-62135596800000000) },
    { "1600-02-29T12:00:00Z", G_GINT64_CONSTANT (-11670955200000000) },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      gint64 time;

      g_assert_true (queen_timestamp_parse_usec (rows[i].text, &time));
      g_assert_cmpint (time, ==, rows[i].usec);
      g_assert_false (queen_timestamp_parse (rows[i].text, &time));
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/timestamp/valid/becomes-utc-with-nine-digits", test_round_trip);
  g_test_add_func ("/timestamp/valid/all-years-of-four-digits", test_all_years);
  g_test_add_func ("/timestamp/invalid/refused", test_refused);

  return g_test_run ();
}
