/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-router.h"

#include <libsoup/soup.h>
#include <string.h>

#include "net/queen-via.h"
#include "queen-cors.h"
#include "queen-error.h"
#include "queen-request-head.h"
#include "text/queen-hash.h"

#define REST "{path}" /* at the end of a row's path */
#define ALL_METHODS "GET, HEAD, POST, DELETE, OPTIONS"

/* A path and what can be done with it. */
typedef struct
{
  GArray *methods; /* of Method */
  GString *allow;
  gboolean speaks_openai;
} Resource;

typedef struct
{
  QueenRoute route;
  gpointer data;
} Method;

typedef struct
{
  gpointer data;
  GDestroyNotify free_data;
} RouteData;

struct _QueenRouter
{
  GObject parent_instance;

  QueenAccess *access;
  QueenTally *tally;
  GHashTable *resources; /* path -> Resource */
  GPtrArray *patterns;   /* of paths among these that have {names} in them */
  GSList *route_data;    /* of RouteData */
  GSList *direct;        /* of Method: those that go the short way */
  QueenDeferrals *deferrals;
  gboolean is_refusal_logged;
};

G_DEFINE_FINAL_TYPE (QueenRouter, queen_router, G_TYPE_OBJECT)

static void
free_resource (Resource *resource)
{
  g_array_unref (resource->methods);
  g_string_free (resource->allow, TRUE);
  g_free (resource);
}

static void
free_route_data (RouteData *route_data)
{
  if (route_data->free_data)
    route_data->free_data (route_data->data);
  g_free (route_data);
}

/* Finding */

static const Method *
find_method (const Resource *resource, const char *name)
{
  if (g_str_equal (name, "HEAD"))
    name = "GET";
  for (guint i = 0; i < resource->methods->len; i++)
    if (g_str_equal (g_array_index (resource->methods, Method, i).route.method, name))
      return &g_array_index (resource->methods, Method, i);
  return NULL;
}

/* A {name} stands for whatever is between two slashes, which may be nothing; and REST for whatever
 * comes, slashes and all. The path is still encoded, so a slash in an id does not look like one. */
static gboolean
fits_pattern (const char *path, const char *pattern)
{
  while (*pattern != '\0')
    if (g_str_equal (pattern, REST))
      return TRUE;
    else if (*pattern == '{')
      {
        pattern += strcspn (pattern, "/");
        path += strcspn (path, "/");
      }
    else if (*pattern++ != *path++)
      return FALSE;
  return *path == '\0';
}

static const Resource *
find_resource (QueenRouter *self, const char *path)
{
  const Resource *resource = g_hash_table_lookup (self->resources, path);

  for (guint i = 0; !resource && i < self->patterns->len; i++)
    if (fits_pattern (path, self->patterns->pdata[i]))
      resource = g_hash_table_lookup (self->resources, self->patterns->pdata[i]);
  return resource;
}

gsize
queen_router_get_max_body (QueenText method, QueenText path, gpointer router)
{
  g_autofree char *method_name = g_strndup (method.at, method.length);
  g_autofree char *path_name = g_strndup (path.at, path.length);
  const Resource *resource = find_resource (router, path_name);
  const Method *found = resource ? find_method (resource, method_name) : NULL;

  return MAX (found ? found->route.max_body : 0, QUEEN_REQUEST_USUAL_BODY);
}

gboolean
queen_router_speaks_openai (QueenText path, gpointer router)
{
  g_autofree char *name = g_strndup (path.at, path.length);
  const Resource *resource = find_resource (router, name);

  return resource && resource->speaks_openai;
}

const QueenRoute *
queen_router_find_direct (QueenRouter *self, QueenText method, QueenText target)
{
  for (GSList *link = self->direct; link; link = link->next)
    {
      const QueenRoute *route = &((const Method *) link->data)->route;

      if (queen_text_equals (method, route->method) && queen_text_equals (target, route->path))
        return route;
    }
  return NULL;
}

/* Refusing */

/* Once, as a page may go on for hours; whoever wonders why it shows nothing looks here. */
static void
log_refusal (QueenRouter *self, const QueenVisitor *visitor, const GError *error)
{
  if (self->is_refusal_logged)
    return;
  self->is_refusal_logged = TRUE;
  g_message ("a web page was refused that asked for %s: %s (others are only counted: see "
             "queen_refusals_total; behind a proxy, see whether it hands on the Host)",
             visitor->host, error->message);
}

