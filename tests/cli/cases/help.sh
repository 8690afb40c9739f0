# Every command of the overview has help, which names it, fits into 80 columns and whose examples are accepted.
tenfold help >overview
tenfold --help | cmp - overview && echo "help is --help"
tenfold -h | cmp - overview && echo "help is -h"
t tenfold --version
grep -E '^usage|^Tenfold' overview
commands=$(sed -n '/^commands:/,/^$/s/^  \([a-z]\{1,\}\) .*/\1/p' overview)
for command in study fetch convert explore train compare evaluate predict inspect embed report bench info help; do
    echo "$commands" | grep -qx "$command" || echo "$command is not in the overview"
done
for command in $commands; do
    tenfold help $command >text || echo "help $command: exit $?"
    tenfold $command --help | cmp - text || echo "$command --help differs"
    tenfold $command -h extra words | cmp - text || echo "$command -h differs"
    grep -q "^usage: tenfold $command" text || echo "$command: no usage"
    grep -q '^examples:' text || echo "$command: no examples"
    grep -q -- '--help' text || echo "$command: --help is not in its help"
    awk 'length > 80 { print FILENAME ": over 80 columns: " $0 }' text
    sed -n '/^examples:/,$s/^  \(.*\)/\1 --help/p' text >lines
    sh lines >/dev/null || echo "$command: an example is refused"
done
echo "what \`help\` says of train, without the lists of models and steps:"
tenfold help train | sed '/^models/,/^examples/d'
echo "and of convert:"
tenfold help convert | sed '/^preprocessing steps/,/^examples/d'
# every model has a page of its own that names all its parameters, and so have steps and layers
tenfold info --json >info.json
python3 - >models <<'P'
import json
for model in json.load(open("info.json"))["models"]:
    print(model["name"], *[parameter["name"] for parameter in model["parameters"]])
P
while read -r model parameters; do
    tenfold help $model >text || echo "help $model: exit $?"
    awk 'length > 80 { print FILENAME ": over 80 columns: " $0 }' text
    tenfold help train | grep -q "^  $model " || echo "$model: not in the help of train"
    for parameter in $parameters; do
        sed '1,/^parameters/d' text | grep -q "^  $parameter" || echo "$model: nothing of $parameter"
    done
    sed -n '/^examples:/,$s/^  \(.*\)/\1 --help/p' text >lines
    sh lines >/dev/null || echo "$model: an example is refused"
done <models
t tenfold help knn
sh_t "tenfold help train knn | head -1"
t tenfold help steps
t tenfold help layers
for topic in steps layers; do tenfold help $topic; done | awk "length > 80 { print \"over 80 columns: \" \$0 }"
t tenfold help nonsense
sh_t 'tenfold help cnn | sed -n "1,/^parameters/p"'
sh_t 'tenfold 2>&1 >/dev/null | cmp - overview'
tenfold 2>/dev/null
echo "[exit $?]"
