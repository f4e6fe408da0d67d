//! The masses of greedy k-means++: what is kept of all points, sums of it, and draws by it.

use super::dense::tally;
use super::sketch::{self, Sketch, StepMemory};
use crate::assign::precision::width;
use crate::call::{padded, Job, Shape};
use crate::exact::mass_unit::Unit;
use crate::runtime::workspace::{spoil, Cut};

/// The least k with ln k >= 1, 2, 3, ... A table, because workspace sizes depend on it: they are asked for outside the
/// standard floating-point environment, and must not differ by a logarithm's rounding.
const POWERS_OF_E: [usize; 21] = [
    3, 8, 21, 55, 149, 404, 1097, 2981, 8104, 22027, 59875, 162755, 442414, 1202605, 3269018,
    8886111, 24154953, 65659970, 178482301, 485165196, 1318815735,
];

/// `2 + floor(ln k)` for the largest k.
pub(super) const MOST_CANDIDATES: usize = 2 + POWERS_OF_E.len();

/// `2 + floor(ln k)`: candidates drawn for each center after the first.
pub(crate) fn candidates_per_step(k: usize) -> usize {
    2 + POWERS_OF_E.partition_point(|&power| power <= k)
}

/// What greedy k-means++ keeps of all points.
pub(super) struct Masses<'w> {
    /// Points in a stretch, a multiple of those in a block: so many that a list of some of them is worthwhile.
    pub(super) stretch: usize,
    /// Weight times D to the nearest center so far; padded with zeros to whole groups.
    pub(super) masses: &'w mut [f64],
    /// The masses of each stretch, in fine units, and the largest of them.
    pub(super) totals: &'w mut [i128],
    pub(super) tops: &'w mut [f64],
    /// The points that may become the next center.
    pub(super) candidates: &'w mut [f64],
    /// The same side by side, of sparse rows; and which of them may lower the mass of each point.
    pub(super) panel: &'w mut [f64],
    pub(super) may_lower: &'w mut [u32],
    pub(super) sketch: Sketch<'w>,
    pub(super) step: StepMemory<'w>,
    /// D between listed points and two of the candidates, where there is a sketch: those of a stretch from its first place on.
    pub(super) trials: [&'w mut [f64]; 2],
}

impl<'w> Masses<'w> {
    /// For a shape; with a sketch, if it is wanted and worthwhile.
    pub(super) fn cut(from: &mut impl Cut<'w>, shape: &Shape, sketched: bool) -> Self {
        let Shape { n, d, k, .. } = *shape;
        let count = candidates_per_step(k);
        let room = match sketched && sketch::worthwhile(shape) {
            true => n,
            false => 0,
        };
        let sparse = sketched && shape.form.is_csr();
        let stretch = shape.stretch();
        let stretches = shape.stretches();
        Masses {
            stretch,
            masses: from.take(padded(n)),
            totals: from.take(stretches),
            tops: from.take(stretches),
            candidates: from.take(count.saturating_mul(d)),
            panel: from.take(if sparse {
                width(count).saturating_mul(d)
            } else {
                0
            }),
            may_lower: from.take(if sparse { n } else { 0 }),
            sketch: Sketch::cut(from, shape, room),
            step: StepMemory::cut(from, shape, room, count),
            trials: [from.take(room), from.take(room)],
        }
    }
}

impl Masses<'_> {
    pub(super) fn forget(&mut self) {
        spoil(self.masses, f64::MAX);
        spoil(self.totals, i128::MAX);
        spoil(self.tops, f64::MAX);
        spoil(self.candidates, f64::MAX);
        spoil(self.panel, f64::MAX);
        spoil(self.may_lower, u32::MAX);
        self.sketch.forget();
        self.step.forget();
        for trial in &mut self.trials {
            spoil(trial, 0.0);
        }
    }
}

