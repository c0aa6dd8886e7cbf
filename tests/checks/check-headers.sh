#!/usr/bin/env bash
# SPDX-FileCopyrightText: The Countersign authors
# SPDX-License-Identifier: Apache-2.0
#
# Every header compiles alone: those of core/ and app/ without GTK's include path, those of ui/ with
# it, where it is installed.
set -u
cd "$1" || exit 1
flags=$(pkg-config --cflags glib-2.0 gio-2.0 libcjson libcrypto) || exit 1
mapfile -t headers < <(find core app -name '*.h' | sort)
if screen=$(pkg-config --cflags gtk+-3.0 dbusmenu-glib-0.4 2>/dev/null); then
	mapfile -t -O "${#headers[@]}" headers < <(find ui -name '*.h' | sort)
fi
echo "1..${#headers[@]}"
number=0 failed=0
for header in "${headers[@]}"; do
	number=$((number + 1))
	room_flags=$flags
	[[ $header == ui/* ]] && room_flags="$flags $screen"
	# shellcheck disable=SC2086 # flags are words
	if ${CC:-cc} -std=gnu11 -D_GNU_SOURCE -Wall -Werror -fsyntax-only -I. $room_flags -include "$header" -x c /dev/null; then
		echo "ok $number $header"
	else
		echo "not ok $number $header"
		failed=1
	fi
done
exit $failed
