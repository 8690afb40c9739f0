# The whole road on little data; then what it left: every part is kept and the report can be made again.
options="--data tiny --models knn,naive-bayes --threads 1"
sh_t "tenfold study $options --quiet | sed -n 's/^best by cross-validation: [a-z+-]*$/best by cross-validation: NAME/p; s/^report/&/p'"
(cd study && find . -type f -not -path './figures/*' | LC_ALL=C sort)
[ -n "$(ls study/figures)" ] && echo "and figures"
j 'sorted(d)' cat study/study.json
j '[(r["name"], "validation_accuracy" in r) for r in d["rows"]]' cat study/compare.json
j '[c["prep"] for c in d["chains"] if "crop20" in c["prep"]]' cat study/preprocess.json

echo "again: nothing is computed anew"
old=2001-01-01
changed() {
    find study -newermt 2002-01-01 -type f -not -path '*/figures/*' | LC_ALL=C sort
}
touch -d $old study/*/* study/*.*
j 'sorted(d), d["folder"], d["report"], [r["name"] for r in d["rows"]]' \
    tenfold study $options --out study/ --quiet --json
changed

echo "with another seed it is left alone"
touch -d $old study/*/* study/*.*
tenfold study --data tiny --models naive-bayes --quiet --seed 1 >/dev/null
changed

echo "a part that is damaged is made again"
tenfold study --data tiny --models knn --out other --quiet --limit 100 >/dev/null
data cut other/evaluate/knn.json 300
: >other/explore.json
tenfold study --data tiny --models knn --out other --limit 100 >/dev/null 2>messages
echo "[exit $?]"
grep -E '^(explore|preprocess)' messages
j 'len(d["sets"])' cat other/explore.json
j 'len(d["confusion"])' cat other/evaluate/knn.json

echo "networks: a search, curves, a map of features, a look inside"
tenfold study --data tiny --models cnn2 --quick --out nets --quiet >/dev/null
echo "[exit $?]"
(cd nets && ls curves embed-features.json inside.json models/tuned.safetensors tune.json)
j 'd["points"], len(d["trials"]), d["retrained"]' cat nets/tune.json
j 'd["history"]["names"], len(d["history"]["rows"])' cat nets/curves/tuned.json
j 'sorted({r["kind"] for r in d["runs"]})' tenfold runs --runs nets/runs.sqlite --json

echo "what cannot be"
t tenfold study --data nowhere --out nothing
t tenfold study --data tiny --out messages
t tenfold study --data tiny --out messages/below
t ls
