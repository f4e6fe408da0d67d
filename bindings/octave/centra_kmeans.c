/* [labels, centers, inertia, iterations] = centra_kmeans(points, k, options), for Octave by its MEX interface.
 *
 * points: n rows of d columns of class double, single or uint8, read where they lie.
 * k: the number of clusters, or k rows of starting centers.
 * options: a struct, which may be left out, with any of init, empty, n_init, max_iter, tol, seed, threads (numbers as in
 *     centra.h) and weights (n doubles).
 * labels: n numbers from 1 to k, of class int32. centers: k rows of d. inertia, iterations: numbers. */
#include <centra.h>
#include <mex.h>
#include <stdint.h>
#include <string.h>

#define MOST_EXACT 9007199254740992.0 /* 2^53: up to there every whole number is a double */

static void refuse(const char *id, const char *message)
{
    mexErrMsgIdAndTxt(id, "centra_kmeans: %s", message);
}

static int is_matrix(const mxArray *array)
{
    return mxGetNumberOfDimensions(array) == 2 && !mxIsComplex(array) && !mxIsSparse(array);
}

static double number(const mxArray *value, const char *what)
{
    if (!mxIsDouble(value) || mxGetNumberOfElements(value) != 1)
        mexErrMsgIdAndTxt("centra:argument", "centra_kmeans: %s is not a double", what);
    return mxGetScalar(value);
}

/* A whole number from 0 to a limit. */
static int64_t whole(const mxArray *value, const char *what, double most)
{
    double x = number(value, what);
    if (!(x >= 0 && x <= most) || x != (double)(int64_t)x)
        mexErrMsgIdAndTxt("centra:argument", "centra_kmeans: %s is not a whole number from 0 to %.0f", what, most);
    return (int64_t)x;
}

static void set_options(centra_options *options, const mxArray *fields, size_t n)
{
    if (!mxIsStruct(fields) || mxGetNumberOfElements(fields) != 1)
        refuse("centra:argument", "the options are no struct");
    for (int i = 0; i < mxGetNumberOfFields(fields); ++i) {
        const char *name = mxGetFieldNameByNumber(fields, i);
        const mxArray *value = mxGetFieldByNumber(fields, 0, i);
        if (!strcmp(name, "weights")) {
            if (!mxIsDouble(value) || !is_matrix(value) || mxGetNumberOfElements(value) != n)
                refuse("centra:argument", "weights are not n doubles");
            options->weights = mxGetPr(value);
        } else if (!strcmp(name, "seed"))
            options->seed = (uint64_t)whole(value, name, MOST_EXACT);
        else if (!strcmp(name, "tol"))
            options->tol = number(value, name);
        else if (!strcmp(name, "max_iter"))
            options->max_iter = whole(value, name, MOST_EXACT);
        else if (!strcmp(name, "init"))
            options->init = (int32_t)whole(value, name, INT32_MAX);
        else if (!strcmp(name, "empty"))
            options->empty = (int32_t)whole(value, name, INT32_MAX);
        else if (!strcmp(name, "n_init"))
            options->n_init = (int32_t)whole(value, name, INT32_MAX);
        else if (!strcmp(name, "threads"))
            options->threads = (int32_t)whole(value, name, INT32_MAX);
        else
            mexErrMsgIdAndTxt("centra:argument", "centra_kmeans: there is no option %s", name);
    }
}

void mexFunction(int outputs, mxArray **output, int inputs, const mxArray **input)
{
    if (inputs < 2 || inputs > 3 || outputs > 4)
        refuse("centra:argument", "the call is [labels, centers, inertia, iterations] = centra_kmeans(points, k, options)");
    const mxArray *points = input[0], *given = input[1];
    if (!is_matrix(points) || !(mxIsDouble(points) || mxIsSingle(points) || mxIsUint8(points)))
        refuse("centra:argument", "points are no real matrix of class double, single or uint8");
    if (!is_matrix(given) || !mxIsDouble(given))
        refuse("centra:argument", "k is neither a number nor a matrix of doubles");
    const size_t n = mxGetM(points), d = mxGetN(points);
    const int from_number = mxGetNumberOfElements(given) == 1;
    const size_t k = from_number ? (size_t)whole(given, "k", INT32_MAX) : mxGetM(given);
    if (!from_number && mxGetN(given) != d)
        refuse("centra:argument", "starting centers have not as many columns as the points");

    centra_options options;
    centra_options_init(&options);
    if (inputs == 3)
        set_options(&options, input[2], n);
    options.layout = CENTRA_COLUMNS;
    options.label_base = 1;
    if (!from_number)
        options.init = CENTRA_INIT_GIVEN;
    centra_report report;
    centra_report_init(&report);

    /* Rows of centers in centra are columns here; memory of mxMalloc is freed also where an error ends the call. */
    double *rows = (double *)mxCalloc(k * d + 1, sizeof *rows);
    for (size_t j = 0; !from_number && j < k; ++j)
        for (size_t i = 0; i < d; ++i)
            rows[j * d + i] = mxGetPr(given)[j + k * i];
    mxArray *labels = mxCreateNumericMatrix(n, 1, mxINT32_CLASS, mxREAL);
    const void *x = mxGetData(points);
    int32_t *to = (int32_t *)mxGetData(labels);
    int32_t status = mxIsDouble(points)   ? centra_fit((const double *)x, n, d, n, k, &options, rows, to, &report, NULL, 0)
                     : mxIsSingle(points) ? centra_fit_f32((const float *)x, n, d, n, k, &options, rows, to, &report, NULL, 0)
                                          : centra_fit_u8((const uint8_t *)x, n, d, n, k, &options, rows, to, &report, NULL, 0);
    if (status < 0)
        mexErrMsgIdAndTxt("centra:refused", "centra_kmeans: %s (%s; rows and dimensions count from 0)",
                          centra_status_message(status), centra_error_detail());
    mxArray *centers = mxCreateDoubleMatrix(k, d, mxREAL);
    for (size_t j = 0; j < k; ++j)
        for (size_t i = 0; i < d; ++i)
            mxGetPr(centers)[j + k * i] = rows[j * d + i];
    mxFree(rows);
    mxArray *results[] = {labels, centers, mxCreateDoubleScalar(report.inertia), mxCreateDoubleScalar((double)report.iterations)};
    for (int i = 0; i < 4; ++i)
        if (i < outputs || i == 0)
            output[i] = results[i];
}
