#!/bin/sh
# exports.sh SHARED STATIC: every symbol that other programs can see starts with ten_, the shared library exports just
# what tenfold.h declares, and nothing in the library prints or exits.
echo 1..3
shared=$1 static=$2
header=$(dirname "$0")/../include/tenfold.h

others=$(nm -g --defined-only "$static" 2>/dev/null | awk 'NF == 3 {print $3}' | grep -v '^ten_' | grep -v '^__asan\|^__odr_asan\|^__ubsan' | sort -u)
[ -z "$others" ] && echo "ok 1 - static library: only ten_ symbols" || { echo "not ok 1 - static library: only ten_ symbols"; echo "# $others"; }

exported=$(nm -D --defined-only "$shared" | awk '{print $3}' | grep -v '^__asan\|^__odr_asan\|^__ubsan' | sort -u)
declared=$(sed -n 's/.*TEN_API .*\b\(ten_[a-z0-9_]*\)(.*/\1/p' "$header" | sort -u)
if [ -n "$declared" ] && [ "$exported" = "$declared" ]; then
    echo "ok 2 - shared library: exports what the header declares"
else
    echo "not ok 2 - shared library: exports what the header declares"
    printf '%s\n' "$exported" >/tmp/exported.$$
    printf '%s\n' "$declared" | diff /tmp/exported.$$ - | sed 's/^/# /'
    rm -f /tmp/exported.$$
fi

noisy=$(nm -D --undefined-only "$shared" | awk '{print $2}' | sed 's/@.*//' | grep -x 'printf\|puts\|putchar\|perror\|exit\|abort\|_exit\|setlocale')
[ -z "$noisy" ] && echo "ok 3 - shared library: never prints, exits or aborts" || { echo "not ok 3 - shared library: never prints, exits or aborts"; echo "# $noisy"; }
