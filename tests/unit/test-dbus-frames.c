/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* What of a bus's messages gets through to GDBus. */

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "dbus-reading.h"
#include "dbus/queen-dbus-frames.h"
#include "dbus/queen-dbus-refusal.h"

#define MAX_BODY 1000
#define MAX_VALUES 200
#define MAX_DEPTH 8
#define WAITING (16 * 1024)
#define AGE 20
#define PATH "/object"
#define INTERFACE "org.example.Interface"
#define WANTED "org.example.Wanted."
#define BUS "org.freedesktop.DBus"
#define CHUNK 700 /* bytes that the bus sends at once; no message ends where one does */

typedef struct
{
  int bus; /* its end */
  GInputStream *frames;
} Fixture;

static void
set_up_early (Fixture *f, gconstpointer data)
{
  static const char *const rich_methods[] = { "Report", NULL };
  static const QueenDBusFramesLimits limits = {
    .body = MAX_BODY,
    .values = MAX_VALUES,
    .depth = MAX_DEPTH,
    .path = PATH,
    .interface = INTERFACE,
    .rich_methods = rich_methods,
    .waiting = WAITING,
    .age = AGE,
    .errors = WANTED,
  };
  g_autoptr (GSocketConnection) connection = NULL;
  g_autoptr (GSocket) socket = NULL;
  int fds[2];

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), ==, 0);
  f->bus = fds[0];
  socket = g_socket_new_from_fd (fds[1], NULL);
  g_assert_nonnull (socket);
  connection = g_socket_connection_factory_create_connection (socket);
  f->frames = queen_dbus_frames_new (connection, &limits);
}

static void
set_up (Fixture *f, gconstpointer data)
{
  set_up_early (f, data);
  queen_dbus_frames_let_calls_in (QUEEN_DBUS_FRAMES (f->frames));
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  g_object_unref (f->frames);
  close (f->bus);
}

/* Messages */

static GBytes *
write_message (GDBusMessage *message, guint32 serial)
{
  g_autoptr (GError) error = NULL;
  gsize size;
  guchar *blob;

  g_dbus_message_set_serial (message, serial);
  blob = g_dbus_message_to_blob (message, &size, G_DBUS_CAPABILITY_FLAGS_NONE, &error);
  g_assert_no_error (error);
  g_object_unref (message);
  return g_bytes_new_take (blob, size);
}

static GDBusMessage *
fill (GDBusMessage *message, gsize n_bytes)
{
  g_autofree char *text = g_strnfill (n_bytes, 'x');

  g_dbus_message_set_sender (message, ":1.5");
  g_dbus_message_set_body (message, g_variant_new ("(s)", text));
  return message;
}

static GDBusMessage *
new_call (gsize n_bytes)
{
  return fill (g_dbus_message_new_method_call (":1.7", PATH, INTERFACE, "Do"), n_bytes);
}

static GDBusMessage *
new_signal (const char *sender, gsize n_bytes)
{
  GDBusMessage *signal = fill (g_dbus_message_new_signal (PATH, INTERFACE, "Done"), n_bytes);

  g_dbus_message_set_sender (signal, sender);
  return signal;
}

/* Each value has a byte, and three that say so. */
static GDBusMessage *
new_rich_call (const char *method, guint n_values)
{
  GDBusMessage *call = new_call (1);
  GVariantBuilder values = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("av"));

  for (guint i = 0; i < n_values; i++)
    g_variant_builder_add (&values, "v", g_variant_new_byte (7));
  g_dbus_message_set_member (call, method);
  g_dbus_message_set_body (call, g_variant_new ("(av)", &values));
  return call;
}

/* The bus */

typedef struct
{
  int fd;
  GBytes *bytes;
} Sending;

static void
send_bytes (int fd, GBytes *bytes)
{
  gsize n_bytes;
  const guint8 *data = g_bytes_get_data (bytes, &n_bytes);

  for (gsize i = 0; i < n_bytes; i += CHUNK)
    {
      gssize n = (gssize) MIN (CHUNK, n_bytes - i);

      g_assert_cmpint (write (fd, data + i, (size_t) n), ==, n);
    }
}

static gpointer
send_in_thread (gpointer data)
{
  g_autofree Sending *sending = data;

  send_bytes (sending->fd, sending->bytes);
  g_assert_cmpint (shutdown (sending->fd, SHUT_WR), ==, 0);
  g_bytes_unref (sending->bytes);
  return NULL;
}

