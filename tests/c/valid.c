/* valid.c: every function of the C API in normal use, and the promises that are about use rather than about numbers.
 *
 * The numbers themselves are checked in answers.c against a naive implementation. Here one way of calling is compared with
 * another: layouts, label bases, own and caller's workspace, thread counts and struct versions must not change a bit. */
#define _XOPEN_SOURCE 700
#include "centra.h"
#include "check.h"

#include <fenv.h>
#include <math.h>
#include <stddef.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>
#if defined(__SSE2__)
#include <xmmintrin.h>
#endif

/* Three blobs on a line, and a point of its own: small enough to know the answer by heart. */
enum { N = 10, D = 2, K = 3 };
static const double points[N * D] = {0, 0, 0, 2, 2, 0, 2, 2, 100, 0, 100, 4, 104, 0, 104, 4, 50, 50, 52, 50};
static const double start[K * D] = {0, 0, 104, 4, 50, 50};
static const double known_centers[K * D] = {1, 1, 102, 2, 51, 50};
static const int32_t known_labels[N] = {0, 0, 0, 0, 1, 1, 1, 1, 2, 2};
static const double known_inertia = 4 * 2 + 4 * 8 + 2 * 1;

static centra_options defaults(void)
{
    centra_options options;
    centra_options_init(&options);
    return options;
}

static void check_structs(void)
{
    CONTEXT("structs");
    centra_options options;
    memset(&options, 0x5a, sizeof options);
    centra_options_init(&options);
    CHECK(options.struct_size == sizeof options);
    CHECK(options.init == CENTRA_INIT_KMEANSPP && options.empty == CENTRA_EMPTY_RELOCATE && options.layout == CENTRA_ROWS);
    CHECK(options.label_base == 0 && options.threads == 1 && options.n_init == 1 && options.max_iter == 300);
    CHECK(options.tol == 0 && options.seed == 0);
    CHECK(!options.weights && !options.progress && !options.progress_data && !options.parallel && !options.parallel_data);
    centra_report report;
    memset(&report, 0x5a, sizeof report);
    centra_report_init(&report);
    CHECK(report.struct_size == sizeof report && report.iterations == 0 && report.inertia == 0 && report.distances == 0);
}

/* The binary interface is fixed: a program built against this header must find its fields in the next library too. */
static void check_abi(void)
{
    CONTEXT("abi");
    CHECK(CENTRA_OK == 0 && CENTRA_CANCELLED == 1);
    CHECK(CENTRA_ERR_NULL == -1 && CENTRA_ERR_SHAPE == -2 && CENTRA_ERR_NONFINITE == -3 && CENTRA_ERR_RANGE == -4);
    CHECK(CENTRA_ERR_WEIGHTS == -5 && CENTRA_ERR_WORKSPACE == -6 && CENTRA_ERR_OPTION == -7 && CENTRA_ERR_ALIAS == -8);
    CHECK(CENTRA_ERR_EMPTY == -9 && CENTRA_ERR_LABEL == -10 && CENTRA_ERR_MEMORY == -11 && CENTRA_ERR_INTERNAL == -12);
    CHECK(CENTRA_INIT_KMEANSPP == 0 && CENTRA_INIT_RANDOM == 1 && CENTRA_INIT_GIVEN == 2 && CENTRA_INIT_PARALLEL == 3);
    CHECK(CENTRA_EMPTY_RELOCATE == 0 && CENTRA_EMPTY_KEEP == 1 && CENTRA_EMPTY_ERROR == 2);
    CHECK(CENTRA_ROWS == 0 && CENTRA_COLUMNS == 1);
    CHECK(CENTRA_ALGORITHM_AUTO == 0 && CENTRA_ALGORITHM_LLOYD == 1 && CENTRA_ALGORITHM_HAMERLY == 2);
    CHECK(CENTRA_CONVERGED == 0 && CENTRA_TOLERANCE == 1 && CENTRA_MAX_ITER == 2 && CENTRA_STOPPED == 3);
    if (sizeof(void *) != 8)
        return;
    CHECK(sizeof(centra_options) == 104 && sizeof(centra_report) == 112 && sizeof(centra_progress) == 40);
    CHECK(sizeof(centra_watch) == 40);
    CHECK(offsetof(centra_options, init) == 8 && offsetof(centra_options, empty) == 12 && offsetof(centra_options, layout) == 16);
    CHECK(offsetof(centra_options, label_base) == 20 && offsetof(centra_options, threads) == 24);
    CHECK(offsetof(centra_options, n_init) == 28 && offsetof(centra_options, max_iter) == 32 && offsetof(centra_options, tol) == 40);
    CHECK(offsetof(centra_options, seed) == 48 && offsetof(centra_options, weights) == 56);
    CHECK(offsetof(centra_options, progress) == 64 && offsetof(centra_options, progress_data) == 72);
    CHECK(offsetof(centra_options, algorithm) == 80 && offsetof(centra_report, workspace_bytes) == 104);
    CHECK(offsetof(centra_options, parallel) == 88 && offsetof(centra_options, parallel_data) == 96);
    CHECK(offsetof(centra_report, stopped_by) == 8 && offsetof(centra_report, threads) == 12);
    CHECK(offsetof(centra_report, iterations) == 16 && offsetof(centra_report, empty_clusters) == 24);
    CHECK(offsetof(centra_report, moved) == 32 && offsetof(centra_report, inertia) == 40 && offsetof(centra_report, distances) == 48);
    CHECK(offsetof(centra_report, rechecked) == 56 && offsetof(centra_report, skipped) == 64);
    CHECK(offsetof(centra_report, seconds_scan) == 72 && offsetof(centra_report, seconds_seed) == 80);
    CHECK(offsetof(centra_report, seconds_assign) == 88 && offsetof(centra_report, seconds_update) == 96);
    CHECK(offsetof(centra_progress, restart) == 8 && offsetof(centra_progress, iteration) == 16);
    CHECK(offsetof(centra_progress, moved) == 24 && offsetof(centra_progress, shift) == 32);
}

