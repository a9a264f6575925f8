# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: the queen-rbee authors
#
# fish completion for queen-rbee(8)

complete -c queen-rbee -f
complete -c queen-rbee -s p -l port -x -d 'Listen on this port'
complete -c queen-rbee -l bind -x -a '127.0.0.1 ::1 0.0.0.0 ::' -d 'Listen at this address'
complete -c queen-rbee -l ui-port -x -a off -d 'Listen on this port, too, for the page'
complete -c queen-rbee -l capacity -x -d 'How many events a slow listener may be behind'
complete -c queen-rbee -l heartbeat-interval -x -d 'Time between two heartbeats of the queen'
complete -c queen-rbee -l timeout -x -d 'Silence after which one counts as offline'
complete -c queen-rbee -l forget-after -x -d 'Time after which one that is offline is forgotten'
complete -c queen-rbee -l flush-interval -x -d 'Time that two flushes of the stream keep apart'
complete -c queen-rbee -l stall-timeout -x -d 'Time after which one that takes nothing is let go'
complete -c queen-rbee -l max-components -x -d 'How many workers, and hives, may be known at once'
complete -c queen-rbee -l max-subscribers -x -d 'How many may listen at once'
complete -c queen-rbee -l max-connections -x -d 'How many requests may be under way at once'
complete -c queen-rbee -l max-per-peer -x -d 'How many of each one address may have'
complete -c queen-rbee -l cors-origin -x -d 'Let pages of this web origin in'
complete -c queen-rbee -l allowed-host -x -d 'Answer to this host name, too'
complete -c queen-rbee -l token-file -r -F -d 'Take heartbeats only with a token of this file'
complete -c queen-rbee -l protect-reads -d 'Let nobody read without a token, either'
complete -c queen-rbee -l admin -x -a 'loopback token off' -d 'Who may forget and end her over HTTP'
complete -c queen-rbee -l trusted-proxy -x -a '127.0.0.1 ::1 unix:' \
    -d 'Believe this proxy whose requests it hands on'
complete -c queen-rbee -l proxy-header -x -a 'X-Forwarded-For Forwarded' \
    -d 'Where trusted proxies say it'
complete -c queen-rbee -l tls-certificate -r -F -d 'Encrypt every connection with this certificate'
complete -c queen-rbee -l tls-key -r -F -d 'The private key that belongs to the certificate'
complete -c queen-rbee -l insecure -d 'Listen for other machines without tokens or TLS'
complete -c queen-rbee -l state-directory -x -a '(__fish_complete_directories)' \
    -d 'Remember in this directory who is known'
complete -c queen-rbee -l bus -x -a 'auto session system none' -d 'D-Bus to show the cluster on'
complete -c queen-rbee -l log-level -x -a 'error warning info debug' \
    -d 'Least important messages to log'
complete -c queen-rbee -s c -l config -r -F -d 'Read settings from this key file'
complete -c queen-rbee -s h -l help -d 'Show help'
complete -c queen-rbee -l version -d 'Print the version and exit'
