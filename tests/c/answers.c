/* answers.c: the library against a naive implementation of what it promises, compared to the last bit.
 *
 * The naive side below follows the definitions (squared distance, label, center, inertia, iteration) line by line with
 * no thought of speed, and shares no code with the library: another language, another way to sum exactly (Shewchuk's
 * non-overlapping partials, where the library uses fixed-point limbs). Both must give the same bits, since the
 * answer is a function of the input alone. Compile without contraction (-ffp-contract=off): D has no fused multiply-add. */
#include "centra.h"
#include "check.h"

#include <float.h>
#include <math.h>

/* ---- the naive side ------------------------------------------------------------------------------------------ */

static double naive_distance(const double *x, const double *c, size_t d)
{
    double s[8] = {0, 0, 0, 0, 0, 0, 0, 0};
    for (size_t i = 0; i < d; ++i) {
        double t = x[i] - c[i];
        s[i % 8] += t * t;
    }
    double a[4], b[2];
    for (size_t j = 0; j < 4; ++j)
        a[j] = s[j] + s[j + 4];
    for (size_t j = 0; j < 2; ++j)
        b[j] = a[j] + a[j + 2];
    return b[0] + b[1];
}

/* An exact sum as a list of doubles that do not overlap, smallest first; 40 cover the range of double. */
typedef struct Exact {
    double part[40];
    size_t count;
} Exact;

static void exact_add(Exact *sum, double x)
{
    size_t kept = 0;
    for (size_t i = 0; i < sum->count; ++i) {
        double y = sum->part[i];
        if (fabs(x) < fabs(y)) {
            double swap = x;
            x = y;
            y = swap;
        }
        double high = x + y, low = y - (high - x);
        if (low != 0)
            sum->part[kept++] = low;
        x = high;
    }
    sum->part[kept++] = x;
    sum->count = kept;
}

/* The sum rounded once. Adding from the top is exact until the first remainder; the one case that then rounds twice is a
 * remainder of exactly half an ulp with more of the same sign below it. */
static double exact_round(const Exact *sum)
{
    size_t i = sum->count;
    if (i == 0)
        return 0.0;
    double high = sum->part[--i], low = 0.0;
    while (i > 0) {
        double x = high, y = sum->part[--i];
        high = x + y;
        low = y - (high - x);
        if (low != 0)
            break;
    }
    if (i > 0 && ((low < 0 && sum->part[i - 1] < 0) || (low > 0 && sum->part[i - 1] > 0))) {
        double twice = 2 * low, other = high + twice;
        if (twice == other - high)
            high = other;
    }
    return high == 0 ? 0.0 : high; /* an exact zero is +0.0 */
}

/* Adds a product: what rounding takes off is a double, too. */
static void exact_add_product(Exact *sum, double a, double b)
{
    double product = a * b;
    exact_add(sum, product);
    exact_add(sum, fma(a, b, -product));
}

/* The sign of sum - (q + q_more) total. */
static int exact_compare(const Exact *sum, const Exact *total, double q, double q_more)
{
    Exact difference = *sum;
    for (size_t i = 0; i < total->count; ++i) {
        exact_add_product(&difference, -q, total->part[i]);
        exact_add_product(&difference, -q_more, total->part[i]);
    }
    double sign = exact_round(&difference);
    return (sign > 0) - (sign < 0);
}

static int is_odd(double q)
{
    uint64_t bits;
    memcpy(&bits, &q, sizeof bits);
    return (int)(bits & 1);
}

/* sum / total, rounded once: a quotient that is nearly right, moved until it lies between the middles to its neighbours. */
static double exact_quotient(const Exact *sum, const Exact *total)
{
    double q = exact_round(sum) / exact_round(total);
    for (;;) {
        double up = nextafter(q, INFINITY), down = nextafter(q, -INFINITY);
        int above = exact_compare(sum, total, q, (up - q) / 2), below = exact_compare(sum, total, q, (down - q) / 2);
        if (above > 0 || (above == 0 && is_odd(q)))
            q = up;
        else if (below < 0 || (below == 0 && is_odd(q)))
            q = down;
        else
            return q;
    }
}

typedef struct Problem {
    size_t n, d, k;
    const double *x;       /* n rows of d, contiguous */
    const double *weights; /* n, or NULL */
    int32_t empty;
} Problem;

static double weight(const Problem *p, size_t i)
{
    return p->weights ? p->weights[i] : 1.0;
}

