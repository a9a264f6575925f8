/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* How values in a message are walked through. What GDBus writes is in the tests of the frames; here
 * is what a bus would not let through. */

#include "dbus/queen-dbus-values.h"

#define NONE QUEEN_DBUS_VALUES_NONE
#define BYTES(text) text, sizeof text - 1

typedef struct
{
  const char *type;
  const char *bytes;
  gsize n_bytes;
} Values;

static gsize
skip_all (const Values *values, gboolean is_little_endian)
{
  /* A copy, so that a sanitizer sees what is read beyond it. */
  g_autofree guint8 *bytes = g_memdup2 (values->bytes, values->n_bytes);
  const QueenDBusValues walk = { bytes, values->n_bytes, is_little_endian };
  const char *type = values->type;
  gsize offset = 0;

  while (offset != NONE && *type)
    offset = queen_dbus_values_skip (&walk, &type, offset, 8);
  return offset;
}

static void
test_whole (void)
{
  static const Values cases[] = {
    { "y", BYTES ("\1") },
    { "yq", BYTES ("\1\0\2\2") },
    { "yt", BYTES ("\1\0\0\0\0\0\0\0\2\2\2\2\2\2\2\2") },
    { "s", BYTES ("\2\0\0\0ab\0") },
    { "g", BYTES ("\2ay\0") },
    { "ay", BYTES ("\2\0\0\0\1\2") },
    { "at", BYTES ("\0\0\0\0\0\0\0\0") }, /* padded although it is empty */
    { "v", BYTES ("\1y\0\7") },
    { "(y(y))", BYTES ("\1\0\0\0\0\0\0\0\2") },
    { "a{yv}", BYTES ("\5\0\0\0\0\0\0\0\1\1y\0\7") },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    g_assert_cmpuint (skip_all (&cases[i], TRUE), ==, cases[i].n_bytes);
}

static void
test_big_endian (void)
{
  static const Values text = { "s", BYTES ("\0\0\0\2ab\0") };

  g_assert_cmpuint (skip_all (&text, FALSE), ==, text.n_bytes);
  g_assert_cmpuint (skip_all (&text, TRUE), ==, NONE);
}

/* However few of the bytes have come. */
static void
test_parts (void)
{
  static const Values whole = { "ya{sv}(gx)", BYTES ("\1\0\0\0\21\0\0\0"
                                                     "\1\0\0\0a\0\2ay\0\0\0\1\0\0\0\7"
                                                     "\0\0\0\0\0\0\0"
                                                     "\1y\0\0\0\0\0\0\7\7\7\7\7\7\7\7") };
  Values part = whole;

  g_assert_cmpuint (skip_all (&whole, TRUE), ==, whole.n_bytes);
  for (part.n_bytes = 0; part.n_bytes < whole.n_bytes; part.n_bytes++)
    g_assert_cmpuint (skip_all (&part, TRUE), ==, NONE);
}

static void
test_none (void)
{
  static const Values cases[] = {
    { "s", BYTES ("\2\0\0\0abc") },                         /* no NUL at its end */
    { "s", BYTES ("\377\377\377\377ab\0") },                /* longer than all there is */
    { "g", BYTES ("\377ay\0") },                            /* likewise */
    { "ay", BYTES ("\3\0\0\0\1\2") },                       /* likewise */
    { "ay", BYTES ("\377\377\377\377\1\2") },               /* likewise */
    { "aq", BYTES ("\3\0\0\0\1\2\3\4") },                   /* its end is within an element */
    { "v", BYTES ("\0\0\7") },                              /* of no type */
    { "v", BYTES ("\2yy\0\7\7") },                          /* of two */
    { "v", BYTES ("\1z\0\7") },                             /* of one that does not exist */
    { "v", BYTES ("\1a\0\0\0\0\0\0") },                     /* of a part of one */
    { "v", BYTES ("\2(y\0\0\0\0\0\7") },                    /* likewise */
    { "v", BYTES ("\2()\0\0\0\0\0\7\7\7\7\7") },            /* of an empty structure */
    { "a()", BYTES ("\10\0\0\0\0\0\0\0\7\7\7\7\7\7\7\7") }, /* of endlessly many of these */
    { "v", BYTES ("\2my\0\7\7") },                          /* of a type that only GVariant has */
    { ")", BYTES ("\7") },                                  /* likewise */
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    g_assert_cmpuint (skip_all (&cases[i], TRUE), ==, NONE);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/dbus-values/whole/end-where-they-end", test_whole);
  g_test_add_func ("/dbus-values/whole/in-either-byte-order", test_big_endian);
  g_test_add_func ("/dbus-values/in-part/are-none", test_parts);
  g_test_add_func ("/dbus-values/bent/are-none", test_none);

  return g_test_run ();
}
