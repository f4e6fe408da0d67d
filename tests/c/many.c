/* many.c: the codebooks of a product quantization in one call, as bindings/c/README.md has it: each is that of its own centra_fit. */
#include "centra.h"
#include "check.h"

enum { n = 600, count = 4, k = 16, d = 8 };
static double points[n * d * count], centers[count * k * d], wanted[k * d];
static int32_t labels[count * n], expected[n];

int main(void)
{
    uint64_t state = 1;
    for (size_t i = 0; i < n * d * count; ++i) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        points[i] = (double)(state >> 40);
    }
    centra_options options;
    centra_options_init(&options);
    int32_t status;
    centra_problem problems[count];
    memset(problems, 0, sizeof problems);
    for (size_t i = 0; i < count; ++i) {
        centra_problem *one = &problems[i];
        one->struct_size = sizeof(centra_problem);
        one->points = points + 8 * i, one->n = n, one->d = 8, one->ld = 8 * count, one->k = 16, one->seed = i;
        one->centers = centers + 16 * 8 * i, one->labels = labels + n * i;
    }
    CHECK(sizeof(centra_problem) == 96);
    for (options.threads = 0; options.threads < 4; ++options.threads) {
        memset(centers, 0, sizeof centers);
        memset(labels, -1, sizeof labels);
        status = centra_fit_many(problems, count, &options, NULL, 0);
        CHECK(status == CENTRA_OK);
        for (size_t i = 0; i < count; ++i) {
            centra_options own = options;
            own.seed = i;
            status = centra_fit(points + d * i, n, d, d * count, k, &own, wanted, expected, NULL, NULL, 0);
            CHECK(status == CENTRA_OK && problems[i].status == CENTRA_OK);
            CHECK(memcmp(wanted, centers + k * d * i, sizeof wanted) == 0);
            CHECK(memcmp(expected, labels + n * i, sizeof expected) == 0);
        }
    }
    return finish("many");
}
