/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-listing.h"

#include <string.h>

#include "queen-component-json.h"
#include "queen-error.h"

#define LOOKED_AT_UNTIMED 32 /* components between two looks at the clock */
#define NEXT_DIGITS 16       /* of a number of 64 bits in hexadecimal */
#define USUAL_PAGE 256       /* components */
#define FREE_PART 4          /* of a list that is no page, in which each may be as long as it is */

struct _QueenListing
{
  QueenRegistry *registry;
  QueenSelection selection;
  guint64 at;  /* the sequence of the last one that was looked at */
  guint64 end; /* of the last one that is */
  GString *json;
  guint n_listed;
  guint n_left; /* that are yet to be looked at, unless some are forgotten */
  guint total;
  guint64 last; /* the sequence of the last one that is listed */
  gboolean has_more;
};

/* Of the list of everybody there is one. Any other may be of nobody, whatever it asks for. */
static gsize
get_usual_size (QueenRegistry *registry, const QueenSelection *selection)
{
  guint n_usual = queen_registry_get_total (registry);

  if (selection->limit > 0)
    n_usual = MIN (n_usual, selection->limit);
  if (!queen_selection_is_everybody (selection))
    n_usual = MIN (n_usual, USUAL_PAGE);
  return (n_usual + 1) * (gsize) QUEEN_COMPONENT_USUAL_JSON;
}

/* How many components have to be looked at. */
static guint
count_work (QueenRegistry *registry, const QueenSelection *selection)
{
  guint total = queen_registry_get_total (registry);

  return queen_selection_is_filter (selection) || selection->limit == 0
             ? total
             : MIN (total, selection->limit);
}

/* What at most QUEEN_LISTING_AT_ONCE components take of which a page is made. */
static gsize
count_bytes_of_page (QueenRegistry *registry, const QueenSelection *page)
{
  QueenComponent *components[QUEEN_LISTING_AT_ONCE];
  guint n = queen_registry_list_behind (registry, page->after, components,
                                        MIN (page->limit, QUEEN_LISTING_AT_ONCE));
  gsize n_bytes = 0;

  for (guint i = 0; i < n; i++)
    n_bytes += queen_component_get_size (components[i]);
  return n_bytes;
}

gboolean
queen_listing_is_little (QueenRegistry *registry, const QueenSelection *selection)
{
  gboolean is_page = selection->limit > 0 && !queen_selection_is_filter (selection);
  gsize n_bytes;

  if (count_work (registry, selection) > QUEEN_LISTING_AT_ONCE)
    return FALSE;
  n_bytes =
      is_page ? count_bytes_of_page (registry, selection) : queen_registry_get_n_bytes (registry);
  return n_bytes <= QUEEN_LISTING_AT_ONCE_BYTES;
}

QueenListing *
queen_listing_new (QueenRegistry *registry, const QueenSelection *selection)
{
  QueenListing *self = g_new0 (QueenListing, 1);

  self->registry = registry;
  self->selection = queen_selection_copy (selection);
  self->end = queen_registry_get_last_sequence (registry);
  self->n_left = queen_registry_get_total (registry);
  if (!queen_selection_is_filter (selection))
    {
      self->at = selection->after;
      self->total = queen_registry_get_total (registry);
    }

  self->json = g_string_sized_new (get_usual_size (registry, selection));
  g_string_append_printf (self->json, "{\"%ss\":[",
                          queen_component_kind_get_name (queen_registry_get_kind (registry)));
  return self;
}

static gboolean
is_page_full (const QueenListing *self)
{
  return self->selection.limit > 0 &&
         (self->n_listed == self->selection.limit || self->json->len >= QUEEN_LISTING_MAX_PAGE);
}

static gsize
get_most (const QueenListing *self)
{
  return queen_selection_is_everybody (&self->selection) ? QUEEN_LISTING_MAX_OF_ALL
                                                         : QUEEN_LISTING_MAX;
}

gboolean
queen_listing_is_too_long (const QueenListing *self)
{
  return self->json->len > get_most (self);
}

/* Whoever says much of itself must not take from others that they are listed.
 *
 * Returns: bytes that the next one may have */
static gsize
get_share (const QueenListing *self)
{
  gsize most = get_most (self), length = self->json->len;

  if (self->selection.limit > 0 || length < most / FREE_PART)
    return most;
  return (most - MIN (length, most)) / (self->n_left + 1);
}

