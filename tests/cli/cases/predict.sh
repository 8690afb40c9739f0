# Pictures and IDX files; what cannot be read is told and the rest is answered.
t tenfold train knn --data tiny --prep none --quiet --set n_neighbors=1
images=tiny/t10k-images-idx3-ubyte
t tenfold predict knn.safetensors $images --limit 4
t tenfold predict --limit 2 --quiet knn.safetensors tiny/train-images-idx3-ubyte $images
gzip -c $images >images.gz
t tenfold predict knn.safetensors images.gz --limit 2
right=0
for i in 0 1 2 3 4 5 6 7 8 9; do
    data png $i.png $images $i
    data png paper$i.png $images $i paper
    label=$(data label tiny/t10k-labels-idx1-ubyte $i)
    case $(tenfold predict knn.safetensors $i.png) in "$i.png: $label "*) right=$((right + 1)) ;; esac
    a=$(tenfold predict knn.safetensors $i.png | cut -d : -f 2)
    b=$(tenfold predict knn.safetensors paper$i.png | cut -d : -f 2)
    [ "$a" = "$b" ] || echo "$i: light on dark is read as$a, dark on light as$b"
done
[ $right -ge 7 ] && echo "most of ten pictures are read rightly"
# Several digits side by side are read as one alone is, from left to right.
data row row.png $images 3 0 7 1
label=$(for i in 3 0 7 1; do tenfold predict knn.safetensors $i.png | sed 's/.*: \([0-9]\) .*/\1/'; done | tr -d '\n')
tenfold predict knn.safetensors row.png | head -1 | grep -q "^row.png: $label, digit by digit" && echo "a row is read digit by digit"
j '[(len(r["number"]), sorted(x["box"][0] for x in r["digits"]) == [x["box"][0] for x in r["digits"]]) for r in d["results"]]' \
    tenfold predict knn.safetensors row.png --json
data blank blank.png
t tenfold predict knn.safetensors blank.png
data squares squares.png
t tenfold predict knn.safetensors squares.png
echo "no picture" >words.png
head -c 100 0.png >cut.png
: >nothing.png
t tenfold predict knn.safetensors blank.png missing.png words.png cut.png nothing.png tiny tiny/t10k-labels-idx1-ubyte blank.png
j 'sorted(d), [(r["image"], r["number"], r["digits"]) for r in d["results"]]' \
    tenfold predict knn.safetensors missing.png blank.png --json
j '[(r["index"], len(r["number"]), sorted(r), sorted(r["digits"][0])) for r in d["results"]]' \
    tenfold predict knn.safetensors $images --limit 2 --json
j '[(len(x["probabilities"]), round(sum(x["probabilities"]), 5), len(x["seen"]), len(x["box"])) for r in d["results"] for x in r["digits"]]' \
    tenfold predict knn.safetensors 0.png --json
t tenfold predict missing.safetensors 0.png
t tenfold predict 0.png 0.png