static void check_texts(void)
{
    CONTEXT("texts");
    const char *seen[14];
    for (int32_t status = CENTRA_ERR_INTERNAL; status <= CENTRA_CANCELLED; ++status) {
        const char *message = centra_status_message(status);
        CHECK(message && message[0]);
        seen[status - CENTRA_ERR_INTERNAL] = message;
        for (int32_t other = CENTRA_ERR_INTERNAL; other < status; ++other)
            CHECK(strcmp(message, seen[other - CENTRA_ERR_INTERNAL]) != 0);
    }
    CHECK(centra_status_message(2) && centra_status_message(-13) && centra_status_message(INT32_MIN) && centra_status_message(INT32_MAX));
    CHECK(centra_status_message(CENTRA_OK) == centra_status_message(CENTRA_OK)); /* static text */
#ifdef EXPECTED_VERSION
    CHECK(strcmp(centra_version(), EXPECTED_VERSION) == 0);
    CHECK(strcmp(CENTRA_VERSION, EXPECTED_VERSION) == 0);
    char parts[32];
    snprintf(parts, sizeof parts, "%d.%d.%d", CENTRA_VERSION_MAJOR, CENTRA_VERSION_MINOR, CENTRA_VERSION_PATCH);
    CHECK(strcmp(parts, EXPECTED_VERSION) == 0);
#endif
    const char *isa = centra_isa(), *asked = getenv("CENTRA_ISA");
    static const char *const names[] = {"portable", "neon", "avx2", "avx512"};
    int used = -1, limit = 3;
    for (int rank = 0; rank < 4; rank++) {
        used = strcmp(isa, names[rank]) == 0 ? rank : used;
        limit = asked && strcmp(asked, names[rank]) == 0 ? rank : limit;
    }
    CHECK(used >= 0 && used <= limit);
#if defined(__aarch64__) && defined(__AARCH64EL__)
    CHECK(used == (limit > 1 ? 1 : limit));
#else
    CHECK(used != 1);
#endif
}

/* The header has macros of these names and does not declare the functions, which are for programs that were linked with its first version. */
#ifdef __cplusplus
extern "C" {
#endif
void (centra_options_init)(centra_options *options);
void (centra_report_init)(centra_report *report);
#ifdef __cplusplus
}
#endif

/* What the macros and the initialisers of the header make of a struct is the same, to the last byte, and covers all of it. The functions
 * of the same names as the macros write no more than the structs had in the first version. */
static void check_initialisers(void)
{
    static const centra_options constant_options = CENTRA_OPTIONS_DEFAULT;
    static const centra_report constant_report = CENTRA_REPORT_DEFAULT;
    static const centra_problem constant_problem = CENTRA_PROBLEM_DEFAULT;
    struct { centra_options options; unsigned char beyond[8]; } o, by_macro;
    struct { centra_report report; unsigned char beyond[8]; } r, report_by_macro;
    memset(&o, 0xa5, sizeof o);
    memset(&r, 0xa5, sizeof r);
    memset(&by_macro, 0xa5, sizeof by_macro);
    memset(&report_by_macro, 0xa5, sizeof report_by_macro);
    (centra_options_init)(&o.options);
    (centra_report_init)(&r.report);
#ifdef __cplusplus
    ::centra_options_init(&by_macro.options);
    ::centra_report_init(&report_by_macro.report);
#else
    centra_options_init(&by_macro.options);
    centra_report_init(&report_by_macro.report);
#endif
    size_t first_options = offsetof(centra_options, algorithm), first_report = offsetof(centra_report, workspace_bytes);
    CHECK(sizeof(void *) != 8 || (first_options == 80 && first_report == 104));
    CHECK(o.options.struct_size == first_options && r.report.struct_size == first_report);
    CHECK(o.options.max_iter == 300 && o.options.progress_data == NULL && r.report.seconds_update == 0);
    for (size_t i = first_options; i < sizeof o; i++)
        CHECK(((unsigned char *)&o)[i] == 0xa5);
    for (size_t i = first_report; i < sizeof r; i++)
        CHECK(((unsigned char *)&r)[i] == 0xa5);
    o = by_macro, r = report_by_macro;
    CHECK(o.options.struct_size == sizeof(centra_options) && r.report.struct_size == sizeof(centra_report));
    CHECK(memcmp(&o.options, &constant_options, sizeof(centra_options)) == 0);
    CHECK(memcmp(&r.report, &constant_report, sizeof(centra_report)) == 0);
    CHECK(o.options.max_iter == 300 && o.options.parallel == NULL && r.report.workspace_bytes == 0);
    for (size_t i = 0; i < 8; i++)
        CHECK(o.beyond[i] == 0xa5 && r.beyond[i] == 0xa5);
    centra_problem problem;
    memset(&problem, 0, sizeof problem);
    problem.struct_size = sizeof problem;
    CHECK(memcmp(&problem, &constant_problem, sizeof problem) == 0);
#ifndef __cplusplus
    centra_options chosen = CENTRA_OPTIONS(.seed = 42, .threads = 0);
    CHECK(chosen.struct_size == sizeof chosen && chosen.seed == 42 && chosen.threads == 0 && chosen.n_init == 1);
    CHECK(chosen.max_iter == 300 && chosen.tol == 0 && chosen.weights == NULL && chosen.parallel == NULL);
#endif
    double points[4] = {0, 1, 10, 11}, centers[2] = {0, 10};
    int32_t labels[4];
    o.options.init = CENTRA_INIT_GIVEN;
    CHECK(centra_fit(points, 4, 1, 1, 2, &o.options, centers, labels, &r.report, NULL, 0) == CENTRA_OK);
    CHECK(centers[0] == 0.5 && centers[1] == 10.5 && r.report.inertia == 1 && r.report.workspace_bytes > 0);
    /* A program with an older header has smaller structs, of which nothing beyond is read or written. */
    memset(&o, 0xa5, sizeof o);
    memset(&r, 0xa5, sizeof r);
    centra_options_init_sized(&o.options, first_options);
    centra_report_init_sized(&r.report, first_report);
    CHECK(centra_fit(points, 4, 1, 1, 2, &o.options, centers, labels, &r.report, NULL, 0) == CENTRA_OK && r.report.inertia == 1);
    for (size_t i = first_options; i < sizeof o; i++)
        CHECK(((unsigned char *)&o)[i] == 0xa5);
    for (size_t i = first_report; i < sizeof r; i++)
        CHECK(((unsigned char *)&r)[i] == 0xa5);
    /* Any size at all: whole members or not, more than there is, too small for the size itself. */
    for (size_t size = 0; size < sizeof o; size++) {
        memset(&o, 0xa5, sizeof o);
        centra_options_init_sized(&o.options, size);
        size_t written = size < sizeof(size_t) ? 0 : size < sizeof(centra_options) ? size : sizeof(centra_options);
        CHECK(written == 0 || o.options.struct_size == written);
        for (size_t i = written; i < sizeof o; i++)
            CHECK(((unsigned char *)&o)[i] == 0xa5);
    }
}

