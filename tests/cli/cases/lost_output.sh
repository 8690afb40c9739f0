# Output that cannot be written is a failure with a message; nothing is left under the final name or beside it.
full='standard output on a device that is full'
[ -c /dev/full ] || { echo "SKIP: no /dev/full"; exit 0; }
t tenfold train knn --data tiny --prep none --quiet
sh_t 'tenfold help >/dev/full'
sh_t 'tenfold help train >/dev/full'
sh_t 'tenfold train --help >/dev/full'
sh_t 'tenfold --version >/dev/full'
sh_t 'tenfold info >/dev/full'
sh_t 'tenfold info --json >/dev/full'
sh_t 'tenfold explore --data tiny >/dev/full'
sh_t 'tenfold explore --data tiny --json >/dev/full'
sh_t 'tenfold compare --data tiny --models knn --prep none -q >/dev/full'
sh_t 'tenfold compare --data tiny --models knn --prep none -q --json >/dev/full'
sh_t 'tenfold train knn --data tiny --prep none -q --json >/dev/full'
sh_t 'tenfold evaluate knn.safetensors --data tiny >/dev/full'
sh_t 'tenfold evaluate knn.safetensors --data tiny --json >/dev/full'
sh_t 'tenfold predict knn.safetensors tiny/t10k-images-idx3-ubyte >/dev/full'
sh_t 'tenfold predict knn.safetensors tiny/t10k-images-idx3-ubyte --json >/dev/full'
sh_t 'tenfold convert --data tiny --out csv --json >/dev/full'
sh_t 'tenfold fetch mine --from tiny --json >/dev/full'

echo "--out on it"
t tenfold train knn --data tiny --prep none -q --out /dev/full
t tenfold compare --data tiny --models knn --prep none -q --out /dev/full
t tenfold explore --data tiny -q --out /dev/full
t tenfold evaluate knn.safetensors --data tiny -q --out /dev/full
ls -l /dev/full | cut -c 1

echo "standard output closed"
sh_t 'tenfold info >&-'
sh_t 'tenfold help >&-'
sh_t 'tenfold info --json >&-'
sh_t 'tenfold compare --data tiny --models knn --prep none -q >&-'
sh_t 'tenfold train knn --data tiny --prep none --on test -q --out closed.safetensors >&-'
same knn.safetensors closed.safetensors
sh_t 'tenfold train knn --data tiny --prep none --out closed.safetensors <&- 2>&-'
same knn.safetensors closed.safetensors
sh_t 'tenfold nonsense 2>&-'
rm closed.safetensors

echo "a reader that has seen enough"
sh_t 'tenfold explore --data tiny --json | head -c 1'

echo "places that are not there"
t tenfold train knn --data tiny --out nowhere/model
t tenfold train knn --data tiny --out knn.safetensors/model
t tenfold train knn --data tiny --out tiny
t tenfold train knn --data tiny --out /proc/nope
t tenfold compare --data tiny --models knn --out nowhere/rows.json
t tenfold explore --data tiny --out nowhere/explore.json
t tenfold evaluate knn.safetensors --data tiny --out nowhere/evaluation.json
t tenfold convert --data tiny --out knn.safetensors
t tenfold convert --data tiny --out knn.safetensors/csv
t tenfold convert --data tiny --out /proc/nope
t tenfold study --data tiny --out knn.safetensors/study
t tenfold report nowhere
t ls
t ls data csv
