/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "queen-component.h"

G_BEGIN_DECLS

/** Bytes that nearly every component's JSON fits in. */
#define QUEEN_COMPONENT_USUAL_JSON 768

/**
 * queen_component_append_json:
 * @json: where to write
 *
 * Appends @component as an object with all that is known of it. Every member of its kind is there,
 * always in the same order; what was not said is null.
 */
void queen_component_append_json (const QueenComponent *component, GString *json);

/**
 * queen_component_append_short_json:
 * @json: where to write
 *
 * Appends the same with null for each text and list that its heartbeat has said, but for its id,
 * and with a last member `shortened` that says so: there is no more than some 1 200 bytes of it.
 */
void queen_component_append_short_json (const QueenComponent *component, GString *json);

/**
 * queen_component_append_shortest_json:
 * @json: where to write
 *
 * Appends only which one it is, and whether it is online and available, and that this is not all:
 * no more than some 350 bytes.
 */
void queen_component_append_shortest_json (const QueenComponent *component, GString *json);

G_END_DECLS
