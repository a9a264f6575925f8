/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-redis-error.h"

#include <string.h>

#include "text/queen-safe-text.h"

#define MAX_MESSAGE 300 /* bytes of what Redis says */

/* What a code is called, and the first words of the answers that mean it. */
static const struct
{
  const char *reason;
  const char *words[6];
} meanings[QUEEN_REDIS_N_ERRORS] = {
  [QUEEN_REDIS_ERROR_AWAY] = { "away" },
  [QUEEN_REDIS_ERROR_FULL] = { "full" },
  [QUEEN_REDIS_ERROR_LOST] = { "lost" },
  [QUEEN_REDIS_ERROR_TIMED_OUT] = { "timed_out" },
  [QUEEN_REDIS_ERROR_UNREACHABLE] = { "unreachable" },
  [QUEEN_REDIS_ERROR_TLS] = { "tls" },
  [QUEEN_REDIS_ERROR_PROTOCOL] = { "protocol" },
  [QUEEN_REDIS_ERROR_NO_MASTER] = { "no_master" },
  [QUEEN_REDIS_ERROR_AUTH] = { "auth", { "NOAUTH", "WRONGPASS" } },
  [QUEEN_REDIS_ERROR_NOT_ALLOWED] = { "not_allowed", { "NOPERM", "DENIED" } },
  [QUEEN_REDIS_ERROR_READ_ONLY] = { "read_only", { "READONLY" } },
  [QUEEN_REDIS_ERROR_OUT_OF_MEMORY] = { "out_of_memory", { "OOM" } },
  [QUEEN_REDIS_ERROR_LOADING] = { "loading", { "LOADING" } },
  [QUEEN_REDIS_ERROR_MASTER_DOWN] = { "master_down", { "MASTERDOWN" } },
  [QUEEN_REDIS_ERROR_TOO_FEW_REPLICAS] = { "too_few_replicas", { "NOREPLICAS" } },
  [QUEEN_REDIS_ERROR_DISK] = { "disk", { "MISCONF" } },
  [QUEEN_REDIS_ERROR_NO_SCRIPT] = { "no_script", { "NOSCRIPT" } },
  [QUEEN_REDIS_ERROR_BUSY] = { "busy", { "BUSY" } },
  [QUEEN_REDIS_ERROR_WRONG_TYPE] = { "wrong_type", { "WRONGTYPE" } },
  [QUEEN_REDIS_ERROR_TOO_MANY_CLIENTS] = { "too_many_clients" },
  [QUEEN_REDIS_ERROR_CLUSTER] = { "cluster",
                                  { "MOVED", "ASK", "CLUSTERDOWN", "CROSSSLOT", "TRYAGAIN" } },
  [QUEEN_REDIS_ERROR_REFUSED] = { "refused" },
};

/* Those that begin with a mere ERR, as Redis 7 and Valkey word them. */
static const struct
{
  const char *begin;
  QueenRedisError code;
} sentences[] = {
  { "ERR max number of clients reached", QUEEN_REDIS_ERROR_TOO_MANY_CLIENTS },
  { "ERR invalid password", QUEEN_REDIS_ERROR_AUTH },
  { "ERR AUTH ", QUEEN_REDIS_ERROR_AUTH },
};

GQuark
queen_redis_error_quark (void)
{
  return g_quark_from_static_string ("queen-redis-error-quark");
}

static QueenRedisError
find_code (const char *answer)
{
  gsize length = strcspn (answer, " ");

  for (int code = 0; code < QUEEN_REDIS_N_ERRORS; code++)
    for (const char *const *word = meanings[code].words; *word; word++)
      if (strlen (*word) == length && strncmp (*word, answer, length) == 0)
        return code;
  for (gsize i = 0; i < G_N_ELEMENTS (sentences); i++)
    if (g_str_has_prefix (answer, sentences[i].begin))
      return sentences[i].code;
  return QUEEN_REDIS_ERROR_REFUSED;
}

/* Redis before 7 says what a script was refused behind its own words: ERR Error running script
 * (call to f_…): @user_script:1: @user_script: 1: -READONLY You can't write … */
static const char *
skip_wrapping (const char *answer)
{
  const char *inner =
      g_str_has_prefix (answer, "ERR Error running script") ? strstr (answer, ": -") : NULL;

  return inner ? inner + strlen (": -") : answer;
}

GError *
queen_redis_error_new_from_answer (const char *answer)
{
  g_autofree char *text = queen_safe_text_dup (answer, (gssize) strnlen (answer, MAX_MESSAGE));

  return g_error_new_literal (QUEEN_REDIS_ERROR, (int) find_code (skip_wrapping (answer)), text);
}

const char *
queen_redis_error_get_reason (QueenRedisError code)
{
  return (guint) code < QUEEN_REDIS_N_ERRORS ? meanings[code].reason : "unknown";
}
