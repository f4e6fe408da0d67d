// eigen.cpp: matrices of Eigen, whose rows are the points, in place.
#include "centra.hpp"

#include "../c/check.h"

#include <Eigen/Core>

int main()
{
    using RowMajor = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
    Eigen::MatrixXd columns(90, 6);
    for (Eigen::Index i = 0; i < columns.size(); ++i)
        columns.data()[i] = static_cast<double>(random_below(1000));
    const RowMajor rows = columns;
    const centra::points<double> x = centra::matrix(rows);
    CHECK(x.data == rows.data() && x.n == 90 && x.d == 6 && x.ld == 6 && x.layout == CENTRA_ROWS);
    const centra::points<double> y = centra::matrix(columns);
    CHECK(y.data == columns.data() && y.n == 90 && y.d == 6 && y.ld == 90 && y.layout == CENTRA_COLUMNS);
    const centra::clustering expected = centra::fit(x, 5);
    const auto same = [&](const centra::clustering &found) {
        return found.centers == expected.centers && found.labels == expected.labels &&
               found.report.inertia == expected.report.inertia;
    };
    CHECK(same(centra::fit(y, 5)));
    CHECK(same(centra::fit(centra::matrix(Eigen::Map<const RowMajor>(rows.data(), 90, 6)), 5)));

    // Part of a larger matrix, and what is written to matrices.
    RowMajor larger = RowMajor::Constant(100, 9, -1);
    larger.block(3, 2, 90, 6) = rows;
    CHECK(same(centra::fit(centra::matrix(larger.block(3, 2, 90, 6)), 5)));
    Eigen::MatrixXd taller = Eigen::MatrixXd::Constant(100, 9, -1);
    taller.block(3, 2, 90, 6) = rows;
    CHECK(same(centra::fit(centra::matrix(taller.block(3, 2, 90, 6)), 5)));
    RowMajor centers(5, 6);
    Eigen::Matrix<std::int32_t, Eigen::Dynamic, 1> labels(90);
    const centra::report report = centra::fit_into(x, {centers.data(), 30}, {labels.data(), 90});
    CHECK(report.inertia == expected.report.inertia);
    CHECK(std::equal(expected.centers.begin(), expected.centers.end(), centers.data()));
    CHECK(std::equal(expected.labels.begin(), expected.labels.end(), labels.data()));

    // Floats, and every second row, which is neither rows nor columns of a view.
    const Eigen::MatrixXf floats = columns.cast<float>();
    CHECK(same(centra::fit(centra::matrix(floats), 5)));
    const Eigen::Map<const Eigen::MatrixXd, 0, Eigen::Stride<Eigen::Dynamic, Eigen::Dynamic>> second(columns.data(), 45, 6,
                                                                                                     {90, 2});
    try {
        centra::matrix(second);
        CHECK(!"nothing was thrown");
    } catch (const centra::error &error) {
        CHECK(error.status() == centra::status::shape);
    }
    return finish("eigen");
}
