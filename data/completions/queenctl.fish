# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: the queen-rbee authors
#
# fish completion for queenctl(1)

# The options of report, and what they are: its help knows them.
set -g __fish_queenctl_details (queenctl report --help 2>/dev/null |
    string replace -rf -- '^ +--([a-z-]+)=\S+ +(.*)' '$1\t$2')

# The command and what follows it, options left out; the word that is being typed is not in.
function __fish_queenctl_arguments
    set -l words (commandline -opc)
    set -e words[1]
    set -l skip 0
    for word in $words
        if test $skip -eq 1
            set skip 0
        else if contains -- $word --kind --output -o --state --sort --for --timeout \
                --(string replace -r -- '\t.*' '' $__fish_queenctl_details)
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

# Whether it is any argument of the command.
function __fish_queenctl_is_of
    set -l arguments (__fish_queenctl_arguments)
    test (count $arguments) -gt 0; and contains -- $arguments[1] $argv
end

# Asks the queen that the command line is about.
function __fish_queenctl_known
    set -l queen (commandline -opc | string match -r -- '^--(?:bus|url|token-file|ca-file)=.*')
    queenctl list $queen -o $argv 2>/dev/null
end

# The ids of the kind that is reported.
function __fish_queenctl_reported
    set -l arguments (__fish_queenctl_arguments)
    __fish_queenctl_known name $arguments[2]
end

# What is typed of the value of an option, be it behind its equals sign or a word of its own.
function __fish_queenctl_value
    string replace -r -- '^--\w+=' '' (commandline -ct)
end

# Those of a list with commas that are not there yet, behind those that are.
function __fish_queenctl_list
    set -l chosen (string split , -- (__fish_queenctl_value))[1..-2]
    for choice in $argv
        contains -- $choice $chosen; or string join , -- $chosen $choice
    end
end

# A minus before the key sorts the other way round.
function __fish_queenctl_keys
    set -l minus (string match -r -- '^-' (__fish_queenctl_value))
    for key in id state model hive device first-seen last-seen heartbeats
        echo -- "$minus$key"
    end
end

complete -c queenctl -f
complete -c queenctl -s j -l json -d 'Print JSON'
complete -c queenctl -l no-color -d 'Print without colours'
complete -c queenctl -l bus -x -a 'auto session system' -d 'Look for the queen on this bus'
complete -c queenctl -l url -x -d 'Ask the queen at this address over HTTP'
complete -c queenctl -l token-file -r -F -d 'Show the queen the token in this file'
complete -c queenctl -l ca-file -r -F -d 'Trust the certificates in this file alone'
complete -c queenctl -s h -l help -d 'Show help'
complete -c queenctl -l version -d 'Print the version and exit'

set -l no_command 'test (count (__fish_queenctl_arguments)) -eq 0'
complete -c queenctl -n $no_command -a status -d 'Show the whole cluster at a glance'
complete -c queenctl -n $no_command -a list -d 'List who is known'
complete -c queenctl -n $no_command -a show -d 'Show all that is known of workers or hives'
complete -c queenctl -n $no_command -a watch -d 'Show what changes, as it changes'
complete -c queenctl -n $no_command -a wait -d 'Wait until a worker or hive is available'
complete -c queenctl -n $no_command -a open -d 'Open the page in a browser'
complete -c queenctl -n $no_command -a find -d 'Give out an available worker for a model'
complete -c queenctl -n $no_command -a report -d 'Send a heartbeat in the name of another'
complete -c queenctl -n $no_command -a forget -d 'Take workers or hives off the list'

set -l ids '(__fish_queenctl_known name)'
set -l hives '(__fish_queenctl_known name hives)'
set -l models '(__fish_queenctl_known model workers)'
set -l statuses 'starting ready online busy stopping stopped offline'
set -l healths 'healthy degraded unhealthy'
complete -c queenctl -n '__fish_queenctl_is_at list 1' -a 'workers hives'
complete -c queenctl -n '__fish_queenctl_is_of show forget' -a $ids
complete -c queenctl -n '__fish_queenctl_is_at wait 1' -a $ids
complete -c queenctl -n '__fish_queenctl_is_at find 1' -a $models
complete -c queenctl -n '__fish_queenctl_is_at report 1' -a 'worker hive'
complete -c queenctl -n '__fish_queenctl_is_at report 2' -a '(__fish_queenctl_reported)'
complete -c queenctl -n '__fish_queenctl_is_at report 3' -a $statuses

complete -c queenctl -n '__fish_queenctl_is_of list status' -l full -d 'Cut nothing'
set -l list '__fish_queenctl_is_of list'
complete -c queenctl -n $list -s o -l output -x -a 'wide name model json' -d 'Print in this form'
complete -c queenctl -n $list -l ids -d 'Print the ids alone'
complete -c queenctl -n $list -l no-legend -d 'Print no headings'
complete -c queenctl -n $list -l state -x -a "(__fish_queenctl_list $statuses available)" \
    -d 'Only those that are so'
complete -c queenctl -n $list -l sort -x -a '(__fish_queenctl_keys)' -d 'Sort by this'
complete -c queenctl -n '__fish_queenctl_is_of list report' -l hive -x -a $hives \
    -d 'The hive that the worker belongs to'
complete -c queenctl -n '__fish_queenctl_is_of list report wait' -l model -x -a $models \
    -d 'The model that the worker has loaded'
complete -c queenctl -n '__fish_queenctl_is_of list report' -l health -x -a $healths \
    -d 'How the hive is'
complete -c queenctl -n '__fish_queenctl_is_of watch' -l all -d 'Show every heartbeat'
complete -c queenctl -n '__fish_queenctl_is_of watch' -l notify \
    -d 'Show on the desktop who goes and who comes'
complete -c queenctl -n '__fish_queenctl_is_of open' -l notify \
    -d 'Show on the desktop when it cannot be opened'
complete -c queenctl -n '__fish_queenctl_is_of wait' -l for -x -a "$statuses available" \
    -d 'What to wait for'
complete -c queenctl -n '__fish_queenctl_is_of wait' -l timeout -x -d 'How long to wait'
complete -c queenctl -n '__fish_queenctl_is_of forget' -l offline -d 'Everybody who is offline'
complete -c queenctl -n '__fish_queenctl_is_of show forget wait' -l kind -x -a 'worker hive' \
    -d 'Which one, when both have this id'
set -l report '__fish_queenctl_is_of report'
complete -c queenctl -n $report -l hostname -x -a '(__fish_print_hostnames)' \
    -d 'The machine that it runs on'
for detail in $__fish_queenctl_details
    set -l parts (string split -- \t $detail)
    contains -- $parts[1] bus url token-file ca-file model hive health hostname
    or complete -c queenctl -n $report -l $parts[1] -x -d $parts[2]
end
