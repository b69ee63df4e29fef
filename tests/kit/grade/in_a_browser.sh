#!/usr/bin/env bash
# in_a_browser.sh TOOLS OUT TEST: makes the page of a class in the folder OUT, by TEST (lab-grade-test), and
# looks at it in Chromium. Exit status 77 where this machine lacks what it takes: the test is then
# skipped, and says in a line what to install.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
slides=$here/../../../slides
tools=$1
out=$2
test=$3

"$slides/render.sh" tools-there "$tools"
rm -rf "$out"
mkdir -p "$out"
LAB_GRADE_PAGES=$out "$test" --test-case='pages for the browser*' --no-skip >"$out/made.txt"
"$slides/render.sh" browser "$tools" "$here/browser_test.mjs" "$out"
