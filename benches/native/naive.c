/* The baseline: Lloyd's k-means as a good C programmer writes it in plain loops for the compiler to vectorise; no
 * intrinsics, no pragmas, no threads, no library, no check of the data.
 *
 * Points are n rows of d doubles. Plain does not mean slow: these are the fastest of the plain loops that were tried
 * (README.md says which), and they differ by the number of dimensions:
 *
 * - few: a block of points is transposed into columns that stay in the L1 cache; each center in turn runs along the
 *   block, points side by side in the vector, and the smaller distance and its label are kept by selection. d is a
 *   constant to the compiler, so that a distance is one straight run of instructions.
 * - many: centers are transposed once into tiles of TILE that lie side by side in the vector, and a tile's distances
 *   to POINTS points at a time stay in registers. What is minimised is |c|^2/2 - x.c: one multiplication and
 *   subtraction a term, where (x - c)^2 takes two operations. Its rounding error grows with |x| and |c|, so labels near
 *   a tie may differ from the true ones: that is the price of this baseline's speed.
 *
 * The update's sums are naive, in the order of the points; an empty cluster keeps its center.
 */
#include "naive.h"

#include <float.h>
#include <stdlib.h>
#include <string.h>

enum { FEW = 8, BLOCK = 256, TILE = 32, POINTS = 4 };

static inline __attribute__((always_inline)) void assign_few(
    const double *restrict points, size_t n, size_t d, size_t k, const double *restrict centers,
    int32_t *restrict labels)
{
    double x[FEW][BLOCK], best[BLOCK];
    int64_t label[BLOCK]; /* as wide as a double, so that one comparison selects both */
    memset(x, 0, sizeof x);
    for (size_t first = 0; first < n; first += BLOCK) {
        size_t m = n - first < BLOCK ? n - first : BLOCK;
        for (size_t p = 0; p < m; p++)
            for (size_t i = 0; i < d; i++)
                x[i][p] = points[(first + p) * d + i];
        for (size_t p = 0; p < BLOCK; p++) {
            best[p] = DBL_MAX;
            label[p] = 0;
        }
        for (size_t j = 0; j < k; j++) {
            const double *c = centers + j * d;
            for (size_t p = 0; p < BLOCK; p++) {
                double s = 0;
                for (size_t i = 0; i < d; i++) {
                    double t = x[i][p] - c[i];
                    s += t * t;
                }
                int closer = s < best[p];
                label[p] = closer ? (int64_t)j : label[p];
                best[p] = closer ? s : best[p];
            }
        }
        for (size_t p = 0; p < m; p++)
            labels[first + p] = (int32_t)label[p];
    }
}