static void
refuse_page (QueenRouter *self, QueenExchange *exchange, const GError *error)
{
  queen_exchange_answer_error (exchange, error);
  queen_exchange_set_refusal (exchange, QUEEN_REFUSAL_ORIGIN);
  log_refusal (self, queen_exchange_get_visitor (exchange), error);
}

/* Whoever may beat can say that a worker is where the queen is, or where another one is of whom she
 * is a worker. It would be asked for ever, each time by her own user from her own machine. */
static gboolean
check_way (QueenExchange *exchange, GError **error)
{
  return !queen_exchange_get_visitor (exchange)->is_forwarded ||
         queen_via_check (queen_exchange_get_header (exchange, "Via"), error);
}

static gboolean
check_right (
    QueenRouter *self, QueenExchange *exchange, const Method *method, guint *owner, GError **error)
{
  const char *pass =
      method->route.takes_passes ? queen_exchange_get_header (exchange, QUEEN_PASS_HEADER) : NULL;

  if (pass)
    return queen_access_check_pass (self->access, pass, queen_exchange_get_method (exchange),
                                    queen_exchange_get_path (exchange), error);
  return queen_access_check_right (self->access, method->route.need,
                                   queen_exchange_get_visitor (exchange), owner, error);
}

/* Also of what is not there a page of elsewhere is told nothing. */
static gboolean
check_visitor (QueenRouter *self, QueenExchange *exchange, const Method *method)
{
  const QueenVisitor *visitor = queen_exchange_get_visitor (exchange);
  QueenAccessNeed need = method ? method->route.need : QUEEN_ACCESS_READ;
  g_autoptr (GError) error = NULL;
  guint owner = 0;

  if (!queen_access_check_page (self->access, need, visitor, &error))
    refuse_page (self, exchange, error);
  else if (!check_way (exchange, &error))
    queen_exchange_answer_error (exchange, error);
  else if (method && !check_right (self, exchange, method, &owner, &error))
    queen_exchange_answer_error (exchange, error);
  else
    queen_exchange_set_owner (exchange, owner, need);
  return !error;
}

/* @resource is NULL for the queen as a whole: RFC 9110 § 9.3.7. */
static void
answer_options (QueenExchange *exchange, const Resource *resource)
{
  queen_exchange_add_header (exchange, "Allow", resource ? resource->allow->str : ALL_METHODS);
  queen_exchange_answer (exchange, SOUP_STATUS_NO_CONTENT, NULL, NULL);
}

static void
answer_without_method (QueenExchange *exchange, const Resource *resource)
{
  g_autoptr (GError) error =
      g_error_new (QUEEN_ERROR, QUEEN_ERROR_METHOD_NOT_ALLOWED, "%s cannot be used on %s; try %s",
                   queen_exchange_get_method (exchange), queen_exchange_get_path (exchange),
                   resource->allow->str);

  queen_exchange_add_header (exchange, "Allow", resource->allow->str);
  queen_exchange_answer_error (exchange, error);
}

static void
answer_not_found (QueenExchange *exchange)
{
  g_autoptr (GError) error =
      g_error_new (QUEEN_ERROR, QUEEN_ERROR_NOT_FOUND, "there is nothing at %s",
                   queen_exchange_get_path (exchange));

  queen_exchange_answer_error (exchange, error);
}

/* OPTIONS / is how HAProxy asks whether somebody is there, whether or not there is a page. */
static gboolean
is_question_for_options (QueenExchange *exchange, const Resource *resource)
{
  const char *path = queen_exchange_get_path (exchange);

  return g_str_equal (queen_exchange_get_method (exchange), "OPTIONS") &&
         (resource || g_str_equal (path, "/") || g_str_equal (path, "*"));
}

void
queen_router_route (QueenRouter *self, QueenExchange *exchange)
{
  const Resource *resource = find_resource (self, queen_exchange_get_path (exchange));
  const Method *method =
      resource ? find_method (resource, queen_exchange_get_method (exchange)) : NULL;

  if (resource && resource->speaks_openai)
    queen_exchange_speak_openai (exchange);
  if (is_question_for_options (exchange, resource))
    answer_options (exchange, resource);
  else if (!check_visitor (self, exchange, method))
    return;
  else if (method)
    method->route.func (exchange, method->data);
  else if (resource)
    answer_without_method (exchange, resource);
  else
    answer_not_found (exchange);
}

/* As queen_router_route(), whose other questions are answered: it is neither OPTIONS nor unknown.
 */
