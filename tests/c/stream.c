/* stream.c: the calls on chunks: one whole run of them against a fit, and every refusal a caller can provoke.
 *
 * As in errors.c all buffers of a call lie in one block of canary bytes, so "every output untouched" is one comparison of the
 * whole block after each refusal. The workspace alone may have been scribbled on. */
#include "centra.h"
#include "check.h"

#include <math.h>

/* ---- chunks, reduced by plain maxima and sums, are a fit ------------------------------------------------------------ */

enum { MANY = 300, DIMS = 5, CENTERS_OF_MANY = 6 };

typedef struct Source {
    const double *points, *weights; /* MANY rows of DIMS, and their weights or NULL */
    double chunk[(DIMS + 1) * MANY]; /* a chunk in some layout */
    int32_t labels[MANY];
    double distances[MANY];
    centra_options options;
    int32_t layout, part;            /* of the chunks: every third is empty, and the others have different lengths */
    size_t first, n, ld;
} Source;

static int next(Source *s)
{
    s->first += s->n;
    s->n = 0;
    if (s->first == MANY) {
        s->first = 0;
        s->part = 0;
        return 0;
    }
    ++s->part;
    if (s->part % 3 != 0) {
        s->n = 7 + 11 * (size_t)s->part;
        if (s->n > MANY - s->first)
            s->n = MANY - s->first;
    }
    s->ld = s->layout == CENTRA_ROWS ? DIMS + 1 : s->n + 2;
    for (size_t p = 0; p < s->n; ++p)
        for (size_t i = 0; i < DIMS; ++i)
            s->chunk[s->layout == CENTRA_ROWS ? p * s->ld + i : i * s->ld + p] = s->points[(s->first + p) * DIMS + i];
    s->options.layout = s->layout;
    s->options.weights = s->weights && s->n ? s->weights + s->first : NULL;
    return 1;
}

static const double *chunk_of(const Source *s)
{
    return s->n ? s->chunk : NULL;
}

/* Centers far away: their clusters are empty at first, and take the farthest points as in centra_fit. */
static void check_relocation(int32_t layout, const double *weights)
{
    enum { N = MANY, D = DIMS, K = CENTERS_OF_MANY };
    CONTEXT("relocation, layout %d, %s", (int)layout, weights ? "weights" : "no weights");
    static double points[N * D];
    static int32_t labels[N];
    double centers[K * D], means[K * D];
    Source s;
    memset(&s, 0, sizeof s);
    random_state = 10;
    for (size_t i = 0; i < N * D; ++i)
        points[i] = (double)random_below(20) / 10;
    for (size_t j = 0; j < K; ++j)
        for (size_t t = 0; t < D; ++t)
            centers[j * D + t] = points[j * D + t] + (j % 3 ? 1e4 : 0);
    memcpy(means, centers, sizeof means);
    s.points = points;
    s.weights = weights;
    s.layout = layout;

    centra_options options;
    centra_report report;
    centra_options_init(&options);
    centra_report_init(&report);
    options.init = CENTRA_INIT_GIVEN;
    options.weights = weights;
    CHECK(centra_fit(points, N, D, D, K, &options, centers, labels, &report, NULL, 0) == CENTRA_OK);

    s.options = options;
    int32_t range[3 * (D + 1)] = {0};
    size_t length = 0, listed = 0, times = 0;
    while (next(&s))
        CHECK(centra_stream_range(chunk_of(&s), s.n, D, s.ld, &s.options, range, NULL, 0) == CENTRA_OK);
    CHECK(centra_stream_sums_length(N, D, K, range, &length) == CENTRA_OK);
    int64_t *sums = (int64_t *)get(length, sizeof *sums);
    centra_stream_state state;
    centra_stream_state_init(&state, sizeof state);
    for (int passes = 0; !state.done && passes < 1000; ++passes) {
        memset(sums, 0, length * sizeof *sums);
        while (next(&s))
            CHECK(centra_stream_sums(chunk_of(&s), s.n, D, s.ld, K, &s.options, N, range, means, s.labels + s.first,
                                     CENTRA_STREAM_INERTIA + CENTRA_STREAM_MOVED, sums, NULL, 0) == CENTRA_OK);
        CHECK(centra_stream_farthest_length(N, D, K, &options, range, sums, means, &state, &listed) == CENTRA_OK);
        int64_t *even = (int64_t *)get(listed, sizeof *even), *odd = (int64_t *)get(listed, sizeof *odd);
        if (listed) {
            ++times;
            CHECK(centra_stream_step(N, D, K, &options, range, sums, means, &state) == CENTRA_ERR_EMPTY);
            while (next(&s))
                CHECK(centra_stream_farthest(chunk_of(&s), s.n, D, s.ld, K, &s.options, N, range, means, sums, (int64_t)s.first,
                                             s.part % 2 ? odd : even, listed, NULL, 0) == CENTRA_OK);
            CHECK(centra_stream_farthest_join(D, listed, odd, even) == CENTRA_OK);
        }
        CHECK(centra_stream_relocate(N, D, K, &options, range, sums, listed ? even : NULL, listed, means, &state) == CENTRA_OK);
        free(even);
        free(odd);
    }
    CHECK(times > 0 && state.done && state.stopped_by == report.stopped_by && state.iterations == report.iterations);
    CHECK(state.moved == report.moved && state.empty_clusters == report.empty_clusters);
    CHECK(same_bits(&state.inertia, &report.inertia, 1));
    CHECK(same_bits(means, centers, K * D));
    CHECK(same_labels(s.labels, labels, N));
    free(sums);
}

