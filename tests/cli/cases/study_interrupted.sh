# A study that is stopped half-way goes on with the same command and ends as one that was not. It is held, at a place
# that is always the same, by a pipe in the place of a part that it looks for.
options="--data tiny --models knn,logistic --threads 1"
mkdir -p study/crossval
mkfifo study/crossval/logistic.json
tenfold study $options --out study >/dev/null 2>message &
await study/crossval/knn+original.json
kill -s INT $!
: >study/crossval/logistic.json
wait $!
echo "[exit $?]"
grep -v folds message
rm -f study/crossval/logistic.json
(cd study && find . -type f | LC_ALL=C sort)
touch -d 2001-01-01 study/crossval/*
tenfold study $options --out study --quiet >/dev/null
echo "[exit $?]"
find study/crossval -type f -newermt 2002-01-01 | LC_ALL=C sort
tenfold study $options --out whole --quiet >/dev/null
echo "[exit $?]"
python3 - <<'P'
import json

def strip(value):
    if isinstance(value, dict):
        return {k: strip(v) for k, v in value.items() if not k.endswith("_seconds") and k not in ("made_in", "peak_bytes")}
    return [strip(v) for v in value] if isinstance(value, list) else value

for name in ("compare.json", "explore.json", "preprocess.json", "evaluate/logistic.json", "evaluate/knn+original.json"):
    a, b = (strip(json.load(open(f"{folder}/{name}"))) for folder in ("study", "whole"))
    print(name, "is the same" if a == b else "differs")
P
for model in knn knn+original logistic logistic+original; do
    same study/models/$model.safetensors whole/models/$model.safetensors
done
