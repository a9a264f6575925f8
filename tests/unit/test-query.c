/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "text/queen-query.h"

#include <string.h>

#include "queen-error.h"

static gboolean
take_word (const char *name, const char *value, gpointer data, GError **error)
{
  g_string_append_printf (data, "%s=%s;", name, value);
  return TRUE;
}

static gboolean
take_nothing (const char *name, const char *value, gpointer data, GError **error)
{
  g_set_error (error, QUEEN_ERROR, QUEEN_ERROR_BAD_REQUEST, "%s takes nothing", name);
  return FALSE;
}

static const QueenParameter parameters[] = {
  { "online", take_word },
  { "model", take_word },
  { "limit", take_word },
  { "none", take_nothing },
};

static void
test_values (void)
{
  static const struct
  {
    const char *query;
    const char *taken;
  } rows[] = {
    { NULL, "" },
    { "", "" },
    { "online=true", "online=true;" },
    { "model=a&online=&model=b", "model=a;online=;model=b;" }, /* each time, in their order */
    { "model=org%2Fllama+2%26", "model=org/llama 2&;" },
    { "%6Dodel=a=b", "model=a=b;" },
    { "online=true&", "online=true;" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (GString) taken = g_string_new (NULL);
      g_autoptr (GError) error = NULL;

      g_test_message ("%s", rows[i].query);
      g_assert_true (
          queen_query_parse (rows[i].query, parameters, G_N_ELEMENTS (parameters), taken, &error));
      g_assert_no_error (error);
      g_assert_cmpstr (taken->str, ==, rows[i].taken);
    }
}

static void
test_errors (void)
{
  static const struct
  {
    const char *query;
    const char *said; /* part of the message */
  } rows[] = {
    { "onlin=true", "“onlin” here; the nearest is “online”" },
    { "Model=a", "the nearest is “model”" },
    { "modle=a", "the nearest is “model”" },
    { "model[]=a", "the nearest is “model”" },
    { "lim=1", "the nearest is “limit”" },
    { "model=a&LIMITS=1", "“LIMITS”" },
    { "=x", "“” here" },
    { "none=1", "none takes nothing" },
    { "model=%ff", "encoded" },
    { "model=%0", "encoded" },
    { "model", "encoded" },
    { "&", "encoded" },
    { "a-name-that-is-longer-than-any-that-there-is-or-ever-was=1", "nearest" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (GString) taken = g_string_new (NULL);
      g_autoptr (GError) error = NULL;

      g_assert_false (
          queen_query_parse (rows[i].query, parameters, G_N_ELEMENTS (parameters), taken, &error));
      g_assert_error (error, QUEEN_ERROR, QUEEN_ERROR_BAD_REQUEST);
      g_test_message ("%s: %s", rows[i].query, error->message);
      g_assert_nonnull (strstr (error->message, rows[i].said));
    }
}

static void
test_none (void)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (queen_query_parse ("", NULL, 0, NULL, NULL));
  g_assert_false (queen_query_parse ("a=b", NULL, 0, NULL, &error));
  g_assert_error (error, QUEEN_ERROR, QUEEN_ERROR_BAD_REQUEST);
  g_assert_cmpstr (error->message, ==, "there is no parameter “a” here, nor any other");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/query/values/decoded-and-in-order", test_values);
  g_test_add_func ("/query/errors/the-nearest-is-named", test_errors);
  g_test_add_func ("/query/errors/where-there-are-no-parameters", test_none);

  return g_test_run ();
}
