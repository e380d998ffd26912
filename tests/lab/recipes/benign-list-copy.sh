# shellcheck shell=bash
# servers: postfix exim
about "An inside member writes to an outside list, and the list's copy with the same Message-ID comes back for two local subscribers ($MTA). Benign."
server closed
dest_postfix
capture_start
letter "$RUN/letter" alice@example.org list@third.example "Question to the list"
in_ns in swaks --server "$SERVER" --local-interface "$SERVER" --helo desk.example.org \
	--from alice@example.org --to list@third.example \
	--data "@$RUN/letter" >/dev/null || die "the inside client failed"
wait_delivered 1
swaks_from 198.51.100.9 25 --from list-bounces@third.example \
	--to alice@example.org,info@example.org --data "@$RUN/letter"
wait_delivered 3
capture_stop
