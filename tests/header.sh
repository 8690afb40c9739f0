#!/bin/sh
# The public header compiles alone, twice included, as C17 and as C++.
echo 1..2
text='#include "tenfold.h"
#include "tenfold.h"
int main(void) { struct ten_run run = {0, 0, 0, 0, 0, 0}; return (int)run.seed + (int)sizeof(struct ten_metrics) == 0; }'
i=0
for compile in "${CC:-cc} -std=c17 -x c" "${CXX:-c++} -std=c++17 -x c++"; do
    i=$((i + 1))
    command=${compile%% *}
    if ! command -v "$command" >/dev/null; then
        echo "ok $i - header alone: $compile # SKIP no $command"
    elif printf '%s\n' "$text" | $compile -Wall -Wextra -Wpedantic -Werror -fsyntax-only -I "$1" -; then
        echo "ok $i - header alone: $compile"
    else
        echo "not ok $i - header alone: $compile"
    fi
done
