/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "queen-json-index.h"
#include "queen-json-skip.h"

G_BEGIN_DECLS

#define QUEEN_JSON_MAX_MEMBERS 64           /* of one object, as far as they are wanted */
#define QUEEN_JSON_MAX_VALUES 1024          /* that are kept, where not all are wanted */
#define QUEEN_JSON_MAX_ALL_VALUES 1000000   /* that are kept, where all are */
#define QUEEN_JSON_MAX_PICKED (1024 * 1024) /* bytes that are wanted of a long text */
#define QUEEN_JSON_MAX_PASSED 65536         /* members of a long text, wanted or not */
#define QUEEN_JSON_MAX_INTEGER 15           /* digits: what a double can hold exactly */

#define QUEEN_JSON_IN_ARRAY                                                                        \
  "[]" /* what the name of a wanted one begins with that stands in one                             \
        */

typedef enum
{
  QUEEN_JSON_NULL,
  QUEEN_JSON_BOOLEAN,
  QUEEN_JSON_INTEGER,
  QUEEN_JSON_DOUBLE,
  QUEEN_JSON_STRING,
  QUEEN_JSON_ARRAY,
  QUEEN_JSON_OBJECT,
} QueenJsonType;

/**
 * QueenJsonValue:
 * @type: which of the members below counts
 * @n_within: how many values follow that are within this one, at whatever depth
 * @name: (nullable): of a member of an object
 * @boolean: of one that is true or false
 * @integer: of a number that is written without a point, and has few digits
 * @number: of any other number
 * @string: in UTF-8, with a NUL
 *
 * One value of a #QueenJson. What is within it stands right behind it, so that a text is one array
 * of values and no tree of small pieces.
 */
typedef struct
{
  QueenJsonType type;
  guint n_within;
  const char *name;
  union
  {
    gboolean boolean;
    gint64 integer;
    double number;
    const char *string;
  };
} QueenJsonValue;

/** QueenJson: a JSON text that has been read. */
typedef struct _QueenJson QueenJson;

/**
 * queen_json_new_indexed:
 * @text: what claims to be JSON; need not end with a NUL
 * @length: its length in bytes
 * @wanted: (nullable) (array zero-terminated=1): the names of the members to be kept, wherever they
 *   stand but in an array; those of objects in arrays with %QUEEN_JSON_IN_ARRAY before them; %NULL
 * for all
 * @index: (nullable): of @wanted, for who wants many of many texts
 * @error: a %QUEEN_ERROR_BAD_REQUEST that names the byte. It says “not valid JSON” of what is none,
 *   but not of what is beyond the limits above or has a wanted member twice
 *
 * Reads one JSON text by the letter of RFC 8259. Other members are read over, whatever valid JSON
 * they hold; so they cost nothing, and nobody is refused for what nobody reads. There is an end to
 * what is kept: a stranger's 64 KiB of brackets would take milliseconds, and 64 MiB of them, as one
 * who is taken for the queen may send it, gigabytes.
 *
 * What a value cannot hold exactly is there in a form that no good value has: an integer of more
 * digits is a double, U+0000 and half of a pair of surrogates are U+001A (SUBSTITUTE).
 *
 * It is by hand because a heartbeat is read as fast as a socket is, and because json-glib 1.6
 * accepts comments, single quotes and overflowing integers, overruns the stack on deep nesting, and
 * takes ten times as long.
 *
 * Returns: (transfer full): the text as it was read, or %NULL
 */
QueenJson *queen_json_new_indexed (const char *text,
                                   gsize length,
                                   const char *const *wanted,
                                   const QueenJsonIndex *index,
                                   GError **error);

/** queen_json_new: the same, where few are wanted. */
static inline QueenJson *
queen_json_new (const char *text, gsize length, const char *const *wanted, GError **error)
{
  return queen_json_new_indexed (text, length, wanted, NULL, error);
}

/**
 * queen_json_new_ended:
 * @text: an object, behind which a NUL stands
 * @wanted: (array zero-terminated=1): as for queen_json_new(), but short names of ASCII
 *
 * The same for a text of megabytes of which little is wanted, at the most %QUEEN_JSON_MAX_PICKED,
 * of %QUEEN_JSON_MAX_PASSED members, without a copy of it. Of what is no object only the type is
 * known then.
 */
QueenJson *
queen_json_new_ended (const char *text, gsize length, const char *const *wanted, GError **error);

/** queen_json_get_n_text: bytes that the strings take at most, each with a NUL; not the names. */
gsize queen_json_get_n_text (const QueenJson *self);

/** queen_json_get_root: what the text is; it lives as long as @self. */
const QueenJsonValue *queen_json_get_root (const QueenJson *self);

/**
 * queen_json_get_first:
 * @value: an array or an object
 *
 * The elements or members, in order:
 * |[
 * for (at = queen_json_get_first (value); at < queen_json_get_end (value); at = queen_json_get_end
 * (at))
 * ]|
 */
static inline const QueenJsonValue *
queen_json_get_first (const QueenJsonValue *value)
{
  return value + 1;
}

/** queen_json_get_end: what stands behind @value, and behind all that is within it. */
static inline const QueenJsonValue *
queen_json_get_end (const QueenJsonValue *value)
{
  return value + 1 + value->n_within;
}

/**
 * queen_json_get_member:
 * @object: an object; an array has no members
 *
 * Returns: (nullable): its member of that @name
 */
const QueenJsonValue *queen_json_get_member (const QueenJsonValue *object, const char *name);

void queen_json_free (QueenJson *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (QueenJson, queen_json_free)

G_END_DECLS
