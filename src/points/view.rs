//! Borrowed views of the caller's points: checked once here, trusted afterwards.

use core::marker::PhantomData;
use core::ops::Range;

use super::coordinate::{with_type, Coordinate, CoordinateType, Widen};
use super::csr::{check_starts, Entries, Index, Places, ReadIndex};
use crate::runtime::error::{refuse, Error};
use crate::simd::{InstructionSet, Kernel, Level};

/// The most points in a packed group; blocks are multiples of it.
pub(crate) const GROUP: usize = 8;

/// How points lie in memory.
///
/// ```
/// use centra::{Layout, Points};
///
/// let data = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
/// let rows = Points::with_leading_dimension(&data, 3, 2, 2, Layout::Rows)?;
/// let columns = Points::with_leading_dimension(&data, 3, 2, 3, Layout::Columns)?;
/// assert_eq!((rows.at(1, 0), columns.at(1, 0)), (3.0, 2.0));
/// # Ok::<(), centra::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Layout {
    /// Point `p` is `d` contiguous numbers at `p * ld`; `ld >= d`. C's rows, Fortran's `points(d, n)`.
    #[default]
    Rows,
    /// Dimension `i` is `n` contiguous numbers at `i * ld`; `ld >= n`. One array per coordinate.
    Columns,
    /// Compressed sparse rows, which only [`Points::csr`] makes.
    Csr,
}

/// How the coordinates of points are stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Form {
    pub(crate) layout: Layout,
    pub(crate) coordinates: CoordinateType,
}

impl Form {
    /// All forms.
    pub(crate) const ALL: [Form; 9] = {
        let mut all = [Form::of(Layout::Rows, CoordinateType::F64); 9];
        all[1] = Form::of(Layout::Rows, CoordinateType::F32);
        all[2] = Form::of(Layout::Rows, CoordinateType::U8);
        all[3] = Form::of(Layout::Columns, CoordinateType::F64);
        all[4] = Form::of(Layout::Columns, CoordinateType::F32);
        all[5] = Form::of(Layout::Columns, CoordinateType::U8);
        all[6] = Form::of(Layout::Csr, CoordinateType::F64);
        all[7] = Form::of(Layout::Csr, CoordinateType::F32);
        all[8] = Form::of(Layout::Csr, CoordinateType::U8);
        all
    };

    pub(crate) const fn of(layout: Layout, coordinates: CoordinateType) -> Self {
        Form {
            layout,
            coordinates,
        }
    }

    /// Whether points are rows of doubles, as which kernels read them that hold dimensions in lanes. Other points are copied for these,
    /// some at a time.
    #[inline(always)]
    pub(crate) fn is_rows_of_doubles(self) -> bool {
        self.layout == Layout::Rows && self.coordinates == CoordinateType::F64
    }

    /// Whether points are sparse rows.
    #[inline(always)]
    pub(crate) fn is_csr(self) -> bool {
        self.layout == Layout::Csr
    }
}

/// `n` points of `d` dimensions in the caller's memory, of any [`Coordinate`] type; there may be none.
///
/// Gaps between rows (`ld > d`) or columns (`ld > n`) are never read, so the view holds a pointer
/// and not a slice: in C the gaps may belong to other data.
///
/// ```
/// use centra::Points;
///
/// let points = Points::rows(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], 3, 2)?;
/// assert_eq!((points.n(), points.d(), points.at(2, 1)), (3, 2, 6.0));
/// # Ok::<(), centra::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Points<'a> {
    /// Aligned for the coordinates.
    base: *const u8,
    n: usize,
    d: usize,
    /// In coordinates.
    ld: usize,
    form: Form,
    /// Where the coordinates of sparse rows are.
    places: Places,
    memory: PhantomData<&'a [u8]>,
}

// SAFETY: a `Points` is a shared borrow of plain numbers, as `&[f64]` is; it gives no way to write.
unsafe impl Send for Points<'_> {}
// SAFETY: as above.
unsafe impl Sync for Points<'_> {}

/// Coordinates from the first to the last one of a matrix, its trailing gap not counted.
/// `None` when as many doubles do not fit the address space.
pub(crate) fn extent(n: usize, d: usize, ld: usize, layout: Layout) -> Option<usize> {
    let (vectors, length) = match layout {
        _ if n == 0 || d == 0 => return Some(0),
        Layout::Rows | Layout::Csr => (n, d),
        Layout::Columns => (d, n),
    };
    let elements = (vectors - 1).checked_mul(ld)?.checked_add(length)?;
    (elements <= isize::MAX as usize / size_of::<f64>()).then_some(elements)
}

