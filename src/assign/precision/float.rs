//! Binary32 and binary64: Ŝ_j ≈ |ĉ_j|² - 2 x̂·ĉ_j, a little less (L1 to L3, L16 to L18).

#[cfg(test)]
mod lemmas;

use core::marker::PhantomData;
use core::ops::Range;

use super::{BlockRows, CodedCenters, PassCenters, Precision};
use crate::assign::margin::{Units, FAR, NEAR};
use crate::assign::panel::{lay_out, Panels};
use crate::assign::screen::{self, ScreenResult, Test, Tile};
use crate::call::Shape;
use crate::exact::distance::{fold, DistanceError};
use crate::points::{transpose, Points, Sink, Which};
use crate::quantize::Grid;
use crate::simd::level::Vectors;
use crate::simd::products::{Screen, Working};
use crate::simd::{Lanes, Vectorized};

/// A floating-point precision. Labels are compared in it, too, so there are fewer centers than whole numbers that it represents.
pub(super) struct Float<E>(PhantomData<E>);
pub(super) type Single = Float<f32>;
pub(super) type Double = Float<f64>;

impl<E: Working + Vectorized> Precision for Float<E> {
    type Element = E;
    type Ready<'a> = screen::ScreenInput<'a, E, FloatTest<'a, E>>;

    // A vector holds the fewer numbers the larger they are.
    const COST: f64 = size_of::<E>() as f64 / size_of::<f32>() as f64;

    fn suits(shape: &Shape) -> bool {
        let few = (shape.k as f64) < 1.0 / E::ROUNDOFF;
        few && Certificate::holds::<E>(shape.d) && !shape.form.is_csr()
    }

    fn prepare<'a>(
        pass: &PassCenters<'a>,
        room: &'a mut CodedCenters<'_, E>,
    ) -> Option<Self::Ready<'a>> {
        let PassCenters {
            job,
            centers,
            origin,
            units,
            ..
        } = *pass;
        let grid = Grid::of::<E>(centers, origin, units.scale);
        let certificate = Certificate::new::<E>(origin.len(), units.scale, grid.is_some());
        let scaling = Scaling {
            origin,
            scale: units.scale,
        };
        let vectors = job.level.vectors::<E>()?;
        let CodedCenters { data, norms } = room.of_pass(pass);
        let most = pack_centers(centers, &scaling, &certificate, vectors, data, norms);
        pass.repeats.exclude(norms, E::INFINITY);
        Some(screen::ScreenInput {
            points: job.points,
            centers,
            panels: Panels { data, norms },
            repeats: pass.repeats,
            test: FloatTest {
                origin,
                certificate,
                most,
                starts: norms,
                grid,
                units,
            },
        })
    }

    fn test<'a>(
        ready: &Self::Ready<'a>,
        pass: &PassCenters<'a>,
        which: &Which<'_>,
        _: &mut BlockRows<'_, '_>,
        scratch: &mut screen::ScreenScratch<'_, E>,
    ) -> ScreenResult {
        screen::screen(pass.job.level, ready, which, scratch)
    }
}

/// The error bounds of a precision in one pass: the error bound of a point with label b is `per_square * (|x̂|² + |ĉ_b|²) + constant` (L16).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Certificate {
    pub(crate) per_square: f64,
    pub(crate) constant: f64,
    /// What values start from, as a part of |ĉ|².
    pub(crate) start: f64,
}

/// Terms of higher order of up to 0.05 / u roundings (L3).
const HIGHER: f64 = 1.06;

/// |c|² + 2 |x||c| is at most so many times |x|² + |c|²: the golden ratio (L3).
const GOLDEN: f64 = 1.618_04;

/// Roundings of sparse rows besides one for each stored coordinate: that of a product, and room for those of bounds that are made of
/// values (L51).
const SPARE: usize = 8;

/// What squares and an error bound may be off by when they make it (L3).
const MARGIN: f64 = 1.1;