static int assign_many(const double *restrict points, size_t n, size_t d, size_t k,
                       const double *restrict centers, int32_t *restrict labels)
{
    size_t tiles = (k + TILE - 1) / TILE;
    double *tile = aligned_alloc(64, tiles * TILE * (d + 1) * sizeof *tile);
    if (!tile)
        return 0;
    double *half = tile + tiles * TILE * d; /* |c|^2/2, infinitely far for those that pad the last tile */
    for (size_t j = 0; j < tiles * TILE; j++) {
        double sum = 0;
        for (size_t i = 0; i < d; i++) {
            double c = j < k ? centers[j * d + i] : 0;
            tile[(j / TILE * d + i) * TILE + j % TILE] = c;
            sum += c * c;
        }
        half[j] = j < k ? sum / 2 : DBL_MAX;
    }
    for (size_t first = 0; first < n; first += POINTS) {
        const double *x[POINTS];
        double best[POINTS][TILE];
        int64_t from[POINTS][TILE]; /* the tile of the best in each lane */
        for (size_t q = 0; q < POINTS; q++)
            x[q] = points + (first + q < n ? first + q : n - 1) * d;
        for (size_t q = 0; q < POINTS; q++)
            for (size_t j = 0; j < TILE; j++) {
                best[q][j] = DBL_MAX;
                from[q][j] = 0;
            }
        for (size_t t = 0; t < tiles; t++) {
            const double *c = tile + t * d * TILE;
            double s[POINTS][TILE];
            for (size_t q = 0; q < POINTS; q++)
                for (size_t j = 0; j < TILE; j++)
                    s[q][j] = half[t * TILE + j];
            for (size_t i = 0; i < d; i++)
                for (size_t q = 0; q < POINTS; q++)
                    for (size_t j = 0; j < TILE; j++)
                        s[q][j] -= x[q][i] * c[i * TILE + j];
            for (size_t q = 0; q < POINTS; q++)
                for (size_t j = 0; j < TILE; j++) {
                    int closer = s[q][j] < best[q][j];
                    from[q][j] = closer ? (int64_t)t : from[q][j];
                    best[q][j] = closer ? s[q][j] : best[q][j];
                }
        }
        for (size_t q = 0; q < POINTS && first + q < n; q++) {
            double least = DBL_MAX;
            int64_t label = 0;
            for (size_t j = 0; j < TILE; j++) {
                int64_t this = from[q][j] * TILE + (int64_t)j;
                if (best[q][j] < least || (best[q][j] == least && this < label)) {
                    least = best[q][j];
                    label = this;
                }
            }
            labels[first + q] = (int32_t)label;
        }
    }
    free(tile);
    return 1;
}

int naive_assign(const double *points, size_t n, size_t d, size_t k, const double *centers, int32_t *labels)
{
    switch (d) {
    case 1: assign_few(points, n, 1, k, centers, labels); return 1;
    case 2: assign_few(points, n, 2, k, centers, labels); return 1;
    case 3: assign_few(points, n, 3, k, centers, labels); return 1;
    case 4: assign_few(points, n, 4, k, centers, labels); return 1;
    case 5: assign_few(points, n, 5, k, centers, labels); return 1;
    case 6: assign_few(points, n, 6, k, centers, labels); return 1;
    case 7: assign_few(points, n, 7, k, centers, labels); return 1;
    case 8: assign_few(points, n, 8, k, centers, labels); return 1;
    default: return assign_many(points, n, d, k, centers, labels);
    }
}

int naive_update(const double *restrict points, size_t n, size_t d, size_t k, const int32_t *restrict labels,
                 double *restrict centers)
{
    double *sums = calloc(k * d, sizeof *sums);
    int64_t *counts = calloc(k, sizeof *counts);
    int fine = sums && counts;
    if (fine) {
        for (size_t p = 0; p < n; p++) {
            double *sum = sums + (size_t)labels[p] * d;
            for (size_t i = 0; i < d; i++)
                sum[i] += points[p * d + i];
            counts[labels[p]]++;
        }
        for (size_t j = 0; j < k; j++)
            for (size_t i = 0; i < d && counts[j]; i++)
                centers[j * d + i] = sums[j * d + i] / (double)counts[j];
    }
    free(sums);
    free(counts);
    return fine;
}

int lloyd(assign *nearest, const double *points, size_t n, size_t d, size_t k, double *centers, int32_t *labels,
          int64_t *iterations)
{
    int64_t most = *iterations;
    int32_t *next = malloc(n * sizeof *next);
    int fine = next && nearest(points, n, d, k, centers, labels);
    for (*iterations = 0; fine && *iterations < most;) {
        fine = naive_update(points, n, d, k, labels, centers) && nearest(points, n, d, k, centers, next);
        ++*iterations;
        if (!fine || !memcmp(labels, next, n * sizeof *next))
            break;
        memcpy(labels, next, n * sizeof *next);
    }
    free(next);
    return fine;
}

int naive_fit(const double *points, size_t n, size_t d, size_t k, double *centers, int32_t *labels, int64_t *iterations)
{
    return lloyd(naive_assign, points, n, d, k, centers, labels, iterations);
}
