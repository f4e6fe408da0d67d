/* The calls of centra on R's matrices. A matrix is columns one after the other (CENTRA_COLUMNS), and is read where it lies;
 * centers are rows of d in centra and columns in R, so these few numbers are transposed. R/kmeans.R has checked all types and sizes. */
#include <centra.h>

#define R_NO_REMAP
#include <R.h>
#include <R_ext/Rdynload.h>
#include <Rinternals.h>

#include <stdint.h>
#include <string.h>

/* k rows of d as a matrix of R, and back. */
static void to_columns(const double *rows, size_t k, size_t d, double *columns)
{
    for (size_t j = 0; j < k; ++j)
        for (size_t i = 0; i < d; ++i)
            columns[j + k * i] = rows[j * d + i];
}

static double *to_rows(const double *columns, size_t k, size_t d)
{
    double *rows = (double *)R_alloc(k * d, sizeof *rows);
    for (size_t j = 0; j < k; ++j)
        for (size_t i = 0; i < d; ++i)
            rows[j * d + i] = columns[j + k * i];
    return rows;
}

/* A call on points of doubles, or of raw bytes, which are numbers from 0 to 255. */
#define ON_POINTS(x, call, ...) \
    (TYPEOF(x) == RAWSXP ? call##_u8(RAW(x), n, d, n, k, __VA_ARGS__) : call(REAL(x), n, d, n, k, __VA_ARGS__))

/* A list of named values, one for each name; they are protected by it once they are in it. */
static SEXP list(const char *const *names, const SEXP *values)
{
    int length = 0;
    while (names[length])
        ++length;
    SEXP all = PROTECT(Rf_allocVector(VECSXP, length)), its_names = PROTECT(Rf_allocVector(STRSXP, length));
    for (int i = 0; i < length; ++i) {
        SET_VECTOR_ELT(all, i, values[i]);
        SET_STRING_ELT(its_names, i, Rf_mkChar(names[i]));
    }
    Rf_setAttrib(all, R_NamesSymbol, its_names);
    UNPROTECT(2);
    return all;
}

/* What R sees of a call that was refused or stopped. */
static SEXP refused(int32_t status)
{
    static const char *const names[] = {"status", "detail", NULL};
    SEXP values[] = {PROTECT(Rf_ScalarInteger(status)), PROTECT(Rf_mkString(centra_error_detail()))};
    SEXP result = list(names, values);
    UNPROTECT(2);
    return result;
}

static void ask_for_interrupt(void *unused)
{
    (void)unused;
    R_CheckUserInterrupt();
}

/* After every iteration: whether the user wants to stop. R's own check would jump out of the call, so it is made in a frame of its own. */
static int32_t interrupted(const centra_progress *progress, void *unused)
{
    (void)progress;
    (void)unused;
    return !R_ToplevelExec(ask_for_interrupt, NULL);
}

/* A fit of n points in d dimensions: `start` is NULL or a matrix of k rows, `weights` NULL or n doubles. */
SEXP centra_r_fit(SEXP x, SEXP k_, SEXP start, SEXP init, SEXP iter_max, SEXP nstart, SEXP seed, SEXP tol, SEXP weights, SEXP threads)
{
    const size_t n = (size_t)Rf_nrows(x), d = (size_t)Rf_ncols(x), k = (size_t)Rf_asInteger(k_);
    centra_options options;
    centra_options_init(&options);
    options.layout = CENTRA_COLUMNS;
    options.label_base = 1;
    options.init = Rf_isNull(start) ? Rf_asInteger(init) : CENTRA_INIT_GIVEN;
    options.max_iter = (int64_t)Rf_asReal(iter_max);
    options.n_init = Rf_asInteger(nstart);
    options.seed = (uint64_t)Rf_asReal(seed);
    options.tol = Rf_asReal(tol);
    options.weights = Rf_isNull(weights) ? NULL : REAL(weights);
    options.threads = Rf_asInteger(threads);
    options.progress = interrupted;

    SEXP labels = PROTECT(Rf_allocVector(INTSXP, (R_xlen_t)n)), centers = PROTECT(Rf_allocMatrix(REALSXP, (int)k, (int)d));
    SEXP withinss = PROTECT(Rf_allocVector(REALSXP, (R_xlen_t)k)), size = PROTECT(Rf_allocVector(INTSXP, (R_xlen_t)k));
    double *rows = Rf_isNull(start) ? (double *)R_alloc(k * d, sizeof *rows) : to_rows(REAL(start), k, d);
    double *mean = (double *)R_alloc(d, sizeof *mean);
    int64_t *counts = (int64_t *)R_alloc(k, sizeof *counts);
    int32_t *ones = (int32_t *)R_alloc(n, sizeof *ones);
    for (size_t p = 0; p < n; ++p)
        ones[p] = 1;
    centra_report report;
    centra_report_init(&report);
    double totss = 0;

    int32_t status = ON_POINTS(x, centra_fit, &options, rows, INTEGER(labels), &report, NULL, 0);
    if (status == CENTRA_OK)
        status = ON_POINTS(x, centra_clusters, &options, rows, INTEGER(labels), counts, NULL, REAL(withinss));
    if (status == CENTRA_OK) { /* about the mean of all */
        const size_t k = 1;
        options.empty = CENTRA_EMPTY_KEEP;
        status = ON_POINTS(x, centra_update, &options, ones, mean, NULL, NULL, 0);
        if (status == CENTRA_OK)
            status = ON_POINTS(x, centra_inertia, &options, mean, ones, &totss);
    }
    if (status != CENTRA_OK) {
        UNPROTECT(4);
        return refused(status);
    }
    to_columns(rows, k, d, REAL(centers));
    for (size_t j = 0; j < k; ++j)
        INTEGER(size)[j] = (int)counts[j];

    static const char *const names[] = {"cluster",  "centers",    "totss", "withinss", "tot.withinss", "size", "iter",
                                        "converged", NULL};
    SEXP values[] = {labels,
                     centers,
                     PROTECT(Rf_ScalarReal(totss)),
                     withinss,
                     PROTECT(Rf_ScalarReal(report.inertia)),
                     size,
                     PROTECT(Rf_ScalarInteger((int)report.iterations)),
                     PROTECT(Rf_ScalarLogical(report.stopped_by != CENTRA_MAX_ITER))};
    SEXP result = list(names, values);
    UNPROTECT(8);
    return result;
}

/* The nearest of the k rows of `centers` for each row of x. */
SEXP centra_r_assign(SEXP x, SEXP centers, SEXP threads)
{
    const size_t n = (size_t)Rf_nrows(x), d = (size_t)Rf_ncols(x), k = (size_t)Rf_nrows(centers);
    centra_options options;
    centra_options_init(&options);
    options.layout = CENTRA_COLUMNS;
    options.label_base = 1;
    options.threads = Rf_asInteger(threads);
    SEXP labels = PROTECT(Rf_allocVector(INTSXP, (R_xlen_t)n));
    int32_t status = ON_POINTS(x, centra_assign, &options, to_rows(REAL(centers), k, d), INTEGER(labels), NULL, NULL, 0);
    UNPROTECT(1);
    return status == CENTRA_OK ? labels : refused(status);
}

static const R_CallMethodDef calls[] = {
    {"fit", (DL_FUNC)&centra_r_fit, 10}, {"assign", (DL_FUNC)&centra_r_assign, 3}, {NULL, NULL, 0}};

void R_init_centra(DllInfo *library)
{
    R_registerRoutines(library, NULL, calls, NULL, NULL);
    R_useDynamicSymbols(library, FALSE);
    R_forceSymbols(library, TRUE);
}
