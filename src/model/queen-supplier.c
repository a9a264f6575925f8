/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-supplier.h"

#include <string.h>

#include "queen-senders.h"
#include "text/queen-hash.h"

/* As of a worker: Envoy's base_ejection_time. */
#define DOUBT (30 * G_USEC_PER_SEC)

struct _QueenSuppliers
{
  GHashTable *table; /* name -> QueenSupplier, which has it */
};

static void
free_supplier (gpointer data)
{
  QueenSupplier *supplier = data;

  g_free (supplier->name);
  g_free (supplier);
}

QueenSuppliers *
queen_suppliers_new (void)
{
  QueenSuppliers *self = g_new0 (QueenSuppliers, 1);

  self->table = g_hash_table_new_full (queen_string_hash, g_str_equal, NULL, free_supplier);
  return self;
}

static QueenSupplier *
add_supplier (QueenSuppliers *self, const char *name)
{
  static const guint8 key[QUEEN_HASH_KEY_SIZE] = "queen suppliers";
  QueenSupplier *supplier = g_new0 (QueenSupplier, 1);

  supplier->name = g_strdup (name);
  supplier->hash = MAX (queen_hash_with_key (key, name, strlen (name)), 1);
  g_hash_table_insert (self->table, supplier->name, supplier);
  return supplier;
}

QueenSupplier *
queen_suppliers_enter (QueenSuppliers *self, const char *sender)
{
  g_autofree char *name = queen_sender_dup_party (sender);
  QueenSupplier *supplier = name ? g_hash_table_lookup (self->table, name) : NULL;

  if (!name)
    return NULL;
  if (!supplier)
    supplier = add_supplier (self, name);
  supplier->n_workers++;
  return supplier;
}

void
queen_suppliers_release (QueenSuppliers *self, QueenSupplier *supplier)
{
  if (supplier && --supplier->n_workers == 0)
    g_hash_table_remove (self->table, supplier->name);
}

void
queen_suppliers_free (QueenSuppliers *self)
{
  g_return_if_fail (g_hash_table_size (self->table) == 0);

  g_hash_table_unref (self->table);
  g_free (self);
}

void
queen_supplier_succeed (QueenSupplier *self, guint party, gint64 now)
{
  if (!self)
    return;
  queen_faults_succeed (&self->faults, party, now);
  self->doubted_until = 0;
}

void
queen_supplier_fail (QueenSupplier *self, guint party, gint64 now)
{
  if (self && queen_faults_fail (&self->faults, party, now) == QUEEN_FAULTS_MAX)
    self->doubted_until = now + DOUBT;
}

gboolean
queen_supplier_is_doubted (const QueenSupplier *self, gint64 now)
{
  return self && self->doubted_until > now;
}
