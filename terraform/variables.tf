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

  validation {
    condition     = can(regex("^[a-z]+-[a-z]+[0-9]+$", var.region))
    error_message = "A region is a name such as us-central1; a zone such as us-central1-a is none."
  }
}

variable "prefix" {
  description = "What all names begin with: another one for another deployment in the same project."
  type        = string
  default     = "crime"

  validation {
    # service accounts' names have 6 to 30 characters; metrics are told apart by what comes before the first hyphen
    condition     = can(regex("^[a-z][a-z0-9]{1,11}$", var.prefix))
    error_message = "A prefix is 2 to 12 lower-case letters and digits, a letter first."
  }
}

variable "environment" {
  description = "The label by which bills and dashboards tell deployments apart."
  type        = string
  default     = "dev"

  validation {
    condition     = can(regex("^[a-z][a-z0-9_-]{0,62}$", var.environment))
    error_message = "A label's value: a lower-case letter, then up to 62 lower-case letters, digits, _ and -."
  }
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

  validation {
    condition     = var.shift_years == floor(var.shift_years) && abs(var.shift_years) <= 1000
    error_message = "A whole number of years, from -1000 to 1000."
  }
}

variable "layout" {
  description = "Layout of the department whose incidents the warehouse holds: chicago, chicago_bigquery, new_york, los_angeles, generic, or a gs:// URI of a .toml file in the code bucket, whose areas `crime-pipelines warehouse setup` fills in."
  type        = string
  default     = "chicago"

  validation {
    condition     = contains(["chicago", "chicago_bigquery", "new_york", "los_angeles", "generic"], var.layout) || can(regex("^gs://${var.project}-crime-code/([A-Za-z0-9_-][A-Za-z0-9._-]*/)*[A-Za-z0-9_-][A-Za-z0-9._-]*[.]toml$", var.layout))
    error_message = "A layout that comes with the package, or gs://PROJECT-crime-code/FOLDER/NAME.toml."
  }
}

variable "package_version" {
  description = "The version of crime-pipelines that `crime-pipelines dataproc publish` has put up."
  type        = string
  default     = "0.1.0"

  validation {
    condition     = can(regex("^[0-9]+(\\.[0-9]+)*([a-z]+[0-9]+)?$", var.package_version))
    error_message = "A version, such as 0.1.0."
  }
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

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9/_.-]*(:[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}|@sha256:[0-9a-f]{64})$", var.stream_image))
    error_message = "NAME:TAG, or NAME@sha256:DIGEST."
  }
}

# When

variable "sources" {
  description = "URIs that runs may read below, such as gs://bucket/exports; the landing bucket alone if empty. Runs need the right to read them as well."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for each in var.sources : can(regex("^gs://[a-z0-9][a-z0-9._-]{1,220}[a-z0-9](/[^,*?\\[:]*)?$", each))])
    error_message = "Each of sources is gs://BUCKET or gs://BUCKET/FOLDER: no wildcard, no comma, no colon."
  }
}

variable "schedule" {
  description = "When the scheduler ticks, as cron says it; each tick reads the whole landing bucket."
  type        = string
  default     = "15 6 * * *"

  validation {
    condition     = can(regex("^(@(hourly|daily|weekly|monthly)|([0-9*/,-]+\\s+){2}([0-9*/,-]+|L)\\s+([0-9*/,-]|[A-Za-z]{3})+\\s+([0-9*/,-]|[A-Za-z]{3})+)$", var.schedule))
    error_message = "Five fields as cron writes them: minute, hour, day of month, month, day of week."
  }
}

variable "second_schedule" {
  description = "With both architectures: when architecture 2 reads the whole landing bucket."
  type        = string
  default     = "15 9 * * 0"

  validation {
    condition     = can(regex("^(@(hourly|daily|weekly|monthly)|([0-9*/,-]+\\s+){2}([0-9*/,-]+|L)\\s+([0-9*/,-]|[A-Za-z]{3})+\\s+([0-9*/,-]|[A-Za-z]{3})+)$", var.second_schedule))
    error_message = "Five fields as cron writes them: minute, hour, day of month, month, day of week."
  }
}

