# Inside networks: tables, pictures, JSON, features; what is no network, no layer, no image.
tenfold train --net "conv 4 5x5, relu, maxpool 2, dense 12, relu, dense 10" --data tiny --set epochs=2 \
    --set batch_size=50 --quiet
tenfold train mlp --prep deskew,pca=9 --data tiny --set epochs=1 --out plain.safetensors --quiet
tenfold train knn --data tiny --quiet
net=network.safetensors
data png seven.png tiny/t10k-images-idx3-ubyte 7
data png 3.old.png tiny/t10k-images-idx3-ubyte 3 paper
data blank blank.png
echo "no picture" >words.png
sizes() {
    find "$1" -name '*.png' | sort | while read -r picture; do echo "$picture $(data size "$picture")"; done
}

# numbers that training made differ from one kernel set to the next: the columns before them are shown
sh_t "tenfold inspect $net | cut -c 1-54"
sh_t "tenfold inspect seven.png"
sh_t "tenfold inspect $net seven.png --out one/inside | sed 's/: .*/: .../' | cut -c 1-26"
sizes one
t tenfold inspect $net --out filters --quiet --json >/dev/null
sizes filters
sh_t "tenfold inspect $net seven.png 3.old.png --index 0,99 --data tiny --layer 3,6 --out many --quiet | sed 's/: .*/: .../' | cut -c 1-25"
sizes many
same many/1-seven/maps-3-maxpool.png one/inside/maps-3-maxpool.png
sh_t "tenfold inspect plain.safetensors seven.png --out plain | cut -c 1-24 | tail -n +2"
ls plain

j 'sorted(d), d["input"], d["penultimate"], d["parameters"], d["files"], d["images"], d["features"]' \
    tenfold inspect $net --json
j '[(l["layer"], l["text"], l["output"], l["weights"] and sorted(l["weights"]), l["offsets"] and l["offsets"]["count"]) for l in d["layers"]]' \
    tenfold inspect $net --json
j '[(i["index"], i["truth"], i["on"], len(i["probabilities"]), len(i["seen"]), len(i["input"]), len(i["saliency"]), len(i["features"]), len(i["layers"])) for i in d["images"]]' \
    tenfold inspect $net --index 3,14 --on train --data tiny --json
j '[(i["image"], sorted(i), [(sorted(l), len(l["maps"])) for l in i["layers"]]) for i in d["images"]]' \
    tenfold inspect $net seven.png --layer 3 --json
echo "what stands in the document agrees with itself:"
j '[(max(range(10), key=i["probabilities"].__getitem__) == i["label"] == i["class"], min(i["features"]) >= 0, all(abs(s / 255 - v) < 1e-6 for s, v in zip(i["seen"], i["input"])), len(l["values"]), abs(sum(l["values"]) / len(l["values"]) - l["mean"]) < 1e-6, max(l["values"]) - l["maximum"], abs(sum(m["mean"] for m in l["maps"]) / 4 - l["mean"]) < 1e-6) for i in d["images"] for l in i["layers"]]' \
    tenfold inspect $net seven.png --layer 3 --json
j '[(i["class"], i["layers"][0]["text"]) for i in d["images"]]' tenfold inspect $net seven.png --class 4 --layer 6 --json
j 'len(d["images"][0]["input"]), len(d["images"][0]["saliency"])' tenfold inspect plain.safetensors seven.png --json
j 'd["files"]' tenfold inspect $net seven.png --layer 3 --out one/again --json --quiet
j 'd["files"]' tenfold inspect $net seven.png --index 5 --data tiny --layer 3 --out one/more --json --quiet
j 'd["images"], d["files"]' tenfold inspect $net missing.png --json

sh_t "tenfold inspect $net --features f.csv --data tiny >/dev/null"
sh_t "head -n 1 f.csv && wc -l <f.csv && cut -d , -f 1 f.csv | tail -n 3"
sh_t "tenfold inspect $net --features f.csv.gz --data tiny --threads 1 --quiet >/dev/null && gunzip -c f.csv.gz | cmp - f.csv"
j 'd["features"]' tenfold inspect $net --features f.safetensors --data tiny --on train --limit 50 --json
echo "features of one image are those of the set:"
j '[max(abs(a - float(b)) for a, b in zip(i["features"], open("f.csv").read().splitlines()[1 + i["index"]].split(",")[1:])) < 1e-5 for i in d["images"]]' \
    tenfold inspect $net --index 0,42,99 --data tiny --json
python3 -c '
import json, struct
file = open("f.safetensors", "rb").read()
size = struct.unpack("<Q", file[:8])[0]
header = json.loads(file[8:8 + size])
print(header["__metadata__"], [(n, header[n]["dtype"], header[n]["shape"]) for n in sorted(header) if n[0] != "_"])'

t tenfold inspect knn.safetensors
t tenfold inspect missing.safetensors
t tenfold inspect words.png
t tenfold inspect
t tenfold inspect $net missing.png words.png blank.png tiny/t10k-images-idx3-ubyte tiny
t tenfold inspect $net seven.png --layer 7
t tenfold inspect $net seven.png --layer 0
t tenfold inspect $net seven.png --layer 1,two
t tenfold inspect $net seven.png --layer ""
t tenfold inspect $net --layer 1
t tenfold inspect $net seven.png --class 10
t tenfold inspect $net --class 1
t tenfold inspect $net seven.png --class 1
data row row.png tiny/t10k-images-idx3-ubyte 1 2
sh_t "tenfold inspect $net row.png 2>&1 | head -1"
t tenfold inspect $net --index -1 --data tiny
t tenfold inspect $net --index 100 --data tiny
t tenfold inspect $net --index 0 --on validation
t tenfold inspect $net --index 0 --data nowhere
t tenfold inspect $net --on train
t tenfold inspect $net --limit 5
t tenfold inspect $net --features f.txt --data tiny
t tenfold inspect $net --features nowhere/f.csv --data tiny
t tenfold inspect $net --out seven.png
t tenfold inspect $net --depth 3
data tamper $net '\"0\",\"1\"' '\"a\",\"1\"'
t tenfold inspect $net --index 0 --data tiny
ls
