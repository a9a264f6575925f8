/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-behind.h"

#include "text/queen-hash.h"
#include "text/queen-span.h"

#define FAREWELL (60 * QUEEN_SECOND) /* for so long one that has gone is told of */

typedef struct
{
  const char *status; /* NULL once it has gone */
  gint64 gone_at;     /* µs, monotonic */
} Server;

struct _QueenBehind
{
  GHashTable *servers; /* by model */
};

QueenBehind *
queen_behind_new (void)
{
  QueenBehind *self = g_new0 (QueenBehind, 1);

  self->servers = g_hash_table_new_full (queen_string_hash, g_str_equal, g_free, g_free);
  return self;
}

void
queen_behind_free (QueenBehind *self)
{
  g_hash_table_unref (self->servers);
  g_free (self);
}

static void
mark_gone (gpointer model, gpointer value, gpointer data)
{
  Server *server = value;

  if (server->status)
    server->gone_at = *(gint64 *) data;
  server->status = NULL;
}

static gboolean
is_over (gpointer model, gpointer value, gpointer data)
{
  const Server *server = value;

  return !server->status && *(gint64 *) data - server->gone_at > FAREWELL;
}

static void
take_server (QueenBehind *self, const QueenReadingBehind *there)
{
  Server *server = g_hash_table_lookup (self->servers, there->model);

  if (!server && g_hash_table_size (self->servers) >= QUEEN_BEHIND_MAX)
    return;
  if (!server)
    {
      server = g_new0 (Server, 1);
      g_hash_table_insert (self->servers, g_strdup (there->model), server);
    }
  server->status = there->status;
}

void
queen_behind_update (QueenBehind *self, const GPtrArray *there, gint64 now)
{
  g_hash_table_foreach (self->servers, mark_gone, &now);
  g_hash_table_foreach_remove (self->servers, is_over, &now);
  for (guint i = 0; there && i < there->len; i++)
    take_server (self, g_ptr_array_index (there, i));
}

void
queen_behind_foreach (QueenBehind *self, QueenBehindFunc func, gpointer data)
{
  GHashTableIter iter;
  gpointer model, value;

  g_hash_table_iter_init (&iter, self->servers);
  while (g_hash_table_iter_next (&iter, &model, &value))
    func (model, ((const Server *) value)->status, data);
}
