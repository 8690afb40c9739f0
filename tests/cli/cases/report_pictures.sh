# Every figure as PNG and SVG, drawn by a real browser.
browser=${CHROMIUM:-chromium}
if ! command -v "$browser" >/dev/null; then
    echo "SKIP: no Chromium"
    exit
fi
tenfold study --data tiny --models knn --limit 60 --quiet >/dev/null
t tenfold report study --quiet
t tenfold report study --svg --quiet
sh_t 'ls study/figures | grep -c png'
j 'd["pictures"] > 0' tenfold report study --png --json
names() { for file in study/figures/*."$1"; do basename "$file" ".$1"; done; }
names vl.json >texts
names svg >svg
names png >png
same texts svg
same texts png
sh_t 'for file in study/figures/*.png; do head -c 8 "$file" | tail -c 7 | head -c 3; echo; done | sort -u'
sh_t 'for file in study/figures/*.svg; do head -c 4 "$file"; echo; done | sort -u'
sh_t 'grep -l "var(--" study/figures/*.svg'
