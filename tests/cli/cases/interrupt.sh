# Ctrl-C: a message, exit status 1, nothing half-written. The fit, of noise, would take very long if it were let. The
# file that is read last is a pipe: when that is written, the program is known to be there.
mkdir noise
python3 - <<'P'
import random, struct
rng, count = random.Random(1), 12000
open("noise/train-images-idx3-ubyte", "wb").write(struct.pack(">4i", 0x803, count, 28, 28) + rng.randbytes(count * 784))
open("noise/train-labels-idx1-ubyte", "wb").write(struct.pack(">2i", 0x801, count) + bytes(rng.choices(range(10), k=count)))
P
cp tiny/t10k-images-idx3-ubyte noise
mkfifo noise/t10k-labels-idx1-ubyte

# stop SIGNAL SECONDS COMMAND...: stops it so many seconds after it has read the data, or while it reads (-)
stop() {
    signal=$1
    seconds=$2
    shift 2
    "$@" >output 2>message &
    exec 3>noise/t10k-labels-idx1-ubyte
    [ $seconds = - ] && kill -s $signal $!
    cat tiny/t10k-labels-idx1-ubyte >&3
    exec 3>&-
    [ $seconds = - ] || sleep $seconds
    [ $seconds = - ] || kill -s $signal $!
    wait $!
    echo "$1 $2, $signal: [exit $?]"
    cat output
    sed "s/: stopped during .*/: stopped/" message
    rm output message
}

fit="--data noise --prep scale --set C=1e9 --set tol=1e-15 --set max_iter=1000000"
stop INT 0.5 tenfold train logistic $fit
stop TERM 0.5 tenfold train logistic $fit
stop INT 0.5 tenfold compare --models logistic $fit --out rows.json
stop INT 0.5 tenfold compare --models logistic $fit --json
stop INT - tenfold convert --data noise --out csv
stop INT - tenfold train knn --data noise
t ls