static void check_run(int32_t layout, int32_t base, const double *weights, int32_t threads)
{
    enum { N = MANY, D = DIMS, K = CENTERS_OF_MANY };
    CONTEXT("a run, layout %d, labels from %d, %s, threads %d", (int)layout, (int)base, weights ? "weights" : "no weights", (int)threads);
    static double points[N * D];
    static int32_t labels[N];
    double centers[K * D], seeds[K * D], means[K * D];
    Source s;
    memset(&s, 0, sizeof s);
    random_state = 9;
    for (size_t i = 0; i < N * D; ++i)
        points[i] = (double)random_below(1000) / 7 + (double)(100 * (i / D % K));
    s.points = points;
    s.weights = weights;
    s.layout = layout;
    for (size_t i = 0; i < N; ++i)
        s.labels[i] = base;

    centra_options options;
    centra_report report;
    centra_options_init(&options);
    centra_report_init(&report);
    options.init = CENTRA_INIT_PARALLEL;
    options.empty = CENTRA_EMPTY_KEEP;
    options.weights = weights;
    options.label_base = base;
    options.threads = threads;
    options.seed = 17;
    CHECK(centra_seed(points, N, D, D, K, &options, seeds, NULL, 0) == CENTRA_OK);
    CHECK(centra_fit(points, N, D, D, K, &options, centers, labels, &report, NULL, 0) == CENTRA_OK);

    s.options = options;
    int32_t range[3 * (D + 1)] = {0};
    size_t length = 0, of_round = 0, of_all = 0, count = 0;
    CHECK(centra_stream_range_length(D, &length) == CENTRA_OK && length == 3 * (D + 1));
    while (next(&s))
        CHECK(centra_stream_range(chunk_of(&s), s.n, D, s.ld, &s.options, range, NULL, 0) == CENTRA_OK);
    CHECK((range[3 * D + 1] != 0) == (weights != NULL));
    CHECK(centra_stream_candidates(K, &of_round, &of_all) == CENTRA_OK && of_round == 3 * K + 32 && of_all == 5 * of_round);
    double *candidates = (double *)get(of_all, D * sizeof *candidates);
    int64_t masses[CENTRA_STREAM_MASS_DIGITS] = {0}, *tally = (int64_t *)get(of_all, sizeof *tally);
    size_t known = 0;
    for (uint32_t round = 0; centra_stream_due(K, round, count, masses) == 1; ++round) {
        int64_t drawn = 0;
        memset(masses, 0, sizeof masses);
        /* Distances are kept for the points of the first half. */
        while (next(&s)) {
            double *kept = s.first < N / 2 ? s.distances + s.first : NULL;
            CHECK(centra_stream_masses(chunk_of(&s), s.n, D, s.ld, K, &s.options, N, range, candidates, count, known, kept, masses, NULL, 0) ==
                  CENTRA_OK);
        }
        while (next(&s)) {
            const double *kept = s.first < N / 2 ? s.distances + s.first : NULL;
            CHECK(centra_stream_draw(chunk_of(&s), s.n, D, s.ld, K, &s.options, N, range, masses, candidates, count, kept, round,
                                     (int64_t)s.first, candidates + count * D, &drawn, NULL, 0) == CENTRA_OK);
        }
        known = count;
        if (drawn <= (int64_t)of_round)
            count += (size_t)drawn;
    }
    while (next(&s))
        CHECK(centra_stream_weigh(chunk_of(&s), s.n, D, s.ld, K, &s.options, N, range, candidates, count, tally, NULL, 0) == CENTRA_OK);
    CHECK(centra_stream_choose(N, D, K, &options, range, candidates, count, tally, means, NULL, 0) == CENTRA_OK);
    CHECK(same_bits(means, seeds, K * D));

    CHECK(centra_stream_sums_length(N, D, K, range, &length) == CENTRA_OK);
    int64_t *sums = (int64_t *)get(length, sizeof *sums), counts[K];
    centra_stream_state state;
    centra_stream_state_init(&state, sizeof state);
    CHECK(state.struct_size == sizeof state && !state.done && state.iterations == 0 && isnan(state.inertia));
    for (int passes = 0; !state.done && passes < 1000; ++passes) {
        memset(sums, 0, length * sizeof *sums);
        while (next(&s))
            CHECK(centra_stream_sums(chunk_of(&s), s.n, D, s.ld, K, &s.options, N, range, seeds, s.labels + s.first,
                                     CENTRA_STREAM_INERTIA + CENTRA_STREAM_MOVED, sums, NULL, 0) == CENTRA_OK);
        memcpy(means, seeds, sizeof means);
        CHECK(centra_stream_means(N, D, K, range, sums, means, counts) == CENTRA_OK);
        CHECK(centra_stream_step(N, D, K, &options, range, sums, seeds, &state) == CENTRA_OK);
        CHECK(state.done || same_bits(means, seeds, K * D));
    }
    CHECK(state.done && state.stopped_by == report.stopped_by && state.iterations == report.iterations && state.iterations > 1);
    CHECK(state.moved == report.moved && state.empty_clusters == report.empty_clusters);
    CHECK(same_bits(&state.inertia, &report.inertia, 1));
    CHECK(same_bits(seeds, centers, K * D));
    CHECK(same_labels(s.labels, labels, N));
    int64_t all = 0;
    for (size_t j = 0; j < K; ++j)
        all += counts[j];
    CHECK(all == N);

    /* A loop that is done stays so. */
    centra_stream_state after = state;
    CHECK(centra_stream_step(N, D, K, &options, range, sums, seeds, &after) == CENTRA_OK);
    CHECK(memcmp(&after, &state, sizeof state) == 0 && same_bits(seeds, centers, K * D));
    free(sums);
    free(tally);
    free(candidates);
}

/* ---- refusals ------------------------------------------------------------------------------------------------------- */

enum { N = 8, D = 3, LD = 4, K = 2, COUNT = 3, ROOM = 3 * K + 32, ALL = 5 * ROOM };
enum { RANGE_LENGTH, SUMS_LENGTH, WORKSPACE_SIZE, RANGE, SUMS, MEANS, STEP, FARTHEST_LENGTH, FARTHEST, JOIN, RELOCATE, CANDIDATES, DUE, MASSES, DRAW,
       WEIGH, CHOOSE, FUNCTIONS };
enum { B_POINTS, B_WEIGHTS, B_RANGE, B_CENTERS, B_LABELS, B_SUMS, B_COUNTS, B_STATE, B_CANDIDATES, B_DISTANCES, B_MASSES, B_ROWS, B_DRAWN,
       B_TALLY, B_FARTHEST, B_FROM, B_LENGTH, B_OF_ROUND, B_OF_ALL, B_BYTES, B_WORKSPACE, BUFFERS };
enum { ABSENT, IN, IN_OR_NULL, INOUT, INOUT_OR_NULL, SCRATCH };

static const char *const function_names[FUNCTIONS] = {"range_length", "sums_length", "workspace_size", "range",  "sums", "means", "step",
                                                      "farthest_length", "farthest", "farthest_join", "relocate",
                                                      "candidates",   "due",         "masses",         "draw", "weigh", "choose"};
static const char *const buffer_names[BUFFERS] = {"points", "weights",   "range",  "centers", "labels", "sums",    "counts",
                                                  "state",  "candidates", "distances", "masses", "rows", "drawn",  "candidate weights",
                                                  "farthest", "from", "length", "of_round",  "of_all", "bytes",   "workspace"};

/* Who reads and writes what; the rest is absent. A chunk's weights are no longer optional once the range has some. */
typedef struct Role {
    int function, buffer, role;
} Role;

