# k-fold cross-validation: the table, the document, what is kept, what is refused.
t tenfold crossval --data tiny --models nearest-centroid,knn --folds 3 --prep scale
j '[(r["name"], r["prep"], len(r["accuracy"]), abs(r["mean"] - sum(r["accuracy"]) / 4) < 1e-9, r["converged"]) for r in d["rows"]], d["folds"], d["train_count"]' \
    tenfold crossval --data tiny --models nearest-centroid,naive-bayes --folds 4 --prep scale --json --quiet
# same seed, same folds, whatever the threads; another seed, other folds
tenfold crossval --data tiny --models knn --prep scale --quiet --answers one.safetensors --threads 1 >/dev/null
tenfold crossval --data tiny --models knn --prep scale --quiet --answers two.safetensors --threads 2 >/dev/null
tenfold crossval --data tiny --models knn --prep scale --quiet --answers other.safetensors --seed 1 >/dev/null
same one.safetensors two.safetensors
cmp -s one.safetensors other.safetensors || echo "another seed deals otherwise"
# the probabilities out of fold, and the folds, agree with the table
cat >check.py <<'P'
import json, struct, sys
raw = open(sys.argv[1], "rb").read()
size = struct.unpack("<Q", raw[:8])[0]
head, body = json.loads(raw[8:8 + size]), raw[8 + size:]
def values(name, kind, width):
    begin, end = head[name]["data_offsets"]
    return struct.unpack("<%d%s" % ((end - begin) // width, kind), body[begin:end])
fold, labels, p = values("fold", "i", 4), values("labels", "B", 1), values("knn.probabilities", "f", 4)
right = [max(range(10), key=lambda c: p[10 * i + c]) == y for i, y in enumerate(labels)]
for f in range(5):
    mine = [r for r, k in zip(right, fold) if k == f]
    print(f, len(mine), round(sum(mine) / len(mine), 6))
row = json.load(open(sys.argv[2]))["rows"][0]
print([round(a, 6) for a in row["accuracy"]])
P
tenfold crossval --data tiny --models knn --prep scale --quiet --out rows.json >/dev/null
python3 check.py one.safetensors rows.json
t tenfold crossval --data tiny --models knn --folds 1
t tenfold crossval --data tiny --models knn --folds 1000
t tenfold crossval --data tiny --models nothing
t tenfold crossval --data tiny --models knn --answers no/such/file.safetensors
