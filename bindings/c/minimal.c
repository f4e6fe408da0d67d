#include <centra.h>
#include <stdio.h>

int main(void)
{
    const size_t n = 6, d = 2, k = 2; /* six points in the plane, row after row */
    const double points[] = {1, 1, 2, 1, 1, 2, 8, 8, 9, 8, 8, 9};
    double centers[2 * 2];
    int32_t labels[6];
    centra_options options;
    centra_options_init(&options);
    options.seed = 42; /* where the search starts; threads and processor change nothing */
    centra_report report;
    centra_report_init(&report);
    int32_t status = centra_fit(points, n, d, d, k, &options, centers, labels, &report, NULL, 0);
    if (status != CENTRA_OK) {
        fprintf(stderr, "%s: %s\n", centra_status_message(status), centra_error_detail());
        return 1;
    }
    for (size_t p = 0; p < n; ++p)
        printf("(%g, %g) is in cluster %d, around (%g, %g)\n", points[d * p], points[d * p + 1], (int)labels[p],
               centers[d * labels[p]], centers[d * labels[p] + 1]);
    printf("inertia %g after %d iterations\n", report.inertia, (int)report.iterations);
    return 0;
}
