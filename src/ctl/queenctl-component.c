/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queenctl-component.h"

#include <string.h>

#include "queenctl-json.h"
#include "text/queen-timestamp.h"

#define MAX_SORTED 512 /* bytes of an id by which it is sorted */

struct _QueenctlComponent
{
  QueenComponentKind kind;
  JsonNode *node; /* an object */
  char *sort_key;
};

static JsonObject *
get_object (const QueenctlComponent *self)
{
  return json_node_get_object (self->node);
}

/* To make one takes GLib a time that grows with the square of the text, and a queen's ids are
 * short. */
static char *
make_sort_key (const char *id)
{
  gsize length = strlen (id);
  const char *end = length > MAX_SORTED ? g_utf8_find_prev_char (id, id + MAX_SORTED) : id + length;

  return g_utf8_collate_key_for_filename (id, end - id);
}

QueenctlComponent *
queenctl_component_new (QueenComponentKind kind, JsonNode *node)
{
  g_autoptr (JsonNode) owned = node;
  QueenctlComponent *self;

  if (!JSON_NODE_HOLDS_OBJECT (node) ||
      *queenctl_json_get_text (json_node_get_object (node), "id") == '\0')
    return NULL;
  self = g_new0 (QueenctlComponent, 1);
  self->kind = kind;
  self->node = g_steal_pointer (&owned);
  self->sort_key = make_sort_key (queenctl_component_get_string (self, "id"));
  return self;
}

void
queenctl_component_free (QueenctlComponent *self)
{
  json_node_unref (self->node);
  g_free (self->sort_key);
  g_free (self);
}

GPtrArray *
queenctl_component_array_new (void)
{
  return g_ptr_array_new_with_free_func ((GDestroyNotify) queenctl_component_free);
}

int
queenctl_component_compare (gconstpointer a, gconstpointer b)
{
  const QueenctlComponent *left = *(QueenctlComponent *const *) a;
  const QueenctlComponent *right = *(QueenctlComponent *const *) b;

  if (left->kind != right->kind)
    return left->kind < right->kind ? -1 : 1;
  return strcmp (left->sort_key, right->sort_key);
}

QueenComponentKind
queenctl_component_get_kind (const QueenctlComponent *self)
{
  return self->kind;
}

JsonNode *
queenctl_component_get_node (const QueenctlComponent *self)
{
  return self->node;
}

const char *
queenctl_component_get_string (const QueenctlComponent *self, const char *member)
{
  return queenctl_json_get_text (get_object (self), member);
}

guint64
queenctl_component_get_number (const QueenctlComponent *self, const char *member)
{
  return queenctl_json_get_number (get_object (self), member);
}

gint64
queenctl_component_get_time (const QueenctlComponent *self, const char *member)
{
  gint64 time;

  return queen_timestamp_parse (queenctl_component_get_string (self, member), &time)
             ? time / QUEEN_NSEC_PER_USEC
             : 0;
}

gboolean
queenctl_component_is (const QueenctlComponent *self, const char *member)
{
  JsonNode *node = json_object_get_member (get_object (self), member);

  return node && json_node_get_value_type (node) == G_TYPE_BOOLEAN && json_node_get_boolean (node);
}

gboolean
queenctl_component_serves (const QueenctlComponent *self, const char *model)
{
  JsonNode *node = json_object_get_member (get_object (self), "models");
  JsonArray *models = node && JSON_NODE_HOLDS_ARRAY (node) ? json_node_get_array (node) : NULL;

  if (g_str_equal (queenctl_component_get_string (self, "model_id"), model))
    return TRUE;
  for (guint i = 0; models && i < json_array_get_length (models); i++)
    if (g_strcmp0 (json_node_get_string (json_array_get_element (models, i)), model) == 0)
      return TRUE;
  return FALSE;
}

static const char *
get_of_health (const QueenctlComponent *self, const char *member)
{
  JsonNode *health = json_object_get_member (get_object (self), "health_status");

  return health && JSON_NODE_HOLDS_OBJECT (health)
             ? queenctl_json_get_text (json_node_get_object (health), member)
             : "";
}

const char *
queenctl_component_get_health (const QueenctlComponent *self)
{
  return get_of_health (self, "status");
}

const char *
queenctl_component_get_health_reason (const QueenctlComponent *self)
{
  return get_of_health (self, "reason");
}

gboolean
queenctl_component_is_ill (const QueenctlComponent *self)
{
  const char *health = queenctl_component_get_health (self);

  return *health != '\0' && !g_str_equal (health, "healthy");
}

gboolean
queenctl_component_is_held (const QueenctlComponent *self)
{
  JsonNode *holds = json_object_get_member (get_object (self), "holds");

  return holds && JSON_NODE_HOLDS_ARRAY (holds) &&
         json_array_get_length (json_node_get_array (holds)) > 0;
}

gboolean
queenctl_component_is_in_state (const QueenctlComponent *self, const char *state)
{
  if (g_ascii_strcasecmp (state, "online") == 0)
    return queenctl_component_is (self, "online");
  if (g_ascii_strcasecmp (state, "offline") == 0)
    return !queenctl_component_is (self, "online");
  if (g_ascii_strcasecmp (state, "available") == 0)
    return queenctl_component_is (self, "available");
  if (g_ascii_strcasecmp (state, "held") == 0)
    return queenctl_component_is_held (self);
  return g_ascii_strcasecmp (state, queenctl_component_get_string (self, "status")) == 0;
}

char *
queenctl_component_dup_address (const QueenctlComponent *self, const QueenctlComponent *hive)
{
  const char *host = queenctl_component_get_string (self, "hostname");
  guint64 port = queenctl_component_get_number (self, "port");

  if (*host == '\0' && hive)
    host = queenctl_component_get_string (hive, "hostname");
  if (port == 0)
    return g_strdup (host);
  if (*host == '\0')
    host = "?";
  return g_strdup_printf (strchr (host, ':') ? "[%s]:%u" : "%s:%u", host, (guint) port);
}