/// Checks what every call requires of its sizes, before any other check. n may be less than k, and 0.
pub(crate) fn check_sizes(n: usize, d: usize, k: usize) -> Result<(), Error> {
    if d == 0 || k == 0 {
        return refuse!(Shape, "d = {d}, k = {k}: neither may be zero");
    }
    check_k(k)?;
    for (name, rows) in [('n', n), ('k', k)] {
        if extent(rows, d, d, Layout::Rows).is_none() {
            return refuse!(
                Shape,
                "{name} * d = {rows} * {d} doubles do not fit the address space"
            );
        }
    }
    // Exact sums need n * 2^22 to fit 62 bits.
    if n > 1 << 40 {
        return refuse!(Shape, "n = {n} is more than 2^40");
    }
    Ok(())
}

/// Checks the number of centers alone.
pub(crate) fn check_k(k: usize) -> Result<(), Error> {
    match k {
        0 => refuse!(Shape, "k = 0: it must be positive"),
        _ if k > i32::MAX as usize => refuse!(Shape, "k = {k} is more than 2147483647"),
        _ => Ok(()),
    }
}

/// The same for calls that compute centers from points alone: k <= n.
pub(crate) fn check_sizes_of_fit(n: usize, d: usize, k: usize) -> Result<(), Error> {
    if n == 0 || d == 0 || k == 0 {
        return refuse!(Shape, "n = {n}, d = {d}, k = {k}: none may be zero");
    }
    if k > n {
        return refuse!(Shape, "k = {k} is more than n = {n}");
    }
    check_sizes(n, d, k)
}

/// Checks a leading dimension against the layout; without points any is allowed.
pub(crate) fn check_leading_dimension(
    n: usize,
    d: usize,
    ld: usize,
    layout: Layout,
) -> Result<(), Error> {
    let (least, name) = match layout {
        _ if n == 0 && layout != Layout::Csr => return Ok(()),
        Layout::Rows => (d, 'd'),
        Layout::Columns => (n, 'n'),
        Layout::Csr => return refuse!(Option, "layout: sparse rows have no leading dimension"),
    };
    if ld < least {
        return refuse!(Shape, "ld = {ld} is less than {name} = {least}");
    }
    if extent(n, d, ld, layout).is_none() {
        return refuse!(Shape, "ld = {ld}: the points do not fit the address space");
    }
    Ok(())
}

impl<'a> Points<'a> {
    /// `n` contiguous rows of `d` numbers.
    ///
    /// ```
    /// let points = centra::Points::rows(&[1.0, 2.0, 3.0, 4.0], 2, 2)?;
    /// assert_eq!(points.at(1, 0), 3.0);
    /// # Ok::<(), centra::Error>(())
    /// ```
    pub fn rows<C: Coordinate>(data: &'a [C], n: usize, d: usize) -> Result<Self, Error> {
        Self::with_leading_dimension(data, n, d, d, Layout::Rows)
    }

    /// `d` contiguous columns of `n` numbers.
    ///
    /// ```
    /// let points = centra::Points::columns(&[1.0, 2.0, 3.0, 4.0], 2, 2)?;
    /// assert_eq!(points.at(1, 0), 2.0);
    /// # Ok::<(), centra::Error>(())
    /// ```
    pub fn columns<C: Coordinate>(data: &'a [C], n: usize, d: usize) -> Result<Self, Error> {
        Self::with_leading_dimension(data, n, d, n, Layout::Columns)
    }

    /// Rows or columns that start `ld` numbers apart.
    ///
    /// ```
    /// use centra::{Layout, Points};
    ///
    /// // Rows of two coordinates, and something else after each.
    /// let table = [1.0, 2.0, f64::NAN, 3.0, 4.0, f64::NAN];
    /// let points = Points::with_leading_dimension(&table, 2, 2, 3, Layout::Rows)?;
    /// assert_eq!(points.at(1, 1), 4.0);
    /// # Ok::<(), centra::Error>(())
    /// ```
    pub fn with_leading_dimension<C: Coordinate>(
        data: &'a [C],
        n: usize,
        d: usize,
        ld: usize,
        layout: Layout,
    ) -> Result<Self, Error> {
        check_sizes(n, d, 1)?;
        check_leading_dimension(n, d, ld, layout)?;
        match extent(n, d, ld, layout) {
            Some(needed) if needed <= data.len() => {}
            _ => {
                let (length, numbers) = (data.len(), C::TYPE.plural());
                return refuse!(
                    Shape,
                    "points: {length} {numbers} are too few for n = {n}, d = {d}, ld = {ld}"
                );
            }
        }
        let coordinates = C::TYPE;
        let form = Form {
            layout,
            coordinates,
        };
        // SAFETY: the slice is live for 'a, holds the whole extent, and is of the type that the form has.
        Ok(unsafe { Self::from_raw(data.as_ptr().cast(), n, d, ld, form) })
    }

