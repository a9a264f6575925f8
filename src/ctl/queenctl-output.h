/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <json-glib/json-glib.h>

#include "queenctl-component.h"

G_BEGIN_DECLS

typedef enum
{
  QUEENCTL_STYLE_PLAIN,
  QUEENCTL_STYLE_HEADING,
  QUEENCTL_STYLE_FAINT,
  QUEENCTL_STYLE_GOOD,
  QUEENCTL_STYLE_FAIR,
  QUEENCTL_STYLE_BAD,
} QueenctlStyle;

/**
 * queenctl_output_init:
 * @is_color_refused: whether the command line asks for no colours
 *
 * Finds out what stdout can show. To be called before anything is printed.
 */
void queenctl_output_init (gboolean is_color_refused);

/**
 * queenctl_output_begin_style:
 *
 * Returns: what to print before text of this style; empty where there are no colours
 */
const char *queenctl_output_begin_style (QueenctlStyle style);

/**
 * queenctl_output_end_style:
 *
 * Returns: what to print after text of this style
 */
const char *queenctl_output_end_style (QueenctlStyle style);

/**
 * queenctl_output_print_json:
 * @builder: a whole document
 *
 * Prints it, in a form for people if one of them is there to read it.
 */
void queenctl_output_print_json (JsonBuilder *builder);

/**
 * queenctl_output_print_json_text:
 * @json: a JSON document
 *
 * Prints it on one line.
 */
void queenctl_output_print_json_text (const char *json);

/**
 * queenctl_output_add_properties:
 * @builder: with an object begun
 * @interface: whose properties, in which order
 * @properties: their values, `a{sv}`
 *
 * Adds each as a member, as in `model_id`; times are RFC 3339.
 */
void queenctl_output_add_properties (JsonBuilder *builder,
                                     GDBusInterfaceInfo *interface,
                                     GVariant *properties);

/**
 * queenctl_output_add_component:
 *
 * Adds @component as an object.
 */
void queenctl_output_add_component (JsonBuilder *builder, const QueenctlComponent *component);

/**
 * queenctl_output_get_style:
 *
 * Returns: the style that shows how well @component is
 */
QueenctlStyle queenctl_output_get_style (const QueenctlComponent *component);

/**
 * queenctl_output_dup_state:
 *
 * Returns: (transfer full): the state of @component for people, such as `ready` or `busy, degraded`
 */
char *queenctl_output_dup_state (const QueenctlComponent *component);

G_END_DECLS
