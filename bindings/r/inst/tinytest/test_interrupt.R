# A fit that would take hours ends after Ctrl-C, as the condition that R has for it, and another one follows.
if (.Platform$OS.type != "unix")
    exit_file("signals")
x <- matrix(sin(1:800000 * 1.7)^3, ncol = 8)
system(sprintf("(sleep 1; kill -INT %d) >/dev/null 2>&1 &", Sys.getpid()))
ended <- tryCatch(centra::kmeans(x, 20, iter.max = 1e9, nstart = 1e6, threads = 1), interrupt = function(condition) "interrupted")
expect_identical(ended, "interrupted")
expect_equal(sum(centra::kmeans(x[1:100, ], 3)$size), 100)
