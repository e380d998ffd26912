# shellcheck shell=bash
about "Back-connect without encryption: an inside host dials its controller and joins that connection with one to an outside mail server (socat at both ends); two messages, every byte seen twice."
proxy_net
target_postfix
spawn out socat "TCP4-LISTEN:4000,bind=198.51.100.22,reuseaddr" \
	"TCP4-LISTEN:2526,bind=198.51.100.22,reuseaddr"
listening out 198.51.100.22 4000 "the controller"
capture_start
mkdir "$RUN/socat"
spawn px socat -d -d -d "TCP4:198.51.100.22:4000" "TCP4:$DEST:25" 2>"$RUN/socat/log"
listening out 198.51.100.22 2526 "the controller's other side"
session_script 2 >"$RUN/script"
output
in_ns out "$LAB_DIR/talk" 198.51.100.66 198.51.100.22 2526 <"$RUN/script" >"$OUTPUT" ||
	die "the conversation failed"
ask reverse-plain 198.51.100.22 "$PROXY:0" "$DEST:25" granted
wait_taken 2
capture_stop
