/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "queen-field.h"

G_BEGIN_DECLS

/**
 * queen_component_fields:
 *
 * All members of a component, in the order in which people see them; behind the last one stands one
 * without a name. Whatever lists members reads them here. What heartbeats say stands together, and
 * of that what is vital is the last, also by its place.
 */
extern const QueenField queen_component_fields[];

/**
 * queen_component_fields_list:
 *
 * Returns: (transfer none) (array zero-terminated=1): the members of that kind, in their order in
 *   JSON
 */
const QueenField *const *queen_component_fields_list (QueenComponentKind kind);

/**
 * queen_component_fields_list_said:
 *
 * Returns: (transfer none) (array zero-terminated=1): those that heartbeats of that kind say, in
 *   their order in JSON
 */
const QueenField *const *queen_component_fields_list_said (QueenComponentKind kind);

/**
 * queen_component_fields_list_kept:
 *
 * Returns: (transfer none) (array zero-terminated=1): the same ones in their order in the state
 * file
 */
const QueenField *const *queen_component_fields_list_kept (QueenComponentKind kind);

#define QUEEN_FIELD_INDEX_MAX 64 /* members of one kind: there are a third as many */

/**
 * QueenFieldIndex:
 * @fields: as queen_component_fields_list_said() gives them
 * @first: for each letter, one more than the place in @fields of the first that is called so in
 *   JSON; 0 for none
 * @next: for each of @fields, likewise of the next one with the same letter
 *
 * Finds members by their names. Senders say what they like in whatever order, and there are more
 * members than anybody says.
 */
typedef struct
{
  const QueenField *const *fields;
  guint8 first[256];
  guint8 next[QUEEN_FIELD_INDEX_MAX];
} QueenFieldIndex;

/** Returns: (transfer none): the index of what heartbeats of that kind say */
const QueenFieldIndex *queen_component_fields_get_index (QueenComponentKind kind);

/** Returns: what it is called in JSON, or the object that it stands in */
static inline const char *
queen_field_get_top_name (const QueenField *field)
{
  return field->nest ? field->nest : field->name;
}

/** Returns: (nullable) (transfer none): where in the list the first of that name is */
static inline const QueenField *const *
queen_field_index_find (const QueenFieldIndex *index, const char *name)
{
  for (guint i = index->first[(guchar) *name]; i > 0; i = index->next[i - 1])
    if (g_str_equal (queen_field_get_top_name (index->fields[i - 1]), name))
      return &index->fields[i - 1];
  return NULL;
}

/**
 * queen_component_fields_find_property:
 * @name: of a property on D-Bus
 *
 * Returns: (nullable): the member that it is
 */
const QueenField *queen_component_fields_find_property (const char *name);

/** Returns: whether heartbeats of that kind say it */
static inline gboolean
queen_field_is_said_by (const QueenField *field, QueenComponentKind kind)
{
  return field->place[kind] != 0;
}

/** Returns: whether no heartbeat says it, as it is the queen who knows it */
static inline gboolean
queen_field_is_of_queen (const QueenField *field)
{
  for (int kind = 0; kind < QUEEN_COMPONENT_N_KINDS; kind++)
    if (field->place[kind] != 0)
      return FALSE;
  return TRUE;
}

G_END_DECLS
