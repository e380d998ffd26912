# shellcheck shell=bash
about "Clients that speak for others (Postfix, XCLIENT). One that may: with a login, suspected; without one, refused; in the name of an inside host, relayed. One that may not: refused."
MTA=postfix
server auth "smtpd_authorized_xclient_hosts = 198.51.100.9"
dest_postfix
capture_start
# xclient_from CLIENT ATTRIBUTES...: a message to a third party in the name of another.
xclient_from() {
	local client=$1
	shift
	{
		printf '%s\n' "<" "> EHLO proxy.client.example" "> XCLIENT $*" "> EHLO mail.client.example"
		transaction alice@example.org user@third.example
		echo "> QUIT"
	} >"$RUN/script"
	talk_from "$client" 25 <"$RUN/script"
}
xclient_from 198.51.100.9 NAME=home.client.example ADDR=198.51.100.7 LOGIN=alice
xclient_from 198.51.100.9 NAME=home.client.example ADDR=198.51.100.7 "LOGIN=[UNAVAILABLE]"
xclient_from 198.51.100.9 ADDR=192.0.2.100
xclient_from 198.51.100.66 LOGIN=alice
wait_delivered 2
capture_stop