/* Returns: (nullable): %NULL at the end */
static GDBusMessage *
next_message (Fixture *f)
{
  g_autofree guint8 *bytes = g_malloc (100 * 1000);
  g_autoptr (GError) error = NULL;
  GDBusMessage *message;
  gssize size;

  if (dbus_reading_read (f->frames, bytes, 16) == 0)
    return NULL;
  size = g_dbus_message_bytes_needed (bytes, 16, &error);
  g_assert_no_error (error);
  g_assert_cmpint (size, <, 100 * 1000);
  g_assert_cmpuint (dbus_reading_read (f->frames, bytes + 16, (gsize) size - 16), ==, size - 16);
  message =
      g_dbus_message_new_from_blob (bytes, (gsize) size, G_DBUS_CAPABILITY_FLAGS_NONE, &error);
  g_assert_no_error (error);
  return message;
}

/* Sends the messages in between two others, and asserts that those get through.
 *
 * Returns: (nullable): what gets through of @bytes, a message */
static GDBusMessage *
pass (Fixture *f, GBytes *bytes)
{
  Sending *sending = g_new (Sending, 1);
  g_autoptr (GByteArray) all = g_byte_array_new ();
  g_autoptr (GBytes) first = write_message (new_call (10), 1);
  g_autoptr (GBytes) last = write_message (new_call (MAX_BODY - 5), 3);
  GDBusMessage *messages[4] = { NULL }; /* by their serials */
  GDBusMessage *message;
  GThread *thread;

  g_byte_array_append (all, g_bytes_get_data (first, NULL), (guint) g_bytes_get_size (first));
  g_byte_array_append (all, g_bytes_get_data (bytes, NULL), (guint) g_bytes_get_size (bytes));
  g_byte_array_append (all, g_bytes_get_data (last, NULL), (guint) g_bytes_get_size (last));
  *sending = (Sending){ f->bus, g_byte_array_free_to_bytes (g_steal_pointer (&all)) };
  thread = g_thread_new ("bus", send_in_thread, sending);

  while ((message = next_message (f)))
    {
      guint32 serial = g_dbus_message_get_serial (message);

      g_assert_cmpuint (serial, <, 4);
      g_assert_null (messages[serial]);
      messages[serial] = message;
    }
  g_assert_nonnull (messages[1]);
  g_assert_nonnull (messages[3]);
  g_assert_null (g_dbus_message_get_header (messages[3], QUEEN_DBUS_FRAMES_CUT));
  g_assert_cmpuint (g_variant_get_size (g_dbus_message_get_body (messages[3])), ==,
                    MAX_BODY - 5 + 1);
  g_thread_join (thread);
  g_bytes_unref (bytes);
  g_object_unref (messages[1]);
  g_object_unref (messages[3]);
  return messages[2];
}

static void
test_small (Fixture *f, gconstpointer data)
{
  g_autoptr (GDBusMessage) message = pass (f, write_message (new_signal (BUS, 900), 2));

  g_assert_cmpuint (g_variant_get_size (g_dbus_message_get_body (message)), ==, 901);
}

/* While she is about to come onto the bus. */
static void
test_early (Fixture *f, gconstpointer data)
{
  g_autoptr (GBytes) call = write_message (new_call (10), 1);
  g_autoptr (GBytes) answer = write_message (new_signal (BUS, 10), 2);
  g_autoptr (GDBusMessage) message = NULL;

  send_bytes (f->bus, call);
  send_bytes (f->bus, answer);
  message = next_message (f);
  g_assert_cmpuint (g_dbus_message_get_serial (message), ==, 2);
}

static void
check_cut (Fixture *f, GDBusMessageByteOrder order)
{
  GDBusMessage *call = new_call (300 * 1000);
  g_autoptr (GDBusMessage) message = NULL;

  g_dbus_message_set_byte_order (call, order);
  message = pass (f, write_message (call, 2));
  g_assert_nonnull (message);
  g_assert_nonnull (g_dbus_message_get_header (message, QUEEN_DBUS_FRAMES_CUT));
  g_assert_null (g_dbus_message_get_body (message));
  g_assert_cmpstr (g_dbus_message_get_sender (message), ==, ":1.5");
  g_assert_cmpstr (g_dbus_message_get_path (message), ==, PATH);
  g_assert_cmpstr (g_dbus_message_get_member (message), ==, "Do");
}

