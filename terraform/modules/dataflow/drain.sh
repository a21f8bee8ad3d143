#!/usr/bin/env bash
# Drains the streaming jobs of a deployment and waits until they are done: PROJECT, REGION, JOB (what their names begin with).
set -euo pipefail
minutes=${DRAIN_MINUTES:-30}
pause=${DRAIN_PAUSE:-20}

# id and state of every job that is not over
active() {
  gcloud dataflow jobs list --project="$PROJECT" --region="$REGION" --status=active \
    --filter="name~^$JOB" --format='csv[no-heading](id,state)'
}

running=$(active)
[ -n "$running" ] || { echo "$JOB: no job runs"; exit 0; }
while IFS=, read -r id state; do
  if [ "$state" = Draining ]; then
    echo "$id: is being drained already"
  else
    gcloud dataflow jobs drain "$id" --project="$PROJECT" --region="$REGION"
  fi
done <<<"$running"

deadline=$((SECONDS + minutes * 60))
while running=$(active) && [ -n "$running" ]; do
  if ((SECONDS >= deadline)); then
    echo "$JOB: not drained after $minutes minutes: ${running//$'\n'/ }" >&2
    exit 1
  fi
  sleep "$pause"
done
echo "$JOB: drained"
