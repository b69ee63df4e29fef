#!/usr/bin/env bash
# in_a_browser.sh TOOLS OUT DECK...: renders the decks, and a faulty one, into the folder OUT, and
# looks at every slide in Chromium. Exit status 77 where this machine lacks what it takes: the test
# is then skipped, and says in a line what to install.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
slides=$here/../../../slides
tools=$1
out=$2
shift 2

"$slides/render.sh" tools-there "$tools"
rm -rf "$out"
mkdir -p "$out"
cp -r "$slides/figures" "$here/faulty.svg" "$out"
"$slides/render.sh" pages "$tools" "$out" "$here/faulty.md" "$@"
pages=()
for deck in "$@"; do
  pages+=("$out/$(basename "$deck" .md).html")
done
"$slides/render.sh" browser "$tools" "$here/browser_test.mjs" "$out/faulty.html" "${pages[@]}"
