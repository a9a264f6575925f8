/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* What the queen knows of a component, and no heartbeat says. */

#include "queen-field.h"
#include "text/queen-json-writer.h"
#include "text/queen-timestamp.h"

#define LAST_TIME (G_MAXINT64 / QUEEN_NSEC_PER_USEC)

static const char *
status_get_text (gconstpointer value)
{
  return queen_status_get_name (*(const QueenStatus *) value);
}

static void
status_take_variant (gpointer value, GVariant *variant)
{
  queen_status_parse (g_variant_get_string (variant, NULL), value);
}

const QueenFieldType queen_field_status = {
  .signature = "s",
  .get_text = status_get_text,
  .take_variant = status_take_variant,
};

static void
time_append (gconstpointer value, GString *json)
{
  g_string_append_c (json, '"');
  queen_timestamp_append (json, *(const gint64 *) value);
  g_string_append_c (json, '"');
}

static GVariant *
time_get_variant (gconstpointer value)
{
  return g_variant_new_uint64 ((guint64) (*(const gint64 *) value / QUEEN_NSEC_PER_USEC));
}

static void
time_take_variant (gpointer value, GVariant *variant)
{
  *(gint64 *) value =
      (gint64) MIN (g_variant_get_uint64 (variant), LAST_TIME) * QUEEN_NSEC_PER_USEC;
}

const QueenFieldType queen_field_time = {
  .signature = "t",
  .append = time_append,
  .get_variant = time_get_variant,
  .take_variant = time_take_variant,
};

static void
count_append (gconstpointer value, GString *json)
{
  queen_json_append_number (json, *(const guint64 *) value);
}

static GVariant *
count_get_variant (gconstpointer value)
{
  return g_variant_new_uint64 (*(const guint64 *) value);
}

static void
count_take_variant (gpointer value, GVariant *variant)
{
  *(guint64 *) value = g_variant_get_uint64 (variant);
}

const QueenFieldType queen_field_count = {
  .signature = "t",
  .append = count_append,
  .get_variant = count_get_variant,
  .take_variant = count_take_variant,
};

static void
append_flag (GString *json, gboolean flag)
{
  g_string_append (json, flag ? "true" : "false");
}

static void
online_append (gconstpointer component, GString *json)
{
  append_flag (json, queen_component_is_online (component));
}

static GVariant *
online_get_variant (gconstpointer component)
{
  return g_variant_new_boolean (queen_component_is_online (component));
}

const QueenFieldType queen_field_online = {
  .signature = "b",
  .append = online_append,
  .get_variant = online_get_variant,
};

static void
available_append (gconstpointer component, GString *json)
{
  append_flag (json, queen_component_is_available (component));
}

static GVariant *
available_get_variant (gconstpointer component)
{
  return g_variant_new_boolean (queen_component_is_available (component));
}

const QueenFieldType queen_field_available = {
  .signature = "b",
  .append = available_append,
  .get_variant = available_get_variant,
};

static gboolean
skew_is_said (gconstpointer value)
{
  const QueenComponent *component = value;

  return component->has_said_at;
}

/* In seconds, to the millisecond. By hand, as printf() would write a comma for a German. */
static void
skew_append (gconstpointer component, GString *json)
{
  gint64 msec = queen_component_get_clock_skew (component) / 1000;

  g_string_append_printf (json, "%s%" G_GINT64_FORMAT ".%03d", msec < 0 ? "-" : "",
                          ABS (msec) / 1000, (int) (ABS (msec) % 1000));
}

static GVariant *
skew_get_variant (gconstpointer component)
{
  return g_variant_new_int64 (skew_is_said (component) ? queen_component_get_clock_skew (component)
                                                       : 0);
}

static void
skew_take_variant (gpointer value, GVariant *variant)
{
  QueenComponent *component = value;

  component->said_at = CLAMP (g_variant_get_int64 (variant), -LAST_TIME, LAST_TIME);
}

const QueenFieldType queen_field_skew = {
  .signature = "x",
  .is_said = skew_is_said,
  .append = skew_append,
  .get_variant = skew_get_variant,
  .take_variant = skew_take_variant,
};