static void check_known(const centra_options *options, const double *data, size_t ld)
{
    double centers[K * D], sqdist[N], inertia = -1;
    int32_t labels[N], base = options->label_base;
    int64_t counts[K];
    centra_report report;
    centra_report_init(&report);
    memcpy(centers, start, sizeof start);
    CHECK(centra_fit(data, N, D, ld, K, options, centers, labels, &report, NULL, 0) == CENTRA_OK);
    CHECK(same_bits(centers, known_centers, K * D));
    for (size_t i = 0; i < N; ++i)
        CHECK(labels[i] == known_labels[i] + base);
    CHECK(report.inertia == known_inertia);
    CHECK(report.stopped_by == CENTRA_CONVERGED && report.moved == 0 && report.empty_clusters == 0);
    CHECK(report.iterations == 1 && report.threads >= 1); /* the start already has the final labels */
    CHECK(report.distances > 0 && report.rechecked >= 0 && report.skipped >= 0);
    CHECK(report.seconds_scan >= 0 && report.seconds_seed >= 0 && report.seconds_assign >= 0 && report.seconds_update >= 0);
    CHECK(centra_assign(data, N, D, ld, K, options, centers, labels, sqdist, NULL, 0) == CENTRA_OK);
    double sum = 0;
    for (size_t i = 0; i < N; ++i) {
        CHECK(labels[i] == known_labels[i] + base);
        sum += sqdist[i];
    }
    CHECK(sum == known_inertia);
    CHECK(centra_inertia(data, N, D, ld, K, options, centers, labels, &inertia) == CENTRA_OK);
    CHECK(inertia == known_inertia);
    memset(centers, 0xff, sizeof centers); /* NaN: no cluster is empty, so nothing of it is read */
    CHECK(centra_update(data, N, D, ld, K, options, labels, centers, counts, NULL, 0) == CENTRA_OK);
    CHECK(same_bits(centers, known_centers, K * D));
    CHECK(counts[0] == 4 && counts[1] == 4 && counts[2] == 2);
}

static void check_layouts(void)
{
    double padded[N * (D + 3)], columns[D * N], padded_columns[D * (N + 5)], shifted[N * D + 1];
    for (size_t i = 0; i < N * (D + 3); ++i)
        padded[i] = NAN; /* gaps are not read */
    for (size_t i = 0; i < D * (N + 5); ++i)
        padded_columns[i] = NAN;
    for (size_t i = 0; i < N; ++i)
        for (size_t t = 0; t < D; ++t) {
            double x = points[i * D + t];
            padded[i * (D + 3) + t] = x;
            columns[t * N + i] = x;
            padded_columns[t * (N + 5) + i] = x;
        }
    memcpy(shifted + 1, points, sizeof points); /* no alignment beyond a double's */
    centra_options options = defaults();
    options.init = CENTRA_INIT_GIVEN;
    for (int32_t base = 0; base <= 1; ++base)
        for (int32_t threads = 0; threads <= 2; ++threads) {
            CONTEXT("layouts, base %d, threads %d", (int)base, (int)threads);
            options.label_base = base;
            options.threads = threads;
            options.layout = CENTRA_ROWS;
            check_known(&options, points, D);
            check_known(&options, padded, D + 3);
            check_known(&options, shifted + 1, D);
            options.layout = CENTRA_COLUMNS;
            check_known(&options, columns, N);
            check_known(&options, padded_columns, N + 5);
        }
}

/* NULL where the API allows it. */
static void check_optional(void)
{
    CONTEXT("optional arguments");
    double centers[K * D];
    int32_t labels[N];
    size_t bytes = 0;
    CHECK(centra_workspace_size(N, D, K, NULL, &bytes) == CENTRA_OK);
    CHECK(centra_fit(points, N, D, D, K, NULL, centers, NULL, NULL, NULL, 0) == CENTRA_OK);
    CHECK(centra_seed(points, N, D, D, K, NULL, centers, NULL, 0) == CENTRA_OK);
    CHECK(centra_assign(points, N, D, D, K, NULL, known_centers, labels, NULL, NULL, 0) == CENTRA_OK);
    CHECK(same_labels(labels, known_labels, N));
    CHECK(centra_update(points, N, D, D, K, NULL, known_labels, centers, NULL, NULL, 0) == CENTRA_OK);
    CHECK(same_bits(centers, known_centers, K * D));
    double inertia = -1;
    CHECK(centra_inertia(points, N, D, D, K, NULL, known_centers, known_labels, &inertia) == CENTRA_OK && inertia == known_inertia);
    /* Inputs may share memory with inputs: centers that are the first points, and weights that are coordinates. */
    CHECK(centra_assign(points, N, D, D, K, NULL, points, labels, NULL, NULL, 0) == CENTRA_OK);
    CHECK(labels[0] == 0 && labels[1] == 1 && labels[2] == 2);
    centra_options options = defaults();
    options.weights = points;
    CHECK(centra_inertia(points, N, D, D, K, &options, known_centers, known_labels, &inertia) == CENTRA_OK);
    /* k = n = 1, and k = n */
    double one = -1;
    CHECK(centra_fit(points, 1, 1, 1, 1, NULL, &one, NULL, NULL, NULL, 0) == CENTRA_OK && one == 0);
    double all[N * D];
    centra_report report;
    centra_report_init(&report);
    CHECK(centra_fit(points, N, D, D, N, NULL, all, NULL, &report, NULL, 0) == CENTRA_OK && report.inertia == 0);
}

/* ---- a larger problem, on which the ways of calling are compared ------------------------------------------------ */

enum { MANY = 14000, DIMS = 3, CLUSTERS = 7 }; /* enough work for two threads */
static double *cloud, *cloud_weights;
static int under_valgrind; /* CENTRA_TESTS_VALGRIND: fewer rounds, and nothing that its arithmetic has not */

static void make_cloud(void)
{
    cloud = (double *)get(MANY * DIMS, sizeof *cloud);
    cloud_weights = (double *)get(MANY, sizeof *cloud_weights);
    for (size_t i = 0; i < MANY; ++i) {
        for (size_t t = 0; t < DIMS; ++t)
            cloud[i * DIMS + t] = (double)(random_bits() % 4000) / 1000 + (double)((i % CLUSTERS * (t + 2)) % 9);
        cloud_weights[i] = random_below(5) == 0 ? 0 : (double)random_below(1000) / 100;
    }
}

typedef struct Answer {
    double centers[CLUSTERS * DIMS];
    int32_t *labels;
    centra_report report;
} Answer;

static int32_t fit_cloud(const centra_options *options, Answer *answer, void *workspace, size_t bytes)
{
    centra_report_init(&answer->report);
    return centra_fit(cloud, MANY, DIMS, DIMS, CLUSTERS, options, answer->centers, answer->labels, &answer->report, workspace, bytes);
}

static int same_answer(const Answer *a, const Answer *b)
{
    return same_bits(a->centers, b->centers, CLUSTERS * DIMS) && same_labels(a->labels, b->labels, MANY) &&
           same_bits(&a->report.inertia, &b->report.inertia, 1) && a->report.iterations == b->report.iterations &&
           a->report.moved == b->report.moved && a->report.stopped_by == b->report.stopped_by &&
           a->report.empty_clusters == b->report.empty_clusters;
}

