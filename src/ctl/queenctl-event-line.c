/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queenctl-event-line.h"

#include <glib/gi18n.h>
#include <stdio.h>

#include "queenctl-json.h"
#include "queenctl-output.h"
#include "queenctl-text.h"

#define GAP 2
#define WIDEST_ID 40 /* a longer one moves its own line only */

struct _QueenctlEventLine
{
  guint kind_width;
  guint id_width;
};

static const struct
{
  const char *nick;
  const char *label;
} kinds[] = {
  { "worker", N_ ("worker") },
  { "hive", N_ ("hive") },
  { "queen", N_ ("queen") },
};

QueenctlEventLine *
queenctl_event_line_new (void)
{
  QueenctlEventLine *self = g_new0 (QueenctlEventLine, 1);

  for (gsize i = 0; i < G_N_ELEMENTS (kinds); i++)
    self->kind_width = MAX (self->kind_width, queenctl_text_count_columns (_ (kinds[i].label)));
  return self;
}

void
queenctl_event_line_free (QueenctlEventLine *self)
{
  g_free (self);
}

static void
print_padded (const char *text, guint width)
{
  guint columns = queenctl_text_count_columns (text);

  printf ("%s%*s", text, (int) (columns < width ? width - columns + GAP : GAP), "");
}

static void
print_time (void)
{
  g_autoptr (GDateTime) now = g_date_time_new_now_local ();
  g_autofree char *time = g_date_time_format (now, "%T");

  printf ("%s%s.%03d%s  ", queenctl_output_begin_style (QUEENCTL_STYLE_FAINT), time,
          g_date_time_get_microsecond (now) / 1000,
          queenctl_output_end_style (QUEENCTL_STYLE_FAINT));
}

static void
print_kind (QueenctlEventLine *self, const char *kind)
{
  g_autofree char *safe = NULL;

  for (gsize i = 0; i < G_N_ELEMENTS (kinds); i++)
    if (g_str_equal (kind, kinds[i].nick))
      {
        print_padded (_ (kinds[i].label), self->kind_width);
        return;
      }
  safe = queenctl_text_dup_safe (kind);
  print_padded (safe, self->kind_width);
}

static void
print_counts (JsonObject *pulse)
{
  guint n_workers = queenctl_json_get_count (pulse, "workers_online");
  guint n_hives = queenctl_json_get_count (pulse, "hives_online");
  g_autofree char *workers = NULL;
  g_autofree char *hives = NULL;

  workers = g_strdup_printf (ngettext ("%u worker online (%u available)",
                                       "%u workers online (%u available)", n_workers),
                             n_workers, queenctl_json_get_count (pulse, "workers_available"));
  hives = g_strdup_printf (ngettext ("%u hive online (%u available)",
                                     "%u hives online (%u available)", n_hives),
                           n_hives, queenctl_json_get_count (pulse, "hives_available"));
  fputs (queenctl_output_begin_style (QUEENCTL_STYLE_FAINT), stdout);
  printf (_ ("%s, %s"), workers, hives);
  printf ("%s\n", queenctl_output_end_style (QUEENCTL_STYLE_FAINT));
}

static QueenctlStyle
get_style (const QueenctlCondition *condition)
{
  const char *status = condition->status;

  if (g_str_equal (status, "Offline") || g_str_equal (status, "Stopped") ||
      g_str_equal (condition->health, "unhealthy"))
    return QUEENCTL_STYLE_BAD;
  if (*condition->health == '\0' &&
      (g_str_equal (status, "Ready") || g_str_equal (status, "Online")))
    return QUEENCTL_STYLE_GOOD;
  return QUEENCTL_STYLE_FAIR;
}

static void
print_condition (const QueenctlCondition *condition)
{
  g_autofree char *status = queenctl_text_dup_status (condition->status);
  g_autofree char *health = queenctl_text_dup_status (condition->health);

  fputs (queenctl_output_begin_style (get_style (condition)), stdout);
  if (*health == '\0')
    fputs (status, stdout);
  else
    printf (_ ("%s, %s"), status, health);
  fputs (queenctl_output_end_style (get_style (condition)), stdout);
}

static void
print_reason (const QueenctlCondition *condition)
{
  g_autofree char *safe = queenctl_text_dup_safe (condition->reason);

  if (*safe != '\0')
    printf (" (%s)", safe);
}

void
queenctl_event_line_print (QueenctlEventLine *self,
                           const QueenctlEvent *event,
                           const QueenctlCondition *now,
                           const QueenctlCondition *before)
{
  g_autofree char *safe = queenctl_text_dup_safe (event->id);
  guint columns = queenctl_text_count_columns (safe);

  print_time ();
  print_kind (self, event->kind);
  if (g_str_equal (event->kind, "queen"))
    {
      print_counts (json_node_get_object (event->node));
      return;
    }
  if (columns <= WIDEST_ID)
    self->id_width = MAX (self->id_width, columns);
  print_padded (safe, self->id_width);
  if (before)
    {
      print_condition (before);
      fputs (" → ", stdout);
    }
  print_condition (now);
  print_reason (now);
  putchar ('\n');
}

void
queenctl_event_line_print_note (QueenctlEventLine *self, const char *note)
{
  g_autofree char *safe = queenctl_text_dup_safe (note);

  print_time ();
  printf ("%s%s%s\n", queenctl_output_begin_style (QUEENCTL_STYLE_HEADING), safe,
          queenctl_output_end_style (QUEENCTL_STYLE_HEADING));
}
