# shellcheck shell=bash
# servers: postfix exim
about "A member inside the organisation sends to outside recipients through its own server; the border sees only the outbound legs ($MTA). Benign."
server closed
dest_postfix
capture_start
letter "$RUN/letter" alice@example.org user@third.example "Minutes of the meeting"
in_ns in swaks --server "$SERVER" --local-interface "$SERVER" --helo desk.example.org \
	--from alice@example.org --to user@third.example,user@example.net \
	--data "@$RUN/letter" >/dev/null || die "the inside client failed"
wait_delivered 2
capture_stop
