//! The squared distance D(x, c): its definition and its evaluation.
//!
//! For a point x and a center c of d dimensions, in binary64, every operation rounded, nothing fused:
//!
//! ```text
//! s[0..8] = 0
//! for i in 0..d:  t = x[i] - c[i];  s[i mod 8] += t * t
//! a[j] = s[j] + s[j+4]   (j < 4)
//! b[j] = a[j] + a[j+2]   (j < 2)
//! D    = b[0] + b[1]
//! ```
//!
//! The eight partial sums can be the lanes of one vector (dimensions in lanes: [`own`]) or eight vectors
//! that each hold the same partial sum of several points (points in lanes: [`Metric`]). The bits are
//! the same, because each partial sum goes through the same operations in the same order. Of sparse rows see [`csr`].

mod csr;
mod fold;

use core::ops::Range;

pub(crate) use csr::{nearest_of_all, pair_csr, squared_entries};
use csr::{own_csr, squared_csr};
pub(crate) use fold::fold;

use crate::points::{with_type, Layout, Points, Rows, Widen};
use crate::simd::{InstructionSet, Kernel, Lanes, Level};

/// D(x, c), one pair at a time.
pub(crate) fn squared<C: Widen>(x: &[C], c: &[f64]) -> f64 {
    let mut s = [0.0; 8];
    for (x, c) in x.chunks(8).zip(c.chunks(8)) {
        for ((s, x), c) in s.iter_mut().zip(x).zip(c) {
            let t = x.widened() - c;
            *s += t * t;
        }
    }
    fold(&s)
}

/// D between point p and a center.
pub(crate) fn squared_at(points: &Points<'_>, p: usize, c: &[f64]) -> f64 {
    match points.layout() {
        Layout::Rows => with_type!(points.coordinates(), C => squared(points.row::<C>(p), c)),
        Layout::Columns => {
            let mut s = [0.0; 8];
            for (i, c) in c.iter().enumerate() {
                let t = points.at(p, i) - c;
                s[i % 8] += t * t;
            }
            fold(&s)
        }
        Layout::Csr => squared_csr(points.entries(p), c),
    }
}

/// [`fold()`] of vectors of partial sums, of which only the first `m` are not zero. A partial sum is never -0, so leaving out a zero
/// changes no bit.
///
/// # Safety
/// The caller is compiled for `L`.
#[inline(always)]
pub(super) unsafe fn fold_lanes<L: Lanes>(s: &[L::F; 8], m: usize) -> L::F {
    let mut a = *s;
    // SAFETY: the contract.
    unsafe {
        for j in 0..4 {
            if j + 4 < m {
                a[j] = L::add(a[j], a[j + 4]);
            }
        }
        for j in 0..2 {
            if j + 2 < m {
                a[j] = L::add(a[j], a[j + 2]);
            }
        }
        if m > 1 {
            L::add(a[0], a[1])
        } else {
            a[0]
        }
    }
}

/// D with points in lanes. There are two implementations, so that loops over few dimensions unroll completely.
pub(crate) trait Metric: Copy {
    /// D between `G` groups of `WIDTH` points, as [`pack`](crate::points::pack) lays them
    /// out, and the center at `center`.
    ///
    /// # Safety
    /// The caller is compiled for `L`; `groups` points to `G` packed groups of d dimensions, `center`
    /// to d doubles.
    unsafe fn squared<L: Lanes, const G: usize>(
        self,
        groups: *const f64,
        center: *const f64,
    ) -> [L::F; G];

    /// The number of dimensions.
    fn d(self) -> usize;
}

/// `D` dimensions, at most eight: each has a partial sum of its own.
#[derive(Clone, Copy)]
pub(crate) struct Few<const D: usize>;

impl<const D: usize> Metric for Few<D> {
    #[inline(always)]
    unsafe fn squared<L: Lanes, const G: usize>(
        self,
        groups: *const f64,
        center: *const f64,
    ) -> [L::F; G] {
        // SAFETY: offsets stay inside the G groups of D vectors and the D doubles of the center.
        unsafe {
            let mut squares = [[L::splat(0.0); 8]; G];
            for i in 0..D {
                let c = L::splat(*center.add(i));
                for (g, squares) in squares.iter_mut().enumerate() {
                    let t = L::sub(L::load(groups.add((g * D + i) * L::WIDTH)), c);
                    squares[i] = L::mul(t, t);
                }
            }
            let mut distances = [L::splat(0.0); G];
            for (distance, squares) in distances.iter_mut().zip(&squares) {
                *distance = fold_lanes::<L>(squares, D);
            }
            distances
        }
    }

