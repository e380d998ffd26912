# shellcheck shell=bash
# servers: postfix exim
about "A client fails to authenticate twice and then tries to relay anyhow: refused ($MTA)."
server auth
capture_start
talk_from 198.51.100.66 25 <<'SCRIPT'
<
> EHLO mail.client.example
> AUTH PLAIN AGFsaWNlQGV4YW1wbGUub3JnAHdyb25n
> AUTH LOGIN
> YWxpY2VAZXhhbXBsZS5vcmc=
> d3Jvbmc=
> MAIL FROM:<alice@example.org>
> RCPT TO:<user@third.example>
> QUIT
SCRIPT
capture_stop
