# A deployment that people rely on. Name people, addresses and the billing account in a file of your own.
environment         = "prod"
architecture        = "both"
streaming           = true
deletion_protection = true
# audit_locked = true can't be undone: set it in a file of your own, once you are sure.
audit_days      = 730
fresh_hours     = 25
reject_share    = 0.01
backlog_minutes = 15
monthly_budget  = 1000
