# The real MNIST, if it is there: its sums are right, and what is there is not fetched again.
real=$TENFOLD_ROOT/data/mnist
if [ ! -e "$real/train-images-idx3-ubyte" ]; then
    echo "SKIP: no MNIST in data/mnist of the source folder (tenfold fetch mnist)"
    exit 0
fi
ln -s "$real" real
t tenfold fetch mnist --from real
t tenfold fetch mnist
t tenfold fetch mnist --from tiny
data poke data/mnist/train-labels-idx1-ubyte 100 09
t tenfold fetch mnist --from real
j '[d[k] for k in ("name", "path", "source", "verified", "train", "test")]' tenfold fetch --json