#define CHUNK(function) {function, B_POINTS, IN}, {function, B_WEIGHTS, IN}, {function, B_WORKSPACE, SCRATCH}
static const Role role_table[] = {
    {RANGE_LENGTH, B_LENGTH, INOUT},
    {SUMS_LENGTH, B_RANGE, IN}, {SUMS_LENGTH, B_LENGTH, INOUT},
    {WORKSPACE_SIZE, B_BYTES, INOUT},
    CHUNK(RANGE), {RANGE, B_RANGE, INOUT},
    CHUNK(SUMS), {SUMS, B_RANGE, IN}, {SUMS, B_CENTERS, IN}, {SUMS, B_LABELS, INOUT_OR_NULL}, {SUMS, B_SUMS, INOUT},
    {MEANS, B_RANGE, IN}, {MEANS, B_SUMS, IN}, {MEANS, B_CENTERS, INOUT}, {MEANS, B_COUNTS, INOUT_OR_NULL},
    {STEP, B_RANGE, IN}, {STEP, B_SUMS, IN}, {STEP, B_CENTERS, INOUT}, {STEP, B_STATE, INOUT},
    {FARTHEST_LENGTH, B_RANGE, IN}, {FARTHEST_LENGTH, B_SUMS, IN}, {FARTHEST_LENGTH, B_CENTERS, IN}, {FARTHEST_LENGTH, B_STATE, IN},
    {FARTHEST_LENGTH, B_LENGTH, INOUT},
    CHUNK(FARTHEST), {FARTHEST, B_RANGE, IN}, {FARTHEST, B_CENTERS, IN}, {FARTHEST, B_SUMS, IN}, {FARTHEST, B_FARTHEST, INOUT},
    {JOIN, B_FROM, IN}, {JOIN, B_FARTHEST, INOUT},
    {RELOCATE, B_RANGE, IN}, {RELOCATE, B_SUMS, INOUT}, {RELOCATE, B_FARTHEST, IN}, {RELOCATE, B_CENTERS, INOUT}, {RELOCATE, B_STATE, INOUT},
    {CANDIDATES, B_OF_ROUND, INOUT}, {CANDIDATES, B_OF_ALL, INOUT},
    {DUE, B_MASSES, IN},
    CHUNK(MASSES), {MASSES, B_RANGE, IN}, {MASSES, B_CANDIDATES, IN}, {MASSES, B_DISTANCES, INOUT_OR_NULL}, {MASSES, B_MASSES, INOUT},
    CHUNK(DRAW), {DRAW, B_RANGE, IN}, {DRAW, B_MASSES, IN}, {DRAW, B_CANDIDATES, IN}, {DRAW, B_DISTANCES, IN_OR_NULL},
    {DRAW, B_ROWS, INOUT}, {DRAW, B_DRAWN, INOUT},
    CHUNK(WEIGH), {WEIGH, B_RANGE, IN}, {WEIGH, B_CANDIDATES, IN}, {WEIGH, B_TALLY, INOUT},
    {CHOOSE, B_RANGE, IN}, {CHOOSE, B_CANDIDATES, IN}, {CHOOSE, B_TALLY, IN}, {CHOOSE, B_CENTERS, INOUT}, {CHOOSE, B_WORKSPACE, SCRATCH},
};
static int roles[FUNCTIONS][BUFFERS];

static size_t sizes[BUFFERS]; /* in bytes */
enum { GAP = 512, AHEAD = 8192 };

/* From the start of a buffer to that of the next; there may be more candidates than those of a sound call. */
static size_t apart(int buffer)
{
    size_t bytes = buffer == B_CANDIDATES ? (ALL + 1) * D * sizeof(double) : sizes[buffer];
    return (bytes + GAP) / 64 * 64 + 64;
}

static unsigned char *block, *snapshot;
static size_t block_size;

/* What sound calls leave behind, for those that follow them. */
static int32_t good_range[3 * (D + 1)];
static int64_t *good_sums, *lonely_sums, good_masses[CENTRA_STREAM_MASS_DIGITS], good_tally[COUNT], good_list[D + 4];

typedef struct Call {
    int function;
    size_t n, d, ld, k, count, known, length, workspace_bytes;
    int64_t total, first;
    int32_t wanted;
    uint32_t round;
    void *at[BUFFERS];
    centra_options options;
    const void *options_at;
} Call;

static int32_t run(Call *c)
{
    c->options.weights = (const double *)c->at[B_WEIGHTS];
    const centra_options *options = (const centra_options *)c->options_at;
    const double *points = (const double *)c->at[B_POINTS];
    int32_t *range = (int32_t *)c->at[B_RANGE], *labels = (int32_t *)c->at[B_LABELS];
    double *centers = (double *)c->at[B_CENTERS], *candidates = (double *)c->at[B_CANDIDATES];
    double *distances = (double *)c->at[B_DISTANCES], *rows = (double *)c->at[B_ROWS];
    int64_t *sums = (int64_t *)c->at[B_SUMS], *masses = (int64_t *)c->at[B_MASSES], *tally = (int64_t *)c->at[B_TALLY];
    int64_t *list = (int64_t *)c->at[B_FARTHEST];
    void *workspace = c->at[B_WORKSPACE];
    const size_t n = c->n, d = c->d, ld = c->ld, k = c->k, bytes = c->workspace_bytes;
    switch (c->function) {
    case RANGE_LENGTH: return centra_stream_range_length(d, (size_t *)c->at[B_LENGTH]);
    case SUMS_LENGTH: return centra_stream_sums_length(c->total, d, k, range, (size_t *)c->at[B_LENGTH]);
    case WORKSPACE_SIZE: return centra_stream_workspace_size(n, c->total, d, k, options, (size_t *)c->at[B_BYTES]);
    case RANGE: return centra_stream_range(points, n, d, ld, options, range, workspace, bytes);
    case SUMS:
        return centra_stream_sums(points, n, d, ld, k, options, c->total, range, centers, labels, c->wanted, sums, workspace, bytes);
    case MEANS: return centra_stream_means(c->total, d, k, range, sums, centers, (int64_t *)c->at[B_COUNTS]);
    case STEP: return centra_stream_step(c->total, d, k, options, range, sums, centers, (centra_stream_state *)c->at[B_STATE]);
    case FARTHEST_LENGTH:
        return centra_stream_farthest_length(c->total, d, k, options, range, sums, centers, (centra_stream_state *)c->at[B_STATE],
                                             (size_t *)c->at[B_LENGTH]);
    case FARTHEST:
        return centra_stream_farthest(points, n, d, ld, k, options, c->total, range, centers, sums, c->first, list, c->length, workspace, bytes);
    case JOIN: return centra_stream_farthest_join(d, c->length, (int64_t *)c->at[B_FROM], list);
    case RELOCATE:
        return centra_stream_relocate(c->total, d, k, options, range, sums, list, c->length, centers, (centra_stream_state *)c->at[B_STATE]);
    case CANDIDATES: return centra_stream_candidates(k, (size_t *)c->at[B_OF_ROUND], (size_t *)c->at[B_OF_ALL]);
    case DUE: return centra_stream_due(k, c->round, c->count, masses);
    case MASSES:
        return centra_stream_masses(points, n, d, ld, k, options, c->total, range, candidates, c->count, c->known, distances, masses,
                                    workspace, bytes);
    case DRAW:
        return centra_stream_draw(points, n, d, ld, k, options, c->total, range, masses, candidates, c->count, distances, c->round, c->first,
                                  rows, (int64_t *)c->at[B_DRAWN], workspace, bytes);
    case WEIGH:
        return centra_stream_weigh(points, n, d, ld, k, options, c->total, range, candidates, c->count, tally, workspace, bytes);
    default: return centra_stream_choose(c->total, d, k, options, range, candidates, c->count, tally, centers, workspace, bytes);
    }
}

