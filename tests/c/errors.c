/* errors.c: every refusal a caller can provoke, and what a refusal must leave behind.
 *
 * All buffers of a call live in one block of canary bytes, so "every output untouched" is one comparison of the whole block
 * after each refusal, and it covers inputs, gaps and neighbours too. The workspace alone may have been scribbled on. */
#define _XOPEN_SOURCE 700
#include "centra.h"
#include "check.h"

#include <math.h>
#include <pthread.h>
#include <sys/resource.h>

enum { N = 8, D = 3, LD = 4, K = 2, LD_OUT = 3 };
/* The calls on doubles, and then the same ones on sparse rows, whose points are a struct that names three arrays. */
enum { SIZE, FIT, ASSIGN, UPDATE, SEED, INERTIA, DISTANCES, CLUSTERS, SPARSE, FUNCTIONS = 2 * SPARSE };
enum { POINTS, WEIGHTS, CENTERS, LABELS, REPORT, SQDIST, COUNTS, TOTAL, TABLE, SUMS, INERTIAS, BYTES, WORKSPACE, OF_BOTH,
       VALUES = OF_BOTH, COLUMNS, STARTS, BUFFERS };
enum { ABSENT, IN, INOUT, OUT, OUT_OR_NULL, SCRATCH };

static const char *const function_names[FUNCTIONS] = {
    "workspace_size", "fit", "assign", "update", "seed", "inertia", "distances", "clusters",
    "workspace_size_csr", "fit_csr", "assign_csr", "update_csr", "seed_csr", "inertia_csr", "distances_csr", "clusters_csr"};
static const char *const buffer_names[BUFFERS] = {"points", "weights", "centers", "labels", "report", "sqdist", "counts", "inertia",
                                                  "sqdist", "weights", "inertia", "bytes", "workspace", "values", "columns", "starts"};

/* Who reads and writes what. centra_assign and centra_distances ignore weights; fit starts from given centers here, so it reads them as well. */
static const int roles[SPARSE][OF_BOTH] = {
    /*             points  weights centers labels       report       sqdist       counts       total   table   sums         inertias     bytes   workspace */
    /* size      */ {ABSENT, ABSENT, ABSENT, ABSENT,      ABSENT,      ABSENT,      ABSENT,      ABSENT, ABSENT, ABSENT,      ABSENT,      OUT,    ABSENT},
    /* fit       */ {IN,     IN,     INOUT,  OUT_OR_NULL, OUT_OR_NULL, ABSENT,      ABSENT,      ABSENT, ABSENT, ABSENT,      ABSENT,      ABSENT, SCRATCH},
    /* assign    */ {IN,     ABSENT, IN,     OUT,         ABSENT,      OUT_OR_NULL, ABSENT,      ABSENT, ABSENT, ABSENT,      ABSENT,      ABSENT, SCRATCH},
    /* update    */ {IN,     IN,     INOUT,  IN,          ABSENT,      ABSENT,      OUT_OR_NULL, ABSENT, ABSENT, ABSENT,      ABSENT,      ABSENT, SCRATCH},
    /* seed      */ {IN,     IN,     OUT,    ABSENT,      ABSENT,      ABSENT,      ABSENT,      ABSENT, ABSENT, ABSENT,      ABSENT,      ABSENT, SCRATCH},
    /* inertia   */ {IN,     IN,     IN,     IN,          ABSENT,      ABSENT,      ABSENT,      OUT,    ABSENT, ABSENT,      ABSENT,      ABSENT, ABSENT},
    /* distances */ {IN,     ABSENT, IN,     ABSENT,      ABSENT,      ABSENT,      ABSENT,      ABSENT, OUT,    ABSENT,      ABSENT,      ABSENT, ABSENT},
    /* clusters  */ {IN,     IN,     IN,     IN,          ABSENT,      ABSENT,      OUT_OR_NULL, ABSENT, ABSENT, OUT_OR_NULL, OUT_OR_NULL, ABSENT, ABSENT},
};

static int role(int function, int buffer)
{
    if (buffer >= OF_BOTH)
        return function > SPARSE ? IN : ABSENT;
    return roles[function % SPARSE][buffer];
}

static size_t sizes[BUFFERS];    /* in bytes; the workspace's rounded up, so that what lies behind it stays aligned */
static size_t workspace_taken[2]; /* as fits report, of doubles and of sparse rows */
enum { GAP = 256 };             /* between buffers: as much as any but the workspace, which has its room before all others */
static unsigned char *block, *snapshot;
static size_t block_size;

typedef struct Call {
    int function;
    size_t n, d, ld, k, ld_out, workspace_bytes;
    void *at[BUFFERS];
    centra_options options;
    const void *options_at;
    size_t csr_size; /* struct_size of sparse rows, and what else these say of themselves */
    int32_t value_type, index_bytes;
} Call;

static int is_sparse(const Call *c)
{
    return c->function >= SPARSE;
}

/* Writes the struct of sparse rows, as the call has it by now, to where the call will find it. */
static void write_rows(const Call *c)
{
    if (c->function <= SPARSE || !c->at[POINTS])
        return;
    centra_csr rows;
    memset(&rows, 0, sizeof rows);
    rows.struct_size = c->csr_size;
    rows.n = c->n;
    rows.d = c->d;
    rows.values = c->at[VALUES];
    rows.columns = c->at[COLUMNS];
    rows.starts = c->at[STARTS];
    rows.value_type = c->value_type;
    rows.index_bytes = c->index_bytes;
    memcpy(c->at[POINTS], &rows, sizeof rows);
}

static int32_t run_sparse(const Call *c)
{
    const centra_options *options = (const centra_options *)c->options_at;
    const centra_csr *points = (const centra_csr *)c->at[POINTS];
    double *centers = (double *)c->at[CENTERS];
    int32_t *labels = (int32_t *)c->at[LABELS];
    void *workspace = c->at[WORKSPACE];
    write_rows(c);
    switch (c->function - SPARSE) {
    case SIZE: return centra_workspace_size_csr(c->n, c->d, c->k, options, (size_t *)c->at[BYTES]);
    case FIT:
        return centra_fit_csr(points, c->k, options, centers, labels, (centra_report *)c->at[REPORT], workspace, c->workspace_bytes);
    case ASSIGN:
        return centra_assign_csr(points, c->k, options, centers, labels, (double *)c->at[SQDIST], workspace, c->workspace_bytes);
    case UPDATE:
        return centra_update_csr(points, c->k, options, labels, centers, (int64_t *)c->at[COUNTS], workspace, c->workspace_bytes);
    case SEED: return centra_seed_csr(points, c->k, options, centers, workspace, c->workspace_bytes);
    case INERTIA: return centra_inertia_csr(points, c->k, options, centers, labels, (double *)c->at[TOTAL]);
    case DISTANCES: return centra_distances_csr(points, c->k, options, centers, (double *)c->at[TABLE], c->ld_out);
    default:
        return centra_clusters_csr(points, c->k, options, centers, labels, (int64_t *)c->at[COUNTS], (double *)c->at[SUMS],
                                   (double *)c->at[INERTIAS]);
    }
}

