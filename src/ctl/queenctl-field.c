/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queenctl-field.h"

#include <glib/gi18n.h>
#include <math.h>

#include "model/queen-component-fields.h"
#include "queenctl-error.h"
#include "queenctl-gpu.h"
#include "queenctl-hold.h"
#include "queenctl-json.h"
#include "queenctl-text.h"
#include "queenctl-word.h"
#include "text/queen-timestamp.h"

/* For people, from what JSON has; only for what is said. */

static char *
describe_text (JsonNode *node)
{
  return json_node_dup_string (node);
}

static char *
describe_word (JsonNode *node)
{
  return queenctl_text_dup_status (json_node_get_string (node));
}

static char *
describe_flag (JsonNode *node)
{
  return g_strdup (json_node_get_boolean (node) ? _ ("yes") : _ ("no"));
}

static char *
describe_number (JsonNode *node)
{
  return g_strdup_printf ("%" G_GINT64_FORMAT, json_node_get_int (node));
}

static char *
describe_time (JsonNode *node)
{
  g_autofree char *local = NULL;
  g_autofree char *ago = NULL;
  gint64 time = 0;

  queen_timestamp_parse (json_node_get_string (node), &time);
  time /= QUEEN_NSEC_PER_USEC;
  local = queenctl_text_dup_local_time (time);
  ago = queenctl_text_dup_ago (time, g_get_real_time ());
  return g_strdup_printf (_ ("%s (%s)"), local, ago);
}

static char *
describe_skew (JsonNode *node)
{
  double seconds = json_node_get_double (node);

  return g_strdup_printf (seconds < 0 ? _ ("%.3f s behind the queen's")
                                      : _ ("%.3f s ahead of the queen's"),
                          seconds < 0 ? -seconds : seconds);
}

static char *
describe_real (JsonNode *node)
{
  return g_strdup_printf ("%.1f", json_node_get_double (node));
}

static char *
describe_part (JsonNode *node)
{
  return g_strdup_printf (_ ("%.0f %%"), json_node_get_double (node) * 100);
}

static char *
describe_bytes (JsonNode *node)
{
  return g_format_size ((guint64) json_node_get_int (node));
}

static char *
describe_texts (JsonNode *node)
{
  JsonArray *array = json_node_get_array (node);
  g_autoptr (GString) texts = g_string_new (NULL);

  for (guint i = 0; i < json_array_get_length (array); i++)
    {
      const char *text = json_node_get_string (json_array_get_element (array, i));

      g_string_append_printf (texts, "%s%s", texts->len > 0 ? ", " : "", text ? text : "");
    }
  return g_string_free (g_steal_pointer (&texts), FALSE);
}

static char *
describe_gpus (JsonNode *node)
{
  JsonArray *array = json_node_get_array (node);
  g_autoptr (GString) gpus = g_string_new (NULL);

  for (guint i = 0; i < json_array_get_length (array); i++)
    {
      g_autofree char *gpu = queenctl_gpu_describe (json_array_get_element (array, i));

      g_string_append_printf (gpus, "%s%s", i > 0 ? "; " : "", gpu);
    }
  return g_string_free (g_steal_pointer (&gpus), FALSE);
}

/* For JSON, from what the command line has. What is out of range the queen refuses. */

static JsonNode *
parse_text (const QueenField *field, const char *text, GError **error)
{
  return json_node_init_string (json_node_alloc (), text);
}

static JsonNode *
parse_port (const QueenField *field, const char *text, GError **error)
{
  guint64 port;

  if (g_ascii_string_to_unsigned (text, 10, 1, G_MAXUINT16, &port, NULL))
    return json_node_init_int (json_node_alloc (), (gint64) port);
  g_set_error (error, QUEENCTL_ERROR, QUEENCTL_ERROR_USAGE,
               _ ("--port: “%s” is not a number from 1 to 65535"), text);
  return NULL;
}

static JsonNode *
parse_int (const QueenField *field, const char *text, GError **error)
{
  gint64 number;

  if (g_ascii_string_to_signed (text, 10, 0, G_MAXINT64, &number, NULL))
    return json_node_init_int (json_node_alloc (), number);
  g_set_error (error, QUEENCTL_ERROR, QUEENCTL_ERROR_USAGE, _ ("--%s: “%s” is not a whole number"),
               field->option, text);
  return NULL;
}

static JsonNode *
parse_real (const QueenField *field, const char *text, GError **error)
{
  char *end;
  double number = g_ascii_strtod (text, &end);

  if (end != text && *end == '\0' && isfinite (number))
    return json_node_init_double (json_node_alloc (), number);
  g_set_error (error, QUEENCTL_ERROR, QUEENCTL_ERROR_USAGE, _ ("--%s: “%s” is not a number"),
               field->option, text);
  return NULL;
}

