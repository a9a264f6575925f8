/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queenctl-output.h"

#include <glib/gi18n.h>
#include <stdio.h>
#include <unistd.h>

#include "queenctl-text.h"

static gboolean is_terminal;
static gboolean is_colored;

void
queenctl_output_init (gboolean is_color_refused)
{
  const char *no_color = g_getenv ("NO_COLOR");

  is_terminal = isatty (STDOUT_FILENO);
  /* no-color.org: the variable counts when it is there and not empty. */
  is_colored = is_terminal && !is_color_refused && (!no_color || *no_color == '\0') &&
               g_strcmp0 (g_getenv ("TERM"), "dumb") != 0;
}

const char *
queenctl_output_begin_style (QueenctlStyle style)
{
  static const char *const sequences[] = {
    [QUEENCTL_STYLE_PLAIN] = "",        [QUEENCTL_STYLE_HEADING] = "\033[1m",
    [QUEENCTL_STYLE_FAINT] = "\033[2m", [QUEENCTL_STYLE_GOOD] = "\033[32m",
    [QUEENCTL_STYLE_FAIR] = "\033[33m", [QUEENCTL_STYLE_BAD] = "\033[31m",
  };

  return is_colored ? sequences[style] : "";
}

const char *
queenctl_output_end_style (QueenctlStyle style)
{
  return is_colored && style != QUEENCTL_STYLE_PLAIN ? "\033[0m" : "";
}

void
queenctl_output_print_json_text (const char *json)
{
  const char *run = json;

  /* JSON leaves DEL and the C1 controls as they are, and a terminal obeys them. They can stand only
   * in strings, where this is another way to write them. */
  for (const char *p = json; *p != '\0'; p = g_utf8_next_char (p))
    {
      gunichar c = g_utf8_get_char (p);

      if (c < 0x7f || c > 0x9f)
        continue;
      printf ("%.*s\\u%04x", (int) (p - run), run, c);
      run = g_utf8_next_char (p);
    }
  puts (run);
}

void
queenctl_output_print_json (JsonBuilder *builder)
{
  g_autoptr (JsonGenerator) generator = json_generator_new ();
  g_autoptr (JsonNode) root = json_builder_get_root (builder);
  g_autofree char *json = NULL;

  json_generator_set_root (generator, root);
  json_generator_set_pretty (generator, is_terminal);
  json = json_generator_to_data (generator, NULL);
  queenctl_output_print_json_text (json);
}

static char *
make_member_name (const char *property)
{
  GString *name = g_string_new (NULL);

  for (const char *p = property; *p != '\0'; p++)
    {
      if (g_ascii_isupper (*p) && p > property)
        g_string_append_c (name, '_');
      g_string_append_c (name, g_ascii_tolower (*p));
    }
  return g_string_free (name, FALSE);
}

static gboolean
is_time (const char *property)
{
  return g_str_equal (property, "StartedAt") || g_str_has_suffix (property, "Seen");
}

static void
add_time (JsonBuilder *builder, guint64 time)
{
  g_autoptr (GDateTime) second = g_date_time_new_from_unix_utc ((gint64) (time / G_USEC_PER_SEC));
  g_autofree char *date = second ? g_date_time_format (second, "%FT%T") : NULL;
  g_autofree char *text = NULL;

  if (!date)
    {
      json_builder_add_null_value (builder);
      return;
    }
  text = g_strdup_printf ("%s.%06u+00:00", date, (guint) (time % G_USEC_PER_SEC));
  json_builder_add_string_value (builder, text);
}

static void
add_value (JsonBuilder *builder, const char *property, GVariant *properties)
{
  g_autoptr (GVariant) value = g_variant_lookup_value (properties, property, NULL);
  g_autofree const char **strings = NULL;

  if (!value)
    json_builder_add_null_value (builder);
  else if (is_time (property))
    add_time (builder, queenctl_properties_get_number (properties, property));
  else if (g_variant_is_of_type (value, G_VARIANT_TYPE_STRING))
    json_builder_add_string_value (builder, g_variant_get_string (value, NULL));
  else if (g_variant_is_of_type (value, G_VARIANT_TYPE_BOOLEAN))
    json_builder_add_boolean_value (builder, g_variant_get_boolean (value));
  else if (g_variant_is_of_type (value, G_VARIANT_TYPE_STRING_ARRAY))
    {
      strings = g_variant_get_strv (value, NULL);
      json_builder_begin_array (builder);
      for (const char **string = strings; *string; string++)
        json_builder_add_string_value (builder, *string);
      json_builder_end_array (builder);
    }
  else
    json_builder_add_int_value (builder,
                                (gint64) queenctl_properties_get_number (properties, property));
}

void
queenctl_output_add_properties (JsonBuilder *builder,
                                GDBusInterfaceInfo *interface,
                                GVariant *properties)
{
  for (GDBusPropertyInfo **info = interface->properties; *info; info++)
    {
      g_autofree char *member = make_member_name ((*info)->name);

      json_builder_set_member_name (builder, member);
      add_value (builder, (*info)->name, properties);
    }
}

void
queenctl_output_add_component (JsonBuilder *builder, const QueenctlComponent *component)
{
  json_builder_begin_object (builder);
  queenctl_output_add_properties (builder,
                                  queenctl_kind_get_interface (
                                      queenctl_component_get_kind (component)),
                                  queenctl_component_get_properties (component));
  json_builder_end_object (builder);
}

QueenctlStyle
queenctl_output_get_style (const QueenctlComponent *component)
{
  if (!queenctl_component_is (component, "Online") ||
      g_str_equal (queenctl_component_get_string (component, "Health"), "unhealthy"))
    return QUEENCTL_STYLE_BAD;
  if (!queenctl_component_is (component, "Available") || queenctl_component_is_ill (component))
    return QUEENCTL_STYLE_FAIR;
  return QUEENCTL_STYLE_GOOD;
}

char *
queenctl_output_dup_state (const QueenctlComponent *component)
{
  g_autofree char *status =
      queenctl_text_dup_status (queenctl_component_get_string (component, "Status"));
  g_autofree char *health = NULL;

  /* What one that is offline said of its health does not count any more. */
  if (!queenctl_component_is_ill (component) || !queenctl_component_is (component, "Online"))
    return g_steal_pointer (&status);
  health = queenctl_text_dup_status (queenctl_component_get_string (component, "Health"));
  return g_strdup_printf (_ ("%s, %s"), status, health);
}
