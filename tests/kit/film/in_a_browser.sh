#!/usr/bin/env bash
# in_a_browser.sh TOOLS OUT TEST BIN: makes films in the folder OUT, and looks at their pages in
# Chromium. TEST is lab-film-test, which makes the hostile and the large one; BIN has the programs.
# Exit status 77 where this machine lacks what it takes: the test is then skipped, and says in a line
# what to install. With LAB_REQUIRE_TOOLS set it fails.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
slides=$here/../../../slides
tools=$1
out=$2
test=$3
bin=$4

look() {
  "$slides/render.sh" tools-there "$tools" || return
  rm -rf "$out"
  mkdir -p "$out"
  "$bin/lab-film" --out "$out/once.html" "$bin/reap_once" 50 </dev/null >"$out/once.txt" || return
  "$bin/lab-film" --out "$out/all.html" "$bin/reap_all" 50 </dev/null >"$out/all.txt" || return
  "$bin/lab-film" --out "$out/beside.html" --beside "$out/once.html" "$bin/reap_all" 50 \
    </dev/null >"$out/beside.txt" || return
  LAB_FILM_PAGES=$out "$test" --test-case='pages for the browser*' --no-skip >"$out/pages.txt" ||
    return
  "$slides/render.sh" browser "$tools" "$here/browser_test.mjs" "$out"
}

status=0
look || status=$?
if [ "$status" = 77 ] && [ -n "${LAB_REQUIRE_TOOLS:-}" ]; then
  status=1
fi
exit "$status"
