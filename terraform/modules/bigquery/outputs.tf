output "dataset" {
  description = "The warehouse's dataset, once its tables and views stand."
  value       = google_bigquery_dataset.this[var.dataset].dataset_id
  depends_on  = [google_bigquery_table.this, google_bigquery_table.view, google_bigquery_table.live]
}

output "answers_dataset" {
  description = "The dataset of the answers, once its tables stand."
  value       = google_bigquery_dataset.this[var.answers_dataset].dataset_id
  depends_on  = [google_bigquery_table.this]
}

output "published_dataset" {
  description = "The dataset of views of what is fit to be published."
  value       = google_bigquery_dataset.this[var.published_dataset].dataset_id
}

output "staging_dataset" {
  description = "The dataset that runs load into."
  value       = google_bigquery_dataset.this[var.staging_dataset].dataset_id
}
