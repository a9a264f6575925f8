/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-dbus-callers.h"

#include "text/queen-hash.h"

struct _QueenDBusCallers
{
  GHashTable *former;  /* names of those who have come in the former age -> whose they are */
  GHashTable *present; /* and in this one */
  guint age;           /* who come in one */
  guint n_of_age;      /* and have in this one */
};

static GHashTable *
new_names (void)
{
  return g_hash_table_new_full (queen_string_hash, g_str_equal, g_free, g_free);
}

QueenDBusCallers *
queen_dbus_callers_new (guint age)
{
  QueenDBusCallers *self = g_new0 (QueenDBusCallers, 1);

  self->former = new_names ();
  self->present = new_names ();
  self->age = age;
  return self;
}

void
queen_dbus_callers_free (QueenDBusCallers *self)
{
  g_hash_table_unref (self->former);
  g_hash_table_unref (self->present);
  g_free (self);
}

gboolean
queen_dbus_callers_is_known (QueenDBusCallers *self, const char *caller)
{
  return g_hash_table_contains (self->former, caller);
}

const char *
queen_dbus_callers_get_user (QueenDBusCallers *self, const char *caller)
{
  const char *user = g_hash_table_lookup (self->present, caller);

  if (!user)
    user = g_hash_table_lookup (self->former, caller);
  return user ? user : QUEEN_DBUS_CALLERS_UNKNOWN;
}

void
queen_dbus_callers_remember (QueenDBusCallers *self, const char *caller)
{
  g_autofree char *user = NULL;

  if (g_hash_table_contains (self->present, caller))
    return;
  user = g_strdup (queen_dbus_callers_get_user (self, caller));
  if (++self->n_of_age > self->age)
    {
      g_hash_table_unref (self->former);
      self->former = self->present;
      self->present = new_names ();
      self->n_of_age = 1;
    }
  g_hash_table_insert (self->present, g_strdup (caller), g_steal_pointer (&user));
}

void
queen_dbus_callers_identify (QueenDBusCallers *self, const char *caller, const char *user)
{
  GHashTable *ages[] = { self->present, self->former };

  for (gsize i = 0; i < G_N_ELEMENTS (ages); i++)
    if (g_hash_table_contains (ages[i], caller))
      g_hash_table_replace (ages[i], g_strdup (caller), g_strdup (user));
}
