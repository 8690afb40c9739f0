# From a folder: plain and gzipped, dots and dashes in the names, sums that are wrong, files that are no data.
t tenfold fetch mine --from tiny
t ls data/mine
for file in tiny/*; do same $file data/mine/$(basename $file); done

mkdir other
for file in tiny/*; do gzip -c $file >other/$(basename $file | sed 's/-idx/.idx/').gz; done
t tenfold fetch mine --from other/ --out put/here
for file in tiny/*; do same $file put/here/$(basename $file); done
j '{k: v for k, v in d.items()}' tenfold fetch mine --from other --json
t tenfold fetch mine --from tiny --quiet
mkdir env
t env TENFOLD_DATA=env tenfold fetch mine --from tiny
t tenfold fetch mine --from tiny --out mnist
t tenfold compare --models knn --prep none --data put/here

echo "known names are checked against their sums"
t tenfold fetch mnist --from tiny
t tenfold fetch fashion --from tiny --out fashion
t tenfold fetch --from tiny
t ls

echo "what cannot be had"
t tenfold fetch mine --from nowhere
t tenfold fetch mine --from tiny/t10k-labels-idx1-ubyte
t tenfold fetch mnist --from put
fresh broken
rm broken/t10k-labels-idx1-ubyte
t tenfold fetch broken --from broken
fresh broken
data cut broken/t10k-images-idx3-ubyte 5000
t tenfold fetch broken --from broken
fresh broken
gzip broken/train-images-idx3-ubyte
data cut broken/train-images-idx3-ubyte.gz 5000
t tenfold fetch broken --from broken
t tenfold fetch mine --from tiny --out tiny/t10k-labels-idx1-ubyte
t tenfold fetch mine --from tiny --out /proc/nope
t ls data
