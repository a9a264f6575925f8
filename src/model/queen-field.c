/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-field.h"

#include <string.h>

#include "queen-component-fields.h"
#include "queen-error.h"
#include "queen-heartbeat.h"
#include "text/queen-json-writer.h"
#include "text/queen-legible.h"
#include "text/queen-text.h"

/* Returns: (nullable): the text; otherwise an error */
static const char *
read_string (const QueenJsonValue *said, GError **error)
{
  if (said->type == QUEEN_JSON_STRING)
    return said->string;
  queen_error_refuse (error, QUEEN_ERROR_UNPROCESSABLE, "must be a string");
  return NULL;
}

/* Texts. An empty one says nothing, as none does: on D-Bus both are the same. */

static const char *
text_get_text (gconstpointer value)
{
  return *(const char *const *) value;
}

static gboolean
text_is_said (gconstpointer value)
{
  return text_get_text (value) != NULL;
}

static gboolean
text_equals (gconstpointer a, gconstpointer b)
{
  return g_strcmp0 (text_get_text (a), text_get_text (b)) == 0;
}

static void
text_clear (gpointer value)
{
  g_free (*(char **) value);
}

static void
text_copy (gpointer value)
{
  *(char **) value = g_strdup (text_get_text (value));
}

static gsize
text_get_size (gconstpointer value)
{
  return queen_text_measure (text_get_text (value));
}

static gboolean
text_check (const QueenField *field, const char *text, gsize length, GError **error)
{
  if (length > field->most)
    return queen_error_refuse (error, QUEEN_ERROR_UNPROCESSABLE,
                               "must be at most %" G_GSIZE_FORMAT " bytes", field->most);
  return queen_legible_check (text) ||
         queen_error_refuse (error, QUEEN_ERROR_UNPROCESSABLE,
                             "must be without control or invisible characters");
}

/* Within the limits of a heartbeat, also when a queen of another version has written it. */
static const char *
text_restore (const QueenField *field, const QueenJsonValue *said, gpointer value)
{
  if (said->type != QUEEN_JSON_STRING)
    return "has the wrong type";
  *(char **) value = queen_legible_dup (said->string, field->most);
  return NULL;
}

/* Nothing is said twice by a queen; whoever does is not believed. */
static void
text_take_variant (gpointer value, GVariant *variant)
{
  const char *text = g_variant_get_string (variant, NULL);

  if (*text != '\0' && !text_is_said (value))
    *(char **) value = g_strdup (text);
}

#define TEXT_BUT_FOR_READING                                                                       \
  .signature = "s", .get_text = text_get_text, .is_said = text_is_said, .equals = text_equals,     \
  .clear = text_clear, .copy = text_copy, .get_size = text_get_size,                               \
  .take_variant = text_take_variant

const QueenFieldType queen_field_text = {
  TEXT_BUT_FOR_READING,
  .check = text_check,
  .restore = text_restore,
};

/* Addresses of an API: what a browser or a job may be sent to, and no more than that. */

static gboolean
is_url (const char *text)
{
  g_autoptr (GUri) uri = g_uri_parse (text, G_URI_FLAGS_NONE, NULL);
  const char *host = uri ? g_uri_get_host (uri) : NULL;
  const char *scheme = uri ? g_uri_get_scheme (uri) : "";

  return host && *host != '\0' && (g_str_equal (scheme, "http") || g_str_equal (scheme, "https")) &&
         !g_uri_get_userinfo (uri) && !g_uri_get_query (uri) && !g_uri_get_fragment (uri);
}

static gboolean
url_check (const QueenField *field, const char *text, gsize length, GError **error)
{
  if (length > 0 && !is_url (text))
    return queen_error_refuse (
        error, QUEEN_ERROR_UNPROCESSABLE,
        "must be an address with http or https, without user, query and fragment");
  return text_check (field, text, length, error);
}

const QueenFieldType queen_field_url = {
  TEXT_BUT_FOR_READING,
  .check = url_check,
};

/* Ids of components */

static gboolean
id_check (const QueenField *field, const char *id, gsize length, GError **error)
{
  if (!queen_heartbeat_check_id (id))
    return queen_error_refuse (error, QUEEN_ERROR_UNPROCESSABLE,
                               "must be 1 to %d bytes without control or invisible characters",
                               QUEEN_HEARTBEAT_MAX_ID);
  /* RFC 3986 § 3.3: in a path these go somewhere else, so over HTTP it could neither be held nor
   * forgotten. */
  return (!g_str_equal (id, ".") && !g_str_equal (id, "..")) ||
         queen_error_refuse (error, QUEEN_ERROR_UNPROCESSABLE,
                             "must not be . or .., which are no names in a path");
}

static const char *
id_restore (const QueenField *field, const QueenJsonValue *said, gpointer value)
{
  if (said->type != QUEEN_JSON_STRING)
    return "has the wrong type";
  if (!queen_heartbeat_check_id (said->string))
    return "is no id";
  *(char **) value = g_strdup (said->string);
  return NULL;
}

const QueenFieldType queen_field_id = {
  TEXT_BUT_FOR_READING,
  .check = id_check,
  .restore = id_restore,
};

/* Reasons: whoever is sick must be heard. */

static gboolean
reason_read (const QueenField *field, const QueenJsonValue *said, gpointer value, GError **error)
{
  const char *text = read_string (said, error);

  if (!text)
    return FALSE;
  *(char **) value = *text != '\0' ? queen_legible_dup (text, field->most) : NULL;
  return TRUE;
}

const QueenFieldType queen_field_reason = {
  TEXT_BUT_FOR_READING,
  .read = reason_read,
  .restore = text_restore,
};

/* Healths */

static const char *
health_get_text (gconstpointer value)
{
  return queen_health_get_name (*(const QueenHealth *) value);
}

