# What a training tells while it happens: a JSON object a line, and nothing but these; the model is the same.
cat >events.py <<'END'
import base64, json, sys
events = [json.loads(line) for line in sys.stdin]
print(*[e["event"] for e in events if e["event"] != "progress"])
begin = events[0]
print({key: begin[key] for key in ("model", "prep", "train_count", "epochs")}, sorted(begin["settings"])[:2])
for e in events:
    if e["event"] != "epoch":
        continue
    mistakes, filters = e["mistakes"], e["filters"]
    print(e["epoch"], sorted(e), len(mistakes) <= 12)
    sure = [m["probability"] for m in mistakes]
    print(sure == sorted(sure, reverse=True), all(m["truth"] != m["predicted"] for m in mistakes),
          all(len(m["image"]) == 784 for m in mistakes))
    if filters:
        values = base64.b64decode(filters.pop("values"))
        scale = filters.pop("scale")
        print(filters, len(values), max(min(b, 256 - b) for b in values), scale > 0)
progress = [e for e in events if e["event"] == "progress"]
print(all(set(e) == {"event", "stage", "unit", "done", "total", "score_name", "score"} for e in progress))
last = events[-1]
print({key: last.get(key) for key in ("on", "train_count", "test_count", "message") if key in last})
shown = [e for e in events if e["event"] == "epoch" and last.get("on") == "validation"]
if shown:
    print(shown[-1]["validation_accuracy"] == last["accuracy"], abs(shown[-1]["validation_loss"] - last["log_loss"]) < 1e-6)
END
net="conv 4 3x3, relu, maxpool 2, dense 10"
sh_t "tenfold train --net '$net' --data tiny --on validation --set epochs=2 --runs none --quiet --out a.safetensors \
    --watch | python3 events.py"
t tenfold train --net "$net" --data tiny --on validation --set epochs=2 --runs none --quiet --out b.safetensors
same a.safetensors b.safetensors
# a vector has no filters to look at; without held-out images there are no mistakes; other models have no epochs
sh_t 'tenfold train mlp --prep scale,pca=5 --data tiny --set epochs=1 --set validation_fraction=0.2 --runs none --quiet \
    --watch | python3 events.py'
sh_t 'tenfold train logistic --prep scale --data tiny --on validation --runs none --quiet --watch | python3 events.py'
sh_t 'tenfold train cnn --prep pca=5 --data tiny --runs none --watch'
sh_t 'tenfold train cnn --data nowhere --runs none --watch 2>/dev/null'
t tenfold train cnn --data tiny --watch --json
# who stops listening ends it
sh_t 'timeout 60 tenfold train mlp --prep scale --data tiny --set epochs=100000 --runs none --out never.safetensors --watch 2>err | head -1 | cut -c1-33
sed "s/ epoch .*//; s/, after an.*//" err'
t ls
touch out # which grep may look for sooner than the child makes it
sh_t 'tenfold train mlp --prep scale --data tiny --set epochs=100000 --runs none --out never.safetensors --watch >out 2>err &
child=$!
while ! grep -q event.:.epoch out; do sleep 0.05; done
kill $child
wait $child; echo $?; tail -1 out; sed "s/ epoch .*//; s/, after an.*//" err'
