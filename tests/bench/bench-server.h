/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <glib.h>
#include <time.h>

/* What every load generator asks of the server's process and of clocks. What cannot be measured
 * ends the process. */

/** Says on stderr why nothing can be measured, and ends the process. */
void die (const char *format, ...) G_GNUC_NORETURN G_GNUC_PRINTF (1, 2);

/** Returns: ns, monotonic */
gint64 now_nsec (void);

/** Returns: seconds that @clock, of somebody's CPU time, has counted */
double cpu_of (clockid_t clock);

/** Returns: seconds of CPU that the process @pid has taken */
double cpu_of_server (int pid);

/**
 * server_memory_kb:
 * @field: a line of `/proc/PID/status`, such as `VmRSS:`
 *
 * Returns: KiB
 */
long server_memory_kb (int pid, const char *field);
