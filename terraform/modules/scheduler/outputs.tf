output "jobs" {
  description = "The scheduler's jobs."
  value       = concat([google_cloud_scheduler_job.tick.name], google_cloud_scheduler_job.feed[*].name, [for each in google_cloud_scheduler_job.template : each.name])
}
