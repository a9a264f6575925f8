/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-process.h"

#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <systemd/sd-daemon.h>
#include <time.h>
#include <unistd.h>

struct _QueenProcess
{
  GPid pid;
  GPid test;
  int pidfd;
  gboolean has_exited;
  guint16 port;
  rlim_t descriptors;
  gboolean has_no_standard;

  GThread *drainer; /* so that the daemon never waits for us to read */
  int pipes[2];     /* its stdout and stderr; the drainer's own */
  GMutex lock;      /* of what follows */
  GCond changed;
  GString *output[2];
  gboolean is_drained;
};

int
queen_test_get_deadline (void)
{
  return queen_test_is_wrapped () ? 120 * 1000 : 20 * 1000;
}

gboolean
queen_test_is_wrapped (void)
{
  const char *wrapper = g_getenv ("QUEEN_RBEE_WRAPPER");

  return wrapper != NULL && *wrapper != '\0';
}

gboolean
queen_test_is_sanitized (void)
{
#ifdef __SANITIZE_ADDRESS__
  return TRUE;
#else
  return FALSE;
#endif
}

guint
queen_test_scale (guint count)
{
  const char *scale = g_getenv ("QUEEN_TEST_SCALE");

  return MAX (1, scale != NULL ? (guint) (count * g_ascii_strtod (scale, NULL)) : count);
}

void
queen_test_die_with (GPid test)
{
  prctl (PR_SET_PDEATHSIG, SIGKILL);
  if (getppid () != test) /* it was quicker */
    _exit (1);
}

static gpointer
drain (gpointer data)
{
  QueenProcess *self = data;
  struct pollfd polled[2] = { { self->pipes[0], POLLIN, 0 }, { self->pipes[1], POLLIN, 0 } };

  while (polled[0].fd >= 0 || polled[1].fd >= 0)
    {
      poll (polled, 2, -1);
      for (int i = 0; i < 2; i++)
        {
          char buffer[4096];
          gssize n = polled[i].revents != 0 ? read (polled[i].fd, buffer, sizeof buffer) : -1;

          if (n > 0)
            {
              g_mutex_lock (&self->lock);
              g_string_append_len (self->output[i], buffer, n);
              g_cond_signal (&self->changed);
              g_mutex_unlock (&self->lock);
            }
          else if (polled[i].revents != 0)
            {
              close (polled[i].fd);
              polled[i] = (struct pollfd){ -1, 0, 0 };
            }
        }
    }

  g_mutex_lock (&self->lock);
  self->is_drained = TRUE;
  g_cond_signal (&self->changed);
  g_mutex_unlock (&self->lock);
  return NULL;
}

/* In the child, after fork. */
static void
on_child_setup (gpointer data)
{
  QueenProcess *self = data;

  queen_test_die_with (self->test);
  if (self->descriptors != 0)
    setrlimit (RLIMIT_NOFILE, &(struct rlimit){ self->descriptors, self->descriptors });
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO && self->has_no_standard; fd++)
    close (fd);
}

static char **
build_command (const QueenProcessSetup *setup)
{
  /* The process that the sockets are for must be named, and only it knows its number. */
  static const char *const activation[] = { "/bin/sh", "-c", "export LISTEN_PID=$$; exec \"$@\"",
                                            "sh", NULL };
  g_autoptr (GStrvBuilder) command = g_strv_builder_new ();
  const char *binary = g_getenv ("QUEEN_RBEE");

  if (binary == NULL)
    g_error ("QUEEN_RBEE does not say which daemon to test");
  if (setup->n_sockets > 0)
    g_strv_builder_addv (command, (const char **) activation);
  if (queen_test_is_wrapped ())
    {
      g_auto (GStrv) wrapper = NULL;
      g_autoptr (GError) error = NULL;

      g_shell_parse_argv (g_getenv ("QUEEN_RBEE_WRAPPER"), NULL, &wrapper, &error);
      g_assert_no_error (error);
      g_strv_builder_addv (command, (const char **) wrapper);
    }
  g_strv_builder_add (command, binary);
  if (setup->arguments != NULL)
    g_strv_builder_addv (command, (const char **) setup->arguments);
  return g_strv_builder_end (command);
}

static char **
build_environment (const QueenProcessSetup *setup)
{
  const char *const *variables = setup->environment;
  g_autofree char *n_sockets = g_strdup_printf ("%u", setup->n_sockets);
  char **environment = g_get_environ ();

  environment = g_environ_setenv (environment, "LC_ALL", "C", TRUE);
  environment = g_environ_setenv (environment, "XDG_CONFIG_HOME", "/nonexistent", TRUE);
  environment = g_environ_unsetenv (environment, "NOTIFY_SOCKET");
  environment = g_environ_unsetenv (environment, "STATE_DIRECTORY");
  environment = g_environ_setenv (environment, "LISTEN_FDS", n_sockets, TRUE);
  for (; variables != NULL && *variables != NULL; variables++)
    {
      g_auto (GStrv) pair = g_strsplit (*variables, "=", 2);

      environment = g_environ_setenv (environment, pair[0], pair[1], TRUE);
    }
  return environment;
}

