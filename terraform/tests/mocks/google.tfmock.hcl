# What Google would compute, and what expressions here read.

mock_resource "google_cloudfunctions2_function" {
  defaults = {
    service_config = { uri = "https://function-of-mock.a.run.app" }
  }
}
