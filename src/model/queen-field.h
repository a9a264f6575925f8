/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "queen-component.h"
#include "text/queen-json.h"

G_BEGIN_DECLS

typedef struct _QueenField QueenField;

/**
 * QueenFieldType:
 * @signature: of the value on D-Bus
 * @get_text: (nullable): the value as text, %NULL when it is not said; for types that are texts
 * @is_said: (nullable): %NULL for types whose value is always there
 * @equals: (nullable): whether two values are the same; %NULL for what passes with every heartbeat,
 *   and for what no heartbeat says
 * @clear: (nullable): frees what the value points to; %NULL when it points to nothing, as of the
 *   next two
 * @copy: (nullable): makes the value's own what it points to, after a plain copy of the structure
 * @get_size: (nullable): bytes that the value takes beside the structure
 * @check: (nullable): for texts that are kept as a heartbeat says them: whether it may be said; an
 *   @error says what must be, without a name
 * @read: (nullable): takes any other value from a heartbeat; likewise
 * @restore: (nullable): takes the value from a state file; returns what is wrong with it, or %NULL.
 *   Without it queen_field_read() does that
 * @append: (nullable): appends the value as JSON; %NULL for types that are texts
 * @get_variant: (nullable): the value for D-Bus, which has no null: what is not said is what cannot
 *   be said; %NULL for types that are texts
 * @take_variant: (nullable): takes the value from D-Bus; what comes is of the type @signature
 *
 * How values of one type behave. Each function gets a pointer to the value. What no heartbeat says
 * has neither @check nor @read nor @restore. A value that is not said is zeros in #QueenComponent,
 * and as it is in %queen_vitals_unsaid in #QueenVitals: where 0 can be said, it is one of these.
 *
 * A new type is one of these, and a row in `queenctl-field.c`, for how people read and write it.
 */
typedef struct
{
  const char *signature;
  const char *(*get_text) (gconstpointer value);
  gboolean (*is_said) (gconstpointer value);
  gboolean (*equals) (gconstpointer a, gconstpointer b);
  void (*clear) (gpointer value);
  void (*copy) (gpointer value);
  gsize (*get_size) (gconstpointer value);
  gboolean (*check) (const QueenField *field, const char *text, gsize length, GError **error);
  gboolean (*read) (const QueenField *field,
                    const QueenJsonValue *said,
                    gpointer value,
                    GError **error);
  const char *(*restore) (const QueenField *field, const QueenJsonValue *said, gpointer value);
  void (*append) (gconstpointer value, GString *json);
  GVariant *(*get_variant) (gconstpointer value);
  void (*take_variant) (gpointer value, GVariant *variant);
} QueenFieldType;

/**
 * QueenField:
 * @name: as it is called in JSON, and in the state file
 * @nest: (nullable): the object in which it stands in JSON; such ones have @member
 * @member: (nullable): what it is called there
 * @is_required: whether it stands in every object of that @nest
 * @property: of the D-Bus interface
 * @type: what kind of value it is
 * @is_vital: whether its value is in #QueenVitals, and not in #QueenComponent itself
 * @is_passing: whether it may change with every heartbeat, so that a change of it is no news
 * @offset: of its value in one of these; 0 for what is worked out from all of it
 * @most: bytes that a text may have
 * @least: the smallest number that it may be
 * @greatest: the greatest one; 0 when there is none
 * @place: for each kind, its place among what heartbeats of that kind say, in JSON; from 1, and 0
 *   for what such a one does not say
 * @place_in_state: its place among them in a line of the state file
 * @label: what it is called for people, to be translated; %NULL for the id, which is the heading
 * @option: (nullable): the option of `queenctl report` that says it; such ones have @argument, and
 *   @help, to be translated
 *
 * One member of a component.
 */
struct _QueenField
{
  const char *name;
  const char *nest;
  const char *member;
  gboolean is_required;
  const char *property;
  const QueenFieldType *type;
  gboolean is_vital;
  gboolean is_passing;
  gsize offset;
  gsize most;
  double least;
  double greatest;
  guint8 place[QUEEN_COMPONENT_N_KINDS];
  guint8 place_in_state;
  const char *label;
  const char *option;
  const char *argument;
  const char *help;
};

