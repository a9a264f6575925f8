/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "queen-faults.h"

G_BEGIN_DECLS

/**
 * QueenSupplierRecord:
 * @party: who has asked, as queen_faults_identify() has it; %QUEEN_FAULTS_OF_NOBODY for all who
 *   have no record of their own
 * @used: µs, monotonic: when anything ended for it last
 * @n_open: what was asked for it and has not ended yet, as far as it counts here
 * @n_shown: how much more than a few of that the workers have shown to be able to answer
 *
 * What workers of a supplier have to do for one who asks.
 */
typedef struct
{
  guint party;
  gint64 used;
  guint n_open;
  guint n_shown;
} QueenSupplierRecord;

/**
 * QueenSupplier:
 * @name: of a sender; of the IPv6 network of 48 bits that it is in, if it is in one
 * @hash: of @name; never 0
 * @n_workers: how many it has brought
 * @faults: of these together: refusals and failures in a row
 * @doubted_until: µs, monotonic: until when its workers come after others'
 * @records: (nullable): of the parties for whom something has ended last, those without a party
 *   behind all others; and whom it has failed
 * @newcomers: of those who have none
 *
 * Who has brought workers, as placement knows them: whoever can bring one can bring thousands, so
 * what one of them is found to be says something of all.
 */
typedef struct
{
  char *name;
  guint64 hash;
  guint n_workers;
  QueenFaults faults;
  gint64 doubted_until;
  struct QueenSupplierRecords *records;
  QueenSupplierRecord newcomers;
} QueenSupplier;

/** QueenSuppliers: all of them. */
typedef struct _QueenSuppliers QueenSuppliers;

QueenSuppliers *queen_suppliers_new (void);

/**
 * queen_suppliers_enter:
 * @sender: (nullable): who has brought one more worker, as #QueenComponent has it
 *
 * Returns: (transfer none) (nullable): what to give queen_suppliers_release(); %NULL for who is not
 *   counted: this machine is trusted
 */
QueenSupplier *queen_suppliers_enter (QueenSuppliers *self, const char *sender);

/**
 * queen_suppliers_release:
 * @supplier: (nullable): whose worker is gone, or somebody else's
 */
void queen_suppliers_release (QueenSuppliers *self, QueenSupplier *supplier);

/** It must have none. */
void queen_suppliers_free (QueenSuppliers *self);

/**
 * queen_supplier_succeed:
 * @self: (nullable): whose worker has done something
 * @party: as queen_faults_succeed() has it
 * @now: µs, monotonic
 */
void queen_supplier_succeed (QueenSupplier *self, guint party, gint64 now);

/**
 * queen_supplier_fail:
 * @self: (nullable): whose worker has refused something, or failed
 * @party: as queen_faults_fail() has it
 * @now: µs, monotonic
 *
 * With the fifth fault in a row it is doubted for 30 s, and so with each that follows and counts.
 */
void queen_supplier_fail (QueenSupplier *self, guint party, gint64 now);

/**
 * queen_supplier_disappoint:
 * @self: (nullable): whose worker has said nothing
 * @party: who waited no longer, as queen_faults_identify() has it
 * @now: µs, monotonic
 *
 * For @party it has failed; and for nobody else, as each may have as little patience as it likes.
 * So it is not noted where it has failed lately for as many others as are remembered.
 */
void queen_supplier_disappoint (QueenSupplier *self, guint party, gint64 now);

/**
 * queen_supplier_open:
 * @self: (nullable): whose worker gets something to do
 * @party: for whom, as queen_faults_identify() has it
 *
 * Returns: what to give queen_supplier_close() when that has ended
 */
guint queen_supplier_open (QueenSupplier *self, guint party);

/** queen_supplier_close: reverses that. */
void queen_supplier_close (QueenSupplier *self, guint account);

/**
 * queen_supplier_is_doubted:
 * @self: (nullable): one of them
 * @now: µs, monotonic
 *
 * Returns: whether its workers come after others'
 */
gboolean queen_supplier_is_doubted (const QueenSupplier *self, gint64 now);

/**
 * queen_supplier_is_doubted_by:
 * @self: (nullable): one of them
 * @party: who asks
 * @now: µs, monotonic
 *
 * What somebody has asked in vain says nothing to others, as it may be that one's own doing; and
 * what others have had says nothing to it, as they may be the supplier's friends. So each has its
 * own experience besides: when more than a quarter of what it asks fails with workers of one
 * supplier, three times at the least, and the last time was less than 30 s ago. That is
 * remembered of the 32 for whom it was so last, whoever has something in flight there.
 *
 * Returns: whether its workers come after others' for that party, or for all
 */
gboolean queen_supplier_is_doubted_by (const QueenSupplier *self, guint party, gint64 now);

/**
 * queen_supplier_is_busy_for:
 * @self: (nullable): one of them
 * @party: who asks
 *
 * What fails may do so late, and how much its workers can do at once is but their word. So it has
 * enough when eight more are in flight there for that party than it has shown to be able to answer:
 * as many again as there are when one is answered, and half of it after a failure. It is as TCP
 * opens its window (RFC 5681). All for whom it has done nothing yet count as one, and so do those
 * who come while 32 others have something in flight there; a failure of one takes nothing of that.
 *
 * Returns: whether its workers come after others', but for those who are doubted
 */
gboolean queen_supplier_is_busy_for (const QueenSupplier *self, guint party);

G_END_DECLS
