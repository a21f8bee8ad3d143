output "dashboard" {
  description = "The dashboard's id."
  value       = google_monitoring_dashboard.this.id
}

output "metrics" {
  description = "Names of the metrics made from logs."
  value       = [for each in google_logging_metric.this : each.name]
}