    /// A view of memory that the caller of the C API vouches for.
    ///
    /// # Safety
    /// The sizes passed [`check_sizes`] and [`check_leading_dimension`]; `base` is not null, and aligned for the coordinates of the form;
    /// every row (or column) of the matrix is readable and unchanged for `'a`. Gaps may be anything.
    pub(crate) unsafe fn from_raw(
        base: *const u8,
        n: usize,
        d: usize,
        ld: usize,
        form: Form,
    ) -> Self {
        Points {
            base,
            n,
            d,
            ld,
            form,
            places: Places::NONE,
            memory: PhantomData,
        }
    }

    /// `n` sparse rows of `d` dimensions: the coordinates of row `p` are `values[starts[p]..starts[p + 1]]`, in the dimensions
    /// that `columns` has in the same places, and all others are +0.0. `starts` are `n + 1` and ascend from 0; the columns of a
    /// row ascend. Zeros may be stored.
    ///
    /// The results of every call are those of the same points as rows of doubles, bit for bit. No array of `n * d` is made.
    ///
    /// ```
    /// use centra::{KMeans, Points};
    ///
    /// let points = Points::csr(&[1.0, 2.0, 9.0], &[0, 2, 1], &[0, 2, 2, 3], 3, 3)?;
    /// let dense = [1.0, 0.0, 2.0, 0.0, 0.0, 0.0, 0.0, 9.0, 0.0];
    /// let kmeans = KMeans::new(2);
    /// assert_eq!(kmeans.fit(&points)?.centers, kmeans.fit(&Points::rows(&dense, 3, 3)?)?.centers);
    /// # Ok::<(), centra::Error>(())
    /// ```
    pub fn csr<C: Coordinate, J: Index>(
        values: &'a [C],
        columns: &'a [J],
        starts: &'a [J],
        n: usize,
        d: usize,
    ) -> Result<Self, Error> {
        check_sizes(n, d, 1)?;
        if starts.len() != n + 1 {
            let length = starts.len();
            return refuse!(Shape, "starts: {length} elements for n + 1 = {}", n + 1);
        }
        let stored = check_starts(starts, d)?;
        for (name, length) in [("values", values.len()), ("columns", columns.len())] {
            if length < stored {
                return refuse!(
                    Shape,
                    "{name}: {length} elements, and starts end with {stored}"
                );
            }
        }
        let form = Form::of(Layout::Csr, C::TYPE);
        // SAFETY: the slices are live for 'a, and as long as the starts say.
        unsafe { Self::csr_from_raw(values.as_ptr().cast(), columns.as_ptr(), starts, d, form) }
    }

    /// Sparse rows in memory that the caller of the C API vouches for; there is one start more than there are rows.
    ///
    /// # Safety
    /// The sizes passed [`check_sizes`]. If starts ascend from 0, there are as many columns, and values of the type of the form,
    /// as the last one says, readable and unchanged for `'a`, and aligned.
    pub(crate) unsafe fn csr_from_raw<J: ReadIndex>(
        values: *const u8,
        columns: *const J,
        starts: &'a [J],
        d: usize,
        form: Form,
    ) -> Result<Self, Error> {
        let columns = match check_starts(starts, d)? {
            0 => &[],
            // SAFETY: the contract.
            stored => unsafe { core::slice::from_raw_parts(columns, stored) },
        };
        Ok(Points {
            base: values,
            n: starts.len() - 1,
            d,
            ld: d,
            form,
            places: Places::check(columns, starts, d)?,
            memory: PhantomData,
        })
    }

