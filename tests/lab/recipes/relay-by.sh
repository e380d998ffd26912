# shellcheck shell=bash
# servers: opensmtpd sendmail aiosmtpd
about "An open relay of another kind ($MTA): one message, one with three recipients in two domains, a recipient only, all as that server's own words have it."
server
dest_postfix
capture_start
mail 198.51.100.66 sales@client.example user@third.example
mail 198.51.100.7 sales@client.example user1@example.net,user2@example.net,user@third.example
mail 198.51.100.66 sales@client.example probe@third.example --quit-after RCPT
wait_taken 4
capture_stop
