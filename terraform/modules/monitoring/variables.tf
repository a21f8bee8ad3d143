variable "prefix" {
  description = "What the names begin with."
  type        = string
  default     = "crime"
}

variable "project" {
  description = "The project's id."
  type        = string
}

variable "project_number" {
  description = "The project's number."
  type        = string
}

variable "labels" {
  description = "Labels of alerts, and the labels that costs are told apart by."
  type        = map(string)
}

variable "notification_emails" {
  description = "Addresses that alerts go to."
  type        = set(string)
}

variable "subscriptions" {
  description = "Names of the subscriptions whose messages are to be handled soon."
  type        = list(string)
}

variable "dead_letter_subscriptions" {
  description = "Names of the subscriptions that hold what could not be handled."
  type        = list(string)
}

variable "dataset" {
  description = "The warehouse's dataset, for what alerts advise."
  type        = string
}

variable "streaming" {
  description = "Whether there is a live feed."
  type        = bool
}

variable "fresh_hours" {
  description = "Hours within which new answers are expected."
  type        = number
}

variable "fresh_goal" {
  description = "Share of days with new answers that is aimed at."
  type        = number
  default     = 0.95
}

variable "reject_share" {
  description = "Share of rejected rows above which someone is told."
  type        = number
}

variable "backlog_minutes" {
  description = "Age of the oldest message above which someone is told."
  type        = number
}

variable "billing_account" {
  description = "The billing account, or null for no budget."
  type        = string
}

variable "monthly_budget" {
  description = "What a month may cost, in whole units of the billing account's currency."
  type        = number
}
