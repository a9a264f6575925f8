/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* Calls that wait, of several users with several connections each. */

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "dbus/queen-dbus-refusal.h"
#include "dbus/queen-dbus-turns.h"

#define ROOM (64 * 1024)
#define AGE 100
#define MAX_DESCRIPTORS 8
#define SIZE 200 /* bytes of a call, more or less, and as many again that it needs besides */

typedef struct
{
  GSocket *socket;
  QueenDBusTurns *turns;
  guint32 last_serial;
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  f->socket = g_socket_new (G_SOCKET_FAMILY_UNIX, G_SOCKET_TYPE_STREAM, 0, &error);
  g_assert_no_error (error);
  f->turns = queen_dbus_turns_new (ROOM, AGE, f->socket);
  queen_dbus_desk_begin (queen_dbus_turns_get_desk (f->turns));
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  queen_dbus_turns_free (f->turns);
  g_object_unref (f->socket);
  while (g_main_context_iteration (NULL, FALSE))
    ;
}

/* Returns: whether it found room */
static gboolean
call_with (Fixture *f, const char *caller, const QueenDBusArrival *arrival)
{
  g_autoptr (GDBusMessage) message =
      g_dbus_message_new_method_call (":1.0", "/object", "org.example.Interface", "Do");
  g_autoptr (GError) error = NULL;
  QueenDBusHead head;
  guchar *blob;
  gsize size;

  g_dbus_message_set_sender (message, caller);
  g_dbus_message_set_serial (message, ++f->last_serial);
  blob = g_dbus_message_to_blob (message, &size, G_DBUS_CAPABILITY_FLAGS_NONE, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (size, <=, SIZE);
  if (queen_dbus_turns_make_room (f->turns, caller, size))
    {
      queen_dbus_turns_put (f->turns, caller, g_bytes_new_take (blob, size), arrival);
      return TRUE;
    }
  g_assert_true (queen_dbus_head_begin (&head, blob, NULL) && queen_dbus_head_read_fields (&head));
  queen_dbus_turns_refuse (f->turns, caller, &head);
  g_free (blob);
  return FALSE;
}

static gboolean
call (Fixture *f, const char *caller)
{
  const QueenDBusArrival nothing = { .fd = -1 };

  return call_with (f, caller, &nothing);
}

/* As the bus says it, a moment after the first call. */
static void
identify (Fixture *f, const char *caller, const char *user)
{
  call (f, caller);
  queen_dbus_desk_tell (queen_dbus_turns_get_desk (f->turns), caller, user);
}

/* @caller: (out) (optional): whose it is; @is_refused: (out) (optional): whether it is refused
 *
 * Returns: whether there is one */
static gboolean
take (Fixture *f, char **caller, gboolean *is_refused)
{
  g_autoptr (GDBusMessage) message = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = NULL;
  QueenDBusArrival arrival;
  gsize size;
  gconstpointer blob;

  while (g_main_context_iteration (NULL, FALSE)) /* what was given out is done */
    ;
  if (!queen_dbus_turns_has_next (f->turns))
    return FALSE;
  bytes = queen_dbus_turns_take_next (f->turns, &arrival);
  if (arrival.fd >= 0)
    close (arrival.fd);
  blob = g_bytes_get_data (bytes, &size);
  message =
      g_dbus_message_new_from_blob ((guchar *) blob, size, G_DBUS_CAPABILITY_FLAGS_NONE, &error);
  g_assert_no_error (error);
  if (caller)
    *caller = g_strdup (g_dbus_message_get_sender (message));
  if (is_refused)
    *is_refused = g_dbus_message_get_header (message, QUEEN_DBUS_REFUSAL) != NULL;
  return TRUE;
}

static void
expect (Fixture *f, const char *expected)
{
  g_autofree char *caller = NULL;

  g_assert_true (take (f, &caller, NULL));
  g_assert_cmpstr (caller, ==, expected);
}

static void
take_all (Fixture *f)
{
  while (take (f, NULL, NULL))
    ;
}

static void
know_some (Fixture *f)
{
  static const char *const of_one[] = { ":1.1", ":1.2", ":1.3" };

  for (gsize i = 0; i < G_N_ELEMENTS (of_one); i++)
    identify (f, of_one[i], "1000");
  identify (f, ":1.9", "1001");
  take_all (f);
}

static void
test_turns (Fixture *f, gconstpointer data)
{
  know_some (f);
  for (int i = 0; i < 2; i++)
    {
      call (f, ":1.1");
      call (f, ":1.2");
      call (f, ":1.3");
    }
  for (int i = 0; i < 3; i++)
    call (f, ":1.9");
  expect (f, ":1.1");
  expect (f, ":1.9");
  expect (f, ":1.2");
  expect (f, ":1.9");
  expect (f, ":1.3");
  expect (f, ":1.9");
  expect (f, ":1.1");
}

/* Its calls are the others' no longer. */
static void
test_late (Fixture *f, gconstpointer data)
{
  for (int i = 1; i < 9; i++)
    {
      g_autofree char *stranger = g_strdup_printf (":1.%d", i);

      call (f, stranger);
    }
  call (f, ":1.9");
  queen_dbus_desk_tell (queen_dbus_turns_get_desk (f->turns), ":1.9", "1001");
  expect (f, ":1.1");
  expect (f, ":1.9");
  expect (f, ":1.2");
}

/* Returns: whether it may have one */
static gboolean
call_with_descriptor (Fixture *f, const char *caller)
{
  const gboolean may_have =
      queen_dbus_turns_may_have_descriptor (f->turns, caller, MAX_DESCRIPTORS);
  const QueenDBusArrival arrival = { .fd = may_have ? open ("/dev/null", O_CLOEXEC) : -1, .n = 1 };

  g_assert_true (call_with (f, caller, &arrival));
  return may_have;
}

/* However many connections a user has, and however often it has called before. */
static void
test_descriptors (Fixture *f, gconstpointer data)
{
  guint n = 0;

  know_some (f);
  for (int i = 1; i <= 3; i++)
    {
      g_autofree char *caller = g_strdup_printf (":1.%d", i);

      for (guint j = 0; j < MAX_DESCRIPTORS; j++)
        n += call_with_descriptor (f, caller);
    }
  g_assert_cmpuint (n, ==, MAX_DESCRIPTORS / 2);
  g_assert_true (call_with_descriptor (f, ":1.9"));
  take_all (f);
  g_assert_true (call_with_descriptor (f, ":1.1"));
}

/* Who has left the bus is one with all others who have. */
static void
test_gone (Fixture *f, gconstpointer data)
{
  know_some (f);
  for (int i = 10; i < 90; i++)
    {
      g_autofree char *leaver = g_strdup_printf (":1.%d", i);

      identify (f, leaver, NULL);
    }
  call (f, ":1.9");
  call (f, ":1.9");
  expect (f, ":1.10");
  expect (f, ":1.9");
  g_assert_true (take (f, NULL, NULL));
  expect (f, ":1.9");
}

static void
fill (Fixture *f, const char *const *callers)
{
  for (int i = 0; i < ROOM / SIZE; i++)
    for (const char *const *caller = callers; *caller; caller++)
      call (f, *caller);
}

static void
test_room (Fixture *f, gconstpointer data)
{
  static const char *const greedy[] = { ":1.1", ":1.2", ":1.3", NULL };
  guint n_of_other = 0, n_refused = 0;
  gboolean is_refused;
  char *caller;

  know_some (f);
  fill (f, greedy);
  for (int i = 0; i < 10; i++)
    g_assert_true (call (f, ":1.9"));
  for (int i = 0; take (f, &caller, &is_refused); i++)
    {
      gboolean is_of_other = g_str_equal (caller, ":1.9");

      g_assert_false (is_of_other && is_refused);
      g_assert_true (is_of_other || i >= 20 || i % 2 == 0);
      n_of_other += is_of_other;
      n_refused += is_refused;
      g_free (caller);
    }
  g_assert_cmpuint (n_of_other, ==, 10);
  g_assert_cmpuint (n_refused, >, 0);   /* who calls on and on is told */
  g_assert_cmpuint (n_refused, <, 100); /* but no more often than that is worth */
}

/* As many as there are, each has as much as the others. */
static void
test_many (Fixture *f, gconstpointer data)
{
  guint n_found = 0;

  for (int i = 10; i < 20; i++)
    {
      g_autofree char *caller = g_strdup_printf (":1.%d", i);
      g_autofree char *user = g_strdup_printf ("%d", 2000 + i);
      const char *const callers[] = { caller, NULL };

      identify (f, caller, user);
      fill (f, callers);
    }
  identify (f, ":1.9", "1001");
  for (int i = 0; i < 8; i++)
    n_found += call (f, ":1.9");
  g_assert_cmpuint (n_found, ==, 8);
}

#define ADD(path, function)                                                                        \
  g_test_add ("/dbus-users/" path, Fixture, NULL, set_up, function, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  ADD ("users/take-turns/and-then-their-connections", test_turns);
  ADD ("users/are-known-later", test_late);
  ADD ("users/descriptors/leave-room", test_descriptors);
  ADD ("users/who-have-gone-are-one", test_gone);
  ADD ("room/is-made-by-who-has-most", test_room);
  ADD ("room/is-shared-by-all", test_many);

  return g_test_run ();
}
