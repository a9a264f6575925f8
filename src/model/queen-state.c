/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-state.h"

#include <string.h>

#include "queen-component-fields.h"
#include "queen-error.h"
#include "queen-heartbeat.h"
#include "text/queen-hash.h"
#include "text/queen-json-writer.h"
#include "text/queen-legible.h"
#include "text/queen-timestamp.h"

#define FORMAT "queen-rbee state"
#define MAX_NUMBER G_GINT64_CONSTANT (999999999999999) /* as many digits as the JSON may have */
#define MAX_COMPONENTS (G_MAXINT / 2)
#define MAX_LINE (64 * 1024) /* bytes: more than anybody can make one have */
#define MAX_SENDER 256       /* bytes */

QueenState *
queen_state_new (void)
{
  QueenState *self = g_new0 (QueenState, 1);

  for (int kind = 0; kind < QUEEN_COMPONENT_N_KINDS; kind++)
    self->entries[kind] = queen_state_entries_new (0);
  self->holds = queen_hold_entries_new ();
  return self;
}

void
queen_state_free (QueenState *self)
{
  for (int kind = 0; kind < QUEEN_COMPONENT_N_KINDS; kind++)
    g_array_unref (self->entries[kind]);
  g_array_unref (self->holds);
  g_free (self->epoch);
  g_free (self);
}

void
queen_state_set_entries (QueenState *self, QueenRegistry *registry)
{
  GArray **entries = &self->entries[queen_registry_get_kind (registry)];

  g_array_unref (*entries);
  *entries = queen_registry_list_state_entries (registry);
}

gint64
queen_state_get_elapsed (const QueenState *self, gint64 now)
{
  return now > self->written_at ? (now - self->written_at) / QUEEN_NSEC_PER_USEC : 0;
}

/* Writing. Each @name comes with all that stands around it. */

static void
append_text (GString *json, const char *name, const char *text)
{
  if (!text)
    return;
  g_string_append (json, name);
  queen_json_append_string (json, text);
}

static void
append_number (GString *json, const char *name, guint64 number)
{
  g_string_append (json, name);
  queen_json_append_number (json, MIN (number, (guint64) MAX_NUMBER));
}

static void
append_time (GString *json, const char *name, gint64 time)
{
  g_string_append (json, name);
  g_string_append_c (json, '"');
  queen_timestamp_append (json, MAX (time, 0)); /* whatever that clock was set to */
  g_string_append_c (json, '"');
}

static void
append_field (GString *json, const QueenField *field, const QueenComponent *component)
{
  if (!queen_field_is_said (field, component))
    return;
  g_string_append_printf (json, ",\"%s\":", field->name);
  queen_field_append_json (field, component, json);
}

static void
append_entry (GString *json, const QueenStateEntry *entry)
{
  const QueenComponent *component = entry->component;
  g_autofree char *source = queen_source_dup_text (&component->source);

  append_text (json, "{\"kind\":", queen_component_kind_get_name (component->kind));
  append_text (json, ",\"id\":", component->id);
  append_text (json, ",\"status\":", queen_status_get_name (component->status));
  for (const QueenField *const *field = queen_component_fields_list_kept (component->kind);
       *field && queen_field_has_place (*field, component); field++)
    append_field (json, *field, component);
  append_time (json, ",\"since\":", component->since);
  append_time (json, ",\"first_seen\":", component->first_seen);
  append_time (json, ",\"last_seen\":", component->last_seen);
  append_number (json, ",\"heartbeats\":", component->heartbeats);
  append_number (json, ",\"age\":", (guint64) entry->age);
  append_text (json, ",\"sender\":", entry->sender);
  append_text (json, ",\"source\":", source);
  g_string_append (json, "}\n");
}

static void
append_hold (GString *json, const QueenHoldEntry *entry)
{
  const QueenHold *hold = entry->hold;

  append_text (json, "{\"hold\":", hold->id);
  append_text (json, ",\"kind\":", queen_component_kind_get_name (entry->kind));
  append_text (json, ",\"id\":", entry->component_id);
  append_text (json, ",\"reason\":", hold->reason);
  append_text (json, ",\"holder\":", hold->holder);
  append_text (json, ",\"caller\":", hold->caller);
  append_time (json, ",\"since\":", hold->since);
  if (hold->until > 0)
    append_time (json, ",\"until\":", hold->until);
  if (entry->left >= 0)
    append_number (json, ",\"left\":", (guint64) entry->left);
  g_string_append (json, "}\n");
}

static guint
count_components (const QueenState *self)
{
  guint n_components = 0;

  for (int kind = 0; kind < QUEEN_COMPONENT_N_KINDS; kind++)
    n_components += self->entries[kind]->len;
  return n_components;
}

