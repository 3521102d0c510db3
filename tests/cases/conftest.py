"""Projects for our tests to work on. Their own tests fail on purpose and are not ours."""

collect_ignore_glob = ["*"]
