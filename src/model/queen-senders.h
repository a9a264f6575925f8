/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/** What the name of a sender begins with that has shown a token; an address begins otherwise. */
#define QUEEN_SENDER_TOKEN "token:"

/**
 * QueenSenders:
 *
 * Who has brought how many of the components that a registry knows.
 */
typedef struct _QueenSenders QueenSenders;

/**
 * QueenSender:
 * @name: (type utf8): a #GRefString such as `token:farm-7` or `address:10.0.0.7`
 * @n_brought: how many components, at least 1
 * @n_list_bytes: what their lists of models and GPUs take
 * @offline: the registry's links to those of them that are offline, the longest one first
 *
 * One who has brought a component.
 */
typedef struct
{
  char *name;
  guint n_brought;
  gsize n_list_bytes;
  GQueue offline;
} QueenSender;

QueenSenders *queen_senders_new (void);

/**
 * queen_senders_lookup:
 * @name: (nullable): of a sender; %NULL for one who is not counted
 *
 * Returns: (transfer none) (nullable): the one of that name, if it has brought anything
 */
QueenSender *queen_senders_lookup (QueenSenders *self, const char *name);

/**
 * queen_senders_enter:
 * @name: (nullable): who brings a component; %NULL for one who is not counted
 *
 * Returns: (transfer none) (nullable): what to give queen_senders_release(); %NULL when it is not
 *   counted
 */
QueenSender *queen_senders_enter (QueenSenders *self, const char *name);

/**
 * queen_senders_release:
 * @sender: (nullable): whose component it is no longer
 */
void queen_senders_release (QueenSenders *self, QueenSender *sender);

/**
 * queen_sender_is_called:
 * @sender: (nullable): one who has brought something
 * @name: (nullable): of a sender
 *
 * Returns: whether they are the same; those who are not counted are one
 */
gboolean queen_sender_is_called (const QueenSender *sender, const char *name);

/**
 * queen_sender_owns:
 * @sender: (nullable): one who has brought something
 *
 * Returns: whether that is its own: an address proves nothing, but a token does
 */
gboolean queen_sender_owns (const QueenSender *sender);

void queen_senders_free (QueenSenders *self);

G_END_DECLS
