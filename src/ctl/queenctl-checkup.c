/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queenctl-checkup.h"

#include <glib/gi18n.h>
#include <string.h>

#include "queenctl-deadline.h"
#include "queenctl-error.h"
#include "queenctl-interrupt.h"
#include "queenctl-json.h"
#include "queenctl-queen.h"

#define ANSWER_DEADLINE (3 * (gint64) G_USEC_PER_SEC)
#define SLOW_ANSWER G_USEC_PER_SEC /* µs: whoever takes as long is slow */
#define MUCH_BEHIND 1000           /* events */

/* Each of her answers */

/* Returns: whether she may be asked another thing */
static gboolean
note_refusal (QueenctlCheckup *self,
              QueenctlDiagnosis *diagnosis,
              const char *check,
              const char *advice,
              GError *error)
{
  queenctl_diagnosis_add (diagnosis, self->url, check, advice, g_strdup (error->message));
  return error->code != QUEENCTL_ERROR_NO_QUEEN;
}

/* Her clock says whole seconds. */
static void
read_clock (QueenctlCheckup *self, gint64 asked_at, gint64 answered_at)
{
  const char *date = queenctl_http_get_header (self->http, "Date");
  g_autoptr (GDateTime) time = date ? soup_date_time_new_from_http_string (date) : NULL;
  gint64 second = time ? g_date_time_to_unix (time) : 0;

  self->clock_least = time ? second * G_USEC_PER_SEC - answered_at : G_MININT64;
  self->clock_most = time ? (second + 1) * G_USEC_PER_SEC - asked_at : G_MAXINT64;
}

static gboolean
check_health (QueenctlCheckup *self, QueenctlDiagnosis *diagnosis)
{
  g_autoptr (GError) error = NULL;
  gint64 asked_at = g_get_real_time (), start = g_get_monotonic_time ();

  self->is_there = queenctl_http_tell (self->http, "GET", "/health", NULL, &error);
  self->answer_time = g_get_monotonic_time () - start;
  if (!self->is_there)
    return note_refusal (self, diagnosis, "reachable",
                         _ ("Look whether she runs (systemctl status queen-rbee), and what is "
                            "between her and this machine."),
                         error);
  read_clock (self, asked_at, g_get_real_time ());
  if (self->answer_time > SLOW_ANSWER)
    queenctl_diagnosis_add (
        diagnosis, self->url, "health",
        _ ("Look at the load of her machine, and at queen_loop_turn_seconds in her metrics."),
        g_strdup_printf (_ ("It took her %.1f s to say that she is well."),
                         (double) self->answer_time / G_USEC_PER_SEC));
  return TRUE;
}

static gboolean
check_version (QueenctlCheckup *self, QueenctlDiagnosis *diagnosis)
{
  g_autoptr (GError) error = NULL;

  self->build = queenctl_http_ask_json (self->http, "GET", "/v1/build-info", NULL, NULL, &error);
  self->is_readable = self->build != NULL;
  if (!self->is_readable)
    note_refusal (self, diagnosis, "token",
                  self->expected_id
                      ? _ ("A token is shown to those alone whom you name: queenctl doctor URL…")
                      : _ ("Take --token-file with a token that is in the file of her own "
                           "--token-file; the queens of one cluster have the same."),
                  error);
  return self->is_readable;
}

static gboolean
has_word (JsonObject *object, const char *member, const char *word)
{
  JsonNode *node = json_object_get_member (object, member);
  JsonArray *words = node && JSON_NODE_HOLDS_ARRAY (node) ? json_node_get_array (node) : NULL;

  for (guint i = 0; words && i < json_array_get_length (words); i++)
    {
      JsonNode *one = json_array_get_element (words, i);

      if (JSON_NODE_HOLDS_VALUE (one) && g_strcmp0 (json_node_get_string (one), word) == 0)
        return TRUE;
    }
  return FALSE;
}

/* Whoever puts a worker there has to take it away again. */
static gboolean
check_rights (QueenctlCheckup *self, QueenctlDiagnosis *diagnosis)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) rights =
      queenctl_http_ask_json (self->http, "GET", "/v1/session", NULL, NULL, &error);
  JsonObject *said = rights ? json_node_get_object (rights) : NULL;

  if (!said)
    return note_refusal (self, diagnosis, "token", NULL, error);
  self->may_measure = has_word (said, "may", "beat") && has_word (said, "may", "admin");
  if (!self->may_measure)
    queenctl_diagnosis_add_note (diagnosis, self->url,
                                 _ ("How long an event takes from her is not measured: that takes "
                                    "the scopes beat and admin."));
  return TRUE;
}

/* Why she is alone */

