# 150 irises, each four lengths, and three species that k-means is not told.
x <- as.matrix(iris[, 1:4])
found <- centra::kmeans(x, 3, nstart = 10, threads = 1)
print(found$size)
print(found$centers)

# Functions for stats::kmeans take the object.
print(table(found$cluster, iris$Species))
residuals <- x - fitted(found)
stopifnot(all.equal(sum(residuals^2), found$tot.withinss))

# How many clusters? The sum of squares for each number of them.
within <- sapply(1:8, function(k) centra::kmeans(x, k, nstart = 10, threads = 1)$tot.withinss)
print(round(within, 3))

# A new flower.
print(predict(found, data.frame(6.1, 2.9, 4.6, 1.4)))

# Pixels are raw bytes, read as they are: 64 x 64 of a picture with three colors, and a palette for it.
picture <- matrix(as.raw(outer(1:4096, 1:3, function(p, channel) 60 * ((p %/% 512 + channel) %% 3) + p %% 7)), ncol = 3)
palette <- centra::kmeans(picture, 3, threads = 1)
print(round(palette$centers))