static JsonNode *
parse_texts (const QueenField *field, const char *text, GError **error)
{
  g_auto (GStrv) texts = g_strsplit (text, ",", -1);
  g_autoptr (JsonArray) array = json_array_new ();

  for (char **one = texts; *one; one++)
    json_array_add_string_element (array, *one);
  return json_node_init_array (json_node_alloc (), array);
}

static JsonNode *
parse_health (const QueenField *field, const char *text, GError **error)
{
  return queenctl_word_check ("--health", text, queenctl_word_healths, error)
             ? parse_text (field, text, error)
             : NULL;
}

static const struct
{
  const QueenFieldType *type;
  GType json; /* of what is said; boxed is an array */
  char *(*describe) (JsonNode *node);
  JsonNode *(*parse) (const QueenField *field, const char *text, GError **error);
} forms[] = {
  { &queen_field_text, G_TYPE_STRING, describe_text, parse_text },
  { &queen_field_id, G_TYPE_STRING, describe_text, parse_text },
  { &queen_field_reason, G_TYPE_STRING, describe_text, parse_text },
  { &queen_field_port, G_TYPE_INT64, describe_number, parse_port },
  { &queen_field_health, G_TYPE_STRING, describe_word, parse_health },
  { &queen_field_url, G_TYPE_STRING, describe_text, parse_text },
  { &queen_field_api, G_TYPE_STRING, describe_text, parse_text },
  { &queen_field_int, G_TYPE_INT64, describe_number, parse_int },
  { &queen_field_bytes, G_TYPE_INT64, describe_bytes, parse_int },
  { &queen_field_real, G_TYPE_DOUBLE, describe_real, parse_real },
  { &queen_field_part, G_TYPE_DOUBLE, describe_part, parse_real },
  { &queen_field_moment, G_TYPE_STRING, describe_time, parse_text },
  { &queen_field_models, G_TYPE_BOXED, describe_texts, parse_texts },
  { &queen_field_gpus, G_TYPE_BOXED, describe_gpus },
  { &queen_field_status, G_TYPE_STRING, describe_word },
  { &queen_field_online, G_TYPE_BOOLEAN, describe_flag },
  { &queen_field_available, G_TYPE_BOOLEAN, describe_flag },
  { &queen_field_time, G_TYPE_STRING, describe_time },
  { &queen_field_count, G_TYPE_INT64, describe_number },
  { &queen_field_skew, G_TYPE_DOUBLE, describe_skew },
  { &queen_field_holds, G_TYPE_BOXED, queenctl_hold_describe_all },
};

static gsize
find_form (const QueenField *field)
{
  for (gsize i = 0; i < G_N_ELEMENTS (forms); i++)
    if (forms[i].type == field->type)
      return i;
  g_return_val_if_reached (0);
}

static gboolean
node_holds (JsonNode *node, GType type)
{
  GType said = JSON_NODE_HOLDS_VALUE (node) ? json_node_get_value_type (node) : G_TYPE_INVALID;

  if (JSON_NODE_HOLDS_ARRAY (node))
    return type == G_TYPE_BOXED;
  return said == type || (said == G_TYPE_INT64 && type == G_TYPE_DOUBLE);
}

gboolean
queenctl_field_is_in (const QueenField *field, JsonObject *component)
{
  return json_object_has_member (component, queen_field_get_top_name (field));
}

char *
queenctl_field_describe (const QueenField *field, JsonObject *component)
{
  JsonNode *node = json_object_get_member (component, queen_field_get_top_name (field));
  gsize form = find_form (field);

  if (node && field->nest)
    node = JSON_NODE_HOLDS_OBJECT (node)
               ? json_object_get_member (json_node_get_object (node), field->member)
               : NULL;
  if (!node || !node_holds (node, forms[form].json))
    return g_strdup ("");
  return forms[form].describe (node);
}

gboolean
queenctl_field_set (const QueenField *field,
                    const char *text,
                    JsonObject *heartbeat,
                    GError **error)
{
  JsonNode *node = forms[find_form (field)].parse (field, text, error);

  if (!node)
    return FALSE;
  if (!field->nest)
    {
      json_object_set_member (heartbeat, field->name, node);
      return TRUE;
    }
  if (!json_object_has_member (heartbeat, field->nest))
    json_object_set_object_member (heartbeat, field->nest, json_object_new ());
  json_object_set_member (json_object_get_object_member (heartbeat, field->nest), field->member,
                          node);
  return TRUE;
}