/* Writes sound inputs wherever the call's pointers point now. */
static void fill(const Call *c)
{
    double *points = (double *)c->at[B_POINTS], *weights = (double *)c->at[B_WEIGHTS], *centers = (double *)c->at[B_CENTERS];
    double *candidates = (double *)c->at[B_CANDIDATES];
    memset(block, 0xa5, block_size);
    memset(c->at[B_RANGE], 0, sizes[B_RANGE]);
    memset(c->at[B_SUMS], 0, sizes[B_SUMS]);
    memset(c->at[B_MASSES], 0, sizes[B_MASSES]);
    memset(c->at[B_TALLY], 0, sizes[B_TALLY]);
    for (size_t i = 0; i < N; ++i) {
        for (size_t t = 0; t < D; ++t)
            points[i * LD + t] = (double)((i * 5 + t * 3) % 11);
        weights[i] = (double)(1 + i);
    }
    for (size_t t = 0; t < K * D; ++t)
        centers[t] = t < D ? 1 : 8;
    for (size_t t = 0; t < (ALL + 1) * D; ++t)
        candidates[t] = (double)(t % 10);
    for (size_t i = 0; i < N; ++i)
        ((double *)c->at[B_DISTANCES])[i] = (double)(2 + i);
    *(int64_t *)c->at[B_DRAWN] = 0;
    centra_stream_state_init((centra_stream_state *)c->at[B_STATE], sizeof(centra_stream_state));
    if (c->function != RANGE)
        memcpy(c->at[B_RANGE], good_range, sizeof good_range);
    if (c->function == MEANS || c->function == STEP)
        memcpy(c->at[B_SUMS], good_sums, sizes[B_SUMS]);
    memset(c->at[B_FARTHEST], 0, sizes[B_FARTHEST]);
    if (c->function == FARTHEST_LENGTH || c->function == FARTHEST || c->function == RELOCATE) {
        memcpy(c->at[B_SUMS], lonely_sums, sizes[B_SUMS]);
        for (size_t t = D; t < K * D; ++t)
            centers[t] = 1e6;
    }
    if (c->function == JOIN)
        memcpy(c->at[B_FROM], good_list, sizeof good_list);
    if (c->function == RELOCATE)
        memcpy(c->at[B_FARTHEST], good_list, sizeof good_list);
    if (c->function == DRAW)
        memcpy(c->at[B_MASSES], good_masses, sizeof good_masses);
    if (c->function == CHOOSE)
        memcpy(c->at[B_TALLY], good_tally, sizeof good_tally);
}

/* A call that would succeed, its buffers apart from one another in the block. */
static void prepare(Call *c, int function)
{
    memset(c, 0, sizeof *c);
    c->function = function;
    c->n = N;
    c->d = D;
    c->ld = LD;
    c->k = K;
    c->count = COUNT;
    c->total = N;
    c->wanted = CENTRA_STREAM_INERTIA;
    c->length = D + 4; /* one cluster is empty */
    c->workspace_bytes = sizes[B_WORKSPACE];
    centra_options_init(&c->options);
    c->options.init = CENTRA_INIT_PARALLEL;
    c->options.seed = 1; /* with which a point is drawn */
    c->options_at = &c->options;
    unsigned char *next_buffer = block + AHEAD;
    for (int b = 0; b < BUFFERS; ++b) {
        c->at[b] = next_buffer;
        next_buffer += apart(b);
    }
    fill(c);
}

/* Runs a call that must leave everything as it was, but for the workspace where it looked into that. */
static int32_t run_in_vain(Call *c, int workspace_too)
{
    memcpy(snapshot, block, block_size);
    centra_options before = c->options;
    before.weights = (const double *)c->at[B_WEIGHTS];
    int32_t found = run(c);
    CHECK(memcmp(&c->options, &before, sizeof before) == 0);
    size_t skip = workspace_too || !c->at[B_WORKSPACE] ? block_size : (size_t)((unsigned char *)c->at[B_WORKSPACE] - block);
    size_t end = skip == block_size ? block_size : skip + sizes[B_WORKSPACE];
    CHECK(memcmp(block, snapshot, skip) == 0);
    CHECK(memcmp(block + end, snapshot + end, block_size - end) == 0);
    return found;
}

static void expect_refusal(Call *c, int32_t status, const char *detail, int workspace_too)
{
    int32_t found = run_in_vain(c, workspace_too);
    if (found != status)
        fprintf(stderr, "status %d where %d is due: %s\n", (int)found, (int)status, centra_error_detail());
    CHECK(found == status);
    if (found < 0) {
        if (!strstr(centra_error_detail(), detail))
            fprintf(stderr, "detail without \"%s\": %s\n", detail, centra_error_detail());
        CHECK(strstr(centra_error_detail(), detail) != NULL);
    }
}

/* Sound calls write every output and nothing behind it; their results are what the other tests start from. */
static void check_sound(void)
{
    Call c;
    static const int order[] = {RANGE_LENGTH, WORKSPACE_SIZE, RANGE, SUMS_LENGTH, SUMS, MEANS, STEP,
                                FARTHEST_LENGTH, FARTHEST, JOIN, RELOCATE, CANDIDATES, DUE, MASSES, DRAW, WEIGH, CHOOSE};
    for (size_t f = 0; f < FUNCTIONS; ++f) {
        int function = order[f];
        CONTEXT("%s, sound", function_names[function]);
        prepare(&c, function);
        memcpy(snapshot, block, block_size);
        CHECK(run(&c) == (function == DUE ? 1 : CENTRA_OK));
        for (int b = 0; b < B_WORKSPACE; ++b) {
            unsigned char *start = (unsigned char *)c.at[b];
            int writes = roles[function][b] == INOUT || roles[function][b] == INOUT_OR_NULL;
            CHECK((memcmp(start, snapshot + (start - block), sizes[b]) != 0) == writes);
            CHECK(memcmp(start + sizes[b], snapshot + (start - block) + sizes[b], 64) == 0);
        }
        if (function == RANGE)
            memcpy(good_range, c.at[B_RANGE], sizeof good_range);
        if (function == FARTHEST_LENGTH)
            CHECK(*(size_t *)c.at[B_LENGTH] == D + 4);
        if (function == FARTHEST)
            memcpy(good_list, c.at[B_FARTHEST], sizeof good_list);
        if (function == JOIN)
            CHECK(memcmp(c.at[B_FARTHEST], good_list, sizeof good_list) == 0);
        if (function == SUMS) {
            memcpy(good_sums, c.at[B_SUMS], sizes[B_SUMS]);
            CONTEXT("sums with an empty cluster");
            prepare(&c, SUMS);
            for (size_t i = 0; i < D; ++i)
                ((double *)c.at[B_CENTERS])[D + i] = 1e6;
            CHECK(run(&c) == CENTRA_OK);
            memcpy(lonely_sums, c.at[B_SUMS], sizes[B_SUMS]);
        }
        if (function == MASSES)
            memcpy(good_masses, c.at[B_MASSES], sizeof good_masses);
        if (function == WEIGH)
            memcpy(good_tally, c.at[B_TALLY], sizeof good_tally);
    }
    CONTEXT("init of nothing, and of too little");
    centra_stream_state_init(NULL, sizeof(centra_stream_state));
    centra_stream_state state;
    memset(&state, 0x5a, sizeof state);
    centra_stream_state before = state;
    centra_stream_state_init(&state, sizeof state - 1);
    CHECK(memcmp(&state, &before, sizeof state) == 0);
}

/* Chunks without points, and without anything that belongs to points, change nothing. */
static void check_empty_chunks(void)
{
    for (int function = RANGE; function < FUNCTIONS; ++function) {
        if (roles[function][B_POINTS] == ABSENT)
            continue;
        for (int workspace = 0; workspace < 2; ++workspace) {
            CONTEXT("%s of no points", function_names[function]);
            Call c;
            prepare(&c, function);
            c.n = 0;
            c.ld = 0;
            c.at[B_POINTS] = c.at[B_WEIGHTS] = c.at[B_LABELS] = c.at[B_DISTANCES] = NULL;
            c.wanted = CENTRA_STREAM_INERTIA + CENTRA_STREAM_MOVED;
            if (!workspace) {
                c.at[B_WORKSPACE] = NULL;
                c.workspace_bytes = 0;
            }
            CHECK(run_in_vain(&c, 0) == CENTRA_OK);
            if (function == SUMS || function == FARTHEST) {
                ((double *)c.at[B_CENTERS])[1] = NAN;
                expect_refusal(&c, CENTRA_ERR_NONFINITE, "centers: NaN at row 0, dimension 1", 0);
            }
        }
    }
}

