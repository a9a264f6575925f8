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
 * queenctl_output_get_width:
 *
 * Returns: how many columns there are; 0 when that is no matter, as there is no terminal
 */
guint queenctl_output_get_width (void);

/** Returns: how many lines there are; 0 likewise */
guint queenctl_output_get_height (void);

/** Returns: whether stdout is a terminal */
gboolean queenctl_output_is_terminal (void);

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
 * queenctl_output_write:
 * @text: at least one byte
 *
 * Writes it at once. Whoever has stopped to read is waited for, until we are told to end
 * (queenctl_interrupt_listen()).
 *
 * Returns: whether all of it was taken
 */
gboolean queenctl_output_write (const char *text, gsize length);

/**
 * queenctl_output_print_json:
 * @builder: a whole document
 *
 * Prints it, in a form for people if one of them is there to read it.
 */
void queenctl_output_print_json (JsonBuilder *builder);

/** queenctl_output_print_node: the same of a document that is a tree already. */
void queenctl_output_print_node (JsonNode *node);

/** queenctl_output_print_line: the same on one line, wherever it is read. */
void queenctl_output_print_line (JsonNode *node);

/**
 * queenctl_output_add_component:
 *
 * Adds @component as an object, as `GET /v1/workers/{id}` answers it.
 */
void queenctl_output_add_component (JsonBuilder *builder, const QueenctlComponent *component);

/** queenctl_output_print_component: prints that object alone. */
void queenctl_output_print_component (const QueenctlComponent *component);

/**
 * queenctl_output_print_components:
 * @components: (element-type QueenctlComponent): workers and hives
 *
 * Prints them as the queen's lists have them, each kind in a list of its own.
 */
void queenctl_output_print_components (GPtrArray *components);

/**
 * queenctl_output_print_ok:
 * @format: (printf): what has been done, as the queen's own answer says it
 */
void queenctl_output_print_ok (const char *format, ...) G_GNUC_PRINTF (1, 2);

/** Says on stderr what went wrong. */
void queenctl_output_complain (const GError *error);

/**
 * queenctl_output_add_complaint:
 * @last: (inout): the error that was there before, or %NULL
 * @error: (transfer full): another one
 *
 * Says what @last was, and puts @error into its place. So each of several is said, the last one by
 * whom it is handed to in the end.
 */
void queenctl_output_add_complaint (GError **last, GError *error);

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
