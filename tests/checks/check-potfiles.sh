#!/usr/bin/env bash
# SPDX-FileCopyrightText: The Countersign authors
# SPDX-License-Identifier: Apache-2.0
#
# po/POTFILES names exactly the files that have texts for people.
set -u
cd "$1" || exit 1
echo "1..1"
if difference=$(diff <(grep -v '^#' po/POTFILES) \
	<({
		grep -rlE '\b(N_|_|C_|NC_) ?\("|\b(N_|_|C_|NC_)\($|\bg_d[np]?gettext2?\(' --include='*.c' --include='*.h' app core ui
		grep -rl 'translatable="yes"' --include='*.ui' resources
		find resources -name '*.desktop.in' -o -name '*.metainfo.xml.in'
	} | LC_ALL=C sort)); then
	echo "ok 1 po/POTFILES"
else
	echo "not ok 1 po/POTFILES"
	printf '%s\n' "$difference" | sed 's/^/# /'
	exit 1
fi
