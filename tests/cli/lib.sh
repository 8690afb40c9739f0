# What every case of the command-line tests may use; read by run.py before the case.

# Runs a command and records it: the command, its standard output, its standard error behind "! ", and its exit status
# if that is not 0.
t() {
    echo "\$ $*"
    "$@" >"$WORK/out" 2>"$WORK/err"
    status=$?
    cat "$WORK/out"
    sed 's/^/! /' "$WORK/err"
    [ $status -eq 0 ] || echo "[exit $status]"
}

# The same for a line of shell, for redirections.
sh_t() {
    echo "\$ $1"
    sh -c "$1" >"$WORK/out" 2>"$WORK/err"
    status=$?
    cat "$WORK/out"
    sed 's/^/! /' "$WORK/err"
    [ $status -eq 0 ] || echo "[exit $status]"
}

# Runs a command that prints JSON and shows the shape of the document. Arguments behind the command's own may be a
# Python expression on the document `d`: j 'd["rows"][0]["model"]' tenfold compare ...
j() {
    expression=$1
    shift
    echo "\$ $*"
    "$@" >"$WORK/out" 2>"$WORK/err"
    status=$?
    python3 -c 'import json, sys; d = json.load(open(sys.argv[1])); print(eval(sys.argv[2]))' "$WORK/out" "$expression"
    sed 's/^/! /' "$WORK/err"
    [ $status -eq 0 ] || echo "[exit $status]"
}

# Makes and damages files; see make_data.py.
data() {
    python3 "$TESTS/make_data.py" "$@"
}

# A fresh copy of the tiny dataset that may be damaged.
fresh() {
    rm -rf "$1"
    cp -r tiny "$1"
}

same() {
    cmp "$1" "$2" && echo "same: $1 $2"
}

# Waits (at most 60 s) until a file is there.
await() {
    waited=0
    while [ ! -e "$1" ]; do
        sleep 0.02
        waited=$((waited + 1))
        if [ $waited -gt 3000 ]; then
            echo "waited in vain for $1"
            return 1
        fi
    done
}
