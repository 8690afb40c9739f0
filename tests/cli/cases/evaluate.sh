# All metrics of a saved model; data that does not fit to it.
t tenfold train knn --data tiny --prep none --quiet --set n_neighbors=3
t tenfold evaluate knn.safetensors --data tiny
t tenfold evaluate --on train --data tiny knn.safetensors --limit 30 --quiet --threads 2
j 'sorted(d)' tenfold evaluate knn.safetensors --data tiny --json
j 'd["accuracy"], d["on"], d["data"], sum(map(sum, d["confusion"])), len(d["per_class"]), len(d["roc"])' \
    tenfold evaluate knn.safetensors --data tiny --json --out out.json
j 'd["mistakes"][0]["truth"] != d["mistakes"][0]["predicted"]' cat out.json
j 'len(d["predicted"]), len(d["confidence"]), len(d["calibration"]), len(d["pr"]), d["without_rejected"]' cat out.json
t tenfold evaluate knn.safetensors --data nowhere
t tenfold train naive-bayes --data tiny --prep none --quiet
t tenfold evaluate knn.safetensors naive-bayes.safetensors ./knn.safetensors --data tiny --out several.json
j '[(r["name"], r["model"], r["accuracy"]) for r in d["rows"]], d["significance"]' \
    tenfold evaluate knn.safetensors naive-bayes.safetensors --data tiny --json --on train
j 'sorted(d), d["significance"]["pairs"][1]' cat several.json
t tenfold evaluate knn.safetensors none.safetensors --data tiny
t tenfold evaluate
python3 - <<'P'
import os, struct
os.mkdir("small")
for name in ("train", "t10k"):
    open(f"small/{name}-images-idx3-ubyte", "wb").write(struct.pack(">4i", 0x803, 20, 5, 4) + bytes(range(200)) * 2)
    open(f"small/{name}-labels-idx1-ubyte", "wb").write(struct.pack(">2i", 0x801, 20) + bytes(i % 10 for i in range(20)))
P
t tenfold evaluate knn.safetensors --data small
t tenfold compare --data small --models knn --prep none --quiet
t tenfold predict knn.safetensors small/t10k-images-idx3-ubyte
t ls