QueenProcess *
queen_process_spawn (const QueenProcessSetup *setup)
{
  QueenProcess *self = g_new0 (QueenProcess, 1);
  g_auto (GStrv) command = build_command (setup);
  g_auto (GStrv) environment = build_environment (setup);
  g_autofree int *targets = g_new (int, setup->n_sockets);
  g_autoptr (GError) error = NULL;

  self->test = getpid ();
  self->descriptors = setup->descriptors;
  self->has_no_standard = setup->has_no_standard;
  self->pipes[1] = -1;
  for (guint i = 0; i < setup->n_sockets; i++)
    targets[i] = SD_LISTEN_FDS_START + (int) i;
  g_spawn_async_with_pipes_and_fds (NULL, (const char *const *) command,
                                    (const char *const *) environment,
                                    G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_SEARCH_PATH, on_child_setup,
                                    self, -1, -1, setup->stderr_fd > 0 ? setup->stderr_fd : -1,
                                    setup->sockets, targets, setup->n_sockets, &self->pid, NULL,
                                    &self->pipes[0], setup->stderr_fd > 0 ? NULL : &self->pipes[1],
                                    &error);
  g_assert_no_error (error);

  self->pidfd = pidfd_open (self->pid, 0);
  g_assert_cmpint (self->pidfd, >=, 0);
  g_mutex_init (&self->lock);
  g_cond_init (&self->changed);
  for (int i = 0; i < 2; i++)
    self->output[i] = g_string_new (NULL);
  self->drainer = g_thread_new ("drainer", drain, self);
  return self;
}

/* Returns: 0 while no whole line says where the daemon listens. */
static guint16
find_port (const char *text)
{
  static const char address[] = "://127.0.0.1:"; /* of http or https */
  const char *found = strstr (text, "ready on ");

  if (found == NULL || strchr (found, '\n') == NULL)
    return 0;
  found = strstr (found, address);
  return found == NULL ? 0 : g_ascii_strtoull (found + strlen (address), NULL, 10);
}

void
queen_process_wait_ready (QueenProcess *self)
{
  gint64 end = g_get_monotonic_time () + queen_test_get_deadline () * G_TIME_SPAN_MILLISECOND;
  gboolean is_in_time = TRUE;

  g_mutex_lock (&self->lock);
  while ((self->port = find_port (self->output[1]->str)) == 0 && is_in_time && !self->is_drained)
    is_in_time = g_cond_wait_until (&self->changed, &self->lock, end);
  if (self->port == 0)
    g_error ("the daemon never said that it is ready, only: %s", self->output[1]->str);
  g_mutex_unlock (&self->lock);
}

static QueenProcess *
start (const char *const *environment, const char *option, va_list options)
{
  g_autoptr (GPtrArray) arguments = g_ptr_array_new ();
  QueenProcess *self;

  g_ptr_array_add (arguments, (gpointer) "--port=0");
  g_ptr_array_add (arguments, (gpointer) "--ui-port=off");
  g_ptr_array_add (arguments, (gpointer) "--bus=none"); /* an option that comes later goes before */
  for (; option != NULL; option = va_arg (options, const char *))
    g_ptr_array_add (arguments, (gpointer) option);
  g_ptr_array_add (arguments, NULL);

  self = queen_process_spawn (&(QueenProcessSetup){
      .arguments = (const char *const *) arguments->pdata, .environment = environment });
  queen_process_wait_ready (self);
  return self;
}

QueenProcess *
queen_process_start (const char *option, ...)
{
  QueenProcess *self;
  va_list options;

  va_start (options, option);
  self = start (NULL, option, options);
  va_end (options);
  return self;
}

QueenProcess *
queen_process_start_with (const char *const *environment, const char *option, ...)
{
  QueenProcess *self;
  va_list options;

  va_start (options, option);
  self = start (environment, option, options);
  va_end (options);
  return self;
}

GPid
queen_process_get_pid (QueenProcess *self)
{
  return self->pid;
}

guint16
queen_process_get_port (QueenProcess *self)
{
  return self->port;
}

guint
queen_process_count_said (QueenProcess *self, const char *text)
{
  g_autofree char *said = queen_process_dup_stderr (self);
  guint n = 0;

  for (const char *at = said; (at = strstr (at, text)); at += strlen (text))
    n++;
  return n;
}

gboolean
queen_process_has_said (QueenProcess *self, const char *text)
{
  return queen_process_count_said (self, text) > 0;
}

char *
queen_process_dup_proc_path (QueenProcess *self, const char *name)
{
  return g_strdup_printf ("/proc/%d/%s", self->pid, name);
}

