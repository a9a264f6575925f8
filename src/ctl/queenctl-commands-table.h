/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors
 *
 * The commands. One row is one of them. A new one takes a row here, a function in a file of its own
 * and a paragraph of the manual. All else that lists them is made from here: the help, the file
 * that is compiled, and by build-aux/describe-commands the manual's synopsis and the completions.
 * /house/commands compares them.
 *
 *   COMMAND (name, members of QueenctlCommand…)
 *
 * The function of “name” is queenctl_command_run_name () in queenctl-command-name.c. Whoever
 * includes this has defined COMMAND, and includes it as often as there are things to be made; so
 * there is no guard. The first is what is done without a command. */

COMMAND (status,
         .arguments = "",
         .summary = N_ ("Shows the whole cluster at a glance, and what needs attention."),
         .options = OPTIONS ("full"))

COMMAND (list,
         .arguments = "[workers|hives]",
         .summary = N_ ("Lists who is known, offline ones included."),
         .options = OPTIONS (
             "output", "ids", "no-legend", "full", "model", "state", "hive", "health", "sort"),
         .most = 1)

COMMAND (show,
         .arguments = N_ ("ID…"),
         .summary = N_ ("Shows all that is known of workers or hives."),
         .options = OPTIONS ("kind"),
         .least = 1,
         .most = G_MAXUINT)

COMMAND (top,
         .arguments = "",
         .summary = N_ ("Shows who has how much to do, the busiest first, as it changes."))

COMMAND (watch,
         .arguments = "",
         .summary = N_ ("Shows what changes, as it changes."),
         .options = OPTIONS ("all", "notify"))

COMMAND (wait,
         .arguments = N_ ("ID|--model=MODEL"),
         .summary = N_ ("Waits until a worker or hive is available, or in another state."),
         .options = OPTIONS ("model", "for", "timeout", "kind"),
         .most = 1)

COMMAND (open,
         .arguments = "",
         .summary = N_ ("Opens the page that shows the cluster, in a browser."),
         .options = OPTIONS ("notify"))

COMMAND (find,
         .arguments = N_ ("MODEL"),
         .summary = N_ ("Gives out an available worker that has the model loaded."),
         .options = OPTIONS ("wait", "timeout"),
         .least = 1,
         .most = 1)

COMMAND (place,
         .arguments = "",
         .summary = N_ ("Gives out a worker for a model, and reserves a place there."),
         .options = OPTIONS ("model", "wait", "timeout", "affinity", "reserve"))

COMMAND (run,
         .arguments = N_ ("PROMPT"),
         .summary = N_ ("Asks a model, and prints its answer as it comes."),
         .options = OPTIONS ("model", "max-tokens", "temperature", "top-p", "top-k", "detach"),
         .least = 1,
         .most = 1,
         .description = N_ ("With “-” the prompt is read from standard input."))

COMMAND (jobs,
         .arguments = "",
         .summary = N_ ("Lists what models are asked, and how far that is."),
         .options = OPTIONS ("ids", "no-legend", "full"))

COMMAND (attach,
         .arguments = N_ ("JOB"),
         .summary = N_ ("Prints a job's answer from its begin, as it comes."),
         .least = 1,
         .most = 1)

COMMAND (cancel,
         .arguments = N_ ("JOB…"),
         .summary = N_ ("Ends jobs, whose workers are free then."),
         .least = 1,
         .most = G_MAXUINT)

COMMAND (queens,
         .arguments = "",
         .summary = N_ ("Lists the queens that share an engine, and how each stands."),
         .options = OPTIONS ("no-legend", "full"))

COMMAND (doctor,
         .arguments = N_ ("[URL…]"),
         .summary = N_ ("Looks for what is wrong with queens, and how long an event takes."),
         .options = OPTIONS ("no-legend", "full"),
         .most = 64,
         .description = N_ ("Without an address it is the queen of --url, and all whom she names."))

COMMAND (report,
         .arguments = N_ ("worker|hive ID STATUS"),
         .summary = N_ ("Sends a heartbeat in the name of a worker or hive."),
         .options = OPTIONS (QUEENCTL_OPTION_DETAILS),
         .least = 3,
         .most = 3)

COMMAND (beat,
         .arguments = N_ ("[DIRECTORY] [-- COMMAND…]"),
         .summary = N_ ("Sends heartbeats for a server that sends none itself."),
         .options = OPTIONS ("worker",
                             "pid",
                             "hive",
                             "scan",
                             "queen",
                             "advertise",
                             "model",
                             "device",
                             "drain",
                             "key-file"),
         .most = 1,
         .takes_command = TRUE,
         .description = N_ ("Here --url is the server's address, and --queen the queen's."))

COMMAND (hold,
         .arguments = N_ ("ID"),
         .summary = N_ ("Has no new work given to a worker, or to all workers of a hive."),
         .options = OPTIONS ("reason", "ttl", "kind"),
         .least = 1,
         .most = 1)

COMMAND (drain,
         .arguments = N_ ("ID"),
         .summary = N_ ("Holds a worker or hive, and waits until nothing runs there any more."),
         .options = OPTIONS ("reason", "ttl", "wait", "timeout", "kind"),
         .least = 1,
         .most = 1)

COMMAND (release,
         .arguments = N_ ("ID [HOLD]"),
         .summary = N_ ("Has work given again to a worker or hive that is held."),
         .options = OPTIONS ("kind"),
         .least = 1,
         .most = 2)

COMMAND (forget,
         .arguments = N_ ("ID…|--offline"),
         .summary = N_ ("Takes workers or hives off the list, until they are heard of again."),
         .options = OPTIONS ("kind", "offline"),
         .most = G_MAXUINT)
