# The run database: what commands write, what is shown of it, what is refused.
unset TENFOLD_RUNS
t tenfold runs
tenfold train knn --data tiny --prep scale --on validation --quiet >/dev/null
tenfold train knn --data tiny --prep scale --set n_neighbors=3 --on test --quiet >/dev/null
tenfold evaluate knn.safetensors --data tiny --quiet >/dev/null
tenfold compare --data tiny --models naive-bayes,nearest-centroid --prep scale --quiet >/dev/null
tenfold crossval --data tiny --models knn --prep scale --folds 2 --quiet >/dev/null
tenfold train mlp --data tiny --prep scale --set epochs=2 --quiet
sh_t 'tenfold runs | sed "s/20[0-9-]*T[0-9:]*Z/TIME/"'
j '[(r["id"], r["kind"], r["name"], r["parent"], r["state"]) for r in d["runs"]]' tenfold runs list --json
j 'd["runs"][0]["settings"]["n_neighbors"], d["runs"][0]["metrics"]["test_count"], d["runs"][0]["checksum"], d["runs"][0]["seed"]' \
    tenfold runs show 2 --json
sh_t 'tenfold runs show 8 | grep -c .'
sh_t 'tenfold runs compare 1 2 | grep n_neighbors'
j 'len(d["runs"])' tenfold runs --kind fold --limit 1 --json
# elsewhere, or nowhere
tenfold train knn --data tiny --prep scale --quiet --runs here.sqlite
j 'len(d["runs"])' tenfold runs --runs here.sqlite --json
TENFOLD_RUNS=there.sqlite tenfold train knn --data tiny --prep scale --quiet
test -e there.sqlite && echo "there"
mkdir empty && cd empty && tenfold train knn --data ../tiny --prep scale --quiet --runs none && ls && cd ..
t tenfold runs show 99
t tenfold runs show
t tenfold runs show x
t tenfold runs compare 1
t tenfold runs burn
echo text that is no database, and long enough to be read as one >text.sqlite
t tenfold runs --runs text.sqlite
t tenfold train knn --data tiny --prep scale --quiet --runs no/such/folder.sqlite
