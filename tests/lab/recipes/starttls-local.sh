# shellcheck shell=bash
# servers: postfix exim
about "Ordinary mail for a local user comes in under STARTTLS on port 25 ($MTA). Benign; the envelope is hidden."
server tls
capture_start
mail 198.51.100.7 friend@client.example info@example.org --tls
mail 198.51.100.8 friend@client.example alice@example.org --tls
wait_delivered 2
capture_stop
