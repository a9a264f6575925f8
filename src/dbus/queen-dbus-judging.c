/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-dbus-judging.h"

#include <string.h>

#include "queen-dbus-bus.h"
#include "queen-dbus-values.h"

static gboolean
is_of_bus (const QueenDBusHead *head)
{
  return g_str_equal (queen_dbus_head_get_text (head, G_DBUS_MESSAGE_HEADER_FIELD_SENDER),
                      QUEEN_DBUS_BUS_NAME);
}

/* Types that there may be in future must be ignored; and she listens to nobody's signals else. */
gboolean
queen_dbus_judging_is_strange (const QueenDBusHead *head)
{
  if (head->type == G_DBUS_MESSAGE_TYPE_SIGNAL)
    return !is_of_bus (head);
  return head->type == G_DBUS_MESSAGE_TYPE_INVALID || head->type > G_DBUS_MESSAGE_TYPE_SIGNAL;
}

/* Who does not say who it is, is the bus: it says so of everybody else. */
gboolean
queen_dbus_judging_is_answer_of_others (const QueenDBusHead *head)
{
  gboolean is_answer =
      head->type == G_DBUS_MESSAGE_TYPE_METHOD_RETURN || head->type == G_DBUS_MESSAGE_TYPE_ERROR;

  return is_answer && !is_of_bus (head) && head->fields[G_DBUS_MESSAGE_HEADER_FIELD_SENDER] != 0;
}

static const char *
get_signature (const QueenDBusHead *head)
{
  return queen_dbus_head_get_text (head, G_DBUS_MESSAGE_HEADER_FIELD_SIGNATURE);
}

gboolean
queen_dbus_judging_is_wanted_error (const QueenDBusHead *head, const QueenDBusFramesLimits *limits)
{
  return limits->errors && head->type == G_DBUS_MESSAGE_TYPE_ERROR && head->body <= limits->body &&
         g_str_equal (get_signature (head), "s") &&
         g_str_has_prefix (queen_dbus_head_get_text (head, G_DBUS_MESSAGE_HEADER_FIELD_ERROR_NAME),
                           limits->errors);
}

gboolean
queen_dbus_judging_is_method_of (const QueenDBusHead *head,
                                 const QueenDBusFramesLimits *limits,
                                 const char *const *methods)
{
  const char *path = queen_dbus_head_get_text (head, G_DBUS_MESSAGE_HEADER_FIELD_PATH);
  const char *interface = queen_dbus_head_get_text (head, G_DBUS_MESSAGE_HEADER_FIELD_INTERFACE);
  const char *member = queen_dbus_head_get_text (head, G_DBUS_MESSAGE_HEADER_FIELD_MEMBER);

  return g_str_equal (path, limits->path) && g_str_equal (interface, limits->interface) &&
         g_strv_contains (methods, member);
}

gsize
queen_dbus_judging_get_most (const QueenDBusHead *head, const QueenDBusFramesLimits *limits)
{
  gboolean has_values = strpbrk (get_signature (head), "av(") != NULL;

  if (!queen_dbus_head_is_call (head) || !has_values ||
      queen_dbus_judging_is_method_of (head, limits, limits->rich_methods))
    return limits->body;
  return limits->values;
}

/* Only what is in a variant can be deeper than its message's signature says. */
static gboolean
has_variants (const QueenDBusHead *head)
{
  return queen_dbus_head_is_call (head) && strchr (get_signature (head), 'v');
}

gboolean
queen_dbus_judging_is_deep (const QueenDBusHead *head, const QueenDBusFramesLimits *limits)
{
  const QueenDBusValues body = { head->bytes + head->size, head->body, head->is_little_endian };
  const char *type = get_signature (head);
  gsize offset = 0;

  if (!has_variants (head))
    return FALSE;
  while (offset != QUEEN_DBUS_VALUES_NONE && *type)
    offset = queen_dbus_values_skip (&body, &type, offset, limits->depth);
  return offset != head->body;
}