static void check_pointers(int function)
{
    Call c;
    for (int b = 0; b < B_WORKSPACE; ++b) {
        int role = roles[function][b];
        if (role == ABSENT)
            continue;
        CONTEXT("%s with %s NULL", function_names[function], buffer_names[b]);
        prepare(&c, function);
        c.at[b] = NULL;
        if (role == IN_OR_NULL || role == INOUT_OR_NULL || (b == B_WEIGHTS && function == RANGE))
            CHECK(run(&c) == CENTRA_OK);
        else {
            int32_t status = b == B_WEIGHTS ? CENTRA_ERR_WEIGHTS : CENTRA_ERR_NULL;
            expect_refusal(&c, status, buffer_names[b], 0);
            tell(buffer_names[b], "NULL", status, function_names[function]);
        }

        tell(buffer_names[b], "misaligned", CENTRA_ERR_NULL, function_names[function]);
        CONTEXT("%s with %s misaligned", function_names[function], buffer_names[b]);
        for (size_t off = 1; off < 4; ++off) {
            prepare(&c, function);
            c.at[b] = (unsigned char *)c.at[b] + off;
            expect_refusal(&c, CENTRA_ERR_NULL, buffer_names[b], 0);
        }
    }
}

static void check_overlaps(int function)
{
    Call c;
    for (int a = 0; a < BUFFERS; ++a)
        for (int b = 0; b < BUFFERS; ++b) {
            int first = roles[function][a], second = roles[function][b];
            int read_only = (first == IN || first == IN_OR_NULL) && (second == IN || second == IN_OR_NULL);
            /* Lengths and bytes are written alone. A range and a state are looked into first, and cannot lie over one another and be sound. */
            if (a == b || first == ABSENT || second == ABSENT || read_only || function < RANGE || function == CANDIDATES ||
                function == FARTHEST_LENGTH || ((function == STEP || function == RELOCATE) && a + b == B_RANGE + B_STATE))
                continue;
            tell(buffer_names[a], "overlaps another argument", CENTRA_ERR_ALIAS, function_names[function]);
            for (int way = 0; way < 3; ++way) {
                CONTEXT("%s with %s over %s (%d)", function_names[function], buffer_names[b], buffer_names[a], way);
                prepare(&c, function);
                unsigned char *start = (unsigned char *)c.at[a];
                c.at[b] = way == 0 ? start + sizes[a] - 8 : way == 1 ? start + 8 - sizes[b] : start;
                if (function != RANGE)
                    memcpy(c.at[B_RANGE], good_range, sizeof good_range);
                if (function == STEP || function == RELOCATE)
                    ((centra_stream_state *)c.at[B_STATE])->struct_size = sizeof(centra_stream_state);
                expect_refusal(&c, CENTRA_ERR_ALIAS, "", 1);
                /* What is large may meet others before the one that is meant. */
                CHECK(strstr(centra_error_detail(), buffer_names[a]) || sizes[b] > GAP);
                CHECK(strstr(centra_error_detail(), buffer_names[b]) || sizes[a] > GAP);
            }
        }
}

#define BIT(function) (1u << (function))
#define CHUNKS (BIT(RANGE) | BIT(SUMS) | BIT(FARTHEST) | SEEDING)
#define SEEDING (BIT(MASSES) | BIT(DRAW) | BIT(WEIGH))
#define PROMISED (BIT(SUMS) | BIT(FARTHEST) | SEEDING)
#define RELOCATING (BIT(FARTHEST_LENGTH) | BIT(FARTHEST) | BIT(RELOCATE))
#define SUMMED (BIT(SUMS) | BIT(MEANS) | BIT(STEP) | RELOCATING)
#define SIZED (BIT(SUMS_LENGTH) | BIT(WORKSPACE_SIZE) | PROMISED | BIT(MEANS) | BIT(STEP) | RELOCATING | BIT(CHOOSE))
#define RANGED (SIZED & ~BIT(WORKSPACE_SIZE))
#define OPTED (CHUNKS | BIT(WORKSPACE_SIZE) | BIT(STEP) | RELOCATING | BIT(CHOOSE))
#define WORKING (CHUNKS | BIT(CHOOSE))
#define COUNTED (SEEDING | BIT(CHOOSE))

/* The range of the same points without weights, which are whole numbers from 8 to 10 at most. */
static void without_weights(int32_t *range)
{
    for (size_t t = 0; t < D; ++t) {
        range[3 * t + 1] = 1075 + 3;
        range[3 * t + 2] = 1024;
    }
    memset(range + 3 * D, 0, 3 * sizeof *range);
}

#define DOUBLE(buffer, index) (((double *)c->at[buffer])[index])
#define LONG(buffer, index) (((int64_t *)c->at[buffer])[index])
#define INT(buffer, index) (((int32_t *)c->at[buffer])[index])
#define O c->options

