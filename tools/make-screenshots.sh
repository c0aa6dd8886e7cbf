#!/usr/bin/env bash
# SPDX-FileCopyrightText: The Countersign authors
# SPDX-License-Identifier: Apache-2.0
#
# Makes docs/screenshots.png, the strip in the README, out of the pictures that the test of the
# layout takes. Usage: make-screenshots.sh BUILD_FOLDER (built); needs ImageMagick.
set -euo pipefail
build=$(readlink -f "$1")
cd "$(dirname "$(readlink -f "$0")")/.."
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
COUNTERSIGN=$build/app/countersign /usr/bin/python3 tests/ui/in-session.py \
	"$build/tests/ui/test-ui-layout" --screenshots "$folder" >/dev/null
pictures=()
for scene in accounts-light managed-light add-code-light not-managed-dark; do
	pictures+=("$folder/$scene.png")
done
montage "${pictures[@]}" -crop 520x500+0+0 +repage -resize 70% \
	-tile x1 -geometry +6+6 -background white "$folder/strip.png"
convert "$folder/strip.png" -strip -alpha remove -alpha off +dither -colors 96 -define png:compression-level=9 \
	-define png:exclude-chunks=date,time PNG8:docs/screenshots.png
