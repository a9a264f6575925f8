/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <glib.h>

#include "queen-process.h"

G_BEGIN_DECLS

/* Libraries that go between the daemon and the C library, to see into it or to play tricks on it:
 *
 * preload-clock   moves its wall clock
 * preload-heap    counts how many bytes of its heap are in use
 * preload-faults  has its socket calls fail, now and then, as the kernel's may
 * preload-hang    holds it, at its start or when it is told to
 * preload-types   has it say what two threads could wait for each other for
 *
 * Test and library share a page of memory. The last two do without: one goes by a signal.
 */

#define PRELOAD_PAGE "QUEEN_TEST_PAGE" /* the variable with the file to map */

typedef struct
{
  gint64 wall_offset; /* ns, added to the wall clock: written by the test */

  guint64 heap_in_use; /* bytes, without what the allocator itself needs: written by the daemon */

  guint is_faulty; /* whether socket calls fail: written by the test */
  guint n_faults;  /* injected so far: written by the daemon */
} PreloadPage;

typedef struct _Preload Preload;

/**
 * preload_new:
 * @library: such as `preload-clock`
 */
Preload *preload_new (const char *library);
void preload_free (Preload *self);

/* The page, valid as long as @self. */
PreloadPage *preload_get_page (Preload *self);

/* Returns: the environment in which a daemon has the library, for queen_process_start_with() */
const char *const *preload_get_environment (Preload *self);

/* From now on the daemon's socket calls fail as QUEEN_FAULTS says. */
void preload_begin_faults (Preload *self);

/* Adds a variable to that environment. */
void preload_set (Preload *self, const char *name, const char *value);

/* Moves the daemon's wall clock to @seconds beside everybody else's. */
void preload_move_clock (Preload *self, gint64 seconds);

/* Bytes more that are no leak: GLib's own arrays, such as that of the sources that are ready at
 * once, grow to what they ever need, and stay. */
#define PRELOAD_HEAP_SLACK 64

/* Returns: the bytes that the daemon has asked for and not given back, the least of some moments
 * when it has nothing to do */
guint64 preload_measure_heap (Preload *self, QueenProcess *queen);

/* Returns: (transfer full): the environment in which SIGUSR1 has @what fail; see preload-hang.c */
char **preload_dup_hang_environment (const char *what);

/* @said: "hang: on\n" or "hang: off\n", for the first and for the second time */
void preload_turn_hanging (QueenProcess *queen, const char *said);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Preload, preload_free)

G_END_DECLS
