/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-query.h"

#include "queen-distance.h"
#include "queen-error.h"

static void
set_unknown (const char *name, const QueenParameter *parameters, gsize n, GError **error)
{
  const char *nearest = NULL;
  guint shortest = G_MAXUINT;
  g_autofree char *shown = g_utf8_make_valid (name, -1);

  for (gsize i = 0; i < n; i++)
    {
      guint distance = queen_distance_get (name, parameters[i].name);

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
