output "keys" {
  description = "The keys' ids by kind of store, once those who encrypt may."
  value       = { for name, key in google_kms_crypto_key.this : name => key.id }
  depends_on  = [google_kms_crypto_key_iam_member.agents, google_project_iam_member.service_agents]
}

output "emails" {
  description = "The service accounts' addresses, by name."
  value = {
    for name, account in google_service_account.this : name => "${account.account_id}@${var.project}.iam.gserviceaccount.com"
  }
  # Whatever runs as one of them is started by an agent.
  depends_on = [google_project_iam_member.service_agents]
}

output "account_names" {
  description = "The service accounts' resource names, by name."
  value = {
    for name, account in google_service_account.this :
    name => "projects/${var.project}/serviceAccounts/${account.account_id}@${var.project}.iam.gserviceaccount.com"
  }
}

output "agents" {
  description = "Addresses of Google's own service agents."
  value       = local.agent
}

output "roles" {
  description = "The custom roles' ids."
  value = {
    run_starter   = "projects/${var.project}/roles/${google_project_iam_custom_role.run_starter.role_id}"
    batch_starter = "projects/${var.project}/roles/${google_project_iam_custom_role.batch_starter.role_id}"
    run_operator  = "projects/${var.project}/roles/${google_project_iam_custom_role.run_operator.role_id}"
    row_appender  = "projects/${var.project}/roles/${google_project_iam_custom_role.row_appender.role_id}"
    row_writer    = "projects/${var.project}/roles/${google_project_iam_custom_role.row_writer.role_id}"
    cluster_node  = "projects/${var.project}/roles/${google_project_iam_custom_role.cluster_node.role_id}"
  }
}

output "feed_token" {
  description = "The id of the feed token's secret; null without a feed."
  value       = one(google_secret_manager_secret.feed_token[*].secret_id)
}

output "audit_writer" {
  description = "Who writes the audit logs."
  value       = google_logging_project_sink.audit.writer_identity
}
