#!/usr/bin/env bash
# One chapter through a real SLURM of one node, on this machine's loopback alone; then again after
# Snakemake was killed while its job ran. Needs root and Debian's packages (it installs them).
#
#     tests/cluster/run.sh            from the environment that has snakemake in its PATH
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
command -v slurmctld slurmd munged > /dev/null ||
  apt-get install -y -qq slurmctld slurmd slurm-client munge > /dev/null

work=$(mktemp -d)
pids=()
finish() {
  status=$?
  if [ "$status" -ne 0 ]; then
    tail -n 20 "$work"/*.log "$work"/tree/results/runs/*/*/*/*.log || true
    find "$work/tree/.snakemake/slurm_logs" -type f -exec tail -n 20 {} + || true
  fi
  scancel --user=root 2> /dev/null || true
  for pid in "${pids[@]}"; do kill "$pid" 2> /dev/null || true; done
  rm -rf "$work" /etc/slurm/slurm.conf
}
conf=/etc/slurm/slurm.conf  # where jobs look for it too
[ ! -e "$conf" ] || { echo "this machine has a SLURM of its own: $conf"; exit 2; }
mkdir -p /etc/slurm
cat > "$conf" <<CONF
ClusterName=test
SlurmctldHost=$(hostname -s)(127.0.0.1)
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket=$work/munge/socket
MpiDefault=none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
ReturnToService=2
StateSaveLocation=$work/state
SlurmdSpoolDir=$work/spool
SlurmctldPidFile=$work/slurmctld.pid
SlurmdPidFile=$work/slurmd.pid
SlurmctldPort=16817
SlurmdPort=16818
NodeName=$(hostname -s) NodeAddr=127.0.0.1 CPUs=$(nproc --all) RealMemory=16000 State=UNKNOWN
PartitionName=test Nodes=ALL Default=YES MaxTime=INFINITE State=UP
CONF
trap finish EXIT
mkdir -p "$work/state" "$work/spool" "$work/munge"
chmod 711 "$work" && chmod 755 "$work/munge"
dd if=/dev/urandom of="$work/munge/key" bs=1024 count=1 status=none
chmod 400 "$work/munge/key"
munged --foreground --force --key-file="$work/munge/key" --socket="$work/munge/socket" \
  --log-file="$work/munge/log" --pid-file="$work/munge/pid" --seed-file="$work/munge/seed" \
  > "$work/munged.log" 2>&1 & pids+=($!)
sleep 1
slurmctld -D > "$work/slurmctld.log" 2>&1 & pids+=($!)
slurmd -D > "$work/slurmd.log" 2>&1 & pids+=($!)
for _ in $(seq 60); do sinfo -h -o %T 2> /dev/null | grep -q idle && break; sleep 1; done
sinfo

git -C "$root" archive HEAD | (mkdir "$work/tree" && tar -x -C "$work/tree")
cd "$work/tree"
export WORMGNN_STORE=$work/store PYTHONPATH=$work/tree/src
run=results/runs/smoke/simulated/seed-0
snake() {
  snakemake --workflow-profile workflow/slurm --config datasets=simulated profile=smoke \
    --quiet all --nocolor "$@" >> "$work/snakemake.log" 2>&1
}

start=$SECONDS
snake "$run/01_data.0.ipynb"
test -s "$run/01_data.0.ipynb"
echo "a chapter: $((SECONDS - start)) s"

start=$SECONDS
snake "$run/02_two_states.0.ipynb" & killed=$!
for _ in $(seq 120); do squeue -h -t R | grep -q . && break; sleep 0.5; done
pkill -KILL -P "$killed" || true   # Snakemake alone: the job goes on
wait "$killed" || true
squeue -h -o "%i %T after Snakemake was killed"
snake --unlock
snake "$run/02_two_states.0.ipynb"
test -s "$run/02_two_states.0.ipynb"
while squeue -h | grep -q .; do sleep 1; done
python - "$run" <<'PY'
import json, sys
from pathlib import Path
for path in Path(sys.argv[1]).glob("*.ipynb"):
    json.loads(path.read_text())
print(sorted(path.name for path in Path(sys.argv[1]).iterdir()))
PY
[ "$(find "$work/store" -name '.*' -type f | wc -l)" -eq 0 ]
echo "killed and done again: $((SECONDS - start)) s"
