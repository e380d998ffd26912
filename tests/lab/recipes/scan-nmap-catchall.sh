# shellcheck shell=bash
# servers: postfix exim
about "The smtp-open-relay script of nmap against a closed server that takes any local part of its domain ($MTA): nmap calls it open."
case $MTA in
postfix) server closed "local_recipient_maps =" "virtual_mailbox_maps = static:box" \
	"allow_percent_hack = no" "swap_bangpath = no" "resolve_dequoted_address = no" \
	"allow_untrusted_routing = yes" "smtpd_hard_error_limit = 100" ;;
exim) server closed "router: catchall:" "router: driver = accept" \
	"router: domains = +local_domains" "router: transport = mailbox" \
	"allow_domain_literals = true" "smtp_accept_max_nonmail = 100" \
	"smtp_max_synprot_errors = 100" ;;
esac
dest_postfix
nmap_scan