static int32_t run(Call *c)
{
    c->options.weights = (const double *)c->at[WEIGHTS];
    if (is_sparse(c))
        return run_sparse(c);
    const centra_options *options = (const centra_options *)c->options_at;
    const double *points = (const double *)c->at[POINTS];
    double *centers = (double *)c->at[CENTERS];
    int32_t *labels = (int32_t *)c->at[LABELS];
    void *workspace = c->at[WORKSPACE];
    switch (c->function) {
    case SIZE: return centra_workspace_size(c->n, c->d, c->k, options, (size_t *)c->at[BYTES]);
    case FIT:
        return centra_fit(points, c->n, c->d, c->ld, c->k, options, centers, labels, (centra_report *)c->at[REPORT], workspace,
                          c->workspace_bytes);
    case ASSIGN:
        return centra_assign(points, c->n, c->d, c->ld, c->k, options, centers, labels, (double *)c->at[SQDIST], workspace,
                             c->workspace_bytes);
    case UPDATE:
        return centra_update(points, c->n, c->d, c->ld, c->k, options, labels, centers, (int64_t *)c->at[COUNTS], workspace,
                             c->workspace_bytes);
    case SEED: return centra_seed(points, c->n, c->d, c->ld, c->k, options, centers, workspace, c->workspace_bytes);
    case INERTIA: return centra_inertia(points, c->n, c->d, c->ld, c->k, options, centers, labels, (double *)c->at[TOTAL]);
    case DISTANCES:
        return centra_distances(points, c->n, c->d, c->ld, c->k, options, centers, (double *)c->at[TABLE], c->ld_out);
    default:
        return centra_clusters(points, c->n, c->d, c->ld, c->k, options, centers, labels, (int64_t *)c->at[COUNTS],
                               (double *)c->at[SUMS], (double *)c->at[INERTIAS]);
    }
}

/* The coordinates: of sparse rows those that are not 0 are stored. */
static double coordinate(size_t i, size_t t)
{
    return (double)((i * 5 + t * 3) % 11);
}

/* How many coordinates are stored before this one. */
static size_t stored_before(size_t i, size_t t)
{
    size_t stored = 0;
    for (size_t at = 0; at < i * D + t; ++at)
        stored += coordinate(at / D, at % D) != 0;
    return stored;
}

/* Where a coordinate is: one that is not 0, of sparse rows. */
static double *point_at(const Call *c, size_t i, size_t t)
{
    return is_sparse(c) ? (double *)c->at[VALUES] + stored_before(i, t) : (double *)c->at[POINTS] + i * LD + t;
}

/* Sets an index of sparse rows, in the width that the call has. */
static void set_index(const Call *c, int buffer, size_t index, int64_t value)
{
    if (c->index_bytes == 4)
        ((int32_t *)c->at[buffer])[index] = (int32_t)value;
    else
        ((int64_t *)c->at[buffer])[index] = value;
}

/* Writes sound inputs wherever the call's pointers point now. */
static void fill(const Call *c)
{
    double *weights = (double *)c->at[WEIGHTS], *centers = (double *)c->at[CENTERS];
    int32_t *labels = (int32_t *)c->at[LABELS];
    int function = c->function % SPARSE;
    memset(block, 0xa5, block_size);
    for (size_t i = 0; i < N; ++i) {
        for (size_t t = 0; t < D; ++t) {
            if (is_sparse(c) && coordinate(i, t) == 0)
                continue;
            *point_at(c, i, t) = coordinate(i, t);
            if (is_sparse(c))
                set_index(c, COLUMNS, stored_before(i, t), (int64_t)t);
        }
        weights[i] = (double)(1 + i);
        if (function == UPDATE || function == INERTIA || function == CLUSTERS)
            labels[i] = (int32_t)(i % K);
    }
    for (size_t i = 0; is_sparse(c) && i <= N; ++i)
        set_index(c, STARTS, i, (int64_t)stored_before(i, 0));
    for (size_t t = 0; t < K * D; ++t)
        centers[t] = (double)(3 * t);
    if (function == FIT)
        ((centra_report *)c->at[REPORT])->struct_size = sizeof(centra_report);
}

static size_t rounded(size_t bytes, size_t to)
{
    return (bytes + to - 1) / to * to;
}

/* A call that would succeed, its buffers apart from one another in the block. */
static void prepare(Call *c, int function, int32_t threads)
{
    memset(c, 0, sizeof *c);
    c->function = function;
    c->n = N;
    c->d = D;
    c->ld = LD;
    c->k = K;
    c->ld_out = LD_OUT;
    centra_options_init(&c->options);
    c->options.threads = threads;
    if (function % SPARSE == FIT)
        c->options.init = CENTRA_INIT_GIVEN;
    c->options_at = &c->options;
    c->csr_size = sizeof(centra_csr);
    c->value_type = CENTRA_F64;
    c->index_bytes = threads == 1 ? 4 : 8;
    sizes[POINTS] = is_sparse(c) ? sizeof(centra_csr) : ((N - 1) * LD + D) * sizeof(double);
    sizes[VALUES] = stored_before(N, 0) * sizeof(double);
    sizes[COLUMNS] = stored_before(N, 0) * (size_t)c->index_bytes;
    sizes[STARTS] = (N + 1) * (size_t)c->index_bytes;
    c->workspace_bytes = sizes[WORKSPACE];
    unsigned char *next = block + sizes[WORKSPACE];
    for (int b = 0; b < BUFFERS; ++b) {
        c->at[b] = next;
        next += rounded(sizes[b], 64) + GAP;
    }
    fill(c);
}

static void expect_refusal(Call *c, int32_t status, const char *detail, int workspace_too)
{
    write_rows(c);
    memcpy(snapshot, block, block_size);
    centra_options options_before = c->options;
    options_before.weights = (const double *)c->at[WEIGHTS];
    int32_t found = run(c);
    if (found != status)
        fprintf(stderr, "status %d where %d is due: %s\n", (int)found, (int)status, centra_error_detail());
    CHECK(found == status);
    CHECK(memcmp(&c->options, &options_before, sizeof options_before) == 0);
    size_t skip = workspace_too || !c->at[WORKSPACE] ? block_size : (size_t)((unsigned char *)c->at[WORKSPACE] - block);
    size_t end = skip == block_size ? block_size : skip + sizes[WORKSPACE];
    CHECK(memcmp(block, snapshot, skip) == 0);
    CHECK(memcmp(block + end, snapshot + end, block_size - end) == 0);
    if (found < 0) {
        CHECK(centra_error_detail()[0] != '\0');
        if (!strstr(centra_error_detail(), detail))
            fprintf(stderr, "detail without \"%s\": %s\n", detail, centra_error_detail());
        CHECK(strstr(centra_error_detail(), detail) != NULL);
    }
}

/* ---- pointers ------------------------------------------------------------------------------------------------- */

