# shellcheck shell=bash
about "One message with a percent, a quoted and a plain outside recipient and a local one through an open relay (Postfix)."
MTA=postfix
server open
dest_postfix
capture_start
mail 198.51.100.66 sales@client.example \
	'u1%third.example@example.org,"u2@example.com"@example.org,user@example.net,info@example.org'
wait_delivered 4
capture_stop
