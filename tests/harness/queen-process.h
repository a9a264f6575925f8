/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <glib.h>
#include <sys/resource.h>

G_BEGIN_DECLS

/* A real daemon under test. The environment says what is run:
 *
 * QUEEN_RBEE          the binary
 * QUEEN_RBEE_WRAPPER  a command to run it under, such as `valgrind -q --error-exitcode=99`
 * QUEEN_TEST_SCALE    a factor on the number of connections in the long loops, such as 0.05
 *
 * A daemon never outlives its test: the kernel kills it together with its parent.
 */
typedef struct _QueenProcess QueenProcess;

/**
 * QueenProcessSetup:
 * @arguments: (nullable): what follows the program's name, %NULL-terminated
 * @environment: (nullable): variables to set, each `NAME=VALUE`, %NULL-terminated
 * @descriptors: RLIMIT_NOFILE of the daemon; 0 leaves it alone
 * @sockets: (nullable): descriptors that it is handed as systemd does it; they stay the test's
 * @n_sockets: how many
 * @stderr_fd: its stderr, which stays the test's; 0 for one that the test reads all the time
 * @has_no_standard: it starts with neither stdin nor stdout nor stderr
 */
typedef struct
{
  const char *const *arguments;
  const char *const *environment;
  rlim_t descriptors;
  const int *sockets;
  guint n_sockets;
  int stderr_fd;
  gboolean has_no_standard;
} QueenProcessSetup;

/**
 * queen_process_spawn:
 *
 * Returns: a process that was given exactly those arguments, and of which nothing is known yet
 */
QueenProcess *queen_process_spawn (const QueenProcessSetup *setup);

/**
 * queen_process_start:
 * @option: (nullable): the first of the options beside `--port=0 --ui-port=off
 *   --bus=none`, %NULL-terminated
 *
 * Returns: a daemon that has said that it is ready
 */
QueenProcess *queen_process_start (const char *option, ...) G_GNUC_NULL_TERMINATED;

/* The same in an @environment: variables to set, each `NAME=VALUE`, %NULL-terminated. */
QueenProcess *queen_process_start_with (const char *const *environment,
                                        const char *option,
                                        ...) G_GNUC_NULL_TERMINATED;

/**
 * queen_process_wait_ready:
 *
 * Waits for the line that says where the daemon listens.
 */
void queen_process_wait_ready (QueenProcess *self);

GPid queen_process_get_pid (QueenProcess *self);
guint16 queen_process_get_port (QueenProcess *self);

/* Whether @text is on its stderr already. */
gboolean queen_process_has_said (QueenProcess *self, const char *text);

/* How often. */
guint queen_process_count_said (QueenProcess *self, const char *text);

/* Returns: (transfer full): the file of that name in /proc that tells of the daemon */
char *queen_process_dup_proc_path (QueenProcess *self, const char *name);

/* Returns: ticks of a processor that all its threads have had, those that are gone, too; and, in
 * @of_loop, how many of these the main loop had */
guint64 queen_process_count_ticks (QueenProcess *self, guint64 *of_loop);

/* Open descriptors, from /proc. */
guint queen_process_count_descriptors (QueenProcess *self);

/* Changes a limit of the daemon, such as %RLIMIT_FSIZE, while it runs; and RLIMIT_NOFILE. */
void queen_process_limit (QueenProcess *self, int resource, rlim_t limit);
void queen_process_limit_descriptors (QueenProcess *self, rlim_t limit);

/* CPU time used so far, µs, by the process's own clock. */
gint64 queen_process_get_cpu_time (QueenProcess *self);

/* Resident memory, bytes. */
gint64 queen_process_get_resident (QueenProcess *self);

/* Whether the daemon's main thread sleeps: it has nothing to do at this moment. */
gboolean queen_process_is_idle (QueenProcess *self);

void queen_process_signal (QueenProcess *self, int signal_number);

/**
 * queen_process_wait_exit:
 *
 * Returns: the exit code; 128 and more for a signal. To be called at most once.
 */
int queen_process_wait_exit (QueenProcess *self);

char *queen_process_dup_stdout (QueenProcess *self);
char *queen_process_dup_stderr (QueenProcess *self);

/**
 * queen_process_stop:
 *
 * Ends the daemon by SIGTERM unless it has ended already, and asserts that it exits with 0. Either
 * way asserts that it had nothing to complain of on stderr, and frees @self.
 */
void queen_process_stop (QueenProcess *self);

/* Frees a daemon that has ended, whatever it had to complain of. */
void queen_process_free (QueenProcess *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (QueenProcess, queen_process_stop)

/* To be called in a child, after fork: it is killed when the process @test, its parent, ends. */
void queen_test_die_with (GPid test);

/* How long a test waits for what must come, ms. Reached only by a failure. */
int queen_test_get_deadline (void);

/* Whether the daemon runs under a tool, so that its speed says nothing. */
gboolean queen_test_is_wrapped (void);

/* Whether it was built with the address sanitizer, so that its memory says nothing. */
gboolean queen_test_is_sanitized (void);

/* @count scaled by QUEEN_TEST_SCALE, at least 1. */
guint queen_test_scale (guint count);

/* For what the kernel announces to nobody, such as another process's descriptors. */
#define queen_test_wait_until_within(condition, timeout_msec)                                      \
  G_STMT_START                                                                                     \
  {                                                                                                \
    gint64 end_ = g_get_monotonic_time () + (timeout_msec) *G_TIME_SPAN_MILLISECOND;               \
    while (!(condition))                                                                           \
      {                                                                                            \
        if (g_get_monotonic_time () > end_)                                                        \
          g_error ("still not after %d ms: %s", timeout_msec, #condition);                         \
        g_usleep (2000);                                                                           \
      }                                                                                            \
  }                                                                                                \
  G_STMT_END

#define queen_test_wait_until(condition)                                                           \
  queen_test_wait_until_within (condition, queen_test_get_deadline ())

G_END_DECLS