variable "feed_schedule" {
  description = "When the feed asks the City's API for what is new."
  type        = string
  default     = "*/15 * * * *"

  validation {
    condition     = can(regex("^(@(hourly|daily|weekly|monthly)|([0-9*/,-]+\\s+){2}([0-9*/,-]+|L)\\s+([0-9*/,-]|[A-Za-z]{3})+\\s+([0-9*/,-]|[A-Za-z]{3})+)$", var.feed_schedule))
    error_message = "Five fields as cron writes them: minute, hour, day of month, month, day of week."
  }
}

variable "feed_url" {
  description = "The API's resource that new incidents come from, ending in .json."
  type        = string
  default     = "https://data.cityofchicago.org/resource/ijzp-q8t2.json"

  validation {
    condition     = can(regex("^https://[a-z0-9.-]+(:[0-9]+)?/\\S+\\.json$", var.feed_url))
    error_message = "An https URL that ends in .json, without blanks."
  }
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

  validation {
    condition     = can(regex("^[A-Za-z]+(/[A-Za-z0-9_+-]+)*$", var.time_zone))
    error_message = "A name of the tz database, such as America/Chicago."
  }
}

# Who

variable "batch_starters" {
  description = "IAM members that may start runs as serverless batches. A batch runs whatever code its maker names as a job's account, which reads and writes every incident: name nobody who may not."
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for member in var.batch_starters : can(regex("^(user|group|serviceAccount|domain|principal|principalSet):\\S+$", member))])
    error_message = "IAM members, such as group:operators@example.org; nothing here is opened to everyone."
  }
}

variable "operators" {
  description = "IAM members that may start, watch and end runs."
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for member in var.operators : can(regex("^(user|group|serviceAccount|domain|principal|principalSet):\\S+$", member))])
    error_message = "IAM members, such as group:operators@example.org; nothing here is opened to everyone."
  }
}

variable "analysts" {
  description = "IAM members that may read the answers and the reports."
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for member in var.analysts : can(regex("^(user|group|serviceAccount|domain|principal|principalSet):\\S+$", member))])
    error_message = "IAM members, such as group:operators@example.org; nothing here is opened to everyone."
  }
}

variable "investigators" {
  description = "IAM members that may read incidents, with block, coordinates and raw rows masked."
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for member in var.investigators : can(regex("^(user|group|serviceAccount|domain|principal|principalSet):\\S+$", member))])
    error_message = "IAM members, such as group:operators@example.org; nothing here is opened to everyone."
  }
}

variable "fine_grained_readers" {
  description = "IAM members that see block, coordinates and raw rows as they are; they must be investigators too."
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for member in var.fine_grained_readers : can(regex("^(user|group|serviceAccount|domain|principal|principalSet):\\S+$", member))])
    error_message = "IAM members, such as group:operators@example.org; nothing here is opened to everyone."
  }
}

variable "publish_readers" {
  description = "IAM members that may read the views of what is fit to be published, and nothing else."
  type        = set(string)
  default     = []

  validation {
    condition     = !contains(var.publish_readers, "allUsers") && !contains(var.publish_readers, "allAuthenticatedUsers")
    error_message = "Nothing here is opened to everyone; publish a copy instead."
  }

  validation {
    condition     = alltrue([for member in var.publish_readers : member == "allUsers" || member == "allAuthenticatedUsers" || can(regex("^(user|group|serviceAccount|domain|principal|principalSet):\\S+$", member))])
    error_message = "IAM members, such as group:press@example.org."
  }
}

# How safe

variable "key_ring" {
  description = "The key ring's name, the prefix unless given. Key rings can't be deleted: after a destroy, a new deployment needs a new name."
  type        = string
  default     = null

  validation {
    condition     = var.key_ring == null || can(regex("^[a-zA-Z0-9_-]{1,63}$", var.key_ring))
    error_message = "Up to 63 letters, digits, _ and -."
  }
}