void
queen_router_route_direct (QueenRouter *self, QueenExchange *exchange, const QueenRoute *route)
{
  const Method *method = (const Method *) ((const char *) route - G_STRUCT_OFFSET (Method, route));

  if (route->speaks_openai)
    queen_exchange_speak_openai (exchange);
  if (check_visitor (self, exchange, method))
    method->route.func (exchange, method->data);
}

void
queen_router_complete (QueenRouter *self, QueenExchange *exchange)
{
  const QueenVisitor *visitor = queen_exchange_get_visitor (exchange);
  QueenRefusal refusal = queen_exchange_get_refusal (exchange);
  gboolean is_persistent = queen_exchange_is_persistent (exchange);
  gboolean is_preflight = g_str_equal (queen_exchange_get_method (exchange), "OPTIONS");

  if (refusal < QUEEN_N_REFUSALS)
    self->tally->refusals[refusal]++;
  queen_histogram_add (&self->tally->answers, queen_exchange_get_age (exchange), 1);
  if (is_persistent)
    queen_exchange_add_header (exchange, "Keep-Alive",
                               "timeout=" G_STRINGIFY (QUEEN_WAIT_NEXT_SECONDS));
  if (queen_exchange_get_reply (exchange)->is_packed)
    queen_exchange_add_header (exchange, "Content-Encoding", "gzip");
  queen_exchange_add_header (exchange, "Connection", is_persistent ? "keep-alive" : "close");
  queen_exchange_add_header (exchange, "X-Content-Type-Options", "nosniff");
  if (!queen_exchange_get_answer_header (exchange, "Cache-Control"))
    queen_exchange_add_header (exchange, "Cache-Control", "no-store");
  queen_cors_allow (exchange, queen_access_judge_page (self->access, visitor),
                    is_preflight ? queen_exchange_get_answer_header (exchange, "Allow") : NULL);
}

/* The object */

static void
queen_router_finalize (GObject *object)
{
  QueenRouter *self = QUEEN_ROUTER (object);

  g_ptr_array_unref (self->patterns);
  g_hash_table_unref (self->resources);
  g_clear_object (&self->access);
  g_slist_free_full (self->direct, g_free);
  g_slist_free_full (self->route_data, (GDestroyNotify) free_route_data);
  queen_deferrals_free (self->deferrals);

  G_OBJECT_CLASS (queen_router_parent_class)->finalize (object);
}

static void
queen_router_class_init (QueenRouterClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = queen_router_finalize;
}

static void
queen_router_init (QueenRouter *self)
{
  self->resources =
      g_hash_table_new_full (queen_string_hash, g_str_equal, NULL, (GDestroyNotify) free_resource);
  self->patterns = g_ptr_array_new ();
  self->deferrals = queen_deferrals_new (&queen_clock_system);
}

QueenRouter *
queen_router_new (QueenAccess *access, QueenTally *tally)
{
  QueenRouter *self = g_object_new (QUEEN_TYPE_ROUTER, NULL);

  self->access = g_object_ref (access);
  self->tally = tally;
  return self;
}

QueenAccess *
queen_router_get_access (QueenRouter *self)
{
  return self->access;
}

QueenDeferrals *
queen_router_get_deferrals (QueenRouter *self)
{
  return self->deferrals;
}

static void
add_route (QueenRouter *self, const QueenRoute *route, gpointer data)
{
  Resource *resource = g_hash_table_lookup (self->resources, route->path);
  Method method = { *route, data };

  if (!resource)
    {
      resource = g_new0 (Resource, 1);
      resource->methods = g_array_new (FALSE, FALSE, sizeof (Method));
      resource->allow = g_string_new ("OPTIONS");
      g_hash_table_insert (self->resources, (char *) route->path, resource);
      if (strchr (route->path, '{'))
        g_ptr_array_add (self->patterns, (char *) route->path);
    }
  resource->speaks_openai |= route->speaks_openai;
  if (route->is_direct)
    self->direct = g_slist_append (self->direct, g_memdup2 (&method, sizeof method));
  g_array_append_val (resource->methods, method);
  g_string_append_printf (resource->allow, ", %s", route->method);
  if (g_str_equal (route->method, "GET"))
    g_string_append (resource->allow, ", HEAD");
}

void
queen_router_add (QueenRouter *self,
                  const QueenRoute *routes,
                  gsize n_routes,
                  gpointer data,
                  GDestroyNotify free_data)
{
  RouteData *route_data = g_new0 (RouteData, 1);

  route_data->data = data;
  route_data->free_data = free_data;
  self->route_data = g_slist_prepend (self->route_data, route_data);
  for (gsize i = 0; i < n_routes; i++)
    add_route (self, &routes[i], data);
}
