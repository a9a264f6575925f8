/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/**
 * QueenctlFinding:
 * @queen: (nullable): the address of whom it is about; %NULL for all of them
 * @check: what was looked at, as one word for programs
 * @message: what is wrong
 * @advice: (nullable): what to do
 */
typedef struct
{
  char *queen;
  const char *check;
  char *message;
  const char *advice;
} QueenctlFinding;

/**
 * QueenctlDiagnosis:
 *
 * What is wrong with queens, in the order in which it was found.
 */
typedef struct _QueenctlDiagnosis QueenctlDiagnosis;

QueenctlDiagnosis *queenctl_diagnosis_new (void);
void queenctl_diagnosis_free (QueenctlDiagnosis *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (QueenctlDiagnosis, queenctl_diagnosis_free)

/**
 * queenctl_diagnosis_add:
 * @check: static
 * @advice: (nullable): static, translated
 * @message: (transfer full): translated
 */
void queenctl_diagnosis_add (QueenctlDiagnosis *self,
                             const char *queen,
                             const char *check,
                             const char *advice,
                             char *message);

/** queenctl_diagnosis_add_note: something that is worth knowing, and not wrong. */
void queenctl_diagnosis_add_note (QueenctlDiagnosis *self, const char *queen, const char *text);

/** Returns: how much is wrong */
guint queenctl_diagnosis_count (QueenctlDiagnosis *self);

/** queenctl_diagnosis_print: for people, in colours if they have them. */
void queenctl_diagnosis_print (QueenctlDiagnosis *self);

/** queenctl_diagnosis_build: adds the members `well`, `problems` and `notes` to an object. */
void queenctl_diagnosis_build (QueenctlDiagnosis *self, JsonBuilder *builder);

G_END_DECLS
