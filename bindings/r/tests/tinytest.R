if (requireNamespace("tinytest", quietly = TRUE)) tinytest::test_package("centra", verbose = 1)
