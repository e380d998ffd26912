# shellcheck shell=bash
# servers: closed open
about "The smtp-open-relay script of nmap itself against an Exim that is $MTA."
kind=$MTA MTA=exim
server "$kind" "allow_domain_literals = true" "smtp_accept_max_nonmail = 100" \
	"smtp_max_synprot_errors = 100"
dest_postfix
nmap_scan
