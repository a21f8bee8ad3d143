variable "prefix" {
  description = "What the names begin with."
  type        = string
  default     = "crime"
}

variable "project" {
  description = "The project's id."
  type        = string
}

variable "region" {
  description = "The functions' region."
  type        = string
}

variable "labels" {
  description = "Labels of functions and subscriptions."
  type        = map(string)
}

variable "kms_key" {
  description = "The key that source and images are encrypted with."
  type        = string
}

variable "functions" {
  description = "The functions by name without the prefix; topic is null for one that is called over HTTP, secrets are ids by environment variable."
  type = map(object({
    description = string
    entry_point = string
    account     = string
    topic       = optional(string)
    memory      = optional(string, "512Mi")
    instances   = optional(number, 5)
    ingress     = optional(string, "ALLOW_INTERNAL_ONLY")
    invokers    = optional(set(string), [])
    secrets     = optional(map(string), {})
  }))
}

variable "environment" {
  description = "The settings, as environment variables."
  type        = map(string)
}

variable "archive" {
  description = "The source, a zip file."
  type        = string
}

variable "code_bucket" {
  description = "The bucket that the source is put into."
  type        = string
}

variable "repository" {
  description = "The repository of the functions' images."
  type        = string
}

variable "build_account" {
  description = "The resource name of the account that builds images."
  type        = string
}

variable "push_account" {
  description = "The address of the account in whose name Pub/Sub calls."
  type        = string
}

variable "pubsub_agent" {
  description = "The address of Pub/Sub's service agent."
  type        = string
}

variable "topics" {
  description = "Resource names of topics by name."
  type        = map(string)
}

variable "dead_letter_topics" {
  description = "Resource names of dead-letter topics, by the name of the topic that they are for."
  type        = map(string)
}

variable "timeout_seconds" {
  description = "How long a function may take; Pub/Sub waits 600 seconds at most."
  type        = number
  default     = 540
}
