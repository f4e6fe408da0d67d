# The file of inputs and answers that every language compares with; it is in the repository, not in the package.
path <- Sys.getenv("CENTRA_GOLDEN")
if (!nzchar(path))
    exit_file("CENTRA_GOLDEN does not name tests/data/golden.txt")
words <- scan(path, "", comment.char = "#", quiet = TRUE)
at <- 0L

take <- function(count) {
    force(count) # which may take words itself
    at <<- at + count
    words[at - count + seq_len(count)]
}
keyword <- function(expected) stopifnot(identical(take(1L), expected))
number <- function(name) {
    keyword(name)
    as.numeric(take(1L))
}
# The bytes of words of so many digits, the highest first.
bytes <- function(words, digits) {
    from <- seq(1L, digits, 2L)
    as.raw(strtoi(vapply(words, substring, character(digits / 2), from, from + 1L), 16L))
}
reals <- function(words, digits = 16L) readBin(bytes(words, digits), "double", length(words), digits / 2, endian = "big")
rows <- function(values, d) matrix(values, ncol = d, byrow = TRUE)

inits <- c("k-means++", "random", NA, "k-means||")
cases <- 0L
while (take(1L) == "case") {
    name <- take(1L)
    keyword("type")
    type <- take(1L)
    n <- number("n")
    d <- number("d")
    k <- number("k")
    init <- inits[number("init") + 1]
    seed <- number("seed")
    weighted <- number("weighted") == 1
    take(number("chunks"))
    keyword("points")
    coordinates <- take(n * d)
    x <- rows(switch(type, f64 = reals(coordinates), f32 = reals(coordinates, 8L), u8 = bytes(coordinates, 2L)), d)
    weights <- NULL
    if (weighted) {
        keyword("weights")
        weights <- reals(take(n))
    }
    keyword("start")
    start <- rows(reals(take(k * d)), d)
    keyword("labels")
    labels <- as.integer(take(n)) + 1L
    keyword("centers")
    centers <- rows(reals(take(k * d)), d)
    keyword("inertia")
    inertia <- reals(take(1L))
    iterations <- number("iterations")
    for (threads in 1:2) {
        drawn <- centra::kmeans(x, k, init = init, seed = seed, weights = weights, threads = threads)
        given <- centra::kmeans(x, start, weights = weights, threads = threads)
        for (found in list(drawn, given)) {
            expect_true(all(found$cluster == labels), info = name)
            expect_true(all(found$centers == centers), info = name)
            expect_true(found$tot.withinss == inertia, info = name)
            expect_true(found$iter == iterations, info = name)
            expect_true(all(predict(found, x, threads = threads) == labels), info = name)
        }
    }
    cases <- cases + 1L
}
expect_equal(cases, 8L)
