/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queenctl-diagnosis.h"

#include <glib/gi18n.h>
#include <stdio.h>

#include "queenctl-json.h"
#include "queenctl-output.h"
#include "queenctl-text.h"

struct _QueenctlDiagnosis
{
  GPtrArray *findings; /* of QueenctlFinding */
  GPtrArray *notes;    /* likewise, without a check */
};

static void
free_finding (gpointer data)
{
  QueenctlFinding *finding = data;

  g_free (finding->queen);
  g_free (finding->message);
  g_free (finding);
}

QueenctlDiagnosis *
queenctl_diagnosis_new (void)
{
  QueenctlDiagnosis *self = g_new0 (QueenctlDiagnosis, 1);

  self->findings = g_ptr_array_new_with_free_func (free_finding);
  self->notes = g_ptr_array_new_with_free_func (free_finding);
  return self;
}

void
queenctl_diagnosis_free (QueenctlDiagnosis *self)
{
  g_ptr_array_unref (self->findings);
  g_ptr_array_unref (self->notes);
  g_free (self);
}

static void
add_finding (
    GPtrArray *findings, const char *queen, const char *check, const char *advice, char *message)
{
  QueenctlFinding *finding = g_new (QueenctlFinding, 1);

  *finding = (QueenctlFinding){ g_strdup (queen), check, message, advice };
  g_ptr_array_add (findings, finding);
}

void
queenctl_diagnosis_add (QueenctlDiagnosis *self,
                        const char *queen,
                        const char *check,
                        const char *advice,
                        char *message)
{
  add_finding (self->findings, queen, check, advice, message);
}

void
queenctl_diagnosis_add_note (QueenctlDiagnosis *self, const char *queen, const char *text)
{
  add_finding (self->notes, queen, "note", NULL, g_strdup (text));
}

guint
queenctl_diagnosis_count (QueenctlDiagnosis *self)
{
  return self->findings->len;
}

/* For people */

static void
print_styled (QueenctlStyle style, const char *text)
{
  printf ("%s%s%s\n", queenctl_output_begin_style (style), text, queenctl_output_end_style (style));
}

static void
print_finding (const QueenctlFinding *finding, QueenctlStyle style)
{
  g_autofree char *queen = finding->queen ? queenctl_text_dup_safe (finding->queen) : NULL;
  g_autofree char *message = queenctl_text_dup_safe (finding->message);

  if (queen)
    {
      printf ("  ");
      print_styled (style, queen);
    }
  printf ("  %s%s\n", queen ? "  " : "", message);
  if (finding->advice)
    printf ("  %s→ %s\n", queen ? "  " : "", finding->advice);
}

static void
print_all (GPtrArray *findings, const char *heading, QueenctlStyle style)
{
  if (findings->len == 0)
    return;
  putchar ('\n');
  print_styled (QUEENCTL_STYLE_HEADING, heading);
  for (guint i = 0; i < findings->len; i++)
    print_finding (findings->pdata[i], style);
}

void
queenctl_diagnosis_print (QueenctlDiagnosis *self)
{
  print_all (self->notes, _ ("Worth knowing"), QUEENCTL_STYLE_PLAIN);
  print_all (self->findings, _ ("Something is wrong"), QUEENCTL_STYLE_BAD);
  if (self->findings->len > 0)
    return;
  putchar ('\n');
  print_styled (QUEENCTL_STYLE_GOOD, _ ("All is well."));
}

/* For programs */

static void
build_all (JsonBuilder *builder, const char *member, GPtrArray *findings)
{
  json_builder_set_member_name (builder, member);
  json_builder_begin_array (builder);
  for (guint i = 0; i < findings->len; i++)
    {
      const QueenctlFinding *finding = findings->pdata[i];

      json_builder_begin_object (builder);
      queenctl_json_build_text (builder, "queen", finding->queen);
      queenctl_json_build_text (builder, "check", finding->check);
      queenctl_json_build_text (builder, "message", finding->message);
      queenctl_json_build_text (builder, "advice", finding->advice);
      json_builder_end_object (builder);
    }
  json_builder_end_array (builder);
}

void
queenctl_diagnosis_build (QueenctlDiagnosis *self, JsonBuilder *builder)
{
  json_builder_set_member_name (builder, "well");
  json_builder_add_boolean_value (builder, self->findings->len == 0);
  build_all (builder, "problems", self->findings);
  build_all (builder, "notes", self->notes);
}
