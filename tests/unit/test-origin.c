/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* D9: what settings say is brought to the form in which browsers say it, or refused. */

#include "http/queen-origin.h"

typedef struct
{
  const char *text;
  const char *normal; /* NULL when it is refused */
} Row;

static void
assert_rows (const Row *rows, gsize n_rows, char *(*normalize) (const char *text))
{
  for (gsize i = 0; i < n_rows; i++)
    {
      g_autofree char *normal = normalize (rows[i].text);
      g_autofree char *again = normal ? normalize (normal) : NULL;
      g_autofree char *shown = g_strescape (rows[i].text, NULL);

      g_test_message ("%s", shown);
      g_assert_cmpstr (normal, ==, rows[i].normal);
      g_assert_cmpstr (again, ==, rows[i].normal);
    }
}

static void
test_hosts (void)
{
  static const Row rows[] = {
    { "q.example", "q.example" },
    { "Q.Example:8500", "q.example" },
    { "q.example.", "q.example" },
    { "q.example.:80", "q.example" },
    { "q_1", "q_1" },
    { "bücher.example", "xn--bcher-kva.example" },
    { "xn--bcher-kva.example", "xn--bcher-kva.example" },
    { "10.1.2.3", "10.1.2.3" },
    { "2001:0DB8:0000:0000:0000:0000:0000:0001", "2001:db8::1" },
    { "[2001:db8::1]:8500", "2001:db8::1" },
    { "[::1]", "::1" },
    { ".example", NULL },
    { "*.example", NULL },
    { "q..example", NULL },
    { "", NULL },
    { ".", NULL },
    { ":80", NULL },
    { "q.example:", NULL },
    { "q.example:http", NULL },
    { "q.example:65536", NULL },
    { "q.example:\v1", NULL },
    { "http://q.example", NULL },
    { "q.example/", NULL },
    { "q example", NULL },
    { "u@q.example", NULL },
    { "[q.example]", NULL },
    { "[::1", NULL },
    { "[]", NULL },
    { "127.1", NULL },
    { "10.1.2.3.4", NULL },
    { "\xff", NULL },
    { "q\xe2\x80\x8b.example", "q.example" }, /* RFC 3454 B.1: a blank without width is nothing */
  };

  assert_rows (rows, G_N_ELEMENTS (rows), queen_host_normalize);
}

static void
test_origins (void)
{
  static const Row rows[] = {
    { "https://ui.example.org", "https://ui.example.org" },
    { "HTTPS://UI.Example.org", "https://ui.example.org" },
    { "https://x:443", "https://x" },
    { "http://x:80", "http://x" },
    { "https://x:80", "https://x:80" },
    { "http://x:0443", "http://x:443" },
    { "https://bücher.example:8443", "https://xn--bcher-kva.example:8443" },
    { "http://[2001:0db8::0001]:3000", "http://[2001:db8::1]:3000" },
    { "http://10.1.2.3", "http://10.1.2.3" },
    { "https://x/", NULL },
    { "https://x?", NULL },
    { "https://x#", NULL },
    { "https://u@x", NULL },
    { "https://", NULL },
    { "https://:443", NULL },
    { "https://.x", NULL },
    { "https://x%79", NULL },
    { "https://x:65536", NULL },
    { "https://*.example", NULL },
    { "http://[::1]evil", NULL },
    { "x.example", NULL },
    { "file://", NULL },
    { "ftp://x", NULL },
    { "\xff", NULL },
  };

  assert_rows (rows, G_N_ELEMENTS (rows), queen_origin_normalize);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/origin/hosts/as-browsers-send-them", test_hosts);
  g_test_add_func ("/origin/origins/as-browsers-send-them", test_origins);

  return g_test_run ();
}