    #[inline(always)]
    fn d(self) -> usize {
        D
    }
}

/// Any number of dimensions.
#[derive(Clone, Copy)]
pub(crate) struct Many(pub(crate) usize);

impl Many {
    /// Adds the squares of dimension i + r to partial sums r. (Not a closure: where that is not inlined, it is not compiled for `L`.)
    ///
    /// # Safety
    /// That of [`Metric::squared`]; i + r is below d, and r below 8.
    #[inline(always)]
    unsafe fn add_square<L: Lanes, const G: usize>(
        self,
        s: &mut [[L::F; 8]; G],
        groups: *const f64,
        center: *const f64,
        (i, r): (usize, usize),
    ) {
        // SAFETY: the contract.
        unsafe {
            let c = L::splat(*center.add(i + r));
            for (g, s) in s.iter_mut().enumerate() {
                let t = L::sub(L::load(groups.add((g * self.0 + i + r) * L::WIDTH)), c);
                s[r] = L::add(s[r], L::mul(t, t));
            }
        }
    }
}

impl Metric for Many {
    #[inline(always)]
    unsafe fn squared<L: Lanes, const G: usize>(
        self,
        groups: *const f64,
        center: *const f64,
    ) -> [L::F; G] {
        let d = self.0;
        // SAFETY: offsets stay inside the G groups of d vectors and the d doubles of the center.
        unsafe {
            let mut s = [[L::splat(0.0); 8]; G];
            let whole = d - d % 8;
            let mut i = 0;
            while i < whole {
                for r in 0..8 {
                    self.add_square::<L, G>(&mut s, groups, center, (i, r));
                }
                i += 8;
            }
            // A loop of fixed length with a test, so that it unrolls and `s` stays in registers.
            for r in 0..7 {
                if whole + r < d {
                    self.add_square::<L, G>(&mut s, groups, center, (whole, r));
                }
            }
            let mut distances = [L::splat(0.0); G];
            for (distance, s) in distances.iter_mut().zip(&s) {
                *distance = fold_lanes::<L>(s, 8);
            }
            distances
        }
    }

    #[inline(always)]
    fn d(self) -> usize {
        self.0
    }
}

/// D between each point of a block and the center its label names, without any workspace.
pub(crate) fn own_block(
    points: &Points<'_>,
    level: Level,
    block: Range<usize>,
    labels: &[i32],
    centers: &[f64],
    distances: &mut [f64],
) {
    match points.layout() {
        Layout::Rows => {
            with_type!(points.coordinates(), C => {
                let rows = points.rows_of::<C>(block, 0..points.d());
                own(level, rows, labels, centers, distances);
            });
        }
        Layout::Columns => with_type!(points.coordinates(), C => {
            own_columns::<C>(points, block, labels, centers, distances);
        }),
        Layout::Csr => own_csr(points, level, block, labels, centers, distances),
    }
}

/// The same for points in columns: a few points at a time, with an array of partial sums for each, so that
/// memory is read along the columns.
fn own_columns<C: Widen>(
    points: &Points<'_>,
    block: Range<usize>,
    labels: &[i32],
    centers: &[f64],
    distances: &mut [f64],
) {
    const TOGETHER: usize = 32;
    let d = points.d();
    for (part, first) in block.clone().step_by(TOGETHER).enumerate() {
        let range = first..(first + TOGETHER).min(block.end);
        let at = part * TOGETHER;
        let mut s = [[0.0; 8]; TOGETHER];
        for i in 0..d {
            for (p, &x) in points.column::<C>(i, range.clone()).iter().enumerate() {
                let t = x.widened() - centers[labels[at + p] as usize * d + i];
                s[p][i % 8] += t * t;
            }
        }
        for (distance, s) in distances[at..].iter_mut().zip(&s[..range.len()]) {
            *distance = fold(s);
        }
    }
}

