#!/usr/bin/env bash
# Makes the runs in Tests/Golden/runs: interrupted ones with their checkpoint, and the models that they end with undisturbed.
# They were made by commit d24a810. Whatever changes later has to go on from them to the same bits, so this is not run again;
# a change of format adds runs beside them.
#
#   Tests/Golden/runs.sh LOCKSTEP DIRECTORY
set -euo pipefail
lockstep=$(realpath "$1") && mkdir -p "$2" && cd "$2"
"$lockstep" synthesize --output digits --train 300 --test 100 --seed 7

# make NAME STEP OPTION...: SIGTERM at this step, and once more without
make() {
  local name=$1 step=$2
  shift 2
  "$lockstep" train --data digits --output whole --quiet --log-every 7 "$@" >"$name.txt"
  LOCKSTEP_FAULT_SIGNAL=15:$step "$lockstep" train --data digits --output "$name" --quiet --keep 1 --log-every 7 "$@" || true
  mv whole/model.safetensors "$name.safetensors"
  rm -rf whole "$name/.lock" "$name/checkpoints/dataset.json"
}
make sgd 33 --network 'maxpool 4,flatten,dense 8,relu,dense classes' --epochs 6 --batch-size 30 --validation-split 0.1 \
  --keep-best --schedule step --milestones 2,4 --lr 0.1
make adam 25 --network 'conv 3 5x5,relu,maxpool 4,dropout2d 0.1,flatten,dense 6,tanh,dropout 0.2,dense classes' --epochs 4 \
  --batch-size 40 --optimizer adamw --weight-decay 0.01 --lr 0.003 --schedule cosine --warmup-steps 5 --augment-shift 1 \
  --micro-batches 3
make mlp 12 --hidden 5,4 --epochs 3 --batch-size 50 --momentum 0 --schedule constant
rm -rf digits