static void check_pointers(int function, int32_t threads)
{
    Call c;
    for (int b = 0; b < BUFFERS; ++b) {
        int is = role(function, b);
        if (is == ABSENT || is == SCRATCH)
            continue;
        CONTEXT("%s with %s NULL, threads %d", function_names[function], buffer_names[b], (int)threads);
        prepare(&c, function, threads);
        c.at[b] = NULL;
        if (is == OUT_OR_NULL || b == WEIGHTS)
            CHECK(run(&c) == CENTRA_OK);
        else {
            expect_refusal(&c, CENTRA_ERR_NULL, buffer_names[b], 0);
            tell(buffer_names[b], "NULL", CENTRA_ERR_NULL, function_names[function]);
        }

        tell(buffer_names[b], "misaligned", CENTRA_ERR_NULL, function_names[function]);
        CONTEXT("%s with %s misaligned, threads %d", function_names[function], buffer_names[b], (int)threads);
        for (size_t off = 1; off < 4; ++off) {
            prepare(&c, function, threads);
            c.at[b] = (unsigned char *)c.at[b] + off;
            expect_refusal(&c, CENTRA_ERR_NULL, buffer_names[b], 0);
        }
    }
}

/* Does this pair of arguments have to be apart? Inputs may share memory with inputs. */
static int must_be_apart(int function, int a, int b)
{
    int first = role(function, a), second = role(function, b);
    return first != ABSENT && second != ABSENT && (first != IN || second != IN);
}

static void check_overlaps(int function, int32_t threads)
{
    Call c;
    for (int a = 0; a < BUFFERS; ++a)
        for (int b = 0; b < BUFFERS; ++b) {
            if (a == b || !must_be_apart(function, a, b))
                continue;
            tell(buffer_names[a], "overlaps another argument", CENTRA_ERR_ALIAS, function_names[function]);
            /* One element of overlap at either end, or the last half of one, and the same address. */
            for (int way = 0; way < 3; ++way) {
                CONTEXT("%s with %s over %s (%d), threads %d", function_names[function], buffer_names[b], buffer_names[a], way, (int)threads);
                prepare(&c, function, threads);
                unsigned char *start = (unsigned char *)c.at[a];
                if (way == 0)
                    c.at[b] = start + (sizes[a] - 1) / 8 * 8;
                else if (way == 1)
                    c.at[b] = start - (sizes[b] - 1) / 8 * 8;
                else
                    c.at[b] = start;
                if (function % SPARSE == FIT) /* the struct's size is looked at before overlaps are, and this may lie elsewhere now */
                    ((centra_report *)c.at[REPORT])->struct_size = sizeof(centra_report);
                /* A report that begins in the struct of the rows, or in the last start, makes of what these say something else. */
                size_t in_rows = (size_t)((unsigned char *)c.at[REPORT] - (unsigned char *)c.at[POINTS]);
                size_t in_starts = (size_t)((unsigned char *)c.at[REPORT] - (unsigned char *)c.at[STARTS]);
                if (function > SPARSE && (in_rows < sizes[POINTS] || in_starts == (sizes[STARTS] - 1) / 8 * 8))
                    continue;
                expect_refusal(&c, CENTRA_ERR_ALIAS, "", 1);
                /* It names the two; a workspace laid over one buffer may meet others before it. */
                CHECK(strstr(centra_error_detail(), buffer_names[a]) || b == WORKSPACE);
                CHECK(strstr(centra_error_detail(), buffer_names[b]) || a == WORKSPACE);
            }
            /* Touching is not overlapping. Room for b is made right behind a, at an address that suits a workspace. */
            CONTEXT("%s with %s right behind %s, threads %d", function_names[function], buffer_names[b], buffer_names[a], (int)threads);
            prepare(&c, function, threads);
            unsigned char *seam = block + block_size - rounded(sizes[WORKSPACE] + GAP, 64);
            c.at[a] = seam - sizes[a];
            c.at[b] = seam;
            fill(&c);
            CHECK(run(&c) == CENTRA_OK);
        }
}

/* ---- values --------------------------------------------------------------------------------------------------- */

#define ONE(function) (1u << (function))
#define BIT(function) (ONE(function) | ONE((function) + SPARSE))
#define EVERY 0xffffu
#define FINDING (BIT(FIT) | BIT(SEED)) /* centers, among the points: so many there must be */
#define DATA (EVERY & ~BIT(SIZE))
#define OF_DOUBLES (DATA & 0xffu)
#define OF_ROWS (DATA & ~0xffu)
#define WITH_WORKSPACE (DATA & ~(BIT(INERTIA) | BIT(DISTANCES) | BIT(CLUSTERS)))
#define WEIGHTED (DATA & ~(BIT(ASSIGN) | BIT(DISTANCES)))
#define START (BIT(FIT) | BIT(ASSIGN) | BIT(INERTIA) | BIT(DISTANCES) | BIT(CLUSTERS))
#define LABELED (BIT(UPDATE) | BIT(INERTIA) | BIT(CLUSTERS))

/* The order in which causes are looked for: of two at once, the earlier is reported. The struct of sparse rows says how many there
 * are, so it comes before sizes, and the last start, which says how many coordinates are stored, before other pointers. */
enum { BY_STRUCT, BY_SIZES, BY_STARTS, BY_POINTERS, BY_OPTIONS, BY_LD, BY_OVERLAP, BY_ROWS, BY_WORKSPACE, BY_WEIGHTS, BY_POINTS,
       BY_CENTERS, BY_LABELS, BY_EMPTY };
/* What a row of the table changes, so that only rows which leave each other alone are combined. */
enum { T_N = 1, T_D = 2, T_K = 4, T_LD = 8, T_OPTIONS = 16, T_POINTS = 32, T_WEIGHTS = 64, T_CENTERS = 128, T_LABELS = 256, T_WORK = 512,
       T_STRUCT = 1024, T_COLUMNS = 2048, T_STARTS = 4096, T_NKD = 7, T_ALONE = 8191 };

static double *double_at(const Call *c, int buffer, size_t index)
{
    return (double *)c->at[buffer] + index;
}

static int32_t *label_at(const Call *c, size_t index)
{
    return (int32_t *)c->at[LABELS] + index;
}

static void set_all(const Call *c, int buffer, size_t count, double value)
{
    for (size_t i = 0; i < count; ++i)
        *double_at(c, buffer, i) = value;
}

/* A row touches pointers that the other row of a pair may have made NULL or moved: contents are changed only through
 * buffers which are there, and pointer rows come last (see mutate_both). */
#define POINT(i, t, value) (*point_at(c, i, t) = (value))
#define SET(buffer, index, value) (*double_at(c, buffer, index) = (value))
#define LABEL(index, value) (*label_at(c, index) = (value))
#define O c->options

/* Ranges are those of points and centers together, found when both are known to be finite; and the size of a report is looked at
 * with fit's other arguments, when ld is known. The rows concerned say that they touch both. That centra_seed has no use for given centers
 * is no fault of the options by themselves, and has no place in the order. */
