/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queenctl-filter.h"

#include <glib/gi18n.h>

#include "queenctl-error.h"
#include "queenctl-word.h"

typedef int (*Compare) (const QueenctlComponent *a, const QueenctlComponent *b, const char *member);

struct _QueenctlFilter
{
  const QueenctlOptions *options;
  gboolean has_kind;
  QueenComponentKind kind;
  char **states; /* (nullable) */
  guint sort_key;
  gboolean is_reversed;
};

/* Sorting */

static int
compare_text (const QueenctlComponent *a, const QueenctlComponent *b, const char *member)
{
  return g_utf8_collate (queenctl_component_get_string (a, member),
                         queenctl_component_get_string (b, member));
}

static int
compare_number (const QueenctlComponent *a, const QueenctlComponent *b, const char *member)
{
  guint64 left = queenctl_component_get_number (a, member);
  guint64 right = queenctl_component_get_number (b, member);

  return left < right ? -1 : left > right;
}

static int
compare_time (const QueenctlComponent *a, const QueenctlComponent *b, const char *member)
{
  gint64 left = queenctl_component_get_time (a, member);
  gint64 right = queenctl_component_get_time (b, member);

  return left < right ? -1 : left > right;
}

static int
compare_id (const QueenctlComponent *a, const QueenctlComponent *b, const char *member)
{
  return queenctl_component_compare (&a, &b);
}

static const struct
{
  const char *name;
  Compare compare;
  const char *member;
} sort_keys[] = {
  { "id", compare_id, "id" },
  { "state", compare_text, "status" },
  { "model", compare_text, "model_id" },
  { "hive", compare_text, "hive_id" },
  { "device", compare_text, "device" },
  { "first-seen", compare_time, "first_seen" },
  { "last-seen", compare_time, "last_seen" },
  { "heartbeats", compare_number, "heartbeats" },
};

static int
compare_components (gconstpointer a, gconstpointer b, gpointer data)
{
  const QueenctlFilter *self = data;
  const QueenctlComponent *left = *(QueenctlComponent *const *) a;
  const QueenctlComponent *right = *(QueenctlComponent *const *) b;
  int order = sort_keys[self->sort_key].compare (left, right, sort_keys[self->sort_key].member);

  if (queenctl_component_get_kind (left) != queenctl_component_get_kind (right))
    return queenctl_component_compare (a, b);
  if (order == 0)
    return queenctl_component_compare (a, b);
  return self->is_reversed ? -order : order;
}

/* What the command line says */

gboolean
queenctl_filter_check_state (const char *option, const char *word, GError **error)
{
  return queenctl_word_check (option, word, queenctl_word_states, error);
}

static gboolean
read_states (QueenctlFilter *self, GError **error)
{
  if (!self->options->state)
    return TRUE;
  self->states = g_strsplit (self->options->state, ",", -1);
  for (char **state = self->states; *state; state++)
    if (!queenctl_filter_check_state ("--state", *state, error))
      return FALSE;
  /* An empty text has no parts, not an empty one. */
  return *self->states || queenctl_filter_check_state ("--state", "", error);
}

static gboolean
read_sort (QueenctlFilter *self, GError **error)
{
  const char *names[G_N_ELEMENTS (sort_keys) + 1] = { NULL };
  const char *name = self->options->sort;

  if (!name)
    return TRUE;
  self->is_reversed = *name == '-';
  name += self->is_reversed ? 1 : 0;
  for (guint i = 0; i < G_N_ELEMENTS (sort_keys); i++)
    {
      names[i] = sort_keys[i].name;
      if (g_ascii_strcasecmp (name, names[i]) == 0)
        self->sort_key = i;
    }
  return queenctl_word_check ("--sort", name, names, error);
}

/* An option that only workers know says that these are meant. */
static gboolean
imply_workers (QueenctlFilter *self, const char *option, GError **error)
{
  if (!queenctl_options_get (self->options, option))
    return TRUE;
  if (!self->has_kind || self->kind == QUEEN_COMPONENT_WORKER)
    {
      self->has_kind = TRUE;
      self->kind = QUEEN_COMPONENT_WORKER;
      return TRUE;
    }
  g_set_error (error, QUEENCTL_ERROR, QUEENCTL_ERROR_USAGE, _ ("--%s does not go with a hive"),
               option);
  return FALSE;
}

static gboolean
read_kind (QueenctlFilter *self, const char *kind, GError **error)
{
  if (kind && !queenctl_kind_parse_argument (kind, &self->kind, error))
    return FALSE;
  self->has_kind = kind != NULL;
  return imply_workers (self, "model", error) && imply_workers (self, "hive", error);
}

QueenctlFilter *
queenctl_filter_new (const QueenctlOptions *options, const char *kind, GError **error)
{
  g_autoptr (QueenctlFilter) self = g_new0 (QueenctlFilter, 1);
  const char *health = queenctl_options_get (options, "health");

  self->options = options;
  if (!read_kind (self, kind, error) || !read_states (self, error) || !read_sort (self, error) ||
      !queenctl_options_check_text ("--model", queenctl_options_get (options, "model"), error) ||
      !queenctl_options_check_text ("--hive", queenctl_options_get (options, "hive"), error) ||
      (health && !queenctl_word_check ("--health", health, queenctl_word_healths, error)))
    return NULL;
  return g_steal_pointer (&self);
}

void
queenctl_filter_free (QueenctlFilter *self)
{
  g_strfreev (self->states);
  g_free (self);
}

const QueenComponentKind *
queenctl_filter_get_kind (const QueenctlFilter *self)
{
  return self->has_kind ? &self->kind : NULL;
}

/* Matching */

static gboolean
is_in_states (const QueenctlFilter *self, const QueenctlComponent *component)
{
  for (char **state = self->states; state && *state; state++)
    if (queenctl_component_is_in_state (component, *state))
      return TRUE;
  return self->states == NULL;
}

static gboolean
is_of_model (const QueenctlFilter *self, const QueenctlComponent *component)
{
  const char *wanted = queenctl_options_get (self->options, "model");

  return !wanted || queenctl_component_serves (component, wanted);
}

static gboolean
is_of_hive (const QueenctlFilter *self, const QueenctlComponent *component)
{
  const char *wanted = queenctl_options_get (self->options, "hive");

  return !wanted || g_str_equal (queenctl_component_get_string (component, "hive_id"), wanted);
}

static gboolean
is_in_health (const QueenctlFilter *self, const QueenctlComponent *component)
{
  const char *wanted = queenctl_options_get (self->options, "health");

  return !wanted || g_ascii_strcasecmp (queenctl_component_get_health (component), wanted) == 0;
}

gboolean
queenctl_filter_matches (const QueenctlFilter *self, const QueenctlComponent *component)
{
  return (!self->has_kind || queenctl_component_get_kind (component) == self->kind) &&
         is_in_states (self, component) && is_of_model (self, component) &&
         is_of_hive (self, component) && is_in_health (self, component);
}

void
queenctl_filter_apply (const QueenctlFilter *self, GPtrArray *components)
{
  gpointer *all = components->pdata;
  guint n_kept = 0;

  for (guint i = 0; i < components->len; i++)
    if (queenctl_filter_matches (self, all[i]))
      {
        gpointer kept = all[i];

        all[i] = all[n_kept];
        all[n_kept++] = kept;
      }
  g_ptr_array_set_size (components, (int) n_kept);
  if (self->options->sort)
    g_ptr_array_sort_with_data (components, compare_components, (gpointer) self);
}
