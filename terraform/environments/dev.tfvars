# A deployment to try things on: goes away with one destroy.
environment         = "dev"
architecture        = "1"
streaming           = false
deletion_protection = false
monthly_budget      = 100
cluster_shape       = "small" # new projects have quotas for little more
max_workers         = { primary = 4, secondary = 4 }
lake_days           = 30
