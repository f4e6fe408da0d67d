/* demo.c: k-means from C, on flowers and on blobs.
 *
 *     demo path/to/iris.csv
 *
 * Clusters Fisher's 150 irises (read from the CSV file) into three, and 5,000 generated points of the plane into ten.
 * It shows the three ways of calling: letting the library seed and allocate, giving it a start and a workspace, and
 * what to do with a refusal. */
#include <centra.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Says what a call refused, and why; true if it did. */
static int refused(const char *what, int32_t status)
{
    if (status >= CENTRA_OK)
        return 0;
    fprintf(stderr, "demo: %s: %s (%s)\n", what, centra_status_message(status), centra_error_detail());
    return 1;
}

/* Reads a CSV file of `d` numbers a line after one header line. Returns n * d doubles to free, or NULL after saying why. */
static double *read_csv(const char *path, size_t d, size_t *n)
{
    FILE *file = fopen(path, "r");
    if (!file) {
        perror(path);
        return NULL;
    }
    double *points = NULL;
    size_t room = 0, line_number = 0;
    char line[512];
    *n = 0;
    while (fgets(line, sizeof line, file)) {
        if (++line_number == 1)
            continue;
        if (*n == room) {
            room = room ? 2 * room : 64;
            double *more = (double *)realloc(points, room * d * sizeof *more);
            if (!more) {
                fprintf(stderr, "%s: out of memory\n", path);
                goto fail;
            }
            points = more;
        }
        char *rest = line;
        for (size_t i = 0; i < d; ++i) {
            char *end;
            points[*n * d + i] = strtod(rest, &end);
            if (end == rest || *end != (i + 1 < d ? ',' : '\n')) {
                fprintf(stderr, "%s:%zu: not %zu numbers\n", path, line_number, d);
                goto fail;
            }
            rest = end + 1;
        }
        ++*n;
    }
    if (*n > 0 && !ferror(file)) {
        fclose(file);
        return points;
    }
    fprintf(stderr, "%s: no points\n", path);
fail:
    fclose(file);
    free(points);
    return NULL;
}

/* splitmix64: a counter and a mixing function, integers only, so that every machine makes the same blobs. */
static uint64_t draw(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/* A bell without logarithms: the sum of the eight bytes of a draw, 0 to 2040, mean 1020, deviation 209. */
static int32_t bell(uint64_t *state)
{
    int32_t sum = 0;
    for (uint64_t bytes = draw(state); bytes; bytes >>= 8)
        sum += (int32_t)(bytes & 255);
    return sum;
}

/* n points around `blobs` middles on a 16384-wide square; coordinates in units of 1/1024, exact in binary. */
static void make_blobs(double *points, size_t n, size_t blobs)
{
    uint64_t state = 1936;
    for (size_t p = 0; p < n; ++p) {
        uint64_t middle = p % blobs;
        for (size_t i = 0; i < 2; ++i)
            points[2 * p + i] = (double)((int32_t)(draw(&middle) >> 50) + 2 * bell(&state)) / 1024;
    }
}

/* Centers with the number of points each, as a table. */
static void print_centers(const double *centers, size_t d, size_t k, const int32_t *labels, size_t n, const char *const *names)
{
    printf("  cluster  points");
    for (size_t i = 0; i < d; ++i)
        printf("  %12s", names[i]);
    printf("\n");
    for (size_t j = 0; j < k; ++j) {
        size_t count = 0;
        for (size_t p = 0; p < n; ++p)
            count += labels[p] == (int32_t)j;
        printf("  %7zu  %6zu", j, count);
        for (size_t i = 0; i < d; ++i)
            printf("  %12.6f", centers[j * d + i]);
        printf("\n");
    }
}

static void print_report(const centra_report *report)
{
    static const char *const reasons[] = {"converged", "within tolerance", "iteration limit", "stopped"};
    double seed = 1e3 * report->seconds_seed, scan = 1e3 * report->seconds_scan;
    double assign = 1e3 * report->seconds_assign, update = 1e3 * report->seconds_update;
    printf("  inertia %.12g, %lld iterations, %s, %d thread%s\n", report->inertia, (long long)report->iterations,
           report->stopped_by >= 0 && report->stopped_by < 4 ? reasons[report->stopped_by] : "?", (int)report->threads,
           report->threads == 1 ? "" : "s");
    printf("  milliseconds:      scan      seed    assign    update     total\n");
    printf("                %9.3f %9.3f %9.3f %9.3f %9.3f\n\n", scan, seed, assign, update, scan + seed + assign + update);
}

/* The short way: the library seeds, allocates and frees by itself; the best of ten restarts. */
static int flowers(const char *path)
{
    enum { D = 4, K = 3 };
    static const char *const names[D] = {"sepal length", "sepal width", "petal length", "petal width"};
    size_t n;
    double *points = read_csv(path, D, &n), centers[K * D];
    int32_t *labels = points ? (int32_t *)malloc(n * sizeof *labels) : NULL;
    int fine = 0;
    if (labels) {
        centra_options options;
        centra_report report;
        centra_options_init(&options);
        centra_report_init(&report);
        options.n_init = 10;
        options.seed = 1936;
        int32_t status = centra_fit(points, n, D, D, K, &options, centers, labels, &report, NULL, 0);
        if (!refused("iris", status)) {
            printf("Iris: %zu flowers, %d clusters, k-means++, best of %d\n", n, (int)K, (int)options.n_init);
            print_centers(centers, D, K, labels, n, names);
            print_report(&report);
            fine = 1;
        }
    }
    free(labels);
    free(points);
    return fine;
}

/* The economical way: the caller's start (the last ten points), and the caller's memory, which later calls can use again. */
static int blobs(void)
{
    enum { N = 5000, D = 2, K = 10 };
    static const char *const names[D] = {"x", "y"};
    static double points[N * D];
    static int32_t labels[N];
    double centers[K * D];
    centra_options options;
    centra_report report;
    size_t bytes;
    make_blobs(points, N, K);
    memcpy(centers, points + (N - K) * D, sizeof centers);
    centra_options_init(&options);
    centra_report_init(&report);
    options.init = CENTRA_INIT_GIVEN;
    if (refused("workspace size", centra_workspace_size(N, D, K, &options, &bytes)))
        return 0;
    void *workspace = malloc(bytes);
    if (!workspace) {
        fprintf(stderr, "demo: out of memory\n");
        return 0;
    }
    int32_t status = centra_fit(points, N, D, D, K, &options, centers, labels, &report, workspace, bytes);
    if (!refused("blobs", status)) {
        printf("Blobs: %d points in the plane, %d clusters, from the last %d points\n", (int)N, (int)K, (int)K);
        print_centers(centers, D, K, labels, N, names);
        print_report(&report);
    }
    free(workspace);
    return status >= CENTRA_OK;
}

/* What a refusal looks like: nothing was written, and the message says what to mend. */
static int refusal(void)
{
    const double points[6] = {1, 2, 3, 4, 5, 6};
    double centers[8];
    int32_t status = centra_fit(points, 3, 2, 2, 4, NULL, centers, NULL, NULL, NULL, 0);
    printf("Four clusters of three points: status %d, %s (%s)\n", (int)status, centra_status_message(status), centra_error_detail());
    return status == CENTRA_ERR_SHAPE;
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: %s iris.csv\n", argv[0]);
        return 2;
    }
    printf("centra %s, instruction set %s\n\n", centra_version(), centra_isa());
    return flowers(argv[1]) && blobs() && refusal() ? 0 : 1;
}