/*        name              functions       order         touches               status                   detail       change */
#define REFUSALS(X) \
    X(rows_null,          OF_ROWS,        BY_STRUCT,    T_POINTS,             CENTRA_ERR_NULL,         "points: null", c->at[POINTS] = NULL) \
    X(rows_misaligned,    OF_ROWS,        BY_STRUCT,    T_POINTS,             CENTRA_ERR_NULL,         "points: not aligned to 8 bytes", c->at[POINTS] = (unsigned char *)c->at[POINTS] + 4) \
    X(rows_size_zero,     OF_ROWS,        BY_STRUCT,    T_STRUCT,             CENTRA_ERR_OPTION,       "points: struct_size is 0", c->csr_size = 0) \
    X(rows_too_new,       OF_ROWS,        BY_STRUCT,    T_STRUCT,             CENTRA_ERR_OPTION,       "points: struct_size", c->csr_size += 8) \
    X(value_type_high,    OF_ROWS,        BY_STRUCT,    T_STRUCT,             CENTRA_ERR_OPTION,       "points: value_type: 3 is not", c->value_type = 3) \
    X(value_type_low,     OF_ROWS,        BY_STRUCT,    T_STRUCT,             CENTRA_ERR_OPTION,       "points: value_type: -1 is not", c->value_type = -1) \
    X(index_bytes_zero,   OF_ROWS,        BY_STRUCT,    T_STRUCT,             CENTRA_ERR_OPTION,       "points: index_bytes: 0 is neither 4 nor 8", c->index_bytes = 0) \
    X(index_bytes_two,    OF_ROWS,        BY_STRUCT,    T_STRUCT,             CENTRA_ERR_OPTION,       "points: index_bytes: 2 is neither 4 nor 8", c->index_bytes = 2) \
    X(n_zero,             FINDING,        BY_SIZES,     T_N,                  CENTRA_ERR_SHAPE,        "n",         c->n = 0) \
    X(d_zero,             EVERY,          BY_SIZES,     T_D,                  CENTRA_ERR_SHAPE,        "d",         c->d = 0) \
    X(k_zero,             EVERY,          BY_SIZES,     T_K,                  CENTRA_ERR_SHAPE,        "k",         c->k = 0) \
    X(k_over_n,           FINDING,        BY_SIZES,     T_K,                  CENTRA_ERR_SHAPE,        "k",         c->k = N + 1) \
    X(k_d_overflow,       EVERY & ~FINDING, BY_SIZES,   T_NKD,                CENTRA_ERR_SHAPE,        "k * d",     c->n = 1; c->d = (size_t)1 << 31; c->k = (size_t)1 << 30) \
    X(k_over_labels,      EVERY,          BY_SIZES,     T_NKD,                CENTRA_ERR_SHAPE,        "k",         c->n = (size_t)1 << 33; c->d = 1; c->k = (size_t)1 << 31) \
    X(n_d_overflow,       EVERY,          BY_SIZES,     T_NKD,                CENTRA_ERR_SHAPE,        "n",         c->n = SIZE_MAX / 4; c->d = 8) \
    X(n_d_wraps,          EVERY,          BY_SIZES,     T_NKD,                CENTRA_ERR_SHAPE,        "n",         c->n = SIZE_MAX / 2 + 2; c->d = 2) \
    X(bytes_overflow,     EVERY,          BY_SIZES,     T_NKD,                CENTRA_ERR_SHAPE,        "n",         c->n = SIZE_MAX / 8 + 1; c->d = 1; c->k = 1) \
    X(starts_null,        OF_ROWS,        BY_STARTS,    T_STARTS,             CENTRA_ERR_NULL,         "starts: null", c->at[STARTS] = NULL) \
    X(starts_misaligned,  OF_ROWS,        BY_STARTS,    T_STARTS,             CENTRA_ERR_NULL,         "starts: not aligned to", c->at[STARTS] = (unsigned char *)c->at[STARTS] + 2) \
    X(values_null,        OF_ROWS,        BY_POINTERS,  T_POINTS,             CENTRA_ERR_NULL,         "values: null", c->at[VALUES] = NULL) \
    X(values_misaligned,  OF_ROWS,        BY_POINTERS,  T_POINTS,             CENTRA_ERR_NULL,         "values: not aligned to 8 bytes", c->at[VALUES] = (unsigned char *)c->at[VALUES] + 4) \
    X(columns_null,       OF_ROWS,        BY_POINTERS,  T_COLUMNS,            CENTRA_ERR_NULL,         "columns: null", c->at[COLUMNS] = NULL) \
    X(columns_misaligned, OF_ROWS,        BY_POINTERS,  T_COLUMNS,            CENTRA_ERR_NULL,         "columns: not aligned to", c->at[COLUMNS] = (unsigned char *)c->at[COLUMNS] + 2) \
    X(points_null,        OF_DOUBLES,     BY_POINTERS,  T_POINTS,             CENTRA_ERR_NULL,         "points",    c->at[POINTS] = NULL) \
    X(options_misaligned, EVERY,          BY_POINTERS,  T_OPTIONS,            CENTRA_ERR_NULL,         "options",   c->options_at = (unsigned char *)&c->options + 4) \
    X(weights_misaligned, WEIGHTED,       BY_POINTERS,  T_WEIGHTS | T_OPTIONS, CENTRA_ERR_NULL,         "weights",   c->at[WEIGHTS] = (unsigned char *)c->at[WEIGHTS] + 4) \
    X(options_size_zero,  EVERY,          BY_OPTIONS,   T_OPTIONS,            CENTRA_ERR_OPTION,       "struct_size", O.struct_size = 0) \
    X(options_too_new,    EVERY,          BY_OPTIONS,   T_OPTIONS,            CENTRA_ERR_OPTION,       "struct_size", O.struct_size += 8) \
    X(report_size_zero,   BIT(FIT),       BY_OPTIONS,   T_OPTIONS | T_LD,     CENTRA_ERR_OPTION,       "struct_size", ((centra_report *)c->at[REPORT])->struct_size = 0) \
    X(report_too_new,     BIT(FIT),       BY_OPTIONS,   T_OPTIONS | T_LD,     CENTRA_ERR_OPTION,       "struct_size", ((centra_report *)c->at[REPORT])->struct_size += 8) \
    X(init_high,          EVERY,          BY_OPTIONS,   T_OPTIONS,            CENTRA_ERR_OPTION,       "init",      O.init = 4) \
    X(init_low,           EVERY,          BY_OPTIONS,   T_OPTIONS,            CENTRA_ERR_OPTION,       "init",      O.init = -1) \
    X(empty_high,         EVERY,          BY_OPTIONS,   T_OPTIONS,            CENTRA_ERR_OPTION,       "empty",     O.empty = 3) \
    X(empty_low,          EVERY,          BY_OPTIONS,   T_OPTIONS,            CENTRA_ERR_OPTION,       "empty",     O.empty = -1) \
    X(layout_high,        EVERY,          BY_OPTIONS,   T_OPTIONS,            CENTRA_ERR_OPTION,       "layout",    O.layout = 2) \
    X(layout_low,         EVERY,          BY_OPTIONS,   T_OPTIONS,            CENTRA_ERR_OPTION,       "layout",    O.layout = -1) \
    X(label_base_high,    EVERY,          BY_OPTIONS,   T_OPTIONS,            CENTRA_ERR_OPTION,       "label_base", O.label_base = 2) \
    X(label_base_low,     EVERY,          BY_OPTIONS,   T_OPTIONS,            CENTRA_ERR_OPTION,       "label_base", O.label_base = -1) \
    X(threads_negative,   EVERY,          BY_OPTIONS,   T_OPTIONS,            CENTRA_ERR_OPTION,       "threads",   O.threads = -1) \
    X(n_init_zero,        EVERY,          BY_OPTIONS,   T_OPTIONS,            CENTRA_ERR_OPTION,       "n_init: 0 is not positive", O.n_init = 0) \
    X(n_init_negative,    EVERY,          BY_OPTIONS,   T_OPTIONS,            CENTRA_ERR_OPTION,       "n_init: -2147483648 is not positive", O.n_init = INT32_MIN) \
    X(max_iter_negative,  EVERY,          BY_OPTIONS,   T_OPTIONS,            CENTRA_ERR_OPTION,       "max_iter",  O.max_iter = -1) \
    X(tol_negative,       EVERY,          BY_OPTIONS,   T_OPTIONS,            CENTRA_ERR_OPTION,       "tol",       O.tol = -1e-300) \
    X(tol_subnormal,      EVERY,          BY_OPTIONS,   T_OPTIONS,            CENTRA_ERR_OPTION,       "tol: -1e-320 is not a finite number of at least 0", O.tol = -1e-320) \
    X(tol_nan,            EVERY,          BY_OPTIONS,   T_OPTIONS,            CENTRA_ERR_OPTION,       "tol: NaN is", O.tol = NAN) \
    X(tol_infinite,       EVERY,          BY_OPTIONS,   T_OPTIONS,            CENTRA_ERR_OPTION,       "tol: infinity is", O.tol = INFINITY) \
    X(seed_given,         BIT(SEED),      BY_OPTIONS,   T_ALONE,              CENTRA_ERR_OPTION,       "init",      O.init = CENTRA_INIT_GIVEN) \
    X(ld_below_d,         OF_DOUBLES,     BY_LD,        T_LD,                 CENTRA_ERR_SHAPE,        "ld",        c->ld = D - 1) \
    X(ld_zero,            OF_DOUBLES,     BY_LD,        T_LD,                 CENTRA_ERR_SHAPE,        "ld",        c->ld = 0) \
    X(ld_overflow,        OF_DOUBLES,     BY_LD,        T_LD,                 CENTRA_ERR_SHAPE,        "ld",        c->ld = SIZE_MAX / 2) \
    X(ld_below_n,         OF_DOUBLES,     BY_LD,        T_LD | T_OPTIONS,     CENTRA_ERR_SHAPE,        "ld",        O.layout = CENTRA_COLUMNS; c->ld = N - 1) \
    X(ld_out_below_k,     BIT(DISTANCES), BY_LD,        T_LD,                 CENTRA_ERR_SHAPE,        "ld_out = 1 is less than k = 2", c->ld_out = K - 1) \
    X(ld_out_zero,        BIT(DISTANCES), BY_LD,        T_LD,                 CENTRA_ERR_SHAPE,        "ld_out = 0", c->ld_out = 0) \
    X(ld_out_overflow,    BIT(DISTANCES), BY_LD,        T_LD,                 CENTRA_ERR_SHAPE,        "ld_out",    c->ld_out = SIZE_MAX / 2) \
    X(fit_alias,          BIT(FIT),       BY_OVERLAP,   T_LABELS | T_POINTS,  CENTRA_ERR_ALIAS,        "labels",    c->at[LABELS] = c->at[POINTS]) \
    X(assign_alias,       BIT(ASSIGN),    BY_OVERLAP,   T_LABELS | T_POINTS,  CENTRA_ERR_ALIAS,        "labels",    c->at[LABELS] = c->at[POINTS]) \
    X(update_alias,       BIT(UPDATE),    BY_OVERLAP,   T_CENTERS | T_POINTS, CENTRA_ERR_ALIAS,        "centers",   c->at[CENTERS] = c->at[POINTS]) \
    X(seed_alias,         BIT(SEED),      BY_OVERLAP,   T_CENTERS | T_POINTS, CENTRA_ERR_ALIAS,        "centers",   c->at[CENTERS] = c->at[POINTS]) \
    X(inertia_alias,      BIT(INERTIA),   BY_OVERLAP,   T_CENTERS,            CENTRA_ERR_ALIAS,        "inertia",   c->at[TOTAL] = c->at[CENTERS]) \
    X(distances_alias,    BIT(DISTANCES), BY_OVERLAP,   T_CENTERS,            CENTRA_ERR_ALIAS,        "sqdist",    c->at[TABLE] = c->at[CENTERS]) \
    X(clusters_alias,     BIT(CLUSTERS),  BY_OVERLAP,   T_CENTERS,            CENTRA_ERR_ALIAS,        "weights",   c->at[SUMS] = c->at[CENTERS]) \
    X(workspace_huge,     WITH_WORKSPACE, BY_OVERLAP,   T_WORK,               CENTRA_ERR_WORKSPACE,    "workspace", c->workspace_bytes = SIZE_MAX) \
    X(starts_from_one,    OF_ROWS,        BY_ROWS,      T_STARTS,             CENTRA_ERR_SHAPE,        "starts: 1 at index 0 is not 0", set_index(c, STARTS, 0, 1)) \
    X(starts_descend,     OF_ROWS,        BY_ROWS,      T_STARTS,             CENTRA_ERR_SHAPE,        "starts: 0 at index 4 follows 7: they must not descend", set_index(c, STARTS, 4, 0)) \
    X(start_negative,     OF_ROWS,        BY_ROWS,      T_STARTS,             CENTRA_ERR_SHAPE,        "starts: -1 at index 1 follows 0", set_index(c, STARTS, 1, -1)) \
    X(start_beyond_last,  OF_ROWS,        BY_ROWS,      T_STARTS,             CENTRA_ERR_SHAPE,        "starts: 22 at index 7 follows 16: a row has at most d = 3", set_index(c, STARTS, 7, 22)) \
    X(last_negative,      OF_ROWS,        BY_ROWS,      T_STARTS | T_COLUMNS | T_POINTS, CENTRA_ERR_SHAPE, "starts: -1 at index 8 follows 18", set_index(c, STARTS, N, -1)) \
    X(column_d,           OF_ROWS,        BY_ROWS,      T_COLUMNS,            CENTRA_ERR_SHAPE,        "columns: 3 at row 2, entry 1 is not one of 0 to 2", set_index(c, COLUMNS, 5, D)) \
    X(column_negative,    OF_ROWS,        BY_ROWS,      T_COLUMNS,            CENTRA_ERR_SHAPE,        "columns: -1 at row 0, entry 0 is not one of 0 to 2", set_index(c, COLUMNS, 0, -1)) \
    X(column_lowest,      OF_ROWS,        BY_ROWS,      T_COLUMNS,            CENTRA_ERR_SHAPE,        "columns: -2147483648 at row 7, entry 2", set_index(c, COLUMNS, 20, INT32_MIN)) \
    X(column_highest,     OF_ROWS,        BY_ROWS,      T_COLUMNS,            CENTRA_ERR_SHAPE,        "columns: 2147483647 at row 7, entry 2", set_index(c, COLUMNS, 20, INT32_MAX)) \
    X(column_again,       OF_ROWS,        BY_ROWS,      T_COLUMNS,            CENTRA_ERR_SHAPE,        "columns: 0 at row 3, entry 1 follows 0: they must ascend, each once", set_index(c, COLUMNS, 8, 0)) \
    X(column_descends,    OF_ROWS,        BY_ROWS,      T_COLUMNS,            CENTRA_ERR_SHAPE,        "columns: 0 at row 5, entry 2 follows 1", set_index(c, COLUMNS, 15, 0)) \
    X(workspace_short,    BIT(FIT),       BY_WORKSPACE, T_WORK,               CENTRA_ERR_WORKSPACE,    "workspace", c->workspace_bytes = workspace_taken[is_sparse(c)] - 1) \
    X(workspace_tiny,     WITH_WORKSPACE, BY_WORKSPACE, T_WORK,               CENTRA_ERR_WORKSPACE,    "workspace", c->workspace_bytes = 1) \
    X(workspace_empty,    WITH_WORKSPACE, BY_WORKSPACE, T_WORK,               CENTRA_ERR_WORKSPACE,    "workspace", c->workspace_bytes = 0) \
    X(workspace_null,     WITH_WORKSPACE, BY_WORKSPACE, T_WORK,               CENTRA_ERR_WORKSPACE,    "workspace", c->at[WORKSPACE] = NULL) \
    X(workspace_odd,      WITH_WORKSPACE, BY_WORKSPACE, T_WORK,               CENTRA_ERR_WORKSPACE,    "workspace", c->at[WORKSPACE] = (unsigned char *)c->at[WORKSPACE] + 8) \
    X(weight_nan,         WEIGHTED,       BY_WEIGHTS,   T_WEIGHTS,            CENTRA_ERR_NONFINITE,    "weights",   SET(WEIGHTS, 5, NAN)) \
    X(weight_infinite,    WEIGHTED,       BY_WEIGHTS,   T_WEIGHTS,            CENTRA_ERR_NONFINITE,    "weights",   SET(WEIGHTS, 7, INFINITY)) \
    X(weight_negative,    WEIGHTED,       BY_WEIGHTS,   T_WEIGHTS,            CENTRA_ERR_WEIGHTS,      "weights: -1e-300 at index 0 is negative", SET(WEIGHTS, 0, -1e-300)) \
    X(weights_zero,       WEIGHTED,       BY_WEIGHTS,   T_WEIGHTS,            CENTRA_ERR_WEIGHTS,      "weights",   set_all(c, WEIGHTS, N, 0)) \
    X(weights_minus_zero, WEIGHTED,       BY_WEIGHTS,   T_WEIGHTS,            CENTRA_ERR_WEIGHTS,      "weights",   set_all(c, WEIGHTS, N, -0.0)) \
    X(point_nan,          DATA,           BY_POINTS,    T_POINTS,             CENTRA_ERR_NONFINITE,    "points: NaN at row 6, dimension 2", POINT(6, 2, NAN)) \
    X(point_infinite,     DATA,           BY_POINTS,    T_POINTS,             CENTRA_ERR_NONFINITE,    "at row 7, dimension 0", POINT(7, 0, INFINITY)) \
    X(point_minus_inf,    DATA,           BY_POINTS,    T_POINTS,             CENTRA_ERR_NONFINITE,    "at row 0, dimension 1", POINT(0, 1, -INFINITY)) \
    X(point_huge,         DATA,           BY_POINTS,    T_POINTS | T_CENTERS, CENTRA_ERR_RANGE,        "dimension 1", POINT(3, 1, -1e200)) \
    X(point_largest,      DATA,           BY_POINTS,    T_POINTS | T_CENTERS, CENTRA_ERR_RANGE,        "dimension 2", POINT(0, 2, 1.7976931348623157e308)) \
    X(center_nan,         START,          BY_CENTERS,   T_CENTERS,            CENTRA_ERR_NONFINITE,    "centers: NaN at row 1, dimension 2", SET(CENTERS, D + 2, NAN)) \
    X(center_infinite,    START,          BY_CENTERS,   T_CENTERS,            CENTRA_ERR_NONFINITE,    "at row 0, dimension 0", SET(CENTERS, 0, INFINITY)) \
    X(center_huge,        START,          BY_CENTERS,   T_CENTERS,            CENTRA_ERR_RANGE,        "dimension 1", SET(CENTERS, D + 1, 1e200)) \
    X(label_negative,     LABELED,        BY_LABELS,    T_LABELS,             CENTRA_ERR_LABEL,        "labels",    LABEL(7, -1)) \
    X(label_k,            LABELED,        BY_LABELS,    T_LABELS,             CENTRA_ERR_LABEL,        "labels: 2 at index 3 is not one of 0 to 1", LABEL(3, K)) \
    X(label_lowest,       LABELED,        BY_LABELS,    T_LABELS,             CENTRA_ERR_LABEL,        "labels",    LABEL(0, INT32_MIN)) \
    X(label_highest,      LABELED,        BY_LABELS,    T_LABELS,             CENTRA_ERR_LABEL,        "labels",    LABEL(0, INT32_MAX)) \
    X(label_zero_of_one,  LABELED,        BY_LABELS,    T_LABELS | T_OPTIONS, CENTRA_ERR_LABEL,        "labels",    O.label_base = 1; set_labels(c, 1); LABEL(4, 0)) \
    X(label_over_of_one,  LABELED,        BY_LABELS,    T_LABELS | T_OPTIONS, CENTRA_ERR_LABEL,        "labels",    O.label_base = 1; set_labels(c, 1); LABEL(4, K + 1)) \
    X(empty_in_update,    BIT(UPDATE),    BY_EMPTY,     T_LABELS | T_OPTIONS, CENTRA_ERR_EMPTY,        "cluster 1", O.empty = CENTRA_EMPTY_ERROR; set_labels(c, 0)) \
    X(empty_in_fit,       BIT(FIT),       BY_EMPTY,     T_CENTERS | T_OPTIONS, CENTRA_ERR_EMPTY,       "cluster 1", O.empty = CENTRA_EMPTY_ERROR; SET(CENTERS, D, 1e6))