static void naive_assign(const Problem *p, const double *centers, int32_t *labels, double *sqdist)
{
    for (size_t i = 0; i < p->n; ++i) {
        labels[i] = 0;
        sqdist[i] = naive_distance(p->x + i * p->d, centers, p->d);
        for (size_t j = 1; j < p->k; ++j) {
            double distance = naive_distance(p->x + i * p->d, centers + j * p->d, p->d);
            if (distance < sqdist[i]) {
                sqdist[i] = distance;
                labels[i] = (int32_t)j;
            }
        }
    }
}

static double naive_inertia(const Problem *p, const double *centers, const int32_t *labels)
{
    Exact sum = {{0}, 0};
    for (size_t i = 0; i < p->n; ++i)
        exact_add_product(&sum, weight(p, i), naive_distance(p->x + i * p->d, centers + (size_t)labels[i] * p->d, p->d));
    return exact_round(&sum);
}

/* Members of positive weight; a cluster without one is empty. */
static size_t heavy_members(const Problem *p, const int32_t *member_of, int32_t cluster)
{
    size_t count = 0;
    for (size_t i = 0; i < p->n; ++i)
        count += member_of[i] == cluster && weight(p, i) > 0;
    return count;
}

/* The mean of one cluster; a cluster without weight keeps its center. */
static void naive_mean(const Problem *p, const int32_t *member_of, int32_t cluster, double *center)
{
    if (heavy_members(p, member_of, cluster) == 0)
        return;
    Exact total = {{0}, 0};
    for (size_t i = 0; i < p->n; ++i)
        if (member_of[i] == cluster)
            exact_add(&total, weight(p, i));
    for (size_t t = 0; t < p->d; ++t) {
        Exact sum = {{0}, 0};
        for (size_t i = 0; i < p->n; ++i)
            if (member_of[i] == cluster)
                exact_add_product(&sum, weight(p, i), p->x[i * p->d + t]);
        center[t] = exact_round(&sum) == 0 ? 0.0 : exact_quotient(&sum, &total);
    }
}

/* Gives empty clusters, in ascending order, the points farthest from the centers they were labelled by, the first of equals first; a point
 * whose cluster has no other heavy member left is passed over. */
static void naive_relocate(const Problem *p, const int32_t *labels, const double *centers, int32_t *member_of, size_t *heavy)
{
    double *far = (double *)get(p->n, sizeof *far);
    for (size_t i = 0; i < p->n; ++i)
        far[i] = weight(p, i) > 0 ? naive_distance(p->x + i * p->d, centers + (size_t)labels[i] * p->d, p->d) : 0;
    for (size_t j = 0; j < p->k; ++j) {
        if (heavy_members(p, labels, (int32_t)j) > 0)
            continue;
        for (;;) {
            size_t first = 0;
            for (size_t i = 1; i < p->n; ++i)
                if (far[i] > far[first])
                    first = i;
            if (far[first] == 0)
                break;
            far[first] = 0;
            if (heavy[labels[first]] < 2)
                continue;
            --heavy[labels[first]];
            ++heavy[j];
            member_of[first] = (int32_t)j;
            break;
        }
    }
    free(far);
}

/* Means of all clusters, the empty ones filled as the policy says; `labels` is not changed. False when refused (EMPTY_ERROR). */
static int naive_update(const Problem *p, const int32_t *labels, double *centers, int64_t *counts)
{
    int32_t *member_of = (int32_t *)get(p->n, sizeof *member_of);
    memcpy(member_of, labels, p->n * sizeof *member_of);
    size_t *heavy = (size_t *)get(p->k, sizeof *heavy);
    int fine = 1;
    for (size_t j = 0; j < p->k; ++j) {
        heavy[j] = heavy_members(p, member_of, (int32_t)j);
        fine &= heavy[j] > 0 || p->empty != CENTRA_EMPTY_ERROR;
    }
    if (p->empty == CENTRA_EMPTY_RELOCATE)
        naive_relocate(p, labels, centers, member_of, heavy);
    for (size_t j = 0; j < p->k; ++j)
        naive_mean(p, member_of, (int32_t)j, centers + j * p->d);
    for (size_t j = 0; j < p->k; ++j)
        counts[j] = 0;
    for (size_t i = 0; i < p->n; ++i)
        ++counts[member_of[i]];
    free(member_of);
    free(heavy);
    return fine;
}