    /// The stored coordinates of point `p`, where points are sparse rows.
    #[inline(always)]
    pub(crate) fn entries(&self, p: usize) -> Entries<'a> {
        assert!(p < self.n && self.form.is_csr());
        // SAFETY: `csr_from_raw` has checked the places; its contract vouches for the values.
        unsafe { self.places.entries(self.base, self.form.coordinates, p) }
    }

    /// Stored coordinates of the longest sparse row.
    pub(crate) fn longest(&self) -> usize {
        self.places.longest()
    }

    /// Coordinates of a point that a pass reads, on average of sparse rows.
    pub(crate) fn read(&self) -> usize {
        match self.form.layout {
            Layout::Csr => self.places.stored() / self.n.max(1),
            Layout::Rows | Layout::Columns => self.d,
        }
    }

    /// The first coordinate, by row and then dimension, that satisfies `test`: its row and dimension. A 0 does not satisfy it.
    pub(crate) fn find(&self, test: impl Fn(usize, usize, f64) -> bool) -> Option<(usize, usize)> {
        (0..self.n).find_map(|p| {
            let i = match self.form.layout {
                Layout::Csr => self.entries(p).find(|i, x| test(p, i, x)),
                Layout::Rows | Layout::Columns => (0..self.d).find(|&i| test(p, i, self.at(p, i))),
            };
            Some((p, i?))
        })
    }

    /// The number of points.
    ///
    /// ```
    /// assert_eq!(centra::Points::rows(&[1.0, 2.0, 3.0, 4.0], 2, 2)?.n(), 2);
    /// # Ok::<(), centra::Error>(())
    /// ```
    #[must_use]
    pub fn n(&self) -> usize {
        self.n
    }

    /// The number of dimensions.
    ///
    /// ```
    /// assert_eq!(centra::Points::rows(&[1.0, 2.0, 3.0, 4.0], 1, 4)?.d(), 4);
    /// # Ok::<(), centra::Error>(())
    /// ```
    #[must_use]
    pub fn d(&self) -> usize {
        self.d
    }

    /// How the points lie in memory.
    ///
    /// ```
    /// use centra::{Layout, Points};
    ///
    /// assert_eq!(Points::columns(&[1.0, 2.0], 2, 1)?.layout(), Layout::Columns);
    /// # Ok::<(), centra::Error>(())
    /// ```
    #[must_use]
    pub fn layout(&self) -> Layout {
        self.form.layout
    }

    /// The layout, and the type of the coordinates.
    #[inline(always)]
    pub(crate) fn form(&self) -> Form {
        self.form
    }

    /// The type of the coordinates.
    #[inline(always)]
    pub(crate) fn coordinates(&self) -> CoordinateType {
        self.form.coordinates
    }

    /// Where the coordinates start, which are of type `C`.
    #[inline(always)]
    fn base<C: Widen>(&self) -> *const C {
        assert!(self.form.coordinates == C::TYPE);
        self.base.cast()
    }

    /// Coordinate `i` of point `p`, widened.
    ///
    /// # Panics
    /// If there is no such point, or no such dimension.
    ///
    /// ```
    /// assert_eq!(centra::Points::rows(&[1.0, 2.0, 3.0, 4.0], 2, 2)?.at(1, 0), 3.0);
    /// # Ok::<(), centra::Error>(())
    /// ```
    #[inline(always)]
    #[must_use]
    pub fn at(&self, p: usize, i: usize) -> f64 {
        assert!(p < self.n && i < self.d);
        let offset = match self.form.layout {
            Layout::Rows => p * self.ld + i,
            Layout::Columns => i * self.ld + p,
            Layout::Csr => return self.entries(p).at(i),
        };
        // SAFETY: p < n and i < d, so the offset lies in a row (column) that the constructor's
        // contract made readable.
        with_type!(self.form.coordinates, C => unsafe { *self.base::<C>().add(offset) }.widened())
    }

    /// Point `p` when points are rows of `C`.
    #[inline(always)]
    pub(crate) fn row<C: Widen>(&self, p: usize) -> &'a [C] {
        assert!(p < self.n && self.form.layout == Layout::Rows);
        // SAFETY: row p < n is d readable numbers at p * ld by the constructor's contract.
        unsafe { core::slice::from_raw_parts(self.row_start::<C>(p), self.d) }
    }

    /// The first coordinate of point `p`, where points are rows of `C`.
    ///
    /// # Safety
    /// They are, and `p` is below n.
    #[inline(always)]
    pub(crate) unsafe fn row_start<C: Widen>(&self, p: usize) -> *const C {
        // SAFETY: the contract, and that of the constructor.
        unsafe { self.base::<C>().add(p * self.ld) }
    }

    /// All coordinates of the points `block`, if they are rows of `C` without gaps and the block is inside the data.
    #[inline(always)]
    pub(crate) fn run<C: Widen>(&self, block: Range<usize>) -> Option<&'a [C]> {
        let form = Form {
            layout: Layout::Rows,
            coordinates: C::TYPE,
        };
        if self.form != form || self.ld != self.d || block.end > self.n {
            return None;
        }
        // SAFETY: rows of d numbers follow each other without a gap, and all rows of the block are inside the matrix.
        Some(unsafe {
            let start = self.base::<C>().add(block.start * self.d);
            core::slice::from_raw_parts(start, block.len() * self.d)
        })
    }

    /// Where the dimensions `dims` of the points `block` lie, if points are rows: the start, the bytes from row to row, the number of
    /// rows, and the bytes in one. Points beyond the last are left out. Rows without gaps count as one long row.
    pub(crate) fn strided_rows(
        &self,
        block: Range<usize>,
        dims: Range<usize>,
    ) -> (*const u8, usize, usize, usize) {
        let rows = block.end.min(self.n).saturating_sub(block.start);
        if self.form.layout != Layout::Rows || rows == 0 {
            return (self.base, 0, 0, 0);
        }
        let bytes = self.form.coordinates.bytes();
        let offset = block.start * self.ld + dims.start;
        let start = self.base.wrapping_add(bytes * offset);
        let (row, stride) = (bytes * dims.len(), bytes * self.ld);
        match row == stride {
            true => (start, 0, 1, rows * row),
            false => (start, stride, rows, row),
        }
    }

    /// The points `block` of dimension `i` when points are columns of `C`.
    #[inline(always)]
    pub(crate) fn column<C: Widen>(&self, i: usize, block: Range<usize>) -> &'a [C] {
        let inside = block.start <= block.end && block.end <= self.n;
        assert!(i < self.d && inside && self.form.layout == Layout::Columns);
        // SAFETY: the range lies in column i < d, which is n readable numbers at i * ld.
        unsafe {
            let start = self.base::<C>().add(i * self.ld + block.start);
            core::slice::from_raw_parts(start, block.len())
        }
    }

    /// Copies point `p` to `row`, widened.
    pub(crate) fn copy_point(&self, p: usize, row: &mut [f64]) {
        match self.form.layout {
            Layout::Rows if self.form.coordinates == CoordinateType::F64 => {
                row.copy_from_slice(self.row(p));
            }
            Layout::Rows => with_type!(self.form.coordinates, C => {
                for (to, &x) in row[..self.d].iter_mut().zip(self.row::<C>(p)) {
                    *to = x.widened();
                }
            }),
            Layout::Columns => {
                for (i, x) in row.iter_mut().enumerate() {
                    *x = self.at(p, i);
                }
            }
            Layout::Csr => self.entries(p).write(0..self.d, row),
        }
    }

    /// The dimensions `dims` of the points `block`, where these are rows of `C`.
    pub(crate) fn rows_of<C: Widen>(&self, block: Range<usize>, dims: Range<usize>) -> Rows<'a, C> {
        assert!(block.end <= self.n && dims.end <= self.d && !block.is_empty() && !dims.is_empty());
        assert!(self.form.layout == Layout::Rows);
        Rows {
            // SAFETY: the offset lies inside row block.start < n.
            base: unsafe { self.base::<C>().add(block.start * self.ld + dims.start) },
            stride: self.ld,
            count: block.len(),
            dims: dims.len(),
            memory: PhantomData,
        }
    }

    /// The dimensions `dims` of the points `block` as rows of doubles, for kernels that hold dimensions in
    /// lanes: the memory of the caller if points are such rows, else a copy in `rows`.
    pub(crate) fn block_rows<'b>(
        &self,
        level: Level,
        block: Range<usize>,
        dims: Range<usize>,
        rows: &'b mut [f64],
    ) -> Rows<'b>
    where
        'a: 'b,
    {
        if self.form.is_rows_of_doubles() {
            return self.rows_of(block, dims);
        }
        assert!(block.end <= self.n && dims.end <= self.d && !block.is_empty() && !dims.is_empty());
        let width = dims.len();
        let rows = &mut rows[..block.len() * width];
        with_type!(self.form.coordinates, C => match self.form.layout {
            Layout::Rows => level.run(WidenRows {
                from: self.rows_of::<C>(block, dims),
                to: rows,
            }),
            Layout::Columns => {
                for (c, i) in dims.enumerate() {
                    for (p, &x) in self.column::<C>(i, block.clone()).iter().enumerate() {
                        rows[p * width + c] = x.widened();
                    }
                }
            }
            Layout::Csr => {
                for (p, row) in block.zip(rows.chunks_exact_mut(width)) {
                    self.entries(p).write(dims.clone(), row);
                }
            }
        });
        Rows::new(rows, width)
    }

    /// Calls `take` with the dimensions `dims` of the points `block` as rows of doubles: all at once where they are such rows, else with
    /// copies in `room`, as many points at a time as it holds, which are one at least.
    pub(crate) fn each_rows(
        &self,
        level: Level,
        block: Range<usize>,
        dims: Range<usize>,
        room: &mut [f64],
        mut take: impl FnMut(Range<usize>, Rows<'_>),
    ) {
        if self.form.is_rows_of_doubles() {
            return take(block.clone(), self.rows_of(block, dims));
        }
        for first in block.clone().step_by(room.len() / dims.len()) {
            let part = first..block.end.min(first + room.len() / dims.len());
            take(
                part.clone(),
                self.block_rows(level, part, dims.clone(), room),
            );
        }
    }
}

