# The table, the document, settings, held-out images.
t tenfold compare --data tiny --models knn --prep none
t tenfold compare --prep none --models knn --set weights=distance --set n_neighbors=1 --data tiny --quiet
t tenfold compare --data tiny --models knn --prep none --on validation
t tenfold compare --data tiny/ --models knn --prep none --limit 40 -q
j 'sorted(d), sorted(d["rows"][0])' tenfold compare --data tiny --models knn --prep none --json
j '[d[k] for k in ("data", "prep", "seed", "on", "train_count", "test_count")]' \
    tenfold compare --data tiny --models knn --prep none --json --on validation --seed 7
j '[(r["name"], r["prep"], r["settings"], r["accuracy"]) for r in d["rows"]]' \
    tenfold compare --quiet --data tiny --models knn --prep none --json --out rows.json
j 'len(d["rows"])' cat rows.json
j '[(r["model"], 0.4 < r["accuracy"] < 1, r["converged"]) for r in d["rows"]]' \
    tenfold compare --quiet --data tiny --models naive-bayes,knn,logistic --json --set C=0.1 --set n_neighbors=3
j '[(r["model"], 0.6 < r["accuracy"] < 1) for r in d["rows"]]' \
    tenfold compare --quiet --data tiny --models logistic,knn --prep original --json --seed 3 --threads 2
t tenfold compare --data nowhere
t tenfold compare --data tiny --models knn --set n_neighbors=500 --json
t ls
