# Times beside stats::kmeans on 200,000 rows of 8 columns around 16 means, from the same starting centers to convergence, or as far
# as the method comes: the best of three rounds, in which the four take turns.
set.seed(1)
n <- 200000
d <- 8
k <- 16
x <- matrix(rnorm(k * d), k)[sample.int(k, n, replace = TRUE), ] + rnorm(n * d)
start <- suppressWarnings(centra::kmeans(x, k, iter.max = 0))$centers # those of k-means++
fits <- list(
    "stats::kmeans, Hartigan-Wong" = function() stats::kmeans(x, start, iter.max = 1000),
    "stats::kmeans, Lloyd" = function() stats::kmeans(x, start, iter.max = 1000, algorithm = "Lloyd"),
    "centra::kmeans, one thread" = function() centra::kmeans(x, start, iter.max = 1000, threads = 1),
    "centra::kmeans, all cores" = function() centra::kmeans(x, start, iter.max = 1000)
)
found <- lapply(fits, function(fit) suppressWarnings(fit()))
# Of each fit the time on the wall, and that of all cores.
seconds <- function(fit) {
    time <- system.time(suppressWarnings(fit()))
    c(time[["elapsed"]], time[["user.self"]] + time[["sys.self"]])
}
times <- replicate(3, vapply(fits, seconds, c(0, 0)))
print(data.frame(elapsed = apply(times[1, , ], 1, min), cpu = apply(times[2, , ], 1, min),
                 iterations = vapply(found, function(one) one$iter, 0L),
                 converged = vapply(found, function(one) !isTRUE(one$ifault > 0), NA),
                 sum.of.squares = vapply(found, function(one) one$tot.withinss, 0),
                 row.names = names(fits)), digits = 8)
stopifnot(identical(found[[3]], found[[4]]), all.equal(found[[2]]$centers, found[[3]]$centers))