static const struct
{
  const char *reason;
  const char *advice;
} remedies[] = {
  { "timed_out", N_ ("Redis does not answer her in time: look at its load, and at the network.") },
  { "not_coming_back", N_ ("What she writes does not come back: look at the load of Redis.") },
  { "too_slow", N_ ("Redis does not keep up: look at its load.") },
  { "unreachable", N_ ("Redis does not run where her --engine says, or cannot be reached.") },
  { "lost", N_ ("Her connection to Redis has broken: look whether it runs.") },
  { "away", N_ ("Look whether Redis runs, and whether she can reach it.") },
  { "tls", N_ ("Look at her --engine-ca-file, and at the certificate of Redis.") },
  { "auth", N_ ("Look at her --engine-password-file, and at the users of Redis.") },
  { "not_allowed", N_ ("The user of Redis may not do all that she needs: see its ACL.") },
  { "read_only", N_ ("What her --engine names is a replica: name the master, or its Sentinels.") },
  { "no_master", N_ ("None of the addresses of her --engine is a master.") },
  { "out_of_memory", N_ ("Redis is full: raise its maxmemory.") },
  { "disk", N_ ("Redis cannot write to its disk, and so takes nothing.") },
  { "loading", N_ ("Redis loads its data: wait.") },
  { "newer_script", N_ ("A newer queen has written what this one cannot read: upgrade her.") },
  { "foreign_data",
    N_ ("Something else stands under her keys: take another cluster= in --engine.") },
  { "starting", N_ ("She has only just been started: wait a moment.") },
};

static const char *
find_remedy (const char *reason)
{
  for (gsize i = 0; i < G_N_ELEMENTS (remedies); i++)
    if (g_str_equal (remedies[i].reason, reason))
      return _ (remedies[i].advice);
  return _ ("Her log says more (journalctl -u queen-rbee).");
}

static void
judge_engine (QueenctlCheckup *self, QueenctlDiagnosis *diagnosis)
{
  JsonObject *engine = queenctl_checkup_get_engine (self);
  const char *state = engine ? queenctl_json_get_text (engine, "state") : "together";
  const char *reason = engine ? queenctl_json_get_text (engine, "reason") : "";
  guint64 behind = queenctl_json_get_number (queenctl_checkup_get_self (self), "lag");

  if (g_str_equal (state, "joining"))
    queenctl_diagnosis_add (diagnosis, self->url, "engine", _ ("Wait a moment, and ask again."),
                            g_strdup (_ ("She is about to join the other queens.")));
  else if (!g_str_equal (state, "together"))
    queenctl_diagnosis_add (diagnosis, self->url, "engine", find_remedy (reason),
                            g_strdup_printf (_ ("She is alone, without the other queens (%s)."),
                                             reason));
  if (behind > MUCH_BEHIND)
    queenctl_diagnosis_add (diagnosis, self->url, "behind",
                            _ ("Look at the load of her machine, of Redis, and of the network."),
                            g_strdup_printf (_ ("She has %lu events of the others still to read."),
                                             (gulong) behind));
}

/* Whoever named her may have meant an address of another machine. */
static void
judge_identity (QueenctlCheckup *self, QueenctlDiagnosis *diagnosis)
{
  const char *id = queenctl_json_get_string (queenctl_checkup_get_self (self), "id");

  if (self->expected_id && g_strcmp0 (self->expected_id, id) != 0)
    queenctl_diagnosis_add (
        diagnosis, self->url, "reachable",
        _ ("Name all queens by addresses that lead to them: queenctl doctor URL…"),
        g_strdup (_ ("Another queen answers there than the one whom the others know by it.")));
}

static gboolean
check_engine (QueenctlCheckup *self, QueenctlDiagnosis *diagnosis)
{
  g_autoptr (GError) error = NULL;

  self->queens = queenctl_http_ask_json (self->http, "GET", "/v1/queens", NULL, NULL, &error);
  if (self->queens && !queenctl_checkup_get_self (self))
    {
      g_clear_pointer (&self->queens, json_node_unref);
      queenctl_http_set_odd (self->http, &error);
    }
  if (!self->queens)
    return note_refusal (self, diagnosis, "engine", NULL, error);
  judge_identity (self, diagnosis);
  judge_engine (self, diagnosis);
  return TRUE;
}

QueenctlCheckup *
queenctl_checkup_new (const char *url,
                      const char *expected_id,
                      const char *token_file,
                      const char *ca_file,
                      QueenctlDiagnosis *diagnosis,
                      GError **error)
{
  static gboolean (*const checks[]) (QueenctlCheckup *,
                                     QueenctlDiagnosis *) = { check_health, check_version,
                                                              check_rights, check_engine };
  QueenctlHttp *http = queenctl_http_new (url, token_file, ca_file, error);
  QueenctlCheckup *self;

  if (!http)
    return NULL;
  self = g_new0 (QueenctlCheckup, 1);
  self->http = http;
  self->url = g_strdup (queenctl_http_get_url (http));
  self->expected_id = g_strdup (expected_id);
  self->first_event_time = -1;
  queenctl_http_set_patience (http,
                              ANSWER_DEADLINE - QUEENCTL_DEADLINE_MSEC * G_TIME_SPAN_MILLISECOND);
  for (gsize i = 0; i < G_N_ELEMENTS (checks) && !queenctl_interrupt_has_come (); i++)
    if (!checks[i](self, diagnosis))
      break;
  return self;
}

