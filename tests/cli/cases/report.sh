# The page of a study, elsewhere and again; folders that are no study, parts that are damaged or missing.
tenfold study --data tiny --models knn --limit 60 --quiet >/dev/null
echo "[exit $?]"
cp study/report.html first.html
t tenfold report
same first.html study/report.html
t tenfold report study/ --out page.html
t tenfold report --quiet study
j 'd' tenfold report --json
grep -c '<html' page.html
sh_t 'grep -oE "(src|href)=\"(https?:)?//[^\"]*" page.html'
try() {
    t tenfold report broken
    rm -rf broken
    cp -r study broken
    rm -r broken/report.html
}
try
rm broken/compare.json; try
rm broken/study.json; try
data cut broken/explore.json 2000; try
: >broken/compare.json; try
echo '{}' >broken/compare.json; try
echo '[1, 2]' >broken/study.json; try
data cut broken/evaluate/knn.json 100; try
rm broken/preprocess.json; try
t tenfold report study --out nowhere/page.html
t tenfold report page.html
t ls
sh_t 'CHROMIUM=/nowhere/browser tenfold report study --png'
sh_t 'CHROMIUM=false tenfold report study --svg --quiet'
sh_t 'CHROMIUM=true tenfold report study --svg --quiet'