static void check_workspace_and_threads(void)
{
    Answer first, again;
    first.labels = (int32_t *)get(MANY, sizeof *first.labels);
    again.labels = (int32_t *)get(MANY, sizeof *again.labels);
    for (int32_t init = 0; init <= 1; ++init)
        for (int32_t weighted = 0; weighted <= 1; ++weighted) {
            centra_options options = defaults();
            options.init = init;
            options.weights = weighted ? cloud_weights : NULL;
            options.n_init = 2;
            options.max_iter = under_valgrind ? 2 : 12;
            options.seed = 42;
            CONTEXT("cloud, init %d, weighted %d", (int)init, (int)weighted);
            CHECK(fit_cloud(&options, &first, NULL, 0) == CENTRA_OK);
            CHECK(first.report.threads == 1);
            for (int32_t threads = 0; threads <= (under_valgrind ? 2 : 4); ++threads) {
                options.threads = threads;
                CONTEXT("cloud, init %d, weighted %d, threads %d", (int)init, (int)weighted, (int)threads);
                CHECK(fit_cloud(&options, &again, NULL, 0) == CENTRA_OK);
                CHECK(same_answer(&first, &again));
                CHECK(again.report.threads >= 1 && (threads == 0 || again.report.threads <= threads));
                size_t bytes = 0;
                CHECK(centra_workspace_size(MANY, DIMS, CLUSTERS, &options, &bytes) == CENTRA_OK);
                unsigned char *workspace = (unsigned char *)get(bytes + 64, 1);
                memset(workspace, 0xff, bytes + 64); /* what it held before is no matter, and behind it nothing is written */
                memset(again.labels, 0xff, MANY * sizeof *again.labels);
                CHECK(fit_cloud(&options, &again, workspace, bytes) == CENTRA_OK);
                CHECK(same_answer(&first, &again));
                int clean = 1;
                for (size_t i = 0; i < 64; ++i)
                    clean &= workspace[bytes + i] == 0xff;
                CHECK(clean);
                /* One query serves every call of the shape. */
                double seeds[CLUSTERS * DIMS], *sqdist = (double *)get(MANY, sizeof *sqdist);
                int64_t counts[CLUSTERS];
                CHECK(centra_seed(cloud, MANY, DIMS, DIMS, CLUSTERS, &options, seeds, workspace, bytes) == CENTRA_OK);
                CHECK(centra_assign(cloud, MANY, DIMS, DIMS, CLUSTERS, &options, seeds, again.labels, sqdist, workspace, bytes) == CENTRA_OK);
                CHECK(centra_update(cloud, MANY, DIMS, DIMS, CLUSTERS, &options, again.labels, seeds, counts, workspace, bytes) == CENTRA_OK);
                int64_t total = 0;
                for (size_t j = 0; j < CLUSTERS; ++j)
                    total += counts[j];
                CHECK(total == MANY);
                free(sqdist);
                free(workspace);
            }
        }
    free(first.labels);
    free(again.labels);
}

static void check_workspace_size(void)
{
    CONTEXT("workspace size");
    size_t few = 0, many = 0, huge = 0;
    CHECK(centra_workspace_size(1 << 20, 2, 1 << 10, NULL, &few) == CENTRA_OK);
    CHECK(centra_workspace_size(1 << 20, 2, 1 << 11, NULL, &many) == CENTRA_OK);
    CHECK(many - few < (size_t)1 << 24); /* a thousand clusters more cost nothing like n times a thousand */
    CHECK(centra_workspace_size((size_t)1 << 33, 2, 10, NULL, &huge) == CENTRA_OK); /* n may exceed 2^31 */
    CHECK(huge > many && huge < (size_t)1 << 40);
}

/* ---- seeding ---------------------------------------------------------------------------------------------------- */

/* Fewer points than centers, and none, wherever no centers are found. */
static void check_few_points(void)
{
    const double far = 1000;
    for (size_t n = 0; n < K; ++n)
        for (int variant = 0; variant < 8; ++variant) {
            CONTEXT("%zu points, variant %d", n, variant);
            centra_options options = defaults();
            options.label_base = variant & 1;
            options.threads = 1 + (variant & 2) / 2;
            options.layout = variant & 4 ? CENTRA_COLUMNS : CENTRA_ROWS;
            double data[K * D] = {0}, sqdist[K] = {-7, -7, -7}, centers[K * D], total = -7;
            int32_t labels[K] = {-7, -7, -7};
            int64_t counts[K] = {-7, -7, -7};
            for (size_t p = 0; p < n; ++p)
                for (size_t t = 0; t < D; ++t)
                    data[variant & 4 ? t * K + p : p * D + t] = points[(4 * p + 1) * D + t]; /* of the first blob, and the second */
            /* No points are nowhere, and their labels too. */
            const double *at = n ? data : NULL;
            int32_t *named = n ? labels : NULL;
            size_t ld = !n ? 0 : variant & 4 ? K : D, bytes = 0;
            CHECK(centra_workspace_size(n, D, K, &options, &bytes) == CENTRA_OK);
            void *workspace = get(bytes, 1);
            CHECK(centra_assign(at, n, D, ld, K, &options, start, named, sqdist, workspace, bytes) == CENTRA_OK);
            for (size_t p = 0; p < K; ++p) {
                CHECK(labels[p] == (p < n ? (int32_t)p + options.label_base : -7));
                CHECK(sqdist[p] == (p >= n ? -7 : p == 0 ? 4 : 16));
            }
            memcpy(centers, start, sizeof start);
            CHECK(centra_inertia(at, n, D, ld, K, &options, centers, named, &total) == CENTRA_OK);
            CHECK(total == (n == 0 ? 0 : n == 1 ? 4 : 20));
            double table[K * (K + 1)], weight[K], inertia[K];
            for (size_t at_table = 0; at_table < K * (K + 1); ++at_table)
                table[at_table] = -7;
            CHECK(centra_distances(at, n, D, ld, K, &options, centers, n ? table : NULL, K + 1) == CENTRA_OK);
            for (size_t p = 0; p < K; ++p) {
                CHECK(table[p * (K + 1) + K] == -7 && (table[p * (K + 1) + p] == -7) == (p >= n));
                CHECK(p >= n || table[p * (K + 1) + p] == sqdist[p]);
            }
            CHECK(centra_clusters(at, n, D, ld, K, &options, centers, named, counts, weight, inertia) == CENTRA_OK);
            for (size_t j = 0; j < K; ++j) {
                CHECK(counts[j] == (j < n) && weight[j] == (j < n));
                CHECK(inertia[j] == (j < n ? sqdist[j] : 0));
            }
            CHECK(centra_clusters(at, n, D, ld, K, &options, centers, named, NULL, NULL, NULL) == CENTRA_OK);
            CHECK(centra_update(at, n, D, ld, K, &options, named, centers, counts, workspace, bytes) == CENTRA_OK);
            for (size_t j = 0; j < K; ++j) {
                CHECK(counts[j] == (j < n));
                const double *mean = j < n ? points + (4 * j + 1) * D : start + j * D;
                CHECK(centers[j * D] == mean[0] && centers[j * D + 1] == mean[1]);
            }
            options.empty = CENTRA_EMPTY_ERROR;
            CHECK(centra_update(at, n, D, ld, K, &options, named, centers, counts, NULL, 0) == CENTRA_ERR_EMPTY);
            /* Weights of none are none to complain about; those of some must be positive somewhere. */
            options.empty = CENTRA_EMPTY_KEEP;
            const double weights[K] = {0, 0, 0};
            options.weights = weights;
            int32_t due = n ? CENTRA_ERR_WEIGHTS : CENTRA_OK;
            CHECK(centra_inertia(at, n, D, ld, K, &options, centers, named, &total) == due);
            CHECK(centra_clusters(at, n, D, ld, K, &options, centers, named, NULL, weight, NULL) == due);
            CHECK(centra_distances(at, n, D, ld, K, &options, centers, table, K) == CENTRA_OK);
            CHECK(centra_update(at, n, D, ld, K, &options, named, centers, counts, NULL, 0) == due);
            CHECK(centra_assign(at, n, D, ld, K, &options, centers, named, NULL, NULL, 0) == CENTRA_OK);
            /* Centers must be numbers, however few points would be compared with them. */
            options.weights = NULL;
            centers[K * D - 1] = NAN;
            CHECK(centra_assign(at, n, D, ld, K, &options, centers, named, NULL, NULL, 0) == CENTRA_ERR_NONFINITE);
            CHECK(centra_inertia(at, n, D, ld, K, &options, centers, named, &total) == CENTRA_ERR_NONFINITE);
            centers[K * D - 1] = 1e200;
            CHECK(centra_assign(at, n, D, ld, K, &options, centers, named, NULL, NULL, 0) == CENTRA_ERR_RANGE);
            CHECK(centra_fit(at, n, D, ld, K, &options, centers, named, NULL, NULL, 0) == CENTRA_ERR_SHAPE);
            CHECK(centra_seed(at, n, D, ld, K, &options, centers, NULL, 0) == CENTRA_ERR_SHAPE);
            CHECK(centers[K * D - 1] == 1e200 && total == 0 + (n == 0 ? 0 : n == 1 ? 4 : 20));
            free(workspace);
        }
    CONTEXT("one point far off");
    int32_t label = -7;
    CHECK(centra_assign(&far, 1, 1, 1, 6, NULL, start, &label, NULL, NULL, 0) == CENTRA_OK && label == 2);
}

