# Times beside stats::kmeans on 200,000 rows of 8 columns around 16 means, from the same starting centers to convergence.
set.seed(1)
n <- 200000
d <- 8
k <- 16
x <- matrix(rnorm(k * d, sd = 2), k)[sample.int(k, n, replace = TRUE), ] + rnorm(n * d)
start <- x[sample.int(n, k), ]
seconds <- function(fit) {
    times <- replicate(3, system.time(result <<- fit())[["elapsed"]])
    cat(sprintf("%8.2f s  %3d iterations  sum of squares %.6f%s\n", min(times), result$iter, result$tot.withinss,
                if (isTRUE(result$ifault > 0)) sprintf("  not converged (ifault %d)", result$ifault) else ""))
    result
}
cat("stats::kmeans, Hartigan-Wong\n")
hartigan <- suppressWarnings(seconds(function() stats::kmeans(x, start, iter.max = 1000)))
cat("stats::kmeans, Lloyd\n")
lloyd <- seconds(function() stats::kmeans(x, start, iter.max = 1000, algorithm = "Lloyd"))
cat("centra::kmeans, one thread\n")
one <- seconds(function() centra::kmeans(x, start, iter.max = 1000, threads = 1))
cat("centra::kmeans, all cores\n")
all <- seconds(function() centra::kmeans(x, start, iter.max = 1000))
stopifnot(identical(one, all), all.equal(one$centers, lloyd$centers))
