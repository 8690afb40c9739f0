# Deformed copies behind the training images: how many, the same for the same seed, and of use at once.
t tenfold convert --data tiny --augment 3 --to idx --out large
t ls large
python3 - <<'P'
def images(folder, name="train"):
    content = open(f"{folder}/{name}-images-idx3-ubyte", "rb").read()[16:]
    return [content[i:i + 784] for i in range(0, len(content), 784)]
def labels(folder):
    return open(f"{folder}/train-labels-idx1-ubyte", "rb").read()[8:]
tiny, large = images("tiny"), images("large")
print(len(large), "images; the first are the old ones:", large[:300] == tiny)
print("labels:", labels("large") == 4 * labels("tiny"), "test set:", images("large", "t10k") == images("tiny", "t10k"))
print("all differ:", len(set(large)) == len(set(tiny)) + 900)
ink = [sum(map(sum, large[i:i + 300])) for i in range(0, 1200, 300)]
print("ink stays about the same:", all(abs(more / ink[0] - 1) < 0.05 for more in ink))
P
t tenfold convert --data tiny --augment 3 --to idx --out again --threads 1 --quiet
same large/train-images-idx3-ubyte again/train-images-idx3-ubyte
t tenfold convert --data tiny --augment 3 --to idx --out other --seed 1 --quiet
cmp -s large/train-images-idx3-ubyte other/train-images-idx3-ubyte || echo "another seed, other copies"
t tenfold convert --data tiny --augment 1 --augment-set shift=0,rotate=0,scale=0,shear=0,elastic=0 --out plain
t tenfold convert --data tiny --out csv --quiet
sh_t 'head -301 plain/train.csv | cmp - csv/train.csv'
sh_t 'tail -300 csv/train.csv >old; tail -300 plain/train.csv | cmp - old'
t tenfold compare --data large --models knn --prep none --quiet
j 'd' tenfold convert --data tiny --augment 2 --augment-set rotate=20 --prep scale --limit 30 --out scaled --json
t tenfold convert --data tiny --augment 1001 --out x
t tenfold convert --data tiny --augment -1 --out x
t tenfold convert --data tiny --augment 2 --augment-set turn=3 --out x
t tenfold convert --data tiny --augment 2 --augment-set shift=2,rotate=181 --out x
t tenfold convert --data tiny --augment 2 --augment-set shift --out x
t tenfold convert --data tiny --augment 2 --augment-set shift=1,,scale=0 --out x
t tenfold convert --data tiny --augment-set shift=1 --out x
t ls
