# shellcheck shell=bash
about "The destination offers no 8BITMIME, so the open relay (Postfix) turns the 8-bit text into quoted-printable: the body on the second leg has other octets."
MTA=postfix
server open
dest_postfix "smtpd_discard_ehlo_keywords = 8bitmime, smtputf8, chunking"
letter "$RUN/one" sales@client.example user@third.example "Angebot" 2
sed -i "s,^MIME-Version.*,&\nContent-Transfer-Encoding: 8bit," "$RUN/one"
printf '%s\n' "Mit freundlichen Grüßen" "Käthe Müller, Straße 5, Köln" >>"$RUN/one"
capture_start
talk_from 198.51.100.66 25 <<SCRIPT
<
> EHLO mail.client.example
> MAIL FROM:<sales@client.example> BODY=8BITMIME
> RCPT TO:<user@third.example>
> DATA
data $RUN/one
> QUIT
SCRIPT
wait_delivered 1
capture_stop