static void
test_large (Fixture *f, gconstpointer data)
{
  check_cut (f, G_DBUS_MESSAGE_BYTE_ORDER_LITTLE_ENDIAN);
}

static void
test_large_big_endian (Fixture *f, gconstpointer data)
{
  check_cut (f, G_DBUS_MESSAGE_BYTE_ORDER_BIG_ENDIAN);
}

static void
test_large_signal (Fixture *f, gconstpointer data)
{
  g_assert_null (pass (f, write_message (new_signal (BUS, 300 * 1000), 2)));
}

static void
test_strange_signal (Fixture *f, gconstpointer data)
{
  g_assert_null (pass (f, write_message (new_signal (":1.5", 10), 2)));
}

static void
test_unanswered (Fixture *f, gconstpointer data)
{
  GDBusMessage *call = new_call (10);

  g_dbus_message_set_flags (call, G_DBUS_MESSAGE_FLAGS_NO_REPLY_EXPECTED);
  queen_dbus_frames_leave_unanswered_out (QUEEN_DBUS_FRAMES (f->frames), TRUE);
  g_assert_null (pass (f, write_message (call, 2)));
}

static void
test_unanswered_with_room (Fixture *f, gconstpointer data)
{
  GDBusMessage *call = new_call (10);
  g_autoptr (GDBusMessage) message = NULL;

  g_dbus_message_set_flags (call, G_DBUS_MESSAGE_FLAGS_NO_REPLY_EXPECTED);
  message = pass (f, write_message (call, 2));
  g_assert_nonnull (message);
}

static void
check (GDBusMessage *sent, gboolean is_cut)
{
  Fixture f;
  g_autoptr (GDBusMessage) message = NULL;

  set_up (&f, NULL);
  message = pass (&f, write_message (sent, 2));
  g_assert_nonnull (message);
  g_assert_true (is_cut == (g_dbus_message_get_header (message, QUEEN_DBUS_FRAMES_CUT) != NULL));
  g_assert_true (is_cut == (g_dbus_message_get_body (message) == NULL));
  tear_down (&f, NULL);
}

static GDBusMessage *
new_error (const char *sender, const char *name)
{
  GDBusMessage *error = g_dbus_message_new ();

  g_dbus_message_set_message_type (error, G_DBUS_MESSAGE_TYPE_ERROR);
  g_dbus_message_set_error_name (error, name);
  g_dbus_message_set_reply_serial (error, 7);
  g_dbus_message_set_sender (error, sender);
  g_dbus_message_set_destination (error, ":1.1");
  return error;
}

static void
expect_error (Fixture *f, GDBusMessage *sent, GQuark domain, int code)
{
  g_autoptr (GDBusMessage) message = pass (f, write_message (sent, 2));
  g_autoptr (GError) error = NULL;

  g_assert_nonnull (message);
  g_assert_true (g_dbus_message_to_gerror (message, &error));
  g_assert_error (error, domain, code);
}

/* A string that is known for ever may be one of any number of them. */
static void
test_error_of_others (Fixture *f, gconstpointer data)
{
  expect_error (f, new_error (":1.5", "org.gtk.GDBus.UnmappedGError.Quark._nobodys_2derror.Code3"),
                G_IO_ERROR, G_IO_ERROR_DBUS_ERROR);
  g_assert_cmpuint (g_quark_try_string ("nobodys-error"), ==, 0);
}

static void
test_error_with_words (Fixture *f, gconstpointer data)
{
  GDBusMessage *error =
      new_error (":1.5", "org.gtk.GDBus.UnmappedGError.Quark._nobodys_2derror.Code3");

  g_dbus_message_set_byte_order (error, G_DBUS_MESSAGE_BYTE_ORDER_BIG_ENDIAN);
  g_dbus_message_set_body (error, g_variant_new ("(s)", "it does not"));
  expect_error (f, error, G_IO_ERROR, G_IO_ERROR_DBUS_ERROR);
  g_assert_cmpuint (g_quark_try_string ("nobodys-error"), ==, 0);
}