static void set_labels(const Call *c, int32_t label)
{
    for (size_t i = 0; i < N; ++i)
        LABEL(i, label);
}

#define AS_NAME(name, functions, order, touches, status, detail, change) name,
enum { REFUSALS(AS_NAME) ROWS };

typedef struct Row {
    const char *name;
    unsigned functions;
    int order;
    unsigned touches;
    int32_t status;
    const char *detail;
} Row;

#define AS_ROW(name, functions, order, touches, status, detail, change) {#name, functions, order, touches, status, detail},
static const Row rows[] = {REFUSALS(AS_ROW)};

#define AS_CASE(name, functions, order, touches, status, detail, change) case name: change; break;
static void mutate(int row, Call *c)
{
    switch (row) {
        REFUSALS(AS_CASE)
    default: break;
    }
}

/* Contents before pointers: the later rows of the table write through the pointers that the earlier ones take away. */
static void mutate_both(int earlier, int later, Call *c)
{
    mutate(later, c);
    mutate(earlier, c);
}

static void check_values(int function, int32_t threads)
{
    Call c;
    for (int row = 0; row < ROWS; ++row) {
        if (!(rows[row].functions & ONE(function)))
            continue;
        CONTEXT("%s, %s, threads %d", function_names[function], rows[row].name, (int)threads);
        prepare(&c, function, threads);
        mutate(row, &c);
        expect_refusal(&c, rows[row].status, rows[row].detail, 0);
        tell(rows[row].name, "", rows[row].status, function_names[function]);
        for (int other = row + 1; other < ROWS; ++other) {
            if (!(rows[other].functions & ONE(function)) || rows[other].order <= rows[row].order ||
                (rows[other].touches & rows[row].touches))
                continue;
            CONTEXT("%s, %s and %s, threads %d", function_names[function], rows[row].name, rows[other].name, (int)threads);
            prepare(&c, function, threads);
            mutate_both(row, other, &c);
            expect_refusal(&c, rows[row].status, rows[row].detail, 0);
        }
    }
}

