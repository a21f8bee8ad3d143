output "services" {
  description = "The services that are enabled, agents and all."
  value       = concat([for each in google_project_service.first : each.service], [for each in google_project_service.rest : each.service])
  depends_on  = [terraform_data.service_agents]
}
