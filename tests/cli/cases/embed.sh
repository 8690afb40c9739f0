# Points in a plane: of pixels, of a network's features, of another model's; the three kinds of files; the same bytes for
# any threads; what cannot be.
tenfold train --net "dense 16, relu, dense 10" --data tiny --set epochs=1 --quiet
tenfold train knn --data tiny --quiet
net=network.safetensors

# numbers that the descent made differ from one kernel set to the next: they are left out
sh_t "tenfold embed --data tiny --perplexity 10 --iterations 60 | sed 's/divergence [0-9.]*/divergence .../; s/, [0-9.]* s$/, .../; s/[0-9.]* %/... %/g'"
j 'sorted(d), sorted(d["pca"])' tenfold embed --data tiny --perplexity 10 --iterations 60 --json
j '[d[k] for k in ("data", "on", "what", "prep", "count", "perplexity", "iterations", "seed")]' \
    tenfold embed --data tiny --on train --limit 50 --perplexity 7.5 --iterations 20 --seed 3 --prep scale,pca=5 --json
j '[d[k] for k in ("what", "prep", "count")]' tenfold embed $net --data tiny --perplexity 10 --iterations 20 --json
j '[d[k] for k in ("what", "prep", "count")]' tenfold embed knn.safetensors --data tiny --perplexity 10 --iterations 20 --json
echo "points and labels belong together, numbers are in range:"
j 'len(d["points"]), len(d["labels"]), len(d["pca"]["points"]), {len(p) for p in d["points"]}, 0 < d["kl_divergence"] < 2, 0.1 < d["purity_10"] <= 1, 0.1 < d["pca"]["purity_10"] <= 1, 1 > d["pca"]["explained"][0] > d["pca"]["explained"][1] > 0' \
    tenfold embed --data tiny --perplexity 10 --iterations 300 --json
t tenfold embed --data tiny --perplexity 1 --limit 10 --iterations 10 --out few.json --quiet >/dev/null
j 'd["count"], d["purity_10"], d["pca"]["purity_10"]' cat few.json

for ending in json csv png; do
    tenfold embed --data tiny --perplexity 10 --iterations 40 --threads 1 --out "one.$ending" --quiet >/dev/null
    tenfold embed --data tiny --perplexity 10 --iterations 40 --threads 3 --out "three.$ending" --quiet >/dev/null
done
same one.csv three.csv
same one.png three.png
sh_t "grep -v seconds one.json >a && grep -v seconds three.json >b && cmp a b"
sh_t "head -n 1 one.csv && wc -l <one.csv && cut -d , -f 1,2 one.csv | tail -n 2"
data size one.png
python3 -c '
import csv, json
rows = list(csv.DictReader(open("one.csv")))
d = json.load(open("one.json"))
print(all([float(r["x"]), float(r["y"])] == p for r, p in zip(rows, d["points"])), "".join(r["label"] for r in rows) == d["labels"])'

t tenfold embed --data tiny --perplexity 33
t tenfold embed --data tiny --perplexity 0.5
t tenfold embed --data tiny --iterations 0
t tenfold embed --data tiny --limit 4 --perplexity 1
t tenfold embed --data tiny --on validation
t tenfold embed --data tiny --out points.txt
t tenfold embed --data tiny --out nowhere/points.csv
t tenfold embed --data tiny --prep crop21
t tenfold embed $net --data tiny --prep scale
t tenfold embed missing.safetensors
t tenfold embed $net knn.safetensors
data tamper $net '\"0\",\"1\"' '\"a\",\"1\"'
t tenfold embed $net --data tiny
ls
