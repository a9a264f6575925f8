/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-exposition.h"

#include <math.h>
#include <string.h>

#define LARGEST 9007199254740992.0 /* 2^53: up to here a double is exact */

/* What was found of one row. */
typedef struct
{
  gboolean is_there;
  double value;
} Found;

static const char *
skip_empty (const char *line)
{
  while (*line == '\n')
    line++;
  return line;
}

/* Returns: the next one that is not empty: there may be a million of those that are */
static const char *
next_line (const char *line)
{
  const char *end = strchr (line, '\n');

  return end ? skip_empty (end) : line + strlen (line);
}

/* Returns: (nullable): behind the brace that ends the labels at @at, all on one line; values may
 * have braces in them */
static const char *
skip_labels (const char *at)
{
  gboolean is_quoted = FALSE;

  for (; *at != '\0' && *at != '\n'; at++)
    {
      if (is_quoted && *at == '\\' && at[1] != '\0' && at[1] != '\n')
        at++;
      else if (*at == '"')
        is_quoted = !is_quoted;
      else if (*at == '}' && !is_quoted)
        return at + 1;
    }
  return NULL;
}

static gboolean
has_label (const char *labels, const char *end, const char *label)
{
  gsize length = strlen (label);
  const char *at = g_strstr_len (labels, end - labels, label);

  /* The name must be all of it: “type” is not the end of “request_type”. */
  return at && (at[-1] == '{' || at[-1] == ',' || at[-1] == ' ') && at + length <= end;
}

/* @at: behind the name, at the labels or the value */
static gboolean
read_sample (const char *at, const char *label, double *value)
{
  const char *labels = at;
  char *end;

  if (*at == '{')
    at = skip_labels (at);
  if (!at || (label && (*labels != '{' || !has_label (labels, at, label))))
    return FALSE;
  while (*at == ' ' || *at == '\t')
    at++;
  /* strtod() would look for the number in the next line. */
  if (*at == '\n' || *at == '\0')
    return FALSE;
  *value = g_ascii_strtod (at, &end);
  return end != at && (g_ascii_isspace (*end) || *end == '\0') && isfinite (*value) &&
         *value >= 0 && *value <= LARGEST;
}

static void
take_sample (const QueenMetric *metric, double value, Found *found)
{
  found->value = metric->is_greatest ? MAX (found->value, value) : found->value + value;
  found->is_there = TRUE;
}

/* Returns: (nullable): behind the name, if it is @name */
static const char *
skip_name (const char *line, const char *name)
{
  while (*name != '\0' && *line == *name)
    {
      line++;
      name++;
    }
  return *name == '\0' && (*line == '{' || *line == ' ' || *line == '\t') ? line : NULL;
}

static void
read_line (const char *line, const QueenMetric *metrics, Found *found)
{
  double value;

  for (gsize i = 0; metrics[i].name && i < QUEEN_METRIC_MAX_ROWS; i++)
    {
      const char *end = skip_name (line, metrics[i].name);

      if (end && read_sample (end, metrics[i].label, &value))
        take_sample (&metrics[i], value, &found[i]);
    }
}

static void
set_member (QueenReading *reading, QueenMetricMember member, double value)
{
  switch (member)
    {
    case QUEEN_METRIC_RUNNING:
      reading->running = (gint64) value;
      reading->busy_source = "metrics";
      break;
    case QUEEN_METRIC_WAITING:
      reading->waiting = (gint64) value;
      break;
    case QUEEN_METRIC_SLOTS:
      reading->slots = value >= 1 ? (gint64) value : -1;
      break;
    case QUEEN_METRIC_KV_USAGE:
      reading->kv_usage = MIN (value, 1);
      break;
    case QUEEN_METRIC_PROGRESS:
      reading->progress = value;
      break;
    case QUEEN_METRIC_TOKENS:
      reading->tokens = value;
      break;
    case QUEEN_METRIC_TOKENS_PER_SECOND:
      reading->tokens_per_second = value;
      break;
    case QUEEN_METRIC_N_MEMBERS:
      break;
    }
}

gboolean
queen_exposition_read (const char *text, const QueenMetric *metrics, QueenReading *reading)
{
  Found found[QUEEN_METRIC_MAX_ROWS] = { 0 };
  gboolean is_set[QUEEN_METRIC_N_MEMBERS] = { FALSE };
  gboolean is_any = FALSE;

  for (const char *line = skip_empty (text); *line != '\0'; line = next_line (line))
    if (*line != '#')
      read_line (line, metrics, found);
  for (gsize i = 0; metrics[i].name && i < QUEEN_METRIC_MAX_ROWS; i++)
    if (found[i].is_there && !is_set[metrics[i].member])
      {
        is_set[metrics[i].member] = TRUE;
        is_any = TRUE;
        set_member (reading, metrics[i].member, MIN (found[i].value, LARGEST));
      }
  return is_any;
}

/* A search costs as little however short the lines are, and a stranger's text is looked through for
 * each kind of server. */
gboolean
queen_exposition_has (const char *text, const char *prefix)
{
  g_autofree char *at_begin = g_strconcat ("\n", prefix, NULL);

  return g_str_has_prefix (text, prefix) || strstr (text, at_begin);
}
