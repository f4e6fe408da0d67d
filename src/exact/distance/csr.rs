//! D of sparse rows: what is not stored is +0.0, so that t is 0 - c, and t t is c c.

use core::ops::Range;

use super::fold::fold;
use crate::points::{Entries, Points, Unpacked, Which};
use crate::simd::{InstructionSet, Kernel, Lanes, Level};

/// D between a sparse row and a center.
pub(super) fn squared_csr(x: Entries<'_>, c: &[f64]) -> f64 {
    let (mut s, mut next) = ([0.0; 8], 0);
    let absent = |s: &mut [f64; 8], dims: Range<usize>| dims.for_each(|i| s[i % 8] += c[i] * c[i]);
    x.each(|i, x| {
        absent(&mut s, next..i);
        let t = x - c[i];
        s[i % 8] += t * t;
        next = i + 1;
    });
    absent(&mut s, next..c.len());
    fold(&s)
}

/// D between two sparse rows: where neither has a coordinate stored, +0.0 would be added to a partial sum, which is never -0.
pub(crate) fn squared_entries(x: Entries<'_>, c: Entries<'_>) -> f64 {
    let mut s = [0.0; 8];
    let (mut x, mut c) = (x.cursor(), c.cursor());
    loop {
        let i = x.dimension().min(c.dimension());
        if i == usize::MAX {
            return fold(&s);
        }
        let t = x.take(i) - c.take(i);
        s[i % 8] += t * t;
    }
}

/// Adds the squares of eight dimensions to the partial sums.
///
/// # Safety
/// The caller is compiled for `L`; eight doubles of the center are readable.
#[inline(always)]
unsafe fn add<L: Lanes>(s: &mut [L::F; 4], x: &[f64; 8], c: *const f64) {
    for (v, s) in s.iter_mut().enumerate().take(8 / L::WIDTH) {
        let at = v * L::WIDTH;
        // SAFETY: the contract.
        unsafe {
            let t = L::sub(L::load(x.as_ptr().add(at)), L::load(c.add(at)));
            *s = L::add(*s, L::mul(t, t));
        }
    }
}

/// The same for groups of eight dimensions in which nothing is stored.
///
/// # Safety
/// The caller is compiled for `L`.
#[inline(always)]
unsafe fn absent<L: Lanes>(s: &mut [L::F; 4], c: &[f64]) {
    for group in c.chunks_exact(8) {
        for (v, s) in s.iter_mut().enumerate().take(8 / L::WIDTH) {
            // SAFETY: a group is eight doubles.
            unsafe {
                let c = L::load(group.as_ptr().add(v * L::WIDTH));
                *s = L::add(*s, L::mul(c, c));
            }
        }
    }
}

/// D(x, c) of a sparse row, dimensions in lanes.
///
/// # Safety
/// The caller is compiled for `L`.
#[inline(always)]
pub(crate) unsafe fn pair_csr<L: Lanes>(mut x: Entries<'_>, c: &[f64]) -> f64 {
    let vectors = 8 / L::WIDTH;
    let (d, whole) = (c.len(), c.len() - c.len() % 8);
    // SAFETY: the contract; groups of eight dimensions are read below `whole`, and the rest from a copy that is padded with zeros.
    unsafe {
        let mut s = [L::splat(0.0); 4];
        // The group of the coordinates in `group`, and the first one that was not added.
        let (mut group, mut first) = ([0.0; 8], 0);
        let mut some = false;
        let mut unpacked = Unpacked::new();
        while x.unpack(&mut unpacked) {
            for (i, x) in unpacked.entries() {
                assert!(i < d);
                if i >= first + 8 {
                    if some {
                        add::<L>(&mut s, &group, c.as_ptr().add(first));
                        first += 8;
                    }
                    let next = i - i % 8;
                    absent::<L>(&mut s, &c[first..next]);
                    (group, first) = ([0.0; 8], next);
                }
                group[i - first] = x;
                some = true;
            }
        }
        if some && first < whole {
            add::<L>(&mut s, &group, c.as_ptr().add(first));
            (group, first) = ([0.0; 8], first + 8);
        }
        if first < whole {
            absent::<L>(&mut s, &c[first..whole]);
        }
        let mut rest = [0.0; 8];
        rest[..d - whole].copy_from_slice(&c[whole..]);
        add::<L>(&mut s, &group, rest.as_ptr());
        let mut partial = [0.0; 8];
        for (v, s) in s.iter().enumerate().take(vectors) {
            L::store(partial.as_mut_ptr().add(v * L::WIDTH), *s);
        }
        fold(&partial)
    }
}

/// D between each sparse row of a block and the center its label names.
pub(super) fn own_csr(
    points: &Points<'_>,
    level: Level,
    block: Range<usize>,
    labels: &[i32],
    centers: &[f64],
    distances: &mut [f64],
) {
    level.run(OwnCsr {
        points,
        block,
        labels,
        centers,
        distances,
    });
}

struct OwnCsr<'a> {
    points: &'a Points<'a>,
    block: Range<usize>,
    labels: &'a [i32],
    centers: &'a [f64],
    distances: &'a mut [f64],
}

impl Kernel for OwnCsr<'_> {
    type Out = ();

    #[inline(always)]
    unsafe fn run<I: InstructionSet>(self) {
        let d = self.points.d();
        let labelled = self.block.zip(self.labels);
        for ((p, &j), distance) in labelled.zip(self.distances) {
            let center = &self.centers[j as usize * d..][..d];
            // SAFETY: the caller is compiled for the lanes.
            *distance = unsafe { pair_csr::<I::Lanes>(self.points.entries(p), center) };
        }
    }
}

/// The nearest of some centers for each of some sparse rows, by D of all of them.
pub(crate) fn nearest_of_all(
    points: &Points<'_>,
    level: Level,
    which: &Which<'_>,
    centers: &[f64],
    labels: &mut [i32],
) {
    level.run(NearestCsr {
        points,
        which,
        centers,
        labels,
    });
}

struct NearestCsr<'a> {
    points: &'a Points<'a>,
    which: &'a Which<'a>,
    centers: &'a [f64],
    labels: &'a mut [i32],
}

impl Kernel for NearestCsr<'_> {
    type Out = ();

    #[inline(always)]
    unsafe fn run<I: InstructionSet>(self) {
        for (lane, label) in self.labels.iter_mut().enumerate() {
            let x = self.points.entries(self.which.point(lane));
            let mut least = f64::INFINITY;
            *label = 0;
            for (j, center) in (0..).zip(self.centers.chunks_exact(self.points.d())) {
                // SAFETY: the caller is compiled for the lanes.
                let distance = unsafe { pair_csr::<I::Lanes>(x, center) };
                if distance < least {
                    (*label, least) = (j, distance);
                }
            }
        }
    }
}
