# A model file with and without a measure; a model that is given less than it wants.
t tenfold train knn --data tiny --prep none
t ls
t tenfold train --on test --prep none --data tiny knn -o a.safetensors
same knn.safetensors a.safetensors
t tenfold train --out=b.safetensors --data=tiny/ -q knn --prep=none --on validation
j 'sorted(d)' tenfold train knn --data tiny --prep none --json --on test --set n_neighbors=3 --set weights=distance
j 'd["settings"], d["accuracy"], d["on"], d["train_count"], d["test_count"], d["file"]' \
    tenfold train knn --data tiny --prep none --json --on test --set n_neighbors=1 --quiet
j 'd["on"], d["train_count"], d["test_count"], "accuracy" in d' tenfold train knn --data tiny --prep none --json -q
j 'd["converged"], d["history"]["names"], len(d["history"]["rows"])' \
    tenfold train logistic --prep scale --data tiny --json --set max_iter=2
t tenfold train logistic --prep scale --data tiny --set max_iter=2 --quiet
t tenfold train knn --data tiny --prep none --limit 50
t tenfold train knn --data tiny --prep none --limit 50 --set n_neighbors=51
t tenfold train knn --data tiny --prep none --limit 5 --on validation --set n_neighbors=1
t tenfold train knn --data tiny --prep pca=3,crop20
t tenfold train knn --data tiny --prep pca=1000
t tenfold train knn --data nowhere
t tenfold train knn --data ''
t tenfold train knn --data tiny/t10k-labels-idx1-ubyte
t tenfold train knn
t ls
# forests of bootstrap samples judge themselves; the file keeps it
t tenfold train random-forest --data tiny --prep none --set n_estimators=20 --out forest.safetensors
j '0.6 < d["out_of_bag"] < 1, "importances" in d' \
    tenfold train random-forest --data tiny --prep none --set n_estimators=20 --json --quiet
j '"out_of_bag" in d' tenfold train extra-trees --data tiny --prep none --set n_estimators=20 --json --quiet
sh_t 'tenfold evaluate forest.safetensors --data tiny | sed -n 3p'
j 'd["out_of_bag"] > 0.6, len(d["importances"]), abs(sum(d["importances"]) - 1) < 1e-9, min(d["importances"])' \
    tenfold evaluate forest.safetensors --data tiny --json
