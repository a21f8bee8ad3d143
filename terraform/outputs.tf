output "environment" {
  description = "The settings, as lines for a shell: eval \"$(terraform output -raw environment)\"."
  value       = join("\n", [for name, value in local.environment : "export ${name}='${value}'"])
}

output "settings" {
  description = "The same, by name."
  value       = local.environment

  precondition {
    condition     = startswith(var.layout, "chicago") || !startswith(var.feed_url, "https://data.cityofchicago.org/") || !var.streaming
    error_message = "The feed of another department than Chicago's comes from another API: name its resource, feed_url."
  }
}

output "landing" {
  description = "Where incident files land."
  value       = "gs://${module.storage.buckets["landing"]}/"
}

output "reports" {
  description = "Where the latest report is."
  value       = "gs://${module.storage.buckets["reports"]}/latest/index.html"
}

output "functions" {
  description = "Where the functions are called, by name."
  value       = module.functions.urls
}

output "launch" {
  description = "The command that launches the streaming pipeline; null without a feed."
  value       = one(module.dataflow[*].launch)
}

output "image" {
  description = "What the streaming pipeline's image must be called; null without a feed."
  value       = var.streaming ? "${module.registry.host}/${var.stream_image}" : null
}

output "dashboard" {
  description = "The dashboard's id."
  value       = module.monitoring.dashboard
}
