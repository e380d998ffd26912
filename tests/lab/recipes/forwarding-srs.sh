# shellcheck shell=bash
about "Mail for a local user is forwarded to her outside address with an SRS sender (Exim). Benign."
MTA=exim
server closed alias=carol@example.org:carol@example.net \
	"transport: return_path = \${srs_encode {secret} {\$return_path} {example.org}}"
dest_postfix
capture_start
mail 198.51.100.7 friend@client.example carol@example.org
wait_delivered 1
capture_stop