impl Certificate {
    /// For vectors of d dimensions scaled by `scale`; with values that start from |ĉ|² itself, if they are to be `exact` where
    /// nothing is rounded (L18).
    pub(crate) fn new<E: Working>(d: usize, scale: f64, exact: bool) -> Self {
        Self::of_sums::<E>(product_roundings::<E>(d), d, scale, exact)
    }

    /// The same for products that go through `t` roundings.
    fn of_sums<E: Working>(t: usize, d: usize, scale: f64, exact: bool) -> Self {
        let definition = DistanceError::new(d);
        let relative = HIGHER * GOLDEN * Self::roundings::<E>(t, d) + 2.0 * definition.relative;
        let per_square = 2.0 * MARGIN * relative;
        let underflow = (3.0 * d as f64 + 4.0) * E::TINIEST + scale * (scale * definition.absolute);
        Certificate {
            per_square,
            constant: 2.0 * MARGIN * underflow,
            start: if exact { 1.0 } else { 1.0 - 0.5 * per_square },
        }
    }

    /// For sparse rows of at most so many stored coordinates, in binary64, neither shifted nor scaled (L51).
    pub(crate) fn of_entries(longest: usize, d: usize) -> Self {
        Self::of_sums::<f64>(longest + SPARE, d, 1.0, false)
    }

    /// What the values of a center start from. Of a far one (L17) that is all there is: no point that is proven anything is so far
    /// from the origin that |C|² - 2 X·C could be less.
    pub(crate) fn start<E: Working>(&self, square: f64) -> E {
        match square < E::FAR {
            true => E::of(square * self.start),
            false => E::of((0.5 * square).min(E::FAR)),
        }
    }

    /// |x̂|² from which on nothing is proven.
    pub(crate) const fn far<E: Working>() -> f64 {
        E::FAR / 64.0
    }

    /// What the label's center adds to the error bound, given what its values start from: infinity, if it is far.
    #[inline(always)]
    pub(crate) fn of_start<E: Working>(&self, start: E) -> E {
        match start < E::of(0.5 * E::FAR) {
            true => start * E::of(self.per_square / self.start),
            false => E::INFINITY,
        }
    }

    /// What a value rounds by, as a part of |c|² + 2 |x||c|: t + 2 roundings of products that were rounded before, and one of a
    /// limit; the norm, and three of what is shifted.
    fn roundings<E: Working>(t: usize, d: usize) -> f64 {
        let norm = norm_roundings(d);
        (t as f64 + 3.0) * E::ROUNDOFF + (norm as f64 + 3.0) * f64::ROUNDOFF
    }

    /// Whether the lemmas hold for so many dimensions: whether these roundings are 0.05 at most (L3), and those of D are less than
    /// margins allow for (L6).
    pub(crate) const fn holds<E: Working>(d: usize) -> bool {
        const MOST: u128 = (1 << 53) / 20;
        let t = product_roundings::<E>(d);
        let units = (E::ROUNDOFF / f64::ROUNDOFF) as u128;
        let roundings = (t as u128 + 3) * units + norm_roundings(d) as u128 + 3;
        roundings <= MOST && d as u128 <= 1 << 33
    }
}

/// |ĉ|², summed like D over chunks of [`Norm::CHUNK`] dimensions (L2), so that few roundings add up.
pub(super) struct Norm {
    /// The sum of the chunks before this one, and the partial sums of this one.
    before: f64,
    sums: [f64; 8],
}

impl Norm {
    const CHUNK: usize = 128;

    pub(super) fn new() -> Self {
        Norm {
            before: 0.0,
            sums: [0.0; 8],
        }
    }

    /// Coordinate `i`, which counts up.
    pub(super) fn add(&mut self, i: usize, x: f64) {
        if i.is_multiple_of(Self::CHUNK) {
            *self = Norm {
                before: self.squared(),
                sums: [0.0; 8],
            };
        }
        self.sums[i % 8] += x * x;
    }

    pub(super) fn squared(&self) -> f64 {
        self.before + fold(&self.sums)
    }
}

