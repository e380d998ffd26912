# shellcheck shell=bash
# servers: closed open
about "The smtp-open-relay script of nmap itself against a Postfix that is $MTA; it sends recipients only, never a message."
kind=$MTA MTA=postfix
server "$kind" "smtpd_hard_error_limit = 100"
dest_postfix
nmap_scan
