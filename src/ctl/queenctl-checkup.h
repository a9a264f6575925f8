/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "queenctl-diagnosis.h"
#include "queenctl-http.h"
#include "queenctl-options.h"

G_BEGIN_DECLS

/**
 * QueenctlCheckup:
 * @url: her address
 * @http: (nullable): the way to her; %NULL when that is no address of a queen
 * @expected_id: (nullable): what she is called, as the one has it who named her
 * @is_there: she has answered as a queen does
 * @is_readable: she tells us what there is
 * @may_measure: she takes heartbeats from us, and forgets whom we name
 * @answer_time: µs until she had answered
 * @clock_least: µs: by so much her clock is ahead of ours at the least,
 * @clock_most: and at the most; HTTP tells seconds
 * @build: (nullable): what `/v1/build-info` answers
 * @queens: (nullable): what `/v1/queens` answers
 * @first_event_time: µs until her stream had its first event; -1 when it had none
 *
 * What one queen is found to be.
 */
typedef struct
{
  char *url;
  QueenctlHttp *http;
  char *expected_id;
  gboolean is_there;
  gboolean is_readable;
  gboolean may_measure;
  gint64 answer_time;
  gint64 clock_least;
  gint64 clock_most;
  JsonNode *build;
  JsonNode *queens;
  gint64 first_event_time;
} QueenctlCheckup;

/**
 * queenctl_checkup_new:
 * @url: (nullable): her address; %NULL for the one that she usually has on this machine
 * @token_file: (nullable): for her alone
 *
 * Asks her one thing after the other, and has @diagnosis say what is wrong with the answers. Each
 * may take 3 s; after one that does not come there is no other.
 *
 * Returns: (transfer full): a check-up, or %NULL with %QUEENCTL_ERROR_USAGE
 */
QueenctlCheckup *queenctl_checkup_new (const char *url,
                                       const char *expected_id,
                                       const char *token_file,
                                       const char *ca_file,
                                       QueenctlDiagnosis *diagnosis,
                                       GError **error);

void queenctl_checkup_free (QueenctlCheckup *self);

/** Returns: (nullable): herself, as she says in `/v1/queens` */
JsonObject *queenctl_checkup_get_self (const QueenctlCheckup *self);

/** Returns: (nullable): how she stands with others, as she says there; %NULL without an engine */
JsonObject *queenctl_checkup_get_engine (const QueenctlCheckup *self);

/** Returns: (nullable): the epoch that she shares with others; %NULL while she is not together */
const char *queenctl_checkup_get_shared_epoch (const QueenctlCheckup *self);

/** Returns: (nullable): her version */
const char *queenctl_checkup_get_version (const QueenctlCheckup *self);

/** Returns: whether what is told to @self is told by @other, too */
gboolean queenctl_checkup_is_one_with (const QueenctlCheckup *self, const QueenctlCheckup *other);

/**
 * queenctl_checkup_compare:
 * @checkups: (element-type QueenctlCheckup): queens who are to be one
 *
 * Has @diagnosis say in what they differ.
 */
void queenctl_checkup_compare (GPtrArray *checkups, QueenctlDiagnosis *diagnosis);

G_END_DECLS
