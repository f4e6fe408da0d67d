//! A step of greedy k-means++ over sparse rows.
//!
//! Candidates are points, so D between one of them and a point takes what the two store, in one pass over both. And it is evaluated only
//! where it may lower the mass: by the products of the point with all candidates, D is at least |x|² + |c|² - 2 x·c less its error (L51), and
//! where the weight times that is no less than the mass, so is the weight times D, however both are rounded.

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

/// Writes the candidates to a panel, which is zero elsewhere; or takes them off again.
pub(super) fn write(job: &Job<'_>, chosen: &[usize], panel: &mut [f64], on: bool) {
    let width = width(chosen.len());
    for (c, &p) in chosen.iter().enumerate() {
        job.points.entries(p).each(|i, x| {
            panel[i * width + c] = if on { -2.0 * x } else { 0.0 };
        });
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

    /// Calls `take` with each of some candidates and the mass of point `p`, which is `mass`, as that candidate would leave it.
    fn each(&self, p: usize, mass: f64, some: Range<usize>, mut take: impl FnMut(usize, f64)) {
        let Job { points, level, .. } = self.job;
        let (x, weight) = (points.entries(p), self.job.weight(p));
        let mut values = self.squares;
        let square = products(
            *level,
            Products {
                x,
                panel: self.panel,
                values: &mut values[..width(self.chosen.len())],
            },
        );
        for c in some {
            let error = self.certificate.per_square * (square + self.squares[c]);
            let least = square + values[c] - (error + self.certificate.constant);
            // Anything that overflowed is not a number, which is not more either.
            if weight * least >= mass {
                take(c, mass);
                continue;
            }
            let lowered = weight * squared_entries(x, points.entries(self.chosen[c]));
            take(c, if lowered < mass { lowered } else { mass });
        }
    }

    /// Lowers each mass of a block to the weight times D to candidate `c`; returns the largest.
    pub(super) fn approach(&self, block: Range<usize>, c: usize, masses: &mut [f64]) -> f64 {
        let mut top = 0.0f64;
        for (p, mass) in block.zip(masses) {
            self.each(p, *mass, c..c + 1, |_, lowered| *mass = lowered);
            top = top.max(*mass);
        }
        top
    }

    /// For each candidate adds to its sum the masses of a block as they would be with it, each rounded to the unit that `magic` stands for.
    pub(super) fn potentials(
        &self,
        block: Range<usize>,
        masses: &[f64],
        magic: f64,
        sums: &mut [i64],
    ) {
        for (p, &mass) in block.zip(masses) {
            self.each(p, mass, 0..self.chosen.len(), |c, lowered| {
                let units = (lowered + magic).to_bits().wrapping_sub(magic.to_bits());
                sums[c] = sums[c].wrapping_add(units as i64);
            });
        }
    }
}
