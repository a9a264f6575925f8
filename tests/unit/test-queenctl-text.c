/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "ctl/queenctl-text.h"

/* D4 */
static void
test_cut (void)
{
  static const struct
  {
    const char *text;
    guint width;
    const char *cut;
  } rows[] = {
    { "worker-1", 8, "worker-1" },
    { "worker-12", 8, "wor…r-12" },
    { "worker-12", 7, "wor…-12" },
    { "worker-12", 2, "…2" },
    { "worker-12", 1, "…" },
    { "worker-12", 0, "" },
    { "", 3, "" },
    { "模型模型模型", 12, "模型模型模型" },
    { "模型模型模型", 10, "模型…模型" },
    { "u\314\210u\314\210u\314\210u\314\210", 3, "u\314\210…u\314\210" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *cut = queenctl_text_dup_cut (rows[i].text, rows[i].width);

      g_test_message ("%s", cut);
      g_assert_true (g_utf8_validate (cut, -1, NULL));
      g_assert_cmpuint (queenctl_text_count_columns (cut), <=, rows[i].width);
      g_assert_cmpstr (cut, ==, rows[i].cut);
    }
}

/* A stranger may be called anything, and a hive says of sixteen graphics cards what they are. */
static void
test_long (void)
{
  g_autofree char *text = g_strnfill (1000000, 'x');
  g_autofree char *cut = queenctl_text_dup_cut (text, 80);

  g_assert_cmpuint (queenctl_text_count_columns (cut), ==, 80);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/queenctl-text/cut/both-ends-stay", test_cut);
  g_test_add_func ("/queenctl-text/cut/takes-no-longer-than-the-text-is-long", test_long);

  return g_test_run ();
}
