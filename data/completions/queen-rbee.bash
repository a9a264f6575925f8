# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: the queen-rbee authors
#
# bash completion for queen-rbee(8)

_queen_rbee ()
{
  local cur prev options

  COMPREPLY=()
  _get_comp_words_by_ref -n =: cur prev 2>/dev/null ||
    { cur=${COMP_WORDS[COMP_CWORD]}; prev=${COMP_WORDS[COMP_CWORD - 1]}; }
  if [[ $cur == --*=* ]]; then
    prev=${cur%%=*}
    cur=${cur#*=}
  fi
  case $prev in
    --bus) mapfile -t COMPREPLY < <(compgen -W 'auto session system none' -- "$cur"); return ;;
    --log-level) mapfile -t COMPREPLY < <(compgen -W 'error warning info debug' -- "$cur"); return ;;
    --admin) mapfile -t COMPREPLY < <(compgen -W 'loopback token off' -- "$cur"); return ;;
    --proxy-header) mapfile -t COMPREPLY < <(compgen -W 'X-Forwarded-For Forwarded' -- "$cur"); return ;;
    --trusted-proxy) mapfile -t COMPREPLY < <(compgen -W '127.0.0.1 ::1 unix:' -- "$cur"); return ;;
    --ui-port) mapfile -t COMPREPLY < <(compgen -W 'off' -- "$cur"); return ;;
    --bind) mapfile -t COMPREPLY < <(compgen -W '127.0.0.1 ::1 0.0.0.0 ::' -- "$cur"); return ;;
    --config | -c | --token-file | --tls-certificate | --tls-key) compopt -o filenames; mapfile -t COMPREPLY < <(compgen -f -- "$cur"); return ;;
    --state-directory) compopt -o filenames; mapfile -t COMPREPLY < <(compgen -d -- "$cur"); return ;;
    --port | -p | --capacity | --heartbeat-interval | --timeout | --forget-after | \
      --flush-interval | --stall-timeout | --max-components | --max-subscribers | \
      --max-connections | --max-per-peer | --cors-origin | --allowed-host) return ;;
  esac
  options='--port= --bind= --ui-port= --capacity= --heartbeat-interval= --timeout= --forget-after='
  options+=' --flush-interval= --stall-timeout= --max-components= --max-subscribers='
  options+=' --max-connections= --max-per-peer= --cors-origin= --allowed-host='
  options+=' --token-file= --protect-reads --admin= --trusted-proxy= --proxy-header='
  options+=' --tls-certificate= --tls-key= --insecure'
  options+=' --state-directory= --bus= --log-level= --config= --help --version'
  mapfile -t COMPREPLY < <(compgen -W "$options" -- "$cur")
  [[ ${COMPREPLY[0]} == *= ]] && compopt -o nospace
}

complete -F _queen_rbee queen-rbee