/* NaN and infinity at every place, rows, columns and sparse rows: the detail says which. */
static void check_places(void)
{
    char detail[64];
    for (int function = FIT; function < FUNCTIONS; ++function)
        for (int columns = 0; columns < (function < SPARSE ? 2 : 1); ++columns)
            for (size_t i = 0; i < N; ++i)
                for (size_t t = 0; t < D; ++t) {
                    if (function == SPARSE || (function > SPARSE && coordinate(i, t) == 0))
                        continue;
                    Call c;
                    prepare(&c, function, 1);
                    c.options.layout = columns ? CENTRA_COLUMNS : CENTRA_ROWS;
                    c.ld = columns ? N + 1 : LD;
                    for (size_t p = 0; columns && p < N * LD; ++p)
                        *double_at(&c, POINTS, p) = (double)(p % 9);
                    double *place = columns ? double_at(&c, POINTS, t * (N + 1) + i) : point_at(&c, i, t);
                    CONTEXT("%s, point %zu, dimension %zu, columns %d", function_names[function], i, t, columns);
                    *place = NAN;
                    (void)snprintf(detail, sizeof detail, "points: NaN at row %zu, dimension %zu", i, t);
                    expect_refusal(&c, CENTRA_ERR_NONFINITE, detail, 0);
                    *place = -INFINITY;
                    (void)snprintf(detail, sizeof detail, "at row %zu, dimension %zu", i, t);
                    expect_refusal(&c, CENTRA_ERR_NONFINITE, detail, 0);
                    if (i < K && (ONE(function) & START)) {
                        prepare(&c, function, 1);
                        *double_at(&c, CENTERS, i * D + t) = NAN;
                        (void)snprintf(detail, sizeof detail, "centers: NaN at row %zu, dimension %zu", i, t);
                        expect_refusal(&c, CENTRA_ERR_NONFINITE, detail, 0);
                    }
                }
}

