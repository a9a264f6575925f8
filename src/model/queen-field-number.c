/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* Members that are numbers. */

#include "queen-field.h"

#include <math.h>

#include "queen-error.h"
#include "text/queen-json-writer.h"
#include "text/queen-timestamp.h"

#define TOO_LARGE 9223372036854775808. /* 2⁶³ */

static gboolean
is_number (const QueenJsonValue *said)
{
  return said->type == QUEEN_JSON_INTEGER || said->type == QUEEN_JSON_DOUBLE;
}

static double
get_double (const QueenJsonValue *said)
{
  return said->type == QUEEN_JSON_INTEGER ? (double) said->integer : said->number;
}

static gboolean
check_range (const QueenField *field, double number, GError **error)
{
  if (field->greatest == 0)
    return number >= field->least || queen_error_refuse (error, QUEEN_ERROR_UNPROCESSABLE,
                                                         "must be at least %.0f", field->least);
  return (number >= field->least && number <= field->greatest) ||
         queen_error_refuse (error, QUEEN_ERROR_UNPROCESSABLE, "must be from %.0f to %.0f",
                             field->least, field->greatest);
}

gboolean
queen_field_read_whole (const QueenField *field,
                        const QueenJsonValue *said,
                        gint64 *number,
                        GError **error)
{
  double value = is_number (said) ? get_double (said) : NAN;

  if (value != floor (value)) /* which NaN is, too */
    return queen_error_refuse (error, QUEEN_ERROR_UNPROCESSABLE, "must be a whole number");
  if (!check_range (field, value, error))
    return FALSE;
  *number = value < TOO_LARGE ? (gint64) value : G_MAXINT64;
  return TRUE;
}

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
  gint64 port;

  if (!queen_field_read_whole (field, said, &port, error))
    return FALSE;
  *(guint16 *) value = (guint16) port;
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

/* Whole numbers of which 0 is one */

static gint64
get_int (gconstpointer value)
{
  return *(const gint64 *) value;
}

static gboolean
int_is_said (gconstpointer value)
{
  return get_int (value) >= 0;
}

static gboolean
int_equals (gconstpointer a, gconstpointer b)
{
  return get_int (a) == get_int (b);
}

static gboolean
int_read (const QueenField *field, const QueenJsonValue *said, gpointer value, GError **error)
{
  return queen_field_read_whole (field, said, value, error);
}

static void
int_append (gconstpointer value, GString *json)
{
  queen_json_append_number (json, (guint64) get_int (value));
}

static GVariant *
int_get_variant (gconstpointer value)
{
  return g_variant_new_int64 (get_int (value));
}

static void
int_take_variant (gpointer value, GVariant *variant)
{
  *(gint64 *) value = MAX (g_variant_get_int64 (variant), -1);
}

#define INT                                                                                        \
  .signature = "x", .is_said = int_is_said, .equals = int_equals, .read = int_read,                \
  .append = int_append, .get_variant = int_get_variant, .take_variant = int_take_variant

const QueenFieldType queen_field_int = { INT };
const QueenFieldType queen_field_bytes = { INT };

/* Numbers with a fraction. D-Bus has NaN as well, but nearly nobody expects it: −1 there stands for
 * what is not said. */

static double
get_real (gconstpointer value)
{
  return *(const double *) value;
}

static gboolean
real_is_said (gconstpointer value)
{
  return !isnan (get_real (value));
}

static gboolean
real_read (const QueenField *field, const QueenJsonValue *said, gpointer value, GError **error)
{
  if (!is_number (said) || !isfinite (get_double (said)))
    return queen_error_refuse (error, QUEEN_ERROR_UNPROCESSABLE, "must be a number");
  if (!check_range (field, get_double (said), error))
    return FALSE;
  *(double *) value = get_double (said);
  return TRUE;
}

static void
real_append (gconstpointer value, GString *json)
{
  queen_json_append_real (json, get_real (value));
}

static GVariant *
real_get_variant (gconstpointer value)
{
  return g_variant_new_double (real_is_said (value) ? get_real (value) : -1);
}

static void
real_take_variant (gpointer value, GVariant *variant)
{
  double number = g_variant_get_double (variant);

  *(double *) value = isfinite (number) && number != -1 ? number : NAN;
}

#define REAL                                                                                       \
  .signature = "d", .is_said = real_is_said, .read = real_read, .append = real_append,             \
  .get_variant = real_get_variant, .take_variant = real_take_variant

const QueenFieldType queen_field_real = { REAL };
const QueenFieldType queen_field_part = { REAL };

/* Times that the sender tells, on D-Bus as all others are: 0 is none. */

static gboolean
moment_is_said (gconstpointer value)
{
  return get_int (value) != 0;
}

static gboolean
moment_read (const QueenField *field, const QueenJsonValue *said, gpointer value, GError **error)
{
  return (said->type == QUEEN_JSON_STRING && queen_timestamp_parse (said->string, value)) ||
         queen_error_refuse (error, QUEEN_ERROR_UNPROCESSABLE,
                             "must be a date and time as in RFC 3339, 1970 to 2261");
}

static void
moment_append (gconstpointer value, GString *json)
{
  queen_field_time.append (value, json);
}

static GVariant *
moment_get_variant (gconstpointer value)
{
  return queen_field_time.get_variant (value);
}

static void
moment_take_variant (gpointer value, GVariant *variant)
{
  queen_field_time.take_variant (value, variant);
}

const QueenFieldType queen_field_moment = {
  .signature = "t",
  .is_said = moment_is_said,
  .equals = int_equals,
  .read = moment_read,
  .append = moment_append,
  .get_variant = moment_get_variant,
  .take_variant = moment_take_variant,
};
