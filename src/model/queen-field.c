/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-field.h"

#include <math.h>
#include <string.h>

#include "queen-error.h"
#include "queen-heartbeat.h"
#include "text/queen-json-writer.h"
#include "text/queen-legible.h"

static gboolean G_GNUC_PRINTF (2, 3) refuse_value (GError **error, const char *problem, ...)
{
  g_autofree char *text = NULL;
  va_list args;

  va_start (args, problem);
  text = g_strdup_vprintf (problem, args);
  va_end (args);
  g_set_error_literal (error, QUEEN_ERROR, QUEEN_ERROR_UNPROCESSABLE, text);
  return FALSE;
}

/* Returns: (nullable): the text; otherwise an error */
static const char *
read_string (const QueenJsonValue *said, GError **error)
{
  if (said->type == QUEEN_JSON_STRING)
    return said->string;
  refuse_value (error, "must be a string");
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
  const char *text = text_get_text (value);

  return text ? strlen (text) + 1 : 0;
}

static gboolean
text_read (const QueenField *field, const QueenJsonValue *said, gpointer value, GError **error)
{
  const char *text = read_string (said, error);

  if (!text)
    return FALSE;
  if (strlen (text) > field->most)
    return refuse_value (error, "must be at most %" G_GSIZE_FORMAT " bytes", field->most);
  if (!queen_legible_check (text))
    return refuse_value (error, "must be without control or invisible characters");
  *(char **) value = *text != '\0' ? g_strdup (text) : NULL;
  return TRUE;
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
  .read = text_read,
  .restore = text_restore,
};

/* Ids of components */

static gboolean
id_read (const QueenField *field, const QueenJsonValue *said, gpointer value, GError **error)
{
  const char *id = read_string (said, error);

  if (!id)
    return FALSE;
  if (!queen_heartbeat_check_id (id))
    return refuse_value (error, "must be 1 to %d bytes without control or invisible characters",
                         QUEEN_HEARTBEAT_MAX_ID);
  *(char **) value = g_strdup (id);
  return TRUE;
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
  .read = id_read,
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

/* Ports */

static guint16
get_port (gconstpointer value)
{
  return *(const guint16 *) value;
}

static gboolean
port_is_said (gconstpointer value)
{
  return get_port (value) != 0;
}

static gboolean
port_equals (gconstpointer a, gconstpointer b)
{
  return get_port (a) == get_port (b);
}

static gboolean
port_read (const QueenField *field, const QueenJsonValue *said, gpointer value, GError **error)
{
  double number;

  if (said->type != QUEEN_JSON_INTEGER && said->type != QUEEN_JSON_DOUBLE)
    return refuse_value (error, "must be a whole number");
  /* Which may be written 9301.0, as JavaScript has it. */
  number = said->type == QUEEN_JSON_INTEGER ? (double) said->integer : said->number;
  if (number != floor (number))
    return refuse_value (error, "must be a whole number");
  if (number < 0 || number > G_MAXUINT16)
    return refuse_value (error, "must be from 0 to %d", G_MAXUINT16);
  *(guint16 *) value = (guint16) number;
  return TRUE;
}

static const char *
port_restore (const QueenField *field, const QueenJsonValue *said, gpointer value)
{
  if (said->type != QUEEN_JSON_INTEGER)
    return "has the wrong type";
  if (said->integer < 1 || said->integer > G_MAXUINT16)
    return "is out of range";
  *(guint16 *) value = (guint16) said->integer;
  return NULL;
}

static void
port_append (gconstpointer value, GString *json)
{
  queen_json_append_number (json, get_port (value));
}

static GVariant *
port_get_variant (gconstpointer value)
{
  return g_variant_new_uint16 (get_port (value));
}

static void
port_take_variant (gpointer value, GVariant *variant)
{
  *(guint16 *) value = g_variant_get_uint16 (variant);
}

const QueenFieldType queen_field_port = {
  .signature = "q",
  .is_said = port_is_said,
  .equals = port_equals,
  .read = port_read,
  .restore = port_restore,
  .append = port_append,
  .get_variant = port_get_variant,
  .take_variant = port_take_variant,
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
         refuse_value (error, "is none of healthy, degraded, unhealthy");
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

void
queen_field_take_variant (const QueenField *field, QueenComponent *component, GVariant *variant)
{
  if (field->type->take_variant &&
      g_variant_is_of_type (variant, G_VARIANT_TYPE (field->type->signature)))
    field->type->take_variant (queen_field_get_value (field, component), variant);
}
