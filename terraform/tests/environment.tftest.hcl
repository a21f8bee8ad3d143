# The values of a deployment, named with -var-file, make a plan.

mock_provider "google" {
  source          = "./tests/mocks"
  override_during = plan
}

run "deployment" {
  command = plan

  variables {
    project           = "a-project"
    project_number    = "123456789012"
    functions_archive = "tests/mocks/google.tfmock.hcl"
  }

  assert {
    condition     = output.settings.GOOGLE_CLOUD_PROJECT == var.project
    error_message = "A deployment knows its project."
  }
}