static void
test_error_of_bus (Fixture *f, gconstpointer data)
{
  expect_error (f, new_error (BUS, "org.freedesktop.DBus.Error.LimitsExceeded"), G_DBUS_ERROR,
                G_DBUS_ERROR_LIMITS_EXCEEDED);
}

/* @is_cut: whether nothing but that it is an error gets through */
static void
check_error (const char *name, GVariant *body, gboolean is_cut)
{
  Fixture f;
  GDBusMessage *error = new_error (":1.5", name);
  g_autoptr (GDBusMessage) message = NULL;

  set_up (&f, NULL);
  g_dbus_message_set_body (error, body);
  message = pass (&f, write_message (error, 2));
  g_assert_nonnull (message);
  g_assert_true (is_cut == (g_dbus_message_get_body (message) == NULL));
  g_assert_true (is_cut == !g_str_equal (g_dbus_message_get_error_name (message), name));
  tear_down (&f, NULL);
}

static void
check_values (const char *method, guint n_values, gboolean is_cut)
{
  check (new_rich_call (method, n_values), is_cut);
}

static void
test_values (void)
{
  check_values ("Do", 40, FALSE);
  check_values ("Do", 60, TRUE);
  check_values ("Report", 60, FALSE);
  check_values ("Report", 240, FALSE);
  check_values ("Report", 260, TRUE);
}

/* A system bus lets anybody call these, by whatever name. */
static void
test_values_elsewhere (void)
{
  GDBusMessage *call = new_rich_call ("Report", 60);

  g_dbus_message_set_interface (call, "org.freedesktop.DBus.Properties");
  check (call, TRUE);
  call = new_rich_call ("Report", 60);
  g_dbus_message_set_interface (call, NULL);
  check (call, TRUE);
  call = new_rich_call ("Report", 60);
  g_dbus_message_set_path (call, PATH "/below");
  check (call, TRUE);
}

/* A number in as many variants, and as many arrays and structures in these. */
static GVariant *
nest (guint n_variants, guint n_arrays, guint n_structures)
{
  GVariant *value = g_variant_new_byte (7);

  for (guint i = 0; i < n_structures; i++)
    value = g_variant_new_tuple (&value, 1);
  for (guint i = 0; i < n_arrays; i++)
    value = g_variant_new_array (NULL, &value, 1);
  for (guint i = 0; i < n_variants; i++)
    value = g_variant_new_variant (value);
  return value;
}

static void
check_nested (
    const char *method, guint n_variants, guint n_arrays, guint n_structures, gboolean is_cut)
{
  static const GDBusMessageByteOrder orders[] = {
    G_DBUS_MESSAGE_BYTE_ORDER_LITTLE_ENDIAN,
    G_DBUS_MESSAGE_BYTE_ORDER_BIG_ENDIAN,
  };

  for (gsize i = 0; i < G_N_ELEMENTS (orders); i++)
    {
      GDBusMessage *call = new_rich_call (method, 1);

      g_dbus_message_set_byte_order (call, orders[i]);
      g_dbus_message_set_body (call, g_variant_new ("(s@*t)", "x",
                                                    nest (n_variants, n_arrays, n_structures), 7));
      check (call, is_cut);
    }
}

static void
test_deep (void)
{
  static const char *const methods[] = { "Do", "Report" };

  for (gsize i = 0; i < G_N_ELEMENTS (methods); i++)
    {
      check_nested (methods[i], 8, 0, 0, FALSE);
      check_nested (methods[i], 9, 0, 0, TRUE);
      check_nested (methods[i], 2, 3, 3, FALSE);
      check_nested (methods[i], 2, 4, 3, TRUE);
      check_nested (methods[i], 2, 3, 4, TRUE);
      check_nested (methods[i], 62, 2, 0, TRUE); /* too deep for GDBus */
    }
}

/* Whose values are of every type, and some of them are none. */
static void
test_all_types (void)
{
  static const char *const values[] = {
    "(true, byte 1, int16 2, uint16 3, 4, uint32 5, int64 6, uint64 7, 8.0, handle 9)",
    "('text', objectpath '/path', signature 'a{sv}', <@av []>, <''>)",
    "(@ay [], @at [], @a(st) [], @a{sv} {}, {'key': <[<1>]>, 'longer key': <@as []>})",
    "([(byte 1, <uint64 2>), (3, <byte 4>)], [@as [], ['a', 'bc']], <(1, ('x', <2>))>)",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (values); i++)
    {
      GDBusMessage *call = new_rich_call ("Report", 1);

      g_dbus_message_set_body (call, g_variant_new_parsed (values[i]));
      check (call, FALSE);
    }
}