/* @name: of the file that tells of it: proc(5), `stat` */
static guint64
count_ticks (QueenProcess *self, const char *name)
{
  g_autofree char *path = queen_process_dup_proc_path (self, name);
  g_autofree char *text = NULL;
  g_auto (GStrv) words = NULL;

  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  words = g_strsplit (strrchr (text, ')') + 2, " ", -1); /* from the third on */
  return g_ascii_strtoull (words[14 - 3], NULL, 10) + g_ascii_strtoull (words[15 - 3], NULL, 10);
}

guint64
queen_process_count_ticks (QueenProcess *self, guint64 *of_loop)
{
  g_autofree char *name = g_strdup_printf ("task/%d/stat", self->pid);

  *of_loop = count_ticks (self, name);
  return count_ticks (self, "stat");
}

guint
queen_process_count_descriptors (QueenProcess *self)
{
  g_autofree char *path = queen_process_dup_proc_path (self, "fd");
  g_autoptr (GDir) directory = g_dir_open (path, 0, NULL);
  guint count = 0;

  g_assert_nonnull (directory);
  while (g_dir_read_name (directory) != NULL)
    count++;
  return count;
}

void
queen_process_limit (QueenProcess *self, int resource, rlim_t limit)
{
  struct rlimit limits = { limit, limit };

  g_assert_cmpint (prlimit (self->pid, resource, &limits, NULL), ==, 0);
}

void
queen_process_limit_descriptors (QueenProcess *self, rlim_t limit)
{
  queen_process_limit (self, RLIMIT_NOFILE, limit);
}

gint64
queen_process_get_cpu_time (QueenProcess *self)
{
  struct timespec used;
  clockid_t clock;

  g_assert_cmpint (clock_getcpuclockid (self->pid, &clock), ==, 0);
  g_assert_cmpint (clock_gettime (clock, &used), ==, 0);
  return used.tv_sec * G_USEC_PER_SEC + used.tv_nsec / 1000;
}

gboolean
queen_process_is_idle (QueenProcess *self)
{
  g_autofree char *path = queen_process_dup_proc_path (self, "stat");
  g_autofree char *text = NULL;
  const char *end_of_name;

  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  end_of_name = strrchr (text, ')'); /* proc(5): the name itself may have any character */
  g_assert_nonnull (end_of_name);
  return end_of_name[2] == 'S';
}

gint64
queen_process_get_resident (QueenProcess *self)
{
  g_autofree char *path = queen_process_dup_proc_path (self, "statm");
  g_autofree char *text = NULL;
  long total, resident;

  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  g_assert_cmpint (sscanf (text, "%ld %ld", &total, &resident), ==, 2);
  return resident * sysconf (_SC_PAGESIZE);
}

void
queen_process_signal (QueenProcess *self, int signal_number)
{
  g_assert_false (self->has_exited);
  g_assert_cmpint (kill (self->pid, signal_number), ==, 0);
}

int
queen_process_wait_exit (QueenProcess *self)
{
  struct pollfd polled = { self->pidfd, POLLIN, 0 };
  int status;

  g_assert_false (self->has_exited);
  if (poll (&polled, 1, queen_test_get_deadline ()) != 1)
    g_error ("the daemon does not end; it said: %s", self->output[1]->str);
  g_assert_cmpint (waitpid (self->pid, &status, 0), ==, self->pid);
  self->has_exited = TRUE;
  g_thread_join (g_steal_pointer (&self->drainer)); /* from now on its output is complete */
  return WIFEXITED (status) ? WEXITSTATUS (status) : 128 + WTERMSIG (status);
}

static char *
dup_output (QueenProcess *self, int index)
{
  char *text;

  g_mutex_lock (&self->lock);
  text = g_strdup (self->output[index]->str);
  g_mutex_unlock (&self->lock);
  return text;
}

char *
queen_process_dup_stdout (QueenProcess *self)
{
  return dup_output (self, 0);
}

char *
queen_process_dup_stderr (QueenProcess *self)
{
  return dup_output (self, 1);
}

/* GLib, the sanitizers and valgrind each have their own way to complain. */
static void
assert_no_complaint (const char *text)
{
  static const char *const words[] = { "CRITICAL", "WARNING", "ERROR", "runtime error",
                                       "== Invalid" };
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);

  for (char **line = lines; *line != NULL; line++)
    for (gsize i = 0; i < G_N_ELEMENTS (words); i++)
      if (strstr (*line, words[i]) != NULL && strstr (*line, "ERROR SUMMARY: 0 errors") == NULL)
        g_error ("the daemon complained: %s", text);
}

void
queen_process_stop (QueenProcess *self)
{
  if (!self->has_exited)
    {
      int code;

      queen_process_signal (self, SIGTERM);
      code = queen_process_wait_exit (self);
      if (code != 0)
        g_error ("the daemon exited with %d and said: %s", code, self->output[1]->str);
    }
  assert_no_complaint (self->output[1]->str);
  queen_process_free (self);
}

void
queen_process_free (QueenProcess *self)
{
  close (self->pidfd);
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->changed);
  for (int i = 0; i < 2; i++)
    g_string_free (self->output[i], TRUE);
  g_free (self);
}
