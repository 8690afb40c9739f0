# Wrong usage: exit status 2 and one line that says what was wrong and what is expected; no file is left.
t tenfold nonsense
t tenfold help nonsense
t tenfold crossval knn
t tenfold --nonsense
t tenfold ''
t tenfold train
t tenfold train knn --nonsense
t tenfold train knn --nonsense=1
t tenfold train knn --s 1
t tenfold train knn --set
t tenfold train knn --quiet=yes
t tenfold train knn -x
t tenfold train knn -o
t tenfold info -q
t tenfold info extra
t tenfold info --data mnist
t tenfold help info extra
t tenfold predict model.safetensors
t tenfold train knn extra
t tenfold train nonsense --data tiny
t tenfold train knn --data tiny --set nonsense=1
t tenfold train knn --data tiny --set n_neighbors
t tenfold train knn --data tiny --set n_neighbors=
t tenfold train knn --data tiny --set n_neighbors=0
t tenfold train knn --data tiny --set n_neighbors=2.5
t tenfold train knn --data tiny --set n_neighbors=99999999999999999999
t tenfold train knn --data tiny --set weights=heavy
t tenfold train logistic --data tiny --set C=0
t tenfold train logistic --data tiny --set C=nan
t tenfold train logistic --data tiny --set C=-1
t tenfold train knn --data tiny --prep nonsense
t tenfold train knn --data tiny --prep ''
t tenfold train knn --data tiny --prep scale,
t tenfold train knn --data tiny --prep pca
t tenfold train knn --data tiny --prep pca=0
t tenfold train knn --data tiny --prep pca=x
t tenfold train knn --data tiny --prep scale=2
t tenfold train knn --data tiny --prep original=2
t tenfold train knn --on train
t tenfold train knn --seed -1
t tenfold train knn --seed x
t tenfold train knn --seed 99999999999999999999
t tenfold train knn --threads 0
t tenfold train knn --threads 1025
t tenfold train knn --limit 0
t tenfold train knn --limit 1e3
t tenfold train knn --out ''
t tenfold compare --models nonsense
t tenfold compare --models ''
t tenfold compare --models knn,
t tenfold compare --models knn,knn
t tenfold compare --models knn --set n_neighbors=3 --set C=1
t tenfold compare --models knn --on train
t tenfold evaluate model.safetensors --on validation
t tenfold convert
t tenfold convert --out x --to xml
t tenfold convert --out x --prep nonsense
t tenfold convert --out x --to idx --prep scale
t tenfold study --models knn,nonsense
t tenfold study --models knn,knn
t tenfold fetch nonsense
t tenfold fetch ../mnist --from tiny
t tenfold fetch ''
t tenfold fetch mnist fashion
t env TENFOLD_CPU=nonsense tenfold info
t ls
