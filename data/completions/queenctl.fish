# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: the queen-rbee authors
#
# fish completion for queenctl(1)

# The command and what follows it, options left out; the word that is being typed is not in.
function __fish_queenctl_arguments
    set -l words (commandline -opc)
    set -e words[1]
    set -l skip 0
    for word in $words
        if test $skip -eq 1
            set skip 0
        else if contains -- $word --bus --kind --model --device --hostname --port --hive \
                --implementation --component-version --health --reason
            set skip 1
        else if not string match -q -- '-*' $word
            echo $word
        end
    end
end

# Whether the word to complete is argument number $argv[2] of the command $argv[1].
function __fish_queenctl_is_at
    set -l arguments (__fish_queenctl_arguments)
    test (count $arguments) -eq $argv[2]; and test "$arguments[1]" = $argv[1]
end

complete -c queenctl -f
complete -c queenctl -s j -l json -d 'Print JSON'
complete -c queenctl -l no-color -d 'Print without colours'
complete -c queenctl -l bus -x -a 'auto session system' -d 'Look for the queen on this bus'
complete -c queenctl -s h -l help -d 'Show help'
complete -c queenctl -l version -d 'Print the version and exit'

set -l no_command 'test (count (__fish_queenctl_arguments)) -eq 0'
complete -c queenctl -n $no_command -a status -d 'Show the whole cluster at a glance'
complete -c queenctl -n $no_command -a list -d 'List who is known'
complete -c queenctl -n $no_command -a show -d 'Show all that is known of a worker or hive'
complete -c queenctl -n $no_command -a watch -d 'Show what happens, as it happens'
complete -c queenctl -n $no_command -a open -d 'Open the page in a browser'
complete -c queenctl -n $no_command -a find -d 'Give out an available worker for a model'
complete -c queenctl -n $no_command -a report -d 'Send a heartbeat in the name of another'
complete -c queenctl -n $no_command -a forget -d 'Take a worker or hive off the list'

set -l ids '(queenctl list --ids 2>/dev/null)'
set -l statuses 'starting ready online busy stopping stopped offline'
complete -c queenctl -n '__fish_queenctl_is_at list 1' -a 'workers hives'
complete -c queenctl -n '__fish_queenctl_is_at show 1' -a $ids
complete -c queenctl -n '__fish_queenctl_is_at forget 1' -a $ids
complete -c queenctl -n '__fish_queenctl_is_at report 1' -a 'worker hive'
complete -c queenctl -n '__fish_queenctl_is_at report 2' -a $ids
complete -c queenctl -n '__fish_queenctl_is_at report 3' -a $statuses

complete -c queenctl -n '__fish_seen_subcommand_from list' -l ids -d 'Print the ids alone'
complete -c queenctl -n '__fish_seen_subcommand_from watch' -l notify \
    -d 'Show on the desktop who goes and who comes'
complete -c queenctl -n '__fish_seen_subcommand_from open' -l notify \
    -d 'Show on the desktop when it cannot be opened'
complete -c queenctl -n '__fish_seen_subcommand_from show forget' -l kind -x -a 'worker hive' \
    -d 'Which one, when both have this id'
set -l report '__fish_seen_subcommand_from report'
complete -c queenctl -n $report -l model -x -d 'The model that the worker has loaded'
complete -c queenctl -n $report -l device -x -d 'What the worker runs on'
complete -c queenctl -n $report -l hostname -x -a '(__fish_print_hostnames)' \
    -d 'The machine that it runs on'
complete -c queenctl -n $report -l port -x -d 'The port that it serves'
complete -c queenctl -n $report -l hive -x -a '(queenctl list hives --ids 2>/dev/null)' \
    -d 'The hive that the worker belongs to'
complete -c queenctl -n $report -l implementation -x -d 'The program that the worker is'
complete -c queenctl -n $report -l component-version -x -d 'The version of its program'
complete -c queenctl -n $report -l health -x -a 'healthy degraded unhealthy' -d 'How the hive is'
complete -c queenctl -n $report -l reason -x -d 'Why the hive is not healthy'
