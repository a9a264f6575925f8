/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-component.h"

#include <string.h>

#include "queen-component-fields.h"

G_DEFINE_BOXED_TYPE (QueenComponent, queen_component, queen_component_ref, queen_component_unref)

static const char *const health_names[] = {
  [QUEEN_HEALTH_HEALTHY] = "healthy",
  [QUEEN_HEALTH_DEGRADED] = "degraded",
  [QUEEN_HEALTH_UNHEALTHY] = "unhealthy",
};

/* The first of what a component of that kind has of its own, one member after the other: its id and
 * what it says. The vital members come last, and are there only if there are any. */
static const QueenField *const *
get_said (const QueenComponent *component)
{
  return queen_component_fields_list_said (component->kind);
}

static gboolean
is_there (const QueenField *field, const QueenComponent *component)
{
  return field && queen_field_has_place (field, component);
}

/* Texts that it keeps */

static const char *
get_room (const QueenComponent *component)
{
  return (const char *) (component + 1);
}

static gboolean
is_in_room (const QueenComponent *component, const char *text)
{
  return (guintptr) text - (guintptr) get_room (component) < component->n_room;
}

/* Whether it may point to memory of its own. Most of what can be said is not said, or kept here. */
static gboolean
has_memory (const QueenField *field, const QueenComponent *component)
{
  gconstpointer value = queen_field_get_value (field, component);
  const char *text = field->type->check ? *(const char *const *) value : NULL;

  return field->type->check ? text && !is_in_room (component, text) : field->type->clear != NULL;
}

char *
queen_component_keep_text (QueenComponent *component, const char *text, gsize length)
{
  char *kept;

  if (!component || length >= (gsize) (component->n_room - component->n_texts))
    return g_strndup (text, length);
  kept = (char *) get_room (component) + component->n_texts;
  component->n_texts += (guint8) (length + 1);
  *(char *) mempcpy (kept, text, length) = '\0';
  return kept;
}

static void
free_component (QueenComponent *component)
{
  for (const QueenField *const *field = get_said (component); is_there (*field, component); field++)
    if (has_memory (*field, component))
      (*field)->type->clear (queen_field_get_value (*field, component));
  queen_hold_list_unref (component->holds);
  queen_hold_list_unref (component->hive_holds);
  g_free (component->not_called);
  g_free (component->vitals);
  g_clear_pointer (&component->sender, g_ref_string_release);
  if (!is_in_room (component, component->id))
    g_free (component->id);
  g_free (component);
}

QueenComponent *
queen_component_new_with_room (QueenComponentKind kind, gsize n_room)
{
  guint8 room = (guint8) MIN (n_room, G_MAXUINT8);
  /* Not of what is zero already: glibc keeps what was freed for malloc (), and not for calloc ().
   */
  QueenComponent *component = g_malloc (sizeof *component + room);

  *component = (QueenComponent){ .kind = kind, .n_room = room };
  g_atomic_ref_count_init (&component->ref_count);
  return component;
}

QueenComponent *
queen_component_new (QueenComponentKind kind)
{
  return queen_component_new_with_room (kind, 0);
}

/* But for its count, which other threads change meanwhile. */
static void
copy_members (QueenComponent *copy, const QueenComponent *component)
{
  const gsize before = G_STRUCT_OFFSET (QueenComponent, ref_count);
  const gsize behind = before + sizeof component->ref_count;

  memcpy (copy, component, before);
  memcpy ((guint8 *) copy + behind, (const guint8 *) component + behind, sizeof *copy - behind);
}

/* Returns: (transfer full): the same, held by nobody yet */
static QueenComponent *
copy_said (const QueenComponent *component)
{
  QueenComponent *copy = queen_component_new (component->kind);

  copy_members (copy, component);
  copy->n_room = copy->n_texts = 0;
  copy->id = g_strdup (component->id);
  copy->vitals = g_memdup2 (component->vitals, sizeof *component->vitals);
  for (const QueenField *const *field = get_said (copy); is_there (*field, copy); field++)
    if ((*field)->type->copy)
      (*field)->type->copy (queen_field_get_value (*field, copy));
  copy->not_called = g_strdup (component->not_called);
  if (copy->sender)
    g_ref_string_acquire (copy->sender);
  copy->holds = copy->hive_holds = NULL;
  return copy;
}

QueenComponent *
queen_component_copy_held (const QueenComponent *component,
                           QueenHoldList *holds,
                           QueenHoldList *hive_holds)
{
  QueenComponent *copy = copy_said (component);

  copy->holds = queen_hold_list_ref (holds);
  copy->hive_holds = queen_hold_list_ref (hive_holds);
  return copy;
}

