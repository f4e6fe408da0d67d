/* differential.c: a line for each of many random calls, with a hash of all that it returned. The lines are a function of the two words
 * on the command line, a seed and the number of calls, alone: the same for every instruction set, architecture and thread count. */
#include "centra.h"
#include "check.h"

#include <math.h>

static const size_t around[] = {1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 127, 128, 129, 300, 700};
enum { SIZES = sizeof around / sizeof around[0], MOST_DOUBLES = 60000 };

static size_t a_size(size_t most)
{
    size_t size;
    do
        size = around[random_below(SIZES)];
    while (size > most);
    return size;
}

/* FNV-1a. */
static uint64_t hash(uint64_t state, const void *memory, size_t bytes)
{
    const unsigned char *byte = (const unsigned char *)memory;
    for (size_t i = 0; i < bytes; ++i)
        state = (state ^ byte[i]) * UINT64_C(0x100000001b3);
    return state;
}

/* One number of a family of data: whole numbers with ties, decimals, a large offset, mixed magnitudes, blobs, bytes. */
static double a_number(size_t family, size_t row)
{
    double unit = (double)(random_bits() >> 11) * 0x1p-53;
    switch (family) {
    case 0: return (double)random_below(4);
    case 1: return (double)random_below(1000) / 100;
    case 2: return 1e9 + unit;
    case 3: return ldexp(unit - 0.5, (int)random_below(60) - 30);
    case 4: return (double)(row % 11) * 3 + unit;
    default: return (double)random_below(256);
    }
}

int main(int count, char **word)
{
    if (count != 3)
        return 2;
    random_state = strtoull(word[1], NULL, 10);
    unsigned long calls = strtoul(word[2], NULL, 10);
    for (unsigned long call = 0; call < calls; ++call) {
        size_t d = a_size(700), n = a_size(MOST_DOUBLES / d), k = a_size(n), family = random_below(6), type = random_below(family == 5 ? 3 : 1);
        centra_options options;
        centra_options_init(&options);
        options.seed = random_bits();
        options.init = (int32_t)(random_below(2) ? CENTRA_INIT_KMEANSPP : random_below(2) ? CENTRA_INIT_RANDOM : CENTRA_INIT_PARALLEL);
        options.empty = (int32_t)(random_below(2) ? CENTRA_EMPTY_RELOCATE : CENTRA_EMPTY_KEEP);
        options.n_init = (int32_t)(1 + random_below(3));
        options.max_iter = (int32_t)random_below(20);
        options.threads = (int32_t)(1 + random_below(2));
        options.layout = (int32_t)(random_below(3) ? CENTRA_ROWS : CENTRA_COLUMNS);
        options.algorithm = (int32_t)(random_below(2) ? CENTRA_ALGORITHM_AUTO : random_below(2) ? CENTRA_ALGORITHM_LLOYD : CENTRA_ALGORITHM_HAMERLY);
        size_t ld = (options.layout == CENTRA_ROWS ? d : n) + random_below(2) * 3;
        size_t length = ld * (options.layout == CENTRA_ROWS ? n : d);
        double *points = (double *)get(length, sizeof *points), *weights = (double *)get(n, sizeof *weights);
        float *floats = (float *)get(length, sizeof *floats);
        uint8_t *bytes = (uint8_t *)get(length, 1);
        for (size_t i = 0; i < length; ++i) {
            points[i] = a_number(family, i / ld);
            if (family == 5)
                floats[i] = (float)points[i], bytes[i] = (uint8_t)points[i];
        }
        for (size_t p = 0; p < n; ++p)
            weights[p] = (double)(1 + random_below(5)) / 4;
        options.weights = random_below(2) ? weights : NULL;

        double *centers = (double *)get(k * d, sizeof *centers), *sqdist = (double *)get(n * k, sizeof *sqdist), total = 0;
        int32_t *labels = (int32_t *)get(n, sizeof *labels), status[5];
        centra_report report;
        centra_report_init(&report);
        status[0] = type == 0   ? centra_fit(points, n, d, ld, k, &options, centers, labels, &report, NULL, 0)
                    : type == 1 ? centra_fit_f32(floats, n, d, ld, k, &options, centers, labels, &report, NULL, 0)
                                : centra_fit_u8(bytes, n, d, ld, k, &options, centers, labels, &report, NULL, 0);
        uint64_t all = hash(UINT64_C(0xcbf29ce484222325), centers, k * d * sizeof *centers);
        all = hash(all, labels, n * sizeof *labels);
        all = hash(all, &report.inertia, sizeof report.inertia);
        all = hash(all, &report.iterations, sizeof report.iterations);
        /* Centers that are no means: those of a seeding, moved a little. */
        status[1] = centra_seed(points, n, d, ld, k, &options, centers, NULL, 0);
        for (size_t i = 0; i < k * d; ++i)
            centers[i] += a_number(family, i) * 0.01;
        status[2] = centra_assign(points, n, d, ld, k, &options, centers, labels, NULL, NULL, 0);
        status[3] = centra_inertia(points, n, d, ld, k, &options, centers, labels, &total);
        status[4] = centra_distances(points, n, d, ld, k, &options, centers, sqdist, k);
        all = hash(all, centers, k * d * sizeof *centers);
        all = hash(all, labels, n * sizeof *labels);
        all = hash(all, &total, sizeof total);
        all = hash(all, sqdist, n * k * sizeof *sqdist);
        all = hash(all, status, sizeof status);
        printf("%lu: n %zu d %zu k %zu family %zu type %zu status %d %d iterations %d hash %016llx\n", call, n, d, k, family, type, (int)status[0],
               (int)status[1], (int)report.iterations, (unsigned long long)all);
        free(points), free(weights), free(floats), free(bytes), free(centers), free(sqdist), free(labels);
    }
    return 0;
}
