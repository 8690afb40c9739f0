# The same seed and data give the same model file, byte for byte, with any number of threads: every model there is.
tenfold info --json >info.json
models=$(python3 -c 'import json; print(*[m["name"] for m in json.load(open("info.json"))["models"]])')
for model in $models; do
    for prep in "" original; do
        options="--data tiny --quiet --limit 200 ${prep:+--prep $prep}"
        case $model in mlp* | cnn* | lenet5 | network) options="$options --set epochs=1" ;; esac
        tenfold train $model $options --threads 1 --out one || echo "$model $prep: exit $?"
        tenfold train $model $options --threads 1 --out two || echo "$model $prep: exit $?"
        tenfold train $model $options --threads 3 --out three || echo "$model $prep: exit $?"
        cmp one two || echo "$model $prep: a second fit differs"
        cmp one three || echo "$model $prep: three threads give another model"
        rm -f one two three
    done
done
case " $models " in *" knn "*) echo "every model: the same bytes each time" ;; esac
