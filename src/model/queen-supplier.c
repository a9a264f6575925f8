/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-supplier.h"

#include <string.h>

#include "queen-senders.h"
#include "text/queen-hash.h"
#include "text/queen-sharded-table.h"

/* As of a worker: Envoy's base_ejection_time. */
#define DOUBT (30 * G_USEC_PER_SEC)

#define MAX_RECORDS 32 /* parties whose experience is remembered */
#define FEW 8          /* in flight, of which nobody knows how they will end */
#define BLAME 3        /* for a failure, of which each success takes away one */
#define ENOUGH (3 * BLAME)
#define MOST_BLAME (4 * BLAME)

/* The parties are gone along for each worker that is looked at, so they stand apart. */
struct QueenSupplierRecords
{
  guint parties[MAX_RECORDS]; /* 0 behind the last one */
  QueenSupplierRecord of[MAX_RECORDS];
};

struct _QueenSuppliers
{
  QueenShardedTable *table; /* name -> QueenSupplier, which has it */
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

  self->table = queen_sharded_table_new (queen_string_hash, g_str_equal, NULL, free_supplier);
  return self;
}

static QueenSupplier *
add_supplier (QueenSuppliers *self, const char *name)
{
  static const guint8 key[QUEEN_HASH_KEY_SIZE] = "queen suppliers";
  QueenSupplier *supplier = g_new0 (QueenSupplier, 1);

  supplier->name = g_strdup (name);
  supplier->hash = MAX (queen_hash_with_key (key, name, strlen (name)), 1);
  queen_sharded_table_insert (self->table, supplier->name, supplier);
  return supplier;
}

QueenSupplier *
queen_suppliers_enter (QueenSuppliers *self, const char *sender)
{
  g_autofree char *name = queen_sender_dup_party (sender);
  QueenSupplier *supplier = name ? queen_sharded_table_lookup (self->table, name) : NULL;

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
    queen_sharded_table_remove (self->table, supplier->name);
}

void
queen_suppliers_free (QueenSuppliers *self)
{
  g_return_if_fail (queen_sharded_table_get_size (self->table) == 0);

  queen_sharded_table_free (self->table);
  g_free (self);
}

/* Experience */

/* Returns: (nullable): that of @party */
static QueenSupplierRecord *
find_record (const QueenSupplier *self, guint party)
{
  for (guint i = 0; self->records && i < MAX_RECORDS && self->records->parties[i] > 0; i++)
    if (self->records->parties[i] == party)
      return &self->records->of[i];
  return NULL;
}

static gboolean
has_failed_lately (const QueenSupplierRecord *record, gint64 now)
{
  return record->blame > 0 && now - record->failed < DOUBT;
}

/* Whoever has been failed lately keeps its record, however many are content; and as long as
 * something is counted there it stays as well.
 *
 * Returns: (nullable): the one that may be lost first */
static QueenSupplierRecord *
find_least (QueenSupplier *self, gboolean is_failure, gint64 now)
{
  QueenSupplierRecord *least = NULL;

  for (guint i = 0; i < MAX_RECORDS; i++)
    {
      QueenSupplierRecord *record = &self->records->of[i];
      gboolean is_late = has_failed_lately (record, now);

      if (record->n_open > 0 || (is_late && !is_failure))
        continue;
      if (!least || is_late < has_failed_lately (least, now) ||
          (is_late == has_failed_lately (least, now) && record->used < least->used))
        least = record;
    }
  return least;
}

/* @is_failure: whether something has failed for @party
 *
 * Returns: that of @party, perhaps one that was lost for it; or that of all who have none */
static QueenSupplierRecord *
ensure_record (QueenSupplier *self, guint party, gboolean is_failure, gint64 now)
{
  QueenSupplierRecord *record = find_record (self, party);

  if (record)
    return record;
  if (!self->records)
    self->records = g_new0 (struct QueenSupplierRecords, 1);
  record = find_least (self, is_failure, now);
  if (!record)
    return &self->newcomers;
  *record = (QueenSupplierRecord){ .party = party };
  self->records->parties[record - self->records->of] = party;
  return record;
}

/* Returns: where it counts what is in flight for @party */
static QueenSupplierRecord *
get_account (const QueenSupplier *self, guint party)
{
  QueenSupplierRecord *record = find_record (self, party);

  return record ? record : (QueenSupplierRecord *) &self->newcomers;
}

static void
blame (QueenSupplier *self, guint party, gint64 now)
{
  QueenSupplierRecord *record;

  if (party == QUEEN_FAULTS_OF_NOBODY)
    return;
  record = ensure_record (self, party, TRUE, now);
  record->blame = MIN (record->blame + BLAME, MOST_BLAME);
  record->failed = record->used = now;
}

static gboolean
has_failed (const QueenSupplierRecord *record, gint64 now)
{
  return record->blame >= ENOUGH && has_failed_lately (record, now);
}

guint
queen_supplier_open (QueenSupplier *self, guint party)
{
  QueenSupplierRecord *account;

  if (!self)
    return QUEEN_FAULTS_OF_NOBODY;
  account = get_account (self, party);
  account->n_open++;
  return account->party;
}

void
queen_supplier_close (QueenSupplier *self, guint account)
{
  if (self)
    get_account (self, account)->n_open--;
}

/* What is answered says something of as many as there are just now, and not of more. */
static void
note_answer (QueenSupplierRecord *account)
{
  if (account->n_shown < 2 * account->n_open)
    account->n_shown++;
}

/* What all think of it */

void
queen_supplier_succeed (QueenSupplier *self, guint party, gint64 now)
{
  QueenSupplierRecord *record;

  if (!self)
    return;
  note_answer (get_account (self, party));
  record = ensure_record (self, party, FALSE, now);
  if (record->blame > 0)
    record->blame--;
  record->used = now;
  queen_faults_succeed (&self->faults, party, now);
  self->doubted_until = 0;
}

void
queen_supplier_fail (QueenSupplier *self, guint party, gint64 now)
{
  QueenSupplierRecord *account;

  if (!self)
    return;
  account = get_account (self, party);
  account->n_shown /= 2;
  blame (self, party, now);
  if (queen_faults_fail (&self->faults, party, now) == QUEEN_FAULTS_MAX)
    self->doubted_until = now + DOUBT;
}

void
queen_supplier_disappoint (QueenSupplier *self, guint party, gint64 now)
{
  if (self && (find_record (self, party) || !self->records || find_least (self, FALSE, now)))
    blame (self, party, now);
}

gboolean
queen_supplier_is_doubted (const QueenSupplier *self, gint64 now)
{
  return self && self->doubted_until > now;
}

gboolean
queen_supplier_is_doubted_by (const QueenSupplier *self, guint party, gint64 now)
{
  return self &&
         (queen_supplier_is_doubted (self, now) || has_failed (get_account (self, party), now));
}

gboolean
queen_supplier_is_busy_for (const QueenSupplier *self, guint party)
{
  const QueenSupplierRecord *account = self ? get_account (self, party) : NULL;

  return account && account->n_open >= FEW + account->n_shown;
}