/// How many roundings a product of d dimensions goes through: one for each dimension of a chunk, and one for each chunk (L3).
const fn product_roundings<E: Working>(d: usize) -> usize {
    let chunk = if d < E::CHUNK { d } else { E::CHUNK };
    chunk + d.div_ceil(E::CHUNK)
}

/// How many roundings a square goes through in a norm of d dimensions, its own included (L2).
pub(crate) const fn norm_roundings(d: usize) -> usize {
    let chunk = if d < Norm::CHUNK { d } else { Norm::CHUNK };
    1 + chunk.div_ceil(8) + 3 + d.div_ceil(Norm::CHUNK)
}

/// How vectors are shifted and scaled: scale (x - origin), the scale a power of two.
#[derive(Clone, Copy)]
pub(crate) struct Scaling<'a> {
    pub(crate) origin: &'a [f64],
    pub(crate) scale: f64,
}

/// Packs centers; returns the largest |ĉ|², or infinity, if one is far. `vectors` are those of the kernel that will read the
/// panels.
pub(crate) fn pack_centers<E: Working>(
    centers: &[f64],
    scaling: &Scaling<'_>,
    certificate: &Certificate,
    vectors: Vectors,
    data: &mut [E],
    norms: &mut [E],
) -> f64 {
    let Scaling { origin, scale } = *scaling;
    let d = origin.len();
    let mut largest = 0.0f64;
    let k = centers.len() / d;
    lay_out(k, d, vectors, data, |j, panel, width, c| {
        let center = &centers[j * d..][..d];
        let mut norm = Norm::new();
        let places = panel[c..].iter_mut().step_by(width);
        for (i, ((place, &x), &m)) in places.zip(center).zip(origin).enumerate() {
            let stored = E::of((x - m) * scale).to_f64();
            norm.add(i, stored);
            // Doubling is exact: what is near is not near overflow.
            *place = E::of(-2.0 * stored);
        }
        let norm = norm.squared();
        norms[j] = certificate.start(norm);
        // Not near if NaN, too.
        if norm < E::FAR {
            // Rounded up for the radius.
            largest = largest.max(norm * (1.0 + (d as f64 + 2.0) * f64::EPSILON));
        } else {
            largest = f64::INFINITY;
            let places = panel[c..].iter_mut().step_by(width);
            places.for_each(|place| *place = E::default());
        }
    });
    largest
}

/// A test in floating point: how points are shifted and scaled, and what makes an error bound of |x̂|² and |ĉ|² (L3, L16).
#[derive(Clone, Copy)]
pub(crate) struct FloatTest<'a, E> {
    pub(crate) origin: &'a [f64],
    pub(crate) certificate: Certificate,
    /// The largest |ĉ|² of any center; infinity if one is far.
    pub(crate) most: f64,
    /// What the values of each center start from.
    pub(crate) starts: &'a [E],
    /// What centers, and maybe points, are multiples of.
    pub(crate) grid: Option<Grid>,
    /// The scale, too.
    pub(crate) units: Units,
}

