/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/**
 * QueenDBusDraft:
 * @begin: takes what the answer is made of, in the thread that answers
 * @finish: makes the answer of that, in any thread. Returns: (transfer floating) (nullable): what
 *   the method returns, or %NULL with an error of #QUEEN_ERROR or #G_DBUS_ERROR
 * @free: frees what @begin has given, in any thread
 *
 * How an answer is made that is too much for one turn.
 */
typedef struct
{
  gpointer (*begin) (gpointer data);
  GVariant *(*finish) (gpointer draft, GError **error);
  void (*free) (gpointer draft);
} QueenDBusDraft;

/**
 * QueenDBusDrafting:
 *
 * Makes one answer in a thread of its own, to its last byte: GDBus holds the connection's lock
 * while it does that, and then nobody else is answered. It belongs to the thread that begins it.
 */
typedef struct _QueenDBusDrafting QueenDBusDrafting;

/**
 * QueenDBusDraftingFunc:
 * @message: (nullable): the answer as queen_dbus_output_enclose_message() takes it; else %NULL with
 *   @error
 *
 * The drafting is no more when this is called.
 */
typedef void (*QueenDBusDraftingFunc) (GBytes *message, const GError *error, gpointer data);

/**
 * queen_dbus_drafting_begin:
 * @call: what is answered
 * @draft: how
 * @stock: (transfer full): what @draft has begun with; nothing is taken without a drafting
 * @func: called once, later
 *
 * Returns: (transfer none) (nullable): until @func or queen_dbus_drafting_cancel(); %NULL when
 * there is no thread to be had
 */
QueenDBusDrafting *queen_dbus_drafting_begin (GDBusMessage *call,
                                              const QueenDBusDraft *draft,
                                              gpointer stock,
                                              QueenDBusDraftingFunc func,
                                              gpointer data);

/** The answer is not wanted any longer. */
void queen_dbus_drafting_cancel (QueenDBusDrafting *self);

G_END_DECLS
