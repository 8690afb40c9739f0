#!/usr/bin/env python3
"""Cross-validated accuracies beside scikit-learn's on the same folds, for the models that no chance enters.

    bench/peers/crossval.py [--models NAME,...] [--folds N] [--limit N]

`tenfold crossval` deals the folds and writes them down; scikit-learn's pipeline, preprocessing included, is fitted from
nothing in each of them. Needs Debian's python3-sklearn (`tools/setup peers`); support vectors take it ten minutes. Ends
with status 1 if a mean differs by more than 0.001.
"""
import argparse
import pathlib
import sys
import tempfile
import warnings

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import tenfold

ALLOWED = 0.001
# model -> chain
CHAINS = {
    "naive-bayes": "scale,pca=50",
    "nearest-centroid": "scale",
    "lda": "scale,pca=100",
    "qda": "scale,pca=50",
    "knn": "minmax,standardize",
    "logistic": "scale",
    "svm": "scale",
}


def estimators():
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis, QuadraticDiscriminantAnalysis
    from sklearn.linear_model import LogisticRegression
    from sklearn.naive_bayes import GaussianNB
    from sklearn.neighbors import KNeighborsClassifier, NearestCentroid
    from sklearn.svm import SVC
    return {
        "naive-bayes": GaussianNB(),
        "nearest-centroid": NearestCentroid(),
        "lda": LinearDiscriminantAnalysis(),
        "qda": QuadraticDiscriminantAnalysis(reg_param=0.01),
        "knn": KNeighborsClassifier(n_neighbors=5, n_jobs=-1),
        "logistic": LogisticRegression(C=1, max_iter=2000, tol=1e-4),
        "svm": SVC(C=1, gamma="scale"),
    }


def steps(chain):
    from sklearn.decomposition import PCA
    from sklearn.preprocessing import FunctionTransformer, MinMaxScaler, StandardScaler
    made = []
    for word in chain.split(","):
        name, _, number = word.partition("=")
        made.append({
            "scale": lambda: FunctionTransformer(lambda x: x / x.dtype.type(255)),
            "minmax": MinMaxScaler,
            "standardize": StandardScaler,
            "pca": lambda: PCA(int(number), svd_solver="full"),
        }[name]())
    return made


def theirs(model, chain, images, labels, fold):
    """Accuracies of scikit-learn's pipeline on the given folds."""
    from sklearn.model_selection import PredefinedSplit, cross_val_score
    from sklearn.pipeline import make_pipeline
    pipeline = make_pipeline(*steps(chain), estimators()[model])
    return cross_val_score(pipeline, images, labels, cv=PredefinedSplit(fold), scoring="accuracy", error_score="raise")


def main():
    import numpy
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--models", default=",".join(CHAINS))
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--limit", type=int)
    options = parser.parse_args()
    warnings.simplefilter("ignore")  # of logistic regression, that it did not converge
    limit = ["--limit", options.limit] if options.limit else []
    worst = 0.0
    print(f"{'model':17} {'chain':20} {'ours':>8} {'theirs':>8} {'difference':>11}  largest in a fold")
    with tempfile.TemporaryDirectory() as folder:
        answers, arrays = (pathlib.Path(folder) / name for name in ("answers.safetensors", "arrays.safetensors"))
        for model in options.models.split(","):
            chain = CHAINS[model]
            document = tenfold.document("crossval", "--models", model, "--prep", chain, "--folds", options.folds,
                                        "--answers", answers, "--runs", "none", *limit)
            ours = numpy.array(document["rows"][0]["accuracy"])
            fold = tenfold.tensors(answers)[0]["fold"]
            if not arrays.exists():
                tenfold.bench("nearest-centroid", "none", limit=options.limit, files={"arrays": arrays})
                read = tenfold.tensors(arrays)[0]
                images, labels = read["train"].astype(numpy.float64), read["train_labels"].copy()
            other = theirs(model, chain, images, labels, fold)
            difference = abs(ours.mean() - other.mean())
            worst = max(worst, difference)
            print(f"{model:17} {chain:20} {ours.mean():8.4f} {other.mean():8.4f} {difference:11.5f}  "
                  f"{abs(ours - other).max():.5f}", flush=True)
    print(f"largest difference of means {worst:.5f}; allowed {ALLOWED}")
    sys.exit(int(worst > ALLOWED))


if __name__ == "__main__":
    main()
