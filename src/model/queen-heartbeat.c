/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-heartbeat.h"

#include <math.h>
#include <string.h>

#include "queen-error.h"
#include "text/queen-json.h"
#include "text/queen-legible.h"
#include "text/queen-timestamp.h"

/* Where the members of one kind stand. */
typedef struct
{
  const char *nest;        /* the object of the nested form */
  const char *short_id;    /* the id in the short form */
  const char *nest_status; /* the status in the nested form */
} Shape;

static const Shape shapes[QUEEN_COMPONENT_N_KINDS] = {
  [QUEEN_COMPONENT_WORKER] = { "worker", "worker_id", "status" },
  [QUEEN_COMPONENT_HIVE] = { "hive", "hive_id", "operational_status" },
};

/* All that is read of a heartbeat. */
static const char *const members[] = {
  "worker",    "hive",           "timestamp",     "id",
  "worker_id", "hive_id",        "status",        "operational_status",
  "model_id",  "device",         "port",          "version",
  "hostname",  "implementation", "health_status", "reason",
  NULL,
};

/* An object being read, and how to call it in an error. */
typedef struct
{
  JsonObject *object;
  const char *path; /* "" or "worker." */
} Source;

static gboolean G_GNUC_PRINTF (4, 5)
    fail (GError **error, const Source *source, const char *member, const char *problem, ...)
{
  g_autofree char *text = NULL;
  va_list args;

  va_start (args, problem);
  text = g_strdup_vprintf (problem, args);
  va_end (args);
  g_set_error (error, QUEEN_ERROR, QUEEN_ERROR_UNPROCESSABLE, "%s%s: %s", source->path, member,
               text);
  return FALSE;
}

/* @value becomes NULL when the member is absent or null. */
static gboolean
read_string (const Source *source, const char *member, const char **value, GError **error)
{
  JsonNode *node = json_object_get_member (source->object, member);

  *value = NULL;
  if (!node || JSON_NODE_HOLDS_NULL (node))
    return TRUE;
  if (!JSON_NODE_HOLDS_VALUE (node) || json_node_get_value_type (node) != G_TYPE_STRING)
    return fail (error, source, member, "must be a string");
  *value = json_node_get_string (node);
  return TRUE;
}

/* An empty text says nothing, as none does: on D-Bus both are the same. */
static gboolean
is_said (const char *text)
{
  return text && *text != '\0';
}

static gboolean
read_text_of_size (
    const Source *source, const char *member, gsize size, char **value, GError **error)
{
  const char *text;

  if (!read_string (source, member, &text, error))
    return FALSE;
  if (text && strlen (text) > size)
    return fail (error, source, member, "must be at most %u bytes", (guint) size);
  if (text && !queen_legible_check (text))
    return fail (error, source, member, "must be without control or invisible characters");
  *value = is_said (text) ? g_strdup (text) : NULL;
  return TRUE;
}

static gboolean
read_text (const Source *source, const char *member, char **value, GError **error)
{
  return read_text_of_size (source, member, QUEEN_HEARTBEAT_MAX_TEXT, value, error);
}

static gboolean
read_reason (const Source *source, char **value, GError **error)
{
  const char *text;

  if (!read_string (source, "reason", &text, error))
    return FALSE;
  *value = is_said (text) ? queen_legible_dup (text, QUEEN_HEARTBEAT_MAX_REASON) : NULL;
  return TRUE;
}

static gboolean
read_id (const Source *source, const char *member, gboolean required, char **id, GError **error)
{
  const char *text;

  if (!read_string (source, member, &text, error))
    return FALSE;
  if (!text)
    return !required || fail (error, source, member, "is missing");
  if (!queen_heartbeat_check_id (text))
    return fail (error, source, member,
                 "must be 1 to %d bytes without control or invisible characters",
                 QUEEN_HEARTBEAT_MAX_ID);
  *id = g_strdup (text);
  return TRUE;
}

static gboolean
read_status (const Source *source, const char *member, QueenStatus *status, GError **error)
{
  const char *text;

  if (!read_string (source, member, &text, error))
    return FALSE;
  if (!text)
    return fail (error, source, member, "is missing");
  if (!queen_status_parse (text, status))
    return fail (error, source, member, "is none of %s", queen_status_get_choices ());
  return TRUE;
}

