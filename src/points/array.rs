//! Points in arrays of the crate `ndarray`.

use ndarray::ArrayView2;

use super::coordinate::Coordinate;
use super::view::{check_leading_dimension, Form, Layout, Points};
use crate::runtime::error::{refuse, Error};

impl<'a> Points<'a> {
    /// The rows of an array of the crate `ndarray` (0.17), with the feature `ndarray`.
    ///
    /// They are read where they lie if the elements are adjacent along one axis: arrays in C order and in Fortran order, transposed ones,
    /// and slices of these by ranges of rows or of columns. Others are refused, such as every second column of an array in C order, or rows
    /// from the last to the first; `as_standard_layout()` is a copy that is not.
    ///
    /// Results are vectors, of which `Array2::from_shape_vec((k, d), clustering.centers)` makes an array without a copy. Centers that a call
    /// takes are the `as_slice()` of an array in C order.
    ///
    /// ```
    /// use centra::{KMeans, Points};
    /// use ndarray::{array, s, Array2};
    ///
    /// // A table, of which the last two columns are coordinates.
    /// let table = array![[7.0, 1.0, 1.0], [7.0, 2.0, 1.0], [7.0, 8.0, 9.0], [7.0, 9.0, 9.0]];
    /// let points = Points::array(table.slice(s![.., 1..]))?;
    /// let kmeans = KMeans::new(2).seed(42);
    /// let clustering = kmeans.fit(&points)?;
    /// assert_eq!(clustering.labels[..2], [clustering.labels[0]; 2]);
    ///
    /// let centers = Array2::from_shape_vec((2, 2), clustering.centers)?;
    /// assert_eq!(centers.sum(), 1.5 + 1.0 + 8.5 + 9.0);
    /// let labels = kmeans.assign(&points, centers.as_slice().expect("C order"))?;
    /// assert_eq!(labels, clustering.labels);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn array<C: Coordinate>(view: ArrayView2<'a, C>) -> Result<Self, Error> {
        let (n, d) = view.dim();
        let (down, along) = (view.strides()[0], view.strides()[1]);
        // The stride along an axis of one element leads nowhere.
        let (ld, layout) = if n == 0 || d == 0 {
            (d, Layout::Rows)
        } else if (along == 1 || d == 1) && (down > 0 || n == 1) {
            (if n == 1 { d } else { down.unsigned_abs() }, Layout::Rows)
        } else if (down == 1 || n == 1) && (along > 0 || d == 1) {
            let ld = if d == 1 { n } else { along.unsigned_abs() };
            (ld, Layout::Columns)
        } else {
            return refuse!(
                Shape,
                "points: an array with strides {down} and {along} is adjacent along neither axis; as_standard_layout() copies it"
            );
        };
        check_leading_dimension(n, d, ld, layout)?;
        let form = Form::of(layout, C::TYPE);
        // SAFETY: the array borrows its elements for 'a: n rows (d columns) whose numbers are adjacent, ld apart, of the type that the form
        // has, and aligned. Gaps may be anything.
        Ok(unsafe { Self::from_raw(view.as_ptr().cast(), n, d, ld, form) })
    }
}
