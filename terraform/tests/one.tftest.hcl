mock_provider "google" {
  source          = "./tests/mocks"
  override_during = plan
}
variables { 
  project = "a-project"
  project_number = "123456789012"
  functions_archive = "tests/mocks/google.tfmock.hcl"
}
run "one" { command = plan }
run "both" { 
  command = plan 
  variables { 
    architecture = "both" 
    streaming = true 
    operators = ["group:ops@example.org"]
    billing_account = "AAAAAA-BBBBBB-CCCCCC"
    notification_emails = ["a@example.org"]
    access_policy = "42"
  }
}
