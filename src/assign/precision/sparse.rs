//! Sparse rows in binary64: Ŝ_j ≈ |c_j|² - 2 x·c_j, a little less, from the stored coordinates alone (L51).
//!
//! Centers are in lanes: a panel has the coordinates of up to [`PANEL`] centers in one dimension side by side, and each stored
//! coordinate is multiplied by one such row. A label that the error bound leaves open is decided by D of the centers within it.

use core::ops::Range;

use super::float::Norm;
use super::{Allowance, BlockRows, Certificate, CodedCenters, PassCenters, Precision};
use crate::assign::screen::{ScreenResult, ScreenScratch};
use crate::call::Shape;
use crate::exact::distance::pair_csr;
use crate::points::{Entries, Unpacked, Which};
use crate::simd::products::{Screen, Working};
use crate::simd::{Capability, InstructionSet, Kernel, Lanes, Level, ScreenKernel, Vectorized};

pub(super) struct Sparse;

/// Centers in a panel, at most: their sums fill half of the registers.
const PANEL: usize = 32;

/// Lanes in the widest vector: panels are padded to these.
const WIDEST: usize = 8;

/// How far apart the rows of a panel are that has so many centers.
pub(crate) fn width(centers: usize) -> usize {
    centers.next_multiple_of(WIDEST)
}

/// The panels of k centers of d dimensions: which centers each has, and where it lies.
fn panels(k: usize, d: usize) -> impl Iterator<Item = (Range<usize>, Range<usize>)> {
    (0..k).step_by(PANEL).map(move |first| {
        let centers = first..k.min(first + PANEL);
        let start = first * d;
        (centers.clone(), start..start + width(centers.len()) * d)
    })
}

/// The centers of a pass.
pub(super) struct SparseCenters<'a> {
    data: &'a [f64],
    /// What the values of each center start from, rounded up to whole vectors.
    starts: &'a [f64],
    certificate: Certificate,
}

impl Precision for Sparse {
    type Element = f64;
    type Ready<'a> = SparseCenters<'a>;

    // Nothing that is cheaper is left once this was tried.
    const COST: f64 = 1.0;
    const ALLOWANCE: Option<Allowance> = Some(|_, _| f64::INFINITY);
    const TOGETHER: usize = WIDEST;
    const MARGINS: bool = false;

    fn suits(shape: &Shape) -> bool {
        shape.form.is_csr() && shape.d <= 1 << 33
    }

    fn room(shape: &Shape) -> [usize; 2] {
        [0, width(shape.k.min(PANEL))]
    }

