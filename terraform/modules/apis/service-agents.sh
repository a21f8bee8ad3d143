#!/usr/bin/env bash
# Brings the service agents of a project into being: PROJECT, SERVICES (names, between blanks).
set -euo pipefail
command -v gcloud >/dev/null || { echo "gcloud is needed to create service agents: https://cloud.google.com/sdk/docs/install" >&2; exit 1; }
for service in $SERVICES; do
  gcloud beta services identity create --quiet --project="$PROJECT" --service="$service"
done
# Cloud Storage and BigQuery make theirs when they are asked for them.
gcloud storage service-agent --project="$PROJECT"
bq --project_id="$PROJECT" show --encryption_service_account