/* More coordinates than n d are refused by the index that says so. */
static void check_stored(void)
{
    for (int function = SPARSE + FIT; function < FUNCTIONS; ++function) {
        Call c;
        CONTEXT("%s, too many coordinates", function_names[function]);
        prepare(&c, function, 2);
        set_index(&c, STARTS, N, INT64_MAX);
        expect_refusal(&c, CENTRA_ERR_SHAPE, "starts: 9223372036854775807 at index 8 is more than n * d = 24", 0);
    }
}

/* Magnitudes that are fine by themselves and overflow together with the weights, or with the number of points. */
static void check_weighted_range(void)
{
    for (int function = FIT; function < FUNCTIONS; ++function) {
        if (!(ONE(function) & WEIGHTED))
            continue;
        Call c;
        CONTEXT("%s, weight times squared distance", function_names[function]);
        prepare(&c, function, 1);
        *point_at(&c, 0, 1) = 1e100;
        *double_at(&c, WEIGHTS, 3) = 1e150;
        expect_refusal(&c, CENTRA_ERR_RANGE, "", 0);
        CONTEXT("%s, sum of weights", function_names[function]);
        prepare(&c, function, 1);
        set_all(&c, WEIGHTS, N, 1e307);
        expect_refusal(&c, CENTRA_ERR_RANGE, "", 0);
    }
}

/* A NaN in the gaps between rows is nobody's business, and neither are weights that centra_assign and centra_distances ignore. */
static void check_not_refused(int32_t threads)
{
    for (int function = 0; function < FUNCTIONS; ++function) {
        Call c;
        CONTEXT("%s, sound, threads %d", function_names[function], (int)threads);
        prepare(&c, function, threads);
        write_rows(&c);
        memcpy(snapshot, block, block_size);
        CHECK(run(&c) == CENTRA_OK);
        /* The canaries are worth something only if the same call, when it succeeds, does write every output. */
        for (int b = 0; b < BUFFERS; ++b) {
            if (b == WORKSPACE)
                continue;
            unsigned char *start = (unsigned char *)c.at[b];
            int is = role(function, b), writes = is == INOUT || is == OUT || is == OUT_OR_NULL;
            CHECK((memcmp(start, snapshot + (start - block), sizes[b]) != 0) == writes);
            CHECK(memcmp(start + sizes[b], snapshot + (start - block) + sizes[b], 64) == 0); /* and nothing behind it */
        }
        if (function % SPARSE == FIT)
            workspace_taken[is_sparse(&c)] = (size_t)((centra_report *)c.at[REPORT])->workspace_bytes;
        if (function % SPARSE == SIZE)
            continue;
        prepare(&c, function, threads);
        for (size_t i = 0; !is_sparse(&c) && i + 1 < N; ++i)
            *double_at(&c, POINTS, i * LD + D) = NAN;
        CHECK(run(&c) == CENTRA_OK);
        if (function % SPARSE == DISTANCES) { /* the gaps of the result are not written: they held what everything held */
            static unsigned char canary[sizeof(double)];
            memset(canary, 0xa5, sizeof canary);
            for (size_t i = 0; i + 1 < N; ++i)
                CHECK(memcmp(double_at(&c, TABLE, i * LD_OUT + K), canary, sizeof canary) == 0);
        }
        if (function % SPARSE == ASSIGN || function % SPARSE == DISTANCES) {
            prepare(&c, function, threads);
            set_all(&c, WEIGHTS, N, NAN);
            CHECK(run(&c) == CENTRA_OK);
        }
        prepare(&c, function, threads);
        c.at[WORKSPACE] = NULL;
        c.workspace_bytes = 0;
        CHECK(run(&c) == CENTRA_OK);
    }
    CONTEXT("init of nothing");
    centra_options_init(NULL);
    centra_report_init(NULL);
}

