# Accuracy on spoilt images, and the learning curve.
t tenfold train knn --data tiny --prep none --quiet --set n_neighbors=3
t tenfold evaluate knn.safetensors --data tiny --quiet --robustness --learning-curve --threads 1
j '[k["name"] for k in d["robustness"]["kinds"]], {len(k[m]) for k in d["robustness"]["kinds"] for m in ("strengths", "accuracy", "images")}' \
    tenfold evaluate knn.safetensors --data tiny --json --robustness --out out.json
j '"learning_curve" in d, sorted(d["robustness"]["kinds"][2]), [i[:22] for i in d["robustness"]["kinds"][2]["images"]]' cat out.json
j '[(p["train_count"], p["train_accuracy"], p["accuracy"]) for p in d["learning_curve"]], d["learning_curve"][-1]["fit_seconds"], "robustness" in d' \
    tenfold evaluate knn.safetensors --data tiny --json --learning-curve --threads 2
j 'sorted(d["learning_curve"][0])' tenfold evaluate knn.safetensors --data tiny --json --learning-curve
j '[k["accuracy"] for k in d["robustness"]["kinds"][:2]]' tenfold evaluate knn.safetensors --data tiny --json --robustness --threads 2
t tenfold evaluate knn.safetensors --data tiny --limit 30 --learning-curve
t tenfold evaluate knn.safetensors --data tiny --on train --learning-curve
t tenfold predict knn.safetensors --robustness
