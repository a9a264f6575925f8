/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-supplier.h"

#include <string.h>

#include "queen-senders.h"
#include "text/queen-hash.h"
#include "text/queen-sharded-table.h"

/* As of a worker: Envoy's base_ejection_time. */
#define DOUBT (30 * G_USEC_PER_SEC)

#define MAX_RECORDS 32 /* parties that are remembered */
#define FEW 8          /* in flight, of which nobody knows how they will end */
#define BLAME 3        /* for a failure, of which each success takes away one */
#define ENOUGH (3 * BLAME)
#define MOST_BLAME (4 * BLAME)

/* How workers of a supplier have failed one who asks. */
typedef struct
{
  guint party;
  guint blame;   /* points for what failed for it, less those for what did not */
  gint64 failed; /* µs, monotonic: when something did last */
} Complaint;

/* The parties are gone along for each worker that is looked at, so they stand apart. Complaints do
 * as well, as there is room for one even while all who have a record keep it. */
struct QueenSupplierRecords
{
  guint parties[MAX_RECORDS]; /* 0 behind the last one */
  QueenSupplierRecord of[MAX_RECORDS];
  Complaint complaints[MAX_RECORDS]; /* those without a party behind all others */
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

/* What is in flight */

static struct QueenSupplierRecords *
ensure_records (QueenSupplier *self)
{
  if (!self->records)
    self->records = g_new0 (struct QueenSupplierRecords, 1);
  return self->records;
}

/* Returns: (nullable): that of @party */
static QueenSupplierRecord *
find_record (const QueenSupplier *self, guint party)
{
  for (guint i = 0; self->records && i < MAX_RECORDS && self->records->parties[i] > 0; i++)
    if (self->records->parties[i] == party)
      return &self->records->of[i];
  return NULL;
}

/* As long as something is counted there it stays.
 *
 * Returns: (nullable): the one that may be lost first */
static QueenSupplierRecord *
find_least (struct QueenSupplierRecords *records)
{
  QueenSupplierRecord *least = NULL;

  for (guint i = 0; i < MAX_RECORDS; i++)
    if (records->of[i].n_open == 0 && (!least || records->of[i].used < least->used))
      least = &records->of[i];
  return least;
}

/* Something has ended for @party, which gets a record if there is room for it. */
static void
use_record (QueenSupplier *self, guint party, gint64 now)
{
  struct QueenSupplierRecords *records = ensure_records (self);
  QueenSupplierRecord *record = find_record (self, party);

  if (party == QUEEN_FAULTS_OF_NOBODY)
    return;
  if (!record && (record = find_least (records)))
    {
      *record = (QueenSupplierRecord){ .party = party };
      records->parties[record - records->of] = party;
    }
  if (record)
    record->used = now;
}

/* Returns: where it counts what is in flight for @party */
static QueenSupplierRecord *
get_account (const QueenSupplier *self, guint party)
{
  QueenSupplierRecord *record = find_record (self, party);

  return record ? record : (QueenSupplierRecord *) &self->newcomers;
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

/* Experience */

/* Returns: (nullable): that of @party */
static Complaint *
find_complaint (const QueenSupplier *self, guint party)
{
  Complaint *complaints = self->records ? self->records->complaints : NULL;

  for (guint i = 0; complaints && i < MAX_RECORDS && complaints[i].party > 0; i++)
    if (complaints[i].party == party)
      return &complaints[i];
  return NULL;
}

static gboolean
has_failed_lately (const Complaint *complaint, gint64 now)
{
  return complaint->blame > 0 && now - complaint->failed < DOUBT;
}

/* Returns: the one that may be lost first */
static Complaint *
find_oldest (Complaint complaints[MAX_RECORDS], gint64 now)
{
  Complaint *oldest = &complaints[0];

  for (guint i = 1; i < MAX_RECORDS; i++)
    {
      gboolean is_late = has_failed_lately (&complaints[i], now);
      gboolean was_late = has_failed_lately (oldest, now);

      if (is_late < was_late || (is_late == was_late && complaints[i].failed < oldest->failed))
        oldest = &complaints[i];
    }
  return oldest;
}

/* @is_sure: others who have been failed lately may be forgotten for it */
static void
blame (QueenSupplier *self, guint party, gboolean is_sure, gint64 now)
{
  Complaint *complaint = find_complaint (self, party);

  if (party == QUEEN_FAULTS_OF_NOBODY)
    return;
  if (!complaint)
    {
      complaint = find_oldest (ensure_records (self)->complaints, now);
      if (!is_sure && has_failed_lately (complaint, now))
        return;
      *complaint = (Complaint){ .party = party };
    }
  complaint->blame = MIN (complaint->blame + BLAME, MOST_BLAME);
  complaint->failed = now;
}

static gboolean
has_failed (const QueenSupplier *self, guint party, gint64 now)
{
  const Complaint *complaint = find_complaint (self, party);

  return complaint && complaint->blame >= ENOUGH && has_failed_lately (complaint, now);
}

/* What all think of it */

void
queen_supplier_succeed (QueenSupplier *self, guint party, gint64 now)
{
  Complaint *complaint = self ? find_complaint (self, party) : NULL;

  if (!self)
    return;
  note_answer (get_account (self, party));
  use_record (self, party, now);
  if (complaint && complaint->blame > 0)
    complaint->blame--;
  queen_faults_succeed (&self->faults, party, now);
  self->doubted_until = 0;
}

void
queen_supplier_fail (QueenSupplier *self, guint party, gint64 now)
{
  QueenSupplierRecord *account;

  if (!self)
    return;
  /* It may be its own doing, so it is nothing to others who count as one with it. */
  account = get_account (self, party);
  if (account->party == party)
    account->n_shown /= 2;
  use_record (self, party, now);
  blame (self, party, TRUE, now);
  if (queen_faults_fail (&self->faults, party, now) == QUEEN_FAULTS_MAX)
    self->doubted_until = now + DOUBT;
}

void
queen_supplier_disappoint (QueenSupplier *self, guint party, gint64 now)
{
  if (self)
    blame (self, party, FALSE, now);
}

gboolean
queen_supplier_is_doubted (const QueenSupplier *self, gint64 now)
{
  return self && self->doubted_until > now;
}

gboolean
queen_supplier_is_doubted_by (const QueenSupplier *self, guint party, gint64 now)
{
  return self && (queen_supplier_is_doubted (self, now) || has_failed (self, party, now));
}

gboolean
queen_supplier_is_busy_for (const QueenSupplier *self, guint party)
{
  const QueenSupplierRecord *account = self ? get_account (self, party) : NULL;

  return account && account->n_open >= FEW + account->n_shown;
}
