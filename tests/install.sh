#!/usr/bin/env bash
# Installs into an empty directory, looks at every file, installs again over changed
# files, uninstalls. RELAYWATCH is not used: what `make` built is installed.
set -u
cd "$(dirname "$0")/.."

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failures=0
export LC_ALL=C
umask 077 # files and directories must come out readable all the same

problem() {
    echo "$1"
    failures=$((failures + 1))
}

# The program as it is: -o keeps make from building it anew with other flags.
run_make() {
    make -s -o relaywatch "$@" >"$work/make" 2>&1 || problem "make $*: $(cat "$work/make")"
    [ ! -s "$work/make" ] || problem "make $*: says $(cat "$work/make")"
}

# files DIRECTORY: mode and name of each.
files() {
    (cd "$1" && find . -type f -printf '%m %P\n' | sort -k 2)
}

# Default places, below DESTDIR.
root="$work/the root"
run_make install DESTDIR="$root"
cat >"$work/wanted" <<'LIST'
644 etc/logrotate.d/relaywatch
644 etc/relaywatch/relaywatch.conf
755 usr/local/bin/relaywatch
644 usr/local/lib/systemd/system/relaywatch@.service
644 usr/local/share/doc/relaywatch/CHANGELOG.md
644 usr/local/share/doc/relaywatch/LICENSE
644 usr/local/share/doc/relaywatch/README.md
644 usr/local/share/doc/relaywatch/relaywatch.conf
644 usr/local/share/man/man8/relaywatch.8
LIST
files "$root" | diff "$work/wanted" - || problem "these files are installed by default"
find "$root" -mindepth 1 -type d ! -perm 755 | grep . && problem "nobody may enter there"
while read -r pair; do
    cmp "${pair% *}" "$root/${pair#* }" || problem "${pair#* } is another file"
done <<'PAIRS'
relaywatch usr/local/bin/relaywatch
sensor/relaywatch.8 usr/local/share/man/man8/relaywatch.8
systemd/relaywatch.conf etc/relaywatch/relaywatch.conf
systemd/relaywatch@.service usr/local/lib/systemd/system/relaywatch@.service
systemd/relaywatch.logrotate etc/logrotate.d/relaywatch
PAIRS
"$root/usr/local/bin/relaywatch" -q -t -c "$root/etc/relaywatch/relaywatch.conf" ||
    problem "what is installed does not start"

# An upgrade keeps what somebody changed, and so does the removal.
echo "local-domains = { example.org }" >>"$root/etc/relaywatch/relaywatch.conf"
echo "# ours" >>"$root/etc/logrotate.d/relaywatch"
run_make install DESTDIR="$root"
grep -q example.org "$root/etc/relaywatch/relaywatch.conf" || problem "configuration overwritten"
grep -q ours "$root/etc/logrotate.d/relaywatch" || problem "logrotate's file overwritten"
cmp systemd/relaywatch.conf "$root/usr/local/share/doc/relaywatch/relaywatch.conf" ||
    problem "the sample is not there anew"
run_make uninstall DESTDIR="$root"
head -n 2 "$work/wanted" >"$work/kept"
files "$root" | diff "$work/kept" - || problem "left after the removal"
run_make uninstall DESTDIR="$root"

# Unchanged files go, with the directories that are ours.
rm -rf "$root"
run_make install DESTDIR="$root"
run_make uninstall DESTDIR="$root"
files "$root" | diff /dev/null - || problem "left after the removal"
find "$root" -name relaywatch | grep . && problem "a directory is left"

# Places of one's own: the unit and logrotate's file name them, and systemd agrees.
own="$work/own"
places=(PREFIX="$own/usr" SYSCONFDIR="$own/etc" UNITDIR="$own/units" BINDIR="$own/programs"
    MANDIR="$own/manual" DOCDIR="$own/papers")
run_make install "${places[@]}"
cat >"$work/wanted" <<'LIST'
644 etc/logrotate.d/relaywatch
644 etc/relaywatch/relaywatch.conf
644 manual/man8/relaywatch.8
644 papers/CHANGELOG.md
644 papers/LICENSE
644 papers/README.md
644 papers/relaywatch.conf
755 programs/relaywatch
644 units/relaywatch@.service
LIST
files "$own" | diff "$work/wanted" - || problem "these files are installed in places of one's own"
grep -qF "ExecStart=$own/programs/relaywatch -c $own/etc/relaywatch/relaywatch.conf -i %i " \
    "$own/units/relaywatch@.service" || problem "the unit starts something else"
grep -qE '/usr/local/|=-?/etc/' "$own/units/relaywatch@.service" && problem "the unit keeps old paths"
grep -qF "$own/etc/relaywatch/relaywatch.conf" "$own/manual/man8/relaywatch.8" ||
    problem "the manual names another configuration"
if command -v systemd-analyze >/dev/null; then
    systemd-analyze verify --man=no "$own/units/relaywatch@.service" >"$work/verify" 2>&1 ||
        problem "systemd-analyze verify fails"
    [ ! -s "$work/verify" ] || problem "systemd-analyze verify: $(cat "$work/verify")"
fi
if logrotate=$(PATH=$PATH:/usr/sbin command -v logrotate); then
    "$logrotate" -d -s "$work/state" "$own/etc/logrotate.d/relaywatch" >"$work/logrotate" 2>&1 ||
        problem "logrotate: $(cat "$work/logrotate")"
    grep -i 'error' "$work/logrotate" && problem "logrotate finds an error"
fi
run_make uninstall "${places[@]}"
files "$own" | diff /dev/null - || problem "left after the removal"

[ "$failures" -eq 0 ] || echo "$failures problems"
[ "$failures" -eq 0 ]
