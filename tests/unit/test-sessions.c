/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "http/queen-sessions.h"

#include <string.h>

#include "fake-clock.h"

#define SECOND G_GINT64_CONSTANT (1000000)

static QueenSessions *sessions;

/* Returns: (transfer full): `NAME=VALUE`, as a browser sends it back */
static char *
open_session (guint token, gboolean is_foreign)
{
  const QueenSession session = { token, is_foreign };
  g_autofree char *cookie = queen_sessions_dup_cookie (sessions, &session, FALSE);

  return g_strndup (cookie, strcspn (cookie, ";"));
}

static gboolean
is_found (const char *cookies, guint token)
{
  QueenSession session = { 0 };

  return queen_sessions_find (sessions, cookies, &session) && session.token == token;
}

static void
test_round_trip (void)
{
  g_autofree char *own = open_session (7, FALSE);
  g_autofree char *foreign = open_session (4000000000u, TRUE);
  QueenSession session;

  g_assert_true (queen_sessions_find (sessions, own, &session));
  g_assert_cmpuint (session.token, ==, 7);
  g_assert_false (session.is_foreign);
  g_assert_true (queen_sessions_find (sessions, foreign, &session));
  g_assert_cmpuint (session.token, ==, 4000000000u);
  g_assert_true (session.is_foreign);
}

static void
test_end (void)
{
  g_autofree char *cookie = open_session (1, FALSE);

  now += 3599 * SECOND;
  g_assert_true (is_found (cookie, 1));
  now += 2 * SECOND;
  g_assert_false (is_found (cookie, 1));
}

/* A6 */
static void
test_among_others (void)
{
  g_autofree char *cookie = open_session (1, FALSE);
  g_autofree char *name = g_strndup (cookie, strcspn (cookie, "="));
  g_autofree char *twice = g_strconcat (name, "=forged; ", name, "=; ", cookie, NULL);
  g_autofree char *two_lines = g_strconcat ("a=b, ", cookie, NULL);
  g_autoptr (GString) many = g_string_new (NULL);

  for (int i = 0; i < 1000; i++)
    g_string_append_printf (many, "c%d=x; ", i);
  g_string_append (many, cookie);
  g_assert_true (is_found (many->str, 1));
  g_string_append (many, ";z=y");
  g_assert_true (is_found (many->str, 1));
  g_assert_true (is_found (twice, 1));
  g_assert_true (is_found (two_lines, 1));
}

/* Of those that are called like it only a few: each costs as much as a request. */
static void
test_among_likes (void)
{
  g_autofree char *cookie = open_session (1, FALSE);
  g_autofree char *name = g_strndup (cookie, strcspn (cookie, "="));
  g_autoptr (GString) many = g_string_new (NULL);

  for (int i = 0; i < 7; i++)
    g_string_append_printf (many, "%s=forged; ", name);
  g_string_append (many, cookie);
  g_assert_true (is_found (many->str, 1));
  g_string_prepend (many, "; ");
  g_string_prepend (many, cookie);
  many->str[many->len - 1] ^= 1;
  g_assert_true (is_found (many->str, 1));
  many->str[strlen (cookie) - 1] ^= 1;
  many->str[many->len - 1] ^= 1;
  g_assert_false (is_found (many->str, 1));
}

static void
test_forged (void)
{
  g_autofree char *cookie = open_session (1, FALSE);
  gsize value = strcspn (cookie, "=") + 1;
  g_autofree char *suffixed = g_strconcat (cookie, "0", NULL);
  g_autofree char *prefixed = g_strconcat ("x", cookie, NULL);

  for (gsize i = 0; cookie[i]; i++)
    {
      g_autofree char *forged = g_strdup (cookie);

      forged[i] ^= 1;
      g_assert_false (is_found (forged, 1));
      forged[i] = '\0';
      g_assert_false (is_found (forged, 1));
    }
  g_assert_false (is_found (suffixed, 1));
  g_assert_false (is_found (prefixed, 1));
  g_assert_false (is_found (cookie + value, 1));
  g_assert_false (is_found (NULL, 1));
  g_assert_false (is_found ("", 1));
  g_assert_false (is_found ("; , ;;= ,", 1));
}

/* A6: a browser sends the cookies of one port to the other. */
static void
test_two_queens (void)
{
  g_autoptr (QueenSessions) other = queen_sessions_new (&fake_clock);
  const QueenSession session = { 1, FALSE };
  g_autofree char *own = open_session (1, FALSE);
  g_autofree char *others = queen_sessions_dup_cookie (other, &session, FALSE);
  g_autofree char *own_name = g_strndup (own, strcspn (own, "="));
  g_autofree char *others_name = g_strndup (others, strcspn (others, "="));
  g_autofree char *renamed = g_strconcat (own_name, strchr (others, '='), NULL);

  g_assert_cmpstr (own_name, !=, others_name);
  g_assert_false (is_found (others, 1));
  g_assert_false (is_found (renamed, 1));
}

static void
test_attributes (void)
{
  static const struct
  {
    gboolean is_foreign;
    gboolean is_encrypted;
    const char *end;
  } rows[] = {
    { FALSE, FALSE, "; Path=/; Max-Age=3600; HttpOnly; SameSite=Strict" },
    { FALSE, TRUE, "; Path=/; Max-Age=3600; HttpOnly; SameSite=Strict; Secure" },
    { TRUE, FALSE, "; Path=/; Max-Age=3600; HttpOnly; SameSite=Strict" },
    { TRUE, TRUE, "; Path=/; Max-Age=3600; HttpOnly; SameSite=None; Secure" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      const QueenSession session = { 1, rows[i].is_foreign };
      g_autofree char *cookie =
          queen_sessions_dup_cookie (sessions, &session, rows[i].is_encrypted);

      g_assert_cmpstr (strchr (cookie, ';'), ==, rows[i].end);
    }
}

int
main (int argc, char **argv)
{
  int code;

  g_test_init (&argc, &argv, NULL);
  sessions = queen_sessions_new (&fake_clock);

  g_test_add_func ("/sessions/cookie/says-whose-it-is", test_round_trip);
  g_test_add_func ("/sessions/cookie/ends-after-an-hour", test_end);
  g_test_add_func ("/sessions/cookie/found-among-any-number-of-others", test_among_others);
  g_test_add_func ("/sessions/cookie/found-among-few-of-its-name", test_among_likes);
  g_test_add_func ("/sessions/cookie/cannot-be-made-by-others", test_forged);
  g_test_add_func ("/sessions/cookie/has-a-name-in-each-queen", test_two_queens);
  g_test_add_func ("/sessions/cookie/same-site-unless-encrypted-for-a-foreign-page",
                   test_attributes);

  code = g_test_run ();
  queen_sessions_free (sessions);
  return code;
}