impl<E: Working> Test<E> for FloatTest<'_, E> {
    fn check(&self, points: &Points<'_>, _: &Which<'_>) {
        assert!(self.origin.len() == points.d());
    }

    #[inline(always)]
    unsafe fn pack<L: Lanes>(
        &self,
        points: &Points<'_>,
        which: &Which<'_>,
        chunk: Range<usize>,
        tile: Tile<'_, E>,
    ) {
        let width = tile.width;
        let elements = tile.elements.as_mut_ptr();
        // SAFETY: the contract above.
        unsafe {
            let mut shifted = Shifted::<L, E> {
                test: self,
                chunk: chunk.clone(),
                last: chunk.end == points.d(),
                width,
                elements,
                error_bounds: tile.error_bounds.as_mut_ptr(),
                group: elements,
                squares: L::splat(0.0),
            };
            let lanes = which.len().next_multiple_of(width);
            transpose::<L>(points, which, chunk, lanes, &mut shifted);
        }
    }

    #[inline(always)]
    unsafe fn at_most<S: Screen<E = E>>(&self, left: S::V) -> Option<S::V> {
        let Certificate {
            per_square,
            constant,
            start,
        } = self.certificate;
        let of_centers = constant + per_square / start * self.most;
        // SAFETY: the contract above.
        unsafe {
            let per_square = S::splat(E::of(per_square));
            Some(S::mul_add(left, per_square, S::splat(E::of(of_centers))))
        }
    }

    #[inline(always)]
    fn complete(&self, labels: &[i32], _: &[f64], error_bounds: &mut [E]) {
        let Certificate {
            per_square,
            constant,
            ..
        } = self.certificate;
        let (per_square, constant) = (E::of(per_square), E::of(constant));
        for (error_bound, &label) in error_bounds.iter_mut().zip(labels) {
            // Where values start from |ĉ|² itself, the error bound takes the largest of all centers (L18).
            let of_center = match self.grid {
                Some(_) => E::of(self.certificate.per_square * self.most),
                None => self.certificate.of_start(self.starts[label as usize]),
            };
            *error_bound = *error_bound * per_square + (of_center + constant);
        }
    }

    #[inline(always)]
    fn is_exact(&self, points: &Points<'_>, p: usize) -> bool {
        self.grid
            .is_some_and(|grid| grid.has(points, p, self.origin))
    }

    #[inline(always)]
    fn margin(&self, least: E, second: E, error_bound: E, left: E, _: f64) -> f32 {
        let near = (left + least + error_bound).sqrt();
        let far = (left + second - error_bound).sqrt();
        (far * E::of(FAR) - near * E::of(NEAR)).down() - self.units.slack as f32
    }
}

/// Points shifted, scaled and rounded.
struct Shifted<'a, L: Lanes, E> {
    test: &'a FloatTest<'a, E>,
    chunk: Range<usize>,
    last: bool,
    width: usize,
    elements: *mut E,
    /// Between chunks, |x̂|² so far.
    error_bounds: *mut E,
    /// Of the current vector of points, in this chunk.
    group: *mut E,
    squares: L::F,
}

impl<L: Lanes, E: Working> Sink<L> for Shifted<'_, L, E> {
    #[inline(always)]
    unsafe fn begin(&mut self, lane: usize) {
        // SAFETY: the group of this lane starts at (lane rounded down to whole groups) * the chunk's length, inside the
        // tile; the vector is one of those that make up each dimension of the group.
        unsafe {
            let part = lane % self.width;
            self.group = self.elements.add((lane - part) * self.chunk.len() + part);
            self.squares = L::splat(0.0);
        }
    }
    #[inline(always)]
    unsafe fn take(&mut self, i: usize, x: L::F) {
        // SAFETY: i is below d, which the origin has; dimension i of the chunk is inside the group.
        unsafe {
            let shifted = L::sub(x, L::splat(*self.test.origin.get_unchecked(i)));
            let scaled = L::mul(shifted, L::splat(self.test.units.scale));
            self.squares = L::add(self.squares, L::mul(scaled, scaled));
            let at = (i - self.chunk.start) * self.width;
            E::store::<L>(self.group.add(at), scaled);
        }
    }
    #[inline(always)]
    unsafe fn end(&mut self) {
        // SAFETY: there is an error bound for every lane; lanes come in order.
        unsafe {
            // Chunks are summed by themselves first, so that few roundings add up.
            let squares = match self.chunk.start {
                0 => self.squares,
                _ => L::add(self.squares, E::load::<L>(self.error_bounds)),
            };
            let left = match self.last {
                true => {
                    // A point that is too far, or not a number, gets an infinite |x̂|², so that nothing is proven of it.
                    let near = L::less(squares, L::splat(Certificate::far::<E>()));
                    L::select(near, squares, L::splat(f64::INFINITY))
                }
                false => squares,
            };
            E::store::<L>(self.error_bounds, left);
            self.error_bounds = self.error_bounds.add(L::WIDTH);
        }
    }
}

#[cfg(test)]
mod tests;
