# k-means of the rows of a matrix, as an object of class "kmeans" of package stats with the class "centra" before it.
kmeans <- function(x, centers, iter.max = 300L, nstart = 1L, init = c("k-means++", "random", "k-means||"),
                   seed = 0, weights = NULL, tol = 0, threads = 0L) {
    x <- points(x)
    n <- nrow(x)
    d <- ncol(x)
    init <- match(match.arg(init), c("k-means++", "random", NA, "k-means||")) - 1L
    if (length(centers) == 1L && is.null(dim(centers))) {
        start <- NULL
        k <- number(centers, "centers", 1, n)
    } else {
        start <- rows(centers, d)
        k <- nrow(start)
        if (k > n)
            refuse(sprintf("centers: %d rows, but x has %d", k, n))
    }
    iter.max <- number(iter.max, "iter.max", 0, 2^31 - 1)
    nstart <- number(nstart, "nstart", 1, 2^31 - 1)
    threads <- number(threads, "threads", 0, 2^31 - 1)
    # As everywhere in centra a fit is a function of its arguments; with seed = NULL it depends on set.seed() instead.
    seed <- if (is.null(seed)) sample.int(2^31 - 1, 1L) else number(seed, "seed", 0, 2^53)
    if (!is.numeric(tol) || length(tol) != 1L || !is.finite(tol) || tol < 0)
        refuse("tol: not a number of at least 0")
    if (!is.null(weights)) {
        if (!is.numeric(weights) || length(weights) != n)
            refuse(sprintf("weights: not %d numbers", n))
        weights <- as.double(weights)
        finite(matrix(weights), "weights")
    }
    found <- called(.Call(C_fit, x, k, start, init, iter.max, nstart, seed, tol, weights, threads), x)
    names(found$cluster) <- rownames(x)
    dimnames(found$centers) <- list(seq_len(k), colnames(x))
    if (!found$converged)
        warning(sprintf("did not converge in %d iterations", found$iter), call. = FALSE)
    structure(list(cluster = found$cluster, centers = found$centers, totss = found$totss, withinss = found$withinss,
                   tot.withinss = found$tot.withinss, betweenss = found$totss - found$tot.withinss, size = found$size,
                   iter = found$iter, ifault = if (found$converged) 0L else 2L),
              class = c("centra", "kmeans"))
}

# The clusters of new points: for each row of newdata the nearest center.
predict.centra <- function(object, newdata, threads = 0L, ...) {
    if (missing(newdata))
        return(object$cluster)
    x <- points(newdata, "newdata")
    cluster <- called(.Call(C_assign, x, rows(object$centers, ncol(x)), number(threads, "threads", 0, 2^31 - 1)), x, "newdata")
    names(cluster) <- rownames(x)
    cluster
}

# Points as the library reads them: doubles, or raw bytes, in columns. Only numbers of another type are copied.
points <- function(x, what = "x") {
    x <- as.matrix(x)
    if (is.integer(x) || is.logical(x))
        storage.mode(x) <- "double"
    if (!is.double(x) && !is.raw(x))
        refuse(sprintf("%s: %s is not numeric", what, typeof(x)))
    if (nrow(x) == 0L || ncol(x) == 0L)
        refuse(sprintf("%s: %d rows and %d columns", what, nrow(x), ncol(x)))
    x
}

# Given centers.
rows <- function(centers, d) {
    centers <- as.matrix(centers)
    if (!is.numeric(centers) || ncol(centers) != d)
        refuse(sprintf("centers: %d columns, but the points have %d", ncol(centers), d))
    storage.mode(centers) <- "double"
    finite(centers, "centers")
    centers
}

# A whole number within limits.
number <- function(value, what, least, most) {
    if (!is.numeric(value) || length(value) != 1L || is.na(value) || value != trunc(value) || value < least || value > most)
        refuse(sprintf("%s: not a whole number from %.0f to %.0f", what, least, most))
    value
}

# What the library returned, or an error. What is missing is looked for here, since R has names for rows and columns.
called <- function(result, x, what = "x") {
    if (is.null(names(result)) || is.null(result$status))
        return(result)
    if (result$status == 1L) {
        # The condition that R itself raises after Ctrl-C: with a handler it is the handler's, else the computation ends.
        signalCondition(structure(class = c("interrupt", "condition"), list(message = "interrupted", call = NULL)))
        invokeRestart("abort")
    }
    if (!is.raw(x))
        finite(x, what, result$status)
    refuse(sub("^points", what, from_one(result$detail)), result$status)
}

# The library counts from 0.
from_one <- function(detail) {
    for (word in c("row", "dimension", "index")) {
        at <- regexpr(sprintf("(?<= %s )[0-9]+", word), detail, perl = TRUE)
        if (at > 0L)
            regmatches(detail, at) <- sprintf("%.0f", as.numeric(regmatches(detail, at)) + 1)
    }
    sub(", dimension ", ", column ", detail)
}

# Refuses NA, NaN and infinities with their place.
finite <- function(x, what, status = -3L) {
    bad <- which(!is.finite(x), arr.ind = TRUE, useNames = FALSE)
    if (nrow(bad) == 0L)
        return(invisible())
    bad <- bad[order(bad[, 1L], bad[, 2L])[1L], ]
    value <- x[bad[1L], bad[2L]]
    named <- function(names, i) if (is.null(names)) "" else sprintf(" (%s)", names[i])
    place <- sprintf("%s: %s in row %d%s", what, format(value), bad[1L], named(rownames(x), bad[1L]))
    if (ncol(x) > 1L)
        place <- sprintf("%s, column %d%s", place, bad[2L], named(colnames(x), bad[2L]))
    refuse(place, status)
}

# An error of class "centra_error" with the status of the library; NA for what R refused before the call.
refuse <- function(message, status = NA_integer_) {
    stop(errorCondition(message, class = "centra_error", status = status, call = NULL))
}
