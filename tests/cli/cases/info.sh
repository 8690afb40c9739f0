# What is there; the values differ from machine to machine, so only their shape is looked at.
tenfold info >text
echo "[exit $?]"
cut -c 1-13 text | sed 's/ *$//'
grep -o 'tenfold fetch mnist' text
j 'sorted(d)' tenfold info --json
j '"generic" in d["kernel_sets"], d["kernels"] in d["kernel_sets"], d["processors"] >= 1' tenfold info --json
j '[(m["name"], sorted(m), [p["name"] for p in m["parameters"]]) for m in d["models"] if m["name"] == "knn"]' \
    tenfold info --json
j '{s["name"]: s["argument"] for s in d["steps"] if s["name"] in ("scale", "pca")}' tenfold info --json
j 'd["datasets"][0]' tenfold info --json
mkdir data
cp -r tiny data/mnist
sh_t 'tenfold info | grep ^mnist'
data cut data/mnist/train-labels-idx1-ubyte 100
sh_t 'tenfold info | grep ^mnist'
j 'd["kernels"]' env TENFOLD_CPU=generic tenfold info --json
