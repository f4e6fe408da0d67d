//! A step of greedy k-means++ over sparse rows.
//!
//! Candidates are points, so D between one of them and a point takes what the two store, in one pass over both. Most are not
//! evaluated: the products of a point with all candidates bound D from both sides (L51). Where the weight times the lower bound
//! is no less than the mass, so is the weight times D, however both are rounded, and the candidate leaves the mass as it is. And
//! the units of masses that both bounds would leave add up to bounds for what a candidate leaves, which mostly decide which
//! leaves least. So D is evaluated for the points that the best one may lower.

use core::ops::Range;

use super::masses::MOST_CANDIDATES;
use crate::assign::precision::{products, width, Certificate, Products};
use crate::call::Job;
use crate::exact::distance::squared_entries;

/// The candidates of a step: the points that they are, and their coordinates times -2, side by side.
pub(super) struct Candidates<'a> {
    job: &'a Job<'a>,
    chosen: &'a [usize],
    panel: &'a [f64],
    squares: [f64; WIDEST],
    certificate: Certificate,
}

/// Candidates, rounded up to whole vectors.
const WIDEST: usize = MOST_CANDIDATES.next_multiple_of(8);

/// A bit for each candidate that may lower the mass of a point.
pub(super) type Open = u32;

const _: () = assert!(MOST_CANDIDATES <= Open::BITS as usize);

/// Writes the candidates to a panel, which is zero elsewhere; or takes them off again.
pub(super) fn write(job: &Job<'_>, chosen: &[usize], panel: &mut [f64], on: bool) {
    let width = width(chosen.len());
    for (c, &p) in chosen.iter().enumerate() {
        job.points.entries(p).each(|i, x| {
            panel[i * width + c] = if on { -2.0 * x } else { 0.0 };
        });
    }
}

/// A mass in the units that a `magic` number stands for.
fn units(mass: f64, magic: f64) -> i64 {
    let units = (mass + magic).to_bits().wrapping_sub(magic.to_bits());
    units as i64
}

/// The less of two numbers; the second, if the first is not one.
fn less(a: f64, b: f64) -> f64 {
    if a < b {
        a
    } else {
        b
    }
}

impl<'a> Candidates<'a> {
    /// With the panel that they were written to.
    pub(super) fn new(job: &'a Job<'a>, chosen: &'a [usize], all: &'a [f64]) -> Self {
        let mut squares = [0.0; WIDEST];
        for (square, &p) in squares.iter_mut().zip(chosen) {
            job.points.entries(p).each(|_, x| *square += x * x);
        }
        Candidates {
            job,
            chosen,
            panel: &all[..width(chosen.len()) * job.points.d()],
            squares,
            certificate: Certificate::of_entries(job.points.longest(), job.points.d()),
        }
    }

    /// For each point of a block notes which candidates may lower its mass, and for each candidate adds to two sums the least and
    /// the most that the masses would be with it, each rounded to the unit that `magic` stands for, which is monotonic.
    pub(super) fn bound(
        &self,
        block: Range<usize>,
        masses: &[f64],
        open: &mut [Open],
        magic: f64,
        sums: [&mut [i64]; 2],
    ) {
        let Job { points, level, .. } = self.job;
        let [low, high] = sums;
        let count = self.chosen.len();
        for ((p, &mass), open) in block.zip(masses).zip(open) {
            let weight = self.job.weight(p);
            let mut values = self.squares;
            let of_panel = Products {
                x: points.entries(p),
                panel: self.panel,
                values: &mut values[..width(count)],
            };
            let square = products(*level, of_panel);
            *open = 0;
            let unchanged = units(mass, magic);
            for c in 0..count {
                let error = self.certificate.per_square * (square + self.squares[c])
                    + self.certificate.constant;
                let near = square + values[c];
                // What overflowed is not a number, which is not more either.
                if weight * (near - error) >= mass {
                    low[c] = low[c].wrapping_add(unchanged);
                    high[c] = high[c].wrapping_add(unchanged);
                    continue;
                }
                *open |= 1 << c;
                let least = less(weight * (near - error).max(0.0), mass);
                let most = less(weight * (near + error), mass);
                low[c] = low[c].wrapping_add(units(least, magic));
                high[c] = high[c].wrapping_add(units(most, magic));
            }
        }
    }
}

/// The mass of point `p`, which is `mass`, as a center at point `center` would leave it.
fn lowered(job: &Job<'_>, p: usize, mass: f64, center: usize) -> f64 {
    let distance = squared_entries(job.points.entries(p), job.points.entries(center));
    less(job.weight(p) * distance, mass)
}

/// Lowers the masses of those points of a block that candidate `c`, the point `center`, may lower; returns the largest of all.
pub(super) fn approach(
    job: &Job<'_>,
    block: Range<usize>,
    (c, center): (usize, usize),
    open: &[Open],
    masses: &mut [f64],
) -> f64 {
    let mut top = 0.0f64;
    for ((p, mass), &open) in block.zip(masses).zip(open) {
        if open >> c & 1 == 1 {
            *mass = lowered(job, p, *mass, center);
        }
        top = top.max(*mass);
    }
    top
}

/// For each candidate adds to its sum the masses of a block as they would be with it, each rounded to the unit that `magic`
/// stands for.
pub(super) fn potentials(
    job: &Job<'_>,
    block: Range<usize>,
    chosen: &[usize],
    open: &[Open],
    masses: &[f64],
    magic: f64,
    sums: &mut [i64],
) {
    for ((p, &mass), &open) in block.zip(masses).zip(open) {
        for (c, (sum, &center)) in sums.iter_mut().zip(chosen).enumerate() {
            let mass = match open >> c & 1 {
                1 => lowered(job, p, mass, center),
                _ => mass,
            };
            *sum = sum.wrapping_add(units(mass, magic));
        }
    }
}
