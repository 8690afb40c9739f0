# Neural networks by name and by text: the table before, the history after, what is refused.
t tenfold train --net "conv 4 5x5, relu, maxpool 2, dense 10" --data tiny --set epochs=2 --set batch_size=50
t ls
j 'd["model"], d["prep"], d["history"]["names"], len(d["history"]["rows"]), d["settings"]["net"], d["parameters"]' \
    tenfold train network --net "dense 20, relu, dropout 0.5, dense 10" --data tiny --set epochs=3 \
    --set validation_fraction=0.2 --json --quiet
j 'd["history"]["names"]' tenfold evaluate network.safetensors --data tiny --json
j 'd["accuracy"] > 0.8, d["settings"]["learning_rate"]' \
    tenfold train mlp --data tiny --set epochs=30 --on test --json --quiet --out mlp.safetensors
j '[r["model"] for r in d["rows"]]' tenfold compare --models nearest-centroid --net "dense 10" --data tiny --json --quiet
t tenfold train cnn2 --data tiny --prep scale,pca=9
t tenfold train --net "conv 4 5x5, pool 2, dense 10" --data tiny
t tenfold train --net "conv 4 29x29, dense 10" --data tiny
t tenfold train --net "dense 11" --data tiny
t tenfold train --net "" --data tiny
t tenfold train mlp --net "dense 10" --data tiny
t tenfold train --data tiny
t tenfold train mlp --data tiny --set optimizer=adagrad
t tenfold train mlp --data tiny --set patience=3
t tenfold train --net "dense 20, leaky-relu, dense 20, leaky-relu, dense 10" --data tiny --set optimizer=sgd --set learning_rate=100
t tenfold train mlp --set net="dense 10" --data tiny
t tenfold train knn --data tiny --checkpoint knn.checkpoint
t tenfold train mlp --data tiny --checkpoint nowhere/mlp.checkpoint
t ls
