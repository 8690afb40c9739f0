# Model files that are cut, empty, of another kind, or whose header lies.
t tenfold train knn --data tiny --prep minmax,crop20,standardize --quiet --limit 50
size=$(wc -c <knn.safetensors)
try() {
    t tenfold evaluate broken --data tiny --quiet
}
t tenfold evaluate missing.safetensors --data tiny
t tenfold evaluate tiny --data tiny
t tenfold evaluate tiny/t10k-labels-idx1-ubyte --data tiny
: >broken; try
for part in 1 8 9 100 1000; do head -c $part knn.safetensors >broken; try; done
head -c $((size / 2)) knn.safetensors >broken; try
head -c $((size - 1)) knn.safetensors >broken; try
cp knn.safetensors broken; printf x >>broken; try
lie() {
    cp knn.safetensors broken
    data tamper broken "$@" && try
}
lie '"format":"tenfold 1"' '"format":"tenfold 9"'
lie '"model":"knn"' '"model":"nonsense"'
lie '"model":"knn"' '"model":"logistic"'
lie 'minmax,crop20,standardize' 'minmax,crop20'
lie 'minmax,crop20,standardize' 'scale'
lie '[28,28]' '[28,27]'
lie '[28,28]' '[99999,99999]'
lie '\"n_neighbors\":\"5\"' '\"n_neighbors\":\"0\"'
lie '\"n_neighbors\":\"5\"' '\"n_neighbors\":\"51\"'
lie '"shape":[50' '"shape":[51'
lie '"shape":[50' '"shape":[-50'
lie '"shape":[50' '"shape":[18446744073709551615'
lie '"data_offsets":[' '"data_offsets":[1'
lie '{' '['
t tenfold predict broken tiny/t10k-images-idx3-ubyte
t ls
