# The main figures, and the document.
t tenfold explore --data tiny
t tenfold explore --data tiny/ --limit 20 --quiet
j 'sorted(d), [s["name"] for s in d["sets"]], sorted(d["sets"][0])' tenfold explore --data tiny --json
j 'd["sets"][0]["class_counts"], len(d["sets"][0]["samples"]), len(d["sets"][1]["pixels"]["mean"])' \
    tenfold explore --json --data tiny --out explore.json
j '[s["samples"][0]["image"][:22] for s in d["sets"]]' cat explore.json
j '[[len(c["digits"]) for c in s[k]] for s in d["sets"] for k in ("typical", "atypical")], d["between"]' cat explore.json
j '[sum(g["count"] for g in c["groups"]) for c in d["sets"][0]["prototypes"]], len(d["contrasts"])' cat explore.json
t tenfold explore --data tiny --threads 3 --json --out again.json --quiet >/dev/null
same explore.json again.json
t ls
