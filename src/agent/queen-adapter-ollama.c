/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-adapter.h"

/* Ollama says which models it has loaded, and which it could load, but not whether it works. */

static const char *const version_members[] = { "version", NULL };

static gboolean
is_ollama (const QueenServerAnswer *answer)
{
  g_autoptr (QueenJson) json = queen_adapter_parse (answer, version_members);

  return json && queen_adapter_get_text (queen_json_get_root (json), "version");
}

static gboolean
read_ollama_version (const QueenServerAnswer *answer, QueenReading *reading)
{
  g_autoptr (QueenJson) json = queen_adapter_parse (answer, version_members);

  if (json)
    queen_reading_set_text (&reading->version,
                            queen_adapter_get_text (queen_json_get_root (json), "version"));
  return json != NULL;
}

static gboolean
add_models (const QueenServerAnswer *answer, QueenReading *reading)
{
  static const char *const wanted[] = { "models", "[]name", NULL };
  g_autoptr (QueenJson) json = queen_adapter_parse (answer, wanted);
  const QueenJsonValue *list =
      json ? queen_adapter_get_array (queen_json_get_root (json), "models") : NULL;

  if (!list)
    return FALSE;
  for (const QueenJsonValue *at = queen_json_get_first (list); at < queen_json_get_end (list);
       at = queen_json_get_end (at))
    queen_reading_add_model (reading, queen_adapter_get_text (at, "name"));
  return TRUE;
}

/* What it has loaded; a model goes when nobody has used it for some minutes. */
static gboolean
read_loaded (const QueenServerAnswer *answer, QueenReading *reading)
{
  g_auto (QueenReading) loaded = { 0 };

  queen_reading_init (&loaded);
  if (!add_models (answer, &loaded))
    return FALSE;
  g_free (reading->model);
  reading->model = g_steal_pointer (&loaded.model);
  return TRUE;
}

/* What it has on disk. That one is the first does not mean that it is loaded. */
static gboolean
read_stored (const QueenServerAnswer *answer, QueenReading *reading)
{
  g_autofree char *loaded = g_steal_pointer (&reading->model);
  gboolean is_told;

  g_ptr_array_set_size (reading->models, 0);
  is_told = add_models (answer, reading);
  g_free (reading->model);
  reading->model = g_steal_pointer (&loaded);
  return is_told;
}

const QueenAdapter queen_adapter_ollama = {
  .name = "ollama",
  .api = "ollama",
  .sign = "/api/version",
  .recognise = is_ollama,
  .questions = {
    { "/api/ps", QUEEN_QUESTION_ALWAYS, read_loaded },
    { "/api/version", QUEEN_QUESTION_RARELY, read_ollama_version },
    { "/api/tags", QUEEN_QUESTION_RARELY, read_stored },
  },
};
