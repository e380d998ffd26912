# shellcheck shell=bash
# servers: postfix exim
about "An open relay that uses STARTTLS towards the destination ($MTA): accepted in clear, what leaves is hidden."
case $MTA in
postfix) server open "smtp_tls_security_level = may" "smtp_tls_loglevel = 1" ;;
exim) server open ;;
esac
mkdir "$RUN/dest"
certificate "$RUN/dest"
dest_postfix "smtpd_tls_security_level = may" "smtpd_tls_cert_file = $RUN/dest/cert.pem" \
	"smtpd_tls_key_file = $RUN/dest/key.pem"
capture_start
mail 198.51.100.7 sales@client.example user@third.example
wait_delivered 1
capture_stop