static size_t row_of(const double *center)
{
    for (size_t i = 0; i < MANY; ++i)
        if (same_bits(cloud + i * DIMS, center, DIMS))
            return i;
    return MANY;
}

static void check_seeding(void)
{
    Answer by_fit, by_hand;
    by_fit.labels = (int32_t *)get(MANY, sizeof *by_fit.labels);
    by_hand.labels = (int32_t *)get(MANY, sizeof *by_hand.labels);
    for (int32_t init = 0; init <= 1; ++init)
        for (uint64_t seed = under_valgrind ? 2 : 0; seed < 3; ++seed) {
            CONTEXT("seeding, init %d, seed %d", (int)init, (int)seed);
            centra_options options = defaults();
            options.init = init;
            options.seed = seed;
            options.weights = seed == 2 ? cloud_weights : NULL;
            options.max_iter = 5;
            CHECK(centra_seed(cloud, MANY, DIMS, DIMS, CLUSTERS, &options, by_hand.centers, NULL, 0) == CENTRA_OK);
            size_t rows[CLUSTERS];
            for (size_t j = 0; j < CLUSTERS; ++j) {
                rows[j] = row_of(by_hand.centers + j * DIMS);
                CHECK(rows[j] < MANY); /* a center is one of the points, */
                for (size_t other = 0; other < j; ++other)
                    CHECK(rows[other] != rows[j]); /* and none is drawn twice */
            }
            /* A fit is its seeding and then its iterations. */
            CHECK(fit_cloud(&options, &by_fit, NULL, 0) == CENTRA_OK);
            options.init = CENTRA_INIT_GIVEN;
            CHECK(fit_cloud(&options, &by_hand, NULL, 0) == CENTRA_OK);
            CHECK(same_answer(&by_fit, &by_hand));
        }
    free(by_fit.labels);
    free(by_hand.labels);

    CONTEXT("seeding, awkward data");
    double line[8] = {1, 1, 1, 1, 1, 1, 1, 7}, centers[4], weights[8] = {0, 0, 0, 1, 0, 2, 0, 0};
    centra_options options = defaults();
    for (uint64_t seed = 0; seed < 20; ++seed) {
        options.seed = seed;
        options.weights = NULL;
        CHECK(centra_seed(line, 8, 1, 1, 2, &options, centers, NULL, 0) == CENTRA_OK);
        CHECK(centers[0] + centers[1] == 8); /* the only other place is where the second center must go */
        CHECK(centra_seed(line, 8, 1, 1, 4, &options, centers, NULL, 0) == CENTRA_OK); /* all distances zero after two */
        options.weights = weights;
        CHECK(centra_seed(line, 8, 1, 1, 2, &options, centers, NULL, 0) == CENTRA_OK);
        CHECK(centers[0] == 1 && centers[1] == 1); /* a point of weight zero is never drawn */
    }
}

static void check_restarts(void)
{
    CONTEXT("restarts");
    Answer answer;
    answer.labels = (int32_t *)get(MANY, sizeof *answer.labels);
    centra_options options = defaults();
    options.max_iter = 4;
    options.init = CENTRA_INIT_RANDOM;
    double best = INFINITY;
    for (int32_t restarts = 1; restarts <= 4; ++restarts) {
        options.n_init = restarts;
        CHECK(fit_cloud(&options, &answer, NULL, 0) == CENTRA_OK);
        CHECK(answer.report.inertia <= best); /* the restarts before are the same ones */
        best = answer.report.inertia;
        double inertia = -1;
        CHECK(centra_inertia(cloud, MANY, DIMS, DIMS, CLUSTERS, &options, answer.centers, answer.labels, &inertia) == CENTRA_OK);
        CHECK(inertia == best); /* labels, centers and inertia belong together */
    }
    free(answer.labels);
}

/* ---- the iteration ---------------------------------------------------------------------------------------------- */

typedef struct Watch {
    int64_t calls, restart, iteration, moved, stop_after;
    double shift;
    int in_order;
} Watch;

