# The search: every strategy, the model it leaves, and going on after kill -9 to the same end.
unset TENFOLD_RUNS
t tenfold tune knn --data tiny --prep scale --grid "n_neighbors=1,3,5 weights=uniform,distance" --strategy grid --quiet
t tenfold evaluate knn-tuned.safetensors --data tiny --json --quiet >/dev/null
for strategy in random halving tpe; do
    j 'd["strategy"], d["points"], len(d["trials"]), sorted({t["state"] for t in d["trials"]}), d["retrained"]["file"], d["train_count"] + d["validation_count"]' \
        tenfold tune mlp --data tiny --prep scale --grid "learning_rate=1e-3..1e-1:log batch_size=16,32 dropout=0..0.5" \
        --strategy $strategy --trials 12 --set epochs=3 --runs none --json --quiet
done
echo '{"n_neighbors": {"low": 1, "high": 5}, "weights": ["uniform", "distance"]}' >space.json
j '[(s["name"], s.get("values"), s.get("low"), s.get("integer")) for s in d["space"]]' \
    tenfold tune knn --data tiny --prep scale --space space.json --json --quiet
# a kill at any moment: the same table as undisturbed, and no finished trial twice
search='tune mlp --data tiny --prep scale --grid "learning_rate=0.001,0.003,0.01 batch_size=16,32 dropout=0,0.3" --set epochs=6 --quiet --json'
table='import json, sys
d = json.load(open(sys.argv[1]))
print([(t["trial"], t["point"], t["rung"], t["epochs"], t["images"], t["settings"], t["accuracy"], t["log_loss"], t["state"]) for t in d["trials"]], d["best"], d["importance"])'
sh -c "tenfold $search --runs whole.sqlite" >whole.json
python3 -c "$table" whole.json >whole.txt
for moment in 0.05 0.1 0.15 0.2 0.3; do
    sh -c "exec tenfold $search --runs killed.sqlite" >killed.json 2>/dev/null &
    sleep $moment
    kill -9 $! 2>/dev/null
    wait $! 2>/dev/null
done
sh -c "tenfold $search --runs killed.sqlite" >killed.json
python3 -c "$table" killed.json >killed.txt
same whole.txt killed.txt
j 'len(d["runs"]), len({r["identity"] for r in d["runs"]})' tenfold runs --kind trial --runs killed.sqlite --json
j '[r["state"] for r in d["runs"]]' tenfold runs --kind tune --runs killed.sqlite --json
# time that is over
sh_t 'tenfold tune mlp --data tiny --prep scale --grid "learning_rate=1e-3..1e-1:log" --strategy random --trials 100000 \
    --set epochs=1 --max-seconds 2 --runs none 2>&1 | grep -o "the time is over after\|fitted on .*"'
t tenfold tune knn --data tiny --grid "C=1"
t tenfold tune knn --data tiny --grid "n_neighbors=1..5" --strategy grid
t tenfold tune knn --data tiny --strategy best
t tenfold tune knn --data tiny --grid "n_neighbors=1" --space space.json
t tenfold tune qda --data tiny
t tenfold tune
t tenfold tune knn --data tiny --grid "n_neighbors=1,3" --set n_neighbors=5
t tenfold tune knn --net "dense 10"
j 'd["model"], [t["settings"] for t in d["trials"]]' tenfold tune --net "dense 10" --data tiny --prep scale \
    --grid "learning_rate=0.01,0.1" --strategy grid --set epochs=2 --runs none --json --quiet
t tenfold tune knn --data tiny --space missing.json