static gboolean
health_is_said (gconstpointer value)
{
  return *(const QueenHealth *) value != QUEEN_HEALTH_HEALTHY;
}

static gboolean
health_equals (gconstpointer a, gconstpointer b)
{
  return *(const QueenHealth *) a == *(const QueenHealth *) b;
}

static gboolean
health_read (const QueenField *field, const QueenJsonValue *said, gpointer value, GError **error)
{
  const char *text = read_string (said, error);

  if (!text)
    return FALSE;
  return queen_health_parse (text, value) ||
         queen_error_refuse (error, QUEEN_ERROR_UNPROCESSABLE,
                             "is none of healthy, degraded, unhealthy");
}

static const char *
health_restore (const QueenField *field, const QueenJsonValue *said, gpointer value)
{
  if (said->type != QUEEN_JSON_STRING)
    return "has the wrong type";
  return queen_health_parse (said->string, value) ? NULL : "is none";
}

static void
health_take_variant (gpointer value, GVariant *variant)
{
  queen_health_parse (g_variant_get_string (variant, NULL), value);
}

const QueenFieldType queen_field_health = {
  .signature = "s",
  .get_text = health_get_text,
  .is_said = health_is_said,
  .equals = health_equals,
  .read = health_read,
  .restore = health_restore,
  .take_variant = health_take_variant,
};

/* What a server speaks */

static const char *const api_names[] = {
  [QUEEN_API_UNSAID] = NULL,
  [QUEEN_API_OPENAI] = "openai",
  [QUEEN_API_OLLAMA] = "ollama",
  [QUEEN_API_RBEE] = "rbee",
};

static const char *
api_get_text (gconstpointer value)
{
  return api_names[*(const QueenApi *) value];
}

static gboolean
api_is_said (gconstpointer value)
{
  return *(const QueenApi *) value != QUEEN_API_UNSAID;
}

static gboolean
api_equals (gconstpointer a, gconstpointer b)
{
  return *(const QueenApi *) a == *(const QueenApi *) b;
}

static gboolean
parse_api (const char *text, QueenApi *api)
{
  for (int i = QUEEN_API_UNSAID + 1; i < (int) G_N_ELEMENTS (api_names); i++)
    if (g_str_equal (text, api_names[i]))
      {
        *api = (QueenApi) i;
        return TRUE;
      }
  return FALSE;
}

static gboolean
api_read (const QueenField *field, const QueenJsonValue *said, gpointer value, GError **error)
{
  const char *text = read_string (said, error);

  if (!text)
    return FALSE;
  return parse_api (text, value) ||
         queen_error_refuse (error, QUEEN_ERROR_UNPROCESSABLE, "is none of openai, ollama, rbee");
}

static void
api_take_variant (gpointer value, GVariant *variant)
{
  parse_api (g_variant_get_string (variant, NULL), value);
}

const QueenFieldType queen_field_api = {
  .signature = "s",
  .get_text = api_get_text,
  .is_said = api_is_said,
  .equals = api_equals,
  .read = api_read,
  .take_variant = api_take_variant,
};

/* Any of them */

gboolean
queen_field_is_said (const QueenField *field, const QueenComponent *component)
{
  return !field->type->is_said || field->type->is_said (queen_field_get_value (field, component));
}

void
queen_field_append_json (const QueenField *field, const QueenComponent *component, GString *json)
{
  gconstpointer value = queen_field_get_value (field, component);

  if (field->type->get_text)
    queen_json_append_string (json, field->type->get_text (value));
  else
    field->type->append (value, json);
}

GVariant *
queen_field_get_variant (const QueenField *field, const QueenComponent *component)
{
  gconstpointer value = queen_field_get_value (field, component);
  const char *text;

  if (!field->type->get_text)
    return field->type->get_variant (value);
  text = field->type->get_text (value);
  return g_variant_new_string (text ? text : "");
}

/* What its kind does not say has a place in it all the same, but nobody who would free it. */
static gboolean
may_have (const QueenComponent *component, const QueenField *field)
{
  return queen_field_is_said_by (field, component->kind) || queen_field_is_of_queen (field);
}

void
queen_field_take_variant (const QueenField *field, QueenComponent *component, GVariant *variant)
{
  if (field->type->take_variant && may_have (component, field) &&
      g_variant_is_of_type (variant, G_VARIANT_TYPE (field->type->signature)))
    field->type->take_variant (queen_field_make_value (field, component), variant);
}

gpointer
queen_field_make_value (const QueenField *field, QueenComponent *component)
{
  if (field->is_vital && !component->vitals)
    component->vitals = g_memdup2 (&queen_vitals_unsaid, sizeof queen_vitals_unsaid);
  return queen_field_get_value (field, component);
}

gboolean
queen_field_read (const QueenField *field,
                  const QueenFieldType *type,
                  const QueenJsonValue *said,
                  gpointer value,
                  QueenComponent *keeper,
                  GError **error)
{
  const char *text;
  gsize length;

  if (!type->check)
    return type->read (field, said, value, error);
  text = read_string (said, error);
  length = text ? strlen (text) : 0;
  if (!text || !type->check (field, text, length, error))
    return FALSE;
  *(char **) value = length > 0 ? queen_component_keep_text (keeper, text, length) : NULL;
  return TRUE;
}

gboolean
queen_field_restore (const QueenField *field,
                     const QueenJsonValue *said,
                     QueenComponent *component,
                     GError **error)
{
  gpointer value = queen_field_make_value (field, component);
  const char *problem;

  if (!field->type->restore)
    return queen_field_read (field, field->type, said, value, NULL, error);
  problem = field->type->restore (field, said, value);
  return !problem || queen_error_refuse (error, QUEEN_ERROR_UNPROCESSABLE, "%s", problem);
}
