/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include <errno.h>
#include <glib/gi18n.h>
#include <math.h>
#include <stdio.h>
#include <unistd.h>

#include "queenctl-command.h"
#include "queenctl-error.h"
#include "queenctl-interrupt.h"
#include "queenctl-job.h"
#include "queenctl-output.h"

#define MAX_PROMPT (8 * 1024 * 1024) /* bytes, as the queen's limit; of characters she says it */
#define GRACE 60                     /* s that we may be away before nobody wants it any more */

/* Numbers that go to the worker, who knows best what may be. Here it is seen to that they are some.
 */
typedef struct
{
  const char *option;
  const char *member;
  const char *text; /* (nullable): what was given */
  gboolean is_whole;
} Number;

static gboolean
add_number (JsonBuilder *builder, const Number *number, GError **error)
{
  char *end = NULL;
  double value;

  if (!number->text)
    return TRUE;
  value = g_ascii_strtod (number->text, &end);
  if (end == number->text || *end != '\0' || !isfinite (value) || value < 0 || value > 1e15 ||
      (number->is_whole && value != floor (value)))
    {
      g_set_error (error, QUEENCTL_ERROR, QUEENCTL_ERROR_USAGE,
                   number->is_whole ? _ ("%s: “%s” is not a whole number")
                                    : _ ("%s: “%s” is not a number such as 0.7"),
                   number->option, number->text);
      return FALSE;
    }
  json_builder_set_member_name (builder, number->member);
  if (number->is_whole)
    json_builder_add_int_value (builder, (gint64) value);
  else
    json_builder_add_double_value (builder, value);
  return TRUE;
}

static gboolean
add_numbers (JsonBuilder *builder, const QueenctlOptions *options, GError **error)
{
  const Number numbers[] = {
    { "--max-tokens", "max_tokens", options->max_tokens, TRUE },
    { "--temperature", "temperature", options->temperature, FALSE },
    { "--top-p", "top_p", options->top_p, FALSE },
    { "--top-k", "top_k", options->top_k, TRUE },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (numbers); i++)
    if (!add_number (builder, &numbers[i], error))
      return FALSE;
  return TRUE;
}

static void
add_text (JsonBuilder *builder, const char *member, const char *text)
{
  json_builder_set_member_name (builder, member);
  json_builder_add_string_value (builder, text);
}

/* A job whose reader is killed ends after a while; one that is left to itself does not. */
static char *
make_request (const QueenctlOptions *options, const char *prompt, GError **error)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  g_autoptr (JsonNode) root = NULL;

  json_builder_begin_object (builder);
  add_text (builder, "operation", "infer");
  add_text (builder, "model", queenctl_options_get (options, "model"));
  add_text (builder, "prompt", prompt);
  if (!add_numbers (builder, options, error))
    return NULL;
  json_builder_set_member_name (builder, "stream");
  json_builder_add_boolean_value (builder, TRUE);
  if (!options->is_detached)
    {
      add_text (builder, "on_disconnect", "cancel");
      json_builder_set_member_name (builder, "grace");
      json_builder_add_int_value (builder, GRACE);
    }
  json_builder_end_object (builder);
  root = json_builder_get_root (builder);
  return json_to_string (root, FALSE);
}

static GString *
read_stdin (GError **error)
{
  g_autoptr (GString) text = g_string_new (NULL);
  char buffer[65536];
  gsize n;

  while (text->len <= MAX_PROMPT && (n = fread (buffer, 1, sizeof buffer, stdin)) > 0)
    g_string_append_len (text, buffer, (gssize) n);
  if (!ferror (stdin))
    return g_steal_pointer (&text);
  g_set_error (error, QUEENCTL_ERROR, QUEENCTL_ERROR_USAGE, _ ("Standard input cannot be read: %s"),
               g_strerror (errno));
  return NULL;
}

/* Returns: (transfer full): what is to be asked */
static char *
dup_prompt (const char *argument, GError **error)
{
  g_autoptr (GString) text =
      g_str_equal (argument, "-") ? read_stdin (error) : g_string_new (argument);
  const char *problem = NULL;

  if (!text)
    return NULL;
  if (text->len > MAX_PROMPT)
    problem = _ ("The prompt is over 8 MiB");
  else if (!g_utf8_validate (text->str, (gssize) text->len, NULL))
    problem = _ ("The prompt is not valid text in UTF-8");
  else if (text->len == 0)
    problem = _ ("The prompt is empty");
  if (!problem)
    return g_string_free (g_steal_pointer (&text), FALSE);
  g_set_error_literal (error, QUEENCTL_ERROR, QUEENCTL_ERROR_USAGE, problem);
  return NULL;
}

static void
print_id (const char *id, gboolean is_json)
{
  g_autoptr (JsonBuilder) builder = NULL;

  if (!is_json)
    {
      puts (id);
      return;
    }
  builder = json_builder_new ();
  json_builder_begin_object (builder);
  add_text (builder, "job_id", id);
  json_builder_end_object (builder);
  queenctl_output_print_json (builder);
}

gboolean
queenctl_command_run_run (const QueenctlOptions *options, char **arguments, GError **error)
{
  const char *model = queenctl_options_get (options, "model");
  g_autoptr (QueenctlHttp) http = NULL;
  g_autofree char *prompt = NULL;
  g_autofree char *request = NULL;
  g_autofree char *id = NULL;

  if (!model)
    {
      g_set_error_literal (error, QUEENCTL_ERROR, QUEENCTL_ERROR_USAGE,
                           _ ("Say by --model=MODEL who is to answer"));
      return FALSE;
    }
  http = queenctl_options_check_text ("--model", model, error)
             ? queenctl_job_connect (options, error)
             : NULL;
  prompt = http ? dup_prompt (arguments[0], error) : NULL;
  request = prompt ? make_request (options, prompt, error) : NULL;
  if (request && !options->is_detached)
    queenctl_interrupt_listen ();
  id = request ? queenctl_job_submit (http, request, error) : NULL;
  if (!id)
    return FALSE;
  if (!options->is_detached)
    return queenctl_job_read (http, id, options->is_json, TRUE, error);
  print_id (id, options->is_json);
  return TRUE;
}
