/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-lanes.h"

#include "build-config.h"
#include "queen-known-address.h"
#include "text/queen-hash.h"

#define MAX_LANES 1024       /* that are kept; those in use are not counted out */
#define MAX_CONNECTIONS 4096 /* of one lane; it is for who calls to call only so often */
#define IDLE_SEC 50          /* less than the minute after which many servers close */

struct _QueenLanes
{
  GTlsDatabase *trusted;
  GHashTable *sessions; /* text -> SoupSession */
  GQueue order;         /* of the texts, which the table owns: the one that was made first */
};

QueenLanes *
queen_lanes_new (GTlsDatabase *trusted)
{
  QueenLanes *self = g_new0 (QueenLanes, 1);

  self->trusted = trusted ? g_object_ref (trusted) : NULL;
  self->sessions = g_hash_table_new_full (queen_string_hash, g_str_equal, g_free, g_object_unref);
  return self;
}

static char *
make_key (const QueenTarget *target, GPtrArray *addresses)
{
  g_autoptr (GString) key = g_string_new (NULL);

  g_string_printf (key, "%s %s %u", target->scheme, target->host, target->port);
  for (guint i = 0; i < addresses->len; i++)
    {
      g_autofree char *address = g_inet_address_to_string (addresses->pdata[i]);

      g_string_append_printf (key, " %s", address);
    }
  return g_string_free (g_steal_pointer (&key), FALSE);
}

static SoupSession *
make_session (QueenLanes *self, const QueenTarget *target, GPtrArray *addresses)
{
  g_autoptr (GSocketConnectable) place =
      queen_known_address_new (target->host, target->port, addresses);
  SoupSession *session =
      soup_session_new_with_options ("remote-connectable", place, "max-conns", MAX_CONNECTIONS,
                                     "max-conns-per-host", MAX_CONNECTIONS, "idle-timeout",
                                     IDLE_SEC, "proxy-resolver", NULL, "user-agent",
                                     "queen-rbee/" QUEEN_VERSION, NULL);

  if (self->trusted)
    soup_session_set_tls_database (session, self->trusted);
  /* Nobody is asked for a name and a password; and what is compressed comes in blocks. */
  soup_session_remove_feature_by_type (session, SOUP_TYPE_AUTH_MANAGER);
  soup_session_remove_feature_by_type (session, SOUP_TYPE_CONTENT_DECODER);
  return session;
}

/* Whoever uses it has it still. */
static void
make_room (QueenLanes *self)
{
  while (self->order.length >= MAX_LANES)
    g_hash_table_remove (self->sessions, g_queue_pop_head (&self->order));
}

SoupSession *
queen_lanes_get (QueenLanes *self, const QueenTarget *target, GPtrArray *addresses)
{
  g_autofree char *key = make_key (target, addresses);
  SoupSession *session = g_hash_table_lookup (self->sessions, key);

  if (session)
    return g_object_ref (session);
  make_room (self);
  session = make_session (self, target, addresses);
  g_queue_push_tail (&self->order, key);
  g_hash_table_insert (self->sessions, g_steal_pointer (&key), g_object_ref (session));
  return session;
}

void
queen_lanes_free (QueenLanes *self)
{
  GHashTableIter iter;
  gpointer session;

  g_hash_table_iter_init (&iter, self->sessions);
  while (g_hash_table_iter_next (&iter, NULL, &session))
    soup_session_abort (session);
  g_queue_clear (&self->order);
  g_hash_table_unref (self->sessions);
  g_clear_object (&self->trusted);
  g_free (self);
}
