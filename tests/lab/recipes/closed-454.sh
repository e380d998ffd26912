# shellcheck shell=bash
about "A closed server that refuses relaying for now, with 454 (Postfix's default rule); the client tries three times."
MTA=postfix
server closed "smtpd_relay_restrictions = permit_mynetworks, defer_unauth_destination"
capture_start
for _ in 1 2 3; do
	mail 198.51.100.66 sales@client.example user@third.example
done
capture_stop
