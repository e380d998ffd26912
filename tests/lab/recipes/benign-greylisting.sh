# shellcheck shell=bash
about "Mail for a local user is put off with 450 and comes in on the second try (Exim). Benign."
MTA=exim
server closed "acl: defer message = greylisted" "acl: condition = \${if exists{$RUN/seen}{no}{yes}}"
capture_start
mail 198.51.100.7 friend@client.example info@example.org
touch "$RUN/seen"
mail 198.51.100.7 friend@client.example info@example.org
wait_delivered 1
capture_stop
