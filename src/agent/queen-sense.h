/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "machine/queen-gpu-reader.h"
#include "machine/queen-port-owners.h"

G_BEGIN_DECLS

/**
 * QueenSense:
 *
 * Finds out whether a server of this machine works that does not say so: by its connections, and
 * what its processes take of the processors and GPUs.
 */
typedef struct _QueenSense QueenSense;

/**
 * queen_sense_new:
 * @gpus: (nullable): who reads the GPUs; outlives this
 * @places: (nullable): where GPUs are looked for once there is a server that may use one, without
 *   @gpus; not copied
 */
QueenSense *queen_sense_new (QueenGpuReader *gpus, const QueenGpuPlaces *places);

void queen_sense_free (QueenSense *self);

/**
 * queen_sense_is_to_count:
 * @now: µs, monotonic
 *
 * Returns: whether queen_sense_look() will count connections, of all servers at once, as it takes
 * the kernel as long for one as for many; where there are many new ones, not for each of them
 */
gboolean queen_sense_is_to_count (QueenSense *self, gint64 now, guint16 port);

/** The server at @port is being asked by ourselves: the next count does not count there. */
void queen_sense_leave_out (QueenSense *self, guint16 port);

/**
 * queen_sense_find_pid:
 *
 * Returns: who listens at @port, of those that may be known: the processes of one's own user; or 0;
 *   or %QUEEN_PORT_OWNERS_LATER
 */
pid_t queen_sense_find_pid (QueenSense *self, guint16 port);

/** Returns: whether a driver is being asked at this moment, which may hang */
gboolean queen_sense_is_at_driver (QueenSense *self);

/**
 * queen_sense_look:
 * @now: µs, monotonic
 * @port: where the server listens, on this machine
 * @pid: its process; 0 when that is not known, and is to be found by the port
 * @n_own: how many connections to it are our own
 * @is_busy: (out): whether it works
 *
 * Nobody is connected: nothing to do. Somebody is: bytes are on their way, or its processes work.
 * Whose connections are kept open while nobody asks for anything would make it look busy for ever.
 *
 * Returns: (nullable): how that was found out, as heartbeats say it: `sockets`, `cpu` or `gpu`;
 * static. %NULL when it cannot be found out, or not yet
 */
const char *queen_sense_look (
    QueenSense *self, gint64 now, guint16 port, pid_t pid, guint n_own, gboolean *is_busy);

/**
 * queen_sense_is_open:
 * @now: µs, monotonic
 *
 * Where many listen this takes milliseconds, so it is not found out as often as it is asked for.
 *
 * Returns: whether whoever answers at @port of this machine's own address listens there for more
 * than this machine itself, or lately did; also when that is not known
 */
gboolean queen_sense_is_open (QueenSense *self, gint64 now, guint16 port);

/**
 * queen_sense_is_stale:
 * @now: µs, monotonic
 *
 * Returns: whether queen_sense_is_open() said what had been found before, and would now find it out
 */
gboolean queen_sense_is_stale (QueenSense *self, gint64 now, guint16 port);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (QueenSense, queen_sense_free)

G_END_DECLS