static gboolean
read_port (const Source *source, guint16 *port, GError **error)
{
  JsonNode *node = json_object_get_member (source->object, "port");
  double number;

  if (!node || JSON_NODE_HOLDS_NULL (node))
    return TRUE;
  if (!JSON_NODE_HOLDS_VALUE (node) || (json_node_get_value_type (node) != G_TYPE_INT64 &&
                                        json_node_get_value_type (node) != G_TYPE_DOUBLE))
    return fail (error, source, "port", "must be a whole number");
  number = json_node_get_double (node); /* which may be written 9301.0, as JavaScript has it */
  if (number != floor (number))
    return fail (error, source, "port", "must be a whole number");
  if (number < 0 || number > G_MAXUINT16)
    return fail (error, source, "port", "must be from 0 to 65535");
  *port = (guint16) number;
  return TRUE;
}

static gboolean
read_health (const Source *source, QueenComponent *component, GError **error)
{
  JsonNode *node = json_object_get_member (source->object, "health_status");
  g_autofree char *path = g_strconcat (source->path, "health_status.", NULL);
  Source health = { .path = path };
  const char *text;

  if (!node || JSON_NODE_HOLDS_NULL (node))
    return TRUE;
  if (!JSON_NODE_HOLDS_OBJECT (node))
    return fail (error, source, "health_status", "must be an object");

  health.object = json_node_get_object (node);
  if (!read_string (&health, "status", &text, error) ||
      !read_reason (&health, &component->health_reason, error))
    return FALSE;
  if (!text)
    return fail (error, &health, "status", "is missing");
  if (!queen_health_parse (text, &component->health))
    return fail (error, &health, "status", "is none of healthy, degraded, unhealthy");
  return TRUE;
}

static gboolean
read_timestamp (const Source *source, QueenComponent *component, GError **error)
{
  const char *text;

  if (!read_string (source, "timestamp", &text, error))
    return FALSE;
  component->has_said_at = text != NULL;
  if (text && !queen_timestamp_parse_usec (text, &component->said_at))
    return fail (error, source, "timestamp", "is no date and time as in RFC 3339, 0001 to 9999");
  return TRUE;
}

static gboolean
read_details (const Source *source, QueenComponent *component, GError **error)
{
  if (!read_port (source, &component->port, error) ||
      !read_text (source, "version", &component->version, error) ||
      !read_text (source, "hostname", &component->hostname, error))
    return FALSE;
  if (component->kind == QUEEN_COMPONENT_HIVE)
    return read_health (source, component, error);
  return read_text_of_size (source, "model_id", QUEEN_HEARTBEAT_MAX_MODEL_ID, &component->model_id,
                            error) &&
         read_text (source, "device", &component->device, error) &&
         read_text (source, "implementation", &component->implementation, error) &&
         read_id (source, "hive_id", FALSE, &component->hive_id, error);
}

static gboolean
read_component (JsonNode *root, QueenComponent *component, GError **error)
{
  const Shape *shape = &shapes[component->kind];
  const char *id_member = shape->short_id;
  const char *status_member = "status";
  Source top = { .path = "" };
  Source source = top;
  g_autofree char *path = NULL;
  JsonNode *nest;

  if (!JSON_NODE_HOLDS_OBJECT (root))
    return fail (error, &top, "body", "must be an object");
  source.object = top.object = json_node_get_object (root);
  nest = json_object_get_member (top.object, shape->nest);
  if (nest)
    {
      if (!JSON_NODE_HOLDS_OBJECT (nest))
        return fail (error, &top, shape->nest, "must be an object");
      source.object = json_node_get_object (nest);
      source.path = path = g_strconcat (shape->nest, ".", NULL);
      id_member = "id";
      /* Who writes by hand may call it the same for both. */
      if (json_object_has_member (source.object, shape->nest_status) ||
          !json_object_has_member (source.object, "status"))
        status_member = shape->nest_status;
    }
  else if (!json_object_has_member (top.object, shape->short_id))
    return fail (error, &top, shape->nest, "is missing (or %s and status, in the short form)",
                 shape->short_id);

  return read_id (&source, id_member, TRUE, &component->id, error) &&
         read_status (&source, status_member, &component->status, error) &&
         read_details (&source, component, error) && read_timestamp (&top, component, error);
}

QueenComponent *
queen_heartbeat_parse (QueenComponentKind kind, const char *body, gsize length, GError **error)
{
  g_autoptr (QueenComponent) component = queen_component_new (kind);
  g_autoptr (JsonNode) root = queen_json_parse (body, length, members, error);

  if (!root || !read_component (root, component, error))
    return NULL;
  return g_steal_pointer (&component);
}

gboolean
queen_heartbeat_check_id (const char *id)
{
  gsize length = strlen (id);

  return length > 0 && length <= QUEEN_HEARTBEAT_MAX_ID &&
         g_utf8_validate (id, (gssize) length, NULL) && queen_legible_check (id);
}
