/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queenctl-error.h"

#include <glib/gi18n.h>
#include <string.h>

#define QUEEN_ERRORS "dev.rbee.Queen1.Error."

G_DEFINE_QUARK (queenctl - error - quark, queenctl_error)

/* What the queen means, by its code, as her own words are English. */
typedef struct
{
  guint status;          /* of HTTP */
  const char *dbus_name; /* (nullable): behind QUEEN_ERRORS */
  const char *meaning;   /* %s is her own message, which says where the fault is */
} Meaning;

static const Meaning meanings[] = {
  { 400, "InvalidArgument", N_ ("The queen does not understand that: %s") },
  { 401, NULL, N_ ("The queen wants a token that she knows: see --token-file.") },
  { 403, "Forbidden",
    N_ ("The queen does not allow that. Reading requires a token with the scope “read”, "
        "reporting one with “beat”, holds one with “hold”, forgetting one with “admin” "
        "(--token-file); without tokens the last two are for her own user and root, on her own "
        "machine.") },
  { 404, "NotFound", N_ ("The queen does not know of that: %s") },
  { 409, "Conflict", N_ ("Somebody else has brought this id, and it is online.") },
  { 413, "TooLarge", N_ ("That is too much at once.") },
  { 421, NULL, N_ ("The queen does not answer to that name: see her setting --allowed-host.") },
  { 422, "InvalidHeartbeat", N_ ("The queen does not take this heartbeat: %s") },
  { 503, "Unavailable", N_ ("The queen has no room for that at the moment. Try again later.") },
};

/* The same of jobs, where it means something else. */
static const Meaning meanings_of_jobs[] = {
  { 403, NULL,
    N_ ("The queen does not allow that. Jobs require a token with the scope “jobs” "
        "(--token-file).") },
  { 404, NULL, N_ ("There is no such job or model: %s") },
  { 409, NULL, N_ ("It is too late for that: %s") },
  { 413, NULL, N_ ("The prompt is too long: %s") },
  { 422, NULL, N_ ("The queen does not take this job: %s") },
  { 503, NULL, N_ ("The queen does not take this job at the moment: %s") },
};

/* What she says of a member of a heartbeat, behind its name. */
static const char *const rules[] = {
  N_ ("must be 1 to 128 bytes without control or invisible characters"),
  N_ ("must be without control or invisible characters"),
  N_ ("must be at most 256 bytes"),
  N_ ("must be at most 512 bytes"),
  N_ ("must be from 0 to 65535"),
  N_ ("must be from 0 to 1"),
  N_ ("must be from 0 to 255"),
  N_ ("must be from 1 to 3600"),
  N_ ("must be from 1 to 1000000000"),
  N_ ("must be an address with http or https, without user, query and fragment"),
  N_ ("must be a date and time as in RFC 3339, 1970 to 2261"),
  N_ ("is none of openai, ollama, rbee"),
  N_ ("is none of starting, ready, online, busy, stopping, stopped, offline"),
  N_ ("is none of healthy, degraded, unhealthy"),
};

static char *
translate_rule (const char *message)
{
  const char *rule = strstr (message, ": ");

  for (gsize i = 0; rule && i < G_N_ELEMENTS (rules); i++)
    if (g_str_equal (rule + 2, rules[i]))
      return g_strdup_printf ("%.*s: %s", (int) (rule - message), message, _ (rules[i]));
  return g_strdup (message);
}

static void
set_meaning (const char *meaning, const char *message, GError **error)
{
  g_autofree char *translated = translate_rule (message);
  g_auto (GStrv) parts = g_strsplit (_ (meaning), "%s", 2);
  g_autofree char *text = g_strjoinv (translated, parts);

  g_set_error_literal (error, QUEENCTL_ERROR, QUEENCTL_ERROR_REFUSED, text);
}

void
queenctl_error_no_queen (const char *bus_name, GPtrArray *asked, GError **error)
{
  g_autoptr (GString) list = g_string_new (NULL);
  const char *hint =
      _ ("Start her with “systemctl start queen-rbee”, or run “queen-rbee” yourself; "
         "“--url” asks one on another machine.");

  for (guint i = 0; i < asked->len; i++)
    g_string_append_printf (list, "%s%s", i > 0 ? "; " : "",
                            (const char *) g_ptr_array_index (asked, i));
  if (g_strcmp0 (bus_name, "session") == 0)
    hint = _ ("Start her there with “queen-rbee”.");
  else if (g_strcmp0 (bus_name, "system") == 0)
    hint = _ ("Start her there with “systemctl start queen-rbee”.");
  g_set_error (error, QUEENCTL_ERROR, QUEENCTL_ERROR_NO_QUEEN, _ ("There is no queen (%s). %s"),
               list->str, hint);
}

static gboolean
is_nobody_there (const GError *cause)
{
  return g_error_matches (cause, G_DBUS_ERROR, G_DBUS_ERROR_SERVICE_UNKNOWN) ||
         g_error_matches (cause, G_DBUS_ERROR, G_DBUS_ERROR_NAME_HAS_NO_OWNER) ||
         g_error_matches (cause, G_DBUS_ERROR, G_DBUS_ERROR_NO_REPLY);
}