QueenComponent *
queen_component_copy_offline (const QueenComponent *component, gint64 since, gint64 deadline)
{
  QueenComponent *copy =
      queen_component_copy_held (component, component->holds, component->hive_holds);

  copy->status = QUEEN_STATUS_OFFLINE;
  copy->since = since;
  copy->deadline = deadline;
  return copy;
}

gboolean
queen_component_says_same (const QueenComponent *a, const QueenComponent *b)
{
  if (a->kind != b->kind || a->status != b->status || g_strcmp0 (a->id, b->id) != 0 ||
      a->holds != b->holds || a->hive_holds != b->hive_holds ||
      g_strcmp0 (a->not_called, b->not_called) != 0 ||
      queen_component_is_available (a) != queen_component_is_available (b))
    return FALSE;
  for (const QueenField *const *field = get_said (a); is_there (*field, a) || is_there (*field, b);
       field++)
    if (!(*field)->is_passing && !(*field)->type->equals (queen_field_get_value (*field, a),
                                                          queen_field_get_value (*field, b)))
      return FALSE;
  return TRUE;
}

gboolean
queen_component_has_same_sender (const QueenComponent *a, const QueenComponent *b)
{
  /* It is the same text, unless another queen has said one of them. */
  return a->sender == b->sender || g_strcmp0 (a->sender, b->sender) == 0;
}

static const char *
get_url (const QueenComponent *component)
{
  return component->vitals ? component->vitals->url : NULL;
}

gboolean
queen_component_is_at_same_place (const QueenComponent *a, const QueenComponent *b)
{
  return a->port == b->port && memcmp (&a->source, &b->source, sizeof a->source) == 0 &&
         g_strcmp0 (a->hostname, b->hostname) == 0 && g_strcmp0 (get_url (a), get_url (b)) == 0;
}

QueenComponent *
queen_component_ref (QueenComponent *component)
{
  g_atomic_ref_count_inc (&component->ref_count);
  return component;
}

void
queen_component_unref (QueenComponent *component)
{
  if (g_atomic_ref_count_dec (&component->ref_count))
    free_component (component);
}

gsize
queen_component_get_size (const QueenComponent *component)
{
  gsize size = sizeof *component + component->n_room;

  if (!is_in_room (component, component->id))
    size += queen_field_id.get_size (&component->id);
  if (component->vitals)
    size += sizeof *component->vitals;
  if (component->not_called)
    size += strlen (component->not_called) + 1;
  for (const QueenField *const *field = get_said (component); is_there (*field, component); field++)
    if (has_memory (*field, component))
      size += (*field)->type->get_size (queen_field_get_value (*field, component));
  return size;
}

gboolean
queen_component_is_online (const QueenComponent *component)
{
  return queen_status_is_online (component->status);
}

/* Whether one that is busy takes more all the same. */
static gboolean
has_slot (const QueenComponent *component)
{
  const QueenVitals *vitals = component->vitals;

  return component->kind == QUEEN_COMPONENT_HIVE ||
         (vitals && vitals->running >= 0 && vitals->running < vitals->slots);
}

gboolean
queen_component_is_held (const QueenComponent *component)
{
  return component->holds || component->hive_holds;
}

gboolean
queen_component_is_available (const QueenComponent *component)
{
  if (queen_component_is_held (component))
    return FALSE;
  switch (component->status)
    {
    case QUEEN_STATUS_READY:
    case QUEEN_STATUS_ONLINE:
      return component->health != QUEEN_HEALTH_UNHEALTHY;
    case QUEEN_STATUS_BUSY:
      return component->health != QUEEN_HEALTH_UNHEALTHY && has_slot (component);
    default:
      return FALSE;
    }
}

gint64
queen_component_get_clock_skew (const QueenComponent *component)
{
  return component->said_at - component->last_seen / 1000;
}

const char *
queen_component_kind_get_name (QueenComponentKind kind)
{
  return kind == QUEEN_COMPONENT_WORKER ? "worker" : "hive";
}

const char *
queen_component_kind_get_plural (QueenComponentKind kind)
{
  return kind == QUEEN_COMPONENT_WORKER ? "workers" : "hives";
}

gboolean
queen_component_kind_parse (const char *text, QueenComponentKind *kind)
{
  for (int i = 0; i < QUEEN_COMPONENT_N_KINDS; i++)
    if (g_str_equal (text, queen_component_kind_get_name (i)))
      {
        *kind = (QueenComponentKind) i;
        return TRUE;
      }
  return FALSE;
}

gboolean
queen_health_parse (const char *text, QueenHealth *health)
{
  for (gsize i = 0; i < G_N_ELEMENTS (health_names); i++)
    if (g_str_equal (text, health_names[i]))
      {
        *health = (QueenHealth) i;
        return TRUE;
      }
  return FALSE;
}

const char *
queen_health_get_name (QueenHealth health)
{
  g_return_val_if_fail ((gsize) health < G_N_ELEMENTS (health_names), NULL);

  return health_names[health];
}
