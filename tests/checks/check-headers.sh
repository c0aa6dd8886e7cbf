#!/usr/bin/env bash
# SPDX-FileCopyrightText: The Countersign authors
# SPDX-License-Identifier: Apache-2.0
#
# Every header of core/ compiles alone, without GTK's include path.
set -u
cd "$1" || exit 1
flags=$(pkg-config --cflags glib-2.0 gio-2.0 libcjson libcrypto) || exit 1
mapfile -t headers < <(find core app -name '*.h' | sort)
echo "1..${#headers[@]}"
number=0 failed=0
for header in "${headers[@]}"; do
	number=$((number + 1))
	# shellcheck disable=SC2086 # flags are words
	if ${CC:-cc} -std=gnu11 -D_GNU_SOURCE -Wall -Werror -fsyntax-only -I. $flags -include "$header" -x c /dev/null; then
		echo "ok $number $header"
	else
		echo "not ok $number $header"
		failed=1
	fi
done
exit $failed