/* ---- the detail is a thread's own, and lasts ------------------------------------------------------------------- */

static void *refused_elsewhere(void *unused)
{
    (void)unused;
    int *fine = (int *)get(1, sizeof *fine);
    double point = 1, center = 1;
    int32_t label = 0;
    *fine = centra_error_detail()[0] == '\0';
    *fine &= centra_assign(&point, 1, 1, 0, 1, NULL, &center, &label, NULL, NULL, 0) == CENTRA_ERR_SHAPE;
    *fine &= strstr(centra_error_detail(), "ld") != NULL;
    return fine;
}

static void check_detail(void)
{
    CONTEXT("detail");
    Call c;
    char before[512];
    prepare(&c, FIT, 1);
    *double_at(&c, POINTS, 5) = NAN;
    CHECK(run(&c) == CENTRA_ERR_NONFINITE);
    (void)snprintf(before, sizeof before, "%s", centra_error_detail());
    CHECK(strcmp(before, "points: NaN at row 1, dimension 1") == 0);
    prepare(&c, FIT, 1);
    CHECK(run(&c) == CENTRA_OK);
    CHECK(strcmp(before, centra_error_detail()) == 0); /* a call that succeeds does not wipe it */

    pthread_t other;
    void *fine = NULL;
    int started = pthread_create(&other, NULL, refused_elsewhere, NULL) == 0;
    CHECK(started);
    if (started) {
        CHECK(pthread_join(other, &fine) == 0);
        CHECK(fine && *(int *)fine);
        free(fine);
    }
    CHECK(strcmp(before, centra_error_detail()) == 0);
}

/* ---- no memory ------------------------------------------------------------------------------------------------- */

/* Takes the address space away, so that a call which would allocate its own workspace must say so and live on. Not under
 * valgrind (CENTRA_TESTS_VALGRIND), whose own memory the limit would take as well. */
static void check_no_memory(void)
{
    CONTEXT("no memory");
    struct rlimit before, none;
    enum { MANY = 1 << 23 }; /* a workspace beyond the 64 MiB that malloc keeps mapped for each thread there has been */
    if (getenv("CENTRA_TESTS_VALGRIND") || getrlimit(RLIMIT_AS, &before) != 0)
        return;
    double *points = (double *)get(MANY, sizeof *points), centers[2] = {0, 1}, total = -1;
    int32_t *labels = (int32_t *)get(MANY, sizeof *labels);
    for (size_t i = 0; i < MANY; ++i)
        points[i] = (double)(i % 100);
    none = before;
    none.rlim_cur = 1 << 20; /* below what the process holds already: no new mapping succeeds, the old ones stay */
    centra_options options;
    centra_options_init(&options);
    options.init = CENTRA_INIT_GIVEN;
    options.max_iter = 0;
    size_t bytes = 0;
    CHECK(centra_workspace_size(MANY, 1, 2, &options, &bytes) == CENTRA_OK);
    void *workspace = get(bytes + 16, 1);
    CHECK(setrlimit(RLIMIT_AS, &none) == 0);
    int32_t refused = centra_fit(points, MANY, 1, 1, 2, &options, centers, labels, NULL, NULL, 0);
    int32_t own = centra_fit(points, MANY, 1, 1, 2, &options, centers, labels, NULL, workspace, bytes);
    int32_t sum = centra_inertia(points, MANY, 1, 1, 2, &options, centers, labels, &total);
    CHECK(setrlimit(RLIMIT_AS, &before) == 0);
    /* fit needs room for n labels at least; a caller's workspace makes it need nothing. */
    CHECK(refused == CENTRA_ERR_MEMORY);
    CHECK(own == CENTRA_OK);
    CHECK(sum == CENTRA_OK || sum == CENTRA_ERR_MEMORY);
    CHECK(centra_fit(points, MANY, 1, 1, 2, &options, centers, labels, NULL, NULL, 0) == CENTRA_OK);
    free(points);
    free(labels);
    free(workspace);
}

int main(void)
{
    const double one = 1;
    CONTEXT("before the first refusal");
    CHECK(centra_error_detail()[0] == '\0');

    sizes[POINTS] = ((N - 1) * LD + D) * sizeof(double); /* the largest, as sizes of sparse rows are */
    sizes[VALUES] = N * D * sizeof(double);
    sizes[COLUMNS] = N * D * sizeof(int64_t);
    sizes[STARTS] = (N + 1) * sizeof(int64_t);
    sizes[WEIGHTS] = N * sizeof(double);
    sizes[CENTERS] = K * D * sizeof(double);
    sizes[LABELS] = N * sizeof(int32_t);
    sizes[REPORT] = sizeof(centra_report);
    sizes[SQDIST] = N * sizeof(double);
    sizes[COUNTS] = K * sizeof(int64_t);
    sizes[TOTAL] = sizeof(double);
    sizes[TABLE] = ((N - 1) * LD_OUT + K) * sizeof(double);
    sizes[SUMS] = K * sizeof(double);
    sizes[INERTIAS] = K * sizeof(double);
    sizes[BYTES] = sizeof(size_t);
    for (int32_t threads = 1; threads <= 2; ++threads) {
        centra_options options;
        centra_options_init(&options);
        options.threads = threads;
        options.weights = &one; /* not read by the query; that there are weights is what counts */
        size_t needed[3];
        CHECK(centra_workspace_size(N, D, K, &options, &needed[0]) == CENTRA_OK);
        CHECK(centra_workspace_size_csr(N, D, K, &options, &needed[1]) == CENTRA_OK);
        options.layout = CENTRA_COLUMNS;
        CHECK(centra_workspace_size(N, D, K, &options, &needed[2]) == CENTRA_OK);
        sizes[WORKSPACE] = 0;
        for (int form = 0; form < 3; ++form)
            if (sizes[WORKSPACE] < needed[form])
                sizes[WORKSPACE] = rounded(needed[form], 64);
        block_size = 4 * sizes[WORKSPACE] + 4096; /* one before all, its own, and one to either side of the seam */
        for (int b = 0; b < BUFFERS; ++b)
            block_size += rounded(sizes[b], 64) + GAP;
        unsigned char *memory = (unsigned char *)get(block_size + 64, 1);
        block = memory + (64 - (uintptr_t)memory % 64);
        snapshot = (unsigned char *)get(block_size, 1);
        check_not_refused(threads);
        for (int function = 0; function < FUNCTIONS; ++function) {
            check_pointers(function, threads);
            check_overlaps(function, threads);
            check_values(function, threads);
        }
        if (threads == 1) {
            check_places();
            check_weighted_range();
            check_stored();
            check_detail();
        }
        free(snapshot);
        free(memory);
    }
    check_no_memory();
    return finish("errors");
}