/*        name             functions             status                detail         change */
#define REFUSALS(X) \
    X(d_zero,              SIZED | CHUNKS | BIT(RANGE_LENGTH) | BIT(JOIN), CENTRA_ERR_SHAPE, "d = 0", c->d = 0) \
    X(d_huge,              SIZED | CHUNKS | BIT(RANGE_LENGTH) | BIT(JOIN), CENTRA_ERR_SHAPE, "",      c->d = SIZE_MAX / 8) \
    X(k_zero,              SIZED,                CENTRA_ERR_SHAPE,     "k = 0",       c->k = 0) \
    X(k_alone_zero,        BIT(CANDIDATES) | BIT(DUE), CENTRA_ERR_SHAPE, "k = 0: it must be positive",   c->k = 0) \
    X(k_over_total,        SIZED,                CENTRA_ERR_SHAPE,     "k = 9 is more than total = 8", c->k = N + 1) \
    X(k_huge,              SIZED | BIT(CANDIDATES) | BIT(DUE), CENTRA_ERR_SHAPE,   "k",           c->k = (size_t)1 << 31; c->total = INT64_C(1) << 33) \
    X(total_zero,          SIZED,                CENTRA_ERR_SHAPE,     "total = 0",   c->total = 0) \
    X(total_negative,      SIZED,                CENTRA_ERR_SHAPE,     "total = -1",  c->total = -1) \
    X(total_huge,          SIZED,                CENTRA_ERR_SHAPE,     "2^40",        c->total = (INT64_C(1) << 40) + 1) \
    X(n_overflow,          CHUNKS | BIT(WORKSPACE_SIZE), CENTRA_ERR_SHAPE, "n",       c->n = SIZE_MAX / 4) \
    X(n_over_total,        BIT(SUMS),            CENTRA_ERR_SHAPE,     "points: 8 and 0 before do not fit total = 7", c->total = N - 1) \
    X(n_over_total_seed,   BIT(MASSES) | BIT(WEIGH), CENTRA_ERR_SHAPE, "points: n = 8 is more than total = 7", c->total = N - 1) \
    X(n_over_rest,         BIT(SUMS),            CENTRA_ERR_SHAPE,     "8 and 1 before", LONG(B_SUMS, 106) = 1) \
    X(counts_negative,     BIT(SUMS),            CENTRA_ERR_SHAPE,     "-1 before",   LONG(B_SUMS, 106) = -1) \
    X(ld_below_d,          CHUNKS,               CENTRA_ERR_SHAPE,     "ld",          c->ld = D - 1) \
    X(ld_below_n,          CHUNKS,               CENTRA_ERR_SHAPE,     "ld",          O.layout = CENTRA_COLUMNS; c->ld = N - 1) \
    X(points_null,         CHUNKS,               CENTRA_ERR_NULL,      "points",      c->at[B_POINTS] = NULL) \
    X(options_misaligned,  OPTED,                CENTRA_ERR_NULL,      "options",     c->options_at = (unsigned char *)&c->options + 4) \
    X(options_size_zero,   OPTED,                CENTRA_ERR_OPTION,    "struct_size", O.struct_size = 0) \
    X(options_too_new,     OPTED,                CENTRA_ERR_OPTION,    "struct_size", O.struct_size += 8) \
    X(layout_high,         OPTED,                CENTRA_ERR_OPTION,    "layout",      O.layout = 2) \
    X(threads_negative,    OPTED,                CENTRA_ERR_OPTION,    "threads",     O.threads = -1) \
    X(tol_nan,             OPTED,                CENTRA_ERR_OPTION,    "tol",         O.tol = NAN) \
    X(wanted_high,         BIT(SUMS),            CENTRA_ERR_OPTION,    "wanted: 4",   c->wanted = 4) \
    X(wanted_negative,     BIT(SUMS),            CENTRA_ERR_OPTION,    "wanted: -1",  c->wanted = -1) \
    X(moved_of_none,       BIT(SUMS),            CENTRA_ERR_NULL,      "labels",      c->wanted = CENTRA_STREAM_MOVED; c->at[B_LABELS] = NULL) \
    X(state_size_zero,     BIT(STEP) | BIT(FARTHEST_LENGTH) | BIT(RELOCATE),            CENTRA_ERR_OPTION,    "struct_size", LONG(B_STATE, 0) = 0) \
    X(state_too_new,       BIT(STEP) | BIT(FARTHEST_LENGTH) | BIT(RELOCATE),            CENTRA_ERR_OPTION,    "struct_size", LONG(B_STATE, 0) += 8) \
    X(workspace_huge,      WORKING,              CENTRA_ERR_WORKSPACE, "workspace",   c->workspace_bytes = SIZE_MAX) \
    X(workspace_tiny,      WORKING,              CENTRA_ERR_WORKSPACE, "workspace",   c->workspace_bytes = 1) \
    X(workspace_empty,     WORKING,              CENTRA_ERR_WORKSPACE, "workspace",   c->workspace_bytes = 0) \
    X(workspace_null,      WORKING,              CENTRA_ERR_WORKSPACE, "workspace",   c->at[B_WORKSPACE] = NULL) \
    X(workspace_odd,       WORKING,              CENTRA_ERR_WORKSPACE, "workspace",   c->at[B_WORKSPACE] = (unsigned char *)c->at[B_WORKSPACE] + 8) \
    X(range_negative,      RANGED,               CENTRA_ERR_RANGE,     "range: -1, ", INT(B_RANGE, 0) = -1) \
    X(range_of_no_terms,   RANGED,               CENTRA_ERR_RANGE,     "from index 3 on",   INT(B_RANGE, 4) = 0) \
    X(range_too_far,       RANGED,               CENTRA_ERR_RANGE,     "dimension 2", INT(B_RANGE, 6) = 0x7fe00000) \
    X(range_not_finite,    RANGED,               CENTRA_ERR_RANGE,     "range: ",     INT(B_RANGE, 6) = 0x7ff00001) \
    X(range_unweighted,    PROMISED,             CENTRA_ERR_WEIGHTS,   "weights",     without_weights(&INT(B_RANGE, 0))) \
    X(range_top_too_high,  RANGED,               CENTRA_ERR_RANGE,     "1095, 1024 from index 3 on", INT(B_RANGE, 4) = 1095) \
    X(range_given,         BIT(RANGE),           CENTRA_ERR_RANGE,     "range: -1, 0, 0 from index 3 on", INT(B_RANGE, 3) = -1) \
    X(range_given_bare,    BIT(RANGE),           CENTRA_ERR_WEIGHTS,   "weights",     memcpy(&INT(B_RANGE, 0), good_range, sizeof good_range); \
                                                                                      without_weights(&INT(B_RANGE, 0))) \
    X(weight_nan,          CHUNKS,               CENTRA_ERR_NONFINITE, "weights: NaN at index 5", DOUBLE(B_WEIGHTS, 5) = NAN) \
    X(weight_infinite,     CHUNKS,               CENTRA_ERR_NONFINITE, "weights: infinity at index 7", DOUBLE(B_WEIGHTS, 7) = INFINITY) \
    X(weight_negative,     CHUNKS,               CENTRA_ERR_WEIGHTS,   "at index 0 is negative", DOUBLE(B_WEIGHTS, 0) = -1e-300) \
    X(weight_too_large,    PROMISED,             CENTRA_ERR_RANGE,     "weights",     DOUBLE(B_WEIGHTS, 4) = 64) \
    X(weight_too_fine,     PROMISED,             CENTRA_ERR_RANGE,     "weights",     DOUBLE(B_WEIGHTS, 4) = 0.5) \
    X(point_nan,           CHUNKS,               CENTRA_ERR_NONFINITE, "points: NaN at row 6, dimension 2", DOUBLE(B_POINTS, 6 * LD + 2) = NAN) \
    X(point_minus_inf,     CHUNKS,               CENTRA_ERR_NONFINITE, "points: -infinity at row 0, dimension 1", DOUBLE(B_POINTS, 1) = -INFINITY) \
    X(point_too_large,     PROMISED,             CENTRA_ERR_RANGE,     "points: 1000 at row 7, dimension 0", DOUBLE(B_POINTS, 7 * LD) = 1000) \
    X(point_too_fine,      PROMISED,             CENTRA_ERR_RANGE,     "points: 0.25 at row 1, dimension 2", DOUBLE(B_POINTS, LD + 2) = 0.25) \
    X(center_nan,          BIT(SUMS) | BIT(STEP) | RELOCATING, CENTRA_ERR_NONFINITE, "centers: NaN at row 1, dimension 2", DOUBLE(B_CENTERS, D + 2) = NAN) \
    X(center_huge,         BIT(SUMS) | BIT(STEP) | RELOCATING, CENTRA_ERR_RANGE,     "centers: 1e200 at row 1, dimension 1", DOUBLE(B_CENTERS, D + 1) = 1e200) \
    X(label_too_high,      BIT(SUMS),            CENTRA_ERR_LABEL,     "labels: 2 at index 3 is not one of 0 to 1", \
        memset(&INT(B_LABELS, 0), 0, sizes[B_LABELS]); INT(B_LABELS, 3) = K; c->wanted = CENTRA_STREAM_MOVED) \
    X(label_too_low,       BIT(SUMS),            CENTRA_ERR_LABEL,     "labels: 0 at index 0 is not one of 1 to 2", \
        memset(&INT(B_LABELS, 0), 0, sizes[B_LABELS]); O.label_base = 1; c->wanted = CENTRA_STREAM_MOVED) \
    X(sums_measured,       SUMMED,               CENTRA_ERR_RANGE,     "sums: 9223372036854775807 at index 0", LONG(B_SUMS, 0) = INT64_MAX) \
    X(sums_compared,       SUMMED,               CENTRA_ERR_RANGE,     "sums: -1 at index 1", LONG(B_SUMS, 1) = -1) \
    X(sums_moved,          SUMMED,               CENTRA_ERR_RANGE,     "sums: 1 at index 2", LONG(B_SUMS, 2) = 1) \
    X(sums_digit_large,    SUMMED,               CENTRA_ERR_RANGE,     "sums: 4611686018427387904 at index 36", LONG(B_SUMS, 36) = INT64_C(1) << 62) \
    X(sums_digit_negative, SUMMED,               CENTRA_ERR_RANGE,     "sums: -1 at index 105", LONG(B_SUMS, 105) = -1) \
    X(sums_positive,       SUMMED,               CENTRA_ERR_RANGE,     "sums: 8 at index 109", LONG(B_SUMS, 109) = N) \
    X(sums_weight,         SUMMED,               CENTRA_ERR_RANGE,     "sums: -9223372036854775808 at index 110", LONG(B_SUMS, 110) = INT64_MIN) \
    X(sums_term,           SUMMED,               CENTRA_ERR_RANGE,     "sums: 9223372036854775807 at index 117", LONG(B_SUMS, 117) = INT64_MAX) \
    X(state_of_no_time,    BIT(STEP) | BIT(FARTHEST_LENGTH) | BIT(RELOCATE),            CENTRA_ERR_OPTION,    "state: iterations = -1", LONG(B_STATE, 2) = -1) \
    X(state_of_no_reason,  BIT(STEP) | BIT(FARTHEST_LENGTH) | BIT(RELOCATE),            CENTRA_ERR_OPTION,    "stopped_by = 3", INT(B_STATE, 2) = 1; INT(B_STATE, 3) = 3) \
    X(sums_too_few,        BIT(MEANS) | BIT(STEP) | RELOCATING, CENTRA_ERR_SHAPE,   "sums: the counts add up to 7, but total = 8", LONG(B_SUMS, 106) -= 1) \
    X(sums_too_many,       BIT(MEANS) | BIT(STEP) | RELOCATING, CENTRA_ERR_SHAPE,   "sums: the counts add up to 9", LONG(B_SUMS, 107) += 1) \
    X(empty_cluster,       BIT(STEP),            CENTRA_ERR_EMPTY,     "cluster 1",   memcpy(c->at[B_SUMS], lonely_sums, sizes[B_SUMS])) \
    X(empty_error,         BIT(STEP),            CENTRA_ERR_EMPTY,     "cluster 1",   memcpy(c->at[B_SUMS], lonely_sums, sizes[B_SUMS]); \
                                                                                      O.empty = CENTRA_EMPTY_ERROR) \
    X(count_too_many,      SEEDING,              CENTRA_ERR_SHAPE,     "candidates",  c->count = ALL + 1) \
    X(count_overflow,      COUNTED,              CENTRA_ERR_SHAPE,     "count",       c->count = SIZE_MAX / 2) \
    X(count_zero,          BIT(WEIGH) | BIT(CHOOSE), CENTRA_ERR_SHAPE, "candidates",  c->count = 0) \
    X(known_over_count,    BIT(MASSES),          CENTRA_ERR_SHAPE,     "known: 4 of 3", c->known = COUNT + 1) \
    X(candidate_nan,       COUNTED,              CENTRA_ERR_NONFINITE, "candidates: NaN at row 1, dimension 1", DOUBLE(B_CANDIDATES, 4) = NAN) \
    X(candidate_huge,      COUNTED,              CENTRA_ERR_RANGE,     "candidates: 1e200 at row 1, dimension 1", DOUBLE(B_CANDIDATES, 4) = 1e200) \
    X(distance_nan,        BIT(MASSES) | BIT(DRAW), CENTRA_ERR_NONFINITE, "distances: NaN at index 2", c->known = 1; DOUBLE(B_DISTANCES, 2) = NAN) \
    X(distance_infinite,   BIT(MASSES) | BIT(DRAW), CENTRA_ERR_NONFINITE, "distances: infinity at index 7", c->known = 1; DOUBLE(B_DISTANCES, 7) = INFINITY) \
    X(distance_negative,   BIT(MASSES) | BIT(DRAW), CENTRA_ERR_RANGE,  "distances: -1 at index 0", c->known = 1; DOUBLE(B_DISTANCES, 0) = -1) \
    X(distance_too_large,  BIT(MASSES) | BIT(DRAW), CENTRA_ERR_RANGE,  "distances: 1e300 at index 0 cannot be a squared distance", c->known = 1; DOUBLE(B_DISTANCES, 0) = 1e300) \
    X(masses_negative,     BIT(DRAW),            CENTRA_ERR_RANGE,     "masses: -1 at index 3", LONG(B_MASSES, 3) = -1) \
    X(masses_too_large,    BIT(DRAW),            CENTRA_ERR_RANGE,     "masses: 9223372036854775807 at index 0", LONG(B_MASSES, 0) = INT64_MAX) \
    X(masses_top,          BIT(DRAW),            CENTRA_ERR_RANGE,     "masses: 1 at index 68", LONG(B_MASSES, CENTRA_STREAM_MASS_DIGITS - 1) = 1) \
    X(drawn_huge,          BIT(DRAW),            CENTRA_ERR_SHAPE,     "drawn = 9223372036854775807", LONG(B_DRAWN, 0) = INT64_MAX) \
    X(first_negative,      BIT(DRAW) | BIT(FARTHEST),            CENTRA_ERR_SHAPE,     "first = -1",  c->first = -1) \
    X(first_over_total,    BIT(DRAW) | BIT(FARTHEST),            CENTRA_ERR_SHAPE,     "first = 1: 8 points from there on", c->first = 1) \
    X(drawn_negative,      BIT(DRAW),            CENTRA_ERR_SHAPE,     "drawn = -1",   LONG(B_DRAWN, 0) = -1) \
    X(tally_negative,      BIT(CHOOSE),          CENTRA_ERR_WEIGHTS,   "candidate weights", LONG(B_TALLY, 2) = -1) \
    X(length_other,        BIT(FARTHEST) | BIT(RELOCATE), CENTRA_ERR_SHAPE, "farthest: 6 elements", c->length = D + 3) \
    X(length_of_no_points, BIT(JOIN),            CENTRA_ERR_SHAPE,     "length = 6: no multiple of 7", c->length = D + 3) \
    X(length_overflow,     BIT(FARTHEST) | BIT(JOIN) | BIT(RELOCATE), CENTRA_ERR_SHAPE, "length = ", c->length = SIZE_MAX / 2) \
    X(list_negative,       BIT(FARTHEST) | BIT(JOIN) | BIT(RELOCATE), CENTRA_ERR_RANGE, "farthest: -1, 0 at point 0", LONG(B_FARTHEST, 0) = -1; \
                                                                                      LONG(B_FARTHEST, 1) = 0) \
    X(from_negative,       BIT(JOIN),            CENTRA_ERR_RANGE,     "from: -1, ",  LONG(B_FROM, 0) = -1) \
    X(list_of_no_cluster,  BIT(RELOCATE),        CENTRA_ERR_RANGE,     "point 0 is of cluster 1", LONG(B_FARTHEST, 2) = 1) \
    X(list_of_none,        BIT(RELOCATE),        CENTRA_ERR_RANGE,     "point 0 has the index 8, but total = 8", LONG(B_FARTHEST, 1) = N) \
    X(list_too_large,      BIT(RELOCATE),        CENTRA_ERR_RANGE,     "dimension 2 of point 0", DOUBLE(B_FARTHEST, 6) = 1000) \
    X(list_of_no_weight,   BIT(RELOCATE),        CENTRA_ERR_RANGE,     "the weight of point 0", DOUBLE(B_FARTHEST, 3) = 0) \
    X(sums_of_others,      BIT(FARTHEST),        CENTRA_ERR_RANGE,     "sums: cluster 1 has no point of positive weight, but", \
        DOUBLE(B_CENTERS, D) = DOUBLE(B_CENTERS, D + 1) = DOUBLE(B_CENTERS, D + 2) = 8) \
    X(empty_no_list,       BIT(RELOCATE),        CENTRA_ERR_EMPTY,     "cluster 1",   c->length = 0; O.empty = CENTRA_EMPTY_ERROR) \
    X(over_options,        WORKING | BIT(STEP) | BIT(RELOCATE),  CENTRA_ERR_ALIAS,     "options",     c->at[small_output(c->function)] = &c->options)

