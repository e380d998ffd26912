# shellcheck shell=bash
# servers: postfix exim
about "The smtp-open-relay script of nmap against a server that takes all recipients and refuses at DATA what is not for it ($MTA): nmap never gets that far."
case $MTA in
postfix) server open "smtpd_hard_error_limit = 100" \
	"smtpd_data_restrictions = check_client_access static:{554 no relaying}" ;;
exim) server open "acl_smtp_predata = late" "acl: accept" "acl: late:" \
	"acl: deny message = no relaying" "acl: unused:" \
	"allow_domain_literals = true" "smtp_accept_max_nonmail = 100" \
	"smtp_max_synprot_errors = 100" ;;
esac
dest_postfix
nmap_scan