    fn prepare<'a>(
        pass: &PassCenters<'a>,
        room: &'a mut CodedCenters<'_, f64>,
    ) -> Option<Self::Ready<'a>> {
        let (d, k) = (pass.job.points.d(), pass.k());
        let certificate = Certificate::of_entries(pass.job.points.longest(), d);
        let data = &mut room.data[..width(k) * d];
        let starts = &mut room.norms[..width(k)];
        data.fill(0.0);
        starts.fill(f64::INFINITY);
        for (centers, place) in panels(k, d) {
            let width = width(centers.len());
            let panel = &mut data[place];
            for (c, j) in centers.enumerate() {
                let center = &pass.centers[j * d..][..d];
                let mut norm = Norm::new();
                for (i, &x) in center.iter().enumerate() {
                    norm.add(i, x);
                }
                let norm = norm.squared();
                starts[j] = certificate.start::<f64>(norm);
                // Of a far center, or one that is not a number, that is all there is (L17).
                if norm < f64::FAR {
                    for (row, &x) in panel.chunks_exact_mut(width).zip(center) {
                        row[c] = -2.0 * x;
                    }
                }
            }
        }
        pass.repeats.exclude(&mut starts[..k], f64::INFINITY);
        Some(SparseCenters {
            data,
            starts,
            certificate,
        })
    }

    fn test<'a>(
        ready: &Self::Ready<'a>,
        pass: &PassCenters<'a>,
        which: &Which<'_>,
        _: &mut BlockRows<'_, '_>,
        scratch: &mut ScreenScratch<'_, f64>,
    ) -> ScreenResult {
        let level = pass.job.level;
        let mut result = ScreenResult::default();
        let (d, k) = (pass.job.points.d(), pass.k());
        for lane in 0..which.len() {
            let x = pass.job.points.entries(which.point(lane));
            let mut square = 0.0;
            let mut nearest = Nearest::default();
            for (centers, place) in panels(k, d) {
                let values = &mut scratch.values[..width(centers.len())];
                square = ready.evaluate(level, x, centers.start, place, values);
                nearest.add(centers.start, &values[..centers.len()]);
            }
            let error_bound = ready.error_bound(square, nearest.label);
            let mut label = nearest.label as i32;
            // Where anything overflowed the gap is NaN, which is not greater, and proves nothing.
            let proven = nearest.second - nearest.least > error_bound;
            if !proven {
                let limit = nearest.least + error_bound;
                let mut found = Found::default();
                for (centers, place) in panels(k, d) {
                    let values = &mut scratch.values[..width(centers.len())];
                    ready.evaluate(level, x, centers.start, place, values);
                    level.run(Decide {
                        x,
                        first: centers.start,
                        centers: pass.centers[centers.start * d..centers.end * d].chunks_exact(d),
                        values: &values[..centers.len()],
                        limit,
                        found: &mut found,
                    });
                }
                label = found.label;
                result.open += 1;
                result.evaluated += found.evaluated;
            }
            scratch.labels[lane] = label;
        }
        result
    }
}

impl SparseCenters<'_> {
    /// The values of a sparse row with the panel at a place, whose centers begin with `first`; returns the sum of the squares of the
    /// row. There are those of one panel at a time, so that the memory of a thread does not grow with k.
    fn evaluate(
        &self,
        level: Level,
        x: Entries<'_>,
        first: usize,
        place: Range<usize>,
        values: &mut [f64],
    ) -> f64 {
        values.copy_from_slice(&self.starts[first..first + values.len()]);
        let panel = &self.data[place];
        products(level, Products { x, panel, values })
    }

    /// The error bound of a point of this |x|² with a label (L16).
    fn error_bound(&self, square: f64, label: usize) -> f64 {
        // A point that is too far gets an infinite one, so that nothing is proven of it (L17).
        if square < Certificate::far::<f64>() {
            let Certificate {
                per_square,
                constant,
                ..
            } = self.certificate;
            let of_center = self.certificate.of_start(self.starts[label]);
            square * per_square + (of_center + constant)
        } else {
            f64::INFINITY
        }
    }
}

/// The least of some values, the first of equals, and the second least.
struct Nearest {
    label: usize,
    least: f64,
    second: f64,
}

impl Default for Nearest {
    fn default() -> Self {
        Nearest {
            label: 0,
            least: f64::INFINITY,
            second: f64::INFINITY,
        }
    }
}

impl Nearest {
    /// Takes more values, the first of which is that of center `first`.
    fn add(&mut self, first: usize, values: &[f64]) {
        for (j, &value) in (first..).zip(values) {
            let less = value < self.least;
            // NaN is neither, and is no value of a point that has an error bound.
            let other = if less { self.least } else { value };
            if other < self.second {
                self.second = other;
            }
            if less {
                (self.label, self.least) = (j, value);
            }
        }
    }
}

/// A sparse row, and a panel, whose products are added to the values of its centers.
pub(crate) struct Products<'a> {
    pub(crate) x: Entries<'a>,
    /// Rows of as many coordinates as there are values, a row for each dimension.
    pub(crate) panel: &'a [f64],
    /// Whole vectors of the widest, at most those of a panel.
    pub(crate) values: &'a mut [f64],
}

