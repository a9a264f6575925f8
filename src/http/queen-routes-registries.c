/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-routes.h"

#include "model/queen-component-json.h"
#include "queen-answer.h"
#include "queen-error.h"

#define USUAL_JSON 512 /* bytes: what nearly every component fits in */

/* Which components are asked for. */
typedef struct
{
  const gboolean *online; /* NULL: both */
  const gboolean *available;
  const char *model_id; /* NULL: any */
} Filter;

static gboolean
parse_flag (GHashTable *query, const char *name, const gboolean **flag, GError **error)
{
  static const gboolean yes = TRUE;
  static const gboolean no = FALSE;
  const char *text = query ? g_hash_table_lookup (query, name) : NULL;

  if (!text)
    return TRUE;
  if (g_str_equal (text, "true"))
    *flag = &yes;
  else if (g_str_equal (text, "false"))
    *flag = &no;
  else
    {
      g_set_error (error, QUEEN_ERROR, QUEEN_ERROR_BAD_REQUEST, "%s must be true or false", name);
      return FALSE;
    }
  return TRUE;
}

static gboolean
parse_filter (GHashTable *query, QueenComponentKind kind, Filter *filter, GError **error)
{
  *filter = (Filter){ 0 };
  if (query && kind == QUEEN_COMPONENT_WORKER)
    filter->model_id = g_hash_table_lookup (query, "model");
  return parse_flag (query, "online", &filter->online, error) &&
         parse_flag (query, "available", &filter->available, error);
}

static gboolean
matches (const Filter *filter, const QueenComponent *component)
{
  return (!filter->online || *filter->online == queen_component_is_online (component)) &&
         (!filter->available || *filter->available == queen_component_is_available (component)) &&
         (!filter->model_id || g_strcmp0 (filter->model_id, component->model_id) == 0);
}

static GString *
make_list (QueenRegistry *registry, const Filter *filter)
{
  g_autoptr (GPtrArray) components = queen_registry_list (registry);
  const char *kind = queen_component_kind_get_name (queen_registry_get_kind (registry));
  GString *json = g_string_sized_new ((gsize) components->len * USUAL_JSON);
  guint total = 0;

  g_string_append_printf (json, "{\"%ss\":[", kind);
  for (guint i = 0; i < components->len; i++)
    if (matches (filter, components->pdata[i]))
      {
        if (total++ > 0)
          g_string_append_c (json, ',');
        queen_component_append_json (components->pdata[i], json);
      }
  g_string_append_printf (json, "],\"total\":%u}", total);
  return json;
}

static void
on_list (SoupServerMessage *message, GHashTable *query, gpointer data)
{
  QueenRegistry *registry = data;
  g_autoptr (GError) error = NULL;
  Filter filter;

  if (parse_filter (query, queen_registry_get_kind (registry), &filter, &error))
    queen_answer_json (message, SOUP_STATUS_OK, make_list (registry, &filter));
  else
    queen_answer_error (message, error);
}

static gboolean
answer_component (SoupServerMessage *message, QueenRegistry *registry, GError **error)
{
  g_autofree char *id = queen_server_dup_id (message, error);
  QueenComponent *component;
  GString *json;

  if (!id)
    return FALSE;
  component = queen_registry_lookup (registry, id);
  if (!component)
    {
      g_set_error (error, QUEEN_ERROR, QUEEN_ERROR_NOT_FOUND, "there is no %s “%s”",
                   queen_component_kind_get_name (queen_registry_get_kind (registry)), id);
      return FALSE;
    }
  json = g_string_sized_new (USUAL_JSON);
  queen_component_append_json (component, json);
  queen_answer_json (message, SOUP_STATUS_OK, json);
  return TRUE;
}

static void
on_component (SoupServerMessage *message, GHashTable *query, gpointer data)
{
  g_autoptr (GError) error = NULL;

  if (!answer_component (message, data, &error))
    queen_answer_error (message, error);
}

static void
on_forget (SoupServerMessage *message, GHashTable *query, gpointer data)
{
  QueenRegistry *registry = data;
  g_autoptr (GError) error = NULL;
  g_autofree char *id = queen_server_dup_id (message, &error);
  g_autofree char *text = NULL;

  if (!id || !queen_registry_forget (registry, id, &error))
    {
      queen_answer_error (message, error);
      return;
    }
  text = g_strdup_printf ("Forgot %s %s",
                          queen_component_kind_get_name (queen_registry_get_kind (registry)), id);
  queen_answer_message (message, text);
}

void
queen_routes_add_registries (QueenServer *server, QueenRegistry *workers, QueenRegistry *hives)
{
  static const QueenRoute worker_routes[] = {
    { "/v1/workers", "GET", QUEEN_ACCESS_READ, on_list },
    { "/v1/workers/{id}", "GET", QUEEN_ACCESS_READ, on_component },
    { "/v1/workers/{id}", "DELETE", QUEEN_ACCESS_ADMIN, on_forget },
  };
  static const QueenRoute hive_routes[] = {
    { "/v1/hives", "GET", QUEEN_ACCESS_READ, on_list },
    { "/v1/hives/{id}", "GET", QUEEN_ACCESS_READ, on_component },
    { "/v1/hives/{id}", "DELETE", QUEEN_ACCESS_ADMIN, on_forget },
  };

  queen_server_add_routes (server, worker_routes, G_N_ELEMENTS (worker_routes),
                           g_object_ref (workers), g_object_unref);
  queen_server_add_routes (server, hive_routes, G_N_ELEMENTS (hive_routes), g_object_ref (hives),
                           g_object_unref);
}
