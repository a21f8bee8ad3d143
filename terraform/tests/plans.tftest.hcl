# Whole plans, of each choice that the root offers. tests/terraform reads what these runs plan.

mock_provider "google" {
  source          = "./tests/mocks"
  override_during = plan
}

variables {
  project           = "a-project"
  project_number    = "123456789012"
  functions_archive = "tests/mocks/google.tfmock.hcl"
}

run "architecture_1" {
  command = plan

  assert {
    condition     = keys(module.dataproc.templates) == ["1"] && contains(keys(module.functions.names), "load-tables")
    error_message = "Architecture 1 has its template and loads from the lake."
  }

  assert {
    condition     = output.launch == null && !contains(values(google_project_iam_member.this)[*].role, "roles/dataflow.worker")
    error_message = "Without a feed there is no pipeline."
  }
}

run "architecture_2" {
  command = plan

  variables {
    architecture = "2"
  }

  assert {
    condition     = keys(module.dataproc.templates) == ["2"] && !contains(keys(module.functions.names), "load-tables")
    error_message = "Architecture 2 has its template, and loads nothing from the lake."
  }

  assert {
    condition     = output.settings.CRIME_TEMPLATE == "crime-architecture-2" && length(module.scheduler.jobs) == 1
    error_message = "Events start architecture 2."
  }
}

run "everything" {
  command = plan

  variables {
    architecture         = "both"
    streaming            = true
    feed_token           = true
    operators            = ["group:operators@example.org"]
    analysts             = ["group:analysts@example.org"]
    investigators        = ["group:investigators@example.org", "group:detectives@example.org"]
    fine_grained_readers = ["group:detectives@example.org"]
    publish_readers      = ["group:press@example.org"]
    notification_emails  = ["duty@example.org"]
    billing_account      = "AAAAAA-BBBBBB-CCCCCC"
    access_policy        = "42"
  }

  assert {
    condition     = keys(module.dataproc.templates) == ["1", "2"] && length(module.scheduler.jobs) == 3
    error_message = "Both templates, the second with a schedule of its own."
  }

  assert {
    condition     = length(distinct(values(module.functions.accounts))) == length(module.functions.accounts)
    error_message = "Every function has an account of its own."
  }

  assert {
    condition     = alltrue([for ingress in values(module.functions.ingress) : ingress == "ALLOW_INTERNAL_ONLY"])
    error_message = "No function is reached from the internet."
  }

  assert {
    condition = length(setintersection(["allUsers", "allAuthenticatedUsers"], concat(
      values(google_project_iam_member.this)[*].member,
      values(google_storage_bucket_iam_member.this)[*].member,
      values(google_storage_bucket_iam_member.people)[*].member,
      values(google_bigquery_dataset_iam_member.this)[*].member,
      values(google_bigquery_dataset_iam_member.people)[*].member,
      values(google_pubsub_topic_iam_member.this)[*].member,
    ))) == 0
    error_message = "Nothing is open to everyone."
  }

  assert {
    condition     = length(setintersection(["roles/owner", "roles/editor", "roles/viewer"], values(google_project_iam_member.this)[*].role)) == 0
    error_message = "No primitive roles."
  }

  assert {
    condition     = contains([for each in google_pubsub_topic_iam_member.this : each.member if each.topic == "incident-files"], "serviceAccount:service-123456789012@gs-project-accounts.iam.gserviceaccount.com")
    error_message = "Cloud Storage may tell of landed files."
  }
}

run "a_layout_of_ones_own" {
  command = plan

  variables {
    layout    = "gs://a-project-crime-code/layouts/mine.toml"
    streaming = true
    feed_url  = "https://data.example.org/resource/abcd-1234.json"
  }

  assert {
    condition     = output.settings.CRIME_LAYOUT == var.layout && contains(keys(google_storage_bucket_iam_member.this), "feed reads its layout")
    error_message = "The layout is a setting, and the function that polls may read it."
  }
}

run "no_feed_of_another_department" {
  command = plan

  variables {
    layout    = "new_york"
    streaming = true
  }

  expect_failures = [output.settings]
}

# In the same project as another deployment: tests/terraform holds their names against each other's.
run "second_deployment" {
  command = plan

  variables {
    prefix        = "second"
    architecture  = "both"
    streaming     = true
    feed_token    = true
    cluster_shape = "single"
  }

  assert {
    condition     = output.settings.CRIME_DATASET == "second" && output.settings.CRIME_FILES_TOPIC == "second-incident-files"
    error_message = "Names begin with the prefix."
  }
}

run "no_open_publishing" {
  command = plan

  variables {
    publish_readers = ["allUsers"]
  }

  expect_failures = [var.publish_readers]
}

run "no_short_audit" {
  command = plan

  variables {
    audit_days = 30
  }

  expect_failures = [var.audit_days]
}
