x <- as.matrix(iris[, 1:4])
rownames(x) <- sprintf("flower %d", seq_len(nrow(x)))
found <- centra::kmeans(x, 3, nstart = 10, threads = 2)

# The object is that of stats::kmeans, and what the package knows of it works.
expect_inherits(found, "kmeans")
beside <- stats::kmeans(x, found$centers)
expect_equal(setdiff(names(beside), names(found)), character())
for (name in names(beside)) {
    expect_identical(typeof(found[[name]]), typeof(beside[[name]]), info = name)
    expect_identical(attributes(found[[name]]), attributes(beside[[name]]), info = name)
}
expect_equal(found[c("cluster", "centers", "totss", "withinss", "tot.withinss", "betweenss", "size", "ifault")],
             beside[c("cluster", "centers", "totss", "withinss", "tot.withinss", "betweenss", "size", "ifault")])
expect_equal(round(found$tot.withinss, 6), 78.851441)
expect_stdout(print(found), "K-means clustering with 3 clusters of sizes")
expect_equal(fitted(found), fitted(beside))
expect_identical(fitted(found, "classes"), found$cluster)
expect_identical(predict(found), found$cluster)
expect_identical(predict(found, x), found$cluster)
expect_identical(predict(found, data.frame(5, 3, 1, 0.2)), predict(found, matrix(c(5, 3, 1, 0.2), 1)))

# One answer: threads change nothing, neither do integers, data frames and equal rows in place of weights.
expect_identical(centra::kmeans(x, 3, nstart = 10, threads = 1), found)
tens <- round(10 * x)
whole <- tens
storage.mode(whole) <- "integer"
bytes <- matrix(as.raw(whole), nrow(x), dimnames = dimnames(x))
expect_identical(centra::kmeans(whole, 4), centra::kmeans(tens, 4))
expect_identical(centra::kmeans(bytes, 4), centra::kmeans(tens, 4))
expect_identical(predict(centra::kmeans(tens, 4), bytes), centra::kmeans(tens, 4)$cluster)
expect_identical(centra::kmeans(as.data.frame(x), 3), centra::kmeans(x, 3))
copies <- rep(1:3, length.out = nrow(x))
weighted <- centra::kmeans(x, x[1:3, ], weights = copies)
repeated <- centra::kmeans(x[rep(seq_len(nrow(x)), copies), ], x[1:3, ])
expect_identical(weighted$centers, repeated$centers)
expect_identical(weighted[c("totss", "withinss", "tot.withinss", "betweenss")],
                 repeated[c("totss", "withinss", "tot.withinss", "betweenss")])
expect_equal(sum(weighted$size), nrow(x))

# The seed: a number is the answer's, and NULL leaves it to R's generator.
set.seed(1)
one <- centra::kmeans(x, 8, seed = NULL)
two <- centra::kmeans(x, 8, seed = NULL)
set.seed(1)
expect_identical(centra::kmeans(x, 8, seed = NULL), one)
expect_false(identical(one$centers, two$centers))
before <- .Random.seed
expect_identical(centra::kmeans(x, 8, seed = 5, init = "random"), centra::kmeans(x, 8, seed = 5, init = "random"))
expect_identical(.Random.seed, before)

# Arguments are not written.
start <- x[c(1, 51, 101), ]
kept <- start + 0
invisible(centra::kmeans(x, start))
expect_identical(start, kept)

# Too few iterations.
expect_warning(short <- centra::kmeans(x, 3, iter.max = 1), "did not converge in 1 iterations")
expect_identical(c(short$iter, short$ifault), c(1L, 2L))
expect_silent(centra::kmeans(x, 3, tol = 1e9))

# What is refused names R's rows and columns.
refused <- function(call, message, status = NA_integer_) {
    condition <- tryCatch(call, centra_error = identity)
    expect_inherits(condition, "centra_error", info = message)
    expect_identical(conditionMessage(condition), message)
    expect_identical(condition$status, status, info = message)
}
with <- function(value, row, column) {
    x[row, column] <- value
    x
}
refused(centra::kmeans(with(NA, 7, 2), 3), "x: NA in row 7 (flower 7), column 2 (Sepal.Width)", -3L)
refused(centra::kmeans(with(NaN, 1, 1), 3), "x: NaN in row 1 (flower 1), column 1 (Sepal.Length)", -3L)
refused(centra::kmeans(unname(with(-Inf, 150, 4)), 3), "x: -Inf in row 150, column 4", -3L)
refused(predict(found, with(NA, 2, 3)), "newdata: NA in row 2 (flower 2), column 3 (Petal.Length)", -3L)
refused(centra::kmeans(c(1, NA, 3), 2), "x: NA in row 2", -3L)
refused(centra::kmeans(x, with(NA, 1, 2)[1:3, ]), "centers: NA in row 1 (flower 1), column 2 (Sepal.Width)", -3L)
refused(centra::kmeans(x, 3, weights = replace(rep(1, 150), 9, NA)), "weights: NA in row 9", -3L)
refused(centra::kmeans(x, 3, weights = 1), "weights: not 150 numbers")
refused(centra::kmeans(x, 151), "centers: not a whole number from 1 to 150")
refused(centra::kmeans(x, 2.5), "centers: not a whole number from 1 to 150")
refused(centra::kmeans(x, x[1:3, 1:2]), "centers: 2 columns, but the points have 4")
refused(centra::kmeans(x, x[c(1:150, 1), ]), "centers: 151 rows, but x has 150")
refused(centra::kmeans(iris, 3), "x: character is not numeric")
refused(centra::kmeans(x[0, ], 3), "x: 0 rows and 4 columns")
refused(centra::kmeans(x, 3, iter.max = NA), "iter.max: not a whole number from 0 to 2147483647")
refused(centra::kmeans(x, 3, tol = -1), "tol: not a number of at least 0")
refused(predict(found, x[, 1:3]), "centers: 4 columns, but the points have 3")
refused(centra::kmeans(matrix(c(1, 2, 3, 2^600), 2), 1),
        "x: 4.149515568880993e180 at row 2, column 2 is so large that squared distances could overflow", -4L)
refused(predict(found, x * 2^600), paste("newdata: 3.2781172994159846e181 at row 132, column 1 is so large that squared distances",
                                         "could overflow"), -4L)
refused(centra::kmeans(x, 3, weights = replace(rep(1, 150), 9, -1)), "weights: -1 at index 9 is negative", -5L)
refused(centra::kmeans(x, 3, weights = rep(0, 150)), "weights: none is positive", -5L)
