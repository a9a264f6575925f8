/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-query.h"

#include <string.h>

#include "queen-error.h"

#define MAX_COMPARED 32 /* bytes of a name; two that differ behind them are far apart anyway */

/* How many letters have to be changed, put in or left out to make one of the other (Levenshtein's
 * distance). */
static guint
get_distance (const char *a, const char *b)
{
  gsize a_length = MIN (strlen (a), MAX_COMPARED);
  gsize b_length = MIN (strlen (b), MAX_COMPARED);
  guint row[MAX_COMPARED + 1]; /* from the first letters of @a to each beginning of @b */

  for (gsize j = 0; j <= b_length; j++)
    row[j] = (guint) j;
  for (gsize i = 0; i < a_length; i++)
    {
      guint diagonal = row[0];

      row[0] = (guint) i + 1;
      for (gsize j = 0; j < b_length; j++)
        {
          guint changed = diagonal + (a[i] != b[j]);

          diagonal = row[j + 1];
          row[j + 1] = MIN (changed, MIN (row[j], row[j + 1]) + 1);
        }
    }
  return row[b_length];
}

static void
set_unknown (const char *name, const QueenParameter *parameters, gsize n, GError **error)
{
  const char *nearest = NULL;
  guint shortest = G_MAXUINT;
  g_autofree char *shown = g_utf8_make_valid (name, -1);

  for (gsize i = 0; i < n; i++)
    {
      guint distance = get_distance (name, parameters[i].name);

      if (distance < shortest)
        nearest = parameters[i].name;
      shortest = MIN (shortest, distance);
    }
  if (nearest)
    g_set_error (error, QUEEN_ERROR, QUEEN_ERROR_BAD_REQUEST,
                 "there is no parameter “%s” here; the nearest is “%s”", shown, nearest);
  else
    g_set_error (error, QUEEN_ERROR, QUEEN_ERROR_BAD_REQUEST,
                 "there is no parameter “%s” here, nor any other", shown);
}

static gboolean
take_parameter (const QueenParameter *parameters,
                gsize n_parameters,
                const char *name,
                const char *value,
                gpointer data,
                GError **error)
{
  for (gsize i = 0; i < n_parameters; i++)
    if (g_str_equal (parameters[i].name, name))
      return parameters[i].take (name, value, data, error);
  set_unknown (name, parameters, n_parameters, error);
  return FALSE;
}

gboolean
queen_query_parse (const char *query,
                   const QueenParameter *parameters,
                   gsize n_parameters,
                   gpointer data,
                   GError **error)
{
  g_autoptr (GError) encoding_error = NULL;
  GUriParamsIter iter;
  char *attribute, *text;

  g_uri_params_iter_init (&iter, query ? query : "", -1, "&", G_URI_PARAMS_WWW_FORM);
  while (g_uri_params_iter_next (&iter, &attribute, &text, &encoding_error))
    {
      g_autofree char *name = attribute;
      g_autofree char *value = text;

      if (!take_parameter (parameters, n_parameters, name, value, data, error))
        return FALSE;
    }
  if (encoding_error)
    g_set_error_literal (error, QUEEN_ERROR, QUEEN_ERROR_BAD_REQUEST,
                         "the query is not encoded as a form is");
  return !encoding_error;
}
