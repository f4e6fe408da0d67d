/* coordinates.c: points of float and of unsigned bytes, as a C program passes them: every call that ends in _f32 or _u8 gives the bits of
 * the call on the same numbers as doubles. Bytes start at an odd address. */
#include "centra.h"
#include "check.h"

#define N ((size_t)300)
#define D ((size_t)3)
#define K ((size_t)5)
#define LD (D + 2)

static double doubles[N * LD];
static float floats[N * LD];
static uint8_t bytes[1 + N * LD];

typedef struct Results {
    double centers[K * D], means[K * D], seeds[K * D], squared[N], all[N * K], weights[K], parts[K], inertia;
    int32_t labels[N], nearest[N];
    int64_t counts[K], members[K], masses[CENTRA_STREAM_MASS_DIGITS], sums[200], drawn;
    int32_t range[3 * (D + 1)];
    double rows[(3 * K + 32) * D], distances[N];
    int64_t candidates[3];
    size_t bytes[2];
    int32_t status[14];
    double total;
    int64_t iterations;
} Results;

/* Every call that takes points, on points of one type. */
#define EVERY_CALL(suffix, points, results)                                                                            \
    do {                                                                                                               \
        Results *r = (results);                                                                                        \
        centra_options options;                                                                                        \
        centra_report report;                                                                                          \
        int32_t *status = r->status;                                                                                   \
        centra_options_init(&options);                                                                                 \
        centra_report_init(&report);                                                                                   \
        options.seed = 7;                                                                                              \
        options.empty = CENTRA_EMPTY_KEEP;                                                                             \
        *status++ = centra_workspace_size##suffix(N, D, K, &options, &r->bytes[0]);                                    \
        *status++ = centra_fit##suffix(points, N, D, LD, K, &options, r->centers, r->labels, &report, NULL, 0);        \
        *status++ = centra_seed##suffix(points, N, D, LD, K, &options, r->seeds, NULL, 0);                             \
        *status++ = centra_assign##suffix(points, N, D, LD, K, &options, r->seeds, r->nearest, r->squared, NULL, 0);   \
        *status++ = centra_update##suffix(points, N, D, LD, K, &options, r->nearest, r->means, r->counts, NULL, 0);    \
        *status++ = centra_inertia##suffix(points, N, D, LD, K, &options, r->means, r->nearest, &r->inertia);          \
        *status++ = centra_distances##suffix(points, N, D, LD, K, &options, r->means, r->all, K);                      \
        *status++ = centra_clusters##suffix(points, N, D, LD, K, &options, r->means, r->nearest, r->members,           \
                                            r->weights, r->parts);                                                     \
        options.init = CENTRA_INIT_PARALLEL;                                                                           \
        *status++ = centra_stream_workspace_size##suffix(N, (int64_t)N, D, K, &options, &r->bytes[1]);                 \
        *status++ = centra_stream_range##suffix(points, N, D, LD, &options, r->range, NULL, 0);                        \
        *status++ = centra_stream_sums##suffix(points, N, D, LD, K, &options, (int64_t)N, r->range, r->means,          \
                                               r->nearest, 0, r->sums, NULL, 0);                                       \
        *status++ = centra_stream_masses##suffix(points, N, D, LD, K, &options, (int64_t)N, r->range, r->seeds, 1, 0,  \
                                                 r->distances, r->masses, NULL, 0);                                    \
        *status++ = centra_stream_draw##suffix(points, N, D, LD, K, &options, (int64_t)N, r->range, r->masses,         \
                                               r->seeds, 1, r->distances, 0, 0, r->rows, &r->drawn, NULL, 0);          \
        *status++ = centra_stream_weigh##suffix(points, N, D, LD, K, &options, (int64_t)N, r->range, r->seeds, 3,      \
                                                r->candidates, NULL, 0);                                               \
        r->total = report.inertia;                                                                                     \
        r->iterations = report.iterations;                                                                             \
    } while (0)

static Results of_doubles, of_floats, of_bytes;

int main(void)
{
    uint32_t random = 1;
    for (size_t i = 0; i < N * LD; ++i) {
        random = random * 1664525u + 1013904223u;
        bytes[1 + i] = (uint8_t)(random >> 24);
        floats[i] = (float)bytes[1 + i];
        doubles[i] = (double)bytes[1 + i];
    }
    EVERY_CALL(, doubles, &of_doubles);
    EVERY_CALL(_f32, floats, &of_floats);
    EVERY_CALL(_u8, bytes + 1, &of_bytes);
    for (size_t i = 0; i < sizeof of_doubles.status / sizeof of_doubles.status[0]; ++i) {
        CONTEXT("call %d", (int)i);
        CHECK(of_doubles.status[i] == CENTRA_OK);
        CHECK(of_floats.status[i] == CENTRA_OK);
        CHECK(of_bytes.status[i] == CENTRA_OK);
    }
    CONTEXT("%s", "results");
    /* Other points take other memory: rows are widened block by block. */
    CHECK(of_floats.bytes[0] > 0 && of_bytes.bytes[0] > 0 && of_floats.bytes[1] > 0 && of_bytes.bytes[1] > 0);
    memcpy(of_floats.bytes, of_doubles.bytes, sizeof of_doubles.bytes);
    memcpy(of_bytes.bytes, of_doubles.bytes, sizeof of_doubles.bytes);
    CHECK(memcmp(&of_doubles, &of_floats, sizeof of_doubles) == 0);
    CHECK(memcmp(&of_doubles, &of_bytes, sizeof of_doubles) == 0);
    CHECK(of_doubles.iterations > 1 && of_doubles.drawn > 0 && of_doubles.total > 0);

    /* Floats are aligned to 4 bytes. Without points any address is as good. */
    double centers[K * D];
    const float *odd = (const float *)(const void *)((const char *)floats + 2);
    CHECK(centra_seed_f32(odd, N, D, LD, K, NULL, centers, NULL, 0) == CENTRA_ERR_NULL);
    CHECK(strcmp(centra_error_detail(), "points: not aligned to 4 bytes") == 0);
    CHECK(centra_assign_u8(NULL, 0, D, D, K, NULL, of_doubles.means, NULL, NULL, NULL, 0) == CENTRA_OK);
    CHECK(centra_seed_u8(NULL, N, D, LD, K, NULL, centers, NULL, 0) == CENTRA_ERR_NULL);
    return finish("coordinates");
}
