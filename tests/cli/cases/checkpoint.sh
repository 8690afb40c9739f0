# kill -9 in the middle of training, several times; the same command goes on, and ends with the same bytes as a run that
# was let alone. Then the checkpoint of another training.
fit() {
    tenfold train --net "conv 8 5x5, batchnorm, relu, maxpool 2, dropout 0.3, dense 50, relu, dense 10" --data tiny --quiet \
        --set epochs=60 --set validation_fraction=0.2 --set keep_best=true --set average=0.95 --set shift=1 \
        --set rotate=10 --set elastic=5 --set schedule=one-cycle "$@"
}

number() {
    stat -c %i state.checkpoint 2>/dev/null # every checkpoint is a new file
}

for kill in 1 2 3 4; do
    before=$(number)
    fit --checkpoint state.checkpoint --out model.safetensors 2>message &
    waited=0
    while [ "$(number)" = "$before" ] && [ $waited -lt 3000 ]; do
        sleep 0.02
        waited=$((waited + 1))
    done
    kill -9 $!
    wait $! 2>/dev/null
    echo "[exit $?]"
    cat message
    [ -e model.safetensors ] && echo "too late"
done
rm -f ./*.partial-* # what a kill may leave
fit --checkpoint state.checkpoint --out model.safetensors --threads 1
echo "[exit $?]"
fit --out whole.safetensors
same model.safetensors whole.safetensors
fit --checkpoint state.checkpoint --out again.safetensors # nothing is left to do
same model.safetensors again.safetensors
fit --checkpoint state.checkpoint --seed 1
echo "[exit $?]"
fit --checkpoint state.checkpoint --set epochs=61
fit --checkpoint state.checkpoint --limit 200
fit --checkpoint model.safetensors
echo "[exit $?]"
# Ctrl-C keeps what is done, even in the middle of an epoch
tenfold train mlp --data tiny --quiet --set epochs=100000 --checkpoint long.checkpoint 2>message &
await long.checkpoint
kill -s INT $!
wait $!
echo "[exit $?]"
sed 's/epoch [0-9]*/epoch N/' message
ls
# what the training says of itself: that it goes on, where it ended, what was kept, that nothing was learned
sh_t 'tenfold train mlp --data tiny --runs none --set epochs=2 --checkpoint short.checkpoint 2>/dev/null
tenfold train mlp --data tiny --runs none --set epochs=2 --checkpoint short.checkpoint 2>&1 | grep "going on"'
sh_t 'tenfold train mlp --data tiny --runs none --set epochs=3000 --set learning_rate=0.05 --set patience=1 \
    --set validation_fraction=0.2 2>&1 | grep -oE "the validation loss no longer fell|on the images kept apart to validate"'
sh_t 'tenfold train mlp --data tiny --runs none --set learning_rate=100 2>&1 | grep -o "it learned nothing.*"'
sh_t 'tenfold evaluate short.checkpoint --data tiny'
t tenfold train mlp --data tiny --checkpoint one.file --out one.file
