/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "queen-faults.h"

G_BEGIN_DECLS

/**
 * QueenSupplier:
 * @name: of a sender; of the IPv6 network of 48 bits that it is in, if it is in one
 * @hash: of @name; never 0
 * @n_workers: how many it has brought
 * @faults: of these together: refusals and failures in a row
 * @doubted_until: µs, monotonic: until when its workers come after others'
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
 * queen_supplier_is_doubted:
 * @self: (nullable): one of them
 * @now: µs, monotonic
 *
 * Returns: whether its workers come after others'
 */
gboolean queen_supplier_is_doubted (const QueenSupplier *self, gint64 now);

G_END_DECLS