/// Adds the products of a sparse row with the centers of a panel to their values; returns the sum of the squares of the row.
pub(crate) fn products(level: Level, products: Products<'_>) -> f64 {
    let width = products.values.len();
    assert!(width.is_multiple_of(WIDEST) && (1..=PANEL).contains(&width));
    assert!(products.panel.len().is_multiple_of(width));
    level.run(products)
}

impl Kernel for Products<'_> {
    type Out = f64;
    const PRODUCTS: bool = <f64 as Vectorized>::PRODUCTS;

    #[inline(always)]
    unsafe fn run<I: InstructionSet>(self) -> f64 {
        // SAFETY: the contract.
        let square = unsafe { <f64 as Vectorized>::Vectors::<I>::run::<I::Lanes, _>(self) };
        square.unwrap_or_else(|| unreachable!("every level has vectors of doubles"))
    }
}

impl ScreenKernel<f64> for Products<'_> {
    type Out = f64;

    #[inline(always)]
    unsafe fn run<L: Lanes, S: Screen<E = f64>>(self) -> f64 {
        const { assert!(WIDEST.is_multiple_of(S::WIDTH)) }
        // SAFETY: the caller is compiled for `S`; `products` has checked the lengths.
        unsafe {
            match self.values.len() / S::WIDTH {
                1 => self.sums::<S, 1>(),
                2 => self.sums::<S, 2>(),
                3 => self.sums::<S, 3>(),
                4 => self.sums::<S, 4>(),
                6 => self.sums::<S, 6>(),
                8 => self.sums::<S, 8>(),
                12 => self.sums::<S, 12>(),
                _ => self.sums::<S, 16>(),
            }
        }
    }
}

impl Products<'_> {
    /// `V` vectors of centers.
    ///
    /// # Safety
    /// The caller is compiled for `S`; there are so many values, and the panel has as many for each dimension.
    #[inline(always)]
    unsafe fn sums<S: Screen<E = f64>, const V: usize>(self) -> f64 {
        let Products {
            mut x,
            panel,
            values,
        } = self;
        let d = panel.len() / values.len();
        let mut square = 0.0;
        // SAFETY: the contract; dimensions are tested to be below d.
        unsafe {
            let mut sums = [S::splat(0.0); V];
            for (v, sum) in sums.iter_mut().enumerate() {
                *sum = S::load(values.as_ptr().add(v * S::WIDTH));
            }
            let mut unpacked = Unpacked::new();
            while x.unpack(&mut unpacked) {
                for (i, x) in unpacked.entries() {
                    assert!(i < d);
                    square += x * x;
                    let x = S::splat(x);
                    let row = panel.as_ptr().add(i * V * S::WIDTH);
                    for (v, sum) in sums.iter_mut().enumerate() {
                        *sum = S::mul_add(x, S::load(row.add(v * S::WIDTH)), *sum);
                    }
                }
            }
            for (v, sum) in sums.iter().enumerate() {
                S::store(values.as_mut_ptr().add(v * S::WIDTH), *sum);
            }
        }
        square
    }
}

/// The nearest center so far of a point that the test leaves open, and how many were evaluated.
struct Found {
    label: i32,
    least: f64,
    evaluated: usize,
}

impl Default for Found {
    fn default() -> Self {
        Found {
            label: 0,
            least: f64::INFINITY,
            evaluated: 0,
        }
    }
}

/// A point that the test leaves open, some centers from `first` on, and their values.
struct Decide<'a> {
    x: Entries<'a>,
    first: usize,
    centers: core::slice::ChunksExact<'a, f64>,
    values: &'a [f64],
    limit: f64,
    found: &'a mut Found,
}

