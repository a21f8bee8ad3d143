output "topics" {
  description = "Topics of events: their resource names by name."
  value       = { for name, topic in google_pubsub_topic.event : name => "projects/${var.project}/topics/${topic.name}" }
}

output "dead_letter_topics" {
  description = "Where a topic's messages go that can't be handled: resource names by the topic's name."
  value       = { for name, topic in google_pubsub_topic.dead : name => "projects/${var.project}/topics/${topic.name}" }
  depends_on  = [google_pubsub_topic_iam_member.dead]
}

output "dead_letter_subscriptions" {
  description = "Names of the subscriptions that hold what could not be handled."
  value = concat(
    [for each in google_pubsub_subscription.dead : each.name],
    [for name, each in google_pubsub_subscription.kept : each.name if name == var.names.dead_letters],
  )
}

output "pipeline_subscription" {
  description = "What the pipeline reads: the subscription's short name; null without a feed."
  value       = one(google_pubsub_subscription.pipeline[*].name)
}
