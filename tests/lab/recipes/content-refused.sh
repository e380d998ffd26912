# shellcheck shell=bash
# servers: postfix exim
about "An open relay with a content filter refuses the message at its end ($MTA)."
echo '/^Subject: .*enquiry/ REJECT looks like spam' >"$RUN/filter"
case $MTA in
postfix) server open "header_checks = regexp:$RUN/filter" ;;
exim) server open "acl_smtp_data = \${if match{\$h_subject:}{enquiry}{refuse}{}}" \
	"acl: accept" "acl: refuse:" "acl: deny message = looks like spam" "acl: unused:" ;;
esac
capture_start
mail 198.51.100.66 sales@client.example user@third.example
capture_stop
