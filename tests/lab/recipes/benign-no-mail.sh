# shellcheck shell=bash
# servers: postfix exim
about "Sessions without mail: a monitor that says QUIT, one that only connects, unknown commands, a refused EHLO name ($MTA). Benign."
server closed
capture_start
printf '%s\n' "<" "> EHLO monitor.client.example" "> NOOP" "> QUIT" >"$RUN/script"
talk_from 198.51.100.7 25 <"$RUN/script"
printf '%s\n' "<" >"$RUN/script"
talk_from 198.51.100.8 25 <"$RUN/script"
printf '%s\n' "<" "> HELO" "> FROB" "> EHLO x.client.example" "> RSET" "> QUIT" >"$RUN/script"
talk_from 198.51.100.9 25 <"$RUN/script"
capture_stop