static void
test_wanted_error (void)
{
  g_autofree char *longest = g_strnfill (MAX_BODY - 5, 'x');
  g_autofree char *longer = g_strnfill (MAX_BODY - 4, 'x');

  check_error (WANTED "It", g_variant_new ("(s)", "it does not"), FALSE);
  check_error (WANTED "It", g_variant_new ("(s)", longest), FALSE);
  check_error (WANTED "It", g_variant_new ("(s)", longer), TRUE);
  check_error (WANTED "It", g_variant_new ("(ss)", "it", "does not"), TRUE);
  check_error (WANTED "It", g_variant_new ("(*)", nest (2, 2, 0)), TRUE);
  check_error ("org.example.Other.It", g_variant_new ("(s)", "it does not"), TRUE);
}

/* She asks others only for a sign of life; and a bus says of everybody who it is. */
static void
check_answer (const char *sender, gboolean is_cut)
{
  g_autoptr (GDBusMessage) call = new_call (1);
  GDBusMessage *answer, *error;

  g_dbus_message_set_serial (call, 1);
  answer = g_dbus_message_new_method_reply (call);
  error = g_dbus_message_new_method_error_literal (call, "org.example.Error", "text");
  g_dbus_message_set_body (answer, g_variant_new ("(*)", nest (sender ? 2 : 1, 2, 0)));
  g_dbus_message_set_sender (answer, sender);
  g_dbus_message_set_sender (error, sender);
  check (answer, is_cut);
  check (error, is_cut);
}

static void
test_answers (void)
{
  check_answer (":1.5", TRUE);
  check_answer (BUS, FALSE);
  check_answer (NULL, FALSE);
}

static void
test_empty_answer (Fixture *f, gconstpointer data)
{
  g_autoptr (GDBusMessage) call = new_call (1);
  GDBusMessage *answer;
  g_autoptr (GDBusMessage) message = NULL;

  g_dbus_message_set_serial (call, 1);
  answer = g_dbus_message_new_method_reply (call);
  g_dbus_message_set_sender (answer, ":1.5");
  message = pass (f, write_message (answer, 2));
  g_assert_nonnull (message);
  g_assert_null (g_dbus_message_get_header (message, QUEEN_DBUS_FRAMES_CUT));
}

/* As the specification demands. */
static void
test_unknown_type (Fixture *f, gconstpointer data)
{
  GBytes *bytes = write_message (new_call (10), 2);
  gsize n_bytes;
  guint8 *message = g_bytes_unref_to_data (bytes, &n_bytes);

  message[1] = 5;
  g_assert_null (pass (f, g_bytes_new_take (message, n_bytes)));
}

static void
test_long_path (Fixture *f, gconstpointer data)
{
  g_autofree char *name = g_strnfill (100 * 1000, 'x');
  g_autofree char *path = g_strconcat ("/", name, NULL);
  GDBusMessage *call = new_call (10);

  g_dbus_message_set_path (call, path);
  g_assert_null (pass (f, write_message (call, 2)));
}

/* A bus lets no such call through. Should it, she neither believes it nor reads amiss. */
static void
test_bent_header (Fixture *f, gconstpointer data)
{
  static const guint8 fields[][8] = {
    { 1, 2, 's', 's', 0, 0, 0, 0 },           /* two types */
    { 1, 1, 'v', 0, 0, 0, 0, 0 },             /* none that a field has */
    { 1, 1, 's', 0, 0xff, 0xff, 0xff, 0xff }, /* longer than all of them */
    { 1, 1, 's', 0, 0, 0, 0, 0 },             /* one more begins, and does not end */
  };

  for (gsize i = 0; i < G_N_ELEMENTS (fields); i++)
    {
      const guint32 numbers[] = { GUINT32_TO_LE (2000), GUINT32_TO_LE (2), GUINT32_TO_LE (12) };
      guint8 *bytes = g_malloc0 (32 + 2000);
      Fixture again;

      memcpy (bytes, "l\1\0\1", 4);
      memcpy (bytes + 4, numbers, sizeof numbers);
      memcpy (bytes + 16, fields[i], sizeof fields[i]);
      bytes[24] = 3;
      set_up (&again, NULL);
      g_assert_null (pass (&again, g_bytes_new_take (bytes, 32 + 2000)));
      tear_down (&again, NULL);
    }
}