/* What the progress function is told, in order. */
typedef struct Steps {
    int64_t moved[512];
    double shift[512];
    size_t count;
} Steps;

typedef struct Outcome {
    int32_t stopped_by;
    int64_t iterations, empty_clusters, moved;
    double inertia;
} Outcome;

static int naive_fit(const Problem *p, int64_t max_iter, double tol, double *centers, int32_t *labels, Outcome *outcome, Steps *steps)
{
    double *before = (double *)get(p->k * p->d, sizeof *before), *sqdist = (double *)get(p->n, sizeof *sqdist);
    int32_t *next = (int32_t *)get(p->n, sizeof *next);
    int64_t *counts = (int64_t *)get(p->k, sizeof *counts);
    int fine = 1;
    memset(outcome, 0, sizeof *outcome);
    outcome->stopped_by = CENTRA_MAX_ITER;
    steps->count = 0;
    naive_assign(p, centers, labels, sqdist);
    while (max_iter > 0) {
        memcpy(before, centers, p->k * p->d * sizeof *before);
        fine = naive_update(p, labels, centers, counts);
        if (!fine)
            break;
        ++outcome->iterations;
        naive_assign(p, centers, next, sqdist);
        outcome->moved = 0;
        for (size_t i = 0; i < p->n; ++i)
            outcome->moved += next[i] != labels[i];
        double shift = 0;
        for (size_t j = 0; j < p->k; ++j)
            shift += naive_distance(centers + j * p->d, before + j * p->d, p->d);
        if (steps->count < 512) {
            steps->moved[steps->count] = outcome->moved;
            steps->shift[steps->count++] = shift;
        }
        memcpy(labels, next, p->n * sizeof *labels);
        if (outcome->moved == 0) {
            outcome->stopped_by = CENTRA_CONVERGED;
            break;
        }
        if (tol > 0 && shift <= tol) {
            outcome->stopped_by = CENTRA_TOLERANCE;
            break;
        }
        if (outcome->iterations == max_iter)
            break;
    }
    outcome->inertia = naive_inertia(p, centers, labels);
    for (size_t j = 0; j < p->k; ++j)
        outcome->empty_clusters += heavy_members(p, labels, (int32_t)j) == 0;
    free(before);
    free(sqdist);
    free(next);
    free(counts);
    return fine;
}

/* ---- the data ------------------------------------------------------------------------------------------------ */

enum { LATTICE, TENTHS, WIDE, BLOBS, OFFSET, KINDS };

static double coordinate(int kind, size_t point)
{
    double unit = (double)(random_bits() >> 11) / 9007199254740992.0;
    switch (kind) {
    case LATTICE: return (double)random_below(5) - 2; /* ties and duplicates everywhere */
    case TENTHS: return ((double)random_below(2001) - 1000) / 10;
    case WIDE: return ldexp(unit - 0.5, (int)random_below(161) - 80); /* a sum of these needs many limbs */
    case BLOBS: return (double)(point % 7) * 10 + unit + unit * unit;
    default: return 1e9 + ldexp(unit, -10); /* differences far below the magnitudes: expanded formulas cancel */
    }
}

/* Copies rows into the layout asked for; the gaps hold NaN, which the library must never read. */
static double *lay_out(const Problem *p, int32_t layout, size_t *ld)
{
    size_t lines = layout == CENTRA_ROWS ? p->n : p->d, length = layout == CENTRA_ROWS ? p->d : p->n;
    *ld = length + random_below(4);
    double *points = (double *)get(lines * *ld, sizeof *points);
    for (size_t i = 0; i < lines * *ld; ++i)
        points[i] = NAN;
    for (size_t i = 0; i < p->n; ++i)
        for (size_t t = 0; t < p->d; ++t)
            points[layout == CENTRA_ROWS ? i * *ld + t : t * *ld + i] = p->x[i * p->d + t];
    return points;
}

static int32_t record(const centra_progress *progress, void *user)
{
    Steps *steps = (Steps *)user;
    CHECK(progress->struct_size == sizeof *progress);
    CHECK(progress->restart == 0);
    CHECK(progress->iteration == (int64_t)steps->count + 1);
    if (steps->count < 512) {
        steps->moved[steps->count] = progress->moved;
        steps->shift[steps->count++] = progress->shift;
    }
    return 0;
}

static void shift_labels(int32_t *labels, size_t n, int32_t by)
{
    for (size_t i = 0; i < n; ++i)
        labels[i] += by;
}

