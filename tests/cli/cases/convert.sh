# IDX -> CSV -> IDX gives the same bytes; gzipped, too; preprocessed sets as CSV.
t tenfold convert --data tiny --out csv
t ls csv
sh_t 'head -2 csv/train.csv | cut -c 1-60'
sh_t 'wc -l < csv/train.csv | tr -d " "'
t tenfold convert --data csv --to idx --out back
for file in tiny/*; do same $file back/$(basename $file); done

t tenfold convert --data tiny/ --to idx --gzip --out deep/folder
t ls deep/folder
for file in tiny/*; do gzip -dc deep/folder/$(basename $file).gz >plain; same $file plain; done
t tenfold convert --gzip --data deep/folder --out zipped
gzip -dc zipped/test.csv.gz >plain
same csv/test.csv plain

t tenfold convert --data tiny --prep scale --out scaled
sh_t 'head -1 scaled/test.csv | cut -c 1-40'
python3 - <<'P'
for name in ("train", "test"):
    plain = [line.split(",") for line in open(f"csv/{name}.csv")][1:]
    scaled = [line.split(",") for line in open(f"scaled/{name}.csv")][1:]
    assert len(plain) == len(scaled)
    for a, b in zip(plain, scaled):
        assert a[0] == b[0]
        assert all(abs(int(x) / 255 - float(y)) < 1e-7 for x, y in zip(a[1:], b[1:]))
print("scaled values are the bytes over 255")
P
t tenfold convert --data tiny --prep scale,pca=3 --out components --limit 50
sh_t 'head -1 components/test.csv'
sh_t 'wc -l < components/train.csv | tr -d " "'
t tenfold convert --data tiny --prep none --to csv --out none
same csv/train.csv none/train.csv
j 'd' tenfold convert --data tiny --json --out json --limit 20 --prep center
t tenfold convert --quiet --data tiny --out quiet
same csv/train.csv quiet/train.csv