/* Nor does a bus do this; GDBus would end her. */
static void
test_wrong_fields (void)
{
  static const struct
  {
    GDBusMessageHeaderField field;
    const char *value;
  } cases[] = {
    { G_DBUS_MESSAGE_HEADER_FIELD_PATH, "'/object'" },
    { G_DBUS_MESSAGE_HEADER_FIELD_INTERFACE, "objectpath '/object'" },
    { G_DBUS_MESSAGE_HEADER_FIELD_MEMBER, "uint32 7" },
    { G_DBUS_MESSAGE_HEADER_FIELD_MEMBER, "'No name'" },
    { G_DBUS_MESSAGE_HEADER_FIELD_SENDER, "signature 's'" },
    { G_DBUS_MESSAGE_HEADER_FIELD_SENDER, "''" },
    { G_DBUS_MESSAGE_HEADER_FIELD_SENDER, "'nobody'" },
    { G_DBUS_MESSAGE_HEADER_FIELD_DESTINATION, "''" },
    { G_DBUS_MESSAGE_HEADER_FIELD_REPLY_SERIAL, "'7'" },
    { G_DBUS_MESSAGE_HEADER_FIELD_NUM_UNIX_FDS, "byte 7" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      GDBusMessage *call = new_call (10);
      Fixture f;

      g_dbus_message_set_header (call, cases[i].field, g_variant_new_parsed (cases[i].value));
      set_up (&f, NULL);
      g_assert_null (pass (&f, write_message (call, 2)));
      tear_down (&f, NULL);
    }
}

static GDBusMessage *
with_fields (guint n_fields, const char *value)
{
  GDBusMessage *call = new_call (10);

  for (guint i = 0; i < n_fields; i++)
    g_dbus_message_set_header (call, (GDBusMessageHeaderField) (70 + i),
                               g_variant_new_parsed (value));
  return call;
}

/* Which the specification may name one day. */
static void
test_unknown_fields (void)
{
  check (with_fields (8, "'text'"), FALSE);
  check (with_fields (8, "byte 7"), FALSE);
}

/* A bus may hand them on. */
static void
test_rich_fields (void)
{
  static const char *const values[] = { "[1, 2]", "(1, 2)", "<1>" };
  Fixture f;

  for (gsize i = 0; i < G_N_ELEMENTS (values); i++)
    {
      set_up (&f, NULL);
      g_assert_null (pass (&f, write_message (with_fields (1, values[i]), 2)));
      tear_down (&f, NULL);
    }
  set_up (&f, NULL);
  g_assert_null (pass (&f, write_message (with_fields (100, "byte 7"), 2)));
  tear_down (&f, NULL);
}

/* Turns */

/* @n calls of one, which the bus has sent before anything is read. */
static void
pour (Fixture *f, guint caller, guint n)
{
  g_autoptr (GByteArray) all = g_byte_array_new ();
  g_autoptr (GBytes) calls = NULL;

  for (guint i = 1; i <= n; i++)
    {
      g_autofree char *name = g_strdup_printf (":1.%u", caller);
      GDBusMessage *call = new_call (10);
      g_autoptr (GBytes) bytes = NULL;

      g_dbus_message_set_sender (call, name);
      bytes = write_message (call, caller * 1000 + i);
      g_byte_array_append (all, g_bytes_get_data (bytes, NULL), (guint) g_bytes_get_size (bytes));
    }
  calls = g_byte_array_free_to_bytes (g_steal_pointer (&all));
  send_bytes (f->bus, calls);
}

static void
expect_next (Fixture *f, guint32 serial)
{
  g_autoptr (GDBusMessage) message = next_message (f);

  g_assert_cmpuint (g_dbus_message_get_serial (message), ==, serial);
}

static void
test_turns (Fixture *f, gconstpointer data)
{
  GDBusMessage *answer = g_dbus_message_new ();
  g_autoptr (GBytes) bytes = NULL;

  g_dbus_message_set_message_type (answer, G_DBUS_MESSAGE_TYPE_METHOD_RETURN);
  g_dbus_message_set_reply_serial (answer, 5);
  g_dbus_message_set_sender (answer, BUS);
  bytes = write_message (answer, 7);
  pour (f, 1, 4);
  pour (f, 2, 1);
  pour (f, 3, 2);
  send_bytes (f->bus, bytes);
  expect_next (f, 7);
  expect_next (f, 1001);
  expect_next (f, 2001);
  expect_next (f, 3001);
  expect_next (f, 1002);
  expect_next (f, 3002);
  expect_next (f, 1003);
  expect_next (f, 1004);
}

/* Returns: how many bytes there are to be had now */
static gsize
drain (Fixture *f)
{
  GPollableInputStream *frames = G_POLLABLE_INPUT_STREAM (f->frames);
  g_autoptr (GError) error = NULL;
  char bytes[100];
  gssize n;
  gsize n_bytes = 0;

  while ((n = g_pollable_input_stream_read_nonblocking (frames, bytes, sizeof bytes, NULL,
                                                        &error)) > 0)
    n_bytes += (gsize) n;
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
  return n_bytes;
}

/* A bus sends what it has, and the end of a message may come later. */
static void
test_cut_off (Fixture *f, gconstpointer data)
{
  const gsize n_late = 8;
  g_autoptr (GBytes) whole = write_message (new_signal (BUS, 200), 7);
  gsize n_early = g_bytes_get_size (whole) - n_late;
  g_autoptr (GBytes) early = g_bytes_new_from_bytes (whole, 0, n_early);
  g_autoptr (GBytes) late = g_bytes_new_from_bytes (whole, n_early, n_late);

  pour (f, 1, 1);
  send_bytes (f->bus, early);
  g_assert_cmpuint (drain (f), ==, n_early);
  g_assert_false (g_pollable_input_stream_is_readable (G_POLLABLE_INPUT_STREAM (f->frames)));
  send_bytes (f->bus, late);
  g_assert_cmpint (g_input_stream_skip (f->frames, n_late, NULL, NULL), ==, n_late);
  expect_next (f, 1001);
}

/* Callers who call on and on, and are others all the time. */
static void
test_crowd (Fixture *f, gconstpointer data)
{
  g_autoptr (GDBusMessage) message = NULL;
  guint n_of_crowd = 0;

  for (guint caller = 10; caller < 25; caller++)
    pour (f, caller, 6);
  pour (f, 1, 1);
  g_assert_cmpint (shutdown (f->bus, SHUT_WR), ==, 0);
  while ((message = next_message (f)) && g_dbus_message_get_serial (message) != 1001)
    {
      n_of_crowd++;
      g_clear_object (&message);
    }
  g_assert_nonnull (message);
  g_assert_cmpuint (n_of_crowd, <=, 15 + 15 / 3);
  while (g_set_object (&message, NULL), (message = next_message (f)))
    n_of_crowd++;
  g_assert_cmpuint (n_of_crowd, >=, 15);
  g_assert_cmpuint (n_of_crowd, <, 15 * 6);
}

/* What gets through of one caller's. */
typedef struct
{
  guint n_calls;
  guint n_refused;
} Share;

static Share
count_calls (Fixture *f, guint caller)
{
  Share share = { 0 };
  GDBusMessage *message;

  while ((message = next_message (f)))
    {
      gboolean is_refused = g_dbus_message_get_header (message, QUEEN_DBUS_REFUSAL) != NULL;
      gboolean is_of_caller = g_dbus_message_get_serial (message) / 1000 == caller;

      share.n_calls += is_of_caller && !is_refused;
      share.n_refused += is_of_caller && is_refused;
      g_object_unref (message);
    }
  return share;
}

static void
expect_share (Fixture *f, guint caller, guint n_calls, guint n_refused)
{
  Share share = count_calls (f, caller);

  g_assert_cmpuint (share.n_calls, ==, n_calls);
  g_assert_cmpuint (share.n_refused, ==, n_refused);
}

/* @caller has called long ago, or has not, when a crowd comes. */
static void
meet_crowd (Fixture *f, gboolean is_known)
{
  for (guint i = 0; i < 2 * AGE; i++)
    {
      guint caller = is_known && i % (AGE / 2) == 0 ? 1 : 10 + i;

      pour (f, caller, 1);
      expect_next (f, caller * 1000 + 1);
    }
  while (g_main_context_iteration (NULL, FALSE)) /* the calls are done */
    ;
  for (guint caller = 5000; caller < 5015; caller++)
    pour (f, caller, 2);
  pour (f, 1, 4);
  g_assert_cmpint (shutdown (f->bus, SHUT_WR), ==, 0);
}

static void
test_known (Fixture *f, gconstpointer data)
{
  meet_crowd (f, TRUE);
  expect_share (f, 1, 4, 0);
}

static void
test_unknown (Fixture *f, gconstpointer data)
{
  meet_crowd (f, FALSE);
  expect_share (f, 1, 1, 3);
}

static void
test_no_message (Fixture *f, gconstpointer data)
{
  static const char words[] = "ERROR what do you want?\r\n";
  g_autoptr (GError) error = NULL;
  char bytes[16];

  g_assert_cmpint (write (f->bus, words, strlen (words)), ==, strlen (words));
  g_assert_cmpint (g_input_stream_read (f->frames, bytes, sizeof bytes, NULL, &error), ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA);
}

static void
test_closed (Fixture *f, gconstpointer data)
{
  char byte;

  g_assert_true (g_input_stream_close (f->frames, NULL, NULL));
  g_assert_cmpint (read (f->bus, &byte, 1), ==, 0);
}

#define add(path, function)                                                                        \
  g_test_add ("/dbus-frames/" path, Fixture, NULL, set_up, function, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  add ("small/gets-through-as-it-is", test_small);
  add ("call/too-large/gets-through-without-its-body", test_large);
  add ("call/too-large/in-either-byte-order", test_large_big_endian);
  add ("call/with-too-long-a-header/is-left-out", test_long_path);
  add ("call/with-a-bent-header/is-left-out", test_bent_header);
  g_test_add_func ("/dbus-frames/call/with-a-wrong-field/is-left-out", test_wrong_fields);
  g_test_add_func ("/dbus-frames/call/with-unknown-fields/gets-through", test_unknown_fields);
  g_test_add_func ("/dbus-frames/call/with-rich-fields/is-left-out", test_rich_fields);
  add ("signal/too-large/is-left-out", test_large_signal);
  add ("signal/of-anybody-but-the-bus/is-left-out", test_strange_signal);
  g_test_add ("/dbus-frames/call/before-she-is-on-the-bus/is-left-out", Fixture, NULL, set_up_early,
              test_early, tear_down);
  add ("call/unanswered/gets-through", test_unanswered_with_room);
  add ("call/unanswered/is-left-out-on-demand", test_unanswered);
  g_test_add_func ("/dbus-frames/call/of-many-values/for-methods-that-take-them", test_values);
  g_test_add_func ("/dbus-frames/call/of-many-values/for-no-other-method-of-that-name",
                   test_values_elsewhere);
  g_test_add_func ("/dbus-frames/call/too-deep/gets-through-without-its-body", test_deep);
  g_test_add_func ("/dbus-frames/call/of-all-types/gets-through", test_all_types);
  g_test_add_func ("/dbus-frames/answer/of-anybody-but-the-bus/without-its-body", test_answers);
  add ("answer/empty/gets-through-as-it-is", test_empty_answer);
  add ("error/of-anybody-but-the-bus/is-of-no-kind-that-lasts", test_error_of_others);
  add ("error/of-anybody-but-the-bus/with-words/likewise", test_error_with_words);
  add ("error/of-the-bus/gets-through-as-it-is", test_error_of_bus);
  g_test_add_func ("/dbus-frames/error/wanted/gets-through-when-it-is-a-text", test_wanted_error);
  add ("of-an-unknown-type/is-left-out", test_unknown_type);
  add ("calls/take-turns-by-caller/after-answers", test_turns);
  add ("calls/do-not-come-in-the-midst-of-an-answer", test_cut_off);
  add ("calls/of-a-crowd/leave-room-for-one-more", test_crowd);
  add ("calls/of-a-crowd/leave-more-for-who-is-known", test_known);
  add ("calls/of-a-crowd/leave-one-for-who-is-not", test_unknown);
  add ("no-message/is-an-error", test_no_message);
  add ("closed/with-its-connection", test_closed);

  return g_test_run ();
}
