# Damaged IDX files: one line with file, fault and what was expected; exit status 1.
try() {
    t tenfold compare --data broken --models knn --prep none --quiet
}
images=broken/train-images-idx3-ubyte
labels=broken/train-labels-idx1-ubyte
fresh broken; data cut $images 0; try
fresh broken; data cut $images 10; try
fresh broken; data cut $images 5000; try
fresh broken; data cut $images -1; try
fresh broken; printf x >>$images; try
fresh broken; data poke $images 0 00000801; try
fresh broken; data poke $images 0 ffd8ffe0; try
fresh broken; data poke $images 4 00000000; try
fresh broken; data poke $images 4 ffffffff; try
fresh broken; data poke $images 8 00000000; try
fresh broken; data poke $images 8 7fffffff7fffffff; try
fresh broken; data poke $images 8 0000000e00000038; try
fresh broken; data cut $labels 0; try
fresh broken; data cut $labels 100; try
fresh broken; data poke $labels 0 00000803; try
fresh broken; data poke $labels 20 0a; try
fresh broken; data poke $labels 4 0000012b; data cut $labels -1; try
fresh broken; rm $labels; try
fresh broken; rm $labels; mkdir $labels; try
fresh broken; rm broken/*; try
fresh broken; gzip $images; try
fresh broken; gzip $images; data cut $images.gz 2000; try
fresh broken; gzip $images; data cut $images.gz 12; try
fresh broken; gzip $images; data cut $images.gz -4; try
fresh broken; gzip $images; data poke $images.gz 1000 00ff00ff00ff; tenfold info >/dev/null
tenfold compare --data broken --models knn --quiet 2>&1 | grep -c 'broken/train-images-idx3-ubyte.gz: corrupt gzip data'
fresh broken; gzip $images; data poke $images.gz -8 00000000; try
t ls
