//! Arrays of `ndarray` are the points that their elements are, in whatever order they lie, or are refused.

use centra::{Coordinate, Error, KMeans, Layout, Points, Status};
use ndarray::{s, Array2, ArrayView2, Axis, ShapeBuilder};

/// The view's points are its elements, and a fit is that of the same rows without gaps.
fn check<C: Coordinate + Into<f64> + Copy>(view: ArrayView2<'_, C>, layout: Layout) {
    let (n, d) = view.dim();
    let points = Points::array(view).expect("points");
    assert_eq!((points.n(), points.d()), (n, d));
    assert_eq!(points.layout(), layout);
    for ((p, i), &x) in view.indexed_iter() {
        assert_eq!(points.at(p, i), x.into());
    }
    if n > 0 && d > 0 {
        let rows: Vec<f64> = view.iter().map(|&x| x.into()).collect();
        let rows = Points::rows(&rows, n, d).expect("rows");
        let kmeans = KMeans::new(2.min(n)).seed(3);
        let (fit, expected) = (kmeans.fit(&points), kmeans.fit(&rows));
        let (fit, expected) = (fit.expect("a fit"), expected.expect("a fit"));
        assert_eq!(fit.centers, expected.centers);
        assert_eq!(fit.labels, expected.labels);
    }
}

fn check_orders<C: Coordinate + Into<f64> + Copy>(number: impl Fn(usize) -> C) {
    for (n, d) in [(1, 1), (1, 5), (5, 1), (2, 2), (9, 4), (40, 17), (0, 3)] {
        let c = Array2::from_shape_fn((n, d), |(p, i)| number(p * 31 + i * 7));
        let f = Array2::from_shape_fn((n, d).f(), |(p, i)| number(p * 31 + i * 7));
        check(c.view(), Layout::Rows);
        let across = match n > 1 && d > 1 {
            true => Layout::Columns,
            false => Layout::Rows,
        };
        check(f.view(), across);
        check(c.t(), across);
        check(f.t(), Layout::Rows);
    }
    // Parts of an array have its strides.
    let c = Array2::from_shape_fn((12, 7), |(p, i)| number(p * 31 + i * 7));
    check(c.slice(s![2..9, 1..5]), Layout::Rows);
    check(c.slice(s![..;3, 2..]), Layout::Rows);
    check(c.slice(s![.., 3..4]), Layout::Rows);
    check(c.slice(s![..;2, 3..4]), Layout::Rows);
    check(c.slice(s![..;-1, 3..4]).slice(s![4..5, ..]), Layout::Rows);
    check(c.slice(s![4..5, ..;2]), Layout::Columns);
    check(c.slice(s![2..9, 1..5]).reversed_axes(), Layout::Columns);
    let f = Array2::from_shape_fn((12, 7).f(), |(p, i)| number(p * 31 + i * 7));
    check(f.slice(s![3..10, ..;2]), Layout::Columns);
    check(f.slice(s![.., 2..3]), Layout::Rows);
}

#[test]
fn orders_and_types() {
    check_orders(|x| (x % 97) as f64 / 3.0);
    check_orders(|x| (x % 97) as f32 / 3.0);
    check_orders(|x| (x % 97) as u8);
}

#[test]
fn what_is_not_adjacent_is_refused() {
    let c = Array2::from_shape_fn((12, 6), |(p, i)| (p * 7 + i) as f64);
    let mut backwards = c.view();
    backwards.invert_axis(Axis(0));
    let one_row = c.slice(s![..1, ..]);
    let repeated = one_row.broadcast((4, 6)).expect("rows that are one");
    let refused = |view: ArrayView2<'_, f64>| -> Error {
        let error = Points::array(view).expect_err("a refusal");
        assert_eq!(error.status(), Status::Shape);
        error
    };
    let said = refused(c.slice(s![.., ..;2])).to_string();
    assert!(said.contains("strides 6 and 2"), "{said}");
    assert!(said.contains("as_standard_layout()"), "{said}");
    refused(c.slice(s![.., ..;-1]));
    refused(backwards);
    refused(repeated);
    // Copies of them are taken.
    let every_second = c.slice(s![.., ..;2]);
    check(every_second.as_standard_layout().view(), Layout::Rows);
    check(backwards.as_standard_layout().view(), Layout::Rows);
}
