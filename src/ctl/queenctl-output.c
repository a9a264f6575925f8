/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queenctl-output.h"

#include <errno.h>
#include <glib/gi18n.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "queenctl-interrupt.h"
#include "queenctl-json.h"
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

/* Returns: columns of the terminal; 0 when it does not say */
static guint
read_width (void)
{
  const char *columns = g_getenv ("COLUMNS");
  struct winsize size = { 0 };
  guint64 width;

  if (columns && g_ascii_string_to_unsigned (columns, 10, 1, G_MAXUINT16, &width, NULL))
    return (guint) width;
  return ioctl (STDOUT_FILENO, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

guint
queenctl_output_get_width (void)
{
  return is_terminal ? read_width () : 0;
}

guint
queenctl_output_get_height (void)
{
  struct winsize size = { 0 };

  return is_terminal && ioctl (STDOUT_FILENO, TIOCGWINSZ, &size) == 0 ? size.ws_row : 0;
}

gboolean
queenctl_output_is_terminal (void)
{
  return is_terminal;
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

/* A pipe that takes something takes this much. Whoever is stopped, or reads another page first,
 * takes nothing for as long as it likes.
 *
 * Returns: how much was taken; -1 for no more */
static gssize
write_some (const char *text, gsize length)
{
  struct pollfd fds[] = { { STDOUT_FILENO, POLLOUT, 0 },
                          { queenctl_interrupt_get_fd (), POLLIN, 0 } };
  gssize n = -1;

  if (poll (fds, G_N_ELEMENTS (fds), -1) > 0 && fds[1].revents == 0)
    n = write (STDOUT_FILENO, text, MIN (length, PIPE_BUF));
  else if (fds[1].revents != 0)
    return -1;
  return n < 0 && (errno == EINTR || errno == EAGAIN) ? 0 : n;
}

gboolean
queenctl_output_write (const char *text, gsize length)
{
  gssize n = fflush (stdout);

  for (; n >= 0 && length > 0; text += MAX (n, 0), length -= (gsize) MAX (n, 0))
    n = write_some (text, length);
  /* What stdio fails at, too, whoever checks the output at exit knows of. */
  if (n < 0 && !queenctl_interrupt_has_come ())
    {
      putchar (*text);
      fflush (stdout);
    }
  return n >= 0;
}

static void
print_node (JsonNode *node, gboolean is_pretty)
{
  g_autoptr (GString) json = g_string_new (NULL);

  queenctl_json_append (json, node, is_pretty);
  puts (json->str);
}

void
queenctl_output_print_node (JsonNode *node)
{
  print_node (node, is_terminal);
}

void
queenctl_output_print_line (JsonNode *node)
{
  print_node (node, FALSE);
}

void
queenctl_output_print_json (JsonBuilder *builder)
{
  g_autoptr (JsonNode) root = json_builder_get_root (builder);

  queenctl_output_print_node (root);
}

void
queenctl_output_add_component (JsonBuilder *builder, const QueenctlComponent *component)
{
  json_builder_add_value (builder, json_node_ref (queenctl_component_get_node (component)));
}

void
queenctl_output_print_component (const QueenctlComponent *component)
{
  queenctl_output_print_node (queenctl_component_get_node (component));
}

void
queenctl_output_print_components (GPtrArray *components)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();

  json_builder_begin_object (builder);
  for (guint kind = 0; kind < QUEEN_COMPONENT_N_KINDS; kind++)
    {
      json_builder_set_member_name (builder, queen_component_kind_get_plural (kind));
      json_builder_begin_array (builder);
      for (guint i = 0; i < components->len; i++)
        if (queenctl_component_get_kind (g_ptr_array_index (components, i)) == kind)
          queenctl_output_add_component (builder, g_ptr_array_index (components, i));
      json_builder_end_array (builder);
    }
  json_builder_set_member_name (builder, "total");
  json_builder_add_int_value (builder, components->len);
  json_builder_end_object (builder);
  queenctl_output_print_json (builder);
}

void
queenctl_output_print_ok (const char *format, ...)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  g_autofree char *message = NULL;
  va_list arguments;

  va_start (arguments, format);
  message = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  json_builder_begin_object (builder);
  json_builder_set_member_name (builder, "status");
  json_builder_add_string_value (builder, "ok");
  json_builder_set_member_name (builder, "message");
  json_builder_add_string_value (builder, message);
  json_builder_end_object (builder);
  queenctl_output_print_json (builder);
}

void
queenctl_output_complain (const GError *error)
{
  g_autofree char *message = queenctl_text_dup_safe (error->message);

  fprintf (stderr, "queenctl: %s\n", message);
}

void
queenctl_output_add_complaint (GError **last, GError *error)
{
  if (*last)
    queenctl_output_complain (*last);
  g_clear_error (last);
  g_propagate_error (last, error);
}

QueenctlStyle
queenctl_output_get_style (const QueenctlComponent *component)
{
  if (!queenctl_component_is (component, "online") ||
      g_str_equal (queenctl_component_get_health (component), "unhealthy"))
    return QUEENCTL_STYLE_BAD;
  if (!queenctl_component_is (component, "available") || queenctl_component_is_ill (component))
    return QUEENCTL_STYLE_FAIR;
  return QUEENCTL_STYLE_GOOD;
}

char *
queenctl_output_dup_state (const QueenctlComponent *component)
{
  g_autofree char *status =
      queenctl_text_dup_status (queenctl_component_get_string (component, "status"));
  g_autofree char *health = NULL;
  g_autofree char *both = NULL;

  /* What one that is offline said of its health does not count any more, nor that it gets nothing.
   */
  if (!queenctl_component_is (component, "online"))
    return g_steal_pointer (&status);
  if (queenctl_component_is_ill (component))
    {
      health = queenctl_text_dup_status (queenctl_component_get_health (component));
      both = g_strdup_printf (_ ("%s, %s"), status, health);
    }
  else
    both = g_steal_pointer (&status);
  if (!queenctl_component_is_held (component))
    return g_steal_pointer (&both);
  return g_strdup_printf (_ ("%s, %s"), both, _ ("held"));
}
