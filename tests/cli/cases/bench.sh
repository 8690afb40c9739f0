# Peaks, kernels, models and a saved model asked: the tables, the documents, the files for others; seconds and shares are
# not looked at.
sh_t 'tenfold bench peaks --quick --quiet --threads 2 | sed "s/ - / R \/s /; s/ -$/ R \/s/"'
j 'sorted(d), sorted(d["machine"]), sorted(d["peaks"][0]), sorted(d["kernels"][0]), d["models"]' \
    tenfold bench --quick --quiet --json
j '[(p["name"], p["unit"], p["all_threads"] is None or p["all_threads"] > 1e6) for p in d["peaks"]], d["kernels"]' \
    tenfold bench peaks --quick --quiet --json --threads 2
j 'all(k["seconds"] > 0 and 0 < k["share"] < 10 for k in d["kernels"]), len({k["name"] for k in d["kernels"]}) >= 14' \
    tenfold bench kernels --quick --quiet --json
t tenfold bench models --data tiny --models knn,svm --prep none --quick --quiet
j '[(r["name"], len(r["fit_times"]), len(r["predict_times"]), r["fit_least"] <= r["fit_seconds"], r["accuracy"]) for r in d["models"]]' \
    tenfold bench models --data tiny --models knn,naive-bayes --prep scale --set n_neighbors=3 --repeat 2 --limit 90 --quick -q --json
j 'sorted(d["models"][0])' tenfold bench models --data tiny --models nearest-centroid --quick -q --json \
    --arrays arrays.safetensors --answers answers.safetensors --model model.safetensors
cat >shapes.py <<'END'
import json, sys
for path in sys.argv[1:]:
    file = open(path, "rb")
    header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
    print(path, {name: (t["dtype"], t["shape"]) for name, t in header.items() if name != "__metadata__"})
END
t python3 shapes.py arrays.safetensors answers.safetensors
sh_t 'tenfold evaluate model.safetensors --data tiny --json -q | grep "^ \"accuracy\""'
j 'd["models"][0]["accuracy"]' tenfold bench models --data tiny --models nearest-centroid --quick -q --json --threads 1
tenfold bench models --data tiny --models knn --prep scale -q --json --repeat 1 --arrays bytes.safetensors >text
t python3 shapes.py bytes.safetensors
sh_t 'grep -ao "\"unit\": *\"[0-9.e-]*\"" bytes.safetensors'
# a saved model asked
t tenfold bench predict --model model.safetensors --data tiny --repeat 1 -q
tenfold train --net "conv 4 5x5, relu, maxpool 2, dense 10" --data tiny --set epochs=1 --set precision=float32 -q
j 'sorted(d), d["precision"], d["threads"], d["test_count"], d["batch"], len(d["rounds"]), sorted(d["rounds"][0])' \
    tenfold bench predict --model network.safetensors --data tiny --repeat 2 --threads 2 -q --json \
    --arrays asked.safetensors --answers asked-answers.safetensors
j 'd["precision"], abs(d["images_per_second"] * d["microseconds_per_image"] / 1e6 - 1) < 1e-6, d["single_microseconds"] <= d["single_p95"]' \
    tenfold bench predict --model model.safetensors --data tiny --repeat 1 --limit 90 -q --json
t python3 shapes.py asked.safetensors asked-answers.safetensors
# against the clock
j 'sorted(d), d["target"], d["on"], [sorted(r) for r in d["runs"]], [r["seed"] for r in d["runs"]]' \
    tenfold bench --speedrun --data tiny --prep scale --repeat 2 --seed 3 -q --json
j 'd["on"], len(d["runs"]), d["least_seconds"] <= d["median_seconds"] <= d["most_seconds"]' \
    tenfold bench --speedrun --data tiny --net "dense 10" --set batch_size=16 --on validation --repeat 3 -q --json
sh_t 'tenfold bench --speedrun --data tiny --prep scale --repeat 1 --threads 1 -q | sed "s/[0-9][.][0-9]*/X/g"'
# wrong usage
t tenfold bench nonsense
t tenfold bench peaks --models knn
t tenfold bench --limit 10
t tenfold bench models --repeat 0
t tenfold bench models --models nonsense
t tenfold bench models --models knn,svm --arrays a.safetensors
t tenfold bench models --models knn --arrays nowhere/a.safetensors
t tenfold bench models --data nowhere --models knn -q
t tenfold bench peaks kernels models peaks
t tenfold bench --speedrun --models knn
t tenfold bench --speedrun peaks
t tenfold bench --speedrun --data tiny --on moon
t tenfold bench --speedrun --data tiny --set nonsense=1
t tenfold bench --net "dense 10"
t tenfold bench --on test
t tenfold bench predict
t tenfold bench predict models --model model.safetensors
t tenfold bench predict --model model.safetensors --prep scale
t tenfold bench predict --model nowhere.safetensors --data tiny
t tenfold bench predict --model model.safetensors --data tiny --answers nowhere/a.safetensors
t ls