static gboolean
is_late (const GError *cause)
{
  return g_error_matches (cause, G_IO_ERROR, G_IO_ERROR_TIMED_OUT) ||
         g_error_matches (cause, G_DBUS_ERROR, G_DBUS_ERROR_TIMEOUT) ||
         g_error_matches (cause, G_DBUS_ERROR, G_DBUS_ERROR_TIMED_OUT);
}

/* Whoever has not what she has is no queen, whatever the name. The last one is GLib's word for a
 * reply of another type than hers. */
static gboolean
is_of_stranger (const GError *cause)
{
  return g_error_matches (cause, G_DBUS_ERROR, G_DBUS_ERROR_UNKNOWN_METHOD) ||
         g_error_matches (cause, G_DBUS_ERROR, G_DBUS_ERROR_UNKNOWN_OBJECT) ||
         g_error_matches (cause, G_DBUS_ERROR, G_DBUS_ERROR_UNKNOWN_INTERFACE) ||
         g_error_matches (cause, G_DBUS_ERROR, G_DBUS_ERROR_INVALID_ARGS) ||
         g_error_matches (cause, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
}

/* Returns: whether she herself has answered */
static gboolean
translate_dbus_name (const char *name, const char *message, GError **error)
{
  if (!name || !g_str_has_prefix (name, QUEEN_ERRORS))
    return FALSE;
  for (gsize i = 0; i < G_N_ELEMENTS (meanings); i++)
    if (g_strcmp0 (name + strlen (QUEEN_ERRORS), meanings[i].dbus_name) == 0)
      {
        set_meaning (meanings[i].meaning, message, error);
        return TRUE;
      }
  g_set_error_literal (error, QUEENCTL_ERROR, QUEENCTL_ERROR_REFUSED, message);
  return TRUE;
}

/* The policy of the system bus says who may do that; its own words are its rules. */
static void
set_denied (const char *bus_name, const GError *cause, GError **error)
{
  if (g_str_equal (bus_name, "system"))
    g_set_error (error, QUEENCTL_ERROR, QUEENCTL_ERROR_REFUSED,
                 _ ("Only root and members of the group queen-rbee may do that. To become one: "
                    "“sudo usermod -aG queen-rbee %s”, and log in anew."),
                 g_get_user_name ());
  else
    g_set_error (error, QUEENCTL_ERROR, QUEENCTL_ERROR_REFUSED,
                 _ ("The bus does not allow that: %s"), cause->message);
}

void
queenctl_error_bus_stranger (GError **error)
{
  g_set_error_literal (error, QUEENCTL_ERROR, QUEENCTL_ERROR_NO_QUEEN,
                       _ ("Who has the name dev.rbee.Queen1 on the bus is no queen."));
}

gboolean
queenctl_error_from_bus (const char *bus_name, GError *cause, GError **error)
{
  g_autoptr (GError) owned = cause;
  g_autofree char *remote = g_dbus_error_get_remote_error (owned);

  g_dbus_error_strip_remote_error (owned);
  if (translate_dbus_name (remote, cause->message, error))
    return FALSE;
  if (is_nobody_there (cause))
    g_set_error_literal (error, QUEENCTL_ERROR, QUEENCTL_ERROR_NO_QUEEN,
                         _ ("The queen has just gone."));
  else if (is_late (cause))
    g_set_error_literal (error, QUEENCTL_ERROR, QUEENCTL_ERROR_NO_QUEEN,
                         _ ("The queen is there, but did not answer in time."));
  else if (g_error_matches (cause, G_IO_ERROR, G_IO_ERROR_CLOSED))
    g_set_error_literal (error, QUEENCTL_ERROR, QUEENCTL_ERROR_NO_QUEEN,
                         _ ("The bus has gone away."));
  else if (is_of_stranger (cause))
    queenctl_error_bus_stranger (error);
  else if (g_error_matches (cause, G_DBUS_ERROR, G_DBUS_ERROR_ACCESS_DENIED))
    set_denied (bus_name, cause, error);
  else
    g_set_error (error, QUEENCTL_ERROR, QUEENCTL_ERROR_REFUSED, _ ("The call failed: %s"),
                 cause->message);
  return FALSE;
}

/* Returns: (nullable): what @status means */
static const char *
find_meaning (const Meaning *table, gsize n_rows, guint status)
{
  for (gsize i = 0; i < n_rows; i++)
    if (table[i].status == status)
      return table[i].meaning;
  return NULL;
}

gboolean
queenctl_error_from_http (guint status, const char *path, const char *message, GError **error)
{
  const char *meaning = NULL;

  if (g_str_has_prefix (path, "/v1/jobs"))
    meaning = find_meaning (meanings_of_jobs, G_N_ELEMENTS (meanings_of_jobs), status);
  if (!meaning)
    meaning = find_meaning (meanings, G_N_ELEMENTS (meanings), status);
  if (meaning)
    set_meaning (meaning, message, error);
  else
    g_set_error (error, QUEENCTL_ERROR, QUEENCTL_ERROR_REFUSED, _ ("The answer is %u: %s"), status,
                 message);
  return FALSE;
}

void
queenctl_error_no_worker (const char *model, GError **error)
{
  g_set_error (error, QUEENCTL_ERROR, QUEENCTL_ERROR_REFUSED,
               _ ("No worker with the model “%s” is available."), model);
}

void
queenctl_error_not_placed (const char *message, GError **error)
{
  g_set_error (error, QUEENCTL_ERROR, QUEENCTL_ERROR_REFUSED, _ ("Nobody takes that now: %s."),
               message);
}
