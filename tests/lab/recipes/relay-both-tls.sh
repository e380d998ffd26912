# shellcheck shell=bash
# servers: postfix exim
about "An open relay with STARTTLS on both legs ($MTA): nothing of it can be read."
case $MTA in
postfix) server open tls "smtp_tls_security_level = may" "smtp_tls_loglevel = 1" ;;
exim) server open tls ;;
esac
mkdir "$RUN/dest"
certificate "$RUN/dest"
dest_postfix "smtpd_tls_security_level = may" "smtpd_tls_cert_file = $RUN/dest/cert.pem" \
	"smtpd_tls_key_file = $RUN/dest/key.pem"
capture_start
mail 198.51.100.66 sales@client.example user@third.example --tls
wait_delivered 1
capture_stop
