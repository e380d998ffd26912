# shellcheck shell=bash
# servers: postfix exim
about "A relayed message of some 60 kB, in many segments ($MTA)."
server open
dest_postfix
capture_start
PARAGRAPHS=250 mail 198.51.100.66 sales@client.example user@third.example
wait_delivered 1
capture_stop