void
queenctl_checkup_free (QueenctlCheckup *self)
{
  g_clear_pointer (&self->http, queenctl_http_free);
  g_clear_pointer (&self->build, json_node_unref);
  g_clear_pointer (&self->queens, json_node_unref);
  g_free (self->expected_id);
  g_free (self->url);
  g_free (self);
}

JsonObject *
queenctl_checkup_get_self (const QueenctlCheckup *self)
{
  JsonArray *queens =
      self->queens ? queenctl_json_get_objects (json_node_get_object (self->queens), "queens")
                   : NULL;

  return queens && json_array_get_length (queens) > 0 ? json_array_get_object_element (queens, 0)
                                                      : NULL;
}

JsonObject *
queenctl_checkup_get_engine (const QueenctlCheckup *self)
{
  JsonNode *engine =
      self->queens ? json_object_get_member (json_node_get_object (self->queens), "engine") : NULL;

  return engine && JSON_NODE_HOLDS_OBJECT (engine) ? json_node_get_object (engine) : NULL;
}

const char *
queenctl_checkup_get_shared_epoch (const QueenctlCheckup *self)
{
  JsonObject *engine = queenctl_checkup_get_engine (self);

  return engine && g_str_equal (queenctl_json_get_text (engine, "state"), "together")
             ? queenctl_json_get_string (engine, "epoch")
             : NULL;
}

const char *
queenctl_checkup_get_version (const QueenctlCheckup *self)
{
  return self->build ? queenctl_json_get_string (json_node_get_object (self->build), "version")
                     : NULL;
}

gboolean
queenctl_checkup_is_one_with (const QueenctlCheckup *self, const QueenctlCheckup *other)
{
  const char *epoch = queenctl_checkup_get_shared_epoch (self);

  return self == other ||
         (epoch && g_strcmp0 (epoch, queenctl_checkup_get_shared_epoch (other)) == 0);
}

/* What they have in common */

static void
compare_versions (const QueenctlCheckup *first,
                  const QueenctlCheckup *other,
                  QueenctlDiagnosis *diagnosis)
{
  const char *here = queenctl_checkup_get_version (first);
  const char *there = queenctl_checkup_get_version (other);

  if (here && there && !g_str_equal (here, there))
    queenctl_diagnosis_add (
        diagnosis, other->url, "version",
        _ ("Upgrade one queen after the other, until all have the same version."),
        g_strdup_printf (_ ("Her version is %s; that of %s is %s."), there, first->url, here));
}

static void
compare_clocks (const QueenctlCheckup *first,
                const QueenctlCheckup *other,
                QueenctlDiagnosis *diagnosis)
{
  gboolean are_known = first->clock_least > G_MININT64 && other->clock_least > G_MININT64;
  gint64 ahead = are_known ? other->clock_least - first->clock_most : 0;
  gint64 back = are_known ? first->clock_least - other->clock_most : 0;

  if (MAX (ahead, back) <= 0)
    return;
  queenctl_diagnosis_add (
      diagnosis, other->url, "clock",
      _ ("Keep the clocks of all machines in step (timedatectl set-ntp true): of two states the "
         "newest counts."),
      g_strdup_printf (ahead > 0 ? _ ("Her clock is at least %.1f s ahead of that of %s.")
                                 : _ ("Her clock is at least %.1f s behind that of %s."),
                       (double) MAX (ahead, back) / G_USEC_PER_SEC, first->url));
}

static void
compare_epochs (const QueenctlCheckup *first,
                const QueenctlCheckup *other,
                QueenctlDiagnosis *diagnosis)
{
  const char *here = queenctl_checkup_get_shared_epoch (first);
  const char *there = queenctl_checkup_get_shared_epoch (other);
  const char *advice = _ ("Give all of them the same --engine: one Redis, one database, one "
                          "cluster=NAME.");

  if (here && there && !g_str_equal (here, there))
    queenctl_diagnosis_add (
        diagnosis, other->url, "epoch", advice,
        g_strdup_printf (_ ("She is not one with %s: her events are of epoch %s, and not %s."),
                         first->url, there, here));
  else if (first->queens && other->queens &&
           (!queenctl_checkup_get_engine (first) || !queenctl_checkup_get_engine (other)))
    queenctl_diagnosis_add (diagnosis, other->url, "epoch", advice,
                            g_strdup_printf (_ ("She is not one with %s: not both have an engine."),
                                             first->url));
}

void
queenctl_checkup_compare (GPtrArray *checkups, QueenctlDiagnosis *diagnosis)
{
  const QueenctlCheckup *first = NULL, *together = NULL; /* the first one who is */

  for (guint i = 0; i < checkups->len; i++)
    {
      const QueenctlCheckup *other = checkups->pdata[i];

      if (!other->is_there)
        continue;
      if (first)
        {
          compare_versions (first, other, diagnosis);
          compare_clocks (first, other, diagnosis);
          compare_epochs (together ? together : first, other, diagnosis);
        }
      first = first ? first : other;
      if (!together && queenctl_checkup_get_shared_epoch (other))
        together = other;
    }
}
