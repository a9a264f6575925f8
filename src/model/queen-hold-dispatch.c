/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-hold-dispatch.h"

#include <string.h>

#include "queen-error.h"
#include "queen-heartbeat.h"
#include "text/queen-json-writer.h"
#include "text/queen-json.h"
#include "text/queen-legible.h"
#include "text/queen-timestamp.h"

#define MAX_TEXT (16 * 1024) /* bytes: more than all of it, each byte written as six */

static void
write_member (GString *json, const char *before, const char *text)
{
  g_string_append (json, before);
  queen_json_append_string (json, text);
}

static void
write_time (GString *json, const char *before, gint64 time)
{
  g_string_append (json, before);
  g_string_append_c (json, '"');
  queen_timestamp_append (json, MAX (time, 0));
  g_string_append_c (json, '"');
}

void
queen_hold_dispatch_write (GString *json,
                           QueenComponentKind kind,
                           const char *component_id,
                           const QueenHold *hold)
{
  write_member (json, "{\"hold\":", hold->id);
  write_member (json, ",\"kind\":", queen_component_kind_get_name (kind));
  write_member (json, ",\"id\":", component_id);
  write_member (json, ",\"reason\":", hold->reason);
  write_member (json, ",\"holder\":", hold->holder);
  write_time (json, ",\"since\":", hold->since);
  if (hold->until > 0)
    write_time (json, ",\"until\":", hold->until);
  g_string_append_c (json, '}');
}

static gboolean
refuse_member (GError **error, const char *name)
{
  g_set_error (error, QUEEN_ERROR, QUEEN_ERROR_UNPROCESSABLE, "%s is none", name);
  return FALSE;
}

/* Returns: (nullable): what is said, if that is a text */
static const char *
get_said (const QueenJsonValue *root, const char *name)
{
  const QueenJsonValue *said = queen_json_get_member (root, name);

  return said && said->type == QUEEN_JSON_STRING ? said->string : NULL;
}

static gboolean
read_text (const QueenJsonValue *root, const char *name, gsize most, char **text, GError **error)
{
  const char *said = get_said (root, name);

  *text = said ? queen_legible_dup (said, most + 4) : NULL;
  return (*text && **text) || refuse_member (error, name);
}

static gboolean
read_moment (const QueenJsonValue *root, const char *name, gint64 *time, GError **error)
{
  const char *said = get_said (root, name);

  return (said && queen_timestamp_parse (said, time)) || refuse_member (error, name);
}

/* One that has no end has a time left of -1; one that is over, of 0. */
static gboolean
read_end (const QueenJsonValue *root, gint64 now, QueenHold *hold, gint64 *left, GError **error)
{
  *left = -1;
  if (!queen_json_get_member (root, "until"))
    return TRUE;
  if (!read_moment (root, "until", &hold->until, error))
    return FALSE;
  if (hold->until <= 0)
    return refuse_member (error, "until");
  *left = hold->until > now ? (hold->until - now) / QUEEN_NSEC_PER_USEC : 0;
  return TRUE;
}

static gboolean
read_whom (const QueenJsonValue *root, QueenHoldEntry *entry, GError **error)
{
  const char *kind = get_said (root, "kind"), *id = get_said (root, "id");

  if (!kind || !queen_component_kind_parse (kind, &entry->kind))
    return refuse_member (error, "kind");
  if (!id || !queen_heartbeat_check_id (id))
    return refuse_member (error, "id");
  entry->component_id = g_strdup (id);
  return TRUE;
}

static gboolean
read_hold (const QueenJsonValue *root, gint64 now, QueenHoldEntry *entry, GError **error)
{
  g_autofree char *id = NULL, *reason = NULL, *holder = NULL;
  QueenHold hold = { 0 };

  if (!read_text (root, "hold", QUEEN_HOLDS_MAX_NAME, &id, error) ||
      !read_text (root, "reason", QUEEN_HOLDS_MAX_REASON, &reason, error) ||
      !read_text (root, "holder", QUEEN_HOLDS_MAX_NAME, &holder, error) ||
      !read_moment (root, "since", &hold.since, error) ||
      !read_end (root, now, &hold, &entry->left, error) || !read_whom (root, entry, error))
    return FALSE;
  hold.id = id;
  hold.reason = reason;
  hold.holder = holder;
  entry->hold = queen_hold_new (&hold);
  return TRUE;
}

gboolean
queen_hold_dispatch_read (
    const char *text, gsize length, gint64 now, QueenHoldEntry *entry, GError **error)
{
  g_autoptr (QueenJson) json =
      length <= MAX_TEXT ? queen_json_new (text, length, NULL, error) : NULL;
  g_auto (QueenHoldEntry) read = { 0 };

  *entry = (QueenHoldEntry){ 0 };
  if (length > MAX_TEXT)
    return refuse_member (error, "the object");
  if (!json)
    return FALSE;
  if (queen_json_get_root (json)->type != QUEEN_JSON_OBJECT)
    return refuse_member (error, "the object");
  if (!read_hold (queen_json_get_root (json), now, &read, error))
    return FALSE;
  *entry = read;
  read = (QueenHoldEntry){ 0 };
  return TRUE;
}
