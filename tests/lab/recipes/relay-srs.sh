# shellcheck shell=bash
about "An open relay (Exim) that rewrites the sender into its own domain as SRS does; the recipient stays."
MTA=exim
server open "transport: return_path = \${srs_encode {secret} {\$return_path} {example.org}}"
dest_postfix
capture_start
mail 198.51.100.66 sales@client.example user@third.example
wait_delivered 1
capture_stop