static int32_t watch(const centra_progress *progress, void *user)
{
    Watch *seen = (Watch *)user;
    seen->in_order &= progress->struct_size == sizeof *progress;
    if (progress->iteration == 1)
        seen->in_order &= seen->calls == 0 ? progress->restart == 0 : progress->restart == seen->restart + 1;
    else
        seen->in_order &= progress->restart == seen->restart && progress->iteration == seen->iteration + 1;
    seen->restart = progress->restart;
    seen->iteration = progress->iteration;
    seen->moved = progress->moved;
    seen->shift = progress->shift;
    return ++seen->calls == seen->stop_after ? 7 : 0; /* any non-zero value stops */
}

static void check_stopping(void)
{
    /* 1-D and easy to follow: 0 1 2 | 10 11 12 from centers 0 and 1. */
    const double line[6] = {0, 1, 2, 10, 11, 12};
    double centers[2];
    int32_t labels[6];
    centra_report report;
    centra_report_init(&report);
    centra_options options = defaults();
    Watch seen;
    memset(&seen, 0, sizeof seen);
    seen.in_order = 1;
    options.init = CENTRA_INIT_GIVEN;
    options.progress = watch;
    options.progress_data = &seen;

    CONTEXT("converged");
    centers[0] = 0, centers[1] = 1;
    /* {0} {1..12} -> 0, 7.2 -> {0 1 2} {10 11 12} -> 1, 11 -> the same labels */
    CHECK(centra_fit(line, 6, 1, 1, 2, &options, centers, labels, &report, NULL, 0) == CENTRA_OK);
    CHECK(centers[0] == 1 && centers[1] == 11 && report.inertia == 4);
    CHECK(report.iterations == 2 && report.stopped_by == CENTRA_CONVERGED && report.moved == 0);
    CHECK(seen.in_order && seen.calls == 2 && seen.moved == 0);
    double shift = 1 + (11 - 7.2) * (11 - 7.2);
    CHECK(same_bits(&seen.shift, &shift, 1));

    CONTEXT("max_iter");
    for (int64_t max_iter = 0; max_iter <= 2; ++max_iter) {
        memset(&seen, 0, sizeof seen);
        seen.in_order = 1;
        centers[0] = 0, centers[1] = 1;
        options.max_iter = max_iter;
        CHECK(centra_fit(line, 6, 1, 1, 2, &options, centers, labels, &report, NULL, 0) == CENTRA_OK);
        CHECK(report.iterations == max_iter && seen.calls == max_iter && seen.in_order);
        CHECK(report.stopped_by == (max_iter < 2 ? CENTRA_MAX_ITER : CENTRA_CONVERGED));
        if (max_iter == 0) {
            CHECK(centers[0] == 0 && centers[1] == 1 && report.moved == 0);
            CHECK(labels[0] == 0 && labels[1] == 1 && labels[5] == 1);
            CHECK(report.inertia == 0 + 0 + 1 + 81 + 100 + 121);
        }
        if (max_iter == 1) {
            CHECK(centers[0] == 0 && centers[1] == 7.2);
            CHECK(report.moved == 2 && seen.moved == 2);
            CHECK(labels[2] == 0 && labels[3] == 1);
        }
    }

    CONTEXT("tolerance");
    options.max_iter = 300;
    options.tol = (7.2 - 1) * (7.2 - 1); /* the first shift exactly: "no more than tol" stops */
    centers[0] = 0, centers[1] = 1;
    CHECK(centra_fit(line, 6, 1, 1, 2, &options, centers, labels, &report, NULL, 0) == CENTRA_OK);
    CHECK(report.stopped_by == CENTRA_TOLERANCE && report.iterations == 1 && report.moved == 2);
    options.tol = 1e-300; /* converged comes first when both hold */
    centers[0] = 1, centers[1] = 11;
    CHECK(centra_fit(line, 6, 1, 1, 2, &options, centers, labels, &report, NULL, 0) == CENTRA_OK);
    CHECK(report.stopped_by == CENTRA_CONVERGED && report.iterations == 1);

    CONTEXT("watched");
    centra_watch shared;
    memset(&shared, 0, sizeof shared);
    options.tol = 0;
    options.progress = centra_watch_progress;
    options.progress_data = &shared;
    centers[0] = 0, centers[1] = 1;
    CHECK(centra_fit(line, 6, 1, 1, 2, &options, centers, labels, &report, NULL, 0) == CENTRA_OK);
    CHECK(shared.iteration == 2 && shared.restart == 0 && shared.moved == 0 && same_bits(&shared.shift, &shift, 1));
    shared.stop = -1;
    centers[0] = 0, centers[1] = 1;
    CHECK(centra_fit(line, 6, 1, 1, 2, &options, centers, labels, &report, NULL, 0) == CENTRA_CANCELLED);
    CHECK(shared.iteration == 1 && shared.moved == 2 && report.iterations == 1 && report.stopped_by == CENTRA_STOPPED);
    CHECK(centers[0] == 0 && centers[1] == 7.2);
    options.progress = watch;
    options.progress_data = &seen;

    CONTEXT("cancelled");
    memset(&seen, 0, sizeof seen);
    seen.in_order = 1;
    seen.stop_after = 1;
    centers[0] = 0, centers[1] = 1;
    CHECK(centra_fit(line, 6, 1, 1, 2, &options, centers, labels, &report, NULL, 0) == CENTRA_CANCELLED);
    CHECK(seen.calls == 1 && report.stopped_by == CENTRA_STOPPED && report.iterations == 1);
    CHECK(centers[0] == 0 && centers[1] == 7.2 && labels[2] == 0 && labels[3] == 1);
    double inertia = -1;
    CHECK(centra_inertia(line, 6, 1, 1, 2, NULL, centers, labels, &inertia) == CENTRA_OK && inertia == report.inertia);

    CONTEXT("progress over restarts");
    options.init = CENTRA_INIT_KMEANSPP;
    options.n_init = 3;
    memset(&seen, 0, sizeof seen);
    seen.in_order = 1;
    CHECK(centra_fit(line, 6, 1, 1, 2, &options, centers, labels, &report, NULL, 0) == CENTRA_OK);
    CHECK(seen.in_order && seen.restart == 2);
    CHECK(centers[0] + centers[1] == 12 && report.inertia == 4);
    CONTEXT("cancelled in the second restart");
    int64_t first_restart = 0;
    options.n_init = 1;
    memset(&seen, 0, sizeof seen);
    CHECK(centra_fit(line, 6, 1, 1, 2, &options, centers, labels, &report, NULL, 0) == CENTRA_OK);
    first_restart = seen.calls;
    options.n_init = 3;
    memset(&seen, 0, sizeof seen);
    seen.stop_after = first_restart + 1;
    CHECK(centra_fit(line, 6, 1, 1, 2, &options, centers, labels, &report, NULL, 0) == CENTRA_CANCELLED);
    CHECK(seen.calls == first_restart + 1); /* the report is that of the better of the two, whichever that is */
    CHECK(centra_inertia(line, 6, 1, 1, 2, NULL, centers, labels, &inertia) == CENTRA_OK && inertia == report.inertia);
    /* Given centers make all restarts the same, so there is one. */
    options.init = CENTRA_INIT_GIVEN;
    memset(&seen, 0, sizeof seen);
    centers[0] = 0, centers[1] = 1;
    CHECK(centra_fit(line, 6, 1, 1, 2, &options, centers, labels, &report, NULL, 0) == CENTRA_OK);
    CHECK(seen.calls == 2 && seen.restart == 0);
}

