/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queenctl-option.h"

#include <glib/gi18n.h>

#include "model/queen-component-fields.h"
#include "queenctl-options.h"

#define FIELD(name) G_STRUCT_OFFSET (QueenctlOptions, name)

static const QueenctlOption own_options[] = {
  { .name = "json",
    .offset = FIELD (is_json),
    .is_flag = TRUE,
    .is_global = TRUE,
    .short_name = 'j',
    .help = N_ ("Print JSON") },
  { .name = "no-color",
    .offset = FIELD (is_color_refused),
    .is_flag = TRUE,
    .is_global = TRUE,
    .help = N_ ("Print without colours") },
  { .name = "bus",
    .offset = FIELD (bus),
    .is_global = TRUE,
    .help = N_ ("Look for the queen on this bus: auto, session or system (auto)"),
    .argument = N_ ("BUS") },
  { .name = "url",
    .offset = FIELD (url),
    .is_global = TRUE,
    .help = N_ ("Ask the queen at this address over HTTP, such as https://queen.example.org:8500"),
    .argument = N_ ("URL") },
  { .name = "token-file",
    .offset = FIELD (token_file),
    .is_global = TRUE,
    .help = N_ ("Show the queen the token in this file, over HTTP"),
    .argument = N_ ("FILE") },
  { .name = "ca-file",
    .offset = FIELD (ca_file),
    .is_global = TRUE,
    .help = N_ ("Trust the certificates in this file alone, over HTTPS"),
    .argument = N_ ("FILE") },
  { .name = "version",
    .offset = FIELD (is_version_wanted),
    .is_flag = TRUE,
    .is_global = TRUE,
    .help = N_ ("Print the version and exit") },
  { .name = "output",
    .offset = FIELD (output),
    .short_name = 'o',
    .help =
        N_ ("Print in another form: all columns (wide), ids alone (name), models alone (model), "
            "or JSON (json)"),
    .argument = N_ ("FORM") },
  { .name = "ids",
    .offset = FIELD (is_ids_only),
    .is_flag = TRUE,
    .help = N_ ("Print the ids alone, one on each line") },
  { .name = "no-legend",
    .offset = FIELD (is_legend_refused),
    .is_flag = TRUE,
    .help = N_ ("Print no headings") },
  { .name = "full",
    .offset = FIELD (is_full),
    .is_flag = TRUE,
    .help = N_ ("Cut nothing to fit the terminal") },
  { .name = "state",
    .offset = FIELD (state),
    .help = N_ ("Only those that are so: a status, available, held, online or offline; several "
                "with commas"),
    .argument = N_ ("STATE") },
  { .name = "sort",
    .offset = FIELD (sort),
    .help = N_ (
        "Sort by id, state, model, hive, device, first-seen, last-seen or heartbeats; with a minus "
        "before it, the other way round"),
    .argument = N_ ("KEY") },
  { .name = "all",
    .offset = FIELD (is_all),
    .is_flag = TRUE,
    .help = N_ ("Show every heartbeat, not changes alone") },
  { .name = "offline",
    .offset = FIELD (is_offline),
    .is_flag = TRUE,
    .help = N_ ("Everybody who is offline") },
  { .name = "for",
    .offset = FIELD (wanted_state),
    .help = N_ ("What to wait for: a status, available, held, online or offline (available)"),
    .argument = N_ ("STATE") },
  { .name = "timeout",
    .offset = FIELD (timeout),
    .help = N_ ("How long to wait (30s; for what runs 10min)"),
    .argument = N_ ("SPAN") },
  { .name = "ttl",
    .offset = FIELD (ttl),
    .help = N_ ("After how long a hold ends by itself (1h); 0 for not before it is released"),
    .argument = N_ ("SPAN") },
  { .name = "wait",
    .offset = FIELD (is_waiting),
    .is_flag = TRUE,
    .help = N_ ("Wait until a worker can take it, or until nothing runs there any more") },
  { .name = "affinity",
    .offset = FIELD (affinity),
    .help =
        N_ ("Get the same worker as others with the same text, unless that has much more to do"),
    .argument = N_ ("TEXT") },
  { .name = "reserve",
    .offset = FIELD (reserve),
    .help = N_ ("How long the place is kept, 30s at the most (2s)"),
    .argument = N_ ("SPAN") },
  { .name = "notify",
    .offset = FIELD (is_notifying),
    .is_flag = TRUE,
    .help = N_ ("Notify on the desktop, too") },
  { .name = "worker",
    .offset = FIELD (worker),
    .help = N_ ("The id of the worker that is beaten for"),
    .argument = N_ ("ID") },
  { .name = "queen",
    .offset = FIELD (queens),
    .is_many = TRUE,
    .help = N_ ("Beat to the queen at this address; given several times, to the next one while one "
                "is away"),
    .argument = N_ ("URL") },
  { .name = "pid",
    .offset = FIELD (pid),
    .help = N_ ("Watch the process with this number"),
    .argument = N_ ("PID") },
  { .name = "scan",
    .offset = FIELD (scan),
    .help =
        N_ ("Look for servers on this machine: those of the same user (own), or everybody's (all)"),
    .argument = N_ ("WHOSE") },
  { .name = "advertise",
    .offset = FIELD (advertise),
    .help = N_ ("Tell the queen that others find the server at this address"),
    .argument = N_ ("URL") },
  { .name = "key-file",
    .offset = FIELD (key_file),
    .help = N_ ("Show the server the key in this file"),
    .argument = N_ ("FILE") },
  { .name = "drain",
    .offset = FIELD (drain),
    .help = N_ ("How long requests may go on before the server is stopped (60s)"),
    .argument = N_ ("SPAN") },
  { .name = "max-tokens",
    .offset = FIELD (max_tokens),
    .help = N_ ("How long the answer may be"),
    .argument = N_ ("TOKENS") },
  { .name = "temperature",
    .offset = FIELD (temperature),
    .help = N_ ("How much is left to chance, from 0 to 2"),
    .argument = N_ ("NUMBER") },
  { .name = "top-p",
    .offset = FIELD (top_p),
    .help = N_ ("Choose among the likeliest tokens that make up this share, from 0 to 1"),
    .argument = N_ ("NUMBER") },
  { .name = "top-k",
    .offset = FIELD (top_k),
    .help = N_ ("Choose among as many of the likeliest tokens"),
    .argument = N_ ("TOKENS") },
  { .name = "detach",
    .offset = FIELD (is_detached),
    .is_flag = TRUE,
    .help = N_ ("Print the job's id, and leave the job to itself") },
  { .name = "kind",
    .offset = FIELD (kind),
    .help = N_ ("Which one, when both have this id: worker or hive"),
    .argument = N_ ("KIND") },
};

const QueenctlOption *
queenctl_option_list (void)
{
  static QueenctlOption *options;

  if (g_once_init_enter (&options))
    {
      GArray *all = g_array_new (TRUE, TRUE, sizeof (QueenctlOption));
      QueenctlOption detail = { .is_detail = TRUE };

      g_array_append_vals (all, own_options, G_N_ELEMENTS (own_options));
      for (const QueenField *field = queen_component_fields; field->name; field++)
        {
          if (!field->option)
            continue;
          detail.name = field->option;
          detail.help = field->help;
          detail.argument = field->argument;
          g_array_append_val (all, detail);
          detail.offset++;
        }
      g_once_init_leave (&options, (QueenctlOption *) g_array_free (all, FALSE));
    }
  return options;
}

gboolean
queenctl_option_is_among (const QueenctlOption *self, const char *const *names)
{
  return self->is_global ||
         (names && (g_strv_contains (names, self->name) ||
                    (self->is_detail && g_strv_contains (names, QUEENCTL_OPTION_DETAILS))));
}
