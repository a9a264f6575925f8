/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <json-glib/json-glib.h>

#include "model/queen-field.h"

G_BEGIN_DECLS

/* Members of a component, as people read and write them. */

/**
 * queenctl_field_is_in:
 * @component: as the queen's JSON has it
 *
 * Returns: whether such a component has that member, said or not
 */
gboolean queenctl_field_is_in (const QueenField *field, JsonObject *component);

/**
 * queenctl_field_describe:
 *
 * Returns: (transfer full): the value for people; empty when it is not said
 */
char *queenctl_field_describe (const QueenField *field, JsonObject *component);

/**
 * queenctl_field_set:
 * @text: the value, as the command line has it
 * @heartbeat: what is to say it
 *
 * Returns: whether @text can be such a value; otherwise an error
 */
gboolean queenctl_field_set (const QueenField *field,
                             const char *text,
                             JsonObject *heartbeat,
                             GError **error);

G_END_DECLS
