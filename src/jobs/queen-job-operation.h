/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "queen-jobs.h"
#include "text/queen-json.h"

G_BEGIN_DECLS

/**
 * QueenJobOperationKind:
 * @QUEEN_JOB_INFER: a worker answers it
 * @QUEEN_JOB_REPORT: the queen answers it, by what she knows
 * @QUEEN_JOB_RETIRE: the queen does it: a worker is to get nothing new
 * @QUEEN_JOB_OF_HIVE: a hive does it
 *
 * Whose business an operation is.
 */
typedef enum
{
  QUEEN_JOB_INFER,
  QUEEN_JOB_REPORT,
  QUEEN_JOB_RETIRE,
  QUEEN_JOB_OF_HIVE,
} QueenJobOperationKind;

/**
 * QueenJobOperation:
 * @kind: whose business it is
 * @request: what is to be submitted; its texts are as old as the operation
 * @id: (nullable): the worker or hive that it is about
 * @says_on_disconnect: whether what is in the request about that was asked for
 *
 * An operation of the seed's, as it stands in the body of `POST /v1/jobs`.
 */
typedef struct
{
  QueenJobOperationKind kind;
  QueenJobRequest request;
  const char *id;
  gboolean says_on_disconnect;
  /*< private >*/
  QueenJson *json;
  GBytes *body;
} QueenJobOperation;

/**
 * queen_job_operation_new:
 * @body: JSON, behind which a NUL stands
 * @error: %QUEEN_ERROR_BAD_REQUEST for what is no JSON, or has a member twice that is read;
 *   %QUEEN_ERROR_UNPROCESSABLE for an unknown operation, or a member that is missing or makes no
 *   sense
 *
 * Members may come in any order, and unknown ones are passed over.
 *
 * Returns: (transfer full): the operation
 */
QueenJobOperation *queen_job_operation_new (GBytes *body, GError **error);

void queen_job_operation_free (QueenJobOperation *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (QueenJobOperation, queen_job_operation_free)

/**
 * queen_job_report_new:
 * @operation: a %QUEEN_JOB_REPORT, or a %QUEEN_JOB_RETIRE, which is then done; with its submitter
 * @failure: (out) (nullable): why there is no answer, after these lines
 *
 * Returns: (transfer full) (array zero-terminated=1): the lines of the answer, as the seed's
 *   clients print them
 */
char **
queen_job_report_new (const QueenJobOperation *operation, QueenCluster *cluster, char **failure);

/**
 * queen_job_operation_submit:
 * @operation: with its submitter, who may do that
 * @error: of queen_jobs_submit(), or queen_jobs_answer()
 *
 * Has it done by whose business it is.
 *
 * Returns: (transfer none): the job
 */
QueenJob *queen_job_operation_submit (const QueenJobOperation *operation,
                                      QueenJobs *jobs,
                                      QueenCluster *cluster,
                                      GError **error);

G_END_DECLS
