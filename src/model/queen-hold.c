/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-hold.h"

#include <string.h>

#include "loop/queen-portions.h"
#include "queen-senders.h"
#include "text/queen-json-writer.h"
#include "text/queen-legible.h"
#include "text/queen-timestamp.h"

#define MAX_REPEATED 128 /* bytes of a reason, as each of very many workers repeats it */

static void
clear_hold (QueenHold *self)
{
  g_free (self->id);
  g_free (self->reason);
  g_free (self->holder);
  g_free (self->caller);
}

QueenHold *
queen_hold_new (const QueenHold *hold)
{
  QueenHold *self = g_atomic_rc_box_new (QueenHold);

  *self = *hold;
  self->id = g_strdup (hold->id);
  self->reason = g_strdup (hold->reason);
  self->holder = g_strdup (hold->holder);
  self->caller = g_strdup (hold->caller);
  return self;
}

QueenHold *
queen_hold_ref (QueenHold *self)
{
  return g_atomic_rc_box_acquire (self);
}

void
queen_hold_unref (QueenHold *self)
{
  g_atomic_rc_box_release_full (self, (GDestroyNotify) clear_hold);
}

const char *
queen_hold_get_caller_name (const QueenHold *self)
{
  const char *slash = self->caller ? strrchr (self->caller, '/') : NULL;

  return slash ? slash + 1 : self->caller;
}

void
queen_hold_tell (const QueenHold *self,
                 const char *hive_id,
                 const QueenHoldTeller *teller,
                 gpointer data)
{
  g_autofree char *repeated = hive_id ? queen_legible_dup (self->reason, MAX_REPEATED) : NULL;

  teller->tell_text ("id", self->id, data);
  teller->tell_text ("reason", repeated ? repeated : self->reason, data);
  teller->tell_text ("holder", self->holder, data);
  teller->tell_text ("caller", queen_hold_get_caller_name (self), data);
  teller->tell_time ("since", self->since, data);
  teller->tell_time ("until", self->until, data);
  teller->tell_text ("hive_id", hive_id, data);
}

static void
append_name (GString *json, const char *name)
{
  g_string_append (json, json->str[json->len - 1] == '{' ? "\"" : ",\"");
  g_string_append (json, name);
  g_string_append (json, "\":");
}

static void
append_text (const char *name, const char *text, gpointer json)
{
  append_name (json, name);
  queen_json_append_string_or_null (json, text);
}

static void
append_time (const char *name, gint64 time, gpointer json)
{
  append_name (json, name);
  if (time == 0)
    {
      g_string_append (json, "null");
      return;
    }
  g_string_append_c (json, '"');
  queen_timestamp_append (json, time);
  g_string_append_c (json, '"');
}

void
queen_hold_append_json (const QueenHold *self, const char *hive_id, GString *json)
{
  static const QueenHoldTeller teller = { append_text, append_time };

  g_string_append_c (json, '{');
  queen_hold_tell (self, hive_id, &teller, json);
  g_string_append_c (json, '}');
}

static QueenHoldList *
new_list (guint n)
{
  QueenHoldList *self = g_atomic_rc_box_alloc0 (sizeof *self + n * sizeof *self->holds);

  self->n = n;
  return self;
}

static void
clear_list (QueenHoldList *self)
{
  for (guint i = 0; i < self->n; i++)
    queen_hold_unref (self->holds[i]);
}

QueenHoldList *
queen_hold_list_with (const QueenHoldList *self, QueenHold *hold)
{
  guint n = self ? self->n : 0;
  QueenHoldList *list = new_list (n + 1);

  for (guint i = 0; i < n; i++)
    list->holds[i] = queen_hold_ref (self->holds[i]);
  list->holds[n] = hold;
  return list;
}

QueenHoldList *
queen_hold_list_without (const QueenHoldList *self, const QueenHold *hold)
{
  QueenHoldList *list;
  guint n = 0;

  if (self->n == 1)
    return NULL;
  list = new_list (self->n - 1);
  for (guint i = 0; i < self->n; i++)
    if (self->holds[i] != hold)
      list->holds[n++] = queen_hold_ref (self->holds[i]);
  return list;
}

static gint64
get_end (const QueenHold *hold)
{
  return hold->until > 0 ? hold->until : G_MAXINT64;
}

const QueenHold *
queen_hold_list_get_longest (const QueenHoldList *self)
{
  const QueenHold *longest = self->holds[0];

  for (guint i = 1; i < self->n; i++)
    if (get_end (self->holds[i]) > get_end (longest))
      longest = self->holds[i];
  return longest;
}

gboolean
queen_hold_list_leaves_room (const QueenHoldList *self, guint most, const char *holder)
{
  QueenPortions *portions = queen_portions_new (most);
  g_autofree char *own = queen_sender_dup_asker (holder);
  gboolean leaves_room;

  for (guint i = 0; self && i < self->n; i++)
    {
      g_autofree char *asker = queen_sender_dup_asker (self->holds[i]->holder);

      queen_portions_take (portions, asker, 1);
    }
  leaves_room =
      queen_portions_get_portion (portions, own) == 0 || queen_portions_may_take (portions, own, 1);
  queen_portions_free (portions);
  return leaves_room;
}

QueenHoldList *
queen_hold_list_ref (QueenHoldList *self)
{
  return self ? g_atomic_rc_box_acquire (self) : NULL;
}

void
queen_hold_list_unref (QueenHoldList *self)
{
  if (self)
    g_atomic_rc_box_release_full (self, (GDestroyNotify) clear_list);
}