impl Kernel for Decide<'_> {
    type Out = ();

    /// Compares the centers within the limit by D. What is not a number is within it.
    #[inline(always)]
    unsafe fn run<I: InstructionSet>(self) {
        let found = self.found;
        for ((j, center), &value) in (self.first..).zip(self.centers).zip(self.values) {
            if value > self.limit {
                continue;
            }
            found.evaluated += 1;
            // SAFETY: the caller is compiled for the lanes.
            let distance = unsafe { pair_csr::<I::Lanes>(self.x, center) };
            if distance < found.least {
                (found.label, found.least) = (j as i32, distance);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assign::lemmas::{climb, exact_squared, report, Rng};
    use crate::exact::distance::squared;
    use crate::exact::rational::Exact;
    use crate::points::Points;
    use crate::simd::level::{isa, Isa};

    /// The value of a point and a center that starts from |c|², and |x|² and |c|², as passes evaluate them.
    fn value(level: Level, x: &[f64], c: &[f64]) -> [f64; 3] {
        let d = x.len();
        let columns: Vec<i32> = (0..d as i32).collect();
        let starts = [0, d as i32];
        let points = Points::csr(x, &columns, &starts, 1, d).unwrap();
        let mut panel = vec![0.0; WIDEST * d];
        for (row, c) in panel.chunks_exact_mut(WIDEST).zip(c) {
            row[3] = -2.0 * c;
        }
        let (mut norm, mut values) = (Norm::new(), [0.0; WIDEST]);
        c.iter().enumerate().for_each(|(i, &c)| norm.add(i, c));
        values[3] = norm.squared();
        let x = points.entries(0);
        let panel = &panel;
        let square = products(
            level,
            Products {
                x,
                panel,
                values: &mut values,
            },
        );
        [values[3], square, norm.squared()]
    }

    /// Sums of which every addition loses what was added: each lies above 2, and grows by nearly its last digit.
    #[test]
    fn l51_sparse_rows() {
        let v = f64::EPSILON / 2.0;
        let mut worst = [0.0f64; 2];
        let levels = [Isa::Portable, isa()];
        for (level, d) in levels
            .into_iter()
            .flat_map(|level| [1, 2, 9, 70, 300, 2000].map(|d| (level, d)))
        {
            let certificate = Certificate::of_entries(d, d);
            let level = Level::new(level);
            let mut rng = Rng(d as u64);
            for turn in 0..3 {
                let h = [(1.99 * v).sqrt(), 0.3, 1.0][turn];
                let mut start: Vec<f64> = (0..d).map(|i| if i == 0 { 1.0 } else { h }).collect();
                let half: Vec<f64> = start.iter().map(|c| -0.5 * c).collect();
                start.extend(half);
                if turn == 2 {
                    start = rng.units(2 * d);
                }
                let ratio = |both: &[f64]| {
                    let (c, x) = both.split_at(d);
                    let [value, square, norm] = value(level, x, c);
                    let exact = |x: &[f64]| x.iter().map(|&x| Exact::of(x).square()).sum::<Exact>();
                    let squares = exact(x) + exact(c);
                    let wanted = exact_squared(x, c) - exact(x);
                    let off = (Exact::of(value) - wanted).abs();
                    let of =
                        |p: f64| Exact::of(p) * squares.clone() + Exact::of(certificate.constant);
                    let error = certificate.per_square * (square + norm);
                    let least = square + value - (error + certificate.constant);
                    let under = Exact::of(least) - Exact::of(squared(x, c));
                    assert!(under <= Exact::whole(0), "a lower bound that is above D");
                    let most = square + value + (error + certificate.constant);
                    let over = Exact::of(most) - Exact::of(squared(x, c));
                    assert!(over >= Exact::whole(0), "an upper bound that is below D");
                    off.over(&of(certificate.per_square / 2.2))
                };
                worst[usize::from(turn > 0)] =
                    worst[usize::from(turn > 0)].max(climb(start, 4.0, 20_000 / (d + 100), ratio));
            }
        }
        report("L51, sums that lose", worst[0], 0.7);
        report("L51, others", worst[1], 0.0);
    }
}
