/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "net/queen-via.h"

#include "queen-error.h"

#define OTHER "queen-rbee-0123456789abcdef"

static void
assert_refused (const char *via)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (queen_via_check (via, &error));
  g_assert_error (error, QUEEN_ERROR, QUEEN_ERROR_BAD_GATEWAY);
}

static void
test_own (void)
{
  g_autofree char *own = queen_via_dup_with_own (NULL);
  g_autofree char *among = g_strconcat ("1.1 proxy, ", own, ", 1.0 \xff (a comment)", NULL);
  g_autofree char *rewritten = g_strconcat ("HTTP/2 ", strchr (own, ' ') + 1, NULL);

  assert_refused (own);
  assert_refused (among);
  assert_refused (rewritten);
}

static void
test_others (void)
{
  static const char *const rows[] = {
    NULL, "", "1.1 proxy", "1.1 " OTHER, "queen-rbee-", "queen-rbee-queen-rbee-12", "1.1 \xff\t,,"
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *queens = queen_via_dup_queens (rows[i]);

      g_assert_true (queen_via_check (rows[i], NULL));
      g_assert_cmpint (queens != NULL, ==, i == 3);
    }
}

/* Each queen on the way puts herself behind the others; nobody else is named to a worker. */
static void
test_handed_on (void)
{
  g_autofree char *queens = queen_via_dup_queens ("1.1 secret-proxy, 1.1 " OTHER ", 1.1 \xff");
  g_autofree char *own = queen_via_dup_with_own (NULL);
  g_autofree char *both = queen_via_dup_with_own (queens);
  g_autofree char *expected = g_strconcat ("1.1 " OTHER ", ", own, NULL);
  g_autofree char *again = queen_via_dup_queens (both);

  g_assert_cmpstr (both, ==, expected);
  assert_refused (both);
  g_assert_nonnull (strstr (again, OTHER));
}

static void
test_too_many (void)
{
  g_autoptr (GString) via = g_string_new (NULL);
  g_autofree char *queens = NULL;

  for (guint i = 1; i < QUEEN_VIA_MAX_QUEENS; i++)
    g_string_append (via, "1.1 " OTHER ", ");
  g_assert_true (queen_via_check (via->str, NULL));
  g_string_append (via, "1.1 " OTHER);
  assert_refused (via->str);
  for (guint i = 0; i < 1000; i++)
    g_string_append (via, "1.1 " OTHER ", ");
  queens = queen_via_dup_queens (via->str);
  g_assert_cmpuint (strlen (queens), <=, QUEEN_VIA_MAX_QUEENS * strlen ("1.1 " OTHER ", "));
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/via/own/is-known-among-others", test_own);
  g_test_add_func ("/via/others/may-hand-on", test_others);
  g_test_add_func ("/via/handed-on/queens-alone-and-own", test_handed_on);
  g_test_add_func ("/via/too-many", test_too_many);
  return g_test_run ();
}
