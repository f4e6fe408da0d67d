/* golden.c: what the library finds for the inputs of tests/data/golden.txt is what stands there, to the last bit. The file is the
 * program's argument, or is looked for from the root of the repository. */
#include "centra.h"
#include "check.h"

#include <inttypes.h>

static FILE *file;
static char word[64];

static const char *next(void)
{
    if (fscanf(file, "%63s", word) != 1) {
        fprintf(stderr, "golden: the file ends too early\n");
        exit(3);
    }
    return word;
}

static void keyword(const char *expected)
{
    if (strcmp(next(), expected)) {
        fprintf(stderr, "golden: %s, where %s is due\n", word, expected);
        exit(3);
    }
}

static int64_t number(const char *name)
{
    keyword(name);
    return strtoll(next(), NULL, 10);
}

static double real(void)
{
    uint64_t bits = strtoull(next(), NULL, 16);
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static double *reals(const char *name, size_t count)
{
    double *values = (double *)get(count, sizeof *values);
    keyword(name);
    for (size_t i = 0; i < count; ++i)
        values[i] = real();
    return values;
}

typedef enum Type { F64, F32, U8 } Type;

typedef struct Case {
    char name[64];
    Type type;
    size_t n, d, k, chunks, *chunk;
    int32_t init;
    uint64_t seed;
    void *points; /* of the type */
    double *weights, *start, *centers, inertia;
    int32_t *labels;
    int64_t iterations;
} Case;

static void read_points(Case *c)
{
    const size_t sizes[] = {sizeof(double), sizeof(float), 1};
    c->points = get(c->n * c->d, sizes[c->type]);
    keyword("points");
    for (size_t i = 0; i < c->n * c->d; ++i) {
        uint64_t bits = strtoull(next(), NULL, 16);
        uint32_t narrow = (uint32_t)bits;
        if (c->type == F64)
            memcpy((double *)c->points + i, &bits, sizeof(double));
        else if (c->type == F32)
            memcpy((float *)c->points + i, &narrow, sizeof(float));
        else
            ((uint8_t *)c->points)[i] = (uint8_t)bits;
    }
}

/* The next case; 0 after the last one. */
static int read_case(Case *c)
{
    memset(c, 0, sizeof *c);
    if (!strcmp(next(), "end"))
        return 0;
    strcpy(c->name, next());
    keyword("type");
    next();
    c->type = !strcmp(word, "f64") ? F64 : !strcmp(word, "f32") ? F32 : U8;
    c->n = (size_t)number("n");
    c->d = (size_t)number("d");
    c->k = (size_t)number("k");
    c->init = (int32_t)number("init");
    c->seed = (uint64_t)number("seed");
    int64_t weighted = number("weighted");
    c->chunks = (size_t)number("chunks");
    c->chunk = (size_t *)get(c->chunks, sizeof *c->chunk);
    for (size_t i = 0; i < c->chunks; ++i)
        c->chunk[i] = (size_t)strtoull(next(), NULL, 10);
    read_points(c);
    if (weighted)
        c->weights = reals("weights", c->n);
    c->start = reals("start", c->k * c->d);
    c->labels = (int32_t *)get(c->n, sizeof *c->labels);
    keyword("labels");
    for (size_t i = 0; i < c->n; ++i)
        c->labels[i] = (int32_t)strtol(next(), NULL, 10);
    c->centers = reals("centers", c->k * c->d);
    keyword("inertia");
    c->inertia = real();
    c->iterations = number("iterations");
    return 1;
}

/* A call on some of the points, from the one at index `from` on; of d and ld, which are equal. */
#define ON_POINTS(c, call, from, ...)                                                                                      \
    ((c)->type == F64   ? call((const double *)(c)->points + (from) * (c)->d, __VA_ARGS__)                                 \
     : (c)->type == F32 ? call##_f32((const float *)(c)->points + (from) * (c)->d, __VA_ARGS__)                            \
                        : call##_u8((const uint8_t *)(c)->points + (from) * (c)->d, __VA_ARGS__))

static void same(const Case *c, const char *how, const int32_t *labels, const double *centers, double inertia, int64_t iterations)
{
    CONTEXT("%s, %s", c->name, how);
    CHECK(same_labels(labels, c->labels, c->n));
    CHECK(same_bits(centers, c->centers, c->k * c->d));
    CHECK(same_bits(&inertia, &c->inertia, 1));
    CHECK(iterations == c->iterations);
}

static void check_fits(const Case *c)
{
    const size_t n = c->n, d = c->d, k = c->k;
    double *centers = (double *)get(k * d, sizeof *centers);
    int32_t *labels = (int32_t *)get(n, sizeof *labels);
    centra_options options;
    centra_options_init(&options);
    options.init = c->init;
    options.seed = c->seed;
    options.weights = c->weights;
    CONTEXT("%s", c->name);
    CHECK(ON_POINTS(c, centra_seed, 0, n, d, d, k, &options, centers, NULL, 0) == CENTRA_OK);
    CHECK(same_bits(centers, c->start, k * d));
    for (int32_t given = 0; given < 2; ++given)
        for (options.threads = 1; options.threads <= 2; ++options.threads) {
            centra_report report;
            centra_report_init(&report);
            options.init = given ? CENTRA_INIT_GIVEN : c->init;
            memcpy(centers, c->start, k * d * sizeof *centers);
            CHECK(ON_POINTS(c, centra_fit, 0, n, d, d, k, &options, centers, labels, &report, NULL, 0) == CENTRA_OK);
            same(c, given ? "a fit from the start" : "a fit", labels, centers, report.inertia, report.iterations);
        }
    free(labels);
    free(centers);
}

/* The weights of a chunk are those of its points. */
static const centra_options *of_chunk(centra_options *options, const Case *c, size_t from)
{
    options->weights = c->weights ? c->weights + from : NULL;
    return options;
}

static void check_stream(const Case *c)
{
    const size_t d = c->d, k = c->k;
    const int64_t total = (int64_t)c->n;
    const int32_t wanted = CENTRA_STREAM_INERTIA | CENTRA_STREAM_MOVED;
    size_t range_length, sums_length, length;
    centra_options o;
    centra_options_init(&o);
    CONTEXT("%s, a stream", c->name);
    CHECK(centra_stream_range_length(d, &range_length) == CENTRA_OK);
    int32_t *range = (int32_t *)get(range_length, sizeof *range), *labels = (int32_t *)get(c->n, sizeof *labels);
    double *centers = (double *)get(k * d, sizeof *centers);
    memcpy(centers, c->start, k * d * sizeof *centers);
    for (size_t i = 0, from = 0; i < c->chunks; from += c->chunk[i++])
        CHECK(ON_POINTS(c, centra_stream_range, from, c->chunk[i], d, d, of_chunk(&o, c, from), range, NULL, 0) == CENTRA_OK);
    CHECK(centra_stream_sums_length(total, d, k, range, &sums_length) == CENTRA_OK);
    int64_t *sums = (int64_t *)get(sums_length, sizeof *sums);
    centra_stream_state state;
    centra_stream_state_init(&state, sizeof state);
    for (int32_t status = CENTRA_OK; !state.done && status == CENTRA_OK;) {
        memset(sums, 0, sums_length * sizeof *sums);
        for (size_t i = 0, from = 0; i < c->chunks; from += c->chunk[i++])
            CHECK(ON_POINTS(c, centra_stream_sums, from, c->chunk[i], d, d, k, of_chunk(&o, c, from), total, range, centers,
                            labels + from, wanted, sums, NULL, 0) == CENTRA_OK);
        CHECK(centra_stream_farthest_length(total, d, k, &o, range, sums, centers, &state, &length) == CENTRA_OK);
        int64_t *farthest = (int64_t *)get(length, sizeof *farthest);
        for (size_t i = 0, from = 0; length && i < c->chunks; from += c->chunk[i++])
            CHECK(ON_POINTS(c, centra_stream_farthest, from, c->chunk[i], d, d, k, of_chunk(&o, c, from), total, range, centers,
                            sums, (int64_t)from, farthest, length, NULL, 0) == CENTRA_OK);
        status = centra_stream_relocate(total, d, k, &o, range, sums, farthest, length, centers, &state);
        CHECK(status == CENTRA_OK);
        free(farthest);
    }
    same(c, "a stream", labels, centers, state.inertia, state.iterations);
    free(sums);
    free(centers);
    free(labels);
    free(range);
}

int main(int argc, char **argv)
{
    const char *path = argc > 1 ? argv[1] : "tests/data/golden.txt";
    file = fopen(path, "r");
    if (!file) {
        perror(path);
        return 3;
    }
    for (int letter; (letter = getc(file)) == '#';) /* what the file says of itself */
        while ((letter = getc(file)) != '\n' && letter != EOF)
            continue;
    Case c;
    size_t cases = 0;
    for (; read_case(&c); ++cases) {
        check_fits(&c);
        check_stream(&c);
        free(c.chunk);
        free(c.points);
        free(c.weights);
        free(c.start);
        free(c.labels);
        free(c.centers);
    }
    fclose(file);
    CONTEXT("all cases");
    CHECK(cases == 8);
    return finish("golden");
}
