# shellcheck shell=bash
# servers: postfix exim
about "Mail for the local user carol is forwarded by an alias to her address at example.net ($MTA). Benign."
server closed alias=carol@example.org:carol@example.net
dest_exim
capture_start
mail 198.51.100.7 friend@client.example carol@example.org
mail 198.51.100.8 sales@client.example carol@example.org,alice@example.org
wait_delivered 3
capture_stop
