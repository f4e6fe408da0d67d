/* What the baselines in C have in common. All functions return 0 when out of memory, otherwise 1. */

#include <stddef.h>
#include <stdint.h>

/* Writes the label of each of n points, rows of d, for k centers. */
typedef int assign(const double *points, size_t n, size_t d, size_t k, const double *centers, int32_t *labels);

assign naive_assign;

/* Means by naive sums; an empty cluster keeps its center. */
int naive_update(const double *points, size_t n, size_t d, size_t k, const int32_t *labels, double *centers);

/* Lloyd's iterations around an assignment, from the centers given until no label changes; `iterations` is what was
 * allowed and becomes what was done. */
int lloyd(assign *nearest, const double *points, size_t n, size_t d, size_t k, double *centers, int32_t *labels,
          int64_t *iterations);

/* lloyd around naive_assign */
int naive_fit(const double *points, size_t n, size_t d, size_t k, double *centers, int32_t *labels,
              int64_t *iterations);
