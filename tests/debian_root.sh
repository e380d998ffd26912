#!/usr/bin/env bash
# Runs the two command lines that the README shows, as they stand there, in a fresh Debian
# 12 with nothing but the base system. Takes minutes, the network and root. The packages
# come from where the host's own apt gets them.
set -u
cd "$(dirname "$0")/.."

skip() {
    echo "$1"
    exit 77
}
[ "$(id -u)" -eq 0 ] || skip "needs root"
command -v debootstrap >/dev/null || skip "debootstrap is not installed"

root=$(mktemp -d "${TMPDIR:-/var/tmp}/relaywatch-root-XXXXXX")
chmod 755 "$root" # others than root live in it, too
clean_up() {
    umount -R "$root/proc" "$root/run/netns" 2>/dev/null # the second by ip netns
    if grep -qF " $root/" /proc/mounts; then
        echo "$root is still in use" # never delete what is mounted
        return
    fi
    rm -rf --one-file-system "$root"
}
trap clean_up EXIT

# The first address of a deb source, old style or deb822.
mirror_of_host() {
    local files=(/etc/apt/sources.list /etc/apt/sources.list.d/*)
    sed -nE 's/^deb (\[[^]]*\] )?([^ ]+) bookworm .*/\2/p; s/^URIs: *([^ ]+).*/\1/p' \
        "${files[@]}" 2>/dev/null | head -n 1
}

mirror=$(mirror_of_host)
debootstrap --variant=minbase bookworm "$root" ${mirror:+"$mirror"} >"$root.log" 2>&1 || {
    tail -n 20 "$root.log"
    rm -f "$root.log"
    skip "debootstrap cannot make a root here"
}
rm -f "$root.log"

# The host's way to its packages: sources, keys, certificates, proxy.
cp -rL /etc/apt/. "$root/etc/apt/" 2>/dev/null
for path in /etc/ssl/certs /usr/share/keyrings /usr/local/share/ca-certificates; do
    [ ! -d "$path" ] || { mkdir -p "$root$path" && cp -rL "$path/." "$root$path/"; }
done 2>/dev/null
cp -L /etc/resolv.conf /etc/hosts "$root/etc/" 2>/dev/null

# The sanitizers look at /proc; the device nodes that are needed debootstrap has made.
mount -t proc proc "$root/proc" || mount --bind /proc "$root/proc" || skip "cannot mount /proc"

mkdir -p "$root/src/relaywatch"
tar -c --exclude=./build --exclude=./relaywatch --exclude=./.git \
    --exclude=./tests/lab/.build . | tar -x -C "$root/src/relaywatch"

# The command lines of the README: each stands alone in a block marked "sh fresh".
mapfile -t lines < <(sed -n '/^```sh fresh$/,/^```$/{/^```/d;p}' README.md)
[ "${#lines[@]}" -eq 2 ] || {
    echo "README.md has ${#lines[@]} command lines for a fresh machine, not 2"
    exit 1
}
for line in "${lines[@]}"; do
    echo "\$ $line"
    chroot "$root" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root TERM=dumb \
        ${http_proxy:+http_proxy="$http_proxy"} ${https_proxy:+https_proxy="$https_proxy"} \
        sh -c "cd /src/relaywatch && { apt-get -q update >/dev/null; $line; }" || exit 1
done
