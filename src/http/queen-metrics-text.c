/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-metrics-text.h"

#include <string.h>

/* A name that is nothing but quotes, as a stranger may send it, had better not take a call for each
 * of them. */
static void
append_escaped (GString *text, const char *value)
{
  gsize n_plain = strcspn (value, "\n\\\"");
  gsize end;
  char *to;

  g_string_append_len (text, value, (gssize) n_plain);
  value += n_plain;
  end = text->len;
  g_string_set_size (text, end + 2 * strlen (value));
  for (to = text->str + end; *value != '\0'; value++)
    {
      if (*value == '\n' || *value == '\\' || *value == '"')
        *to++ = '\\';
      *to++ = *value == '\n' ? 'n' : *value;
    }
  g_string_truncate (text, (gsize) (to - text->str));
}

static void
append_name (GString *text, const char *name, const QueenLabel *labels, gsize n_labels)
{
  g_string_append (text, name);
  for (gsize i = 0; i < n_labels; i++)
    {
      g_string_append_printf (text, "%c%s=\"", i == 0 ? '{' : ',', labels[i].name);
      append_escaped (text, labels[i].value);
      g_string_append_c (text, '"');
    }
  g_string_append (text, n_labels > 0 ? "} " : " ");
}

void
queen_metrics_begin (GString *text, const char *name, const char *type, const char *help)
{
  g_string_append_printf (text, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

void
queen_metrics_add (
    GString *text, const char *name, const QueenLabel *labels, gsize n_labels, guint64 value)
{
  append_name (text, name, labels, n_labels);
  g_string_append_printf (text, "%" G_GUINT64_FORMAT "\n", value);
}

void
queen_metrics_add_number (
    GString *text, const char *name, const QueenLabel *labels, gsize n_labels, double value)
{
  char number[G_ASCII_DTOSTR_BUF_SIZE];

  append_name (text, name, labels, n_labels);
  g_ascii_formatd (number, sizeof number, "%.4g", value);
  g_string_append_printf (text, "%s\n", number);
}

void
queen_metrics_add_one (
    GString *text, const char *name, const char *label, const char *value, guint64 number)
{
  const QueenLabel labels[] = { { label, value } };

  queen_metrics_add (text, name, labels, 1, number);
}

void
queen_metrics_gauge (GString *text, const char *name, const char *help, guint64 value)
{
  queen_metrics_begin (text, name, "gauge", help);
  queen_metrics_add (text, name, NULL, 0, value);
}

void
queen_metrics_counter (GString *text, const char *name, const char *help, guint64 value)
{
  queen_metrics_begin (text, name, "counter", help);
  queen_metrics_add (text, name, NULL, 0, value);
}

void
queen_metrics_seconds (
    GString *text, const char *name, const QueenLabel *labels, gsize n_labels, gint64 span)
{
  append_name (text, name, labels, n_labels);
  g_string_append_printf (text, "%" G_GINT64_FORMAT ".%06d\n", span / G_USEC_PER_SEC,
                          (int) (span % G_USEC_PER_SEC));
}

/* @unit: µs that a span of one is */
static void
append_histogram (
    GString *text, const char *name, const char *help, const QueenHistogram *histogram, gint64 unit)
{
  const gint64 *bounds = queen_histogram_get_bounds ();
  g_autofree char *bucket = g_strconcat (name, "_bucket", NULL);
  g_autofree char *sum = g_strconcat (name, "_sum", NULL);
  g_autofree char *count = g_strconcat (name, "_count", NULL);
  guint64 n = 0;

  queen_metrics_begin (text, name, "histogram", help);
  for (int i = 0; i < QUEEN_HISTOGRAM_N_BOUNDS; i++)
    {
      char bound[G_ASCII_DTOSTR_BUF_SIZE];

      n += histogram->counts[i];
      g_ascii_formatd (bound, sizeof bound, "%g", (double) (bounds[i] * unit) / G_USEC_PER_SEC);
      queen_metrics_add_one (text, bucket, "le", bound, n);
    }
  n += histogram->counts[QUEEN_HISTOGRAM_N_BOUNDS];
  queen_metrics_add_one (text, bucket, "le", "+Inf", n);
  queen_metrics_seconds (text, sum, NULL, 0, (gint64) histogram->sum * unit);
  queen_metrics_add (text, count, NULL, 0, n);
}

void
queen_metrics_histogram (GString *text,
                         const char *name,
                         const char *help,
                         const QueenHistogram *histogram)
{
  append_histogram (text, name, help, histogram, 1);
}

void
queen_metrics_long_histogram (GString *text,
                              const char *name,
                              const char *help,
                              const QueenHistogram *histogram)
{
  append_histogram (text, name, help, histogram, 100);
}