/// Widens rows to contiguous ones.
struct WidenRows<'a, C> {
    from: Rows<'a, C>,
    to: &'a mut [f64],
}

impl<C: Widen> Kernel for WidenRows<'_, C> {
    type Out = ();

    #[inline(always)]
    unsafe fn run<I: InstructionSet>(self) {
        let WidenRows { from, to } = self;
        assert!(to.len() == from.count() * from.dims());
        // SAFETY: the CPU has the lanes; all rows have room.
        unsafe {
            match from.run() {
                Some(run) => C::widen_all::<I::Lanes>(run, to.as_mut_ptr()),
                None => {
                    for (p, to) in to.chunks_exact_mut(from.dims()).enumerate() {
                        C::widen_all::<I::Lanes>(from.row(p), to.as_mut_ptr());
                    }
                }
            }
        }
    }
}

/// A few points as rows: `count` rows of `dims` numbers, `stride` apart.
pub(crate) struct Rows<'a, C = f64> {
    base: *const C,
    stride: usize,
    count: usize,
    dims: usize,
    memory: PhantomData<&'a [C]>,
}

impl<C> Clone for Rows<'_, C> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<C> Copy for Rows<'_, C> {}

impl<'a> Rows<'a> {
    /// Contiguous rows of `dims` doubles.
    pub(crate) fn new(rows: &'a [f64], dims: usize) -> Self {
        Rows {
            base: rows.as_ptr(),
            stride: dims,
            count: rows.len() / dims,
            dims,
            memory: PhantomData,
        }
    }

