output "urls" {
  description = "Where the functions are called, by name."
  value       = { for name, function in google_cloudfunctions2_function.this : name => function.service_config[0].uri }
}

output "names" {
  description = "The functions' full names, by name."
  value       = { for name, function in google_cloudfunctions2_function.this : name => function.name }
}

output "subscriptions" {
  description = "Names of the subscriptions that push to functions."
  value       = [for each in google_pubsub_subscription.push : each.name]
}

output "accounts" {
  description = "In whose name each function runs."
  value       = { for name, function in google_cloudfunctions2_function.this : name => function.service_config[0].service_account_email }
}

output "ingress" {
  description = "Who reaches each function."
  value       = { for name, function in google_cloudfunctions2_function.this : name => function.service_config[0].ingress_settings }
}
