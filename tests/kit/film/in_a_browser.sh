#!/usr/bin/env bash
# in_a_browser.sh TOOLS OUT TEST BIN MUTANTS: makes films in the folder OUT, and looks at their pages in
# Chromium. TEST is lab-film-test, which makes the hostile and the large one. BIN has the programs,
# MUTANTS the wrong ones. Exit status 77 where this machine lacks what it takes: the test is then
# skipped, and says in a line what to install.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
slides=$here/../../../slides
tools=$1
out=$2
test=$3
bin=$4
mutants=$5

# film NAME COMMAND...: the page NAME.html, and in NAME.txt what the programs printed.
film() {
  "$bin/lab-film" --out "$out/$1.html" "${@:2}" >"$out/$1.txt" 2>&1
}

# served NAME SERVER CLIENT...: a film of a server and its clients. The last one is typed `hello` and
# `q`. Another program may have the port: then it is another one.
served() {
  local port commands client
  for _ in 1 2 3 4 5; do
    port=$((20000 + RANDOM % 10000))
    commands=("$bin/$2" "$port")
    for client in "${@:3}"; do
      commands+=(and "$bin/$client" 127.0.0.1 "$port")
    done
    printf 'hello\nq\n' | film "$1" "${commands[@]}" || return
    if grep -q '^listening on' "$out/$1.txt"; then
      return 0
    fi
  done
  return 1
}

"$slides/render.sh" tools-there "$tools"
rm -rf "$out"
mkdir -p "$out"
film once "$bin/reap_once" 50 </dev/null
film all "$bin/reap_all" 50 </dev/null
film beside --beside "$out/once.html" "$bin/reap_all" 50 </dev/null
client=echo_mpclient
served leaky leaky_server $client $client $client
served tidy tidy_server $client $client $client
served half echo_mpserver $client
served closing echo_mpserver close_client
cc -shared -fPIC "$here/../../../steps/06-mp-server/gap.c" -o "$out/gap.so"
LD_PRELOAD=$out/gap.so served gap flag_server $client
"$bin/lab-film" --out "$out/servers.html" --beside "$out/leaky.html" "$bin/tidy_server" \
  "$((20000 + RANDOM % 10000))" </dev/null >"$out/servers.txt"
# These have failed: exit status 1.
"$bin/lab-check" --programs "$mutants/04-pause" --test-suite=exercise-04 \
  --test-case='*loses no wake-up*' --film "$out/films" >"$out/pause.txt" || test $? = 1
mv "$out"/films/*.html "$out/pause.html"
LAB_FILM_PAGES=$out "$test" --test-case='pages for the browser*' --no-skip >"$out/pages.txt"
"$slides/render.sh" browser "$tools" "$here/browser_test.mjs" "$out"