    /// Rows without gaps as fewer, longer rows of [`GROUP`] points each, and the remaining points as rows of one
    /// point; `None` if there are gaps, or a long row would exceed `most` doubles.
    pub(crate) fn flat(self, most: usize) -> Option<(Self, Option<Self>)> {
        let long = self.dims.checked_mul(GROUP)?;
        if long > most || self.count < GROUP {
            return None;
        }
        let flat = self.run()?;
        let (whole, rest) = flat.split_at(flat.len() - flat.len() % long);
        let rest = (!rest.is_empty()).then(|| Rows::new(rest, self.dims));
        Some((Rows::new(whole, long), rest))
    }
}

impl<'a, C> Rows<'a, C> {
    #[inline(always)]
    pub(crate) fn count(&self) -> usize {
        self.count
    }

    #[inline(always)]
    pub(crate) fn dims(&self) -> usize {
        self.dims
    }

    /// The start of row `p`, `dims` readable numbers.
    #[inline(always)]
    pub(crate) fn row(&self, p: usize) -> &'a [C] {
        assert!(p < self.count);
        // SAFETY: constructors made `count` rows of `dims` numbers readable at this stride.
        unsafe { core::slice::from_raw_parts(self.base.add(p * self.stride), self.dims) }
    }

    /// All numbers, if there are no gaps between the rows.
    #[inline(always)]
    fn run(&self) -> Option<&'a [C]> {
        // SAFETY: rows without gaps are one array.
        (self.stride == self.dims)
            .then(|| unsafe { core::slice::from_raw_parts(self.base, self.count * self.dims) })
    }
}