/* One random problem through assign, update, inertia and fit. */
static void compare(size_t n, size_t d, size_t k, int kind)
{
    double *x = (double *)get(n * d, sizeof *x), *weights = (double *)get(n, sizeof *weights);
    for (size_t i = 0; i < n; ++i)
        for (size_t t = 0; t < d; ++t)
            x[i * d + t] = coordinate(kind, i);
    int weighted = random_below(3) == 0;
    for (size_t i = 0; i < n; ++i)
        weights[i] = random_below(4) == 0 ? 0 : (double)random_below(50) / 7;
    weights[random_below(n)] = 0.3;

    Problem p;
    p.n = n;
    p.d = d;
    p.k = k;
    p.x = x;
    p.weights = weighted ? weights : NULL;
    p.empty = random_below(2) ? CENTRA_EMPTY_RELOCATE : CENTRA_EMPTY_KEEP;

    centra_options options;
    centra_options_init(&options);
    options.init = CENTRA_INIT_GIVEN;
    options.empty = p.empty;
    options.layout = random_below(2) ? CENTRA_ROWS : CENTRA_COLUMNS;
    options.label_base = (int32_t)random_below(2);
    options.threads = (int32_t)random_below(3);
    options.weights = p.weights;
    const int32_t base = options.label_base;
    size_t ld;
    double *points = lay_out(&p, options.layout, &ld);
    CONTEXT("n=%zu d=%zu k=%zu data %d %s layout %d base %d threads %d empty %d", n, d, k, kind, weighted ? "weighted" : "unweighted",
            (int)options.layout, (int)base, (int)options.threads, (int)p.empty);

    double *start = (double *)get(k * d, sizeof *start), *expected = (double *)get(k * d, sizeof *expected);
    double *centers = (double *)get(k * d, sizeof *centers);
    double *far_expected = (double *)get(n, sizeof *far_expected), *far_found = (double *)get(n, sizeof *far_found);
    int32_t *labels_expected = (int32_t *)get(n, sizeof *labels_expected), *labels = (int32_t *)get(n, sizeof *labels);
    int64_t *counts_expected = (int64_t *)get(k, sizeof *counts_expected), *counts = (int64_t *)get(k, sizeof *counts);
    /* Starts: points (so that some distances are zero, and duplicates make empty clusters), one of them nudged far off. */
    for (size_t j = 0; j < k; ++j)
        memcpy(start + j * d, x + random_below(n) * d, d * sizeof *start);
    if (random_below(3) == 0)
        start[random_below(k) * d] += 1000;

    /* assign */
    naive_assign(&p, start, labels_expected, far_expected);
    CHECK(centra_assign(points, n, d, ld, k, &options, start, labels, far_found, NULL, 0) == CENTRA_OK);
    shift_labels(labels, n, -base);
    CHECK(same_labels(labels, labels_expected, n));
    CHECK(same_bits(far_found, far_expected, n));

    /* inertia, of labels that are not the nearest */
    double inertia = -1;
    for (size_t i = 0; i < n; ++i)
        labels[i] = (int32_t)random_below(k) + base;
    CHECK(centra_inertia(points, n, d, ld, k, &options, start, labels, &inertia) == CENTRA_OK);
    shift_labels(labels, n, -base);
    double inertia_expected = naive_inertia(&p, start, labels);
    CHECK(same_bits(&inertia, &inertia_expected, 1));

    /* update, of random labels and of the nearest ones */
    for (int nearest = 0; nearest < 2; ++nearest) {
        if (nearest)
            memcpy(labels, labels_expected, n * sizeof *labels);
        memcpy(expected, start, k * d * sizeof *expected);
        memcpy(centers, start, k * d * sizeof *centers);
        naive_update(&p, labels, expected, counts_expected);
        shift_labels(labels, n, base);
        CHECK(centra_update(points, n, d, ld, k, &options, labels, centers, counts, NULL, 0) == CENTRA_OK);
        shift_labels(labels, n, -base);
        CHECK(same_bits(centers, expected, k * d));
        CHECK(memcmp(counts, counts_expected, k * sizeof *counts) == 0);
    }

    /* fit: to the end, cut short by max_iter, and with a tolerance */
    Steps *steps_expected = (Steps *)get(1, sizeof *steps_expected), *steps = (Steps *)get(1, sizeof *steps);
    options.progress = record;
    options.progress_data = steps;
    double first_shift = 0;
    for (int way = 0; way < 3; ++way) {
        options.max_iter = way == 1 ? (int64_t)random_below(4) : 300;
        options.tol = way == 2 ? first_shift : 0;
        Outcome outcome;
        memcpy(expected, start, k * d * sizeof *expected);
        memcpy(centers, start, k * d * sizeof *centers);
        naive_fit(&p, options.max_iter, options.tol, expected, labels_expected, &outcome, steps_expected);
        centra_report report;
        centra_report_init(&report);
        steps->count = 0;
        CHECK(centra_fit(points, n, d, ld, k, &options, centers, labels, &report, NULL, 0) == CENTRA_OK);
        shift_labels(labels, n, -base);
        CHECK(same_bits(centers, expected, k * d));
        CHECK(same_labels(labels, labels_expected, n));
        CHECK(same_bits(&report.inertia, &outcome.inertia, 1));
        CHECK(report.iterations == outcome.iterations);
        CHECK(report.stopped_by == outcome.stopped_by);
        CHECK(report.moved == outcome.moved);
        CHECK(report.empty_clusters == outcome.empty_clusters);
        CHECK(steps->count == steps_expected->count);
        CHECK(memcmp(steps->moved, steps_expected->moved, steps->count * sizeof steps->moved[0]) == 0);
        CHECK(same_bits(steps->shift, steps_expected->shift, steps->count));
        first_shift = steps->count ? steps->shift[0] : 0;
    }

    /* An empty cluster under EMPTY_ERROR is refused exactly when the naive loop meets one. */
    p.empty = options.empty = CENTRA_EMPTY_ERROR;
    options.max_iter = 300;
    options.tol = 0;
    options.progress = NULL;
    Outcome outcome;
    memcpy(expected, start, k * d * sizeof *expected);
    memcpy(centers, start, k * d * sizeof *centers);
    int fine = naive_fit(&p, 300, 0, expected, labels_expected, &outcome, steps_expected);
    CHECK(centra_fit(points, n, d, ld, k, &options, centers, labels, NULL, NULL, 0) == (fine ? CENTRA_OK : CENTRA_ERR_EMPTY));
    CHECK(same_bits(centers, fine ? expected : start, k * d));

    free(x);
    free(weights);
    free(points);
    free(start);
    free(expected);
    free(centers);
    free(far_expected);
    free(far_found);
    free(labels_expected);
    free(labels);
    free(counts_expected);
    free(counts);
    free(steps_expected);
    free(steps);
}

