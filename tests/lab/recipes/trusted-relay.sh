# shellcheck shell=bash
# servers: postfix exim
about "A branch office outside (198.51.100.9) may relay, on purpose ($MTA); another client may not."
options -T 198.51.100.9/32
server trust=198.51.100.9/32
dest_postfix
capture_start
mail 198.51.100.9 branch@example.org user@third.example
mail 198.51.100.66 sales@client.example user@third.example
wait_delivered 1
capture_stop
