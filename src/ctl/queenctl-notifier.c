/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queenctl-notifier.h"

#include <glib/gi18n.h>
#include <stdio.h>
#include <string.h>

#include "queenctl-bus.h"
#include "queenctl-notification.h"
#include "queenctl-text.h"
#include "text/queen-hash.h"

#define GATHERING_MSEC 1000
#define MOST_LINES 8
#define MOST_MEMBERS 500000 /* several times what a queen knows of */
#define LONGEST_ID 256      /* bytes, likewise */

typedef struct
{
  QueenComponentKind kind;
  char *id;
  gboolean is_online;
  gboolean was_online; /* when the desktop was told last */
} Member;

struct _QueenctlNotifier
{
  GDBusConnection *connection;
  GCancellable *cancellable;
  GHashTable *members; /* by kind and id, with a slash between */
  GPtrArray *changed;  /* of the members, in the order of what happened */
  guint timer_id;
  gboolean has_warned;
};

static void
free_member (gpointer data)
{
  Member *member = data;

  g_free (member->id);
  g_free (member);
}

static void
warn (QueenctlNotifier *self, const char *message)
{
  g_autofree char *safe = queenctl_text_dup_safe (message);
  g_autofree char *warning = g_strdup_printf (_ ("The desktop cannot be notified: %s"), safe);

  if (!self->has_warned)
    fprintf (stderr, "queenctl: %s\n", warning);
  self->has_warned = TRUE;
}

static void
on_notifier_answered (GObject *source, GAsyncResult *result, gpointer data)
{
  QueenctlNotifier *self = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) answer =
      g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &error);

  /* After a cancellation there is no notifier any more. */
  if (answer || g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  g_dbus_error_strip_remote_error (error);
  warn (self, error->message);
}

/* Notification servers are started by the bus when they are needed. */
static void
call_server (QueenctlNotifier *self, const char *method, GVariant *arguments)
{
  g_dbus_connection_call (self->connection, QUEENCTL_NOTIFICATION_NAME, QUEENCTL_NOTIFICATION_PATH,
                          QUEENCTL_NOTIFICATION_NAME, method, arguments, NULL,
                          G_DBUS_CALL_FLAGS_NONE, -1, self->cancellable, on_notifier_answered,
                          self);
}

static char *
describe_one (const Member *member)
{
  g_autofree char *id = queenctl_text_dup_safe (member->id);

  if (member->kind == QUEEN_COMPONENT_WORKER)
    return g_strdup_printf (member->is_online ? _ ("Worker %s is back")
                                              : _ ("Worker %s went offline"),
                            id);
  return g_strdup_printf (member->is_online ? _ ("Hive %s is back") : _ ("Hive %s went offline"),
                          id);
}

static char *
describe_many (GPtrArray *members)
{
  guint n_back = 0;
  guint n_gone;
  g_autofree char *gone = NULL;
  g_autofree char *back = NULL;

  for (guint i = 0; i < members->len; i++)
    n_back += ((Member *) g_ptr_array_index (members, i))->is_online ? 1 : 0;
  n_gone = members->len - n_back;
  gone = g_strdup_printf (ngettext ("%u went offline", "%u went offline", n_gone), n_gone);
  back = g_strdup_printf (ngettext ("%u came back", "%u came back", n_back), n_back);
  if (n_back == 0)
    return g_steal_pointer (&gone);
  if (n_gone == 0)
    return g_steal_pointer (&back);
  return g_strdup_printf (_ ("%s, %s"), gone, back);
}

/* The body is markup; the summary is not. */
static char *
make_body (GPtrArray *members)
{
  g_autoptr (GString) body = g_string_new (NULL);
  guint n_lines = MIN (members->len, MOST_LINES);

  for (guint i = 0; i < n_lines; i++)
    {
      g_autofree char *line = describe_one (g_ptr_array_index (members, i));

      g_string_append_printf (body, "%s%s", i == 0 ? "" : "\n", line);
    }
  if (members->len > n_lines)
    {
      guint n_more = members->len - n_lines;

      g_string_append_c (body, '\n');
      g_string_append_printf (body, ngettext ("and %u more", "and %u more", n_more), n_more);
    }
  return g_markup_escape_text (body->str, (gssize) body->len);
}