static void
append_header (GString *json, const QueenState *self)
{
  g_string_append (json, QUEEN_STATE_START);
  g_string_append_c (json, self->is_whole ? '1' : '0');
  append_time (json, ",\"written_at\":", self->written_at);
  append_text (json, ",\"life\":", self->epoch);
  append_number (json, ",\"next\":", self->next);
  append_number (json, ",\"components\":", count_components (self));
  append_number (json, ",\"holds\":", self->holds->len);
  g_string_append (json, "}\n");
}

guint
queen_state_get_n_lines (const QueenState *self)
{
  return 1 + count_components (self) + self->holds->len;
}

void
queen_state_append_line (const QueenState *self, guint number, GString *text)
{
  guint i = number - 1;

  if (number == 0)
    {
      append_header (text, self);
      return;
    }
  for (int kind = 0; kind < QUEEN_COMPONENT_N_KINDS; kind++)
    {
      const GArray *entries = self->entries[kind];

      if (i < entries->len)
        {
          append_entry (text, &g_array_index (entries, QueenStateEntry, i));
          return;
        }
      i -= entries->len;
    }
  g_return_if_fail (i < self->holds->len);
  append_hold (text, &g_array_index (self->holds, QueenHoldEntry, i));
}

/* Reading */

/* The first thing that is wrong stays the error, so that whoever reads need not ask after each
 * member. */
struct _QueenStateReader
{
  QueenState *state;
  GHashTable *known[QUEEN_COMPONENT_N_KINDS]; /* ids, owned by the components */
  GString *rest;                              /* of a line that has not come whole */
  guint n_left;                               /* components that follow */
  guint n_holds_left;                         /* holds that follow these */

  guint number; /* of the line */
  const QueenJsonValue *object;
  guint n_read;         /* members of the object */
  gboolean is_left_out; /* this line, as there is in it what cannot be seen */
  GError *error;
};

static void G_GNUC_PRINTF (2, 3) fail (QueenStateReader *reader, const char *problem, ...)
{
  g_autofree char *text = NULL;
  va_list args;

  if (reader->error)
    return;
  va_start (args, problem);
  text = g_strdup_vprintf (problem, args);
  va_end (args);
  g_set_error (&reader->error, QUEEN_ERROR, QUEEN_ERROR_STATE, "line %u: %s", reader->number, text);
}

/* Returns: (nullable): the member, when it is there and a @type. */
static const QueenJsonValue *
read_member (QueenStateReader *reader, const char *name, QueenJsonType type)
{
  const QueenJsonValue *said = queen_json_get_member (reader->object, name);

  if (!said)
    return NULL;
  reader->n_read++;
  if (said->type == type)
    return said;
  fail (reader, "%s has the wrong type", name);
  return NULL;
}

/* Returns: (nullable): what is said, if it is. */
static const char *
read_string (QueenStateReader *reader, const char *name)
{
  const QueenJsonValue *said = read_member (reader, name, QUEEN_JSON_STRING);

  return said ? said->string : NULL;
}

/* Returns: what must be said; "" after a failure. */
static const char *
require_string (QueenStateReader *reader, const char *name)
{
  const char *text = read_string (reader, name);

  if (!text)
    fail (reader, "%s is missing", name);
  return text ? text : "";
}

static gint64
require_number (QueenStateReader *reader, const char *name, gint64 least, gint64 most)
{
  const QueenJsonValue *said = read_member (reader, name, QUEEN_JSON_INTEGER);
  gint64 number = said ? said->integer : least;

  if (!said)
    fail (reader, "%s is missing", name);
  else if (number < least || number > most)
    fail (reader, "%s is out of range", name);
  return number;
}

static gint64
require_time (QueenStateReader *reader, const char *name)
{
  const char *text = require_string (reader, name);
  gint64 time = 0;

  if (!queen_timestamp_parse (text, &time))
    fail (reader, "%s is no date and time", name);
  return time;
}

/* Earlier versions took what this one does not, as it cannot be seen. */
static gboolean
is_unseen (const QueenJsonValue *said)
{
  for (const QueenJsonValue *at = said; at < queen_json_get_end (said); at++)
    if (at->type == QUEEN_JSON_STRING && !queen_legible_check (at->string))
      return TRUE;
  return FALSE;
}

static void
refuse_member (QueenStateReader *reader, const QueenJsonValue *said, const char *problem)
{
  if (is_unseen (said))
    reader->is_left_out = TRUE;
  else
    fail (reader, "%s %s", said->name, problem);
}