/* The oracle is only worth its own correctness: known sums, among them the ones that naive summation gets wrong. */
static void check_exact_sum(void)
{
    static const double terms[4][4] = {
        {1e16, 1, -1e16, 0}, {1, 1e100, 1, -1e100}, {1, DBL_EPSILON / 2, DBL_EPSILON / 4, 0}, {-0.0, -0.0, 0, 0}};
    const double expected[4] = {1, 2, 1 + DBL_EPSILON, 0.0};
    for (size_t row = 0; row < 4; ++row) {
        Exact sum = {{0}, 0};
        for (size_t i = 0; i < 4; ++i)
            exact_add(&sum, terms[row][i]);
        double rounded = exact_round(&sum);
        CHECK(same_bits(&rounded, &expected[row], 1));
    }
}

int main(void)
{
    /* Around every block and lane count that a kernel is likely to have: 0 and one to either side. */
    static const size_t dims[] = {1, 2, 3, 4, 5, 7, 8, 9, 12, 15, 16, 17, 31, 32, 33, 64, 65};
    static const size_t sizes[] = {1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 33, 63, 64, 65, 127, 128, 129, 200, 255, 256, 257};
    static const size_t clusters[] = {1, 2, 3, 4, 5, 7, 8, 9, 10, 15, 16, 17, 23, 24, 25, 31, 32, 33, 48, 49, 65};
    check_exact_sum();
    for (int kind = 0; kind < KINDS; ++kind)
        for (size_t round = 0; round < 60; ++round) {
            size_t n = sizes[random_below(sizeof sizes / sizeof *sizes)], d = dims[random_below(sizeof dims / sizeof *dims)];
            size_t k = clusters[random_below(sizeof clusters / sizeof *clusters)];
            compare(n, d, k < n ? k : n, kind);
        }
    /* Large enough for several threads and several blocks. */
    compare(3000, 3, 40, BLOBS);
    compare(3000, 16, 9, OFFSET);
    compare(2049, 33, 16, TENTHS);
    return finish("answers");
}