/// D(x, c), dimensions in lanes.
///
/// # Safety
/// The caller is compiled for `L`; `x` points to d readable coordinates, `c` to d readable doubles.
#[inline(always)]
pub(crate) unsafe fn pair<L: Lanes, C: Widen>(x: *const C, c: *const f64, d: usize) -> f64 {
    let vectors = 8 / L::WIDTH;
    // SAFETY: each load stays below d, the last one being partial.
    unsafe {
        let mut s = [L::splat(0.0); 4];
        let mut i = 0;
        while i < d {
            for (v, s) in s.iter_mut().enumerate().take(vectors) {
                let at = i + v * L::WIDTH;
                if at >= d {
                    break;
                }
                let (x, c) = if at + L::WIDTH <= d {
                    (C::load::<L>(x.add(at)), L::load(c.add(at)))
                } else {
                    let rest = d - at;
                    (
                        C::load_partial::<L>(x.add(at), rest),
                        L::load_partial(c.add(at), rest),
                    )
                };
                let t = L::sub(x, c);
                *s = L::add(*s, L::mul(t, t));
            }
            i += 8;
        }
        let mut partial = [0.0; 8];
        for (v, s) in s.iter().enumerate().take(vectors) {
            L::store(partial.as_mut_ptr().add(v * L::WIDTH), *s);
        }
        fold(&partial)
    }
}

/// D between each row and the center its label names.
fn own<C: Widen>(
    level: Level,
    rows: Rows<'_, C>,
    labels: &[i32],
    centers: &[f64],
    distances: &mut [f64],
) {
    let k = centers.len() / rows.dims();
    let (labels, distances) = (&labels[..rows.count()], &mut distances[..rows.count()]);
    assert!(labels.iter().all(|&j| (j as usize) < k));
    level.run(Own {
        rows,
        labels,
        centers,
        distances,
    });
}

/// There are a label and a distance for every row, and a center of as many dimensions for every label.
struct Own<'a, C> {
    rows: Rows<'a, C>,
    labels: &'a [i32],
    centers: &'a [f64],
    distances: &'a mut [f64],
}

impl<C: Widen> Kernel for Own<'_, C> {
    type Out = ();

    #[inline(always)]
    unsafe fn run<I: InstructionSet>(self) {
        let Own {
            rows,
            labels,
            centers,
            distances,
        } = self;
        let d = rows.dims();
        // SAFETY: `own` has checked labels, centers and distances; rows have d dimensions.
        unsafe {
            match d {
                1 => return own_narrow::<C, 1>(rows, labels, centers, distances),
                2 => return own_narrow::<C, 2>(rows, labels, centers, distances),
                3 => return own_narrow::<C, 3>(rows, labels, centers, distances),
                4 => return own_narrow::<C, 4>(rows, labels, centers, distances),
                _ => {}
            }
        }
        for p in 0..rows.count() {
            // SAFETY: the caller is compiled for the lanes. The label names a center, so its d doubles are readable; so are
            // the row's coordinates.
            unsafe {
                let c = centers.as_ptr().add(*labels.get_unchecked(p) as usize * d);
                *distances.get_unchecked_mut(p) = pair::<I::Lanes, C>(rows.row(p).as_ptr(), c, d);
            }
        }
    }
}

/// Few dimensions, by scalars: only the first `D` partial sums of the definition are not zero, and adding zeros changes nothing.
///
/// # Safety
/// The conditions stated at [`Own`] hold; rows have `D` dimensions, at most four.
#[inline(always)]
unsafe fn own_narrow<C: Widen, const D: usize>(
    rows: Rows<'_, C>,
    labels: &[i32],
    centers: &[f64],
    distances: &mut [f64],
) {
    for p in 0..rows.count() {
        // SAFETY: the label names a center, so its D doubles are readable; so are the row's coordinates.
        unsafe {
            let x = rows.row(p).as_ptr();
            let c = centers.as_ptr().add(*labels.get_unchecked(p) as usize * D);
            let mut s = [0.0; 4];
            for (i, s) in s.iter_mut().enumerate().take(D) {
                let t = (*x.add(i)).widened() - *c.add(i);
                *s = t * t;
            }
            *distances.get_unchecked_mut(p) = (s[0] + s[2]) + (s[1] + s[3]);
        }
    }
}

/// The rounding error of D: D is within `relative` |x - c|² + `absolute` of |x - c|² (L1).
#[derive(Clone, Copy, Debug)]
pub(crate) struct DistanceError {
    pub(crate) relative: f64,
    pub(crate) absolute: f64,
}

impl DistanceError {
    pub(crate) fn new(d: usize) -> Self {
        let d = d as f64;
        DistanceError {
            relative: 1.01 * (d / 8.0 + 6.0) * (f64::EPSILON / 2.0),
            absolute: (0.51 * d).ceil() * 5e-324,
        }
    }
}