static char *
read_id (QueenStateReader *reader, const char *name)
{
  const QueenJsonValue *said = read_member (reader, name, QUEEN_JSON_STRING);

  if (said && !queen_heartbeat_check_id (said->string))
    refuse_member (reader, said, "is no id");
  return said ? g_strdup (said->string) : NULL;
}

static void
read_field (QueenStateReader *reader, const QueenField *field, QueenComponent *component)
{
  const QueenJsonValue *said = queen_json_get_member (reader->object, field->name);
  g_autoptr (GError) error = NULL;

  if (!said)
    return;
  reader->n_read++;
  if (!queen_field_restore (field, said, component, &error))
    refuse_member (reader, said, error->message);
}

static char *
read_sender (QueenStateReader *reader)
{
  const char *text = read_string (reader, "sender");
  g_autofree char *sender = text ? queen_legible_dup (text, MAX_SENDER) : NULL;

  return sender ? g_ref_string_new (sender) : NULL;
}

/* Versions before this one did not write it. */
static void
read_source (QueenStateReader *reader, QueenSource *source)
{
  const char *text = read_string (reader, "source");

  if (text && !queen_source_parse (text, source))
    fail (reader, "source is none");
}

static void
read_entry (QueenStateReader *reader)
{
  QueenStateEntry entry = { NULL, require_number (reader, "age", 0, MAX_NUMBER),
                            read_sender (reader) };
  QueenComponentKind kind = QUEEN_COMPONENT_WORKER;
  QueenComponent *component;

  if (!queen_component_kind_parse (require_string (reader, "kind"), &kind))
    fail (reader, "kind is none");
  entry.component = component = queen_component_new (kind);
  g_array_append_val (reader->state->entries[kind], entry);

  component->id = read_id (reader, "id");
  read_source (reader, &component->source);
  if (!queen_status_parse (require_string (reader, "status"), &component->status))
    fail (reader, "status is none");
  component->first_seen = require_time (reader, "first_seen");
  component->last_seen = require_time (reader, "last_seen");
  /* The first version did not write it. */
  component->since = queen_json_get_member (reader->object, "since")
                         ? require_time (reader, "since")
                         : component->last_seen;
  component->heartbeats = (guint64) require_number (reader, "heartbeats", 1, MAX_NUMBER);
  for (const QueenField *const *field = queen_component_fields_list_kept (kind); *field; field++)
    read_field (reader, *field, component);

  if (!component->id)
    fail (reader, "id is missing");
  else if (reader->is_left_out)
    g_array_set_size (reader->state->entries[kind], reader->state->entries[kind]->len - 1);
  else if (!g_hash_table_add (reader->known[kind], component->id))
    fail (reader, "a second %s of that id", queen_component_kind_get_name (kind));
}

/* Returns: (transfer full) (nullable): what is said, as far as it can be shown to people */
static char *
read_legible (QueenStateReader *reader, const char *name, gsize most)
{
  const char *text = read_string (reader, name);

  return text ? queen_legible_dup (text, most + 4) : NULL;
}

static char *
require_legible (QueenStateReader *reader, const char *name, gsize most)
{
  char *text = read_legible (reader, name, most);

  if (!text || *text == '\0')
    fail (reader, "%s is missing", name);
  return text ? text : g_strdup ("");
}

static void
read_hold (QueenStateReader *reader)
{
  g_autofree char *id = require_legible (reader, "hold", QUEEN_HOLDS_MAX_NAME);
  g_autofree char *reason = require_legible (reader, "reason", QUEEN_HOLDS_MAX_REASON);
  g_autofree char *holder = require_legible (reader, "holder", QUEEN_HOLDS_MAX_NAME);
  g_autofree char *caller = read_legible (reader, "caller", QUEEN_HOLDS_MAX_NAME);
  QueenHold hold = { .id = id, .reason = reason, .holder = holder, .caller = caller };
  QueenHoldEntry entry = { .left = -1 };

  if (!queen_component_kind_parse (require_string (reader, "kind"), &entry.kind))
    fail (reader, "kind is none");
  hold.since = require_time (reader, "since");
  if (queen_json_get_member (reader->object, "until"))
    hold.until = require_time (reader, "until");
  if (queen_json_get_member (reader->object, "left"))
    entry.left = require_number (reader, "left", 0, MAX_NUMBER);
  entry.component_id = read_id (reader, "id");
  entry.hold = queen_hold_new (&hold);
  if (!entry.component_id)
    fail (reader, "id is missing");
  if (reader->is_left_out)
    queen_hold_entry_clear (&entry);
  else
    g_array_append_val (reader->state->holds, entry);
}

