/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "agent/queen-exposition.h"

static const QueenMetric metrics[] = {
  { "x:running", NULL, QUEEN_METRIC_RUNNING, FALSE },
  { "x:waiting", "kind=\"w\"", QUEEN_METRIC_WAITING, FALSE },
  { "x:kv", NULL, QUEEN_METRIC_KV_USAGE, TRUE },
  { "x:old_kv", NULL, QUEEN_METRIC_KV_USAGE, TRUE },
  { "x:steps", NULL, QUEEN_METRIC_PROGRESS, FALSE },
  { NULL },
};

typedef struct
{
  const char *name;
  const char *text;
  gint64 running;
  gint64 waiting;
  double kv_usage;
  double progress;
} Case;

static const Case cases[] = {
  { "plain", "x:running 3\n", 3, -1, -1, -1 },
  { "no-newline-at-the-end", "x:running 3", 3, -1, -1, -1 },
  { "with-a-time", "x:running 3 1395066363000\n", 3, -1, -1, -1 },
  { "comments-are-none", "# TYPE x:running gauge\n# x:running 9\nx:running 3\n", 3, -1, -1, -1 },
  { "summed", "x:running{engine=\"0\"} 2\nx:running{engine=\"1\"} 3\n", 5, -1, -1, -1 },
  { "greatest", "x:kv{engine=\"0\"} 0.5\nx:kv{engine=\"1\"} 0.25\n", -1, -1, 0.5, -1 },
  { "old-name", "x:old_kv 0.5\n", -1, -1, 0.5, -1 },
  { "new-name-before-the-old", "x:old_kv 0.5\nx:kv 0.75\n", -1, -1, 0.75, -1 },
  { "label", "x:waiting{kind=\"r\"} 7\nx:waiting{a=\"b\",kind=\"w\"} 2\n", -1, 2, -1, -1 },
  { "label-is-whole", "x:waiting{akind=\"w\"} 7\n", -1, -1, -1, -1 },
  { "label-is-missing", "x:waiting 7\n", -1, -1, -1, -1 },
  { "brace-in-a-value", "x:running{m=\"a}\\\"{b\"} 4\n", 4, -1, -1, -1 },
  { "longer-name-is-another", "x:running_total 9\nx:runnin 8\n", -1, -1, -1, -1 },
  { "exponent", "x:steps 1.5e3\n", -1, -1, -1, 1500 },
  { "not-a-number", "x:running NaN\nx:steps +Inf\n", -1, -1, -1, -1 },
  { "negative", "x:running -3\n", -1, -1, -1, -1 },
  { "too-large", "x:steps 1e300\n", -1, -1, -1, -1 },
  { "usage-over-one", "x:kv 1.01\n", -1, -1, 1, -1 },
  { "no-value", "x:running\nx:steps \n", -1, -1, -1, -1 },
  { "value-is-not-of-the-next-line", "x:running\n5\n", -1, -1, -1, -1 },
  { "labels-without-an-end", "x:running{a=\"b 5\nx:steps 2\n", -1, -1, -1, 2 },
  { "words", "x:running many\n", -1, -1, -1, -1 },
  { "half-a-number", "x:running 3x\n", -1, -1, -1, -1 },
  { "windows", "x:running 3\r\n", 3, -1, -1, -1 },
  { "empty-lines", "\n\n# \n\nx:running 3\n\n\nx:steps 2\n\n", 3, -1, -1, 2 },
  { "empty", "", -1, -1, -1, -1 },
};

static void
test_case (gconstpointer data)
{
  const Case *c = data;
  g_auto (QueenReading) reading = { 0 };
  gboolean is_any = c->running >= 0 || c->waiting >= 0 || c->kv_usage >= 0 || c->progress >= 0;

  queen_reading_init (&reading);
  g_assert_cmpint (queen_exposition_read (c->text, metrics, &reading), ==, is_any);
  g_assert_cmpint (reading.running, ==, c->running);
  g_assert_cmpint (reading.waiting, ==, c->waiting);
  g_assert_cmpfloat (reading.kv_usage, ==, c->kv_usage);
  g_assert_cmpfloat (reading.progress, ==, c->progress);
}

static void
test_prefix (void)
{
  g_assert_true (queen_exposition_has ("# HELP\nvllm:x 1\n", "vllm:"));
  g_assert_true (queen_exposition_has ("vllm:x 1\n", "vllm:"));
  g_assert_true (queen_exposition_has ("vllm\n\nvllm:", "vllm:"));
  g_assert_false (queen_exposition_has ("# vllm:x\nx vllm:\nvllm\n:", "vllm:"));
  g_assert_false (queen_exposition_has ("", "vllm:"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path = g_strconcat ("/exposition/", cases[i].name, NULL);

      g_test_add_data_func (path, &cases[i], test_case);
    }
  g_test_add_func ("/exposition/prefix-of-a-sample", test_prefix);
  return g_test_run ();
}