static void
send_notification (QueenctlNotifier *self, GPtrArray *members)
{
  gboolean is_one = members->len == 1;
  g_autofree char *summary =
      is_one ? describe_one (g_ptr_array_index (members, 0)) : describe_many (members);
  g_autofree char *body = is_one ? g_strdup ("") : make_body (members);

  call_server (self, "Notify", queenctl_notification_new (summary, body));
}

static gboolean
on_gathered (gpointer data)
{
  QueenctlNotifier *self = data;
  g_autoptr (GPtrArray) news = g_ptr_array_new ();

  self->timer_id = 0;
  for (guint i = 0; i < self->changed->len; i++)
    {
      Member *member = g_ptr_array_index (self->changed, i);

      /* Who went and came back within the second is no news, and nobody is news twice. */
      if (member->is_online != member->was_online)
        g_ptr_array_add (news, member);
      member->was_online = member->is_online;
    }
  g_ptr_array_set_size (self->changed, 0);
  if (news->len > 0)
    send_notification (self, news);
  return G_SOURCE_REMOVE;
}

QueenctlNotifier *
queenctl_notifier_new (void)
{
  QueenctlNotifier *self = g_new0 (QueenctlNotifier, 1);
  g_autoptr (GError) error = NULL;

  self->members = g_hash_table_new_full (queen_string_hash, g_str_equal, g_free, free_member);
  self->changed = g_ptr_array_new ();
  self->cancellable = g_cancellable_new ();
  self->connection = queenctl_bus_connect ("session", &error);
  if (self->connection)
    call_server (self, "GetServerInformation", NULL);
  else
    warn (self, error->message);
  return self;
}

void
queenctl_notifier_free (QueenctlNotifier *self)
{
  g_cancellable_cancel (self->cancellable);
  g_clear_handle_id (&self->timer_id, g_source_remove);
  g_clear_object (&self->cancellable);
  g_clear_object (&self->connection);
  g_ptr_array_unref (self->changed);
  g_hash_table_unref (self->members);
  g_free (self);
}

/* Returns: (nullable): one of those who are known; %NULL when there are too many to know another,
 * or when its id is longer than those of any queen */
static Member *
find_member (QueenctlNotifier *self, QueenComponentKind kind, const char *id, gboolean is_online)
{
  g_autofree char *key = g_strdup_printf ("%s/%s", queen_component_kind_get_name (kind), id);
  Member *member = g_hash_table_lookup (self->members, key);

  if (!member && strlen (id) <= LONGEST_ID && g_hash_table_size (self->members) < MOST_MEMBERS)
    {
      member = g_new0 (Member, 1);
      member->kind = kind;
      member->id = g_strdup (id);
      member->is_online = is_online;
      member->was_online = is_online;
      g_hash_table_insert (self->members, g_steal_pointer (&key), member);
    }
  return member;
}

void
queenctl_notifier_learn (QueenctlNotifier *self, GPtrArray *components)
{
  for (guint i = 0; i < components->len; i++)
    {
      const QueenctlComponent *component = g_ptr_array_index (components, i);
      gboolean is_online = queenctl_component_is (component, "online");
      Member *member = find_member (self, queenctl_component_get_kind (component),
                                    queenctl_component_get_string (component, "id"), is_online);

      if (member)
        member->is_online = member->was_online = is_online;
    }
}

void
queenctl_notifier_take (QueenctlNotifier *self,
                        QueenComponentKind kind,
                        const char *id,
                        const char *status)
{
  gboolean is_online = !g_str_equal (status, "Offline") && !g_str_equal (status, "Stopped");
  Member *member = find_member (self, kind, id, is_online);

  if (!member || member->is_online == is_online || !self->connection)
    return;
  member->is_online = is_online;
  g_ptr_array_add (self->changed, member);
  if (self->timer_id == 0)
    self->timer_id = g_timeout_add (GATHERING_MSEC, on_gathered, self);
}