static void
read_epoch (QueenStateReader *reader)
{
  QueenState *state = reader->state;

  state->epoch = g_strdup (require_string (reader, "life"));
  if (*state->epoch == '\0' || strlen (state->epoch) > QUEEN_STATE_MAX_EPOCH ||
      strspn (state->epoch, "0123456789abcdef") != strlen (state->epoch))
    fail (reader, "life is none");
  state->next = (guint64) require_number (reader, "next", 1, MAX_NUMBER);
}

static void
read_header (QueenStateReader *reader)
{
  QueenState *state = reader->state;
  gint64 version;

  if (!g_str_equal (require_string (reader, "format"), FORMAT))
    fail (reader, "not a state of the queen");
  version = require_number (reader, "version", 0, MAX_NUMBER);
  if (version < 1 || version > QUEEN_STATE_VERSION)
    fail (reader, "a version that is not known here");
  /* The first version was written at the end only. */
  state->is_whole = version == 1 || require_number (reader, "whole", 0, 1) == 1;
  state->written_at = require_time (reader, "written_at");
  read_epoch (reader);
  reader->n_left = (guint) require_number (reader, "components", 0, MAX_COMPONENTS);
  if (version >= 3)
    reader->n_holds_left = (guint) require_number (reader, "holds", 0, QUEEN_HOLDS_MAX);
}

static guint
count_members (const QueenJsonValue *object)
{
  guint n_members = 0;

  for (const QueenJsonValue *member = queen_json_get_first (object);
       member < queen_json_get_end (object); member = queen_json_get_end (member))
    n_members++;
  return n_members;
}

static void
read_line (QueenStateReader *reader, const char *line, gsize length)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (QueenJson) json = NULL;

  reader->number++;
  reader->n_read = 0;
  reader->is_left_out = FALSE;
  if (reader->number > 1 && reader->n_left + reader->n_holds_left == 0)
    {
      fail (reader, "something follows the last line");
      return;
    }
  json = queen_json_new (line, length, NULL, &error);
  if (!json)
    fail (reader, "%s", error->message);
  else if (queen_json_get_root (json)->type != QUEEN_JSON_OBJECT)
    fail (reader, "not an object");
  if (reader->error)
    return;

  reader->object = queen_json_get_root (json);
  if (reader->number == 1)
    read_header (reader);
  else if (reader->n_left > 0)
    {
      reader->n_left--;
      read_entry (reader);
    }
  else
    {
      reader->n_holds_left--;
      read_hold (reader);
    }
  reader->state->n_left_out += reader->is_left_out;
  if (reader->n_read != count_members (reader->object))
    fail (reader, "a member that does not belong there");
}

QueenStateReader *
queen_state_reader_new (void)
{
  QueenStateReader *reader = g_new0 (QueenStateReader, 1);

  reader->state = queen_state_new ();
  reader->rest = g_string_new (NULL);
  for (int kind = 0; kind < QUEEN_COMPONENT_N_KINDS; kind++)
    reader->known[kind] = g_hash_table_new (queen_string_hash, g_str_equal);
  return reader;
}

void
queen_state_reader_free (QueenStateReader *reader)
{
  for (int kind = 0; kind < QUEEN_COMPONENT_N_KINDS; kind++)
    g_hash_table_unref (reader->known[kind]);
  g_string_free (reader->rest, TRUE);
  g_clear_pointer (&reader->state, queen_state_free);
  g_clear_error (&reader->error);
  g_free (reader);
}

gboolean
queen_state_reader_feed (QueenStateReader *reader, const char *text, gsize length, GError **error)
{
  const char *end = text + length, *line_break;

  for (; !reader->error && text < end && (line_break = memchr (text, '\n', (gsize) (end - text)));
       text = line_break + 1)
    {
      g_string_append_len (reader->rest, text, line_break - text);
      read_line (reader, reader->rest->str, reader->rest->len);
      g_string_truncate (reader->rest, 0);
    }
  if (!reader->error && text < end)
    g_string_append_len (reader->rest, text, end - text);
  if (reader->rest->len > MAX_LINE)
    {
      reader->number++;
      fail (reader, "it has no end");
    }
  if (reader->error && error)
    *error = g_error_copy (reader->error);
  return reader->error == NULL;
}

QueenState *
queen_state_reader_finish (QueenStateReader *reader, GError **error)
{
  reader->number++;
  if (reader->number == 1 || reader->n_left + reader->n_holds_left > 0)
    fail (reader, "the text ends too early");
  if (reader->rest->len > 0)
    fail (reader, "something follows the last line");
  if (!reader->error)
    return g_steal_pointer (&reader->state);
  if (error)
    *error = g_error_copy (reader->error);
  return NULL;
}
