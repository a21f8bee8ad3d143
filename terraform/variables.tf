# Where

variable "project" {
  description = "The project's id."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.project))
    error_message = "A project's id is 6 to 30 lower-case letters, digits and hyphens, a letter first."
  }
}

variable "project_number" {
  description = "The project's number: Google's own service agents are named by it."
  type        = string

  validation {
    condition     = can(regex("^[0-9]+$", var.project_number))
    error_message = "A project's number has digits only; gcloud projects describe PROJECT tells it."
  }
}

variable "region" {
  description = "Where everything runs and everything lies."
  type        = string
  default     = "us-central1"
}

variable "environment" {
  description = "The label by which bills and dashboards tell deployments apart."
  type        = string
  default     = "dev"
}

# What

variable "architecture" {
  description = "1: Parquet in the lake, then BigQuery. 2: straight to BigQuery. both: 1 takes the events, 2 has a schedule of its own."
  type        = string
  default     = "1"

  validation {
    condition     = contains(["1", "2", "both"], var.architecture)
    error_message = "There are 1, 2 and both."
  }
}

variable "streaming" {
  description = "Whether there is a live feed: topics, dead letters and the Dataflow template."
  type        = bool
  default     = false
}

variable "shift_years" {
  description = "Calendar years that every date is moved by."
  type        = number
  default     = 3
}

variable "package_version" {
  description = "The version of crime-pipelines that `crime-pipelines dataproc publish` has put up."
  type        = string
  default     = "0.1.0"
}

variable "functions_archive" {
  description = "The functions' source, as `make functions` builds it."
  type        = string
  default     = "../build/functions.zip"
}

variable "stream_image" {
  description = "Image of the streaming pipeline in the registry, NAME:TAG."
  type        = string
  default     = "crime-stream:0.1.0"
}

# When

variable "schedule" {
  description = "When the scheduler ticks, as cron says it; each tick reads the whole landing bucket."
  type        = string
  default     = "15 6 * * *"
}

variable "second_schedule" {
  description = "With both architectures: when architecture 2 reads the whole landing bucket."
  type        = string
  default     = "15 9 * * 0"
}

variable "feed_schedule" {
  description = "When the feed asks the City's API for what is new."
  type        = string
  default     = "*/15 * * * *"
}

variable "feed_url" {
  description = "The API's resource that new incidents come from, ending in .json."
  type        = string
  default     = "https://data.cityofchicago.org/resource/ijzp-q8t2.json"
}

variable "feed_token" {
  description = "Whether the secret crime-feed-token has a value yet; without one, the feed asks without a token."
  type        = bool
  default     = false
}

variable "time_zone" {
  description = "The time zone of the schedules."
  type        = string
  default     = "America/Chicago"
}

# Who

variable "operators" {
  description = "IAM members that may start, watch and end runs."
  type        = set(string)
  default     = []
}

variable "analysts" {
  description = "IAM members that may read the answers and the reports."
  type        = set(string)
  default     = []
}

variable "investigators" {
  description = "IAM members that may read incidents, with block, coordinates and raw rows masked."
  type        = set(string)
  default     = []
}

variable "fine_grained_readers" {
  description = "IAM members that see block, coordinates and raw rows as they are; they must be investigators too."
  type        = set(string)
  default     = []
}

variable "publish_readers" {
  description = "IAM members that may read the counts made for publishing, and nothing else."
  type        = set(string)
  default     = []

  validation {
    condition     = !contains(var.publish_readers, "allUsers") && !contains(var.publish_readers, "allAuthenticatedUsers")
    error_message = "Nothing here is opened to everyone; publish a copy instead."
  }
}

# How safe

variable "key_ring" {
  description = "The key ring's name. Key rings can't be deleted: after a destroy, a new deployment needs a new name."
  type        = string
  default     = "crime"
}

variable "key_rotation" {
  description = "How often keys rotate, in seconds with an s."
  type        = string
  default     = "7776000s" # 90 days

  validation {
    condition     = can(regex("^[0-9]+s$", var.key_rotation)) && tonumber(trimsuffix(var.key_rotation, "s")) >= 86400 && tonumber(trimsuffix(var.key_rotation, "s")) <= 31536000
    error_message = "Between a day, 86400s, and a year, 31536000s."
  }
}

variable "deletion_protection" {
  description = "Whether tables, datasets, buckets, keys and secrets refuse to be destroyed."
  type        = bool
  default     = true
}

variable "minimum_count" {
  description = "Counts below this are left out of what is published."
  type        = number
  default     = 10

  validation {
    condition     = var.minimum_count >= 5
    error_message = "Counts below 5 can point at people."
  }
}

variable "landing_days" {
  description = "Days after which landed files go to colder storage."
  type        = number
  default     = 90
}

variable "load_again" {
  description = "Another number loads the table of areas again: needed where a deployment is made anew in the same project."
  type        = number
  default     = 1
}

variable "lake_days" {
  description = "Days after which a run's files in the lake are deleted; the warehouse keeps its rows."
  type        = number
  default     = 365
}

variable "audit_days" {
  description = "Days that audit logs are kept and can't be deleted."
  type        = number
  default     = 365

  validation {
    condition     = var.audit_days >= 365
    error_message = "CJIS asks for audit records of at least a year."
  }
}

variable "audit_locked" {
  description = "Whether the audit logs' retention is locked. This can't be undone, and the bucket outlives a destroy."
  type        = bool
  default     = false
}

variable "access_policy" {
  description = "Number of the organisation's access policy, for a VPC Service Controls perimeter in dry run; none without."
  type        = string
  default     = null
}

variable "subnet_range" {
  description = "Addresses of clusters and workers."
  type        = string
  default     = "10.20.0.0/20"
}

variable "http_ingress" {
  description = "Who reaches the function that starts runs over HTTP; the caller is checked by IAM in any case."
  type        = string
  default     = "ALLOW_INTERNAL_ONLY"

  validation {
    condition     = contains(["ALLOW_INTERNAL_ONLY", "ALLOW_INTERNAL_AND_GCLB", "ALLOW_ALL"], var.http_ingress)
    error_message = "There are ALLOW_INTERNAL_ONLY, ALLOW_INTERNAL_AND_GCLB and ALLOW_ALL."
  }
}

# How watched, how dear

variable "notification_emails" {
  description = "Addresses that alerts go to."
  type        = set(string)
  default     = []
}

variable "fresh_hours" {
  description = "Hours within which new answers are expected; Cloud Monitoring looks back 25 at most."
  type        = number
  default     = 25

  validation {
    condition     = var.fresh_hours >= 1 && var.fresh_hours <= 25
    error_message = "Between 1 and 25."
  }
}

variable "reject_share" {
  description = "Share of rejected rows in a day above which someone is told."
  type        = number
  default     = 0.02
}

variable "backlog_minutes" {
  description = "Age in minutes of the oldest message that is not handled, above which someone is told."
  type        = number
  default     = 30
}

variable "billing_account" {
  description = "The billing account, for a budget; none without."
  type        = string
  default     = null
}

variable "monthly_budget" {
  description = "What a month may cost, in whole units of the billing account's currency."
  type        = number
  default     = 300
}

variable "max_workers" {
  description = "Most primary and secondary workers that a cluster grows to."
  type = object({
    primary   = optional(number, 10)
    secondary = optional(number, 20)
  })
  default = {}
}