static void check_empty(void)
{
    const double line[5] = {0, 1, 2, 3, 9};
    double centers[3];
    int32_t labels[5];
    int64_t counts[3];
    centra_report report;
    centra_report_init(&report);
    centra_options options = defaults();
    options.init = CENTRA_INIT_GIVEN;

    CONTEXT("relocate");
    const int32_t all_first[5] = {0, 0, 0, 0, 0};
    centers[0] = 5, centers[1] = centers[2] = 100;
    /* Of 0 to 9, 0 is the farthest from 5 and becomes cluster 1; then 1 and 9 tie, and the lower index goes. */
    CHECK(centra_update(line, 5, 1, 1, 3, &options, all_first, centers, counts, NULL, 0) == CENTRA_OK);
    CHECK(centers[0] == 14.0 / 3 && centers[1] == 0 && centers[2] == 1);
    CHECK(counts[0] == 3 && counts[1] == 1 && counts[2] == 1);
    centers[2] = NAN; /* distances to the centers on entry are what counts, so these must be numbers */
    CHECK(centra_update(line, 5, 1, 1, 3, &options, all_first, centers, counts, NULL, 0) == CENTRA_ERR_NONFINITE);
    CHECK(centers[0] == 14.0 / 3 && counts[0] == 3 && strstr(centra_error_detail(), "centers: NaN at row 2"));
    const int32_t each[5] = {0, 1, 2, 0, 1};
    CHECK(centra_update(line, 5, 1, 1, 3, &options, each, centers, counts, NULL, 0) == CENTRA_OK); /* none is empty */
    CHECK(centers[0] == 1.5 && centers[1] == 5 && centers[2] == 2);

    CONTEXT("keep");
    options.empty = CENTRA_EMPTY_KEEP;
    centers[0] = NAN, centers[1] = -0.0, centers[2] = 77;
    CHECK(centra_update(line, 5, 1, 1, 3, &options, all_first, centers, counts, NULL, 0) == CENTRA_OK);
    const double minus_zero = -0.0;
    CHECK(centers[0] == 3 && same_bits(&centers[1], &minus_zero, 1) && centers[2] == 77);
    CHECK(counts[0] == 5 && counts[1] == 0 && counts[2] == 0);
    centers[0] = 0, centers[1] = 500, centers[2] = 9;
    CHECK(centra_fit(line, 5, 1, 1, 3, &options, centers, labels, &report, NULL, 0) == CENTRA_OK);
    CHECK(centers[1] == 500 && report.empty_clusters == 1);

    CONTEXT("error");
    options.empty = CENTRA_EMPTY_ERROR;
    centers[0] = 0, centers[1] = 3, centers[2] = 9;
    CHECK(centra_fit(line, 5, 1, 1, 3, &options, centers, labels, &report, NULL, 0) == CENTRA_OK); /* none is empty */
    centers[1] = 500;
    options.max_iter = 0; /* no update, no error */
    CHECK(centra_fit(line, 5, 1, 1, 3, &options, centers, labels, &report, NULL, 0) == CENTRA_OK && report.empty_clusters == 1);

    CONTEXT("fewer distinct points than clusters");
    const double same[4] = {5, 5, 5, 5};
    for (int32_t init = 0; init <= 1; ++init) {
        options = defaults();
        options.init = init;
        CHECK(centra_fit(same, 4, 1, 1, 3, &options, centers, labels, &report, NULL, 0) == CENTRA_OK);
        CHECK(report.empty_clusters == 2 && report.stopped_by == CENTRA_CONVERGED && report.inertia == 0);
        CHECK(centers[0] == 5 && centers[1] == 5 && centers[2] == 5);
    }
    CONTEXT("a cluster of weight zero is empty");
    const double weights[5] = {1, 1, 1, 1, 0};
    options = defaults();
    options.init = CENTRA_INIT_GIVEN;
    options.empty = CENTRA_EMPTY_KEEP;
    options.weights = weights;
    centers[0] = 1, centers[1] = 9;
    CHECK(centra_fit(line, 5, 1, 1, 2, &options, centers, labels, &report, NULL, 0) == CENTRA_OK);
    CHECK(centers[0] == 1.5 && centers[1] == 9 && labels[4] == 1 && report.empty_clusters == 1 && report.inertia == 5);
}

static void check_weights(void)
{
    CONTEXT("weights");
    const double line[4] = {0, 4, 10, 12}, weights[4] = {3, 1, 0.5, 1.5};
    double centers[2] = {0, 12}, inertia = -1;
    int32_t labels[4];
    int64_t counts[2];
    centra_report report;
    centra_report_init(&report);
    centra_options options = defaults();
    options.init = CENTRA_INIT_GIVEN;
    options.weights = weights;
    CHECK(centra_fit(line, 4, 1, 1, 2, &options, centers, labels, &report, NULL, 0) == CENTRA_OK);
    CHECK(centers[0] == 1 && centers[1] == 11.5); /* (3*0 + 4) / 4, (5 + 18) / 2 */
    CHECK(report.inertia == 3 * 1 + 9 + 0.5 * 2.25 + 1.5 * 0.25);
    CHECK(centra_inertia(line, 4, 1, 1, 2, &options, centers, labels, &inertia) == CENTRA_OK && inertia == report.inertia);
    CHECK(centra_update(line, 4, 1, 1, 2, &options, labels, centers, counts, NULL, 0) == CENTRA_OK);
    CHECK(counts[0] == 2 && counts[1] == 2); /* members are counted, not weighed */
}

/* ---- structs of other versions ----------------------------------------------------------------------------------- */

