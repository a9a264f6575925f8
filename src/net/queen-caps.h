/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/** Connections to workers and other queens, those included that are kept, where there is room for
 * all of them. */
#define QUEEN_CAPS_MAX_CALLS (11 * 1024)

/**
 * QueenCaps:
 * @subscribers: how many may listen at once
 * @connections: how many requests may be under way at once
 * @subscribers_per_address: how many subscribers one address may have
 * @connections_per_address: how many requests one address may have under way
 * @calls: how many connections to workers and other queens there may be at once, those included
 *   that are kept: so none of these is at the brink, be there as many of the others as there may,
 *   unless somebody wished for all descriptors for these
 * @spares_loopback: what one address may have does not hold for this machine itself
 * @brink: the descriptor from which on there are hardly any left: calls to workers may have taken
 *   them, or whatever else; 0 for none
 *
 * How much there may be of what costs a descriptor.
 */
typedef struct
{
  guint subscribers;
  guint connections;
  guint subscribers_per_address;
  guint connections_per_address;
  guint calls;
  gboolean spares_loopback;
  int brink;
} QueenCaps;

/**
 * queen_caps_choose:
 * @caps: (out): at least 1 of each
 * @n_descriptors: how many descriptors the process may have
 * @max_subscribers: how many subscribers are wanted; 0 for a good number
 * @max_connections: how many connections are wanted; 0 for a good number
 * @max_per_address: how many of each one address may have, this machine included; 0 for a quarter,
 *   this machine not included
 *
 * Shares the descriptors out, so that a heartbeat finds one however many subscribers there are, and
 * a call to a worker, too, unless all are wanted for others.
 *
 * Returns: whether there are descriptors enough for what was wanted
 */
gboolean queen_caps_choose (QueenCaps *caps,
                            guint64 n_descriptors,
                            guint max_subscribers,
                            guint max_connections,
                            guint max_per_address);

/**
 * queen_caps_find_brink:
 * @n_descriptors: how many descriptors the process may have
 *
 * The kernel gives out the lowest descriptor that is free. So by its number each tells how many
 * there are; and what lasts has none of the last ones, which are for those who come and go.
 *
 * Returns: the first of these
 */
int queen_caps_find_brink (guint64 n_descriptors);

/**
 * queen_caps_find_own:
 *
 * What she does now and then may need some more of them, and GLib ends the process where some of
 * that finds none: as when she comes back to a bus. So not even who comes has the very last ones.
 *
 * Returns: the first of these
 */
int queen_caps_find_own (void);

/** Returns: whether @fd is one of these; then it is not for who has sent it, or had it made */
gboolean queen_caps_is_own (int fd);

/** Returns: whether there are some left for what would end the process without */
gboolean queen_caps_are_some_left (void);

/** Returns: whether @fd is one of the last ones */
gboolean queen_caps_are_at_brink (const QueenCaps *self, int fd);

/** queen_caps_make_room: has the kernel make room for so many descriptors now, and not later. */
void queen_caps_make_room (const QueenCaps *self);

G_END_DECLS
