#!/usr/bin/env bash
# Checks all that is here without a cloud: format, validity, plans under mocked providers, and policies. tests/terraform
# reads the plans. `make check-terraform` sets up what this needs: CHECKOV, and the project's python first on PATH.
# Ends with 3 where there is no provider.
set -euo pipefail
cd "$(dirname "$0")"
out=../build/terraform
mkdir -p "$out"
rm -f "$out/plans.jsonl" "$out/lacking"
command -v terraform >/dev/null || { echo "terraform is needed, 1.9 or newer: https://developer.hashicorp.com/terraform/install" >&2; exit 2; }
# A setting that leads nowhere would be warned of by every command.
[ -z "${TF_CLI_CONFIG_FILE:-}" ] || [ -e "$TF_CLI_CONFIG_FILE" ] || unset TF_CLI_CONFIG_FILE
export TF_IN_AUTOMATION=1 CHECKPOINT_DISABLE=1

step() { echo "== $*"; }

step "format"
terraform fmt -check -diff -recursive

step "provider"
is_stand_in=
init() { timeout 300 terraform init -backend=false -input=false -no-color >"$out/init.log" 2>&1; }
if ! init; then
  # No registry: a stand-in for the provider, built by a script that prints the CLI configuration to use. It has
  # google's schema and its checks of values.
  stand_in=${CRIME_TERRAFORM_PROVIDER:-../../shared/terraform-google/build}
  if [ ! -x "$stand_in" ] || ! command -v go >/dev/null; then
    cat "$out/init.log" >&2
    echo "no Terraform provider here: its registry can't be reached, and CRIME_TERRAFORM_PROVIDER names no stand-in" |
      tee "$out/lacking" >&2
    exit 3
  fi
  TF_CLI_CONFIG_FILE=$("$stand_in" "$(pwd)/$out/provider")
  export TF_CLI_CONFIG_FILE
  init || { cat "$out/init.log" >&2; exit 1; }
  is_stand_in=yes
  echo "the registry of providers can't be reached: a stand-in checks google's arguments and their values"
fi

step "validate"
terraform validate -no-color

step "plans"
# tests FILE ARGUMENTS...: runs a file of tests, and says what came of it
tests() {
  local file=$1 status=0
  shift
  terraform test -json -filter="tests/$file.tftest.hcl" "$@" >"$out/$file.jsonl" || status=$?
  python tests/show.py "$out/$file.jsonl"
  return $status
}
tests inputs
tests safety
tests plans -verbose
for values in environments/*.tfvars; do
  echo "$values"
  tests environment -var-file="$values"
done

if [ -n "$is_stand_in" ]; then
  step "apply, plan again, destroy"
  ./cycle.sh "$(pwd)/$out"
fi

step "policies"
"$CHECKOV" --directory . --config-file .checkov.yaml | tee "$out/policies"
if grep -q "Parsing errors" "$out/policies"; then
  echo "checkov could not read a file, and so has not checked it" >&2
  exit 1
fi