/* An output that may lie anywhere without another argument being missed for it. */
static int small_output(int function)
{
    static const int outputs[FUNCTIONS] = {B_LENGTH, B_LENGTH, B_BYTES,  B_RANGE,     B_LABELS, B_CENTERS, B_CENTERS, B_LENGTH, B_FARTHEST, B_FARTHEST, B_CENTERS,
                                           B_OF_ALL, B_MASSES, B_DISTANCES, B_DRAWN, B_TALLY,  B_CENTERS};
    return outputs[function];
}

typedef struct Row {
    const char *name;
    unsigned functions;
    int32_t status;
    const char *detail;
} Row;

#define AS_NAME(name, functions, status, detail, change) name,
enum { REFUSALS(AS_NAME) ROWS };
#define AS_ROW(name, functions, status, detail, change) {#name, functions, status, detail},
static const Row rows_of_table[] = {REFUSALS(AS_ROW)};
#define AS_CASE(name, functions, status, detail, change) case name: change; break;

static void mutate(int row, Call *c)
{
    switch (row) {
        REFUSALS(AS_CASE)
    default: break;
    }
}

static void check_values(int function)
{
    for (int row = 0; row < ROWS; ++row) {
        if (!(rows_of_table[row].functions & BIT(function)))
            continue;
        CONTEXT("%s, %s", function_names[function], rows_of_table[row].name);
        Call c;
        prepare(&c, function);
        mutate(row, &c);
        expect_refusal(&c, rows_of_table[row].status, rows_of_table[row].detail, 0);
        tell(rows_of_table[row].name, "", rows_of_table[row].status, function_names[function]);
    }
}

