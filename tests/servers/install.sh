#!/bin/sh
# Brings the parts that only the system's package manager has, where that is possible without asking.
set -eu
parts="nginx:nginx varnishd:varnish redis-server:redis-server chromium:chromium radosgw:radosgw ceph-mon:ceph-mon ceph-osd:ceph-osd ceph:ceph-common fc-list:fontconfig node:nodejs npm:npm php:php-cli,php-intl ruby:ruby go:golang-go,golang-golang-x-text-dev"
missing=""
for part in $parts; do
    PATH="$PATH:/usr/sbin:/sbin" command -v "${part%%:*}" >/dev/null 2>&1 || missing="$missing $(echo "${part##*:}" | tr , " ")"
done
[ -z "$missing" ] && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "==> apt-get install$missing (real servers for the tests; once)"
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq
    # shellcheck disable=SC2086
    apt-get install -y -qq --no-install-recommends $missing >/dev/null
else
    echo "Some tests will be left out. To run them: sudo apt-get install$missing"
fi
