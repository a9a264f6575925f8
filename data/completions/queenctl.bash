# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: the queen-rbee authors
#
# bash completion for queenctl(1); needs nothing but bash

# bash takes colons and equals signs as ends of words, and an id may have them: puts together again
# what stands together, up to the cursor.
_queenctl_split ()
{
  local rest=${COMP_LINE:0:COMP_POINT} trimmed word i

  words=()
  for ((i = 0; i <= COMP_CWORD; i++)); do
    word=${COMP_WORDS[i]}
    trimmed=${rest#"${rest%%[![:blank:]]*}"}
    ((${#word} > ${#trimmed})) && word=$trimmed
    if ((i > 0)) && [[ $trimmed == "$rest" ]]; then
      words[-1]+=$word
    else
      words+=("$word")
    fi
    rest=${trimmed:${#word}}
  done
}

# Offers those lines of stdin that begin as the word does. What needs quotes gets them. Only what
# stands behind the last end of a word, as bash sees it, is replaced.
_queenctl_offer ()
{
  local plain=${word#"$lead"} typed candidate

  plain=${plain//\\/}
  plain=${plain#[\"\']}
  typed=${word%"${word##*[:=]}"}
  while IFS= read -r candidate; do
    [[ $candidate == "$plain"* ]] || continue
    [[ $candidate == *= ]] && compopt -o nospace 2>/dev/null
    printf -v candidate '%q' "$candidate"
    candidate=$lead$candidate
    COMPREPLY+=("${candidate#"$typed"}")
  done
}

_queenctl_offer_words ()
{
  _queenctl_offer < <(printf '%s\n' "$@")
}

# Offers what is not there yet of a list with commas.
_queenctl_offer_list ()
{
  local value=${word#"$lead"} rest=' ' choice

  [[ $value == *,* ]] && lead+=${value%,*},
  for choice in "$@"; do
    [[ ,${lead##*=}, == *,"$choice",* ]] || rest+="$choice "
  done
  # shellcheck disable=SC2086
  _queenctl_offer_words $rest
}

# A minus before the key sorts the other way round.
_queenctl_offer_keys ()
{
  [[ ${word#"$lead"} == -* ]] && lead+=-
  _queenctl_offer_words id state model hive device first-seen last-seen heartbeats
}

# Asks the queen that the command line is about.
_queenctl_offer_known ()
{
  _queenctl_offer < <(queenctl list "${queen[@]}" -o "$@" 2>/dev/null)
}

_queenctl_offer_values ()
{
  local statuses='starting ready online busy stopping stopped offline'

  # shellcheck disable=SC2086
  case $1 in
    --bus) _queenctl_offer_words auto session system ;;
    --kind) _queenctl_offer_words worker hive ;;
    --health) _queenctl_offer_words healthy degraded unhealthy ;;
    --output | -o) _queenctl_offer_words wide name model json ;;
    --state) _queenctl_offer_list $statuses available ;;
    --for) _queenctl_offer_words $statuses available ;;
    --sort) _queenctl_offer_keys ;;
    --hostname) _queenctl_offer < <(compgen -A hostname) ;;
    --hive) _queenctl_offer_known name hives ;;
    --model) _queenctl_offer_known model workers ;;
    --token-file | --ca-file) compopt -o default 2>/dev/null ;;
  esac
}

# The options of the command $1, with = those that take a value: its help knows them.
_queenctl_list_options ()
{
  queenctl "$1" --help 2>/dev/null | sed -n 's/^ *\(-., \)\{0,1\}\(--[a-z-]*=\{0,1\}\).*/\2/p'
}

# Offers argument number $2 of the command $1; $3 is the one before it.
_queenctl_offer_arguments ()
{
  case $1:$2 in
    :0) _queenctl_offer_words status list show watch wait open find report forget ;;
    list:0) _queenctl_offer_words workers hives ;;
    show:* | forget:* | wait:0) _queenctl_offer_known name ;;
    find:0) _queenctl_offer_known model workers ;;
    report:0) _queenctl_offer_words worker hive ;;
    report:1) _queenctl_offer_known name "$kind" ;;
    report:2) _queenctl_offer_words starting ready online busy stopping stopped offline ;;
  esac
}

_queenctl ()
{
  local words word lead='' command='' kind='' position=0 queen=() i
  local with_value=' --kind= --output= -o= --state= --sort= --for= --timeout='

  COMPREPLY=()
  with_value+=" $(_queenctl_list_options report) "
  _queenctl_split
  for ((i = 1; i < ${#words[@]} - 1; i++)); do
    word=${words[i]}
    [[ $with_value == *[[:space:]]"$word="[[:space:]]* ]] && { word+="=${words[i + 1]}"; ((i++)); }
    case $word in
      --bus=* | --url=* | --token-file=* | --ca-file=*) queen+=("$word") ;;
      -*) ;;
      *)
        if [[ -z $command ]]; then
          command=$word
        else
          [[ $position == 0 ]] && kind=$word
          ((position++))
        fi
        ;;
    esac
  done

  word=${words[-1]}
  if ((i == ${#words[@]})); then # the word is the value of the option before it
    _queenctl_offer_values "${words[-2]}"
  elif [[ $word == --*=* ]]; then
    lead=${word%%=*}=
    _queenctl_offer_values "${word%%=*}"
  elif [[ $word == -* ]]; then
    _queenctl_offer < <(_queenctl_list_options "${command:-status}")
  else
    _queenctl_offer_arguments "$command" "$position"
  fi
}

complete -F _queenctl queenctl
