/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-supplier.h"

#include <string.h>

#include "queen-senders.h"
#include "text/queen-hash.h"

/* As of a worker: Envoy's base_ejection_time. */
#define DOUBT (30 * G_USEC_PER_SEC)

#define MAX_RECORDS 32 /* parties whose experience is remembered */
#define BLAME 3        /* for a failure, of which each success takes away one */
#define ENOUGH (3 * BLAME)
#define MOST_BLAME (4 * BLAME)

struct _QueenSuppliers
{
  GHashTable *table; /* name -> QueenSupplier, which has it */
};

static void
free_supplier (gpointer data)
{
  QueenSupplier *supplier = data;

  g_free (supplier->records);
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

/* Experience */

/* Returns: (nullable): that of @party */
static QueenSupplierRecord *
find_record (const QueenSupplier *self, guint party)
{
  for (guint i = 0; self->records && i < MAX_RECORDS; i++)
    if (self->records[i].party == party)
      return &self->records[i];
  return NULL;
}

/* Returns: that of @party, or the one that was blamed longest ago, emptied for it */
static QueenSupplierRecord *
ensure_record (QueenSupplier *self, guint party)
{
  QueenSupplierRecord *record = find_record (self, party);

  if (record)
    return record;
  if (!self->records)
    self->records = g_new0 (QueenSupplierRecord, MAX_RECORDS);
  record = &self->records[0];
  for (guint i = 1; i < MAX_RECORDS; i++)
    if (self->records[i].time < record->time)
      record = &self->records[i];
  *record = (QueenSupplierRecord){ .party = party };
  return record;
}

static void
blame (QueenSupplier *self, guint party, gint64 now)
{
  QueenSupplierRecord *record;

  if (party == QUEEN_FAULTS_OF_NOBODY)
    return;
  record = ensure_record (self, party);
  record->blame = MIN (record->blame + BLAME, MOST_BLAME);
  record->time = now;
}

gboolean
queen_supplier_has_failed (const QueenSupplier *self, guint party, gint64 now)
{
  const QueenSupplierRecord *record =
      self && party != QUEEN_FAULTS_OF_NOBODY ? find_record (self, party) : NULL;

  return record && record->blame >= ENOUGH && now - record->time < DOUBT;
}

/* What all think of it */

void
queen_supplier_succeed (QueenSupplier *self, guint party, gint64 now)
{
  QueenSupplierRecord *record = self ? find_record (self, party) : NULL;

  if (!self)
    return;
  if (record && record->blame > 0)
    record->blame--;
  queen_faults_succeed (&self->faults, party, now);
  self->doubted_until = 0;
}

void
queen_supplier_fail (QueenSupplier *self, guint party, gint64 now)
{
  if (!self)
    return;
  blame (self, party, now);
  if (queen_faults_fail (&self->faults, party, now) == QUEEN_FAULTS_MAX)
    self->doubted_until = now + DOUBT;
}

gboolean
queen_supplier_is_doubted (const QueenSupplier *self, gint64 now)
{
  return self && self->doubted_until > now;
}
