/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* Nobody has more open than is left for others. */

#include "jobs/queen-job-shares.h"

#define ALL 1024
#define BYTES 65536

static guint
open_all (QueenJobShares *shares, const char *format)
{
  guint n = 0;

  for (guint i = 0; i < ALL; i++)
    {
      g_autofree char *submitter = g_strdup_printf (format, i);

      if (!queen_job_shares_has_room (shares, submitter, 1))
        continue;
      queen_job_shares_open (shares, submitter);
      queen_job_shares_resize (shares, submitter, 0, 1);
      n++;
    }
  return n;
}

static void
close_all (QueenJobShares *shares, const char *format, guint n)
{
  for (guint i = 0; i < n; i++)
    {
      g_autofree char *submitter = g_strdup_printf (format, i);

      queen_job_shares_close (shares, submitter, 1);
    }
}

/* Who has an IPv6 network of 48 bits has 65 536 that look like others. */
static void
test_wide (void)
{
  QueenJobShares *shares = queen_job_shares_new (ALL, ALL, BYTES);
  guint n = open_all (shares, "address:2001:db8:1:%x::/64");

  g_assert_cmpuint (n, >=, ALL / 2);
  g_assert_cmpuint (n, <=, ALL * 2 / 3);
  g_assert_true (queen_job_shares_has_room (shares, "address:2001:db8:2:1::/64", 1));
  g_assert_true (queen_job_shares_has_room (shares, "token:farm-7", 1));
  close_all (shares, "address:2001:db8:1:%x::/64", n);
  queen_job_shares_free (shares);
}

/* Others are each for itself, whatever they are called. */
static void
test_others (void)
{
  static const char *const formats[] = { "token:2001:db8:1:%x::/64", "address:10.0.0.%u",
                                         "address:2001:db8:1:%x::/60" };

  for (guint i = 0; i < G_N_ELEMENTS (formats); i++)
    {
      QueenJobShares *shares = queen_job_shares_new (ALL, ALL, BYTES);
      guint n = open_all (shares, formats[i]);

      g_assert_cmpuint (n, ==, ALL - 1); /* whoever has none needs as much to be left as it gets */
      close_all (shares, formats[i], n);
      queen_job_shares_free (shares);
    }
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/job-shares/a-wide-network-has-two-thirds", test_wide);
  g_test_add_func ("/job-shares/others-are-each-for-itself", test_others);

  return g_test_run ();
}
