#!/usr/bin/env bash
# Applies, plans again and destroys the whole configuration, for each architecture with and without streaming and for
# each file of environments/: the second plan must be empty. Against the stand-in for the provider alone, which has no
# cloud behind it; check.sh names the folder of results and the stand-in's CLI configuration.
set -euo pipefail
cd "$(dirname "$0")"
out=$(realpath "${1:?a folder for the results}")/cycles
: "${TF_CLI_CONFIG_FILE:?the CLI configuration of the stand-in: this must never meet a cloud}"
grep -q "$(dirname "$out")" "$TF_CLI_CONFIG_FILE" || { echo "$TF_CLI_CONFIG_FILE does not name the stand-in" >&2; exit 2; }
rm -rf "$out"
mkdir -p "$out/bin"
# What provisioners call does nothing here.
for program in gcloud bq; do
  printf '#!/bin/sh\nexit 0\n' >"$out/bin/$program"
  chmod +x "$out/bin/$program"
done
export PATH="$out/bin:$PATH" TF_IN_AUTOMATION=1 CHECKPOINT_DISABLE=1

# cycle ENVIRONMENT ARCHITECTURE STREAMING
cycle() {
  local name="$1-$2-$3" values
  values=(-input=false -no-color -lock=false "-var-file=environments/$1.tfvars" -var=project=a-project
    -var=project_number=123456789012 -var=functions_archive=tests/mocks/google.tfmock.hcl "-var=architecture=$2"
    "-var=streaming=$3" -var=deletion_protection=false)
  local place="$out/$name" log="$out/$name.log"
  mkdir --parents "$place/terraform"
  ln --symbolic "$(realpath ../beam)" "$place/beam"
  tar --create --exclude=.terraform --exclude='*.tfstate*' . | tar --extract --directory "$place/terraform"
  printf 'terraform {\n  backend "local" {}\n}\n' >"$place/terraform/backend_override.tf"
  (
    # joined by &&: a shell heeds no `set -e` in what stands before ||
    cd "$place/terraform" &&
      terraform init -input=false -no-color &&
      terraform graph >"$log.dot" &&
      terraform apply -auto-approve "${values[@]}" &&
      terraform plan -detailed-exitcode "${values[@]}" && # 2: something is left to do
      terraform destroy -auto-approve "${values[@]}"
  ) >"$log" 2>&1 || { echo "$name: failed; $log ends with" >&2; tail -40 "$log" >&2; return 1; }
  echo "$name: $(grep -o 'Apply complete! Resources: [0-9]* added' "$log"), nothing left to do," \
    "$(grep -o 'Destroy complete! Resources: [0-9]* destroyed' "$log")"
  rm -rf "$place"
}

for environment in environments/*.tfvars; do
  for architecture in 1 2 both; do
    for streaming in false true; do
      cycle "$(basename "$environment" .tfvars)" "$architecture" "$streaming"
    done
  done
done