/* What heartbeats say. */
extern const QueenFieldType queen_field_text;   /* char *; %NULL is not said */
extern const QueenFieldType queen_field_id;     /* the same, of a component */
extern const QueenFieldType queen_field_reason; /* the same; made fit instead of refused */
extern const QueenFieldType queen_field_port;   /* guint16; 0 is not said */
extern const QueenFieldType queen_field_health; /* QueenHealth; healthy is not said */
extern const QueenFieldType queen_field_url;    /* char *; where an API is */
extern const QueenFieldType queen_field_api;    /* QueenApi */
extern const QueenFieldType queen_field_int;    /* gint64, not negative; -1 is not said */
extern const QueenFieldType queen_field_bytes;  /* the same, of memory */
extern const QueenFieldType queen_field_real;   /* double; NaN is not said */
extern const QueenFieldType queen_field_part;   /* the same, of a whole */
extern const QueenFieldType queen_field_moment; /* gint64, ns since 1970; 0 is not said */
extern const QueenFieldType queen_field_models; /* char **; %NULL is not said */
extern const QueenFieldType queen_field_gpus;   /* QueenVitalsGpus *; likewise */

/** The members of each of the last, with offsets in #QueenVitalsGpu; behind the last one stands one
 * without a name. */
extern const QueenField queen_field_gpu_fields[];

/* What the queen knows of a component. */
extern const QueenFieldType queen_field_status; /* QueenStatus */
extern const QueenFieldType queen_field_time;   /* gint64, ns since 1970 */
extern const QueenFieldType queen_field_count;  /* guint64 */
extern const QueenFieldType queen_field_online; /* these four of the whole component */
extern const QueenFieldType queen_field_available;
extern const QueenFieldType queen_field_skew;
extern const QueenFieldType
    queen_field_holds; /* rare, so it is left out where many stand together */

/**
 * queen_field_get_value:
 *
 * Returns: (transfer none): where the value is, to be read; to be written only if it is not vital,
 * or
 *   @component has vitals
 */
static inline gpointer
queen_field_get_value (const QueenField *field, const QueenComponent *component)
{
  if (!field->is_vital)
    return G_STRUCT_MEMBER_P (component, field->offset);
  return G_STRUCT_MEMBER_P (component->vitals ? component->vitals : &queen_vitals_unsaid,
                            field->offset);
}

/**
 * queen_field_make_value:
 *
 * Returns: (transfer none): where the value is, to be written; @component has vitals then, if it is
 *   one of these
 */
gpointer queen_field_make_value (const QueenField *field, QueenComponent *component);

/**
 * queen_field_has_place:
 *
 * Returns: %FALSE when the value cannot be said, as nothing vital is. The vital ones are the last
 * of each list of what is said, so whoever goes through one can stop there
 */
static inline gboolean
queen_field_has_place (const QueenField *field, const QueenComponent *component)
{
  return !field->is_vital || component->vitals;
}

/**
 * queen_field_is_said:
 *
 * Returns: whether the value is there, and not as it is of one that says nothing
 */
gboolean queen_field_is_said (const QueenField *field, const QueenComponent *component);

/**
 * queen_field_read_whole:
 * @number: (out): the number
 *
 * Returns: whether @said is a whole number of the @field's range, which may be written `9301.0`, as
 *   JavaScript has it; otherwise an error. Of one that has more digits than a double it is how
 * large it is that counts
 */
gboolean queen_field_read_whole (const QueenField *field,
                                 const QueenJsonValue *said,
                                 gint64 *number,
                                 GError **error);

/**
 * queen_field_read:
 * @field: (nullable): %NULL for the id that a component is called by
 * @type: of the value
 * @value: where to put it
 * @keeper: (nullable): as queen_component_keep_text() takes it
 *
 * Takes the value from a heartbeat.
 *
 * Returns: whether it is one; otherwise an error that says what must be, without a name
 */
gboolean queen_field_read (const QueenField *field,
                           const QueenFieldType *type,
                           const QueenJsonValue *said,
                           gpointer value,
                           QueenComponent *keeper,
                           GError **error);

/**
 * queen_field_restore:
 *
 * Takes the value from a state file.
 *
 * Returns: whether it is one; otherwise an error that says what is wrong, without a name
 */
gboolean queen_field_restore (const QueenField *field,
                              const QueenJsonValue *said,
                              QueenComponent *component,
                              GError **error);

/**
 * queen_field_append_json:
 *
 * Appends the value, which must be there; a health always is.
 */
void
queen_field_append_json (const QueenField *field, const QueenComponent *component, GString *json);

/**
 * queen_field_get_variant:
 *
 * Returns: (transfer floating): the value for D-Bus; empty or 0 when it is not said
 */
GVariant *queen_field_get_variant (const QueenField *field, const QueenComponent *component);

/**
 * queen_field_take_variant:
 * @component: one that is being made from what D-Bus says of it
 * @variant: what was said; of another type than it should be it is left, as is all of @field that
 *   no component of that kind says
 *
 * The clock's skew is put into `said_at`, as it cannot be told yet from when it counts.
 */
void
queen_field_take_variant (const QueenField *field, QueenComponent *component, GVariant *variant);

G_END_DECLS
