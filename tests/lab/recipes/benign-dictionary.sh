# shellcheck shell=bash
# servers: postfix exim
about "A dictionary attack on local addresses: most recipients unknown, mail for two existing users comes in ($MTA). Benign as to relaying."
server closed "$(case $MTA in postfix) echo 'smtpd_hard_error_limit = 100' ;; *) echo 'smtp_max_unknown_commands = 3' ;; esac)"
capture_start
to=info@example.org
for i in anna bert carl dora emil frida gert hans alice; do
	to+=,$i@example.org
done
mail 198.51.100.66 sales@client.example "$to"
wait_delivered 2
capture_stop
