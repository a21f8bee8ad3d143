output "templates" {
  description = "The workflow templates' ids, by architecture."
  value       = { for architecture, template in google_dataproc_workflow_template.this : architecture => template.name }
}

output "autoscaling" {
  description = "The autoscaling policy's id."
  value       = google_dataproc_autoscaling_policy.this.policy_id
}