static void check_refusals(void)
{
    for (size_t i = 0; i < sizeof role_table / sizeof *role_table; ++i)
        roles[role_table[i].function][role_table[i].buffer] = role_table[i].role;
    Call c;
    memset(&c, 0, sizeof c);
    const double one = 1;
    centra_options_init(&c.options);
    c.options.init = CENTRA_INIT_PARALLEL;
    c.options.weights = &one; /* not read by the query */
    size_t rows = 0, columns = 0;
    CHECK(centra_stream_workspace_size(N, N, D, K, &c.options, &rows) == CENTRA_OK);
    c.options.layout = CENTRA_COLUMNS;
    CHECK(centra_stream_workspace_size(N, N, D, K, &c.options, &columns) == CENTRA_OK);

    sizes[B_POINTS] = ((N - 1) * LD + D) * sizeof(double);
    sizes[B_WEIGHTS] = N * sizeof(double);
    sizes[B_RANGE] = sizeof good_range;
    sizes[B_CENTERS] = K * D * sizeof(double);
    sizes[B_LABELS] = N * sizeof(int32_t);
    sizes[B_COUNTS] = K * sizeof(int64_t);
    sizes[B_STATE] = sizeof(centra_stream_state);
    sizes[B_CANDIDATES] = COUNT * D * sizeof(double);
    sizes[B_DISTANCES] = N * sizeof(double);
    sizes[B_MASSES] = sizeof good_masses;
    sizes[B_ROWS] = ROOM * D * sizeof(double);
    sizes[B_DRAWN] = sizeof(int64_t);
    sizes[B_TALLY] = sizeof good_tally;
    sizes[B_FARTHEST] = sizes[B_FROM] = sizeof good_list;
    sizes[B_LENGTH] = sizes[B_OF_ROUND] = sizes[B_OF_ALL] = sizes[B_BYTES] = sizeof(size_t);
    sizes[B_WORKSPACE] = (rows > columns ? rows : columns) / 64 * 64 + 64;

    /* How long sums are, the range tells: that of the points which fill() makes, whose layout the length does not change. */
    double points[N * D], weights[N];
    for (size_t i = 0; i < N; ++i) {
        for (size_t t = 0; t < D; ++t)
            points[i * D + t] = (double)((i * 5 + t * 3) % 11);
        weights[i] = (double)(1 + i);
    }
    c.options.layout = CENTRA_ROWS;
    c.options.weights = weights;
    size_t length = 0;
    CHECK(centra_stream_range(points, N, D, D, &c.options, good_range, NULL, 0) == CENTRA_OK);
    CHECK(centra_stream_sums_length(N, D, K, good_range, &length) == CENTRA_OK);
    sizes[B_SUMS] = length * sizeof(int64_t);
    good_sums = (int64_t *)get(length, sizeof *good_sums);
    lonely_sums = (int64_t *)get(length, sizeof *lonely_sums);

    block_size = AHEAD;
    for (int b = 0; b < BUFFERS; ++b)
        block_size += apart(b);
    unsigned char *memory = (unsigned char *)get(block_size + 64, 1);
    block = memory + (64 - (uintptr_t)memory % 64);
    snapshot = (unsigned char *)get(block_size, 1);
    check_sound();
    check_empty_chunks();
    for (int function = 0; function < FUNCTIONS; ++function) {
        check_pointers(function);
        check_overlaps(function);
        check_values(function);
    }
    free(snapshot);
    free(memory);
    free(lonely_sums);
    free(good_sums);
}

int main(void)
{
    static double weights[MANY];
    for (size_t p = 0; p < MANY; ++p)
        weights[p] = p < 20 ? 0 : (double)(p * p % 31) / 8; /* zero for the first chunk, and for some more */
    for (int32_t layout = CENTRA_ROWS; layout <= CENTRA_COLUMNS; ++layout)
        for (int32_t base = 0; base < 2; ++base)
            for (int32_t threads = 1; threads < 3; ++threads) {
                check_run(layout, base, NULL, threads);
                check_run(layout, base, weights, threads);
            }
    for (int32_t layout = CENTRA_ROWS; layout <= CENTRA_COLUMNS; ++layout) {
        check_relocation(layout, NULL);
        check_relocation(layout, weights);
    }
    check_refusals();
    return finish("stream");
}