static void
append_component (QueenListing *self, const QueenComponent *component)
{
  static void (*const forms[]) (const QueenComponent *, GString *) = {
    queen_component_append_json,
    queen_component_append_short_json,
    queen_component_append_shortest_json,
  };
  gsize length = self->json->len, share = get_share (self);

  for (gsize i = 0; i == 0 || (i < G_N_ELEMENTS (forms) && self->json->len - length > share); i++)
    {
      g_string_truncate (self->json, length);
      forms[i](component, self->json);
    }
}

static void
list_component (QueenListing *self, const QueenComponent *component)
{
  if (component->sequence <= self->selection.after)
    return;
  if (is_page_full (self))
    {
      self->has_more = TRUE;
      return;
    }
  if (self->n_listed++ > 0)
    g_string_append_c (self->json, ',');
  append_component (self, component);
  self->last = component->sequence;
}

/* Returns whether there is more to look at. */
static gboolean
look_at_some (QueenListing *self)
{
  gboolean is_filter = queen_selection_is_filter (&self->selection);
  QueenComponent *components[LOOKED_AT_UNTIMED];
  guint n = queen_registry_list_behind (self->registry, self->at, components, LOOKED_AT_UNTIMED);

  for (guint i = 0; i < n; i++)
    {
      if (components[i]->sequence > self->end)
        return FALSE;
      self->at = components[i]->sequence;
      self->n_left -= self->n_left > 0;
      if (is_filter && !queen_selection_matches (&self->selection, components[i]))
        continue;
      self->total += is_filter;
      list_component (self, components[i]);
    }
  return n == LOOKED_AT_UNTIMED && (is_filter || !self->has_more);
}

static void
end_list (QueenListing *self)
{
  /* While it was written, some may have been forgotten. */
  if (queen_selection_is_everybody (&self->selection))
    self->total = self->n_listed;
  g_string_append_printf (self->json, "],\"total\":%u", self->total);
  if (self->has_more || queen_selection_is_page (&self->selection))
    queen_listing_append_page_end (self->json, self->has_more, self->last);
  g_string_append (self->json, "}\n");
}

gboolean
queen_listing_write (QueenListing *self, const QueenClock *clock, gint64 until)
{
  while (look_at_some (self))
    if (queen_listing_is_too_long (self))
      return TRUE;
    else if (clock->get_monotonic () >= until)
      return FALSE;
  end_list (self);
  return TRUE;
}

GBytes *
queen_listing_free_to_bytes (QueenListing *self)
{
  gsize length = self->json->len;
  char *text = g_string_free (g_steal_pointer (&self->json), FALSE);

  queen_listing_free (self);
  /* It may wait for long, and counts as long as it is, and not as what was reserved for it. */
  return g_bytes_new_take (g_realloc (text, length + 1), length);
}

gsize
queen_listing_get_n_bytes (const QueenListing *self)
{
  return self->json->len;
}

void
queen_listing_free (QueenListing *self)
{
  queen_selection_clear (&self->selection);
  if (self->json)
    g_string_free (self->json, TRUE);
  g_free (self);
}

void
queen_listing_append_next (GString *text, guint64 sequence)
{
  g_string_append_printf (text, "%0*" G_GINT64_MODIFIER "x", NEXT_DIGITS, sequence);
}

gboolean
queen_listing_parse_next (const char *text, guint64 *sequence)
{
  return strlen (text) == NEXT_DIGITS && strspn (text, "0123456789abcdef") == NEXT_DIGITS &&
         g_ascii_string_to_unsigned (text, 16, 1, G_MAXUINT64, sequence, NULL);
}

gboolean
queen_listing_take_limit (
    const char *name, const char *value, guint most, guint *limit, GError **error)
{
  guint64 said;

  /* GLib would skip a vertical tab before the digits. */
  if (*limit > 0 || !g_ascii_isdigit (*value) ||
      !g_ascii_string_to_unsigned (value, 10, 1, most, &said, NULL))
    return queen_error_refuse (error, QUEEN_ERROR_BAD_REQUEST,
                               "%s must be one whole number from 1 to %u", name, most);
  *limit = (guint) said;
  return TRUE;
}

gboolean
queen_listing_take_after (const char *name, const char *value, guint64 *after, GError **error)
{
  return (*after == 0 && queen_listing_parse_next (value, after)) ||
         queen_error_refuse (error, QUEEN_ERROR_BAD_REQUEST,
                             "%s must be what the page before it has as next, and only once", name);
}

void
queen_listing_append_page_end (GString *json, gboolean has_more, guint64 last)
{
  g_string_append (json, has_more ? ",\"next\":\"" : ",\"next\":null");
  if (!has_more)
    return;
  queen_listing_append_next (json, last);
  g_string_append_c (json, '"');
}