static void check_older_structs(void)
{
    double centers[K * D], expected[K * D];
    CHECK(centra_fit(points, N, D, D, K, NULL, expected, NULL, NULL, NULL, 0) == CENTRA_OK);
    /* Options cut after each field: what lies behind is not read, however wrong, and the rest are the defaults. */
    const size_t cuts[] = {sizeof(size_t), offsetof(centra_options, empty), offsetof(centra_options, layout),
                           offsetof(centra_options, label_base), offsetof(centra_options, threads), offsetof(centra_options, n_init),
                           offsetof(centra_options, max_iter), offsetof(centra_options, tol), offsetof(centra_options, seed),
                           offsetof(centra_options, weights), offsetof(centra_options, progress),
                           offsetof(centra_options, progress_data), sizeof(centra_options)};
    for (size_t i = 0; i < sizeof cuts / sizeof *cuts; ++i) {
        CONTEXT("options of %zu bytes", cuts[i]);
        centra_options options = defaults();
        memset((unsigned char *)&options + cuts[i], 0xff, sizeof options - cuts[i]);
        options.struct_size = cuts[i];
        memset(centers, 0, sizeof centers);
        CHECK(centra_fit(points, N, D, D, K, &options, centers, NULL, NULL, NULL, 0) == CENTRA_OK);
        CHECK(same_bits(centers, expected, K * D));
        size_t bytes = 0;
        CHECK(centra_workspace_size(N, D, K, &options, &bytes) == CENTRA_OK && bytes > 0);
    }
    /* A report cut anywhere: nothing behind its size is written, and what is before it is right. */
    for (size_t size = sizeof(size_t); size <= sizeof(centra_report); ++size) {
        CONTEXT("report of %zu bytes", size);
        union {
            centra_report report;
            unsigned char bytes[sizeof(centra_report) + 16];
        } cut;
        memset(&cut, 0x77, sizeof cut);
        cut.report.struct_size = size;
        CHECK(centra_fit(points, N, D, D, K, NULL, centers, NULL, &cut.report, NULL, 0) == CENTRA_OK);
        CHECK(cut.report.struct_size == size);
        int clean = 1;
        for (size_t i = size; i < sizeof cut; ++i)
            clean &= cut.bytes[i] == 0x77;
        CHECK(clean);
        if (size >= offsetof(centra_report, distances))
            CHECK(cut.report.stopped_by == CENTRA_CONVERGED && cut.report.threads == 1 && cut.report.empty_clusters == 0 && cut.report.moved == 0);
    }
}

/* ---- the process around the call ----------------------------------------------------------------------------------- */

/* The caller's rounding mode, flush-to-zero and unmasked exceptions change nothing, and are there again afterwards.
 * Valgrind runs its own arithmetic, without these. */
static void check_environment(void)
{
    CONTEXT("floating-point environment");
    if (under_valgrind)
        return;
    Answer usual, unusual;
    usual.labels = (int32_t *)get(MANY, sizeof *usual.labels);
    unusual.labels = (int32_t *)get(MANY, sizeof *unusual.labels);
    const int modes[] = {FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO};
    for (int32_t threads = 1; threads <= 2; ++threads) {
        centra_options options = defaults();
        options.threads = threads;
        options.max_iter = 4;
        options.weights = cloud_weights;
        CHECK(fit_cloud(&options, &usual, NULL, 0) == CENTRA_OK);
        for (size_t i = 0; i < sizeof modes / sizeof *modes; ++i) {
            CHECK(fesetround(modes[i]) == 0);
            int32_t status = fit_cloud(&options, &unusual, NULL, 0);
            int after = fegetround();
            CHECK(fesetround(FE_TONEAREST) == 0);
            CHECK(status == CENTRA_OK && after == modes[i]);
            CHECK(same_answer(&usual, &unusual));
        }
#if defined(__SSE2__)
        /* Every exception unmasked, flush-to-zero, denormals-are-zero, and rounding up, all at once. */
        const unsigned before = _mm_getcsr(), control = 0xffc0u, hostile = 0xc040u;
        _mm_setcsr(hostile);
        int32_t status = fit_cloud(&options, &unusual, NULL, 0);
        unsigned after = _mm_getcsr();
        _mm_setcsr(before);
        CHECK(status == CENTRA_OK && (after & control) == hostile);
        CHECK(same_answer(&usual, &unusual));
#endif
    }
    /* Subnormal coordinates are numbers like others, also under flush-to-zero. */
    double tiny[4] = {5e-324, 1e-323, 1e-310, 2e-310}, centers[2];
    for (int flush = 0; flush < 2; ++flush) {
#if defined(__SSE2__)
        const unsigned before = _mm_getcsr();
        if (flush)
            _mm_setcsr(before | 0x8040u);
#endif
        centra_options options = defaults();
        options.init = CENTRA_INIT_GIVEN;
        const int32_t halves[4] = {0, 0, 1, 1};
        double total = -1;
        int32_t updated = centra_update(tiny, 4, 1, 1, 2, &options, halves, centers, NULL, NULL, 0);
        int32_t summed = centra_inertia(tiny, 4, 1, 1, 2, &options, centers, halves, &total);
#if defined(__SSE2__)
        _mm_setcsr(before);
#endif
        /* 5e-324 + 1e-323 is three units in the last place; its half is rounded to even, which is two. */
        CHECK(updated == CENTRA_OK && centers[0] == 1e-323 && centers[1] == (1e-310 + 2e-310) / 2);
        /* But no squared distance between them is anything but 0. */
        CHECK(summed == CENTRA_ERR_RANGE && total == -1 && strstr(centra_error_detail(), "points: 5e-324 at row 0, dimension 0"));
    }
    free(usual.labels);
    free(unusual.labels);
}

/* A child of fork() may call the library, with threads too, although none of the parent's threads came along. */
static void check_fork(void)
{
    CONTEXT("fork");
    Answer parent, child;
    parent.labels = (int32_t *)get(MANY, sizeof *parent.labels);
    child.labels = (int32_t *)get(MANY, sizeof *child.labels);
    centra_options options = defaults();
    options.threads = 2;
    options.max_iter = 3;
    CHECK(fit_cloud(&options, &parent, NULL, 0) == CENTRA_OK);
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        alarm(60); /* a child that hangs fails */
        int fine = fit_cloud(&options, &child, NULL, 0) == CENTRA_OK && same_answer(&parent, &child);
        _exit(fine ? 0 : 1);
    }
    CHECK(pid > 0);
    int status = -1;
    CHECK(pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0);
    CHECK(fit_cloud(&options, &child, NULL, 0) == CENTRA_OK && same_answer(&parent, &child));
    free(parent.labels);
    free(child.labels);
}

int main(void)
{
    under_valgrind = getenv("CENTRA_TESTS_VALGRIND") != NULL;
    make_cloud();
    check_structs();
    check_abi();
    check_texts();
    check_layouts();
    check_optional();
    check_workspace_size();
    check_few_points();
    check_workspace_and_threads();
    check_seeding();
    check_restarts();
    check_stopping();
    check_empty();
    check_weights();
    check_older_structs();
    check_initialisers();
    check_environment();
    check_fork();
    free(cloud);
    free(cloud_weights);
    return finish("valid");
}
