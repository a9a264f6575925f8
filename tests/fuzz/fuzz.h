/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* What https://llvm.org/docs/LibFuzzer.html calls in a target. */
int LLVMFuzzerInitialize (int *argc, char ***argv);
int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);

/** For targets in which the queen has reason to complain. */
void fuzz_allow_warnings (void);

/**
 * fuzz_cut_line:
 * @at: (inout): where the line begins, then where the next one does; %NULL behind the last one
 * @end: where the input ends
 *
 * For targets whose input is a list of lines.
 *
 * Returns: (transfer full): the line without its line feed, in memory of exactly its size
 */
GBytes *fuzz_cut_line (const guint8 **at, const guint8 *end);

/**
 * fuzz_write_file:
 *
 * Returns: (transfer full): the path of a file that holds @data; it is the same one each time
 */
char *fuzz_write_file (const guint8 *data, gsize size);

G_END_DECLS
