/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <gio/gio.h>
#include <json-glib/json-glib.h>

#include "queen-process.h"

G_BEGIN_DECLS

/* queenctl as a shell runs it. The environment says what is run:
 *
 * QUEENCTL  the binary
 *
 * A @line is what follows the program's name, as a shell would take it. Words before it that are
 * NAME=VALUE are variables of the environment, where there is no system bus otherwise. */

/* @setup: called in the child with the test's own GPid; it must have it die with the test */
GSubprocess *
ctl_spawn_with (GSubprocessLauncher *launcher, const char *line, GSpawnChildSetupFunc setup);
GSubprocess *ctl_spawn (GSubprocessLauncher *launcher, const char *line);

/* Returns: its exit status; nothing that a terminal would obey goes through a pipe */
int ctl_run (const char *line, char **out, char **err);

/* Asserts that all goes well.
 *
 * Returns: what it prints */
char *ctl_ask (const char *line);
JsonNode *ctl_ask_json (const char *line);

/* Asserts that all goes well, and that it prints that among other things, or nothing else. */
void ctl_expect (const char *line, const char *said);
void ctl_expect_exactly (const char *line, const char *said);

/* Asserts that it prints nothing but an error, which says that. */
void ctl_refuse (const char *line, int code, const char *said);

/* @out: (transfer full): its stdout
 *
 * Returns: its exit status; 128 and more for a signal */
int ctl_run_to (const char *line, int out, gboolean is_sigpipe_ignored, char **err);

/* Returns: what it prints to a terminal */
char *ctl_ask_on_terminal (const char *line);

/* One that runs until nobody reads any more. */
typedef struct
{
  GSubprocess *process;
  GDataInputStream *lines;
} CtlWatch;

void ctl_watch_start (CtlWatch *self, const char *line, GSubprocessFlags flags);

/* Reads on until there is a line with @said in it.
 *
 * Returns: that line */
char *ctl_watch_await (CtlWatch *self, const char *said);

/* Reports @who, such as `worker w`, as ready and busy in turn, until the watch has subscribed and
 * shows it. */
void ctl_watch_await_first (CtlWatch *self, const char *who);

/* Nobody reads any more, and nothing happens either. */
void ctl_watch_stop (CtlWatch *self);

G_END_DECLS
