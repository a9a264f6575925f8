/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-heartbeat.h"

#include <string.h>

#include "queen-component-fields.h"
#include "queen-error.h"
#include "text/queen-json.h"
#include "text/queen-legible.h"
#include "text/queen-timestamp.h"

/* Where the members of one kind stand. */
typedef struct
{
  const char *nest;        /* the object of the nested form */
  const char *nest_path;   /* the same, as a Source has it */
  const char *short_id;    /* the id in the short form */
  const char *nest_status; /* the status in the nested form */
} Shape;

static const Shape shapes[QUEEN_COMPONENT_N_KINDS] = {
  [QUEEN_COMPONENT_WORKER] = { "worker", "worker.", "worker_id", "status" },
  [QUEEN_COMPONENT_HIVE] = { "hive", "hive.", "hive_id", "operational_status" },
};

/* An object being read, and how to call it in an error. */
typedef struct
{
  const QueenJsonValue *object;
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

static gboolean
is_unsaid (const QueenJsonValue *said)
{
  return !said || said->type == QUEEN_JSON_NULL;
}

/* @value becomes NULL when the member is absent or null. */
static gboolean
read_string (const Source *source, const char *member, const char **value, GError **error)
{
  const QueenJsonValue *said = queen_json_get_member (source->object, member);

  *value = NULL;
  if (is_unsaid (said))
    return TRUE;
  if (said->type != QUEEN_JSON_STRING)
    return fail (error, source, member, "must be a string");
  *value = said->string;
  return TRUE;
}

static gboolean
read_id (const Source *source, const char *member, QueenComponent *component, GError **error)
{
  const QueenJsonValue *said = queen_json_get_member (source->object, member);

  if (is_unsaid (said))
    return fail (error, source, member, "is missing");
  if (queen_field_read (NULL, &queen_field_id, said, &component->id, component, error))
    return TRUE;
  g_prefix_error (error, "%s%s: ", source->path, member);
  return FALSE;
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

/* @path: how to call the object that it is a member of, with a dot */
static gboolean
read_value (const QueenField *field,
            const QueenJsonValue *said,
            const char *path,
            QueenComponent *component,
            GError **error)
{
  if (is_unsaid (said) ||
      queen_field_read (field, field->type, said, queen_field_make_value (field, component),
                        component, error))
    return TRUE;
  g_prefix_error (error, "%s%s: ", path, field->nest ? field->member : field->name);
  return FALSE;
}

/* @field: the first of those in that nest, which stand together */
static gboolean
read_nested (const QueenField *const *field,
             const QueenJsonValue *nest,
             const Source *source,
             QueenComponent *component,
             GError **error)
{
  const char *name = (*field)->nest;
  g_autofree char *path = NULL;
  Source inner = { nest };

  if (is_unsaid (nest))
    return TRUE;
  if (nest->type != QUEEN_JSON_OBJECT)
    return fail (error, source, name, "must be an object");
  inner.path = path = g_strconcat (source->path, name, ".", NULL);
  for (; *field && g_strcmp0 ((*field)->nest, name) == 0; field++)
    {
      const QueenJsonValue *said = queen_json_get_member (nest, (*field)->member);

      if (is_unsaid (said) && (*field)->is_required)
        return fail (error, &inner, (*field)->member, "is missing");
      if (!read_value (*field, said, path, component, error))
        return FALSE;
    }
  return TRUE;
}

/* Few of all members are said, so it is asked of what is said what it is. */
static gboolean
read_fields (const Source *source, QueenComponent *component, GError **error)
{
  const QueenFieldIndex *index = queen_component_fields_get_index (component->kind);

  for (const QueenJsonValue *said = queen_json_get_first (source->object);
       said < queen_json_get_end (source->object); said = queen_json_get_end (said))
    {
      const QueenField *const *field = queen_field_index_find (index, said->name);

      if (field && !((*field)->nest ? read_nested (field, said, source, component, error)
                                    : read_value (*field, said, source->path, component, error)))
        return FALSE;
    }
  return TRUE;
}

static gboolean
read_component (const QueenJsonValue *root, QueenComponent *component, GError **error)
{
  const Shape *shape = &shapes[component->kind];
  const char *id_member = shape->short_id;
  const char *status_member = "status";
  Source top = { .path = "" };
  Source source = top;
  const QueenJsonValue *nest;

  if (root->type != QUEEN_JSON_OBJECT)
    return fail (error, &top, "body", "must be an object");
  source.object = top.object = root;
  nest = queen_json_get_member (top.object, shape->nest);
  if (!is_unsaid (nest))
    {
      if (nest->type != QUEEN_JSON_OBJECT)
        return fail (error, &top, shape->nest, "must be an object");
      source.object = nest;
      source.path = shape->nest_path;
      id_member = "id";
      /* Who writes by hand may call it the same for both. */
      if (queen_json_get_member (nest, shape->nest_status) ||
          !queen_json_get_member (nest, "status"))
        status_member = shape->nest_status;
    }
  else if (!queen_json_get_member (root, shape->short_id))
    return fail (error, &top, shape->nest, "is missing (or %s and status, in the short form)",
                 shape->short_id);

  return read_id (&source, id_member, component, error) &&
         read_status (&source, status_member, &component->status, error) &&
         read_fields (&source, component, error) && read_timestamp (&top, component, error);
}

static void
add_in_array (GStrvBuilder *names, const char *name)
{
  g_autofree char *whole = g_strconcat (QUEEN_JSON_IN_ARRAY, name, NULL);

  g_strv_builder_add (names, whole);
}

/* All that is read of a heartbeat. */
static const QueenJsonIndex *
get_wanted (void)
{
  static QueenJsonIndex index;
  static gsize is_there;

  if (g_once_init_enter (&is_there))
    {
      GStrvBuilder *names = g_strv_builder_new ();

      g_strv_builder_add_many (names, "timestamp", "id", "status", NULL);
      for (int kind = 0; kind < QUEEN_COMPONENT_N_KINDS; kind++)
        g_strv_builder_add_many (names, shapes[kind].nest, shapes[kind].short_id,
                                 shapes[kind].nest_status, NULL);
      for (const QueenField *field = queen_component_fields; field->name; field++)
        if (field->nest)
          g_strv_builder_add_many (names, field->nest, field->member, NULL);
        else if (field->type->check || field->type->read)
          g_strv_builder_add (names, field->name);
      for (const QueenField *field = queen_field_gpu_fields; field->name; field++)
        add_in_array (names, field->name);
      queen_json_index_init (&index, g_strv_builder_end (names));
      g_strv_builder_unref (names);
      g_once_init_leave (&is_there, TRUE);
    }
  return &index;
}

static QueenJson *
read_json (const char *body, gsize length, GError **error)
{
  const QueenJsonIndex *index = get_wanted ();

  return queen_json_new_indexed (body, length, index->names, index, error);
}

static QueenComponent *
read_heartbeat (QueenComponentKind kind, const QueenJson *json, GError **error)
{
  g_autoptr (QueenComponent) component =
      queen_component_new_with_room (kind, queen_json_get_n_text (json));

  return read_component (queen_json_get_root (json), component, error)
             ? g_steal_pointer (&component)
             : NULL;
}

QueenComponent *
queen_heartbeat_parse (QueenComponentKind kind, const char *body, gsize length, GError **error)
{
  g_autoptr (QueenJson) json = read_json (body, length, error);

  return json ? read_heartbeat (kind, json, error) : NULL;
}

/* A worker may say of which hive it is, so that kind goes before. */
static gboolean
find_kind (const QueenJsonValue *root, QueenComponentKind *kind, GError **error)
{
  const Source top = { root, "" };

  if (root->type != QUEEN_JSON_OBJECT)
    return fail (error, &top, "heartbeat", "must be an object");
  for (int i = 0; i < QUEEN_COMPONENT_N_KINDS; i++)
    if (!is_unsaid (queen_json_get_member (root, shapes[i].nest)) ||
        !is_unsaid (queen_json_get_member (root, shapes[i].short_id)))
      {
        *kind = (QueenComponentKind) i;
        return TRUE;
      }
  return fail (error, &top, "worker or hive", "is missing");
}

QueenComponent *
queen_heartbeat_parse_any (const char *body, gsize length, GError **error)
{
  g_autoptr (QueenJson) json = read_json (body, length, error);
  QueenComponentKind kind = QUEEN_COMPONENT_WORKER;

  if (!json || !find_kind (queen_json_get_root (json), &kind, error))
    return NULL;
  return read_heartbeat (kind, json, error);
}

gboolean
queen_heartbeat_check_id (const char *id)
{
  gsize length = strlen (id);

  return length > 0 && length <= QUEEN_HEARTBEAT_MAX_ID &&
         g_utf8_validate (id, (gssize) length, NULL) && queen_legible_check (id);
}