variable "key_rotation" {
  description = "How often keys rotate, in seconds with an s."
  type        = string
  default     = "7776000s" # 90 days

  validation {
    condition     = try(tonumber(trimsuffix(var.key_rotation, "s")) >= 86400 && tonumber(trimsuffix(var.key_rotation, "s")) <= 31536000, false) && endswith(var.key_rotation, "s")
    error_message = "Between a day, 86400s, and a year, 31536000s."
  }
}

variable "deletion_protection" {
  description = "Whether tables, datasets, buckets, keys and secrets refuse to be destroyed."
  type        = bool
  default     = true
}

variable "landing_days" {
  description = "Days after which landed files go to colder storage."
  type        = number
  default     = 90

  validation {
    condition     = var.landing_days >= 1
    error_message = "At least a day."
  }
}

variable "load_again" {
  description = "Another number loads the tables of areas and of the department again: needed where a deployment is made anew in the same project."
  type        = number
  default     = 1
}

variable "lake_days" {
  description = "Days after which a run's files in the lake are deleted; the warehouse keeps its rows."
  type        = number
  default     = 365

  validation {
    condition     = var.lake_days >= 1
    error_message = "At least a day."
  }
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

  validation {
    condition     = var.access_policy == null || can(regex("^[0-9]+$", var.access_policy))
    error_message = "The policy's number; gcloud access-context-manager policies list tells it."
  }
}

variable "subnet_range" {
  description = "Addresses of clusters and workers."
  type        = string
  default     = "10.20.0.0/20"

  validation {
    condition     = can(cidrnetmask(var.subnet_range)) && try(tonumber(split("/", var.subnet_range)[1]) <= 28, false)
    error_message = "An IPv4 range such as 10.20.0.0/20, of at least 16 addresses."
  }
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

  validation {
    condition     = alltrue([for address in var.notification_emails : can(regex("^[^@\\s]+@[^@\\s]+\\.[^@\\s]+$", address))])
    error_message = "Email addresses, such as duty@example.org."
  }
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

  validation {
    condition     = var.reject_share > 0 && var.reject_share <= 1
    error_message = "A share above 0, at most 1: 0.02 is 2 %."
  }
}

variable "backlog_minutes" {
  description = "Age in minutes of the oldest message that is not handled, above which someone is told."
  type        = number
  default     = 30

  validation {
    condition     = var.backlog_minutes >= 1
    error_message = "At least a minute."
  }
}

variable "billing_account" {
  description = "The billing account, for a budget; none without."
  type        = string
  default     = null

  validation {
    condition     = var.billing_account == null || can(regex("^[0-9A-Z]{6}-[0-9A-Z]{6}-[0-9A-Z]{6}$", var.billing_account))
    error_message = "A billing account's id: three groups of six, such as 0A0A0A-0B0B0B-0C0C0C."
  }
}

variable "monthly_budget" {
  description = "What a month may cost, in whole units of the billing account's currency."
  type        = number
  default     = 300

  validation {
    condition     = var.monthly_budget >= 1 && var.monthly_budget == floor(var.monthly_budget)
    error_message = "A whole number of at least 1."
  }
}

variable "cluster_shape" {
  description = "The machines of clusters. single: one with 4 vCPU; small: three with 10 together; standard: three with 20, which grow."
  type        = string
  default     = "standard"

  validation {
    condition     = contains(["standard", "small", "single"], var.cluster_shape)
    error_message = "There are standard, small and single."
  }
}

variable "max_workers" {
  description = "Most primary and secondary workers that a cluster grows to."
  type = object({
    primary   = optional(number, 10)
    secondary = optional(number, 20)
  })
  default = {}

  validation {
    condition     = var.max_workers.primary >= 2 && var.max_workers.secondary >= 0
    error_message = "At least two primary workers: Dataproc's clusters have no fewer."
  }
}