/// Masses that are lowered step by step, and what decides how.
pub(super) struct Greedy<'a, 'w> {
    pub(super) job: &'a Job<'a>,
    pub(super) state: &'a mut Masses<'w>,
    /// Which points the candidates of a step are.
    pub(super) chosen: [usize; MOST_CANDIDATES],
    /// What the totals count in.
    pub(super) unit: Unit,
    /// The largest weight.
    pub(super) heaviest: f64,
    /// Of the sketch, if there is one.
    pub(super) scale: Option<f64>,
    /// Pairs that the sketch may still read without saving anything, before it is given up.
    pub(super) credit: i128,
    /// Whether the last pass went backwards.
    pub(super) back: bool,
    /// About how many points a new center lowers.
    pub(super) expected: usize,
    /// Whether candidates have a second byte for each coordinate.
    pub(super) fine: bool,
}

impl Greedy<'_, '_> {
    /// The largest mass.
    pub(super) fn top(&self) -> f64 {
        largest(self.state.tops)
    }

    /// Sums the masses of each stretch.
    pub(super) fn tally(&mut self) {
        let (level, unit) = (self.job.level, self.unit);
        let stretches = self.state.masses.chunks(self.state.stretch);
        for (total, masses) in self.state.totals.iter_mut().zip(stretches) {
            *total = unit.join(tally(level, masses, unit.magic()));
        }
    }

    /// Brings the totals to the unit of the present masses, and returns their sum.
    pub(super) fn count(&mut self) -> u128 {
        let unit = Unit::of(self.top());
        if unit != self.unit {
            self.unit = unit;
            self.tally();
        }
        self.state.totals.iter().sum::<i128>() as u128
    }

    /// The first point whose prefix sum exceeds `target`, which is below the total.
    pub(super) fn find(&self, target: u128) -> usize {
        let (level, unit) = (self.job.level, self.unit);
        let mut left = target as i128;
        // Skips whole pieces while the target is beyond them.
        let mut beyond = |total: i128| {
            let beyond = left >= total;
            if beyond {
                left -= total;
            }
            beyond
        };
        let stretch = self.state.totals.iter().take_while(|&&t| beyond(t)).count();
        let first = stretch * self.state.stretch;
        let pieces = self.state.masses[first..].chunks(PIECE);
        let pieces = pieces.take_while(|m| beyond(unit.join(tally(level, m, unit.magic()))));
        let first = first + pieces.count() * PIECE;
        let masses = self.state.masses[first..].iter();
        first + masses.take_while(|&&m| beyond(unit.count(m))).count()
    }

    /// Makes point `p` the candidate `c` of the next step.
    pub(super) fn set_candidate(&mut self, c: usize, p: usize) {
        self.chosen[c] = p;
        let d = self.job.points.d();
        let candidate = &mut self.state.candidates[c * d..][..d];
        self.job.points.copy_point(p, candidate);
    }
}

/// Masses of a stretch that are summed together to find a point: whole groups of all kernels.
const PIECE: usize = 64;

/// The largest of some masses.
pub(super) fn largest(masses: &[f64]) -> f64 {
    let larger = |top: f64, mass: f64| if mass > top { mass } else { top };
    // Several at once, none of which waits for another.
    let mut tops = [0.0; 16];
    let several = masses.chunks_exact(tops.len());
    let rest = several
        .remainder()
        .iter()
        .fold(0.0, |top, &m| larger(top, m));
    for masses in several {
        for (top, &mass) in tops.iter_mut().zip(masses) {
            *top = larger(*top, mass);
        }
    }
    tops.into_iter().fold(rest, larger)
}

#[cfg(test)]
mod tests {
    use super::{candidates_per_step, POWERS_OF_E};

    #[test]
    fn candidates_grow_with_the_logarithm() {
        assert_eq!(candidates_per_step(1), 2);
        for power in POWERS_OF_E {
            for k in [power - 1, power] {
                assert_eq!(
                    candidates_per_step(k),
                    2 + (k as f64).ln().floor() as usize,
                    "{k}"
                );
            }
        }
    }
}
