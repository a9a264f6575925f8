/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "http/queen-coding.h"

static const struct
{
  const char *accept;
  gboolean takes_gzip;
} cases[] = {
  { NULL, FALSE },
  { "", FALSE },
  { ",", FALSE },
  { "gzip", TRUE },
  { "GZip", TRUE },
  { "x-gzip", TRUE },
  { "deflate", FALSE },
  { "br", FALSE },
  { "gzipped", FALSE },
  { "gzip, deflate, br, zstd", TRUE }, /* browsers */
  { "gzip, deflate", TRUE },           /* Python requests */
  { "deflate,gzip", TRUE },
  { " br ,\tgzip ", TRUE },
  { "identity", FALSE },
  { "identity, gzip", TRUE },
  /* Qualities: RFC 9110 § 12.4.2. */
  { "gzip;q=1", TRUE },
  { "gzip;q=1.000", TRUE },
  { "gzip;q=0.001", TRUE },
  { "gzip;q=0.", FALSE },
  { "gzip;q=1.", TRUE },
  { "gzip;q=0", FALSE },
  { "gzip;q=0.0", FALSE },
  { "gzip;q=0.000", FALSE },
  { "gzip ; Q=0.5", TRUE },
  { "gzip;\tq = 0.5", TRUE },
  { "gzip;q=0, *", FALSE },
  { "*, gzip;q=0", FALSE },
  { "*", TRUE },
  { "*;q=0", FALSE },
  { "*;q=0, gzip", TRUE },
  { "br, *;q=0.1", TRUE },
  /* Who likes it better as it is gets it so. */
  { "identity, gzip;q=0.5", FALSE },
  { "identity;q=0.5, gzip", TRUE },
  { "identity;q=0.5, gzip;q=0.5", TRUE },
  { "identity, *;q=0.5", FALSE },
  { "identity;q=0", FALSE },
  { "identity;q=0, gzip;q=0.001", TRUE },
  { "identity;q=0, *;q=0.5", TRUE },
  /* What is no quality. */
  { "gzip;q=", FALSE },
  { "gzip;q=2", FALSE },
  { "gzip;q=1.001", FALSE },
  { "gzip;q=0.0001", FALSE },
  { "gzip;q=-1", FALSE },
  { "gzip;q=.5", FALSE },
  { "gzip;q=0,5", FALSE },
  { "gzip;q=0x1", FALSE },
  { "gzip;q=1 1", FALSE },
  { "gzip;level=9", FALSE },
  { "gzip;", FALSE },
  { ";q=1", FALSE },
  /* The last one counts. */
  { "gzip, gzip;q=0", FALSE },
  { "gzip;q=0, gzip", TRUE },
};

static void
test_cases (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_test_message ("“%s”", cases[i].accept ? cases[i].accept : "(none)");
      g_assert_cmpint (queen_coding_takes_gzip (cases[i].accept), ==, cases[i].takes_gzip);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/coding/gzip/who-takes-it", test_cases);

  return g_test_run ();
}
