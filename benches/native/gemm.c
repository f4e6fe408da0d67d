/* A baseline: the assignment as a matrix product, by BLAS. |x - c|^2 = |x|^2 - 2 x.c + |c|^2, of which the first term
 * does not decide; the products of a block of points with all centers are one dgemm, and the least of each row is found
 * while they are still in the cache. The rest is naive.c's. One thread.
 *
 * What is minimised rounds worse than the squared distance, as in naive.c in many dimensions. */
#include "naive.h"

#include <cblas.h>
#include <float.h>
#include <stdlib.h>

/* BYTES: of products at a time, to stay in the L2 cache; LANES: side by side in the search for the least. */
enum { BYTES = 1 << 20, LANES = 16 };

static int gemm_assign(const double *restrict points, size_t n, size_t d, size_t k, const double *restrict centers,
                       int32_t *restrict labels)
{
    size_t row = (k + LANES - 1) / LANES * LANES; /* with columns beyond k that are infinitely far */
    size_t rows = BYTES / (row * sizeof(double));
    rows = rows < 16 ? 16 : rows > 1024 ? 1024 : rows;
    double *products = aligned_alloc(64, (rows + 1) * row * sizeof *products);
    if (!products)
        return 0;
    double *norms = products + rows * row;
    for (size_t j = 0; j < row; j++) {
        double sum = 0;
        for (size_t i = 0; j < k && i < d; i++)
            sum += centers[j * d + i] * centers[j * d + i];
        norms[j] = j < k ? sum : DBL_MAX;
    }
    for (size_t p = 0; p < rows * row; p++)
        products[p] = 0; /* and so it stays beyond column k */
    for (size_t first = 0; first < n; first += rows) {
        size_t m = n - first < rows ? n - first : rows;
        cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasTrans, (int)m, (int)k, (int)d, -2, points + first * d, (int)d,
                    centers, (int)d, 0, products, (int)row);
        for (size_t p = 0; p < m; p++) {
            const double *product = products + p * row;
            double best[LANES];
            int64_t from[LANES]; /* as wide as a double, so that one comparison selects both */
            for (size_t l = 0; l < LANES; l++) {
                best[l] = DBL_MAX;
                from[l] = 0;
            }
            for (size_t j = 0; j < row; j += LANES)
                for (size_t l = 0; l < LANES; l++) {
                    double s = norms[j + l] + product[j + l];
                    int closer = s < best[l];
                    from[l] = closer ? (int64_t)j : from[l];
                    best[l] = closer ? s : best[l];
                }
            double least = DBL_MAX;
            int64_t label = 0;
            for (size_t l = 0; l < LANES; l++) {
                int64_t this = from[l] + (int64_t)l;
                if (best[l] < least || (best[l] == least && this < label)) {
                    least = best[l];
                    label = this;
                }
            }
            labels[first + p] = (int32_t)label;
        }
    }
    free(products);
    return 1;
}

int gemm_fit(const double *points, size_t n, size_t d, size_t k, double *centers, int32_t *labels, int64_t *iterations)
{
    openblas_set_num_threads(1);
    return lloyd(gemm_assign, points, n, d, k, centers, labels, iterations);
}

/* Its version, and the processor it was tuned for. */
const char *gemm_blas(void)
{
    return openblas_get_config();
}
