# Damaged CSV: file and line, fault, what was expected.
t tenfold convert --data tiny --limit 20 --out csv --quiet
try() {
    t tenfold compare --data broken --models knn --prep none --set n_neighbors=1 --quiet
}
edit() {
    rm -rf broken
    cp -r csv broken
    sed "$1" csv/train.csv >broken/train.csv
}
edit ''; try
edit '3s/,[0-9]*$//'; try
edit '3s/$/,7/'; try
edit '1s/,pixel_7,/,/'; try
edit '1d'; try
edit '4s/,0,0,0,/,0,word,0,/'; try
edit '4s/,0,0,0,/,0,,0,/'; try
edit '4s/,0,0,0,/,0,256,0,/'; try
edit '4s/,0,0,0,/,0,-1,0,/'; try
edit '4s/,0,0,0,/,0,1.5,0,/'; try
edit '5s/^[0-9]*,/10,/'; try
edit '5s/^[0-9]*,/,/'; try
edit '5s/^.*$//'; try
edit '2,$d'; try
edit '1,$d'; try
edit 's/$/\r/'; try
edit ''; head -c 3000 csv/train.csv >broken/train.csv; try
edit ''; rm broken/test.csv; try
edit ''; sed 's/,[0-9]*$//;1s/,pixel_783$//' csv/test.csv >broken/test.csv; try
t ls
