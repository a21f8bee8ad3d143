# What Google would compute and other resources read: made up at plan time, so that plans are known in full.

mock_resource "google_cloudfunctions2_function" {
  defaults = {
    service_config = { uri = "https://function.mock.run.app" }
  }
}

mock_resource "google_compute_network" {
  defaults = {}
}

mock_resource "google_data_catalog_policy_tag" {
  defaults = {}
}

mock_resource "google_data_catalog_taxonomy" {
  defaults = {}
}

mock_resource "google_dataproc_workflow_template" {
  defaults = {}
}

mock_resource "google_kms_crypto_key" {
  defaults = {}
}

mock_resource "google_kms_key_ring" {
  defaults = {}
}

mock_resource "google_logging_project_sink" {
  defaults = { writer_identity = "serviceAccount:sink@mock.iam.gserviceaccount.com" }
}

mock_resource "google_monitoring_dashboard" {
  defaults = {}
}

mock_resource "google_monitoring_notification_channel" {
  defaults = {}
}

mock_resource "google_pubsub_schema" {
  defaults = {}
}

mock_resource "google_pubsub_topic" {
  defaults = {}
}
