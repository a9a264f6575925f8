# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: the queen-rbee authors
#
# bash completion for queenctl(1)

# An id may have spaces in it: lines are what is told apart, and what needs quotes gets them.
_queenctl_ids ()
{
  local id

  while IFS= read -r id; do
    [[ $id == "$cur"* ]] && COMPREPLY+=("$(printf '%q' "$id")")
  done < <(queenctl list --ids "$@" 2>/dev/null)
  # bash takes a colon as the end of a word, too.
  __ltrim_colon_completions "$cur" 2>/dev/null
}

_queenctl ()
{
  local cur prev word command='' i position=0 bus=() options
  local commands='status list show watch open find report forget'
  local statuses='starting ready online busy stopping stopped offline'

  COMPREPLY=()
  _get_comp_words_by_ref -n =: cur prev 2>/dev/null ||
    { cur=${COMP_WORDS[COMP_CWORD]}; prev=${COMP_WORDS[COMP_CWORD - 1]}; }

  for ((i = 1; i < COMP_CWORD; i++)); do
    word=${COMP_WORDS[i]}
    case $word in
      --bus=*) bus=("$word") ;;
      --bus | --kind | --model | --device | --hostname | --port | --hive | --implementation | \
        --component-version | --health | --reason)
        # bash takes the equals sign as a word of its own.
        [[ ${COMP_WORDS[i + 1]} == '=' ]] && ((i++))
        ((i++))
        [[ $word == --bus && -n ${COMP_WORDS[i]} ]] && bus=("--bus=${COMP_WORDS[i]}")
        ;;
      -*) ;;
      *)
        if [[ -z $command ]]; then
          command=$word
        else
          ((position++))
        fi
        ;;
    esac
  done

  if [[ $cur == --*=* ]]; then
    prev=${cur%%=*}
    cur=${cur#*=}
  fi
  case $prev in
    --bus) mapfile -t COMPREPLY < <(compgen -W 'auto session system' -- "$cur"); return ;;
    --kind) mapfile -t COMPREPLY < <(compgen -W 'worker hive' -- "$cur"); return ;;
    --health) mapfile -t COMPREPLY < <(compgen -W 'healthy degraded unhealthy' -- "$cur"); return ;;
    --hostname) mapfile -t COMPREPLY < <(compgen -A hostname -- "$cur"); return ;;
    --hive) _queenctl_ids "${bus[@]}" hives; return ;;
    --model | --device | --port | --implementation | --component-version | --reason) return ;;
  esac

  if [[ $cur == -* ]]; then
    options='--json --no-color --bus= --help --version'
    case $command in
      list) options+=' --ids' ;;
      show | forget) options+=' --kind=' ;;
      watch | open) options+=' --notify' ;;
      report)
        options+=' --model= --device= --hostname= --port= --hive= --implementation='
        options+=' --component-version= --health= --reason='
        ;;
    esac
    mapfile -t COMPREPLY < <(compgen -W "$options" -- "$cur")
    [[ ${COMPREPLY[0]} == *= ]] && compopt -o nospace
    return
  fi

  case $command:$position in
    :0) mapfile -t COMPREPLY < <(compgen -W "$commands" -- "$cur") ;;
    list:0) mapfile -t COMPREPLY < <(compgen -W 'workers hives' -- "$cur") ;;
    show:0 | forget:0) _queenctl_ids "${bus[@]}" ;;
    report:0) mapfile -t COMPREPLY < <(compgen -W 'worker hive' -- "$cur") ;;
    report:1) _queenctl_ids "${bus[@]}" ;;
    report:2) mapfile -t COMPREPLY < <(compgen -W "$statuses" -- "$cur") ;;
  esac
}

complete -F _queenctl queenctl
